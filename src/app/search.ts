/** `search`: records that hold words, in every source. */
import type { Effects } from '../core/effects.ts';
import { ExhibitError } from '../core/errors.ts';
import { openDatabase, sourceTables } from '../db/open.ts';
import type { EventFilter } from '../query/events.ts';
import { textIn } from '../query/question.ts';
import type { RunRecord } from '../query/run-record.ts';
import { parseTerms, searchRejects, searchSource, type Hit } from '../query/search.ts';
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

/** What a search found. */
export interface SearchResult {
  readonly events: readonly ShownEvent[];
  /** All records found, also those beyond the limit. */
  readonly total: number;
}

const COLUMNS = [...EVENT_COLUMNS, 'found_in'] as const;

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

/** Searches, and records the search as a run of the case. @throws ExhibitError see `search` and `recordAnswer`. */
export async function recordSearch(
  target: Case,
  fx: Effects,
  text: string,
  filter: EventFilter,
  limit: number,
): Promise<{ readonly result: SearchResult; readonly record: RunRecord }> {
  let result: SearchResult = { events: [], total: 0 };
  const record = await recordAnswer(target, fx, {
    verb: 'search',
    question: { ...filterQuestion(filter), text, limit },
    answer: () => {
      result = search(target, fx, text, filter, limit);
      return answerOf(result);
    },
  });
  return { result, record };
}

/** Asks a recorded search again. */
export const askSearch: Answerer = (target, fx, question) => {
  const text = textIn(question, 'text') ?? '';
  return Promise.resolve(answerOf(search(target, fx, text, filterIn(question), limitIn(question))));
};

function answerOf({ events, total }: SearchResult): VerbAnswer {
  return { columns: COLUMNS, rows: rowsOf(COLUMNS, events), details: { total } };
}

function found(hit: Hit): ShownEvent {
  const { where, ...row } = hit;
  return { ...shownEvent(row), found_in: where.join(' ') };
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
