/** How many rows each source table has, and how many it must have by what is told of the files. */
import type { Database } from 'better-sqlite3';
import { quoted } from './ddl.ts';

/** Rows of a source table. */
export interface TableCount {
  readonly table: string;
  readonly rows: number;
  /** What the counts of its files and inner_record say. */
  readonly told: number;
}

/** Counts of all source tables. */
export function tableCounts(db: Database, tables: readonly string[]): readonly TableCount[] {
  const files = counts(
    db,
    'SELECT source, sum(imported) AS n FROM main.source_file WHERE source IS NOT NULL GROUP BY source',
  );
  const moved =
    'main.inner_record i WHERE NOT EXISTS (SELECT 1 FROM main.duplicate d WHERE d.id = i.id)';
  // Rows in another table than that of their file: where they would be, and where they are.
  const away = counts(
    db,
    `SELECT f.source, count(*) AS n FROM ${moved.replace(' WHERE', ' JOIN main.source_file f ON f.file_id = i.id >> 28 WHERE')} GROUP BY 1`,
  );
  const here = counts(db, `SELECT i.source, count(*) AS n FROM ${moved} GROUP BY 1`);
  return tables.map((table) => ({
    table,
    rows:
      db
        .prepare<[], number>(`SELECT count(*) FROM main.${quoted(table)}`)
        .pluck()
        .get() ?? 0,
    told: (files.get(table) ?? 0) - (away.get(table) ?? 0) + (here.get(table) ?? 0),
  }));
}

function counts(db: Database, sql: string): ReadonlyMap<string, number> {
  const rows = db.prepare<[], { source: string; n: number }>(sql).all();
  return new Map(rows.map(({ source, n }) => [source, n]));
}
