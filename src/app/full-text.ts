/** The full-text index of a case, `search.db`: derived from case.db, as that is from the evidence. */
import { join } from 'node:path';
import { breathing } from './breath.ts';
import type { Effects } from '../core/effects.ts';
import { readContentHash } from '../db/content-hash.ts';
import { sqliteFailure } from '../db/failure.ts';
import { buildFullText, FullText, type IndexedRecord } from '../db/full-text.ts';
import { sourceTables, type Database } from '../db/open.ts';
import { searchedText } from '../query/search.ts';
import type { Case } from './case.ts';
import { withDatabase } from './read-database.ts';

/** Path of the index. */
export function fullTextFile({ paths }: Case): string {
  return join(paths.dir, 'search.db');
}

/**
 * The index of the database that is open.
 * @throws ExhibitError `E_FORMAT` when the file is none.
 */
export function openFullText(target: Case, db: Database): ReturnType<typeof FullText.open> {
  return FullText.open(fullTextFile(target), readContentHash(db));
}

/**
 * Makes the index, unless it is there.
 * @throws ExhibitError `E_NOT_IMPORTED`, `E_FORMAT`, `E_WRITE`; the signal's reason: then nothing was changed.
 */
export async function makeFullText(target: Case, fx: Effects): Promise<'built' | 'already_there'> {
  const file = fullTextFile(target);
  return withDatabase(target, async (db) => {
    fx.signal.throwIfAborted();
    if (isIndex(target, db)) return 'already_there';
    try {
      await buildFullText(file, readContentHash(db), breathing(records(db), fx.signal));
      return 'built';
    } catch (error) {
      throw sqliteFailure(error, file) ?? error;
    }
  });
}

function isIndex(target: Case, db: Database): boolean {
  try {
    const index = openFullText(target, db);
    if (typeof index === 'string') return false;
    index.close();
    return true;
  } catch {
    // Whatever lies there is made anew: that is what was asked for.
    return false;
  }
}

function* records(db: Database): Generator<IndexedRecord> {
  for (const source of sourceTables(db)) {
    const rows = db
      .prepare<[], { id: number; raw: string; target: string | null }>(
        `SELECT id, raw, target FROM "${source}" ORDER BY id`,
      )
      .iterate();
    for (const { id, raw, target } of rows) yield { source, id, text: searchedText(raw, target) };
  }
}
