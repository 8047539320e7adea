/**
 * What the journal of a collection from AWS adds up to. The plan is not held: of a million objects there is a bit each, and
 * their lines are read again when they are fetched.
 */
import type { FailEvent, JournalEvent, StoredEvent } from '../collect/journal.ts';
import type { Opening } from '../collect/open.ts';
import { canonicalJson } from '../core/canonical.ts';
import { Bits } from './bits.ts';
import type { Parameters } from './calls.ts';
import { AGAIN } from './failure.ts';

type Receiving = Extract<JournalEvent, { readonly state: 'receiving' }>;

/** Names one request of an API, whoever answers it and when. */
export function requestKey(about: {
  readonly account: string;
  readonly region: string;
  readonly service: string;
  readonly operation: string;
  readonly parameters: Parameters;
}): string {
  const { account, region, service, operation, parameters } = about;
  return `${account}/${region}/${service}:${operation} ${canonicalJson(parameters)}`;
}

/** Grows with each event. */
export class AwsState implements Opening {
  begun = false;
  finished = false;
  /** Objects planned, and what of them has an end state that stays. */
  readonly planned: { files: number; bytes: number } = { files: 0, bytes: 0 };
  readonly done: { files: number; bytes: number } = { files: 0, bytes: 0 };
  readonly ended: Bits = new Bits();
  /** Prefixes that were listed to their end. */
  readonly listed = new Set<string>();
  /** The object that was planned last. */
  lastPlanned:
    { readonly bucket: string; readonly key: string; readonly version?: string } | undefined;
  readonly receiving = new Map<number, Receiving>();
  readonly answers = new Map<string, StoredEvent>();
  /** Requests of an API and prefixes that came to nothing, by path; another run asks those of AGAIN again. */
  readonly failures = new Map<string, FailEvent>();
  /** Objects that could not be fetched and may be another time. */
  again = 0;
  #stored: StoredEvent[] | undefined = [];
  readonly #again = new Bits();

  readonly add = (event: JournalEvent): void => {
    this.begun = true;
    switch (event.state) {
      case 'planned':
        this.finished = false;
        if (event.n === undefined || event.s3 === undefined) break;
        this.planned.files += 1;
        this.planned.bytes += event.size;
        this.lastPlanned = {
          bucket: event.s3.bucket,
          key: event.s3.key,
          ...(event.s3.version_id === undefined ? {} : { version: event.s3.version_id }),
        };
        break;
      case 'receiving':
        this.receiving.set(event.n, event);
        break;
      case 'stored':
        this.#stored?.push(event);
        if (event.n !== undefined) this.#end(event.n, event.size);
        if (event.api !== undefined) {
          this.answers.set(requestKey(event.api), event);
          this.failures.delete(event.path);
        }
        break;
      case 'failed':
      case 'gone':
      case 'skipped':
        if (event.n === undefined) this.failures.set(event.path, event);
        else if (!AGAIN.has(event.reason)) this.#end(event.n, 0);
        else if (!this.#again.has(event.n)) {
          this.#again.add(event.n);
          this.again += 1;
        }
        break;
      case 'lost':
        this.finished = false;
        if (event.n !== undefined) this.ended.remove(event.n);
        for (const [key, answer] of this.answers) {
          if (answer.sha256 === event.sha256) this.answers.delete(key);
        }
        break;
      case 'listed':
        this.listed.add(event.place);
        break;
      case 'finished':
        this.finished = true;
        break;
      case 'started':
      case 'resumed':
      case 'plan_complete':
      case 'request':
      case 'clock':
        break;
    }
  };

  readonly stored = (): readonly StoredEvent[] => this.#stored ?? [];

  /** The copies were checked; from here on the list of them would only grow. */
  forgetStored(): void {
    this.#stored = undefined;
  }

  /** True if another run could get what this one did not. */
  get incomplete(): boolean {
    return this.again > 0 || [...this.failures.values()].some(({ reason }) => AGAIN.has(reason));
  }

  #end(n: number, bytes: number): void {
    this.receiving.delete(n);
    if (this.#again.has(n)) {
      this.#again.remove(n);
      this.again -= 1;
    }
    if (this.ended.has(n)) return;
    this.ended.add(n);
    this.done.files += 1;
    this.done.bytes += bytes;
  }
}
