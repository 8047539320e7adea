/** Everything that happened, before it is cut into log files. */
import type { AccessLine } from './s3.ts';
import type { TrailEvent } from './trail.ts';

/** One flow: 5-tuple, counters and time span of a capture window. Times are seconds since 1970 UTC. */
export interface Flow {
  readonly start: number;
  readonly end: number;
  readonly eni: string;
  readonly instance: string;
  readonly region: string;
  readonly source: string;
  readonly target: string;
  readonly sourcePort: number;
  readonly targetPort: number;
  readonly packets: number;
  readonly bytes: number;
  readonly action: 'ACCEPT' | 'REJECT';
  readonly flags: number;
  readonly direction: 'ingress' | 'egress';
}

/** Collects what the generators make. */
export class World {
  readonly events: TrailEvent[] = [];
  readonly lines: AccessLine[] = [];
  readonly flows: Flow[] = [];

  event(...events: readonly TrailEvent[]): void {
    this.events.push(...events);
  }

  s3(request: { readonly line: AccessLine; readonly event: TrailEvent | undefined }): void {
    this.lines.push(request.line);
    if (request.event !== undefined) this.events.push(request.event);
  }

  flow(...flows: readonly Flow[]): void {
    this.flows.push(...flows);
  }
}
