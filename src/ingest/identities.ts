/**
 * Which records share their identity with another: found by the marks that workers give, 32 bits of each identity. Marks
 * meet by chance now and then: then a record is looked at without need, for equality is always checked on the records.
 */
import type { HourCount, RowMarks } from '../db/row-marks.ts';

/** Records of a source whose marks are held in memory (64 MiB); of more, SQLite finds out by itself. */
const MOST = 2 ** 24;

interface Own {
  readonly parts: Pick<RowMarks, 'marks' | 'runs'>[];
  rows: number;
}

/** Gathers what the workers saw. */
export class Identities {
  /** By source; undefined where they were too many to hold. */
  readonly #sources = new Map<string, Own | undefined>();
  readonly #hours = new Map<string, HourCount[] | undefined>();

  add(lists: readonly RowMarks[]): void {
    for (const { source, marks, runs, hours } of lists) {
      if (!this.#sources.has(source)) {
        this.#sources.set(source, { parts: [], rows: 0 });
        this.#hours.set(source, []);
      }
      const own = this.#sources.get(source);
      if (own !== undefined) {
        own.parts.push({ marks, runs });
        own.rows += marks.length;
        if (own.rows > MOST) this.#sources.set(source, undefined);
      }
      if (hours === undefined) this.#hours.set(source, undefined);
      else this.#hours.get(source)?.push(...hours);
    }
  }

  /** True if the source has records. */
  any(source: string): boolean {
    return this.#sources.has(source);
  }

  /** What the workers counted of a source, several counts for an hour; undefined if they did not. */
  hours(source: string): readonly HourCount[] | undefined {
    return this.#hours.get(source);
  }

  /** Row ids of the records that may share their identity, ascending; undefined if there were too many to hold. */
  shared(source: string): Float64Array | undefined {
    const own = this.#sources.get(source);
    return own === undefined ? undefined : sharedIds(own);
  }
}

/** Bits of the filter for each row: one row in sixteen meets another's bit without sharing its mark. */
const FILTER_BITS = 8;

function sharedIds({ parts, rows }: Own): Float64Array {
  const met = metMarks(parts, rows);
  if (met.length === 0) return new Float64Array();

  // Of every shared mark all but the first met another: so only marks that did are counted, in a filter and a table that are small.
  const table = new MarkTable(met.length);
  const filter = new Filter(met.length * FILTER_BITS);
  for (const mark of met) {
    table.add(mark);
    filter.meets(mark);
  }
  let found = 0;
  for (const { marks } of parts) {
    for (const mark of marks) if (filter.holds(mark) && table.count(mark)) found++;
  }

  const ids = new Float64Array(found);
  let fill = 0;
  for (const { marks, runs } of parts) {
    let run = 0;
    for (let place = 0; place < marks.length; place++) {
      while (place >= (runs[run + 2] ?? Infinity)) run += 2;
      const mark = marks[place] ?? 0;
      if (!filter.holds(mark) || !table.isShared(mark)) continue;
      ids[fill++] = (runs[run + 1] ?? 0) + place - (runs[run] ?? 0);
    }
  }
  return ids.slice(0, fill).sort();
}

/** Marks whose bit another mark before had set. */
function metMarks(parts: Own['parts'], rows: number): Uint32Array {
  const filter = new Filter(rows * FILTER_BITS);
  let met = new Uint32Array(1024);
  let count = 0;
  for (const { marks } of parts) {
    for (const mark of marks) {
      if (!filter.meets(mark)) continue;
      if (count === met.length) {
        const larger = new Uint32Array(2 * count);
        larger.set(met);
        met = larger;
      }
      met[count++] = mark;
    }
  }
  return met.subarray(0, count);
}

/** A bit for each of many marks. */
class Filter {
  readonly #words: Int32Array;
  readonly #mask: number;

  constructor(bits: number) {
    const size = Math.min(2 ** 30, Math.max(32, 2 ** Math.ceil(Math.log2(bits + 1))));
    this.#words = new Int32Array(size / 32);
    this.#mask = size - 1;
  }

  /** Sets a mark's bit; whether it was set before. */
  meets(mark: number): boolean {
    const bit = mark & this.#mask;
    const word = this.#words[bit >>> 5] ?? 0;
    const one = 1 << (bit & 31);
    this.#words[bit >>> 5] = word | one;
    return (word & one) !== 0;
  }

  holds(mark: number): boolean {
    const bit = mark & this.#mask;
    return ((this.#words[bit >>> 5] ?? 0) & (1 << (bit & 31))) !== 0;
  }
}

/** Marks, and whether each was counted more than once. */
class MarkTable {
  readonly #slots: Uint32Array;
  /** 0: nothing here; 1: a mark; 2 and 3: counted once, more than once. */
  readonly #states: Uint8Array;
  readonly #mask: number;

  constructor(most: number) {
    const size = 2 ** Math.ceil(Math.log2(2 * most + 2));
    this.#slots = new Uint32Array(size);
    this.#states = new Uint8Array(size);
    this.#mask = size - 1;
  }

  add(mark: number): void {
    const place = this.#place(mark);
    this.#slots[place] = mark;
    this.#states[place] = 1;
  }

  /** Counts a mark that is here; false if it is not. */
  count(mark: number): boolean {
    const place = this.#place(mark);
    const state = this.#states[place] ?? 0;
    if (state === 0) return false;
    this.#states[place] = state === 1 ? 2 : 3;
    return true;
  }

  isShared(mark: number): boolean {
    return this.#states[this.#place(mark)] === 3;
  }

  #place(mark: number): number {
    let place = (mark ^ (mark >>> 15)) & this.#mask;
    while (this.#states[place] !== 0 && this.#slots[place] !== mark) {
      place = (place + 1) & this.#mask;
    }
    return place;
  }
}
