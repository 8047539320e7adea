/** What SQLite and the file system say went wrong, in our own words. */
import Sqlite from 'better-sqlite3';
import { ExhibitError, isSystemError } from '../core/errors.ts';

/**
 * The expected failure behind an error of SQLite or the file system: a damaged file, a full disk, an I/O error. Undefined for anything
 * else, which is a bug and stays as it is.
 * @param file the database, for the message.
 */
export function sqliteFailure(error: unknown, file: string): ExhibitError | undefined {
  if (isSystemError(error) && /^(?:ENOSPC|EDQUOT|EFBIG|EIO|EROFS|EACCES|EPERM)$/.test(error.code)) {
    return error.code === 'ENOSPC' || error.code === 'EDQUOT'
      ? diskFull(file, error)
      : new ExhibitError('E_WRITE', `a file cannot be written: ${error.message}`, {
          where: { file },
          cause: error,
          hint: 'see to the disk and run the same command again; nothing was changed',
        });
  }
  // better-sqlite3 looks for the folder itself, and throws a plain TypeError.
  if (error instanceof TypeError && error.message.includes('directory does not exist')) {
    return new ExhibitError('E_WRITE', 'the folder of the database is gone', {
      where: { file },
      cause: error,
      hint: 'see to the disk or the folder and run the same command again',
    });
  }
  if (!(error instanceof Sqlite.SqliteError)) return undefined;
  const options = { where: { file }, cause: error };
  if (/^SQLITE_(?:CORRUPT|NOTADB)/.test(error.code)) {
    return new ExhibitError('E_FORMAT', `the database is damaged: ${error.message}`, {
      ...options,
      hint: 'delete case.db and run `exhibit import` again: it is derived from the sealed evidence',
    });
  }
  if (error.code === 'SQLITE_ERROR' && error.message.startsWith('no such ')) {
    return new ExhibitError(
      'E_FORMAT',
      `the database was made by another version: ${error.message}`,
      {
        ...options,
        hint: 'run `exhibit import`: it builds the database anew',
      },
    );
  }
  // Columns that are derived from JSON of the record: an import lets nothing else in.
  if (error.code === 'SQLITE_ERROR' && error.message === 'malformed JSON') {
    return new ExhibitError(
      'E_FORMAT',
      'a row of the database holds text that is no JSON where it must be',
      {
        ...options,
        hint: 'the file was changed: delete case.db and run `exhibit import` again',
      },
    );
  }
  if (error.code === 'SQLITE_FULL') return diskFull(file, error);
  if (/^SQLITE_(?:IOERR|CANTOPEN|READONLY|PERM)/.test(error.code)) {
    return new ExhibitError('E_WRITE', `the database cannot be read or written: ${error.message}`, {
      ...options,
      hint: 'see to the disk and run the same command again; nothing was changed',
    });
  }
  return undefined;
}

function diskFull(file: string, cause: unknown): ExhibitError {
  return new ExhibitError('E_WRITE', 'the disk is full', {
    where: { file },
    cause,
    hint: 'free some space and run the same command again; nothing was changed',
  });
}
