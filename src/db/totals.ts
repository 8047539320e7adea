/** Counts of an import, as the database holds them. */
import type { Database } from 'better-sqlite3';
import { readContentHash } from './content-hash.ts';

/** Records of some files: `records` is the sum of the other three. */
export interface Counts {
  readonly files: number;
  readonly records: number;
  readonly imported: number;
  readonly duplicates: number;
  readonly rejected: number;
}

/** Counts over all files, and by source. */
export interface ImportTotals extends Counts {
  readonly by_source: Readonly<Record<string, Counts>>;
  readonly content_sha256: string;
}

const SUMS =
  'count(*) AS files, coalesce(sum(records), 0) AS records, coalesce(sum(imported), 0) AS imported, ' +
  'coalesce(sum(duplicates), 0) AS duplicates, coalesce(sum(rejected), 0) AS rejected';

/** Reads the counts; `files` are all files of the evidence, recognised or not. */
export function importTotals(db: Database): ImportTotals {
  const all = db.prepare<[], Counts>(`SELECT ${SUMS} FROM main.source_file`).get();
  const sources = db
    .prepare<[], Counts & { source: string }>(
      `SELECT source, ${SUMS} FROM main.source_file WHERE source IS NOT NULL GROUP BY source ORDER BY source`,
    )
    .all();
  const none: Counts = { files: 0, records: 0, imported: 0, duplicates: 0, rejected: 0 };
  return {
    ...(all ?? none),
    by_source: Object.fromEntries(sources.map(({ source, ...counts }) => [source, counts])),
    content_sha256: readContentHash(db),
  };
}
