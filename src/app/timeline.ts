/** `timeline`: events of all sources in the order of time. */
import { breathing } from './breath.ts';
import type { Effects } from '../core/effects.ts';
import type { Database } from '../db/open.ts';
import { timelineRows, type EventFilter, type EventRow } from '../query/events.ts';
import { findNamed, findRecord } from '../query/rows.ts';
import type { RunRecord } from '../query/run-record.ts';
import {
  timelinePieces,
  type TimelineEntry,
  type TimelineFormat,
} from '../report/timeline-formats.ts';
export type { EventFilter } from '../query/events.ts';
export { TIMELINE_FORMATS, type TimelineFormat } from '../report/timeline-formats.ts';
import { ExhibitError } from '../core/errors.ts';
import { recordAnswer, rowsOf, type Answerer, type VerbAnswer } from './answer.ts';
import type { Case } from './case.ts';
import { rowsOfDatabase, withDatabase } from './read-database.ts';
import {
  checkSource,
  EVENT_COLUMNS,
  filterIn,
  filterQuestion,
  limitIn,
  shownEvent,
  type ShownEvent,
} from './events.ts';

/**
 * Events in the order of time, source, id, one at a time.
 * @param limit most events, 0 for all.
 * @throws ExhibitError `E_NOT_IMPORTED`, `E_NOT_FOUND` for a source the case does not have.
 */
export function* timeline(target: Case, filter: EventFilter, limit: number): Generator<ShownEvent> {
  const rows = rowsOfDatabase(target, (db) => {
    checkSource(db, filter);
    return timelineRows(db, filter, limit);
  });
  for (const row of rows) yield shownEvent(row);
}

/**
 * The filter narrowed to what happened so long before and after a row.
 * @param row `cloudtrail:ID`, `duplicate:ID` or the id alone.
 * @param windowUs microseconds to either side, inclusive.
 * @throws ExhibitError `E_USAGE` (a row without a time), `E_NOT_FOUND`, `E_NOT_IMPORTED`.
 */
export async function around(
  target: Case,
  filter: EventFilter,
  row: string,
  windowUs: number,
): Promise<EventFilter> {
  return withDatabase(target, (db) => {
    const found = findNamed(db, row);
    const { kept_id: kept, source } = found.stored;
    const whole =
      found.kind === 'duplicate' ? findRecord(db, String(source), Number(kept ?? 0)) : found;
    const timeUs = whole?.stored['time_us'];
    if (typeof timeUs !== 'bigint') {
      throw new ExhibitError('E_USAGE', `the row ${row} has no time`, {
        hint: 'name an event, as timeline and search print them',
      });
    }
    const [fromUs, toUs] = [Number(timeUs) - windowUs, Number(timeUs) + windowUs + 1];
    return {
      ...filter,
      fromUs: Math.max(fromUs, filter.fromUs ?? fromUs),
      toUs: Math.min(toUs, filter.toUs ?? toUs),
    };
  });
}

/** The same events in a form that other tools read, in pieces. @throws ExhibitError as {@link timeline}. */
export function timelineFile(
  target: Case,
  format: TimelineFormat,
  filter: EventFilter,
  limit: number,
): Iterable<string> {
  // The time is written in each form's own way.
  return timelinePieces(format, entries(target, filter, limit), FIELDS);
}

const FIELDS: readonly string[] = [...EVENT_COLUMNS.slice(1), 'file'];

function entries(target: Case, filter: EventFilter, limit: number): Generator<TimelineEntry> {
  return rowsOfDatabase(target, function* (db) {
    checkSource(db, filter);
    const nameOf = fileNames(db);
    for (const event of timelineRows(db, filter, limit)) yield entryOf(event, nameOf(event.id));
  });
}

function entryOf(event: EventRow, file: string | null): TimelineEntry {
  const { id, time_us: timeUs, ...common } = event;
  const row = `${event.source}:${String(id)}`;
  return {
    timeUs,
    message: sentence(event),
    timestampDesc: 'Event Time',
    source: event.source,
    row,
    user: event.actor,
    host: event.src_ip,
    file,
    fields: { ...common, row, file },
  };
}

/** Names that are kept at hand: events near in time mostly stand in the same few files. */
const KEPT_NAMES = 1000;

/** S3 key, or the path that was collected, of the file that a row comes from. */
function fileNames(db: Database): (id: number) => string | null {
  const statement = db
    .prepare<[number], string>(
      'SELECT coalesce(key, original_path) FROM main.source_file WHERE file_id = ?',
    )
    .pluck();
  const kept = new Map<number, string | null>();
  return (id) => {
    const fileId = Math.floor(id / 2 ** 28);
    const known = kept.get(fileId);
    if (known !== undefined) return known;
    if (kept.size === KEPT_NAMES) kept.clear();
    const name = statement.get(fileId) ?? null;
    kept.set(fileId, name);
    return name;
  };
}

function sentence({ source, action, actor, target, src_ip, dst_ip, outcome }: EventRow): string {
  const part = (word: string, value: string | null): string =>
    value === null ? '' : ` ${word} ${value}`;
  const what = `${action ?? 'event'}${part('by', actor)}${part('on', target)}`;
  return `[${source}] ${what}${part('from', src_ip)}${part('to', dst_ip)}${outcome === null ? '' : `: ${outcome}`}`;
}

/** Records the time line as a run of the case. @throws ExhibitError see `recordAnswer`. */
export async function recordTimeline(
  target: Case,
  fx: Effects,
  filter: EventFilter,
  limit: number,
): Promise<RunRecord> {
  return recordAnswer(target, fx, {
    verb: 'timeline',
    question: { ...filterQuestion(filter), limit },
    answer: () => timelineAnswer(target, fx, filter, limit),
  });
}

/** Asks a recorded time line again. */
export const askTimeline: Answerer = (target, fx, question) =>
  Promise.resolve(timelineAnswer(target, fx, filterIn(question), limitIn(question)));

function timelineAnswer(target: Case, fx: Effects, filter: EventFilter, limit: number): VerbAnswer {
  const rows = rowsOf(EVENT_COLUMNS, timeline(target, filter, limit));
  return { columns: EVENT_COLUMNS, rows: breathing(rows, fx.signal) };
}
