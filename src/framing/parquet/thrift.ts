/**
 * Thrift's compact protocol, as far as Parquet's footers and page headers need it (Apache Thrift, "Thrift Compact
 * protocol encoding"). Only what is asked for is kept; everything else is looked over without memory.
 */
import type { Buffer } from 'node:buffer';
import { ParquetFault } from './fault.ts';

/** Fields to keep, by id; `{}` keeps a value without looking into it. */
export interface Wanted {
  readonly [id: number]: Wanted;
}

/** A value: a struct is a {@link Struct}, binary a Buffer, an enum a number. */
export type ThriftValue = boolean | number | Buffer | Struct | readonly ThriftValue[];

/** Kept fields of a struct by id. */
export type Struct = ReadonlyMap<number, ThriftValue>;

/** Types of the compact protocol. */
const TRUE = 1;
const FALSE = 2;
const BYTE = 3;
const I64 = 6;
const DOUBLE = 7;
const BINARY = 8;
const LIST = 9;
const SET = 10;
const MAP = 11;
const STRUCT = 12;

/** Structs in structs: Parquet has six. */
const MOST_DEPTH = 32;
/** A varint of 64 bits. */
const MOST_VARINT = 10;

/** Reads one struct from the start of `bytes`. */
export class ThriftReader {
  readonly #bytes: Buffer;
  /** Next byte; after {@link ThriftReader.struct} one past the struct. */
  at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** @throws ParquetFault where the bytes are no struct, or end inside it. */
  struct(wanted: Wanted, depth = 0): Struct {
    if (depth > MOST_DEPTH) throw new ParquetFault('Thrift structs without end');
    const fields = new Map<number, ThriftValue>();
    let id = 0;
    for (;;) {
      const head = this.#byte();
      if (head === 0) return fields;
      const type = head & 15;
      const delta = head >> 4;
      id = delta === 0 ? this.#zigzag() : id + delta;
      const inside = wanted[id];
      if (inside === undefined) this.#skip(type, depth, false);
      else fields.set(id, this.#value(type, inside, depth, false));
    }
  }

  #value(type: number, wanted: Wanted, depth: number, inList: boolean): ThriftValue {
    switch (type) {
      case TRUE:
      case FALSE:
        return inList ? this.#byte() === TRUE : type === TRUE;
      case BINARY:
        return this.#binary();
      case LIST:
      case SET:
        return this.#list(wanted, depth);
      case STRUCT:
        return this.struct(wanted, depth + 1);
      default:
        if (type < BYTE || type > I64) throw new ParquetFault(`Thrift type ${String(type)}`);
        return type === BYTE ? (this.#byte() << 24) >> 24 : this.#zigzag();
    }
  }

  #list(wanted: Wanted, depth: number): readonly ThriftValue[] {
    const { size, type } = this.#listHead();
    const list: ThriftValue[] = [];
    for (let index = 0; index < size; index++) list.push(this.#value(type, wanted, depth, true));
    return list;
  }

  #listHead(): { readonly size: number; readonly type: number } {
    const head = this.#byte();
    const size = head >> 4 === 15 ? this.#varint() : head >> 4;
    // Every element takes a byte at least.
    if (size > this.#bytes.length - this.at) throw new ParquetFault('a Thrift list without end');
    return { size, type: head & 15 };
  }

  #binary(): Buffer {
    const length = this.#varint();
    if (length > this.#bytes.length - this.at) throw new ParquetFault('a Thrift text without end');
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }

  #skip(type: number, depth: number, inList: boolean): void {
    if (depth > MOST_DEPTH) throw new ParquetFault('Thrift structs without end');
    switch (type) {
      case TRUE:
      case FALSE:
        if (inList) this.#byte();
        return;
      case BYTE:
        this.#byte();
        return;
      case DOUBLE:
        this.at += 8;
        return;
      case BINARY:
        this.#binary();
        return;
      case LIST:
      case SET: {
        const head = this.#listHead();
        for (let index = 0; index < head.size; index++) this.#skip(head.type, depth + 1, true);
        return;
      }
      case MAP:
        this.#skipMap(depth);
        return;
      case STRUCT:
        this.#skipStruct(depth + 1);
        return;
      default:
        if (type > I64 || type < BYTE) throw new ParquetFault(`Thrift type ${String(type)}`);
        this.#pass();
    }
  }

  #skipMap(depth: number): void {
    const size = this.#varint();
    if (size === 0) return;
    if (size > this.#bytes.length - this.at) throw new ParquetFault('a Thrift map without end');
    const types = this.#byte();
    for (let index = 0; index < size; index++) {
      this.#skip(types >> 4, depth + 1, true);
      this.#skip(types & 15, depth + 1, true);
    }
  }

  #skipStruct(depth: number): void {
    for (;;) {
      const head = this.#byte();
      if (head === 0) return;
      if (head >> 4 === 0) this.#zigzag();
      this.#skip(head & 15, depth, false);
    }
  }

  #byte(): number {
    const byte = this.#bytes[this.at++];
    if (byte === undefined) throw new ParquetFault('the bytes end inside a Thrift struct');
    return byte;
  }

  /** Passes a varint whose value nobody asked for. */
  #pass(): void {
    for (let read = 0; this.#byte() > 127; read++)
      if (read > MOST_VARINT) throw new ParquetFault('a Thrift number without end');
  }

  #varint(): number {
    let value = 0;
    let scale = 1;
    for (let read = 0; read < MOST_VARINT; read++) {
      const byte = this.#byte();
      value += (byte & 127) * scale;
      if (byte < 128) {
        // A length, a count or a place: nothing of Parquet is as large, and beyond this it would not be exact.
        if (value > Number.MAX_SAFE_INTEGER) throw new ParquetFault('a number beyond 2^53');
        return value;
      }
      scale *= 128;
    }
    throw new ParquetFault('a Thrift number without end');
  }

  #zigzag(): number {
    const value = this.#varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}

/** A field that is a list of structs. */
export function structs(value: ThriftValue | undefined): readonly Struct[] {
  if (!Array.isArray(value)) return [];
  return (value as readonly ThriftValue[]).filter((one): one is Struct => one instanceof Map);
}

/** A field that is a struct. */
export function structAt(value: ThriftValue | undefined): Struct | undefined {
  return value instanceof Map ? (value as Struct) : undefined;
}
