/** Our own pages against SQLite: it reads every value back, and finds nothing wrong with the file. */
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, test } from 'vitest';
import type { TableShape } from '#src/db/ddl.ts';
import { IndexTree, type Key } from '#src/db/index-tree.ts';
import { mergeRuns, RunWriter } from '#src/db/index-runs.ts';
import { admitPages, type PageCounter, pageCounter, pagesOf, PageSink } from '#src/db/pages.ts';
import { type Cell, CellBuffer } from '#src/db/record.ts';
import { TableLeaves, TableTree } from '#src/db/table-tree.ts';
import { tempDir } from '../helpers/temp.ts';

const TABLE =
  'CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER, c BLOB, v TEXT GENERATED ALWAYS AS (a) VIRTUAL) STRICT';
const INDEXES =
  'CREATE INDEX t_a ON t (a) WHERE a IS NOT NULL; CREATE INDEX t_b ON t (b) WHERE b IS NOT NULL';
const SHAPE: TableShape = {
  id: 't',
  columns: [
    { name: 'a', type: 'TEXT' },
    { name: 'b', type: 'INTEGER' },
  ],
  common: {},
  indexes: [['a'], ['b']],
  timeline: false,
};

/** Both sides of every bound of SQLite's integer sizes. */
const INTEGERS = [7n, 15n, 23n, 31n, 47n, 53n, 63n]
  .flatMap((bits) => [2n ** bits - 1n, 2n ** bits, -(2n ** bits), -(2n ** bits) - 1n])
  .filter((value) => value === BigInt.asIntN(64, value))
  .concat([0n, 1n, 2n, -1n]);
/** Lengths around what fits into a page of a table or an index, into one and into two overflow pages. */
const LENGTHS = [
  0, 1, 39, 40, 57, 58, 990, 2010, 2020, 2030, 8100, 8150, 8160, 8170, 16_350, 16_400, 24_500,
  100_000,
];

type Row = readonly [string | null, bigint, Uint8Array | null];

function rowsOf(count: number): Row[] {
  return Array.from({ length: count }, (_, n) => [
    n % 7 === 3
      ? null
      : 'é\u{1f50d}\uffee\0'.repeat(n % 5) + 'a'.repeat(LENGTHS[n % LENGTHS.length] ?? 0),
    INTEGERS[n % INTEGERS.length] ?? 0n,
    n % 11 === 0 ? new Uint8Array(n % 300).fill(n) : null,
  ]);
}

/** What a source gives: a number where a number holds the integer, every other time. */
function plain(cell: bigint, n: number): number | bigint {
  return n % 2 === 0 && Number.isSafeInteger(Number(cell)) ? Number(cell) : cell;
}

interface Made {
  readonly path: string;
  readonly counter: PageCounter;
  readonly roots: ReadonlyMap<string, number>;
}

async function emptyFile(): Promise<Made> {
  const folder = await tempDir();
  const path = join(folder, 'made');
  const db = new Sqlite(path);
  db.pragma('page_size = 8192');
  db.exec(`${TABLE}; ${INDEXES}`);
  const roots = db
    .prepare<[], { name: string; rootpage: number }>('SELECT name, rootpage FROM sqlite_schema')
    .all();
  db.close();
  return {
    path,
    counter: pageCounter(pagesOf(path)),
    roots: new Map(roots.map(({ name, rootpage }) => [name, rootpage])),
  };
}

/** Writes the rows as workers do, turn by turn, and gives what SQLite then reads. */
async function write(
  rows: readonly Row[],
  id: (n: number) => number,
  { workers, turn }: { readonly workers: number; readonly turn: number },
): Promise<Sqlite.Database> {
  const made = await emptyFile();
  const cells = new CellBuffer();
  const members = Array.from({ length: workers }, (_, index) => {
    const sink = new PageSink(made.path, made.counter);
    return {
      sink,
      leaves: new TableLeaves(sink),
      runs: new RunWriter(`${made.path}-${String(index)}`),
    };
  });
  const main = new PageSink(made.path, made.counter);
  const tree = new TableTree(main);
  for (let from = 0; from < rows.length; from += turn) {
    const member = members[(from / turn) % workers];
    if (member === undefined) throw new Error('no worker');
    for (const [index, [a, b, c]] of rows.slice(from, from + turn).entries()) {
      const n = from + index;
      cells.clear();
      cells.begin();
      cells.null();
      cells.value(a);
      cells.value(plain(b, n));
      cells.value(c);
      cells.end(id(n));
      member.leaves.add(cells, 0, id(n));
      // In the shape, a is the first column and b the second.
      member.runs.add(SHAPE, [a, plain(b, n)], id(n));
    }
    tree.append(member.leaves.take());
  }
  const runs = members.flatMap((member) => member.runs.close());
  const free: number[] = [];
  for (const [index, column] of ['a', 'b'].entries()) {
    const sink = members[index % workers]?.sink ?? main;
    const index_ = new IndexTree(sink);
    mergeRuns(
      runs.filter((run) => run.column === column),
      index_,
    );
    index_.finish(made.roots.get(`t_${column}`) ?? 0);
  }
  for (const { sink } of members) free.push(...sink.close());
  free.push(...tree.finish(made.roots.get('t') ?? 0), ...main.close());
  admitPages(made.path, made.counter, free);
  return new Sqlite(made.path);
}

test.each([
  [0, 1, 1],
  [1, 1, 1],
  [2, 2, 1],
  [500, 1, 1000],
  [700, 2, 50],
])('%d rows by %d workers come back as they were', async (count, workers, turn) => {
  const rows = rowsOf(count);
  const db = await write(rows, (n) => n * 1_000_003 + 5, { workers, turn });
  expect(db.pragma('integrity_check')).toEqual([{ integrity_check: 'ok' }]);
  const got = db
    .prepare<[], Cell[]>('SELECT a, b, c FROM t ORDER BY id')
    .raw()
    .safeIntegers()
    .all();
  expect(got.map(([a, b, c]) => [a, b, c === null ? null : new Uint8Array(c as Buffer)])).toEqual(
    rows,
  );
  expect(db.prepare('SELECT count(*) FROM t WHERE v IS a').pluck().get()).toBe(count);
  // The file is SQLite's from here on: what is free is used again, and everything can be changed.
  db.exec(
    'DELETE FROM t WHERE id % 3 = 0; INSERT INTO t (a, b) SELECT hex(randomblob(3000)), id FROM t; VACUUM',
  );
  expect(db.pragma('integrity_check')).toEqual([{ integrity_check: 'ok' }]);
  db.close();
});

test('trees of three levels, row ids up to 2^53', async () => {
  const rows = Array.from({ length: 130_000 }, (_, n): Row => [
    `${'x'.repeat(60)}${String((n * 7919) % 130_000)}`,
    BigInt(n % 1000),
    null,
  ]);
  const id = (n: number): number => n * 69_000_000_000 + 1;
  const db = await write(rows, id, { workers: 3, turn: 999 });
  expect(db.pragma('integrity_check')).toEqual([{ integrity_check: 'ok' }]);
  for (const n of [0, 1, 64_999, 129_999]) {
    expect(db.prepare('SELECT a FROM t WHERE id = ?').pluck().get(id(n))).toBe(rows[n]?.[0]);
    const found = db.prepare('SELECT id FROM t INDEXED BY t_a WHERE a = ?').pluck();
    expect(found.get(rows[n]?.[0])).toBe(id(n));
  }
  const counted = db.prepare('SELECT count(*) FROM t INDEXED BY t_b WHERE b = 17').pluck();
  expect(counted.get()).toBe(130);
  db.close();
});

test('records are those that SQLite writes itself, but for NULLs at their end', async () => {
  const rows = rowsOf(300);
  const ours = await write(rows, (n) => n + 1, { workers: 1, turn: 1000 });
  const theirs = new Sqlite(':memory:');
  theirs.exec(`${TABLE}; ${INDEXES}`);
  const insert = theirs.prepare('INSERT INTO t (id, a, b, c) VALUES (?, ?, ?, ?)');
  for (const [n, [a, b, c]] of rows.entries())
    insert.run(n + 1, a, b, c === null ? null : Buffer.from(c));
  // One byte each, their type.
  const nulls = rows.reduce((sum, [a, b, c]) => {
    const values = [a, b, c];
    return sum + values.length - 1 - values.findLastIndex((value) => value !== null);
  }, 0);
  expect(nulls).toBeGreaterThan(0);
  const payloads = (db: Sqlite.Database, less: number): unknown[] =>
    db
      .prepare(
        "SELECT name, payload - iif(name = 't', ?, 0) AS payload FROM dbstat WHERE name LIKE 't%' AND aggregate = TRUE ORDER BY 1",
      )
      .all(less);
  expect(payloads(ours, 0)).toEqual(payloads(theirs, nulls));
  ours.close();
  theirs.close();
});

test('index entries come in the order of their bytes, whatever the run', async () => {
  const keys: Key[] = [null, '', 'A', 'a', 'é', '\ud7ff', '\uffee', '\u{1f50d}', 'a'.repeat(5000)];
  const made = await emptyFile();
  const writers = [0, 1, 2].map((n) => new RunWriter(`${made.path}-${String(n)}`));
  for (let n = 1; n < 400; n++) {
    writers[n % 3]?.add(SHAPE, [keys[(n * 5) % keys.length] ?? null, n % 2 === 0 ? 7 : 7n], n);
  }
  const seen: [Key, number[]][] = [];
  const runs = writers.flatMap((writer) => writer.close());
  const tree = {
    add: (key: Key, ids: Float64Array, from: number, to: number): void => {
      seen.push([key, Array.from(ids.subarray(from, to))]);
    },
  };
  mergeRuns(
    runs.filter(({ column }) => column === 'a'),
    tree,
  );
  // Rows without a key are in no index.
  expect(seen.map(([key]) => key)).toEqual(keys.filter((key) => key !== null).toSorted(byBytes));
  for (const [, ids] of seen) expect(ids).toEqual(ids.toSorted((a, b) => a - b));
  seen.length = 0;
  mergeRuns(
    runs.filter(({ column }) => column === 'b'),
    tree,
  );
  expect(seen.map(([key, ids]) => [key, ids.length])).toEqual([[7, 399]]);
});

function byBytes(a: Key, b: Key): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1;
  return Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)));
}
