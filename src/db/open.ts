/** Opens a case database for reading. The file may come from anyone: nothing in it is trusted. */
import { existsSync, lstatSync } from 'node:fs';
import Sqlite, { type Database } from 'better-sqlite3';
import { ExhibitError } from '../core/errors.ts';
import { BlockReader } from './blocks.ts';
import { childTables } from './child-tables.ts';
import { sqliteFailure } from './failure.ts';
import { addRaw } from './raw.ts';
import { checkNamed, checkSchema } from './schema-check.ts';

export type { Database } from 'better-sqlite3';

/** `EXHB`: marks the file as a case database of exhibit. */
export const APPLICATION_ID = 0x45584842;

/**
 * A read-only connection with a view of each source table that adds `raw`, the exact text of the record.
 * @throws ExhibitError `E_NOT_IMPORTED` without a file, `E_FORMAT` when it is no case database,
 *   `E_EXISTS` when a journal lies beside it.
 */
export function openDatabase(path: string, _options: { readonly readonly: true }): Database {
  if (!existsSync(path)) {
    throw new ExhibitError('E_NOT_IMPORTED', 'the case has no database yet', {
      where: { file: path },
      hint: 'run `exhibit import` first',
    });
  }
  // A pipe in its place would make SQLite wait for ever, a link would lead out of the case.
  if (!lstatSync(path).isFile()) {
    throw new ExhibitError('E_FORMAT', 'the case database is not a regular file', {
      where: { file: path },
      hint: 'look where it came from, remove it and run `exhibit import`',
    });
  }
  // An import leaves none; one that somebody put there would change what is read.
  const journal = ['-journal', '-wal']
    .map((end) => `${path}${end}`)
    .find((file) => existsSync(file));
  if (journal !== undefined) {
    throw new ExhibitError('E_EXISTS', 'a journal lies beside the case database', {
      where: { file: journal },
      hint: 'look where both came from and remove them; `exhibit import` builds the database anew',
    });
  }
  try {
    const db = connect(path);
    if (db.pragma('application_id', { simple: true }) !== APPLICATION_ID) {
      db.close();
      throw new ExhibitError('E_FORMAT', 'the file is not a case database of exhibit', {
        where: { file: path },
        hint: 'delete it and run `exhibit import`',
      });
    }
    checkSchema(db);
    const tables = sourceTables(db);
    checkNamed(db, tables, childTables(db).keys());
    let blocks: BlockReader | undefined;
    addRaw(db, tables, () => (blocks ??= new BlockReader(connect(path))));
    db.pragma('query_only = ON');
    return db;
  } catch (error) {
    throw sqliteFailure(error, path) ?? error;
  }
}

/**
 * Source tables of a case database, in bytewise order.
 * @throws ExhibitError `E_FORMAT` when the database does not name them.
 */
export function sourceTables(db: Database): readonly string[] {
  const json = db
    .prepare<[], string>("SELECT value FROM case_meta WHERE key = 'sources'")
    .pluck()
    .get();
  try {
    const sources: unknown = JSON.parse(json ?? '');
    if (typeof sources === 'object' && sources !== null) return Object.keys(sources).sort();
  } catch {
    // Falls through to the one error for anything that is no such list.
  }
  throw new ExhibitError('E_FORMAT', 'the database does not name its source tables', {
    where: { file: db.name },
  });
}

// An import never changes the file but puts a new one in its place: what is open here stays as it is.
function connect(path: string): Database {
  const db = new Sqlite(path, { readonly: true });
  db.pragma('trusted_schema = OFF');
  db.pragma('cell_size_check = ON');
  db.pragma('mmap_size = 0');
  return db;
}
