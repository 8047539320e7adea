/** Table coverage: how many records there are per source, account, region and hour. */
import type { Database } from '../db/open.ts';
import type { HourCount } from '../db/row-marks.ts';
import type { Source } from '../sources/source.ts';
import { copyTable } from './dedupe.ts';

const HOUR_US = String(3_600_000_000);

/** A row of the table, in the order of its columns. */
export type CoverageRow = readonly [
  source: string,
  account: string,
  region: string,
  hourUs: number,
  records: number,
];

/** What the workers counted of a source while they read it, summed up. */
export function hourCoverage(source: string, counts: readonly HourCount[]): readonly CoverageRow[] {
  const sums = new Map<string, number>();
  for (const { account, region, hourUs, rows } of counts) {
    const key = JSON.stringify([account, region, hourUs]);
    sums.set(key, (sums.get(key) ?? 0) + rows);
  }
  return [...sums].map(([key, rows]) => {
    const [account, region, hourUs] = JSON.parse(key) as [string, string, number];
    return [source, account, region, hourUs, rows];
  });
}

/** Counts rows of a source: all, or those that `where` says. */
export function readCoverage(db: Database, source: Source, where = ''): readonly CoverageRow[] {
  // The remainder of a negative time is negative: floor it.
  return db
    .prepare<[], CoverageRow>(
      `SELECT '${source.id}', account, region, hour_us, count(*)
       FROM (
         SELECT coalesce(account_id, '') AS account, coalesce(region, '') AS region,
                time_us - ((time_us % ${HOUR_US}) + ${HOUR_US}) % ${HOUR_US} AS hour_us
         FROM main."${source.id}" NOT INDEXED WHERE time_us IS NOT NULL ${where})
       GROUP BY 2, 3, 4`,
    )
    .raw()
    .all();
}

/** Counts the copies that {@link copyTable} names, while they are still in the source's table. */
export function readCopyCoverage(db: Database, source: Source): readonly CoverageRow[] {
  return readCoverage(db, source, `AND id IN (SELECT id FROM ${copyTable(source)})`);
}

/** Fills the table: all rows but the copies. */
export function insertCoverage(
  db: Database,
  rows: readonly CoverageRow[],
  copies: readonly CoverageRow[],
): void {
  const less = new Map(copies.map((row) => [JSON.stringify(row.slice(0, 4)), row[4]]));
  const insert = db.prepare('INSERT INTO coverage VALUES (?, ?, ?, ?, ?)');
  for (const row of rows) {
    const records = row[4] - (less.get(JSON.stringify(row.slice(0, 4))) ?? 0);
    if (records > 0) insert.run(...row.slice(0, 4), records);
  }
}
