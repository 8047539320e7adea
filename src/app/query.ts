/** `query`: the pack, and runs that are recorded in the case, signed and entered in the ledger. */
import { join } from 'node:path';
import type { Effects } from '../core/effects.ts';
import { ExhibitError } from '../core/errors.ts';
import { formatUs } from '../core/time.ts';
import type { CanonicalCell } from '../query/canonical.ts';
import { findQuery, loadCatalog, type NamedQuery } from '../query/catalog.ts';
import { tacticNamed } from '../query/front-matter.ts';
import { findPack } from '../query/packs.ts';
import { parseRow } from '../query/compare.ts';
import { jsonCell } from '../query/display.ts';
import {
  bindFree,
  bindParams,
  canonicalParams,
  paramsJson,
  parseParamWords,
  type BoundParams,
} from '../query/params.ts';
import type { RunRecord } from '../query/run-record.ts';
import { DEFAULT_TIMEOUT_S, runQuery } from '../query/run.ts';
import { streamQuery, type Taker } from '../query/stream.ts';
import { DEFAULT_MAX_ROWS } from '../query/execute.ts';
import { usedParams } from '../query/tokens.ts';
import { openSigner, type Case } from './case.ts';
import { importedContent } from './imported-content.ts';
import { recordRun } from './query-record.ts';

/** What is to be run: a query of the pack, or SQL as typed. */
export type QueryChoice = { readonly name: string } | { readonly sql: string };

/** Options of a run. */
export interface QueryOptions {
  /** `name=value` words. */
  readonly params?: readonly string[];
  readonly timeoutS?: number;
  /** A result of more rows is refused. */
  readonly maxRows?: number;
  /** Hash every row again before the run, instead of trusting the hash the import left in the database. */
  readonly checkContent?: boolean;
}

/** A run that was recorded. */
export interface QueryRun {
  readonly record: RunRecord;
  /** The query of the pack; absent for typed SQL. */
  readonly query: NamedQuery | undefined;
  readonly sql: string;
  readonly params: BoundParams;
  readonly columns: readonly string[];
  /** Rows as canonical lines. */
  readonly rows: readonly string[];
  /** The query ordered by all its columns, offered when the order was not determined. */
  readonly orderedSql: string | undefined;
}

/**
 * The catalogue, narrowed to what reads a source, serves a tactic, names a technique or stands in a pack.
 * @throws ExhibitError `E_NOT_FOUND` for a pack that there is not, or a source that no query reads; `E_USAGE` for a tactic
 *   or technique that is none.
 */
export function listQueries(
  filter: {
    readonly source?: string;
    readonly tactic?: string;
    readonly attack?: string;
    readonly pack?: string;
  } = {},
): readonly NamedQuery[] {
  const { source, attack } = filter;
  const pack = filter.pack === undefined ? undefined : findPack(filter.pack).queries;
  const tactic = filter.tactic === undefined ? undefined : tacticNamed(filter.tactic);
  if (attack !== undefined && !/^T\d{4}(?:\.\d{3})?$/i.test(attack)) {
    throw new ExhibitError('E_USAGE', `"${attack}" is no technique of ATT&CK`, {
      hint: 'write it as T1078 or T1078.004; --tactic takes tactics',
    });
  }
  const catalog = loadCatalog();
  const sources = [...new Set(catalog.flatMap((query) => query.sources))].sort();
  if (source !== undefined && !sources.includes(source)) {
    throw new ExhibitError('E_NOT_FOUND', `no query reads a source "${source}"`, {
      hint: `queries read ${sources.join(', ')}`,
    });
  }
  return catalog.filter(
    (query) =>
      (pack === undefined || pack.includes(query.id)) &&
      (source === undefined || query.sources.includes(source)) &&
      (tactic === undefined || query.tactic.includes(tactic)) &&
      (attack === undefined ||
        query.attack.some((id) => `${id}.`.startsWith(`${attack.toUpperCase()}.`))),
  );
}

/** A query of the pack. @throws ExhibitError `E_NOT_FOUND`. */
export function showQuery(name: string): NamedQuery {
  return findQuery(loadCatalog(), name);
}

/**
 * Runs a query, writes CASE/queries/Q-nnnn, signs it and enters it in the ledger.
 * @throws ExhibitError `E_QUERY_REFUSED`, `E_QUERY_PARAM`, `E_NOT_FOUND`, `E_NOT_IMPORTED`, `E_CONTENT_CHANGED`,
 * `E_NO_PASSPHRASE`, `E_BAD_PASSPHRASE`, `E_LOCKED`.
 */
export async function runAndRecord(
  target: Case,
  fx: Effects,
  choice: QueryChoice,
  options: QueryOptions = {},
): Promise<QueryRun> {
  const { query, sql, params } = boundQuery(choice, options);
  return runBound(target, fx, query, sql, params, options);
}

/**
 * Runs SQL with values that are bound already, and records it as {@link runAndRecord} does.
 * @throws ExhibitError as `runAndRecord`.
 */
export async function recordSql(
  target: Case,
  fx: Effects,
  sql: string,
  params: BoundParams,
  options: Omit<QueryOptions, 'params'> = {},
): Promise<QueryRun> {
  return runBound(target, fx, undefined, sql, params, options);
}

async function runBound(
  target: Case,
  fx: Effects,
  query: NamedQuery | undefined,
  sql: string,
  params: BoundParams,
  options: QueryOptions,
): Promise<QueryRun> {
  const content = importedContent(target);
  const signer = await openSigner(target, fx);
  const startedAt = formatUs(fx.now() * 1000);
  const outcome = await runQuery(
    {
      database: target.paths.database,
      sql,
      params,
      content,
      checkContent: options.checkContent ?? false,
      maxRows: options.maxRows ?? DEFAULT_MAX_ROWS,
    },
    { timeoutS: options.timeoutS ?? DEFAULT_TIMEOUT_S, signal: fx.signal },
  );
  const record = await recordRun(target, signer, fx, {
    name: query?.id ?? null,
    sql,
    params: paramsJson(params),
    outcome,
    startedAt,
  });
  const { columns, rows, ordered_sql: orderedSql } = outcome.answer;
  return { record, query, sql, params, columns, rows, orderedSql };
}

/** Takes the rows of a streamed query: columns once, then rows as canonical lines. */
export type { Taker } from '../query/stream.ts';

/**
 * Runs a query once and gives its rows to `taker` as they come: for results that are too large to be recorded. Nothing is
 * recorded, and whether the order is determined is not looked at.
 * @throws ExhibitError as `runAndRecord`, but for signing and too many rows.
 */
export async function streamRows(
  target: Case,
  fx: Effects,
  choice: QueryChoice,
  options: Omit<QueryOptions, 'maxRows'>,
  taker: Taker,
): ReturnType<typeof streamQuery> {
  const { sql, params } = boundQuery(choice, options);
  return streamQuery(
    {
      database: target.paths.database,
      sql,
      params,
      content: importedContent(target),
      checkContent: options.checkContent ?? false,
    },
    { timeoutS: options.timeoutS ?? DEFAULT_TIMEOUT_S, signal: fx.signal },
    taker,
  );
}

function boundQuery(
  choice: QueryChoice,
  options: QueryOptions,
): {
  readonly query: NamedQuery | undefined;
  readonly sql: string;
  readonly params: BoundParams;
} {
  const query = 'name' in choice ? showQuery(choice.name) : undefined;
  const sql = 'sql' in choice ? choice.sql : (query?.sql ?? '');
  const given = parseParamWords(options.params ?? []);
  const params =
    query === undefined ? bindFree(usedParams(sql), given) : bindParams(query.params, given);
  return { query, sql, params };
}

/** The document of `query run --json` (docs/cli.md). */
export function runDocument(run: QueryRun, limit: number): Readonly<Record<string, unknown>> {
  const { run_id, core } = run.record;
  const rows = limit > 0 ? run.rows.slice(0, limit) : run.rows;
  return {
    run_id,
    name: core.query.name,
    sql_sha256: core.query.sql_sha256,
    params: shownParams(run),
    row_count: core.result.row_count,
    ordered_sha256: core.result.ordered_sha256,
    multiset_sha256: core.result.multiset_sha256,
    order: core.result.order,
    ...(run.orderedSql === undefined ? {} : { ordered_sql: run.orderedSql }),
    warnings: core.query.warnings,
    columns: run.columns,
    rows: rows.map((row) => parseRow(row).map(jsonCell)),
  };
}

/** Parameters for people: times as RFC 3339, integers as numbers. */
export function shownParams(
  run: Pick<QueryRun, 'params' | 'query'>,
): Readonly<Record<string, unknown>> {
  const times = new Set(
    run.query?.params.filter((spec) => spec.type === 'time').map((spec) => spec.name),
  );
  const shown = ([name, cell]: readonly [string, CanonicalCell]): [string, unknown] => {
    const value = jsonCell(cell);
    return [name, times.has(name) && typeof value === 'number' ? formatUs(value) : value];
  };
  return Object.fromEntries(canonicalParams(run.params).map(shown));
}

/** Folder of a run. */
export function runFolder(target: Case, id: string): string {
  return join(target.paths.queries, id);
}
