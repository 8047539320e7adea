/** Cuts a stream of bytes into lines without ever holding more than one. */
import { Buffer } from 'node:buffer';

/** Calls back for each line, without its line feed. */
export class LineCutter {
  readonly #onLine: (line: Buffer) => void;
  readonly #limit: number;
  #rest: Buffer[] = [];
  #restBytes = 0;
  /** True once a line was longer than the limit, or the text did not end in a line feed. */
  broken = false;

  /** @param limit longest line in bytes; after a longer one nothing more is called back. */
  constructor(onLine: (line: Buffer) => void, limit: number) {
    this.#onLine = onLine;
    this.#limit = limit;
  }

  add(piece: Buffer): void {
    let start = 0;
    for (let end = piece.indexOf(10); end !== -1; end = piece.indexOf(10, start)) {
      const part = piece.subarray(start, end);
      const line = this.#restBytes === 0 ? part : Buffer.concat([...this.#rest, part]);
      this.#rest = [];
      this.#restBytes = 0;
      if (line.length > this.#limit) this.broken = true;
      if (this.broken) return;
      this.#onLine(line);
      start = end + 1;
    }
    this.#keep(piece.subarray(start));
  }

  end(): void {
    if (this.#restBytes > 0) this.broken = true;
  }

  #keep(part: Buffer): void {
    if (part.length === 0 || this.broken) return;
    this.#restBytes += part.length;
    if (this.#restBytes > this.#limit) {
      this.broken = true;
      return;
    }
    // A copy: the piece's memory is used again.
    this.#rest.push(Buffer.from(part));
  }
}
