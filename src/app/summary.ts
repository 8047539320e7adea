/** `summary`: what each principal did, from where, with what, as CloudTrail tells it. */
import { setImmediate } from 'node:timers/promises';
import type { Effects } from '../core/effects.ts';
import { ExhibitError } from '../core/errors.ts';
import { formatUs } from '../core/time.ts';
import { sourceTables } from '../db/open.ts';
import type { Cell } from '../query/canonical.ts';
import type { EventFilter } from '../query/events.ts';
import type { RunRecord } from '../query/run-record.ts';
import { FACETS, ranked, summarise, type Facet, type Principal } from '../query/summary.ts';
import { recordAnswer, type Answerer, type VerbAnswer } from './answer.ts';
import type { Case } from './case.ts';
import { filterIn, filterQuestion } from './events.ts';
import { withDatabase } from './read-database.ts';

export { FACETS, type Facet } from '../query/summary.ts';

/** What is asked. */
export interface SummaryQuestion {
  readonly filter: EventFilter;
  /** Sessions of one role count as that role. */
  readonly byIssuer: boolean;
}

/** A value that was seen with a principal. */
export interface SeenValue {
  readonly value: string;
  readonly events: number;
  readonly first_seen: string;
  readonly last_seen: string;
}

/** One principal, as it is printed. */
export interface PrincipalSummary {
  readonly principal: string | null;
  readonly events: number;
  readonly failed: number;
  readonly first_seen: string;
  readonly last_seen: string;
  /** Values of each list, the most frequent first. */
  readonly seen: Readonly<Record<Facet, readonly SeenValue[]>>;
}

/** Columns of the long form, which is recorded and which CSV has: one line for each principal and value. */
export const SUMMARY_COLUMNS = [
  ...['principal', 'what', 'value', 'events', 'failed', 'first_seen', 'last_seen'],
] as const;

/**
 * Adds up the calls of each principal; most events first.
 * @throws ExhibitError `E_NOT_IMPORTED`, `E_NOT_FOUND` (no CloudTrail in the case), `E_QUERY_REFUSED`.
 */
export async function summary(
  target: Case,
  fx: Effects,
  { filter, byIssuer }: SummaryQuestion,
): Promise<readonly PrincipalSummary[]> {
  return withDatabase(target, async (db) => {
    if (!sourceTables(db).includes('cloudtrail')) {
      throw new ExhibitError('E_NOT_FOUND', 'the case has no CloudTrail records', {
        hint: '`exhibit metrics FIELD --source NAME` counts those of other sources',
      });
    }
    const principals = await summarise(db, filter, byIssuer, async () => {
      await setImmediate();
      fx.signal.throwIfAborted();
    });
    return principals.map(shown);
  });
}

/** The same, recorded as a run of the case. @throws ExhibitError as `summary` and `recordAnswer`. */
export async function recordSummary(
  target: Case,
  fx: Effects,
  question: SummaryQuestion,
): Promise<{ readonly result: readonly PrincipalSummary[]; readonly record: RunRecord }> {
  let result: readonly PrincipalSummary[] = [];
  const record = await recordAnswer(target, fx, {
    verb: 'summary',
    question: { ...filterQuestion(question.filter), by_issuer: question.byIssuer },
    answer: async () => {
      result = await summary(target, fx, question);
      return answerOf(result);
    },
  });
  return { result, record };
}

/** Asks a recorded summary again. */
export const askSummary: Answerer = async (target, fx, question) => {
  const byIssuer = question['by_issuer'] === true;
  return answerOf(await summary(target, fx, { filter: filterIn(question), byIssuer }));
};

/** The long form: for each principal a line of all its events (`what` is `all`), then one for each value. */
export function* summaryRows(
  principals: readonly PrincipalSummary[],
): Generator<readonly (string | number | null)[]> {
  for (const { principal, events, failed, first_seen, last_seen, seen } of principals) {
    yield [principal, 'all', null, events, failed, first_seen, last_seen];
    for (const facet of FACETS) {
      for (const one of seen[facet])
        yield [principal, facet, one.value, one.events, null, one.first_seen, one.last_seen];
    }
  }
}

function answerOf(principals: readonly PrincipalSummary[]): VerbAnswer {
  const rows = function* (): Generator<readonly Cell[]> {
    for (const row of summaryRows(principals))
      yield row.map((cell) => (typeof cell === 'number' ? BigInt(cell) : cell));
  };
  return { columns: SUMMARY_COLUMNS, rows: rows() };
}

function shown({
  principal,
  events,
  failed,
  firstUs,
  lastUs,
  facets,
}: Principal): PrincipalSummary {
  const seen = FACETS.map((facet) => [
    facet,
    ranked(facets[facet]).map(([value, tally]) => ({
      value,
      events: tally.events,
      first_seen: formatUs(tally.firstUs),
      last_seen: formatUs(tally.lastUs),
    })),
  ]);
  return {
    ...{ principal, events, failed },
    ...{ first_seen: formatUs(firstUs), last_seen: formatUs(lastUs) },
    seen: Object.fromEntries(seen) as PrincipalSummary['seen'],
  };
}
