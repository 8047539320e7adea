/** Values of one page as JSON text, one after another (parquet-format, Encodings.md). */
import { Buffer } from 'node:buffer';
import { ParquetFault } from './fault.ts';
import { DeltaReader, HybridReader } from './numbers.ts';
import { integerText, type Render, renderOf } from './render.ts';
import { type Leaf, TYPE } from './schema.ts';

/** Gives the text of the next value. */
export type Values = () => string;

/** Encodings (parquet.thrift, enum Encoding). */
export const ENCODING = {
  plain: 0,
  plainDictionary: 2,
  rle: 3,
  deltaBinaryPacked: 5,
  deltaLengthByteArray: 6,
  deltaByteArray: 7,
  rleDictionary: 8,
  byteStreamSplit: 9,
} as const;

/** Values of a page whose lengths have to be read before the first. */
const MOST_LENGTHS = 2 ** 24;

const SIZES: Readonly<Record<number, number>> = {
  [TYPE.int32]: 4,
  [TYPE.int64]: 8,
  [TYPE.int96]: 12,
  [TYPE.float]: 4,
  [TYPE.double]: 8,
};

/** A dictionary: texts of its values, made when they are first asked for. */
export class Dictionary {
  readonly #page: Buffer;
  readonly #places: Int32Array;
  readonly #texts: (string | undefined)[] = [];
  readonly #render: Render;

  /** @param count of the values in the page, which are plain. */
  constructor(leaf: Leaf, page: Buffer, count: number) {
    const size = leaf.type === TYPE.fixed ? leaf.width : SIZES[leaf.type];
    // A value has a length of four bytes, or its own size: the count cannot be more than that allows.
    if (leaf.type === TYPE.boolean || count > page.length / (size ?? 4))
      throw new ParquetFault('a dictionary of more values than its page holds');
    this.#page = page;
    this.#render = renderOf(leaf);
    this.#places = new Int32Array(2 * count);
    let at = 0;
    for (let index = 0; index < count; index++) {
      const span = size ?? lengthAt(page, at);
      if (size === undefined) at += 4;
      this.#places[2 * index] = at;
      at += span;
      if (at > page.length) throw ended();
      this.#places[2 * index + 1] = at;
    }
  }

  text(index: number): string {
    const known = this.#texts[index];
    if (known !== undefined) return known;
    const start = this.#places[2 * index];
    const end = this.#places[2 * index + 1];
    if (start === undefined || end === undefined)
      throw new ParquetFault(`value ${String(index)} of a dictionary that has no such value`);
    const text = this.#render(this.#page, start, end);
    this.#texts[index] = text;
    return text;
  }
}

function ended(): ParquetFault {
  return new ParquetFault('a page has fewer values than its header says');
}

function lengthAt(page: Buffer, at: number): number {
  if (at + 4 > page.length) throw ended();
  return page.readUInt32LE(at);
}

/**
 * The values of a page.
 * @param count of triples in the page, nulls among them.
 * @throws ParquetFault where the encoding is none that this type has.
 */
export function valuesOf(
  leaf: Leaf,
  encoding: number,
  page: Buffer,
  count: number,
  dictionary: Dictionary | undefined,
): Values {
  switch (encoding) {
    case ENCODING.plain:
      return plain(leaf, page);
    case ENCODING.plainDictionary:
    case ENCODING.rleDictionary:
      return fromDictionary(page, dictionary);
    case ENCODING.rle:
      if (leaf.type === TYPE.boolean) return booleans(page);
      break;
    case ENCODING.deltaBinaryPacked:
      if (leaf.type === TYPE.int32 || leaf.type === TYPE.int64) return deltas(leaf, page);
      break;
    case ENCODING.deltaLengthByteArray:
      if (leaf.type === TYPE.bytes) return deltaLengths(leaf, page, count);
      break;
    case ENCODING.deltaByteArray:
      if (leaf.type === TYPE.bytes || leaf.type === TYPE.fixed) return prefixes(leaf, page, count);
      break;
    case ENCODING.byteStreamSplit:
      if (leaf.type !== TYPE.boolean && leaf.type !== TYPE.int96 && leaf.type !== TYPE.bytes)
        return split(leaf, page);
      break;
    default:
  }
  throw new ParquetFault(`encoding ${String(encoding)} is not known for its type`);
}

function plain(leaf: Leaf, page: Buffer): Values {
  const render = renderOf(leaf);
  let at = 0;
  if (leaf.type === TYPE.boolean) {
    return () => {
      const byte = page[at >> 3];
      if (byte === undefined) throw ended();
      return ((byte >> (at++ & 7)) & 1) === 1 ? 'true' : 'false';
    };
  }
  const size = leaf.type === TYPE.fixed ? leaf.width : SIZES[leaf.type];
  return () => {
    const start = size === undefined ? at + 4 : at;
    const end = start + (size ?? lengthAt(page, at));
    if (end > page.length) throw ended();
    at = end;
    return render(page, start, end);
  };
}

function fromDictionary(page: Buffer, dictionary: Dictionary | undefined): Values {
  if (dictionary === undefined) throw new ParquetFault('a page of a dictionary that is not there');
  // A page of nulls alone may have no bytes.
  const places = new HybridReader(page, 1, page.length, page[0] ?? 0);
  return () => dictionary.text(places.next());
}

function booleans(page: Buffer): Values {
  // The length of the runs stands before them.
  const runs = new HybridReader(page, 4, Math.min(page.length, 4 + lengthAt(page, 0)), 1);
  return () => (runs.next() === 1 ? 'true' : 'false');
}

function deltas(leaf: Leaf, page: Buffer): Values {
  const reader = new DeltaReader(page, 0);
  const text = integerText(leaf.meaning);
  const bits = leaf.type === TYPE.int32 ? 32 : 64;
  const isUnsigned = leaf.meaning.kind === 'unsigned';
  return () => {
    const value = reader.next();
    return text(isUnsigned ? BigInt.asUintN(bits, value) : BigInt.asIntN(bits, value));
  };
}

function lengthsFrom(page: Buffer, from: number, count: number): DeltaReader {
  const reader = new DeltaReader(page, from);
  if (reader.count > Math.min(count, MOST_LENGTHS))
    throw new ParquetFault('a page has more lengths than its header says values');
  return reader;
}

function deltaLengths(leaf: Leaf, page: Buffer, count: number): Values {
  const render = renderOf(leaf);
  const lengths = lengthsFrom(page, 0, count);
  let at = lengthsFrom(page, 0, count).end();
  return () => {
    const start = at;
    at += asLength(lengths.next(), page.length - at);
    return render(page, start, at);
  };
}

function prefixes(leaf: Leaf, page: Buffer, count: number): Values {
  const render = renderOf(leaf);
  const kept = lengthsFrom(page, 0, count);
  const from = lengthsFrom(page, 0, count).end();
  const rests = lengthsFrom(page, from, count);
  let at = lengthsFrom(page, from, count).end();
  let last = Buffer.alloc(0);
  return () => {
    const prefix = asLength(kept.next(), last.length);
    const rest = asLength(rests.next(), page.length - at);
    last = Buffer.concat([last.subarray(0, prefix), page.subarray(at, at + rest)]);
    at += rest;
    if (leaf.type === TYPE.fixed && last.length !== leaf.width) throw ended();
    return render(last, 0, last.length);
  };
}

function asLength(value: bigint, most: number): number {
  if (value < 0n || value > BigInt(most)) throw ended();
  return Number(value);
}

function split(leaf: Leaf, page: Buffer): Values {
  const render = renderOf(leaf);
  const size = leaf.type === TYPE.fixed ? leaf.width : (SIZES[leaf.type] ?? 1);
  const values = Math.floor(page.length / size);
  const value = Buffer.alloc(size);
  let index = 0;
  return () => {
    if (index >= values) throw ended();
    for (let byte = 0; byte < size; byte++) value[byte] = page[byte * values + index] ?? 0;
    index++;
    return render(value, 0, size);
  };
}
