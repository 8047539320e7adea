/** Walks an archive block by block: knows the offset, hands out bodies in pieces, never reads beyond what was measured. */
import { Buffer } from 'node:buffer';
import { ExhibitError, type ErrorCode } from '../core/errors.ts';
import type { Chunks } from './chunks.ts';
import { BLOCK, paddingOf } from './header.ts';

/** Place in an archive that is read once, from its first byte to its last. */
export class Cursor {
  readonly #path: string;
  readonly #chunks: Chunks;
  #chunk: Buffer = Buffer.alloc(0);
  #at = 0;
  #offset = 0;
  #bodyLeft = 0;
  #padding = 0;

  /** @param path for messages. */
  constructor(path: string, chunks: Chunks) {
    this.#path = path;
    this.#chunks = chunks;
  }

  /** Of the next byte in the archive. */
  get offset(): number {
    return this.#offset;
  }

  /** Of the whole archive, in bytes. */
  get size(): number {
    return this.#chunks.size;
  }

  /**
   * The next block of 512 bytes, not yet taken.
   * @throws ExhibitError `E_TAMPERED` where the archive ends before it.
   */
  async peekBlock(): Promise<Buffer> {
    // Chunks are whole multiples of the block except at the end of the file, so a block never lies across two.
    await this.#need();
    if (this.#chunk.length - this.#at < BLOCK) throw this.cut();
    return this.#chunk.subarray(this.#at, this.#at + BLOCK);
  }

  /** Takes bytes that are there: of the block that was peeked. */
  advance(bytes: number): void {
    this.#at += bytes;
    this.#offset += bytes;
  }

  /** What follows is a body of this size and its padding. */
  beginBody(size: number): void {
    this.#bodyLeft = size;
    this.#padding = paddingOf(size);
  }

  /** The body in pieces of at most 1 MiB, each valid until the next is asked for. */
  body(): AsyncIterable<Buffer> {
    const next = async (): Promise<IteratorResult<Buffer, undefined>> =>
      this.#bodyLeft === 0
        ? { done: true, value: undefined }
        : { done: false, value: await this.#piece() };
    return { [Symbol.asyncIterator]: () => ({ next }) };
  }

  /**
   * Skips what is left of the body, and its padding.
   * @throws ExhibitError `E_TAMPERED` if the padding is not of zeros.
   */
  async finishBody(): Promise<void> {
    while (this.#bodyLeft > 0) await this.#piece();
    if (this.#padding === 0) return;
    const offset = this.#offset;
    await this.#need();
    if (!isZero(this.#chunk.subarray(this.#at, this.#at + this.#padding))) {
      throw this.error('E_TAMPERED', 'bytes that are not zero pad a file', offset);
    }
    this.advance(this.#padding);
    this.#padding = 0;
  }

  /**
   * Takes zeros up to the offset `end`.
   * @throws ExhibitError `E_TAMPERED` at the first piece with another byte.
   */
  async zerosTo(end: number): Promise<void> {
    while (this.#offset < end) {
      await this.#need();
      const rest = this.#chunk.subarray(this.#at);
      if (!isZero(rest)) {
        throw this.error('E_TAMPERED', 'bytes that are not zero end the archive', this.#offset);
      }
      this.advance(rest.length);
    }
  }

  /** An error at a place of this archive. */
  error(code: ErrorCode, message: string, offset: number): ExhibitError {
    return new ExhibitError(code, message, { where: { file: this.#path, offset } });
  }

  /** The error of an archive that ends too early. */
  cut(): ExhibitError {
    return this.error('E_TAMPERED', 'the archive is cut short', this.#offset);
  }

  async #piece(): Promise<Buffer> {
    await this.#need();
    const piece = this.#chunk.subarray(
      this.#at,
      Math.min(this.#chunk.length, this.#at + this.#bodyLeft),
    );
    this.#bodyLeft -= piece.length;
    this.advance(piece.length);
    return piece;
  }

  // At least one unread byte in #chunk.
  async #need(): Promise<void> {
    if (this.#at < this.#chunk.length) return;
    const chunk = await this.#chunks.next();
    if (chunk === undefined) throw this.cut();
    this.#chunk = chunk;
    this.#at = 0;
  }
}

const ZEROS = Buffer.alloc(64 * 1024);

/** True if every byte is zero. */
export function isZero(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; at += ZEROS.length) {
    const piece = bytes.subarray(at, at + ZEROS.length);
    if (!piece.equals(ZEROS.subarray(0, piece.length))) return false;
  }
  return true;
}
