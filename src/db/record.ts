/**
 * Rows in SQLite's own record format ("Database File Format", sections 1.6 "B-tree Cell Format" and 2.1 "Record
 * Format"): a table leaf cell is the length of the record, the row id, then the record. Written here in JavaScript
 * because the same bytes are hashed (docs/content-hash.md) and put into the pages of a database (pages.ts): measured, that
 * is five times faster than to bind every value and to hash it apart.
 */
import { Buffer } from 'node:buffer';
import { BYTE_KIND, type ByteRow } from '../core/byte-row.ts';

/** What a column can hold. */
export type Cell = string | number | bigint | Uint8Array | null;

/** Shorter texts are written unit by unit; for longer ones a call into native code pays. */
const SHORT_TEXT = 40;

/** Cells one after the other in memory. */
export class CellBuffer {
  /** Valid up to {@link CellBuffer.length}; replaced when it grows. */
  bytes: Buffer = Buffer.allocUnsafeSlow(65_536);
  length = 0;
  /** Length of the record of the cell added last. */
  recordLength = 0;

  #types: Buffer = Buffer.allocUnsafeSlow(1024);
  #typesAt = 0;
  #body: Buffer = Buffer.allocUnsafeSlow(8192);
  #bodyAt = 0;

  /** Forgets all cells. */
  clear(): void {
    this.length = 0;
  }

  /** Begins a row; values follow in the order of the columns. */
  begin(): void {
    this.#typesAt = 0;
    this.#bodyAt = 0;
  }

  null(): void {
    this.#type(0);
  }

  integer(value: number): void {
    const body = this.#room(8);
    const at = this.#bodyAt;
    // Section 2.1, serial types 1 to 6, and 8 and 9 for the integers 0 and 1.
    if (value >= -128 && value <= 127) {
      if (value === 0 || value === 1) {
        this.#type(8 + value);
        return;
      }
      this.#type(1);
      body[at] = value;
      this.#bodyAt = at + 1;
    } else if (value >= -32_768 && value <= 32_767) {
      this.#type(2);
      body[at] = value >> 8;
      body[at + 1] = value;
      this.#bodyAt = at + 2;
    } else if (value >= -8_388_608 && value <= 8_388_607) {
      this.#type(3);
      body[at] = value >> 16;
      body[at + 1] = value >> 8;
      body[at + 2] = value;
      this.#bodyAt = at + 3;
    } else if (value >= -2_147_483_648 && value <= 2_147_483_647) {
      this.#type(4);
      putInt32(body, at, value);
      this.#bodyAt = at + 4;
    } else {
      // Two halves of the two's complement: exact for safe integers, and no bigint is made.
      const high = Math.floor(value / 2 ** 32);
      const low = value - high * 2 ** 32;
      if (high >= -32_768 && high <= 32_767) {
        this.#type(5);
        body[at] = high >> 8;
        body[at + 1] = high;
        putInt32(body, at + 2, low);
        this.#bodyAt = at + 6;
      } else {
        this.#type(6);
        putInt32(body, at, high);
        putInt32(body, at + 4, low);
        this.#bodyAt = at + 8;
      }
    }
  }

  text(value: string): void {
    const length = value.length;
    const start = this.#bodyAt;
    const body = this.#room(length * 3);
    let end = start;
    if (length < SHORT_TEXT) {
      let index = 0;
      for (; index < length; index++) {
        const unit = value.charCodeAt(index);
        if (unit > 127) break;
        body[end++] = unit;
      }
      if (index < length) end = start + body.write(value, start, 'utf8');
    } else {
      end = start + body.write(value, start, 'utf8');
    }
    this.#bodyAt = end;
    this.#type(13 + 2 * (end - start));
  }

  /** A text of ASCII bytes. */
  ascii(bytes: Uint8Array, from: number, to: number): void {
    const length = to - from;
    const body = this.#room(length);
    let at = this.#bodyAt;
    if (length < SHORT_TEXT) {
      for (let index = from; index < to; index++) body[at++] = bytes[index] ?? 0;
    } else {
      body.set(bytes.subarray(from, to), at);
      at += length;
    }
    this.#bodyAt = at;
    this.#type(13 + 2 * length);
  }

  /** Values of a row that is still bytes, in the order of `places`. */
  byteValues(row: ByteRow, places: readonly number[]): void {
    const { kinds, from, to, numbers } = row;
    for (const place of places) {
      const kind = kinds[place] ?? BYTE_KIND.nothing;
      if (kind === BYTE_KIND.nothing) this.#type(0);
      else if (kind === BYTE_KIND.number) this.integer(numbers[place] ?? 0);
      else this.ascii(row.source(place), from[place] ?? 0, to[place] ?? 0);
    }
  }

  blob(value: Uint8Array): void {
    this.#room(value.length).set(value, this.#bodyAt);
    this.#bodyAt += value.length;
    this.#type(12 + 2 * value.length);
  }

  /** One value of any kind; integers that a double does not hold exactly come as bigint. */
  value(cell: Cell): void {
    if (typeof cell === 'string') this.text(cell);
    else if (cell === null) this.null();
    else if (typeof cell === 'number') this.integer(cell);
    else if (typeof cell === 'bigint') this.#bigint(cell);
    else this.blob(cell);
  }

  /** Ends the row: its cell is added. */
  end(rowId: number): void {
    const types = this.#typesAt;
    // The header's length counts itself.
    const header = types + 1 < 128 ? types + 1 : types + 2;
    const record = header + this.#bodyAt;
    if (this.length + record + 32 > this.bytes.length) this.#grow(record + 32);
    const { bytes } = this;
    let at = putVarint(bytes, this.length, record);
    at = putVarint(bytes, at, rowId);
    at = putVarint(bytes, at, header);
    this.#types.copy(bytes, at, 0, types);
    this.#body.copy(bytes, at + types, 0, this.#bodyAt);
    this.length = at + types + this.#bodyAt;
    this.recordLength = record;
  }

  #bigint(value: bigint): void {
    if (value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER) {
      this.integer(Number(value));
      return;
    }
    this.#room(8).writeBigInt64BE(value, this.#bodyAt);
    this.#bodyAt += 8;
    this.#type(6);
  }

  #type(type: number): void {
    if (this.#typesAt + 9 > this.#types.length) this.#types = grown(this.#types, 9);
    if (type < 128) this.#types[this.#typesAt++] = type;
    else this.#typesAt = putVarint(this.#types, this.#typesAt, type);
  }

  #room(bytes: number): Buffer {
    if (this.#bodyAt + bytes > this.#body.length) this.#body = grown(this.#body, bytes);
    return this.#body;
  }

  #grow(bytes: number): void {
    this.bytes = grown(this.bytes, bytes);
  }
}

/** The low 32 bits of an integer, big-endian; a typed array keeps the low byte of what is stored in it. */
function putInt32(target: Buffer, at: number, value: number): void {
  target[at] = value >> 24;
  target[at + 1] = value >> 16;
  target[at + 2] = value >> 8;
  target[at + 3] = value;
}

function grown(buffer: Buffer, more: number): Buffer {
  const larger = Buffer.allocUnsafeSlow(buffer.length * 2 + more);
  buffer.copy(larger);
  return larger;
}

/**
 * Writes a variable-length integer (section 1.6: big-endian groups of seven bits); `value` is not negative and safe.
 * @returns offset behind it.
 */
export function putVarint(target: Buffer, at: number, value: number): number {
  if (value < 128) {
    target[at] = value;
    return at + 1;
  }
  if (value < 16_384) {
    target[at] = (value >> 7) | 128;
    target[at + 1] = value & 127;
    return at + 2;
  }
  let length = 3;
  for (let rest = Math.floor(value / 2_097_152); rest > 0; rest = Math.floor(rest / 128)) length++;
  let left = value;
  for (let index = length - 1; index >= 0; index--) {
    target[at + index] = (left % 128) | (index === length - 1 ? 0 : 128);
    left = Math.floor(left / 128);
  }
  return at + length;
}
