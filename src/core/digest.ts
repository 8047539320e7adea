/** Hash helpers over node:crypto. */
import { createHash, hash, timingSafeEqual } from 'node:crypto';
import { Buffer } from 'node:buffer';

/** Lower-case hex SHA-256 of bytes, or of the UTF-8 of a text. */
export function sha256Hex(data: Uint8Array | string): string {
  return hash('sha256', data, 'hex');
}

/** Both hash families of the bundle in one pass over the bytes. */
export class DoubleHash {
  readonly #sha256 = createHash('sha256');
  readonly #sha512 = createHash('sha512');

  update(chunk: Uint8Array): void {
    this.#sha256.update(chunk);
    this.#sha512.update(chunk);
  }

  /** Lower-case hex of both; call once. */
  digest(): { readonly sha256: string; readonly sha512: string } {
    return { sha256: this.#sha256.digest('hex'), sha512: this.#sha512.digest('hex') };
  }
}

/** True if both are the same text of hex digits, case ignored, compared in constant time. */
export function sameHex(a: string, b: string): boolean {
  const left = Buffer.from(a.toLowerCase(), 'latin1');
  const right = Buffer.from(b.toLowerCase(), 'latin1');
  return left.length === right.length && timingSafeEqual(left, right);
}
