/** Table coverage: how many records there are per source, account, region and hour. */
import type { Database } from '../db/open.ts';
import type { Source } from '../sources/source.ts';
import { copyTable } from './dedupe.ts';

const HOUR_US = String(3_600_000_000);

/** A row of the table, in the order of its columns. */
export type CoverageRow = readonly (string | number)[];

/**
 * Counts the rows that will be kept.
 * @param copies whether the source has copies, which table {@link copyTable} names.
 */
export function readCoverage(db: Database, source: Source, copies: boolean): CoverageRow[] {
  const kept = copies ? `AND id NOT IN (SELECT id FROM ${copyTable(source)})` : '';
  // The remainder of a negative time is negative: floor it.
  return db
    .prepare<[], CoverageRow>(
      `SELECT '${source.id}', account, region, hour_us, count(*)
       FROM (
         SELECT coalesce(account_id, '') AS account, coalesce(region, '') AS region,
                time_us - ((time_us % ${HOUR_US}) + ${HOUR_US}) % ${HOUR_US} AS hour_us
         FROM main."${source.id}" NOT INDEXED WHERE time_us IS NOT NULL ${kept})
       GROUP BY 2, 3, 4`,
    )
    .raw()
    .all();
}

/** Fills the table. */
export function insertCoverage(db: Database, rows: readonly CoverageRow[]): void {
  const insert = db.prepare('INSERT INTO coverage VALUES (?, ?, ?, ?, ?)');
  for (const row of rows) insert.run(row);
}
