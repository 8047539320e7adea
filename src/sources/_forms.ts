/**
 * Formats that have grown at their end: a line has as many fields as one of their documented forms. A line that was cut
 * between two fields has not, or has fewer than the lines before it.
 */
import type { RowOut } from './source.ts';

/** The forms of one format, and what the lines of one file have shown of them. */
export class Forms {
  readonly #counts: readonly number[];
  readonly #newest: number;
  /** Most fields that a line of the file had, as far as they are known. */
  #most = 0;

  /** @param counts fields of each documented form, the oldest first. */
  constructor(counts: readonly number[]) {
    this.#counts = counts;
    this.#newest = counts.at(-1) ?? 0;
  }

  /** True for a line that leaves nothing to say: of a known form, and no older one than those before it. */
  usual(count: number): boolean {
    return count >= this.#most && this.#counts.includes(count);
  }

  /** False after it rejected a line that has the fields of no form; more than the newest has are those of a later one. */
  allow(count: number, out: RowOut): boolean {
    if (count > this.#newest || this.#counts.includes(count)) return true;
    const forms = this.#counts.join(', ');
    out.reject(
      'bad_fields',
      `${String(count)} fields, where the forms of the format have ${forms} or more`,
    );
    return false;
  }

  /** Remembers a line that became a row, and notes what is odd about the count of its fields. */
  seen(count: number, out: RowOut): void {
    if (count > this.#newest) {
      const more = String(count - this.#newest);
      out.anomaly('extra_fields', `${more} more fields than are known`);
    }
    if (count < this.#most) {
      const detail = `${String(count)} fields, where a line before it has ${String(this.#most)}`;
      out.anomaly('fewer_fields', detail);
    }
    this.#most = Math.max(this.#most, Math.min(count, this.#newest));
  }
}
