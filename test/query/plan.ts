/** Which tables a statement reads row by row, by SQLite's own plan. */
import type { Database } from '#src/db/open.ts';
import type { BoundParams } from '#src/query/params.ts';

/**
 * Tables of which the plan reads every row (`whole`: a scan, or an index that SQLite would build for the occasion), or
 * every row of a span of time (`window`: an index on time alone). Other searches find what they need.
 */
export function scansOf(
  db: Database,
  sql: string,
  params: BoundParams,
): Record<string, 'whole' | 'window'> {
  const tables = new Set(
    db
      .prepare<[], { name: string }>("SELECT name FROM main.sqlite_master WHERE type = 'table'")
      .all()
      .map((row) => row.name),
  );
  // A table without a view of its own is named by its alias.
  const aliases = new Map(
    [...sql.matchAll(/\b(?:FROM|JOIN) (\w+) AS (\w+)/g)].map(([, table = '', alias = '']) => [
      alias,
      table,
    ]),
  );
  const scans: Record<string, 'whole' | 'window'> = {};
  const steps = db
    .prepare<[BoundParams], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
    .all(params);
  for (const { detail } of steps) {
    const [, verb, given = ''] = /^(SCAN|SEARCH) (?:main\.)?(\w+)/.exec(detail) ?? [];
    const table = tables.has(given) ? given : (aliases.get(given) ?? '');
    if (verb === undefined || !tables.has(table)) continue;
    if (verb === 'SCAN' || detail.includes(' AUTOMATIC ')) scans[table] = 'whole';
    else if (/\(time_us[<>]\?(?: AND time_us[<>]\?)?\)$/.test(detail)) scans[table] ??= 'window';
  }
  return scans;
}
