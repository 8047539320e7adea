/** A set of numbers from 0, one bit each. */
export class Bits {
  #words = new Uint32Array(1024);

  has(n: number): boolean {
    return (((this.#words[n >>> 5] ?? 0) >>> (n & 31)) & 1) === 1;
  }

  add(n: number): void {
    const at = n >>> 5;
    if (at >= this.#words.length) {
      const wider = new Uint32Array(Math.max(at + 1, this.#words.length * 2));
      wider.set(this.#words);
      this.#words = wider;
    }
    this.#words[at] = (this.#words[at] ?? 0) | (1 << (n & 31));
  }

  remove(n: number): void {
    const at = n >>> 5;
    if (at < this.#words.length) this.#words[at] = (this.#words[at] ?? 0) & ~(1 << (n & 31));
  }
}
