/** The SQLite that better-sqlite3 brings. */
import Database from 'better-sqlite3';

/** Version of the SQLite library, such as `3.54.0`. */
export function sqliteVersion(): string {
  const database = new Database(':memory:');
  try {
    return String(database.prepare('SELECT sqlite_version()').pluck().get());
  } finally {
    database.close();
  }
}
