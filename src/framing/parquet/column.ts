/** One column of a row group, page by page: memory for one page and the dictionary, whatever the row group's size. */
import type { Buffer } from 'node:buffer';
import { crc32 } from 'node:zlib';
import { MOST_PAGE, unpack } from './codec.ts';
import { ParquetFault, within } from './fault.ts';
import type { Chunk, FileBytes } from './footer.ts';
import { HybridReader } from './numbers.ts';
import type { Leaf } from './schema.ts';
import { type Struct, structAt, ThriftReader, type ThriftValue, type Wanted } from './thrift.ts';
import { Dictionary, ENCODING, type Values, valuesOf } from './values.ts';

const LEAF: Wanted = {};
/** PageHeader: type, both sizes, crc; of the three kinds of page what is needed to read them. */
const HEADER: Wanted = {
  1: LEAF,
  2: LEAF,
  3: LEAF,
  4: LEAF,
  5: { 1: LEAF, 2: LEAF, 3: LEAF, 4: LEAF },
  7: { 1: LEAF, 2: LEAF },
  8: { 1: LEAF, 4: LEAF, 5: LEAF, 6: LEAF, 7: LEAF },
};
/** Bytes in which a page's header is looked for first, and at most: it may hold the least and the largest value. */
const HEADER_BYTES = 512;
const MOST_HEADER = 16 * 2 ** 20;

const DATA = 0;
const DICTIONARY = 2;
const DATA_2 = 3;

const MOST_VALUES = 2 ** 31 - 1;

/** Memory of all pages that are open at once. */
export class PageBudget {
  readonly #most: number;
  #held = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** @throws ParquetFault where it is used up. */
  take(bytes: number): void {
    this.#held += bytes;
    if (this.#held > this.#most) {
      throw new ParquetFault(
        `its pages need more than ${String(this.#most)} bytes of memory at once`,
      );
    }
  }

  give(bytes: number): void {
    this.#held -= bytes;
  }
}

/** The triples of a column: how often it repeats, how much of its path is there, and its value. */
export class ColumnCursor {
  readonly leaf: Leaf;
  readonly #file: FileBytes;
  readonly #chunk: Chunk;
  readonly #budget: PageBudget;
  #at: number;
  #dictionary: Dictionary | undefined;
  #pageBytes = 0;
  #dictionaryBytes = 0;
  /** Triples left in the page, the one at hand not among them. */
  #left = 0;
  #repetitions: HybridReader | undefined;
  #definitions: HybridReader | undefined;
  #values: Values = () => '';

  /** True if a triple is at hand; then {@link ColumnCursor.repetition} and {@link ColumnCursor.definition} are its levels. */
  open = false;
  repetition = 0;
  definition = 0;
  /**
   * Why the next triple cannot be read, in a column in which it begins another row: the row at hand is whole. In a column
   * that repeats it may belong to the row, and the fault is thrown.
   */
  fault: ParquetFault | undefined;

  /** Reads the first page. @throws ParquetFault as all its methods. */
  constructor(leaf: Leaf, file: FileBytes, chunk: Chunk, budget: PageBudget) {
    this.leaf = leaf;
    this.#file = file;
    this.#chunk = chunk;
    this.#budget = budget;
    this.#at = chunk.from;
    this.#step();
  }

  /** The value at hand, which is there, and on to the next triple. */
  take(): string {
    const text = this.#values();
    this.#step();
    return text;
  }

  /** On to the next triple; the one at hand has no value. */
  pass(): void {
    this.#step();
  }

  #step(): void {
    try {
      this.#next();
    } catch (error) {
      if (!(error instanceof ParquetFault) || this.leaf.level > 0) throw error;
      this.fault = error;
    }
  }

  #next(): void {
    while (this.#left === 0) {
      if (this.#at >= this.#chunk.to) {
        this.open = false;
        return;
      }
      this.#page();
    }
    this.#left--;
    this.open = true;
    const { level, definition } = this.leaf;
    this.repetition = this.#repetitions?.next() ?? 0;
    this.definition = this.#definitions?.next() ?? definition;
    if (this.repetition > level || this.definition > definition)
      throw new ParquetFault('a level beyond those of the column');
  }

  #page(): void {
    const header = this.#header();
    const size = within(header.get(2), 0, MOST_PAGE, 'the size of a page');
    const packed = within(header.get(3), 0, this.#chunk.to - this.#at, 'the packed size of a page');
    const bytes = this.#file.read(this.#at, packed);
    this.#at += packed;
    const sum = header.get(4);
    // Stored as a signed number.
    if (typeof sum === 'number' && sum >>> 0 !== crc32(bytes))
      throw new ParquetFault('the checksum of a page does not match its content');
    const type = header.get(1);
    if (type === DICTIONARY) this.#takeDictionary(header, bytes, size);
    else if (type === DATA) this.#takeData(structAt(header.get(5)), bytes, size);
    else if (type === DATA_2) this.#takeData2(structAt(header.get(8)), bytes, size);
    // Pages of other kinds hold no values (parquet.thrift, enum PageType).
  }

  #header(): Struct {
    for (let most = HEADER_BYTES; ; most *= 16) {
      const length = Math.min(most, this.#chunk.to - this.#at);
      const reader = new ThriftReader(this.#file.read(this.#at, length));
      try {
        const header = reader.struct(HEADER);
        if (reader.at > length) throw new ParquetFault('the bytes end inside a Thrift struct');
        this.#at += reader.at;
        return header;
      } catch (error) {
        const isWhole = length < most || most > MOST_HEADER;
        if (isWhole || !(error instanceof ParquetFault)) throw error;
      }
    }
  }

  #takeDictionary(header: Struct, bytes: Buffer, size: number): void {
    if (this.#dictionary !== undefined) throw new ParquetFault('a second dictionary');
    const own = structAt(header.get(7));
    const count = within(own?.get(1), 0, MOST_VALUES, 'the number of values of a dictionary');
    const encoding = within(own?.get(2), 0, 255, 'the encoding of a dictionary');
    if (encoding !== ENCODING.plain && encoding !== ENCODING.plainDictionary)
      throw new ParquetFault(`encoding ${String(encoding)} of a dictionary`);
    this.#budget.take(size);
    this.#dictionaryBytes = size;
    this.#dictionary = new Dictionary(this.leaf, unpack(this.#chunk.codec, bytes, size), count);
  }

  #takeData(own: Struct | undefined, bytes: Buffer, size: number): void {
    const count = within(own?.get(1), 0, MOST_VALUES, 'the number of values of a page');
    const { level, definition } = this.leaf;
    const page = this.#unpack(bytes, size);
    let at = 0;
    const runs = (most: number, encoding: ThriftValue | undefined): HybridReader | undefined => {
      if (most === 0) return undefined;
      if (encoding !== ENCODING.rle) {
        const other = within(encoding, 0, 255, 'the encoding of levels');
        throw new ParquetFault(`encoding ${String(other)} of levels`);
      }
      if (at + 4 > page.length) throw new ParquetFault('a page ends before its levels');
      const from = at + 4;
      const end = from + page.readUInt32LE(at);
      if (end > page.length) throw new ParquetFault('a page ends inside its levels');
      at = end;
      return new HybridReader(page, from, end, bitsOf(most));
    };
    this.#repetitions = runs(level, own?.get(4));
    this.#definitions = runs(definition, own?.get(3));
    this.#open(own?.get(2), page.subarray(at), count);
  }

  #takeData2(own: Struct | undefined, bytes: Buffer, size: number): void {
    const count = within(own?.get(1), 0, MOST_VALUES, 'the number of values of a page');
    const definitions = within(own?.get(5), 0, bytes.length, 'the length of levels');
    const repetitions = within(own?.get(6), 0, bytes.length - definitions, 'the length of levels');
    const levels = definitions + repetitions;
    const { level, definition } = this.leaf;
    const isPacked = own?.get(7) !== false;
    const rest = bytes.subarray(levels);
    if (size < levels) throw new ParquetFault('a page is shorter than its levels');
    const values =
      isPacked && (rest.length > 0 || size > levels)
        ? this.#unpack(rest, size - levels)
        : this.#hold(rest);
    this.#repetitions =
      level === 0 ? undefined : new HybridReader(bytes, 0, repetitions, bitsOf(level));
    this.#definitions =
      definition === 0
        ? undefined
        : new HybridReader(bytes, repetitions, levels, bitsOf(definition));
    this.#open(own?.get(4), values, count);
  }

  #unpack(bytes: Buffer, size: number): Buffer {
    this.#budget.give(this.#pageBytes);
    this.#pageBytes = size;
    this.#budget.take(size);
    return unpack(this.#chunk.codec, bytes, size);
  }

  #hold(bytes: Buffer): Buffer {
    this.#budget.give(this.#pageBytes);
    this.#pageBytes = 0;
    return bytes;
  }

  #open(encoding: ThriftValue | undefined, page: Buffer, count: number): void {
    this.#left = count;
    this.#values = valuesOf(
      this.leaf,
      within(encoding, 0, 255, 'the encoding of a page'),
      page,
      count,
      this.#dictionary,
    );
  }

  /** Gives its memory back. */
  close(): void {
    this.#budget.give(this.#pageBytes + this.#dictionaryBytes);
    this.#pageBytes = 0;
    this.#dictionaryBytes = 0;
  }
}

function bitsOf(most: number): number {
  return 32 - Math.clz32(most);
}
