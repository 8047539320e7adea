/**
 * Puts the result of a CloudTrail validation into a case database. Like an import it never changes the file that others
 * may have open: a copy gets the rows and takes its place.
 */
import { constants, copyFileSync, existsSync, lstatSync, renameSync, rmSync } from 'node:fs';
import Sqlite, { type Database } from 'better-sqlite3';
import { ExhibitError } from '../core/errors.ts';
import { quoted } from './ddl.ts';
import { sqliteFailure } from './failure.ts';
import { migrate, readMigrations } from './migrate.ts';
import { APPLICATION_ID } from './open.ts';

/** A row: column → value. */
export type VerdictRow = Readonly<Record<string, string | number | null>>;

/** Rows for the tables of migration 0002, in their order; `file` names a payload file, which becomes its `file_id`. */
export interface VerdictRows {
  readonly cloudtrail_validation: readonly VerdictRow[];
  readonly cloudtrail_digest_verdict: readonly FileRow[];
  readonly cloudtrail_log_verdict: readonly FileRow[];
  readonly cloudtrail_validation_period: readonly VerdictRow[];
  readonly cloudtrail_validation_finding: readonly VerdictRow[];
}

/** A row about a file of the evidence. */
export interface FileRow {
  readonly row: VerdictRow;
  readonly file: { readonly evidence: string; readonly bagPath: string } | undefined;
}

const TABLES = [
  'cloudtrail_validation',
  'cloudtrail_digest_verdict',
  'cloudtrail_log_verdict',
  'cloudtrail_validation_period',
  'cloudtrail_validation_finding',
] as const;

/**
 * Replaces the rows of the last validation.
 * @param path of case.db.
 * @returns `absent` without a database, `outdated` for one of another version: an import makes one that fits.
 * @throws ExhibitError `E_FORMAT` for a file that is no case database as exhibit makes them, `E_WRITE`.
 */
export function replaceTrailVerdicts(
  path: string,
  rows: VerdictRows,
): 'written' | 'absent' | 'outdated' {
  if (!existsSync(path)) return 'absent';
  if (!lstatSync(path).isFile()) {
    throw new ExhibitError('E_FORMAT', 'the case database is not a regular file', {
      where: { file: path },
      hint: 'look where it came from, remove it and run `exhibit import`',
    });
  }
  const copy = `${path}.validating`;
  try {
    rmSync(copy, { force: true });
    if (isOutdated(path)) return 'outdated';
    // A file system that shares blocks between files copies nothing.
    copyFileSync(path, copy, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    fill(copy, rows);
    renameSync(copy, path);
    return 'written';
  } catch (error) {
    rmSync(copy, { force: true });
    throw sqliteFailure(error, path) ?? error;
  }
}

/** True for another version's. @throws ExhibitError `E_FORMAT` for what no version makes. */
function isOutdated(path: string): boolean {
  const db = new Sqlite(path, { readonly: true });
  try {
    db.pragma('trusted_schema = OFF');
    db.pragma('cell_size_check = ON');
    const applied = tablesOf(db).includes('_migration')
      ? db.prepare('SELECT name, sha256 FROM main._migration ORDER BY name').raw().all()
      : [];
    const known = readMigrations().map(({ name, sha256 }) => [name, sha256]);
    if (JSON.stringify(applied) !== JSON.stringify(known)) return true;
    checkSchema(db, path);
    return false;
  } finally {
    db.close();
  }
}

/** What is written into is what the migrations make: no trigger, view or virtual table in its place gets to run. */
function checkSchema(db: Database, path: string): void {
  const fresh = new Sqlite(':memory:');
  try {
    migrate(fresh, readMigrations());
    const same =
      db.pragma('application_id', { simple: true }) === APPLICATION_ID &&
      JSON.stringify(schemaOf(db)) === JSON.stringify(schemaOf(fresh)) &&
      db.prepare("SELECT count(*) FROM main.sqlite_schema WHERE type = 'trigger'").pluck().get() ===
        0;
    if (same) return;
  } finally {
    fresh.close();
  }
  throw new ExhibitError('E_FORMAT', 'the case database does not have the tables of a case', {
    where: { file: path },
    hint: 'delete case.db and run `exhibit import` again: it is derived from the sealed evidence',
  });
}

function tablesOf(db: Database): readonly string[] {
  return db
    .prepare<[], string>("SELECT name FROM main.sqlite_schema WHERE type = 'table'")
    .pluck()
    .all();
}

function schemaOf(db: Database): readonly unknown[] {
  const marks = TABLES.map(() => '?').join(', ');
  return db
    .prepare(
      `SELECT type, name, tbl_name, sql FROM main.sqlite_schema WHERE tbl_name IN (${marks}) ORDER BY type, name`,
    )
    .raw()
    .all(...TABLES);
}

function fill(path: string, rows: VerdictRows): void {
  const db = new Sqlite(path);
  try {
    db.pragma('trusted_schema = OFF');
    db.pragma('foreign_keys = OFF');
    // No journal on the disk: a half-written copy is thrown away. The commit brings the whole copy to the disk.
    db.pragma('journal_mode = MEMORY');
    db.pragma('synchronous = FULL');
    const fileId = db
      .prepare<[string, string], number>(
        'SELECT file_id FROM main.source_file NATURAL JOIN main.evidence WHERE evidence_id = ? AND path = ?',
      )
      .pluck();
    db.transaction(() => {
      for (const table of TABLES) db.exec(`DELETE FROM main.${quoted(table)}`);
      for (const table of TABLES) {
        const list = rows[table].map((row): VerdictRow => {
          if (!isFileRow(row)) return row;
          const { file } = row;
          const id = file === undefined ? undefined : fileId.get(file.evidence, file.bagPath);
          return { ...row.row, file_id: id ?? null };
        });
        insert(db, table, list);
      }
    })();
  } finally {
    db.close();
  }
}

function isFileRow(row: VerdictRow | FileRow): row is FileRow {
  return typeof row.row === 'object';
}

// Rows are numbered in their order.
function insert(db: Database, table: string, rows: readonly VerdictRow[]): void {
  const columns = Object.keys(rows[0] ?? {});
  if (columns.length === 0) return;
  const [number = ''] = db
    .prepare<[string], string>('SELECT name FROM pragma_table_info(?) WHERE pk = 1')
    .pluck()
    .all(table);
  const names = [number, ...columns].map(quoted).join(', ');
  const statement = db.prepare(
    `INSERT INTO main.${quoted(table)} (${names}) VALUES (?${', ?'.repeat(columns.length)})`,
  );
  let at = 0;
  for (const row of rows) statement.run(++at, ...columns.map((column) => row[column] ?? null));
}
