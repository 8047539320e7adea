/** Our own pages against SQLite: it reads every value back, and finds nothing wrong with the file. */
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { type Cell, CellBuffer } from '#src/db/record.ts';
import { RowFile } from '#src/db/row-file.ts';
import { tempDir } from '../helpers/temp.ts';

const SQL =
  'CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER, c BLOB, v TEXT GENERATED ALWAYS AS (a) VIRTUAL) STRICT';

/** Both sides of every bound of SQLite's integer sizes. */
const INTEGERS = [7n, 15n, 23n, 31n, 47n, 53n, 63n]
  .flatMap((bits) => [2n ** bits - 1n, 2n ** bits, -(2n ** bits), -(2n ** bits) - 1n])
  .filter((value) => value === BigInt.asIntN(64, value))
  .concat([0n, 1n, 2n, -1n]);
/** Lengths around what fits into a page, into one and into two overflow pages. */
const LENGTHS = [0, 1, 39, 40, 57, 58, 8100, 8150, 8160, 8170, 16_350, 16_400, 24_500, 100_000];

function rowsOf(count: number): [string | null, bigint, Uint8Array | null][] {
  return Array.from({ length: count }, (_, n) => [
    n % 7 === 3
      ? null
      : 'é\u{1f50d}\0'.repeat(n % 5) + 'a'.repeat(LENGTHS[n % LENGTHS.length] ?? 0),
    INTEGERS[n % INTEGERS.length] ?? 0n,
    n % 11 === 0 ? new Uint8Array(n % 300).fill(n) : null,
  ]);
}

async function write(
  rows: readonly (readonly Cell[])[],
  id: (n: number) => number,
): Promise<Sqlite.Database> {
  const path = join(await tempDir(), 'rows');
  const file = new RowFile(path, 't', SQL);
  const cells = new CellBuffer();
  for (const [n, row] of rows.entries()) {
    cells.clear();
    cells.begin();
    cells.null();
    for (const cell of row)
      cells.value(
        typeof cell === 'bigint' && n % 2 === 0 && Number.isSafeInteger(Number(cell))
          ? Number(cell)
          : cell,
      );
    cells.end(id(n));
    file.add(cells.bytes, 0, cells.length, id(n), cells.recordLength);
  }
  file.close();
  return new Sqlite(path, { readonly: true });
}

test.each([0, 1, 2, 500])('%d rows come back as they were', async (count) => {
  const rows = rowsOf(count);
  const db = await write(rows, (n) => n * 1_000_003 + 5);
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
  db.close();
});

test('a tree of three levels, row ids up to 2^53', async () => {
  const rows = Array.from({ length: 130_000 }, (_, n): [string] => [
    `${String(n)}${'x'.repeat(60)}`,
  ]);
  const path = join(await tempDir(), 'rows');
  const file = new RowFile(path, 't', SQL);
  const cells = new CellBuffer();
  const id = (n: number): number => n * 69_000_000_000 + 1;
  for (const [n, [text]] of rows.entries()) {
    cells.clear();
    cells.begin();
    cells.null();
    cells.text(text);
    cells.null();
    cells.null();
    cells.end(id(n));
    file.add(cells.bytes, 0, cells.length, id(n), cells.recordLength);
  }
  file.close();
  const db = new Sqlite(path, { readonly: true });
  expect(db.pragma('integrity_check')).toEqual([{ integrity_check: 'ok' }]);
  for (const n of [0, 1, 64_999, 129_999]) {
    expect(db.prepare('SELECT a FROM t WHERE id = ?').pluck().get(id(n))).toBe(rows[n]?.[0]);
  }
  db.close();
});

test('records are those that SQLite writes itself', async () => {
  const rows = rowsOf(300);
  const ours = await write(rows, (n) => n + 1);
  const theirs = new Sqlite(':memory:');
  theirs.exec(SQL);
  const insert = theirs.prepare('INSERT INTO t (id, a, b, c) VALUES (?, ?, ?, ?)');
  for (const [n, [a, b, c]] of rows.entries())
    insert.run(n + 1, a, b, c === null ? null : Buffer.from(c));
  const payloads = (db: Sqlite.Database): unknown[] =>
    db.prepare("SELECT payload FROM dbstat WHERE name = 't' AND aggregate = TRUE").pluck().all();
  expect(payloads(ours)).toEqual(payloads(theirs));
  ours.close();
  theirs.close();
});
