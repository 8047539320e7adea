/** `content_sha256`: what a case database says, whatever its pages look like (docs/content-hash.md). */
import { createHash } from 'node:crypto';
import type { Database, Statement } from 'better-sqlite3';
import { sha256Hex } from '../core/digest.ts';
import { MAX_RECORDS_PER_FILE, rowId } from '../core/ids.ts';
import { BLOCK_BYTES, blockId, unpackBlock } from './blocks.ts';
import { childTables } from './child-tables.ts';
import { quoted } from './ddl.ts';
import { sourceTables } from './open.ts';
import { type Cell, CellBuffer } from './record.ts';
import { GROUP_RECORDS, groupHash, rowsHash } from './row-group.ts';
import { tableCounts } from './table-counts.ts';

/** Version of the rules; part of the hashed content. */
export const CONTENT_HASH_VERSION = '3';

/** Tables hashed row by row, and the order of their rows. Rows of the sources are covered by `rows_sha256`. */
const TABLES: readonly (readonly [string, string])[] = [
  ['anomaly', 'file_id, record_no, kind, detail'],
  ['case_meta', 'key'],
  ['coverage', 'source, account_id, region, hour_us'],
  ['duplicate', 'id'],
  ['evidence', 'evidence_no'],
  ['inner_record', 'id'],
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

/** Cells are hashed when they fill this much memory. */
const HASH_BYTES = 65_536;

/** Hash over all tables, taking the `rows_sha256` of each file as it stands. */
export function contentHash(db: Database): string {
  const items = Array.from(
    childTables(db).keys(),
    (table) => [table, 'parent_id, position'] as const,
  );
  return sha256Hex(
    [...TABLES, ...items]
      .map(([table, order]) => `${tableHash(db, table, order)}  ${table}\n`)
      .join(''),
  );
}

function tableHash(db: Database, table: string, order: string): string {
  const condition = table === 'case_meta' ? "WHERE key <> 'content_sha256'" : '';
  const columns = storedColumns(db, table).map(quoted).join(', ');
  const rows = db
    .prepare<[], Cell[]>(
      `SELECT ${columns} FROM main.${quoted(table)} ${condition} ORDER BY ${order}`,
    )
    .raw()
    .safeIntegers();
  const sum = createHash('sha256');
  const cells = new CellBuffer();
  let ordinal = 0;
  for (const row of rows.iterate()) {
    cells.begin();
    for (const value of row) cells.value(value);
    cells.end(++ordinal);
    if (cells.length < HASH_BYTES) continue;
    sum.update(cells.bytes.subarray(0, cells.length));
    cells.clear();
  }
  return sum.update(cells.bytes.subarray(0, cells.length)).digest('hex');
}

/** A row as it is hashed: its id and its other stored columns. */
type HashedRow = readonly [id: Cell, ...values: Cell[]];

/** Hashes groups of rows, from the rows. */
export class GroupHasher {
  readonly #db: Database;
  readonly #tables = new Map<string, Statement<[number, number], HashedRow>>();
  readonly #others: Statement<[number, number], string>;
  readonly #cells = new CellBuffer();

  constructor(db: Database) {
    this.#db = db;
    this.#others = db
      .prepare<[number, number], string>(
        'SELECT DISTINCT source FROM main.inner_record WHERE id BETWEEN ? AND ?',
      )
      .pluck();
  }

  /**
   * Hash of one group; undefined if it holds no row.
   * @param source table of the file; rows in other tables are those that inner_record names.
   */
  group(source: string, first: number): Buffer | undefined {
    const last = first + GROUP_RECORDS - 1;
    const others = this.#others.all(first, last).filter((table) => table !== source);
    const rows = [source, ...others].flatMap((table) => this.#rows(table)?.all(first, last) ?? []);
    if (others.length > 0) rows.sort(([a], [b]) => Number(a) - Number(b));
    if (rows.length === 0) return undefined;
    const cells = this.#cells;
    cells.clear();
    for (const [id, ...values] of rows) {
      cells.begin();
      // The row id stands in the cell; the column that is its alias is stored as NULL.
      cells.null();
      for (const value of values) cells.value(value);
      cells.end(Number(id));
    }
    return groupHash(cells);
  }

  /** Undefined for a table that there is not: what names it may have been changed. */
  #rows(table: string): Statement<[number, number], HashedRow> | undefined {
    let rows = this.#tables.get(table);
    if (rows === undefined) {
      const columns = storedColumns(this.#db, table).map(quoted).join(', ');
      if (columns === '') return undefined;
      rows = this.#db
        .prepare<[number, number], HashedRow>(
          `SELECT ${columns} FROM main.${quoted(table)} WHERE id BETWEEN ? AND ? ORDER BY id`,
        )
        .raw()
        .safeIntegers();
      this.#tables.set(table, rows);
    }
    return rows;
  }
}

/** Group hashes of a file, as the database holds them. */
export function groupsOf(
  db: Database,
): (fileId: number) => readonly { id: number; sha256: Buffer }[] {
  const groups = db.prepare<[number, number], { id: number; sha256: Buffer }>(
    'SELECT id, sha256 FROM main.row_group WHERE id BETWEEN ? AND ? ORDER BY id',
  );
  return (fileId) => groups.all(rowId(fileId, 0), rowId(fileId, MAX_RECORDS_PER_FILE));
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

/**
 * Recomputes everything from the rows and the kept bytes, and has SQLite compare every index with its table: reads the
 * whole database. Its schema was compared when it was opened.
 */
export function verifyContent(db: Database): ContentVerdict {
  const problems: string[] = [];
  const report = (problem: string): void => {
    if (problems.length < MAX_PROBLEMS) problems.push(problem);
  };
  // First of all: an index that lacks rows would hide them from what follows, and from every query.
  const pages = db.pragma('main.integrity_check(1)', { simple: true });
  if (pages !== 'ok') report(`its pages do not agree with each other: ${String(pages)}`);
  const files = db
    .prepare<[], FileFacts>(
      'SELECT file_id, path, source, imported, rows_sha256, size_inflated, sha256_inflated FROM main.source_file WHERE source IS NOT NULL ORDER BY file_id',
    )
    .all();
  const groups = groupsOf(db);
  const hasher = new GroupHasher(db);
  let groupCount = 0;
  for (const file of files) {
    const found = groups(file.file_id);
    groupCount += found.length;
    for (const { id, sha256 } of found) {
      if (hasher.group(file.source, id)?.equals(sha256) === true) continue;
      const first = id % 2 ** 28;
      report(
        `rows of ${file.path} differ: records ${String(first)} to ${String(first + GROUP_RECORDS - 1)}`,
      );
    }
    if (rowsHash(found.map(({ sha256 }) => sha256)) !== file.rows_sha256) {
      report(`groups of rows of ${file.path} are not those that were imported`);
    }
    if (bytesHash(db, file) !== file.sha256_inflated) {
      report(`the kept bytes of ${file.path} differ`);
    }
  }
  if (one(db, 'SELECT count(*) FROM main.row_group') !== groupCount) {
    report('table row_group has rows that belong to no file');
  }
  // Rows outside all groups, or in a file of another source, would not have been looked at.
  for (const { table, rows, told } of tableCounts(db, sourceTables(db))) {
    if (rows !== told) {
      report(`table ${table} has ${String(rows)} rows, its files have ${String(told)}`);
    }
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

function one(db: Database, sql: string, ...params: readonly string[]): number {
  return (
    db
      .prepare<string[], number>(sql)
      .pluck()
      .get(...params) ?? 0
  );
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
