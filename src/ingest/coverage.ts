/** Table coverage: how many records there are per source, account, region and hour. */
import type { Database } from '../db/open.ts';
import type { Source } from '../sources/source.ts';

const HOUR_US = 3_600_000_000;

/** Fills the table from the rows that are kept. */
export function fillCoverage(db: Database, sources: readonly Source[]): void {
  const hour = String(HOUR_US);
  for (const source of sources) {
    // The remainder of a negative time is negative: floor it.
    db.prepare(
      `INSERT INTO coverage
       SELECT '${source.id}', coalesce(account_id, ''), coalesce(region, ''),
              time_us - ((time_us % ${hour}) + ${hour}) % ${hour} AS hour_us, count(*)
       FROM "${source.id}" WHERE time_us IS NOT NULL GROUP BY 2, 3, 4`,
    ).run();
  }
}
