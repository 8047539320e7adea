/** What a report says of the database and of the recorded query runs. */
import { existsSync, readdirSync } from 'node:fs';
import { canonicalJson } from '../core/canonical.ts';
import { formatUs } from '../core/time.ts';
import { ExhibitError } from '../core/errors.ts';
import type { EntryView } from '../custody/read.ts';
import { openDatabase, type Database } from '../db/open.ts';
import { importTotals } from '../db/totals.ts';
import { canonicalCell } from '../query/canonical.ts';
import { parseRow } from '../query/compare.ts';
import { plainCell } from '../query/display.ts';
import { readFrontMatter, type QueryHead } from '../query/front-matter.ts';
import type { BoundParams } from '../query/params.ts';
import type { Question } from '../query/question.ts';
import { runNumber } from '../query/run-record.ts';
import {
  anomaliesByKind,
  coverageStatus,
  evidenceStatus,
  rejectsByReason,
  timeRange,
  unrecognisedFiles,
  unreconciled,
} from '../query/status.ts';
import type { DataFacts, Grid, RunFacts } from '../report/model.ts';
import { SOURCES } from '../sources/_registry.ts';
import { ANOMALY_KINDS, REJECT_REASONS } from '../sources/source.ts';
import type { Case } from './case.ts';
import { readRecorded } from './query-recorded.ts';
import { runFolder } from './query.ts';

/** Longest gaps and unrecognised files that are named one by one; all are counted. */
const NAMED_GAPS = 25;
const NAMED_FILES = 100;
/** Rows of each query result that the report shows. */
const SHOWN_ROWS = 25;
/** Columns of the coverage grid. */
const MOST_BINS = 96;
const HOUR_US = 3_600_000_000;
/** Silence that ends a stretch, and how many stretches are drawn at most. */
const APART_HOURS = 14 * 24;
const MOST_STRETCHES = 4;
/** Widths of a bin in hours: hours, parts of a day, days, weeks, then thirty days and on. */
const BIN_HOURS = [1, 2, 3, 6, 12, 24, 48, 168, 336, 720, 2160, 8760, 87_600, 876_000];

/** Facts of the database; null when there is none. */
export function dataFacts(target: Case, ledger: readonly EntryView[]): DataFacts | null {
  if (!existsSync(target.paths.database)) return null;
  const db = openDatabase(target.paths.database, { readonly: true });
  try {
    return readFacts(db, ledger);
  } finally {
    db.close();
  }
}

function readFacts(db: Database, ledger: readonly EntryView[]): DataFacts {
  const meta = new Map(
    db.prepare<[], [string, string]>('SELECT key, value FROM case_meta').raw().all(),
  );
  const { by_source: bySource, content_sha256: content, ...totals } = importTotals(db);
  const versions = JSON.parse(meta.get('sources') ?? '{}') as Readonly<Record<string, number>>;
  const recorded = ledger.findLast(({ entry }) => entry.event === 'imported')?.entry.details;
  const coverage = coverageStatus(db);
  const gaps = coverage
    .flatMap(({ source, account_id, region, gaps: some }) =>
      some.map(({ from_us: from, to_us: to }) => ({
        source,
        account_id,
        region,
        from: formatUs(from),
        to: formatUs(to),
        hours: (to - from) / HOUR_US,
      })),
    )
    // The sort is stable: equal gaps stay in the order of source, account, region and time.
    .sort((a, b) => b.hours - a.hours);
  const unrecognised = unrecognisedFiles(db).map(({ evidence_id: evidence, ...file }) => ({
    evidence,
    ...file,
  }));
  const range = timeRange(db);
  return {
    content_sha256: content,
    recorded_content_sha256:
      typeof recorded?.['content_sha256'] === 'string' ? recorded['content_sha256'] : null,
    evidence_set_sha256: meta.get('evidence_set_sha256') ?? '',
    schema_sha256: meta.get('schema_sha256') ?? '',
    totals,
    sources: Object.entries(versions).map(([source, version]) => ({
      source,
      title: SOURCES.find(({ id }) => id === source)?.title ?? source,
      version,
      ...(bySource[source] ?? { files: 0, records: 0, imported: 0, duplicates: 0, rejected: 0 }),
    })),
    files: evidenceStatus(db).flatMap(({ evidence_id: evidence, files_by_status: counts }) =>
      Object.entries(counts).map(([status, files]) => ({ evidence, status, files })),
    ),
    unreconciled: unreconciled(db, Object.keys(versions)),
    first_event: range.first_us === null ? null : formatUs(range.first_us),
    last_event: range.last_us === null ? null : formatUs(range.last_us),
    coverage: grids(db),
    gaps: gaps.slice(0, NAMED_GAPS),
    gaps_total: gaps.length,
    rejects: rejectsByReason(db).map(({ source = '', name: reason, count }) => ({
      source,
      reason,
      about: aboutOf(REJECT_REASONS, reason),
      count,
    })),
    anomalies: anomaliesByKind(db).map(({ name: kind, count }) => ({
      kind,
      about: aboutOf(ANOMALY_KINDS, kind),
      count,
    })),
    unrecognised: unrecognised.slice(0, NAMED_FILES),
    unrecognised_total: unrecognised.length,
    imports: db
      .prepare<[], DataFacts['imports'][number]>(
        'SELECT started_at, finished_at, tool, workers, evidence FROM import_run ORDER BY run_no',
      )
      .all(),
  };
}

function aboutOf(table: Readonly<Record<string, string>>, name: string): string {
  return Object.hasOwn(table, name) ? (table[name] ?? '') : '';
}

// Stretches of time with records, apart where nothing at all is recorded for a fortnight: one stray record years away
// must not squeeze the busy days into one column.
function grids(db: Database): Grid[] {
  const hours = db
    .prepare<[], number>('SELECT DISTINCT hour_us FROM coverage ORDER BY hour_us')
    .pluck()
    .all();
  const silences = hours
    .map((hour, at) => ({ at, hours: (hour - (hours[at - 1] ?? hour)) / HOUR_US }))
    .filter((silence) => silence.hours > APART_HOURS)
    .sort((a, b) => b.hours - a.hours)
    .slice(0, MOST_STRETCHES - 1)
    .map(({ at }) => at)
    .sort((a, b) => a - b);
  return [0, ...silences].flatMap((start, index) => {
    const [first, last] = [hours[start], hours[(silences[index] ?? hours.length) - 1]];
    return first === undefined || last === undefined ? [] : [grid(db, first, last)];
  });
}

// Bins as narrow as the span allows, aligned to their own width so that days begin at midnight UTC.
function grid(db: Database, first: number, last: number): Grid {
  const binOf = (us: number, width: number): number => Math.floor(us / width);
  const hours =
    BIN_HOURS.find((width) => {
      const bin = width * HOUR_US;
      return binOf(last, bin) - binOf(first, bin) < MOST_BINS;
    }) ?? Math.ceil((last - first) / HOUR_US / (MOST_BINS - 1));
  const bin = hours * HOUR_US;
  const start = binOf(first, bin);
  const rows = db
    .prepare<[number, number], HourRow>(
      `SELECT source, account_id, region, hour_us, records FROM coverage
        WHERE hour_us BETWEEN ? AND ? ORDER BY source, account_id, region, hour_us`,
    )
    .all(first, last);
  const groups = Map.groupBy(rows, (row) =>
    JSON.stringify([row.source, row.account_id, row.region]),
  );
  return {
    start_us: start * bin,
    bin_us: bin,
    bins: binOf(last, bin) - start + 1,
    series: [...groups.values()].flatMap((group) => {
      const [head] = group;
      if (head === undefined) return [];
      const sums = new Map<number, number>();
      for (const { hour_us: hour, records } of group) {
        const at = binOf(hour, bin) - start;
        sums.set(at, (sums.get(at) ?? 0) + records);
      }
      const { source, account_id: account, region } = head;
      const total = group.reduce((sum, { records }) => sum + records, 0);
      return [{ source, account_id: account, region, records: total, counts: [...sums] }];
    }),
  };
}

interface HourRow {
  readonly source: string;
  readonly account_id: string;
  readonly region: string;
  readonly hour_us: number;
  readonly records: number;
}

/** Every recorded run in order; one that is not what was signed is named as such. */
export async function runFacts(target: Case): Promise<RunFacts[]> {
  if (!existsSync(target.paths.queries)) return [];
  const facts: RunFacts[] = [];
  const ids = readdirSync(target.paths.queries).filter((name) => runNumber(name) !== undefined);
  ids.sort((a, b) => (runNumber(a) ?? 0) - (runNumber(b) ?? 0));
  for (const id of ids) {
    try {
      const recorded = await readRecorded(target, runFolder(target, id), id);
      const { record, sql, params, result, question } = recorded;
      const { input, query, environment, result: answer } = record.core;
      const head = query.name === null ? undefined : readFrontMatter(sql, id);
      facts.push({
        id,
        run: {
          name: query.name,
          question: query.verb === undefined ? (head?.question ?? null) : `exhibit ${query.verb}`,
          sql,
          params: question === undefined ? shownParams(params, head) : shownQuestion(question),
          started_at: record.started_at,
          columns: answer.columns,
          row_count: answer.row_count,
          order: answer.order,
          ordered_sha256: answer.ordered_sha256,
          multiset_sha256: answer.multiset_sha256,
          sql_sha256: query.sql_sha256,
          core_sha256: record.core_sha256,
          content_sha256: input.content_sha256,
          sqlite_version: environment.sqlite_version,
          warnings: query.warnings.map(({ code, detail }) => `${code}: ${detail}`),
          rows: result.rows.slice(0, SHOWN_ROWS).map((line) => parseRow(line)),
        },
      });
    } catch (error) {
      if (!(error instanceof ExhibitError)) throw error;
      facts.push({ id, problem: error.message });
    }
  }
  return facts;
}

function shownQuestion(question: Question): { readonly name: string; readonly value: string }[] {
  return Object.entries(question).map(([name, value]) => ({
    name,
    value: typeof value === 'string' ? value : canonicalJson(value ?? null),
  }));
}

function shownParams(
  params: BoundParams,
  head: QueryHead | undefined,
): { readonly name: string; readonly value: string | null }[] {
  const times = new Set(
    (head?.params ?? []).filter(({ type }) => type === 'time').map(({ name }) => name),
  );
  return Object.entries(params).map(([name, value]) => ({
    name,
    value:
      times.has(name) && typeof value === 'bigint'
        ? formatUs(Number(value))
        : plainCell(canonicalCell(value)),
  }));
}
