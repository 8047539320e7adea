/** The SQLite that better-sqlite3 brings. */
import Database from 'better-sqlite3';

/** Version of the SQLite library, such as `3.54.0`. */
export function sqliteVersion(): string {
  return String(askInMemory('SELECT sqlite_version()'));
}

/** The one value that a statement over no table gives; integers as `bigint`. */
export function askInMemory(statement: string): unknown {
  const database = new Database(':memory:');
  try {
    return database.prepare(statement).pluck().safeIntegers().get();
  } finally {
    database.close();
  }
}
