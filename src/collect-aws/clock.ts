/**
 * Bounds for how far AWS's clock is ahead of ours. `Date` has whole seconds: an answer sent at D + x (0 ≤ x < 1 s) of AWS's
 * clock was made between the moments of ours at which the request left and the answer came. Each answer gives an interval;
 * the true difference lies in all of them, so many answers bound it to much less than a second.
 */
export class ClockBounds {
  #atLeast = -Infinity;
  #atMost = Infinity;
  #answers = 0;

  /** @param date of the answer, `sent` and `came` by our clock; all milliseconds since 1970. */
  add(date: number, sent: number, came: number): void {
    if (!Number.isFinite(date)) return;
    this.#answers += 1;
    const least = date - came;
    const most = date + 1000 - sent;
    // One clock was set in between: what was known of it holds no more.
    if (least > this.#atMost || most < this.#atLeast) {
      this.#atLeast = least;
      this.#atMost = most;
      return;
    }
    this.#atLeast = Math.max(this.#atLeast, least);
    this.#atMost = Math.min(this.#atMost, most);
  }

  /** Undefined while no answer told its time. */
  get bounds():
    | { readonly atLeastMs: number; readonly atMostMs: number; readonly answers: number }
    | undefined {
    if (this.#answers === 0) return undefined;
    return {
      atLeastMs: Math.floor(this.#atLeast),
      atMostMs: Math.ceil(this.#atMost),
      answers: this.#answers,
    };
  }
}
