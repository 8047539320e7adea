/** Bytes that come in chunks, taken in the pieces that a reader of a format wants. */
import { Buffer } from 'node:buffer';

/** Pulls bytes out of a chunked source, by pieces, with look-ahead and put-back. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array> | Iterator<Uint8Array>;
  #held: Buffer[] = [];
  #heldLength = 0;
  /** Bytes taken so far. */
  offset = 0;

  constructor(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
    this.#chunks =
      Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]();
  }

  async #pull(): Promise<boolean> {
    for (;;) {
      const next = await this.#chunks.next();
      if (next.done === true) return false;
      if (next.value.length === 0) continue;
      const { buffer, byteOffset, byteLength } = next.value;
      this.#held.push(Buffer.from(buffer, byteOffset, byteLength));
      this.#heldLength += byteLength;
      return true;
    }
  }

  /** The next bytes without taking them; fewer than `length` only at the end. */
  async peek(length: number): Promise<Buffer> {
    while (this.#heldLength < length && (await this.#pull()));
    const first = this.#held[0];
    if (first === undefined) return Buffer.alloc(0);
    if (first.length >= length) return first.subarray(0, length);
    const joined = Buffer.concat(this.#held, this.#heldLength);
    this.#held = [joined];
    return joined.subarray(0, length);
  }

  /** The next piece, at most `most` bytes; undefined at the end. */
  async take(most = Infinity): Promise<Buffer | undefined> {
    if (this.#heldLength === 0 && !(await this.#pull())) return undefined;
    const first = this.#held[0] ?? Buffer.alloc(0);
    const piece = first.length > most ? first.subarray(0, most) : first;
    if (piece === first) this.#held.shift();
    else this.#held[0] = first.subarray(most);
    this.#heldLength -= piece.length;
    this.offset += piece.length;
    return piece;
  }

  /** The next `length` bytes in one piece, fewer only at the end: pieces do not depend on how the source is chunked. */
  async takeFull(length: number): Promise<Buffer | undefined> {
    const parts: Buffer[] = [];
    let left = length;
    while (left > 0) {
      const part = await this.take(left);
      if (part === undefined) break;
      parts.push(part);
      left -= part.length;
    }
    return parts.length > 1 ? Buffer.concat(parts) : parts[0];
  }

  /** Puts bytes back that were just taken. */
  unread(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#held.unshift(bytes);
    this.#heldLength += bytes.length;
    this.offset -= bytes.length;
  }

  /** Takes `length` bytes that were peeked. */
  async skip(length: number): Promise<void> {
    for (let left = length; left > 0;) left -= (await this.take(left))?.length ?? left;
  }

  /** Takes all that is left; its length. */
  async drain(): Promise<number> {
    let length = 0;
    for (let piece = await this.take(); piece !== undefined; piece = await this.take())
      length += piece.length;
    return length;
  }
}
