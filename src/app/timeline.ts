/** `timeline`: events of all sources in the order of time. */
import type { Effects } from '../core/effects.ts';
import { openDatabase } from '../db/open.ts';
import { timelineRows, type EventFilter } from '../query/events.ts';
import type { RunRecord } from '../query/run-record.ts';
import { recordAnswer, rowsOf, type Answerer, type VerbAnswer } from './answer.ts';
import type { Case } from './case.ts';
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
  const db = openDatabase(target.paths.database, { readonly: true });
  try {
    checkSource(db, filter);
    for (const row of timelineRows(db, filter, limit)) yield shownEvent(row);
  } finally {
    db.close();
  }
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
    answer: () => timelineAnswer(target, filter, limit),
  });
}

/** Asks a recorded time line again. */
export const askTimeline: Answerer = (target, _fx, question) =>
  Promise.resolve(timelineAnswer(target, filterIn(question), limitIn(question)));

function timelineAnswer(target: Case, filter: EventFilter, limit: number): VerbAnswer {
  return { columns: EVENT_COLUMNS, rows: rowsOf(EVENT_COLUMNS, timeline(target, filter, limit)) };
}
