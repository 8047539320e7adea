/** Progress on stderr: one redrawn line with rate and time left on a terminal, one line a phase anywhere else. */
import type { Effects } from '../core/effects.ts';

/** How far a phase is. */
export interface Amount {
  readonly files?: number;
  readonly bytes?: number;
}

/** Redrawing more often than this only costs time. */
const REDRAW_MS = 100;

/** Shows one phase after another; silent with `--quiet`. */
export class Progress {
  readonly #fx: Effects;
  readonly #quiet: boolean;
  #label = '';
  #since = 0;
  #from = 0;
  #drawn = 0;

  constructor(fx: Effects, quiet: boolean) {
    this.#fx = fx;
    this.#quiet = quiet;
  }

  /** Where the phase `label` is now; cheap enough to call for every file and chunk. */
  step(label: string, done: Amount, total?: Amount): void {
    if (this.#quiet || !this.#fx.err.isTTY) return;
    const now = this.#fx.now();
    if (label !== this.#label) {
      this.#label = label;
      this.#since = now;
      this.#from = done.bytes ?? 0;
    }
    if (now - this.#drawn < REDRAW_MS) return;
    this.#drawn = now;
    const bytes = (done.bytes ?? 0) - this.#from;
    const seconds = (now - this.#since) / 1000;
    const parts = [amount(done, total)];
    if (bytes > 0 && seconds >= 1) {
      parts.push(`${size(bytes / seconds)}/s`);
      const left = ((total?.bytes ?? 0) - (done.bytes ?? 0)) / (bytes / seconds);
      if (left > 0) parts.push(`${duration(left)} left`);
    }
    this.#fx.err.write(`\r\u001b[2K${label}: ${parts.join(', ')}`);
  }

  /** Ends the phase with a sentence. */
  done(sentence: string): void {
    if (this.#quiet) return;
    const clear = this.#drawn > 0 ? '\r\u001b[2K' : '';
    this.#drawn = 0;
    this.#label = '';
    this.#fx.err.write(`${clear}${sentence}\n`);
  }
}

function amount(done: Amount, total: Amount | undefined): string {
  const parts: string[] = [];
  if (done.files !== undefined) {
    const of = total?.files === undefined ? '' : `/${String(total.files)}`;
    parts.push(`${String(done.files)}${of} files`);
  }
  if (done.bytes !== undefined) {
    parts.push(
      `${size(done.bytes)}${total?.bytes === undefined ? '' : ` of ${size(total.bytes)}`}`,
    );
  }
  return parts.join(', ');
}

/** Bytes for people: `1.5 MB`. */
export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? String(Math.round(value)) : value.toFixed(1)} ${units[unit] ?? ''}`;
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${String(whole)} s`;
  if (whole < 3600) return `${String(Math.floor(whole / 60))} min ${String(whole % 60)} s`;
  return `${String(Math.floor(whole / 3600))} h ${String(Math.floor((whole % 3600) / 60))} min`;
}
