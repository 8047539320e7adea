/** Writes a plain copy of a case database: every record's text in a real column, readable by any SQLite. */
import { rmSync } from 'node:fs';
import Sqlite, { type Database } from 'better-sqlite3';
import { ExhibitError } from '../core/errors.ts';
import { BlockReader } from './blocks.ts';
import { quoted } from './ddl.ts';
import { sqliteFailure } from './failure.ts';
import { APPLICATION_ID, sourceTables } from './open.ts';
import { recordBytes } from './raw.ts';

/** Page cache, in KiB. */
const CACHE_KIB = 32_768;
/** Tables that are left out: what they hold stands in the columns `raw`. */
const LEFT_OUT = ['content_block'];

/**
 * Copies a case database, adding a last column `raw` (TEXT, the record's exact bytes) to the tables of the sources, to
 * `duplicate` and to `reject`.
 * @param from path of case.db.
 * @param to path of a file that does not exist.
 * @throws ExhibitError `E_WRITE`, `E_FORMAT`; nothing is left of the copy then.
 */
export function writePlain(from: string, to: string): void {
  const db = new Sqlite(to);
  try {
    db.pragma('journal_mode = MEMORY');
    db.pragma('synchronous = OFF');
    db.pragma(`cache_size = -${String(CACHE_KIB)}`);
    db.pragma('foreign_keys = OFF');
    db.pragma('trusted_schema = OFF');
    db.prepare('ATTACH DATABASE ? AS origin').run(from);
    if (db.pragma('origin.application_id', { simple: true }) !== APPLICATION_ID) {
      throw new ExhibitError('E_FORMAT', 'the file is not a case database of exhibit', {
        where: { file: from },
      });
    }
    copyTables(db, from);
    db.exec('DETACH DATABASE origin');
    db.pragma('synchronous = FULL');
    db.pragma('user_version = 1');
    db.close();
  } catch (error) {
    db.close();
    rmSync(to, { force: true });
    throw sqliteFailure(error, to) ?? error;
  }
}

interface SchemaRow {
  readonly type: string;
  readonly name: string;
  readonly sql: string;
}

function copyTables(db: Database, from: string): void {
  const schema = db
    .prepare<[], SchemaRow>(
      "SELECT type, name, sql FROM origin.sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%' ORDER BY rowid",
    )
    .all();
  const forms = new Map<string, string>([
    ...sourceTables(db).map((table) => [table, 'form'] as const),
    ['duplicate', 'form'],
    ['reject', '0'],
  ]);
  // A function cannot query its own connection.
  const second = new Sqlite(from, { readonly: true });
  try {
    const blocks = new BlockReader(second);
    db.function('record_bytes', (id: number, offset: number, length: number, form: number) =>
      recordBytes(blocks, id, offset, length, form),
    );
    db.exec('BEGIN');
    for (const { type, name, sql } of schema) {
      if (type !== 'table' || LEFT_OUT.includes(name)) continue;
      db.exec(sql);
      const form = forms.get(name);
      if (form === undefined)
        db.exec(`INSERT INTO main.${quoted(name)} SELECT * FROM origin.${quoted(name)}`);
      else copyWithRaw(db, name, form);
    }
    // Indexes after the rows, views after the tables that they name.
    for (const wanted of ['index', 'view']) {
      for (const { type, sql } of schema) if (type === wanted) db.exec(sql);
    }
    db.exec('COMMIT');
  } finally {
    second.close();
  }
}

function copyWithRaw(db: Database, table: string, form: string): void {
  const name = quoted(table);
  const columns = db
    .prepare<[string], string>(
      "SELECT name FROM pragma_table_xinfo(?, 'origin') WHERE hidden = 0 ORDER BY cid",
    )
    .pluck()
    .all(table)
    .map(quoted)
    .join(', ');
  db.exec(`ALTER TABLE main.${name} ADD COLUMN raw TEXT`);
  db.exec(
    `INSERT INTO main.${name} (${columns}, raw) SELECT ${columns}, CAST(record_bytes(id, "offset", "length", ${form}) AS TEXT) FROM origin.${name} ORDER BY id`,
  );
}
