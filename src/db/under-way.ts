/** Reads a database that is being built: what workers do with it when its pages are there. */
import Sqlite, { type Database } from 'better-sqlite3';

/** SQLite's check of all pages and rows of a database: `ok`, or the first thing that is wrong. */
export function quickCheck(path: string): string {
  return readUnderWay(path, (db) => String(db.pragma('quick_check(1)', { simple: true })));
}

/** Reads by a connection of its own. */
export function readUnderWay<T>(path: string, read: (db: Database) => T): T {
  // As long as it takes: the writer may be bringing the file to the disk.
  const db = new Sqlite(path, { readonly: true, timeout: 2 ** 31 - 1 });
  try {
    return read(db);
  } finally {
    db.close();
  }
}
