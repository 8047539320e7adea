/** `timeline` and `search`: events of all sources in one order. */
import type { CanonicalCell } from '../query/canonical.ts';
import type { Effects } from '../core/effects.ts';
import { ExhibitError } from '../core/errors.ts';
import { formatUs } from '../core/time.ts';
import { openDatabase, sourceTables, type Database } from '../db/open.ts';
import { timelineRows, type EventFilter, type EventRow } from '../query/events.ts';
import { parseTerms, searchRejects, searchSource, type Hit } from '../query/search.ts';
import { csvText } from '../report/csv.ts';
export type { EventFilter } from '../query/events.ts';
import type { Case } from './case.ts';

/** An event as verbs print it. */
export interface ShownEvent {
  readonly time: string;
  readonly source: string;
  readonly account_id: string | null;
  readonly region: string | null;
  readonly actor: string | null;
  readonly action: string | null;
  readonly target: string | null;
  readonly src_ip: string | null;
  readonly dst_ip: string | null;
  readonly outcome: string | null;
  /** For `show`: `cloudtrail:268435457`. */
  readonly row: string;
  /** Of a search: where the words stand. */
  readonly found_in?: string;
}

/** Columns of the time line in the order they are printed. */
export const EVENT_COLUMNS = [
  'time',
  'source',
  'account_id',
  'region',
  'actor',
  'action',
  'target',
  'src_ip',
  'dst_ip',
  'outcome',
  'row',
] as const;

/**
 * Events in the order of time, source, id, one at a time.
 * @param limit most events, 0 for all.
 * @throws ExhibitError `E_NOT_IMPORTED`, `E_NOT_FOUND` for a source the case does not have.
 */
export function* timeline(target: Case, filter: EventFilter, limit: number): Generator<ShownEvent> {
  const db = openDatabase(target.paths.database, { readonly: true });
  try {
    checkSource(db, filter);
    for (const row of timelineRows(db, filter, limit)) yield shown(row);
  } finally {
    db.close();
  }
}

/** What a search found. */
export interface SearchResult {
  readonly events: readonly ShownEvent[];
  /** All records found, also those beyond the limit. */
  readonly total: number;
}

/**
 * Records that hold every word, in the order of time, source, id; rejected records last.
 * @throws ExhibitError `E_USAGE` for an empty search, `E_NOT_IMPORTED`, `E_NOT_FOUND`.
 */
export function search(
  target: Case,
  fx: Effects,
  text: string,
  filter: EventFilter,
  limit: number,
): SearchResult {
  const terms = parseTerms(text);
  if (terms.length === 0) throw new ExhibitError('E_USAGE', 'there is nothing to search for');
  const db = openDatabase(target.paths.database, { readonly: true });
  try {
    checkSource(db, filter);
    const tables = filter.source === undefined ? sourceTables(db) : [filter.source];
    const hits: Hit[] = [];
    for (const table of tables) {
      for (const hit of searchSource(db, table, terms, filter)) {
        hits.push(hit);
        fx.signal.throwIfAborted();
      }
    }
    hits.sort((a, b) => a.time_us - b.time_us || compare(a.source, b.source) || a.id - b.id);
    const rejects = Object.keys(filter).length === 0 ? [...searchRejects(db, terms)] : [];
    const total = hits.length + rejects.length;
    const events = [...hits.map(found), ...rejects.map(rejected)];
    return { events: limit > 0 ? events.slice(0, limit) : events, total };
  } finally {
    db.close();
  }
}

/** Events as CSV: `EVENT_COLUMNS`, and `found_in` of a search. */
export function eventsCsv(
  events: Iterable<ShownEvent>,
  columns: readonly (keyof ShownEvent)[],
  excelSafe: boolean,
): string {
  const rows = [...events].map((event) =>
    columns.map((name): CanonicalCell => event[name] ?? null),
  );
  return csvText(columns, rows, { excelSafe });
}

function checkSource(db: Database, filter: EventFilter): void {
  const tables = sourceTables(db);
  if (filter.source === undefined || tables.includes(filter.source)) return;
  throw new ExhibitError('E_NOT_FOUND', `the case has no source "${filter.source}"`, {
    hint: `it has ${tables.join(', ')}`,
  });
}

function shown(row: EventRow): ShownEvent {
  const { id, time_us: timeUs, ...common } = row;
  return { time: formatUs(timeUs), ...common, row: `${row.source}:${String(id)}` };
}

function found(hit: Hit): ShownEvent {
  const { where, ...row } = hit;
  return { ...shown(row), found_in: where.join(' ') };
}

function rejected(reject: {
  readonly id: number;
  readonly source: string;
  readonly reason: string;
}): ShownEvent {
  return {
    time: '',
    source: reject.source,
    account_id: null,
    region: null,
    actor: null,
    action: null,
    target: null,
    src_ip: null,
    dst_ip: null,
    outcome: `rejected: ${reject.reason}`,
    row: `reject:${String(reject.id)}`,
    found_in: 'raw',
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
