/**
 * What the indexes are built from: the keys of rows and their row ids, gathered by each worker while it reads, sorted
 * and put aside in runs of bounded size, merged in the end. Most columns that are worth an index hold few different
 * values many times: so values are sorted, not entries.
 */
import { Buffer } from 'node:buffer';
import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import type { ByteRow } from '../core/byte-row.ts';
import { release } from '../core/release.ts';
import { indexesNull, type TableShape } from './ddl.ts';
import type { IndexTree, Key } from './index-tree.ts';
import { KeyTable, KIND } from './key-table.ts';

/** Rows of a run. */
const RUN_ROWS = 131_072;
/** Rows there is room for at first: most sources have few. */
const FIRST_ROWS = 1024;
/** Bytes that are read and written at a time. */
const CHUNK_BYTES = 262_144;
/** Kind, length of the key, count of ids; ids and keys begin at multiples of eight bytes. */
const GROUP_HEADER = 16;

/** A sorted run of one index, in a file of its own. */
export interface IndexRun {
  readonly table: string;
  readonly column: string;
  readonly path: string;
}

/** Stored columns of a source that have an index of their own. Others are built by SQLite. */
export function plainIndexes(shape: TableShape): readonly string[] {
  const stored = new Set(shape.columns.map((column) => column.name));
  return [['time_us'], ...shape.indexes].flatMap((columns) =>
    columns.length === 1 && columns[0] !== undefined && stored.has(columns[0]) ? [columns[0]] : [],
  );
}

/** An index of a table, and the key of each row of the run at hand. */
interface Gathered {
  readonly column: string;
  /** Place of the column in a row's values. */
  readonly place: number;
  readonly keys: KeyTable;
  groups: Int32Array;
}

interface Table {
  ids: Float64Array;
  rows: number;
  readonly gathered: readonly Gathered[];
  /** Columns share their keys, texts and numbers: sources and destinations are the same addresses. */
  readonly keys: readonly KeyTable[];
}

/** Gathers keys of rows. */
export class RunWriter {
  readonly #path: string;
  readonly #tables = new Map<string, Table>();
  readonly #runs: IndexRun[] = [];
  /** The source whose row came last, and its table. */
  #shape: TableShape | undefined;
  #last: Table = { ids: new Float64Array(), rows: 0, gathered: [], keys: [] };

  /** @param path start of the names of its files. */
  constructor(path: string) {
    this.#path = path;
  }

  /** Adds a row. @param id larger than those of all rows of its table before. */
  add(shape: TableShape, values: readonly Key[], id: number): void {
    const table = this.#table(shape);
    const row = table.rows;
    for (const { place, keys, groups } of table.gathered) {
      groups[row] = keys.group(values[place] ?? null);
    }
    this.#next(shape.id, table, id);
  }

  /** The same for a row that is still bytes. */
  addBytes(shape: TableShape, bytes: ByteRow, id: number): void {
    const table = this.#table(shape);
    const row = table.rows;
    for (const { place, keys, groups } of table.gathered) {
      if (bytes.isText(place)) {
        groups[row] = keys.text(bytes.source(place), bytes.start(place), bytes.stop(place));
      } else {
        groups[row] = bytes.isNumber(place) ? keys.integer(bytes.number(place)) : 0;
      }
    }
    this.#next(shape.id, table, id);
  }

  /** Ends the gathering. */
  close(): readonly IndexRun[] {
    for (const [id, table] of this.#tables) {
      this.#spill(id, table);
      // The indexes need the memory at once, and not when it happens to be collected.
      release(table.ids);
      for (const { groups } of table.gathered) release(groups);
      for (const keys of table.keys) keys.close();
    }
    this.#tables.clear();
    this.#shape = undefined;
    return this.#runs;
  }

  #table(shape: TableShape): Table {
    if (shape === this.#shape) return this.#last;
    const table = this.#tableOf(shape);
    this.#shape = shape;
    this.#last = table;
    return table;
  }

  #tableOf(shape: TableShape): Table {
    let table = this.#tables.get(shape.id);
    if (table === undefined) {
      const names = shape.columns.map((column) => column.name);
      const [texts, integers] = [new KeyTable(), new KeyTable()];
      table = {
        ids: new Float64Array(FIRST_ROWS),
        rows: 0,
        gathered: plainIndexes(shape).map((column) => {
          const place = names.indexOf(column);
          const keys = shape.columns[place]?.type === 'TEXT' ? texts : integers;
          return { column, place, keys, groups: new Int32Array(FIRST_ROWS) };
        }),
        keys: [texts, integers],
      };
      this.#tables.set(shape.id, table);
    }
    return table;
  }

  #next(id: string, table: Table, rowId: number): void {
    table.ids[table.rows] = rowId;
    table.rows++;
    if (table.rows === RUN_ROWS) this.#spill(id, table);
    else if (table.rows === table.ids.length) grow(table);
  }

  #spill(id: string, table: Table): void {
    if (table.rows === 0) return;
    for (const { column, keys, groups } of table.gathered) {
      const path = `${this.#path}-${String(this.#runs.length)}`;
      if (writeRun(path, keys, table.ids.subarray(0, table.rows), groups, indexesNull([column])))
        this.#runs.push({ table: id, column, path });
    }
    for (const keys of table.keys) keys.endRun();
    table.rows = 0;
  }
}

function grow(table: Table): void {
  const size = table.ids.length * 2;
  const ids = new Float64Array(size);
  ids.set(table.ids);
  table.ids = ids;
  for (const gathered of table.gathered) {
    const groups = new Int32Array(size);
    groups.set(gathered.groups);
    gathered.groups = groups;
  }
}

/**
 * @param groups key of the row with the id in the same place.
 * @param whole whether rows without a key are written too.
 * @returns false if there was nothing to write, and there is no file.
 */
function writeRun(
  path: string,
  keys: KeyTable,
  ids: Float64Array,
  groups: Int32Array,
  whole: boolean,
): boolean {
  // Counting sort: how many rows a key has says where its ids begin.
  const counts = new Int32Array(keys.size);
  for (let row = 0; row < ids.length; row++) {
    const group = groups[row] ?? 0;
    counts[group] = (counts[group] ?? 0) + 1;
  }
  if (!whole && counts[0] === ids.length) return false;
  const order = keys.sorted();
  const next = new Int32Array(keys.size);
  let sum = 0;
  for (const group of order) {
    next[group] = sum;
    sum += counts[group] ?? 0;
  }
  const sorted = new Float64Array(ids.length);
  for (let row = 0; row < ids.length; row++) {
    const group = groups[row] ?? 0;
    const place = next[group] ?? 0;
    sorted[place] = ids[row] ?? 0;
    next[group] = place + 1;
  }

  const file = openSync(path, 'wx');
  let buffer: Buffer<ArrayBuffer> = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  let doubles = new Float64Array(buffer.buffer);
  let fill = 0;
  const flush = (): void => {
    for (let done = 0; done < fill;) done += writeSync(file, buffer, done, fill - done);
    fill = 0;
  };
  for (const group of order) {
    const count = counts[group] ?? 0;
    // Group 0 has no key.
    if (count === 0 || (group === 0 && !whole)) continue;
    const length = keys.length(group);
    const bytes = GROUP_HEADER + aligned(length) + 8 * count;
    if (fill + bytes > buffer.length) {
      flush();
      if (bytes > buffer.length) {
        buffer = Buffer.allocUnsafeSlow(bytes);
        doubles = new Float64Array(buffer.buffer);
      }
    }
    buffer[fill] = keys.kind(group);
    buffer.writeUInt32LE(length, fill + 4);
    buffer.writeUInt32LE(count, fill + 8);
    keys.put(buffer, fill + GROUP_HEADER, group);
    const from = (next[group] ?? 0) - count;
    const at = (fill + GROUP_HEADER + aligned(length)) / 8;
    for (let index = 0; index < count; index++) doubles[at + index] = sorted[from + index] ?? 0;
    fill += bytes;
  }
  flush();
  closeSync(file);
  return true;
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

// Keys are short, and most differ early: a call into native code would cost more.
function compareTexts(text: Buffer, other: Buffer): number {
  const common = Math.min(text.length, other.length);
  for (let index = 0; index < common; index++) {
    const difference = (text[index] ?? 0) - (other[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return text.length - other.length;
}

function isInteger(kind: number): boolean {
  return kind === KIND.safe || kind === KIND.integer;
}

/** Reads a run, group by group; the one at hand is in its fields. */
class RunReader {
  ended = false;
  kind = -1;
  /** The key's number. */
  number: number | bigint = 0;
  /** The key's text as UTF-8. */
  text = Buffer.alloc(0);
  /** Ids of the group: `doubles[from..to)`, until the next one is read. */
  doubles = new Float64Array();
  from = 0;
  to = 0;
  readonly #file: number;
  #buffer: Buffer<ArrayBuffer> = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  #at = 0;
  #end = 0;

  constructor(path: string) {
    this.doubles = new Float64Array(this.#buffer.buffer);
    this.#file = openSync(path, 'r');
  }

  /** The next group; false at the end, when the file is closed. */
  next(): boolean {
    if (!this.#have(GROUP_HEADER)) {
      this.ended = true;
      closeSync(this.#file);
      release(this.#buffer);
      return false;
    }
    const kind = this.#buffer[this.#at] ?? 0;
    const length = this.#buffer.readUInt32LE(this.#at + 4);
    const count = this.#buffer.readUInt32LE(this.#at + 8);
    this.#at += GROUP_HEADER;
    const body = aligned(length);
    if (!this.#have(body + 8 * count)) throw new RangeError('an index run ends inside a group');
    const buffer = this.#buffer;
    const at = this.#at;
    this.kind = kind;
    if (kind === KIND.safe) this.number = buffer.readDoubleLE(at);
    else if (kind === KIND.integer) this.number = buffer.readBigInt64BE(at);
    else if (kind === KIND.text) this.text = buffer.subarray(at, at + length);
    this.from = (at + body) / 8;
    this.to = this.from + count;
    this.#at = at + body + 8 * count;
    return true;
  }

  key(): Key {
    if (this.kind === KIND.null) return null;
    return this.kind === KIND.text ? this.text.toString('utf8') : this.number;
  }

  compare(other: RunReader): number {
    if (this.kind === KIND.text && other.kind === KIND.text) {
      return compareTexts(this.text, other.text);
    }
    if (isInteger(this.kind) && isInteger(other.kind)) {
      if (this.number < other.number) return -1;
      return this.number > other.number ? 1 : 0;
    }
    return this.kind - other.kind;
  }

  #have(bytes: number): boolean {
    if (this.#end - this.#at >= bytes) return true;
    const rest = this.#buffer.subarray(this.#at, this.#end);
    const larger =
      bytes > this.#buffer.length
        ? Buffer.allocUnsafeSlow(aligned(bytes + CHUNK_BYTES))
        : this.#buffer;
    rest.copy(larger, 0);
    if (larger !== this.#buffer) {
      release(this.#buffer);
      this.#buffer = larger;
      this.doubles = new Float64Array(larger.buffer, 0, Math.floor(larger.length / 8));
    }
    this.#end -= this.#at;
    this.#at = 0;
    while (this.#end < bytes) {
      const read = readSync(this.#file, larger, this.#end, larger.length - this.#end, null);
      if (read === 0) return false;
      this.#end += read;
    }
    return true;
  }
}

/** Merges the runs of one index into its tree and removes them. */
export function mergeRuns(runs: readonly IndexRun[], tree: Pick<IndexTree, 'add'>): void {
  let readers = runs.map(({ path }) => new RunReader(path)).filter((reader) => reader.next());
  let same: RunReader[] = [];
  const merger = new IdMerger();
  while (readers.length > 0) {
    same.length = 0;
    for (const reader of readers) {
      const order = same[0] === undefined ? -1 : reader.compare(same[0]);
      if (order < 0) same = [reader];
      else if (order === 0) same.push(reader);
    }
    const [least] = same;
    if (least === undefined) break;
    const key = least.key();
    if (same.length === 1) {
      tree.add(key, least.doubles, least.from, least.to);
    } else {
      const count = merger.merge(same);
      tree.add(key, merger.ids, 0, count);
    }
    let ended = false;
    for (const reader of same) ended = !reader.next() || ended;
    if (ended) readers = readers.filter((reader) => !reader.ended);
  }
  merger.close();
  for (const { path } of runs) rmSync(path);
}

/** Puts the ids of a key in order; its memory serves for the next key. */
class IdMerger {
  /** Valid up to what {@link IdMerger.merge} gave. */
  ids = new Float64Array(1024);
  #right = new Float64Array(1024);

  /** Ids of some groups, ascending in each: how many there are. */
  merge(groups: readonly RunReader[]): number {
    const count = groups.reduce((sum, { from, to }) => sum + to - from, 0);
    if (count > this.ids.length) this.ids = new Float64Array(Math.ceil(1.5 * count));
    const { ids } = this;
    /** Where stretches begin that ascend: those of one worker's runs, which come one after the other, are one. */
    const starts = [0];
    let fill = 0;
    for (const { doubles, from, to } of groups) {
      if (fill > 0 && (doubles[from] ?? 0) < (ids[fill - 1] ?? 0)) starts.push(fill);
      for (let index = from; index < to; index++) ids[fill++] = doubles[index] ?? 0;
    }
    const [, middle] = starts;
    if (starts.length === 2 && middle !== undefined) this.#mergeTwo(middle, count);
    else if (starts.length > 2) ids.subarray(0, count).sort();
    return count;
  }

  /** Gives the memory back. */
  close(): void {
    release(this.ids);
    release(this.#right);
  }

  // From the end, with what stands there put aside.
  #mergeTwo(middle: number, count: number): void {
    const { ids } = this;
    if (count - middle > this.#right.length)
      this.#right = new Float64Array(Math.ceil(1.5 * (count - middle)));
    const right = this.#right;
    right.set(ids.subarray(middle, count));
    let one = middle - 1;
    let other = count - middle - 1;
    for (let place = count - 1; other >= 0; place--) {
      const takeRight = one < 0 || (ids[one] ?? 0) < (right[other] ?? 0);
      ids[place] = (takeRight ? right[other] : ids[one]) ?? 0;
      if (takeRight) other--;
      else one--;
    }
  }
}
