/**
 * What the indexes are built from: the keys of rows and their row ids, gathered by each worker while it reads, sorted
 * and put aside in runs of bounded size, merged in the end. Most columns that are worth an index hold few different
 * values many times: so values are sorted, not entries.
 */
import { Buffer } from 'node:buffer';
import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import type { TableShape } from './ddl.ts';
import type { IndexTree, Key } from './index-tree.ts';

/** Rows of a run. */
const RUN_ROWS = 131_072;
/** Bytes that are read and written at a time. */
const CHUNK_BYTES = 262_144;
/** Kind, length of the key, count of ids; ids and keys begin at multiples of eight bytes. */
const GROUP_HEADER = 16;

const KIND = { null: 0, safe: 1, integer: 2, text: 3 } as const;

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

type Groups = Map<Key, number[]>;

interface Gathered {
  readonly table: string;
  readonly column: string;
  /** Place of the column in a row's values. */
  readonly place: number;
  readonly groups: Groups;
}

/** Gathers keys of rows. */
export class RunWriter {
  readonly #path: string;
  readonly #tables = new Map<string, readonly Gathered[]>();
  readonly #runs: IndexRun[] = [];
  #rows = 0;

  /** @param path start of the names of its files. */
  constructor(path: string) {
    this.#path = path;
  }

  /** Adds a row. @param id larger than those of all rows of its table before. */
  add(shape: TableShape, values: readonly Key[], id: number): void {
    let gathered = this.#tables.get(shape.id);
    if (gathered === undefined) {
      gathered = gatheredOf(shape);
      this.#tables.set(shape.id, gathered);
    }
    for (const { place, groups } of gathered) {
      const value = values[place] ?? null;
      const key = typeof value === 'bigint' ? normal(value) : value;
      const ids = groups.get(key);
      if (ids === undefined) groups.set(key, [id]);
      else ids.push(id);
    }
    this.#rows++;
    if (this.#rows === RUN_ROWS) this.#spill();
  }

  /** Ends the gathering. */
  close(): readonly IndexRun[] {
    this.#spill();
    return this.#runs;
  }

  #spill(): void {
    for (const { table, column, groups } of [...this.#tables.values()].flat()) {
      if (groups.size === 0) continue;
      const path = `${this.#path}-${String(this.#runs.length)}`;
      writeRun(path, groups);
      groups.clear();
      this.#runs.push({ table, column, path });
    }
    this.#rows = 0;
  }
}

function gatheredOf(shape: TableShape): readonly Gathered[] {
  const names = shape.columns.map((column) => column.name);
  return plainIndexes(shape).map((column) => ({
    table: shape.id,
    column,
    place: names.indexOf(column),
    groups: new Map(),
  }));
}

/** The one form of a key: integers are numbers where a number holds them. */
function normal(key: bigint): Key {
  return Number.isSafeInteger(Number(key)) ? Number(key) : key;
}

function writeRun(path: string, groups: Groups): void {
  const file = openSync(path, 'wx');
  let buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  let fill = 0;
  const flush = (): void => {
    for (let done = 0; done < fill;) done += writeSync(file, buffer, done, fill - done);
    fill = 0;
  };
  for (const key of sortedKeys(groups)) {
    const ids = groups.get(key) ?? [];
    const most = GROUP_HEADER + (typeof key === 'string' ? 3 * key.length + 8 : 8) + 8 * ids.length;
    if (fill + most > buffer.length) {
      flush();
      if (most > buffer.length) buffer = Buffer.allocUnsafeSlow(most);
    }
    const start = fill + GROUP_HEADER;
    const length = putKey(buffer, start, key);
    buffer[fill] = kindOf(key);
    buffer.writeUInt32LE(length, fill + 4);
    buffer.writeUInt32LE(ids.length, fill + 8);
    fill = aligned(start + length);
    new Float64Array(buffer.buffer, fill, ids.length).set(ids);
    fill += 8 * ids.length;
  }
  flush();
  closeSync(file);
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

function kindOf(key: Key): number {
  if (key === null) return KIND.null;
  if (typeof key === 'string') return KIND.text;
  return typeof key === 'number' ? KIND.safe : KIND.integer;
}

function putKey(target: Buffer, at: number, key: Key): number {
  if (key === null) return 0;
  if (typeof key === 'string') return target.write(key, at, 'utf8');
  if (typeof key === 'number') target.writeDoubleLE(key, at);
  else target.writeBigInt64LE(key, at);
  return 8;
}

/** In SQLite's order: NULL, integers, then texts by their bytes. A column holds one of the two kinds. */
function sortedKeys(groups: Groups): readonly Key[] {
  const keys = [...groups.keys()].filter((key) => key !== null);
  // Up to U+D7FF, UTF-16 units and UTF-8 bytes sort alike, and comparing strings is faster.
  const byBytes = keys.some((key) => typeof key === 'string' && /[\ud800-\uffff]/.test(key));
  keys.sort(
    byBytes
      ? (a, b) => Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)))
      : (a, b) => (a < b ? -1 : a > b ? 1 : 0),
  );
  return groups.has(null) ? [null, ...keys] : keys;
}

function isInteger(kind: number): boolean {
  return kind === KIND.safe || kind === KIND.integer;
}

/** Reads a run, group by group; the one at hand is in its fields. */
class RunReader {
  kind = -1;
  /** The key's number. */
  number: number | bigint = 0;
  /** The key's text as UTF-8. */
  text = Buffer.alloc(0);
  ids = new Float64Array();
  readonly #file: number;
  #buffer: Buffer<ArrayBuffer> = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  #at = 0;
  #end = 0;

  constructor(path: string) {
    this.#file = openSync(path, 'r');
  }

  /** The next group; false at the end, when the file is closed. */
  next(): boolean {
    if (!this.#have(GROUP_HEADER)) {
      closeSync(this.#file);
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
    else if (kind === KIND.integer) this.number = buffer.readBigInt64LE(at);
    else if (kind === KIND.text) this.text = Buffer.from(buffer.subarray(at, at + length));
    this.ids = new Float64Array(buffer.buffer.slice(at + body, at + body + 8 * count));
    this.#at = at + body + 8 * count;
    return true;
  }

  key(): Key {
    if (this.kind === KIND.null) return null;
    return this.kind === KIND.text ? this.text.toString('utf8') : this.number;
  }

  compare(other: RunReader): number {
    if (this.kind === KIND.text && other.kind === KIND.text) {
      return Buffer.compare(this.text, other.text);
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
      bytes > this.#buffer.length ? Buffer.allocUnsafeSlow(bytes + CHUNK_BYTES) : this.#buffer;
    rest.copy(larger, 0);
    this.#buffer = larger;
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
  while (readers.length > 0) {
    const least = readers.reduce((a, b) => (b.compare(a) < 0 ? b : a));
    const same = readers.filter((reader) => reader.compare(least) === 0);
    const key = least.key();
    if (same.length === 1) tree.add(key, least.ids);
    else tree.add(key, concatenated(same.map(({ ids }) => ids)).sort());
    const ended = same.filter((reader) => !reader.next());
    if (ended.length > 0) readers = readers.filter((reader) => !ended.includes(reader));
  }
  for (const { path } of runs) rmSync(path);
}

function concatenated(lists: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(lists.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const list of lists) {
    all.set(list, at);
    at += list.length;
  }
  return all;
}
