/** What SQLite says went wrong, in our own words. */
import Sqlite from 'better-sqlite3';
import { ExhibitError } from '../core/errors.ts';

/**
 * The expected failure behind an error of SQLite: a damaged file, a full disk, an I/O error. Undefined for anything
 * else, which is a bug and stays as it is.
 * @param file the database, for the message.
 */
export function sqliteFailure(error: unknown, file: string): ExhibitError | undefined {
  if (!(error instanceof Sqlite.SqliteError)) return undefined;
  const options = { where: { file }, cause: error };
  if (/^SQLITE_(?:CORRUPT|NOTADB)/.test(error.code)) {
    return new ExhibitError('E_FORMAT', `the database is damaged: ${error.message}`, {
      ...options,
      hint: 'delete case.db and run `exhibit import` again: it is derived from the sealed evidence',
    });
  }
  if (error.code === 'SQLITE_FULL') {
    return new ExhibitError('E_WRITE', 'the disk is full', {
      ...options,
      hint: 'free some space and run the same command again; nothing was changed',
    });
  }
  if (/^SQLITE_(?:IOERR|CANTOPEN|READONLY|PERM)/.test(error.code)) {
    return new ExhibitError('E_WRITE', `the database cannot be written: ${error.message}`, options);
  }
  return undefined;
}
