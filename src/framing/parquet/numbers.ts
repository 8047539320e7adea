/** Runs of small numbers: levels, places in a dictionary, differences (parquet-format, Encodings.md). */
import type { Buffer } from 'node:buffer';
import { ParquetFault } from './fault.ts';

/** An unsigned LEB128 varint. */
function readVarint(bytes: Buffer, from: number): { readonly value: bigint; readonly end: number } {
  let value = 0n;
  let at = from;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = bytes[at++];
    if (byte === undefined) break;
    value |= BigInt(byte & 127) << shift;
    if (byte < 128) return { value: BigInt.asUintN(64, value), end: at };
  }
  throw new ParquetFault('a number in a page does not end');
}

/** Numbers of up to 64 bits, packed from the lowest bit on. */
class BitReader {
  readonly #bytes: Buffer;
  readonly #width: number;
  at: number;
  #bit = 0;

  constructor(bytes: Buffer, at: number, width: number) {
    this.#bytes = bytes;
    this.#width = width;
    this.at = at;
  }

  /** For widths up to 32. */
  next(): number {
    let value = 0;
    let have = 0;
    const width = this.#width;
    while (have < width) {
      const byte = this.#bytes[this.at];
      if (byte === undefined) throw new ParquetFault('a page ends inside packed numbers');
      const take = Math.min(8 - this.#bit, width - have);
      value += ((byte >> this.#bit) & ((1 << take) - 1)) * 2 ** have;
      have += take;
      this.#bit += take;
      if (this.#bit === 8) {
        this.#bit = 0;
        this.at++;
      }
    }
    return value;
  }

  big(): bigint {
    let value = 0n;
    let have = 0;
    const width = this.#width;
    while (have < width) {
      const byte = this.#bytes[this.at];
      if (byte === undefined) throw new ParquetFault('a page ends inside packed numbers');
      const take = Math.min(8 - this.#bit, width - have);
      value |= BigInt((byte >> this.#bit) & ((1 << take) - 1)) << BigInt(have);
      have += take;
      this.#bit += take;
      if (this.#bit === 8) {
        this.#bit = 0;
        this.at++;
      }
    }
    return value;
  }
}

/** Encodings.md, "Run Length Encoding / Bit-Packing Hybrid". One number at a time: a run takes no memory. */
export class HybridReader {
  readonly #bytes: Buffer;
  readonly #width: number;
  #at: number;
  readonly #end: number;
  /** Numbers left in the run at hand. */
  #left = 0;
  #value = 0;
  #packed: BitReader | undefined;

  constructor(bytes: Buffer, from: number, end: number, width: number) {
    if (width > 32) throw new ParquetFault(`numbers of ${String(width)} bits`);
    this.#bytes = bytes.subarray(0, end);
    this.#at = from;
    this.#end = end;
    this.#width = width;
  }

  next(): number {
    while (this.#left === 0) this.#run();
    this.#left--;
    return this.#packed === undefined ? this.#value : this.#packed.next();
  }

  #run(): void {
    if (this.#at >= this.#end)
      throw new ParquetFault('a page has fewer values than its header says');
    const { value: head, end } = readVarint(this.#bytes, this.#at);
    if (head >= 2n ** 32n) throw new ParquetFault('a run without end');
    const count = Number(head >> 1n);
    if ((head & 1n) === 1n) {
      this.#left = count * 8;
      this.#packed = new BitReader(this.#bytes, end, this.#width);
      // A last run may be cut to what is used of it.
      this.#at = Math.min(end + count * this.#width, this.#end);
      return;
    }
    const size = Math.ceil(this.#width / 8);
    if (end + size > this.#end) throw new ParquetFault('a page ends inside a run');
    this.#packed = undefined;
    this.#value = size === 0 ? 0 : this.#bytes.readUIntLE(end, size);
    this.#left = count;
    this.#at = end + size;
  }
}

/** Encodings.md, "Delta Encoding (DELTA_BINARY_PACKED)". */
export class DeltaReader {
  readonly #bytes: Buffer;
  /** Values in all. */
  readonly count: number;
  readonly #perMini: number;
  readonly #minis: number;
  #given = 0;
  #last: bigint;
  #least = 0n;
  #widths: Buffer | undefined;
  #mini = 0;
  #inMini = 0;
  #reader: BitReader | undefined;
  #at: number;

  constructor(bytes: Buffer, from: number) {
    this.#bytes = bytes;
    const block = readVarint(bytes, from);
    const minis = readVarint(bytes, block.end);
    const count = readVarint(bytes, minis.end);
    const first = readVarint(bytes, count.end);
    const per = minis.value === 0n ? 0n : block.value / minis.value;
    if (per === 0n || block.value > 2n ** 24n || count.value > 2n ** 31n)
      throw new ParquetFault('the head of a page of differences cannot be');
    this.#perMini = Number(per);
    this.#minis = Number(minis.value);
    this.count = Number(count.value);
    this.#last = unzigzag(first.value);
    this.#mini = this.#minis;
    this.#at = first.end;
  }

  next(): bigint {
    if (this.#given >= this.count)
      throw new ParquetFault('a page has fewer values than its header says');
    if (this.#given++ === 0) return this.#last;
    if (this.#reader === undefined || this.#inMini === this.#perMini) this.#next();
    this.#inMini++;
    const more = this.#reader?.big() ?? 0n;
    this.#last = BigInt.asIntN(64, this.#last + this.#least + more);
    return this.#last;
  }

  /** One past the last byte, after all values. */
  end(): number {
    while (this.#given < this.count) this.next();
    // The rest of the mini block that is at hand is filled up; those behind it take no room.
    const reader = this.#reader;
    if (reader === undefined) return this.#at;
    return Math.min(this.#at, this.#bytes.length);
  }

  #next(): void {
    if (this.#mini >= this.#minis) {
      const least = readVarint(this.#bytes, this.#at);
      this.#least = unzigzag(least.value);
      this.#widths = this.#bytes.subarray(least.end, least.end + this.#minis);
      this.#at = least.end + this.#minis;
      this.#mini = 0;
    }
    const width = this.#widths?.[this.#mini];
    if (width === undefined || width > 64)
      throw new ParquetFault('a page ends inside packed numbers');
    this.#reader = new BitReader(this.#bytes, this.#at, width);
    this.#at += (width * this.#perMini) / 8;
    this.#mini++;
    this.#inMini = 0;
  }
}

function unzigzag(value: bigint): bigint {
  return BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n));
}
