/** `metrics`: how often each value of a field stands in the records of a source, or of all of them. */
import type { Effects } from '../core/effects.ts';
import { ExhibitError } from '../core/errors.ts';
import type { Database } from '../db/open.ts';
import { DEFAULT_MAX_ROWS } from '../query/execute.ts';
import { filterSql, type EventFilter } from '../query/events.ts';
import type { BoundParams } from '../query/params.ts';
import { DEFAULT_TIMEOUT_S, runQuery } from '../query/run.ts';
import type { Case } from './case.ts';
import { checkSource } from './events.ts';
import { importedContent } from './imported-content.ts';
import { recordSql } from './query.ts';
import { withDatabase } from './read-database.ts';

/** What is counted. */
export interface MetricsQuestion {
  /** Column of the source, common column of all, or a path into the JSON of a record: `requestParameters.bucketName`. */
  readonly field: string;
  readonly filter: EventFilter;
  readonly timeoutS?: number;
}

/** The answer; it is one of SQL, and recorded as such. */
export interface Metrics {
  readonly columns: readonly string[];
  /** Rows as canonical lines: value, events, first_seen, last_seen; the most frequent first. */
  readonly rows: readonly string[];
  readonly sql: string;
  /** `Q-0001`, if it was recorded. */
  readonly run: string | undefined;
}

/**
 * Counts.
 * @param record keep it as a run of the case, as `query sql` does.
 * @throws ExhibitError `E_NOT_FOUND` (source, field), `E_USAGE` (a path without a source), `E_NOT_IMPORTED`,
 * `E_QUERY_REFUSED`, and those of recording.
 */
export async function metrics(
  target: Case,
  fx: Effects,
  { field, filter, timeoutS = DEFAULT_TIMEOUT_S }: MetricsQuestion,
  record: boolean,
): Promise<Metrics> {
  const { sql, params } = await withDatabase(target, (db) => statement(db, field, filter));
  if (record) {
    const run = await recordSql(target, fx, sql, params, { timeoutS });
    return { columns: run.columns, rows: run.rows, sql, run: run.record.run_id };
  }
  const { answer } = await runQuery(
    {
      database: target.paths.database,
      sql,
      params,
      content: importedContent(target),
      checkContent: false,
      maxRows: DEFAULT_MAX_ROWS,
    },
    { timeoutS, signal: fx.signal },
  );
  return { columns: answer.columns, rows: answer.rows, sql, run: undefined };
}

function statement(
  db: Database,
  field: string,
  filter: EventFilter,
): { readonly sql: string; readonly params: BoundParams } {
  checkSource(db, filter);
  const { where, params } = filterSql(filter);
  const { value, extra } = valueSql(db, field, filter.source);
  // A time as text, so that the result reads without a table of units.
  const time = (what: string): string =>
    `strftime('%Y-%m-%dT%H:%M:%SZ', ${what}(time_us) / 1000000, 'unixepoch')`;
  return {
    sql: `SELECT ${value} AS value, count(*) AS events, ${time('min')} AS first_seen, ${time('max')} AS last_seen
FROM ${filter.source ?? 'timeline'}
WHERE ${where}
GROUP BY 1
ORDER BY events DESC, value`,
    params: {
      ...Object.fromEntries(
        Object.entries(params).map(([name, bound]) => [
          name,
          typeof bound === 'number' ? BigInt(bound) : bound,
        ]),
      ),
      ...extra,
    },
  };
}

/** The field as an expression; its names come from the database, a path is bound. */
function valueSql(
  db: Database,
  field: string,
  source: string | undefined,
): { readonly value: string; readonly extra: BoundParams } {
  const columns = db
    .prepare<[string], string>('SELECT name FROM pragma_table_xinfo(?)')
    .pluck()
    .all(source ?? 'timeline')
    .filter((name) => name !== 'raw');
  const column = columns.find((name) => name === field.toLowerCase());
  if (column !== undefined) return { value: `"${column}"`, extra: {} };
  if (source === undefined) {
    throw new ExhibitError('E_NOT_FOUND', `the time line has no column "${field}"`, {
      hint: `it has ${columns.join(', ')}; with --source NAME any column of a source, or a path such as requestParameters.bucketName`,
    });
  }
  if (!/^[^."[\]]+(?:\.[^."[\]]+)+$/.test(field)) {
    throw new ExhibitError('E_NOT_FOUND', `${source} has no column "${field}"`, {
      hint: `it has ${columns.join(', ')}, and paths with a dot, such as userIdentity.type`,
    });
  }
  const path = `$${field
    .split('.')
    .map((name) => `."${name}"`)
    .join('')}`;
  return {
    // raw is no JSON where the record is a row of a table.
    value: 'CASE WHEN json_valid(raw) THEN json_extract(raw, :path) END',
    extra: { path },
  };
}
