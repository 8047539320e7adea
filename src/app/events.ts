/** Events of all sources as verbs print them, and questions about them as runs record them. */
import { COMMON_CELLS, type CommonCells } from '../core/columns.ts';
import { ExhibitError } from '../core/errors.ts';
import { formatUs } from '../core/time.ts';
import { sourceTables, type Database } from '../db/open.ts';
import type { CanonicalCell } from '../query/canonical.ts';
import type { EventFilter, EventRow } from '../query/events.ts';
import { integerIn, spanIn, spanQuestion, textIn, type Question } from '../query/question.ts';
import { csvPieces } from '../report/csv.ts';
export type { EventFilter } from '../query/events.ts';

/** An event as verbs print it. */
export interface ShownEvent extends CommonCells {
  readonly time: string;
  readonly source: string;
  /** For `show`: `cloudtrail:268435457`. */
  readonly row: string;
  /** Of a search: where the words stand. */
  readonly found_in?: string;
}

/** Columns of the time line in the order they are printed. */
export const EVENT_COLUMNS = ['time', 'source', ...COMMON_CELLS, 'row'] as const;

/** An event by its common columns, as it is printed. */
export function shownEvent(row: EventRow): ShownEvent {
  const { id, time_us: timeUs, ...common } = row;
  return { time: formatUs(timeUs), ...common, row: `${row.source}:${String(id)}` };
}

/** Events as CSV, in pieces: the columns that are named. */
export function eventsCsv(
  events: Iterable<ShownEvent>,
  columns: readonly (keyof ShownEvent)[],
  excelSafe: boolean,
): Generator<string> {
  const rows = function* (): Generator<readonly CanonicalCell[]> {
    for (const event of events) yield columns.map((name) => event[name] ?? null);
  };
  return csvPieces(columns, rows(), { excelSafe });
}

/** @throws ExhibitError `E_NOT_FOUND` for a source that the case does not have. */
export function checkSource(db: Database, filter: EventFilter): void {
  const tables = sourceTables(db);
  if (filter.source === undefined || tables.includes(filter.source)) return;
  throw new ExhibitError('E_NOT_FOUND', `the case has no source "${filter.source}"`, {
    hint: `it has ${tables.join(', ')}`,
  });
}

/** A filter as part of a recorded question. */
export function filterQuestion(filter: EventFilter): Question {
  const { fromUs, toUs, ...texts } = filter;
  return { ...texts, ...spanQuestion({ fromUs, toUs }) };
}

/** The inverse of {@link filterQuestion}; other members are left alone. @throws ExhibitError `E_FORMAT`. */
export function filterIn(question: Question): EventFilter {
  const texts = {
    source: textIn(question, 'source'),
    account: textIn(question, 'account'),
    region: textIn(question, 'region'),
    actor: textIn(question, 'actor'),
    ip: textIn(question, 'ip'),
    action: textIn(question, 'action'),
    outcome: textIn(question, 'outcome'),
  };
  const asked = Object.entries(texts).filter(([, value]) => value !== undefined);
  return { ...spanIn(question), ...Object.fromEntries(asked) };
}

/** The limit of a recorded question, 0 for none. @throws ExhibitError `E_FORMAT`. */
export function limitIn(question: Question): number {
  return integerIn(question, 'limit') ?? 0;
}
