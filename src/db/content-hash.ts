/** `content_sha256`: what a case database says, whatever its pages look like (docs/content-hash.md). */
import { createHash } from 'node:crypto';
import type { Database } from 'better-sqlite3';
import { sha256Hex } from '../core/digest.ts';
import { BLOCK_BYTES, blockId, unpackBlock } from './blocks.ts';
import { quoted } from './ddl.ts';
import { sourceTables } from './open.ts';
import { type Cell, RowHash } from './row-hash.ts';

/** Version of the rules; part of the hashed content. */
export const CONTENT_HASH_VERSION = '1';

/** Tables hashed row by row, and the order of their rows. Rows of the sources are covered by `rows_sha256`. */
const TABLES: readonly (readonly [string, string])[] = [
  ['anomaly', 'file_id, record_no, kind, detail'],
  ['case_meta', 'key'],
  ['coverage', 'source, account_id, region, hour_us'],
  ['duplicate', 'id'],
  ['evidence', 'evidence_no'],
  ['reject', 'id'],
  ['source_file', 'file_id'],
];

/** The hash as the import recorded it; empty if it did not. */
export function readContentHash(db: Database): string {
  return (
    db
      .prepare<[], string>("SELECT value FROM case_meta WHERE key = 'content_sha256'")
      .pluck()
      .get() ?? ''
  );
}

/** Hash over all tables, taking the `rows_sha256` of each file as it stands. */
export function contentHash(db: Database): string {
  const lines = TABLES.map(([table, order]) => {
    const hash = new RowHash();
    const condition = table === 'case_meta' ? "WHERE key <> 'content_sha256'" : '';
    const columns = storedColumns(db, table).map(quoted).join(', ');
    const rows = db
      .prepare<[], Cell[]>(`SELECT ${columns} FROM main.${table} ${condition} ORDER BY ${order}`)
      .raw()
      .safeIntegers();
    for (const row of rows.iterate()) for (const cell of row) hash.add(cell);
    return `${table} ${hash.digest()}\n`;
  });
  return sha256Hex(lines.join(''));
}

/** Gives `rows_sha256` of one file of a source after the other, from its rows. */
export function rowsHasher(db: Database, source: string): (fileId: number) => string {
  const columns = storedColumns(db, source).filter((name) => name !== 'id');
  const rows = db
    .prepare<[number, number], Cell[]>(
      `SELECT id & 268435455, ${columns.map(quoted).join(', ')} FROM main.${quoted(source)} WHERE id BETWEEN ? AND ? ORDER BY id`,
    )
    .raw()
    .safeIntegers();
  return (fileId) => {
    const hash = new RowHash();
    for (const row of rows.iterate(fileId * 2 ** 28, fileId * 2 ** 28 + 2 ** 28 - 1)) {
      for (const cell of row) hash.add(cell);
    }
    return hash.digest();
  };
}

/** Result of {@link verifyContent}. */
export interface ContentVerdict {
  readonly ok: boolean;
  readonly recorded: string;
  readonly computed: string;
  /** What differs, one sentence each, at most a few. */
  readonly problems: readonly string[];
}

/** Problems that are named; more are only counted. */
const MAX_PROBLEMS = 10;

/** Recomputes everything from the rows and the kept bytes: reads the whole database. */
export function verifyContent(db: Database): ContentVerdict {
  const problems: string[] = [];
  const report = (problem: string): void => {
    if (problems.length < MAX_PROBLEMS) problems.push(problem);
  };
  const files = db
    .prepare<[], FileFacts>(
      'SELECT file_id, path, source, imported, rows_sha256, size_inflated, sha256_inflated FROM main.source_file WHERE source IS NOT NULL ORDER BY file_id',
    )
    .all();
  const hashers = new Map(
    sourceTables(db).map((source) => [source, rowsHasher(db, source)] as const),
  );
  for (const file of files) {
    const hasher = hashers.get(file.source);
    if (hasher?.(file.file_id) !== file.rows_sha256) report(`the rows of ${file.path} differ`);
    if (bytesHash(db, file) !== file.sha256_inflated)
      report(`the kept bytes of ${file.path} differ`);
  }
  for (const source of hashers.keys()) {
    const rows = db
      .prepare<[], number>(`SELECT count(*) FROM main.${quoted(source)}`)
      .pluck()
      .get();
    const told = db
      .prepare<[string], number>('SELECT total(imported) FROM main.source_file WHERE source = ?')
      .pluck()
      .get(source);
    if (rows !== told)
      report(`table ${source} has ${String(rows)} rows, its files have ${String(told)}`);
  }
  const recorded = readContentHash(db);
  const computed = contentHash(db);
  if (recorded !== computed) report('a table differs from what content_sha256 says');
  return { ok: problems.length === 0, recorded, computed, problems };
}

interface FileFacts {
  readonly file_id: number;
  readonly path: string;
  readonly source: string;
  readonly imported: number;
  readonly rows_sha256: string;
  readonly size_inflated: number;
  readonly sha256_inflated: string;
}

function bytesHash(db: Database, file: FileFacts): string {
  const hash = createHash('sha256');
  const count = Math.ceil(file.size_inflated / BLOCK_BYTES);
  const blocks = db
    .prepare<[number, number], Buffer>(
      'SELECT bytes FROM main.content_block WHERE block_id BETWEEN ? AND ? ORDER BY block_id',
    )
    .pluck()
    .iterate(blockId(file.file_id, 0), blockId(file.file_id, count - 1));
  let block = 0;
  for (const packed of blocks) hash.update(unpackBlock(packed, file.file_id, block++));
  return hash.digest('hex');
}

/** Columns that are stored (not generated), in the order of the table. */
function storedColumns(db: Database, table: string): readonly string[] {
  return db
    .prepare<[string], string>(
      "SELECT name FROM pragma_table_xinfo(?, 'main') WHERE hidden = 0 ORDER BY cid",
    )
    .pluck()
    .all(table);
}
