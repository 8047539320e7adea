/**
 * The peer for answers, as a child process: DuckDB (two threads) gets the rows of a case's tables, column by column, and
 * answers the questions of a file, each so often. `node bench/duckdb-answers.ts CASE_DB DATABASE QUESTIONS REPEAT`.
 */
import { readFileSync, rmSync } from 'node:fs';
import {
  BIGINT,
  DuckDBDataChunk,
  DuckDBInstance,
  VARCHAR,
  type DuckDBConnection,
  type DuckDBValue,
} from '@duckdb/node-api';
import { openDatabase, sourceTables, type Database } from '../src/db/open.ts';
import { median } from './measure.ts';

/** What the peer is asked: the time of a question is that of all its statements. */
export interface PeerQuestion {
  readonly name: string;
  readonly statements: readonly string[];
}

/** Rows of a chunk, DuckDB's own size. */
const CHUNK = 2048;

/** What SQLite's `strftime(format, seconds, 'unixepoch')` is in DuckDB. */
const UNIX_TEXT =
  'CREATE MACRO unix_text(format, seconds, unit) AS strftime(make_timestamp(CAST(seconds AS BIGINT) * 1000000), format)';

async function load(db: Database, peer: DuckDBConnection, table: string): Promise<void> {
  const columns = db
    .prepare<[string], { name: string; type: string }>(
      "SELECT name, type FROM pragma_table_xinfo(?, 'main')",
    )
    .all(table);
  const raw = table === 'cloudtrail' ? [{ name: 'raw', type: 'TEXT' }] : [];
  const all = [...columns.filter(({ name }) => name !== 'raw'), ...raw];
  const types = all.map(({ type }) => (type.startsWith('INTEGER') ? BIGINT : VARCHAR));
  const names = all.map(({ name }, at) => `"${name}" ${String(types[at])}`);
  await peer.run(`CREATE TABLE "${table}" (${names.join(', ')})`);
  const appender = await peer.createAppender(table);
  let cells: DuckDBValue[][] = all.map(() => []);
  const flush = (): void => {
    const chunk = DuckDBDataChunk.create(types);
    chunk.setColumns(cells);
    appender.appendDataChunk(chunk);
    cells = all.map(() => []);
  };
  const rows = db
    .prepare<[], (string | bigint | null)[]>(
      `SELECT ${all.map(({ name }) => `"${name}"`).join(', ')} FROM ${raw.length > 0 ? 'temp' : 'main'}."${table}"`,
    )
    .safeIntegers(true)
    .raw(true)
    .iterate();
  for (const row of rows) {
    for (const [at, cell] of row.entries())
      cells[at]?.push(
        types[at] === VARCHAR && typeof cell === 'bigint' ? String(cell) : plain(cell),
      );
    if (cells[0]?.length === CHUNK) flush();
  }
  if ((cells[0]?.length ?? 0) > 0) flush();
  appender.closeSync();
}

/** Tables that no question asks hold bytes too. */
function plain(cell: unknown): DuckDBValue {
  return typeof cell === 'string' || typeof cell === 'bigint' ? cell : null;
}

const [from = '', database = '', questions = '', repeat = '1'] = process.argv.slice(2);
rmSync(database, { force: true });
const instance = await DuckDBInstance.create(database, { threads: '2' });
const connection = await instance.connect();
await connection.run("SET TimeZone = 'UTC'");
await connection.run('SET integer_division = true');
await connection.run(UNIX_TEXT);
const db = openDatabase(from, { readonly: true });
const tables = sourceTables(db);
const others = db
  .prepare<[], string>(
    "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
  )
  .pluck()
  .all()
  .filter((name) => !tables.includes(name) && !/^(?:block|record)/.test(name));
for (const table of [...tables, ...others]) await load(db, connection, table);
db.close();
await connection.run('CHECKPOINT');

const results: Record<string, number | null> = {};
const refused: Record<string, string> = {};
for (const { name, statements } of JSON.parse(readFileSync(questions, 'utf8')) as PeerQuestion[]) {
  const times: number[] = [];
  try {
    for (let at = 0; at < Number(repeat); at += 1) {
      const start = performance.now();
      for (const sql of statements) await connection.runAndReadAll(sql);
      times.push((performance.now() - start) / 1000);
    }
    results[name] = median(times);
  } catch (error) {
    results[name] = null;
    refused[name] = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
  }
}
connection.closeSync();
instance.closeSync();
process.stdout.write(`${JSON.stringify({ results, refused })}\n`);
