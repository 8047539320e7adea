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
  /** Of the records, those that lay inside another record. */
  readonly inner: number;
}

/** Counts over all files, and by source: of its files, and of its records, whatever file they were in. */
export interface ImportTotals extends Counts {
  readonly by_source: Readonly<Record<string, Counts>>;
  readonly content_sha256: string;
}

const SUMS =
  'count(*) AS files, coalesce(sum(records), 0) AS records, coalesce(sum(imported), 0) AS imported, ' +
  'coalesce(sum(duplicates), 0) AS duplicates, coalesce(sum(rejected), 0) AS rejected';

const NONE: Counts = { files: 0, records: 0, imported: 0, duplicates: 0, rejected: 0, inner: 0 };

/** Records in another table than that of their file, by what their file is and what they are. */
interface Moved {
  readonly file: string;
  readonly source: string;
  readonly records: number;
  readonly duplicates: number;
  readonly inner: number;
}

/** Reads the counts; `files` are all files of the evidence, recognised or not. */
export function importTotals(db: Database): ImportTotals {
  const all = db.prepare<[], Omit<Counts, 'inner'>>(`SELECT ${SUMS} FROM main.source_file`).get();
  const sources = db
    .prepare<[], Omit<Counts, 'inner'> & { source: string }>(
      `SELECT source, ${SUMS} FROM main.source_file WHERE source IS NOT NULL GROUP BY source ORDER BY source`,
    )
    .all();
  const moved = db
    .prepare<[], Moved>(
      `SELECT f.source AS file, i.source, count(*) AS records, count(d.id) AS duplicates, count(i.carrier_id) AS inner
         FROM main.inner_record i JOIN main.source_file f ON f.file_id = i.id >> 28
         LEFT JOIN main.duplicate d ON d.id = i.id GROUP BY 1, 2 ORDER BY 1, 2`,
    )
    .all();
  const bySource = new Map<string, Counts>(
    sources.map(({ source, ...counts }) => [source, { ...counts, inner: 0 }]),
  );
  const add = (source: string, by: number, { records, duplicates }: Moved, inner: number): void => {
    const counts = bySource.get(source) ?? NONE;
    bySource.set(source, {
      ...counts,
      records: counts.records + by * records,
      imported: counts.imported + by * (records - duplicates),
      duplicates: counts.duplicates + by * duplicates,
      inner: counts.inner + inner,
    });
  };
  for (const one of moved) {
    add(one.file, -1, one, 0);
    add(one.source, 1, one, one.inner);
  }
  return {
    ...NONE,
    ...all,
    inner: moved.reduce((sum, { inner }) => sum + inner, 0),
    by_source: Object.fromEntries([...bySource].sort(([a], [b]) => (a < b ? -1 : 1))),
    content_sha256: readContentHash(db),
  };
}
