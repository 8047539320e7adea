/**
 * Canonical bytes of rows, hashed (docs/content-hash.md). Three streams run side by side, so that a row costs a few
 * additions and no copies: kinds (uint32 little-endian: 0 NULL, 1 integer, 2 + n a text of n UTF-16 units), integers
 * (int64 little-endian), and the texts in UTF-8 one after the other.
 */
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';

/** What a row can hold. */
export type Cell = string | number | bigint | null;

const KINDS = 16_384;
const INTEGERS = 8192;
const TEXT = 65_536;

/** Hash of a sequence of rows. Cells are added one by one; where a row ends follows from the table's columns. */
export class RowHash {
  readonly #kindsHash = createHash('sha256');
  readonly #integersHash = createHash('sha256');
  readonly #textHash = createHash('sha256');
  readonly #kinds = new Uint32Array(KINDS);
  readonly #integers = new Int32Array(INTEGERS * 2);
  #kindsAt = 0;
  #integersAt = 0;
  #text = '';

  add(cell: Cell): void {
    if (this.#kindsAt === KINDS) this.#flushKinds();
    if (typeof cell === 'string') {
      this.#kinds[this.#kindsAt++] = cell.length + 2;
      this.#text += cell;
      if (this.#text.length >= TEXT) this.#flushText();
    } else if (cell === null) {
      this.#kinds[this.#kindsAt++] = 0;
    } else {
      this.#kinds[this.#kindsAt++] = 1;
      if (this.#integersAt === INTEGERS * 2) this.#flushIntegers();
      if (typeof cell === 'number') {
        // Two halves of the two's complement: exact for safe integers, and no bigint is made.
        const high = Math.floor(cell / 2 ** 32);
        this.#integers[this.#integersAt++] = cell - high * 2 ** 32;
        this.#integers[this.#integersAt++] = high;
      } else {
        this.#integers[this.#integersAt++] = Number(BigInt.asIntN(32, cell));
        this.#integers[this.#integersAt++] = Number(BigInt.asIntN(32, cell >> 32n));
      }
    }
  }

  /** Lower-case hex; call once. */
  digest(): string {
    this.#flushKinds();
    this.#flushIntegers();
    this.#flushText();
    return createHash('sha256')
      .update(this.#kindsHash.digest())
      .update(this.#integersHash.digest())
      .update(this.#textHash.digest())
      .digest('hex');
  }

  #flushKinds(): void {
    this.#kindsHash.update(bytesOf(this.#kinds, this.#kindsAt));
    this.#kindsAt = 0;
  }

  #flushIntegers(): void {
    this.#integersHash.update(bytesOf(this.#integers, this.#integersAt));
    this.#integersAt = 0;
  }

  #flushText(): void {
    this.#textHash.update(this.#text, 'utf8');
    this.#text = '';
  }
}

// Every machine that Node runs on is little-endian where this format needs it (x64, arm64).
function bytesOf(words: Uint32Array | Int32Array, count: number): Buffer {
  return Buffer.from(words.buffer, words.byteOffset, count * 4);
}
