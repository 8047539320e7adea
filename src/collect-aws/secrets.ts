/** Credentials that were in use: whatever text of AWS or of an error is written down is freed of them first. */
export class Secrets {
  readonly #known = new Set<string>();

  /** Remembers what must never be written. Short texts are none. */
  add(...values: readonly (string | undefined)[]): void {
    for (const value of values)
      if (value !== undefined && value.length >= 6) this.#known.add(value);
  }

  /** The text without them, safe to be written as one line of JSON. */
  hide(text: string): string {
    let hidden = text.toWellFormed();
    for (const secret of this.#known) hidden = hidden.replaceAll(secret, '[redacted]');
    return hidden;
  }
}
