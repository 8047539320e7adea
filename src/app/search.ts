/** `search`: records that hold words, in every source. */
import { setImmediate } from 'node:timers/promises';
import type { Effects } from '../core/effects.ts';
import { ExhibitError } from '../core/errors.ts';
import { sourceTables } from '../db/open.ts';
import type { EventFilter } from '../query/events.ts';
import { textIn } from '../query/question.ts';
import type { RunRecord } from '../query/run-record.ts';
import { DEFAULT_TIMEOUT_S } from '../query/run.ts';
import { parseTerms } from '../query/search-terms.ts';
import { searchRejects, searchSource, type Hit, type RejectHit } from '../query/search.ts';
import { TimeIsUp, withinTime } from '../query/time-limit.ts';
import { recordAnswer, rowsOf, type Answerer, type VerbAnswer } from './answer.ts';
import type { Case } from './case.ts';
import { openFullText } from './full-text.ts';
import { withDatabase } from './read-database.ts';
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
  /** Whether the full-text index ruled records out; the answer is the same without. `stale`: it is of another import. */
  readonly index: 'used' | 'absent' | 'stale';
}

const COLUMNS = [...EVENT_COLUMNS, 'found_in'] as const;

/** What is searched. */
export interface SearchQuestion {
  /** Words, "phrases", /expressions/, each also as field:value; see `parseTerms`. */
  readonly text: string;
  readonly filter: EventFilter;
  /** Most records that are given, 0 for all; all are counted. */
  readonly limit: number;
  /** Seconds until the search is given up; default 900. */
  readonly timeoutS?: number;
  /** Read every record, even where there is a full-text index: for answers that are signed. */
  readonly whole?: boolean;
}

/** Records that may be given without a limit: they are held in memory to be put in order. */
const MAX_HITS = 1_000_000;

/** One batch takes milliseconds; an expression that keeps one busy for so long would do so with the next. */
const BATCH_MS = 60_000;

/**
 * Records that hold every word, in the order of time, source, id; rejected records last.
 * @throws ExhibitError `E_USAGE` for an empty search or a bad expression, `E_QUERY_REFUSED` (too much time, too many
 * records), `E_NOT_IMPORTED`, `E_NOT_FOUND`.
 */
export async function search(
  target: Case,
  fx: Effects,
  { text, filter, limit, timeoutS = DEFAULT_TIMEOUT_S, whole = false }: SearchQuestion,
): Promise<SearchResult> {
  const terms = parseTerms(text);
  if (terms.length === 0) throw new ExhibitError('E_USAGE', 'there is nothing to search for');
  const timed = timeKeeper(
    fx,
    timeoutS,
    terms.some(({ expression }) => expression !== undefined),
  );
  return withDatabase(target, async (db) => {
    checkSource(db, filter);
    const tables = filter.source === undefined ? sourceTables(db) : [filter.source];
    const kept = new Earliest(limit);
    const opened = whole ? 'absent' : openFullText(target, db);
    const fullText = typeof opened === 'string' ? undefined : opened;
    try {
      for (const table of tables) {
        for (const hits of searchSource(db, table, terms, filter, timed, fullText)) {
          for (const hit of hits) kept.add(hit);
          await setImmediate();
          fx.signal.throwIfAborted();
        }
      }
    } finally {
      fullText?.close();
    }
    const rejects = Object.keys(filter).length === 0 ? [...searchRejects(db, terms, timed)] : [];
    const events = [...kept.sorted().map(found), ...rejects.map(rejected)];
    return {
      events: limit > 0 ? events.slice(0, limit) : events,
      total: kept.total + rejects.length,
      index: typeof opened === 'string' ? opened : 'used',
    };
  });
}

/**
 * Runs pieces of the search, and no more when the time is up.
 * @param mayHang an expression may keep a piece busy for ever: then it is ended in the middle.
 */
function timeKeeper(fx: Effects, timeoutS: number, mayHang: boolean): <T>(work: () => T) => T {
  const began = fx.now();
  return (work) => {
    const left = timeoutS * 1000 - (fx.now() - began);
    try {
      if (left <= 0) throw new TimeIsUp();
      return mayHang ? withinTime(Math.min(left, BATCH_MS), work) : work();
    } catch (error) {
      if (!(error instanceof TimeIsUp)) throw error;
      if (error.interrupted)
        throw new ExhibitError('E_UNFINISHED', 'the search was stopped', { hint: 'run it again' });
      throw new ExhibitError('E_QUERY_REFUSED', 'the search takes too long', {
        hint: 'narrow it by --source, --from and --to, make the expression simpler, or give more with --timeout SECONDS',
      });
    }
  };
}

/** The first records by time, source, id; all are counted. */
class Earliest {
  total = 0;
  readonly #limit: number;
  #hits: Hit[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(hit: Hit): void {
    this.total += 1;
    this.#hits.push(hit);
    if (this.#limit > 0 && this.#hits.length >= 2 * this.#limit + 1000)
      this.#hits = this.sorted().slice(0, this.#limit);
    if (this.#hits.length <= MAX_HITS) return;
    throw new ExhibitError('E_QUERY_REFUSED', `more than ${String(MAX_HITS)} records were found`, {
      hint: 'narrow the search, or give --limit: the first ones are shown, all are counted',
    });
  }

  sorted(): Hit[] {
    return this.#hits.sort(
      (a, b) => a.time_us - b.time_us || compare(a.source, b.source) || a.id - b.id,
    );
  }
}

/** Searches, and records the search as a run of the case. @throws ExhibitError see `search` and `recordAnswer`. */
export async function recordSearch(
  target: Case,
  fx: Effects,
  question: SearchQuestion,
): Promise<{ readonly result: SearchResult; readonly record: RunRecord }> {
  let result: SearchResult = { events: [], total: 0, index: 'absent' };
  const { text, filter, limit } = question;
  const record = await recordAnswer(target, fx, {
    verb: 'search',
    question: { ...filterQuestion(filter), text, limit },
    answer: async () => {
      result = await search(target, fx, { ...question, whole: true });
      return answerOf(result);
    },
  });
  return { result, record };
}

/** Asks a recorded search again. */
export const askSearch: Answerer = async (target, fx, question) => {
  const text = textIn(question, 'text') ?? '';
  const [filter, limit] = [filterIn(question), limitIn(question)];
  return answerOf(await search(target, fx, { text, filter, limit, whole: true }));
};

function answerOf({ events, total }: SearchResult): VerbAnswer {
  return { columns: COLUMNS, rows: rowsOf(COLUMNS, events), details: { total } };
}

function found(hit: Hit): ShownEvent {
  const { where, ...row } = hit;
  return { ...shownEvent(row), found_in: where.join(' ') };
}

function rejected(reject: RejectHit): ShownEvent {
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
