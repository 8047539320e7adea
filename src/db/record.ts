/**
 * Rows in SQLite's own record format ("Database File Format", sections 1.6 "B-tree Cell Format" and 2.1 "Record
 * Format"): a table leaf cell is the length of the record, the row id, then the record, without the NULLs at its end as
 * SQLite writes it with SQLITE_ENABLE_NULL_TRIM ("Compile-time Options"). Written here in JavaScript
 * because the same bytes are hashed (docs/content-hash.md) and put into the pages of a database (pages.ts): measured, that
 * is five times faster than to bind every value and to hash it apart.
 */
import { Buffer } from 'node:buffer';
import { BYTE_KIND, type ByteRow } from '../core/byte-row.ts';
import { viewOf } from '../core/view.ts';

/** What a column can hold. */
export type Cell = string | number | bigint | Uint8Array | null;

/** Shorter texts are written unit by unit; for longer ones a call into native code pays. */
const SHORT_TEXT = 40;
/** The same where they are written word by word. */
const SHORT_WORDS = 160;
/** Most bytes of the lengths and of the row id before a record's types. */
const LENGTHS = 32;

/** Cells one after the other in memory. */
export class CellBuffer {
  /** Valid up to {@link CellBuffer.length}; replaced when it grows. */
  bytes: Buffer = Buffer.allocUnsafeSlow(65_536);
  /** Of the same bytes. */
  view = new DataView(this.bytes.buffer);
  length = 0;
  /** Length of the record of the cell added last. */
  recordLength = 0;

  #types: Buffer = Buffer.allocUnsafeSlow(1024);
  #typesAt = 0;
  /** Behind the last value that is not NULL, but not before the first. */
  #typesEnd = 1;
  #body: Buffer = Buffer.allocUnsafeSlow(8192);
  #bodyAt = 0;
  /** Where the values began in the cell of the last row that was bytes. */
  #bodyOffset = 0;
  // What the row before filled.
  #lastFilled = -1;
  #filledPlaces: Int32Array = new Int32Array();
  #filledCount = 0;

  /** Forgets all cells. */
  clear(): void {
    this.length = 0;
  }

  /** Begins a row; values follow in the order of the columns. */
  begin(): void {
    this.#typesAt = 0;
    this.#typesEnd = 1;
    this.#bodyAt = 0;
  }

  null(): void {
    this.#type(0);
  }

  integer(value: number): void {
    this.#type(integerType(value));
    this.#bodyAt = putInteger(this.#room(8), this.#bodyAt, value);
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

  /**
   * Adds the cell of a row that is still bytes. Values are written where they stay if what comes before them is as long
   * as in the row before.
   * @param places in the order of the columns behind the row id.
   */
  byteRow(row: ByteRow, places: Int32Array, rowId: number): void {
    const { kinds, from, to, numbers } = row;
    const filled = this.#filled(row, places);
    const start = this.length;
    const reserve = this.#bodyOffset + LENGTHS + 17 * (filled + 1);
    if (start + reserve > this.bytes.length) this.#grow(reserve);
    if (9 * (filled + 1) > this.#types.length) this.#types = grown(this.#types, 9 * filled);
    const types = this.#types;
    let { bytes, view } = this;
    const source32 = viewOf(row.bytes);
    /** Where a text may end so that its last word lies in the bytes. */
    const last = row.bytes.length - 3;
    // The row id's own column.
    types[0] = 0;
    let typesAt = 1;
    let typesEnd = 1;
    const bodyAt = start + this.#bodyOffset;
    let at = bodyAt;
    for (let index = 0; index < filled; index++) {
      const place = places[index] ?? 0;
      const kind = kinds[place] ?? BYTE_KIND.nothing;
      if (kind === BYTE_KIND.nothing) {
        types[typesAt++] = 0;
        continue;
      }
      if (kind === BYTE_KIND.number) {
        const value = numbers[place] ?? 0;
        const type = integerType(value);
        types[typesAt++] = type;
        at = putTyped(bytes, view, at, value, type);
        typesEnd = typesAt;
        continue;
      }
      const begin = from[place] ?? 0;
      const end = to[place] ?? 0;
      const length = end - begin;
      if (length < 58) types[typesAt++] = 13 + 2 * length;
      else typesAt = putVarint(types, typesAt, 13 + 2 * length);
      typesEnd = typesAt;
      if (at + length + reserve > bytes.length) {
        this.#grow(length + reserve);
        ({ bytes, view } = this);
      }
      if (kind === BYTE_KIND.text && length < SHORT_WORDS && end <= last) {
        // By words: what is written beyond the end, the next value or cell overwrites.
        for (let byte = begin, target = at; byte < end; byte += 4, target += 4)
          view.setInt32(target, source32.getInt32(byte));
        at += length;
        continue;
      }
      const source = row.source(place);
      if (length < SHORT_TEXT) {
        for (let byte = begin; byte < end; byte++) bytes[at++] = source[byte] ?? 0;
      } else {
        at += source.copy(bytes, at, begin, end);
      }
    }
    const header = typesEnd < 127 ? typesEnd + 1 : typesEnd + 2;
    const record = header + at - bodyAt;
    const idLength = rowIdLength(rowId);
    const offset = varintLength(record) + idLength + header;
    const length = offset + at - bodyAt;
    if (offset !== this.#bodyOffset) {
      bytes.copyWithin(start + offset, bodyAt, at);
      this.#bodyOffset = offset;
    }
    at = putVarint(bytes, start, record);
    at = putVarint(bytes, putRowId(bytes, at, rowId, idLength), header);
    for (let index = 0; index < typesEnd; index++) bytes[at++] = types[index] ?? 0;
    this.length = start + length;
    this.recordLength = record;
  }

  /** How many of the places may hold something; the same for nearly all rows of a file. */
  #filled(row: ByteRow, places: Int32Array): number {
    if (row.last === this.#lastFilled && places === this.#filledPlaces) return this.#filledCount;
    let filled = places.length;
    for (; filled > 0; filled--) {
      const place = places[filled - 1] ?? 0;
      if (place <= row.last || place >= row.added) break;
    }
    this.#lastFilled = row.last;
    this.#filledPlaces = places;
    this.#filledCount = filled;
    return filled;
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
    const types = this.#typesEnd;
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
    // NULLs at the end of a row are left out; SQLite reads a value that is not there as NULL.
    if (type !== 0) this.#typesEnd = this.#typesAt;
  }

  #room(bytes: number): Buffer {
    if (this.#bodyAt + bytes > this.#body.length) this.#body = grown(this.#body, bytes);
    return this.#body;
  }

  #grow(bytes: number): void {
    this.bytes = grown(this.bytes, bytes);
    this.view = new DataView(this.bytes.buffer);
  }
}

/** Serial type of a safe integer (section 2.1): 1 to 6, and 8 and 9 for the integers 0 and 1. */
function integerType(value: number): number {
  if (value >= -128 && value <= 127) return value === 0 || value === 1 ? 8 + value : 1;
  if (value >= -32_768 && value <= 32_767) return 2;
  if (value >= -8_388_608 && value <= 8_388_607) return 3;
  if (value >= -2_147_483_648 && value <= 2_147_483_647) return 4;
  return value >= -(2 ** 47) && value < 2 ** 47 ? 5 : 6;
}

/** Writes a safe integer in as many bytes as its type has: the offset behind it. */
function putInteger(target: Buffer, at: number, value: number): number {
  const type = integerType(value);
  if (type > 6) return at;
  if (type <= 4) {
    let shift = 8 * type - 8;
    let to = at;
    for (; shift >= 0; shift -= 8) target[to++] = value >> shift;
    return to;
  }
  // Two halves of the two's complement: exact, and no bigint is made.
  const high = Math.floor(value / 2 ** 32);
  const low = value - high * 2 ** 32;
  if (type === 5) {
    target[at] = high >> 8;
    target[at + 1] = high;
    putInt32(target, at + 2, low);
    return at + 6;
  }
  putInt32(target, at, high);
  putInt32(target, at + 4, low);
  return at + 8;
}

/** The same through a view, for a type that is known: the numbers of rows that are bytes are most numbers there are. */
function putTyped(target: Buffer, view: DataView, at: number, value: number, type: number): number {
  if (type === 4) {
    view.setInt32(at, value);
    return at + 4;
  }
  if (type < 4) {
    if (type === 2) {
      view.setInt16(at, value);
      return at + 2;
    }
    if (type === 1) {
      target[at] = value;
      return at + 1;
    }
    target[at] = value >> 16;
    view.setInt16(at + 1, value);
    return at + 3;
  }
  if (type > 6) return at;
  const high = Math.floor(value / 2 ** 32);
  const low = value - high * 2 ** 32;
  if (type === 6) {
    view.setInt32(at, high);
    view.setUint32(at + 4, low);
    return at + 8;
  }
  view.setInt16(at, high);
  view.setUint32(at + 2, low);
  return at + 6;
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

/** Bytes that a variable-length integer takes. */
function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length++;
  return length;
}

/** Bytes that a row id takes. */
function rowIdLength(value: number): number {
  // Row ids are the number of a file and 28 bits: four bytes behind those of the file's number.
  const file = Math.floor(value / 2 ** 28);
  if (file === 0) return varintLength(value);
  return file < 2 ** 7 ? 5 : file < 2 ** 14 ? 6 : 4 + varintLength(file);
}

/** Writes a row id, of which the length is known: its last 28 bits by shifts. */
function putRowId(target: Buffer, at: number, value: number, length: number): number {
  if (length <= 4) return putVarint(target, at, value);
  const high = Math.floor(value / 2 ** 28);
  const low = value - high * 2 ** 28;
  const end = putVarint(target, at, high);
  target[end - 1] = (target[end - 1] ?? 0) | 128;
  target[end] = (low >> 21) | 128;
  target[end + 1] = ((low >> 14) & 127) | 128;
  target[end + 2] = ((low >> 7) & 127) | 128;
  target[end + 3] = low & 127;
  return end + 4;
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
