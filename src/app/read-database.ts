/** The case's database, open for one question: closed whatever happens, and its damage told as what it is. */
import { sqliteFailure } from '../db/failure.ts';
import { openDatabase, type Database } from '../db/open.ts';
import type { Case } from './case.ts';

/** @throws ExhibitError `E_NOT_IMPORTED`, `E_FORMAT` (damaged, or not as an import left it), and what `work` throws. */
export async function withDatabase<T>(
  target: Case,
  work: (db: Database) => T | Promise<T>,
): Promise<T> {
  const db = openDatabase(target.paths.database, { readonly: true });
  try {
    return await work(db);
  } catch (error) {
    throw sqliteFailure(error, target.paths.database) ?? error;
  } finally {
    db.close();
  }
}

/** The same while rows are handed on one at a time. @throws ExhibitError as {@link withDatabase}. */
export function* rowsOfDatabase<T>(
  target: Case,
  work: (db: Database) => Iterable<T>,
): Generator<T> {
  const db = openDatabase(target.paths.database, { readonly: true });
  try {
    yield* work(db);
  } catch (error) {
    throw sqliteFailure(error, target.paths.database) ?? error;
  } finally {
    db.close();
  }
}
