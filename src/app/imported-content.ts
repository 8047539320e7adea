/** What the ledger says that the case's database holds, and whether it does. */
import { existsSync } from 'node:fs';
import { ExhibitError } from '../core/errors.ts';
import { readLedger } from '../custody/read.ts';
import { readContentHash, verifyContent } from '../db/content-hash.ts';
import { sqliteFailure } from '../db/failure.ts';
import { openDatabase } from '../db/open.ts';
import type { Case } from './case.ts';

/** What the ledger's newest import entry names. */
export interface RecordedImport {
  readonly content: string | undefined;
  /** Ids of the evidence that was imported. */
  readonly evidence: readonly string[];
  /** The declared order of flow logs' fields, if one was. */
  readonly vpcFormat: string | undefined;
}

/** The newest import that the ledger tells of; undefined if it tells of none. */
export function recordedImport(target: Case): RecordedImport | undefined {
  const entry = readLedger(target.paths.dir)
    .map((view) => view.entry)
    .findLast(({ event }) => event === 'imported');
  if (entry === undefined) return undefined;
  const text = (name: string): string | undefined => {
    const value = entry.details?.[name];
    return typeof value === 'string' ? value : undefined;
  };
  return {
    content: text('content_sha256'),
    evidence: (entry.evidence ?? []).map(({ id }) => id),
    vpcFormat: text('vpc_format'),
  };
}

/** `content_sha256` that the ledger's newest import entry names; undefined if it tells of no import. */
export function recordedContent(target: Case): string | undefined {
  return recordedImport(target)?.content;
}

/**
 * `content_sha256` of the last import.
 * @throws ExhibitError `E_NOT_IMPORTED` when nothing was imported yet.
 */
export function importedContent(target: Case): string {
  const content = recordedContent(target);
  if (content !== undefined && existsSync(target.paths.database)) return content;
  throw new ExhibitError('E_NOT_IMPORTED', 'the case has no database yet', {
    where: { file: target.paths.database },
    hint: 'run `exhibit import` first',
  });
}

/**
 * `content_sha256`, computed again from every row, index and kept byte of the database: for whatever is signed about it or
 * handed on. Reads the whole file.
 * @throws ExhibitError `E_CONTENT_CHANGED` when it is not what the ledger recorded, `E_NOT_IMPORTED`, `E_FORMAT`.
 */
export function checkedContent(target: Case): string {
  const recorded = importedContent(target);
  const file = target.paths.database;
  try {
    const db = openDatabase(file, { readonly: true });
    try {
      if (readContentHash(db) !== recorded) {
        throw contentChanged(
          target,
          'the database is not the one that the ledger recorded at the last import',
        );
      }
      const [problem] = verifyContent(db).problems;
      if (problem === undefined) return recorded;
      throw contentChanged(target, `the database was changed after the import: ${problem}`);
    } finally {
      db.close();
    }
  } catch (error) {
    throw sqliteFailure(error, file) ?? error;
  }
}

/**
 * For an answer that is looked for before it is recorded.
 * @returns throws `E_CONTENT_CHANGED` if another import took the place of the one that is there now.
 * @throws ExhibitError `E_NOT_IMPORTED`.
 */
export function sameImport(target: Case): () => void {
  const content = importedContent(target);
  return () => {
    if (importedContent(target) === content) return;
    throw contentChanged(target, 'the database was replaced while the question was asked');
  };
}

/** The database is not the one on record, in what way, and what to do. */
export function contentChanged(target: Case, message: string): ExhibitError {
  return new ExhibitError('E_CONTENT_CHANGED', message, {
    where: { file: target.paths.database },
    hint: 'delete case.db and run `exhibit import`: the sealed evidence gives the same database again',
  });
}
