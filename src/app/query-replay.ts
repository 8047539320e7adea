/** `query replay`: asks a recorded question again and says whether the answer is the same. */
import type { Effects } from '../core/effects.ts';
import { ExhibitError } from '../core/errors.ts';
import { compareResults, type FirstDifference, type Verdict } from '../query/compare.ts';
import { DEFAULT_MAX_ROWS } from '../query/execute.ts';
import { paramsJson } from '../query/params.ts';
import { differences } from '../query/run-record.ts';
import { DEFAULT_TIMEOUT_S, runQuery, type Outcome } from '../query/run.ts';
import type { Question } from '../query/question.ts';
import { finishAnswer } from './answer.ts';
import { ANSWERS } from './answers.ts';
import type { Case } from './case.ts';
import { importedContent } from './imported-content.ts';
import { csvOf, runCore, type FinishedRun } from './query-record.ts';
import { readRecorded } from './query-recorded.ts';
import { runFolder } from './query.ts';

/** What a replay found. */
export interface Replay {
  readonly run_id: string;
  readonly verdict: Verdict;
  readonly first_difference: FirstDifference | null;
  readonly row_count: { readonly recorded: number; readonly replayed: number };
  /** What of input and environment is not as it was. */
  readonly environment_differences: ReturnType<typeof differences>;
}

/** Options of a replay. */
interface ReplayOptions {
  readonly timeoutS?: number;
  readonly checkContent?: boolean;
}

/**
 * Checks the signature and the files of a run, then asks again: SQLite, or the verb that answered.
 * @throws ExhibitError `E_NOT_FOUND`, `E_TAMPERED` (signature, or a file that is not the recorded one),
 * `E_CONTENT_CHANGED`, `E_NOT_IMPORTED`, `E_QUERY_REFUSED`, `E_FORMAT` (a verb that this version does not have).
 */
export async function replay(
  target: Case,
  fx: Effects,
  id: string,
  options: ReplayOptions = {},
): Promise<Replay> {
  const recorded = await readRecorded(target, runFolder(target, id), id);
  const { record, result, question } = recorded;
  const then = record.core;
  // As many as were recorded fit again, whatever the limit was then.
  const maxRows = DEFAULT_MAX_ROWS + result.rows.length;
  const { run, outcome } =
    then.query.verb === undefined || question === undefined
      ? await askSql(target, fx, recorded, maxRows, options)
      : await askVerb(target, fx, then.query.verb, question, maxRows);
  const now = runCore({ ...run, outcome }, csvOf(outcome));
  return {
    run_id: id,
    ...compareResults(result, outcome.answer),
    row_count: { recorded: result.rows.length, replayed: outcome.answer.rows.length },
    environment_differences: differences(
      { input: then.input, environment: then.environment },
      { input: now.input, environment: now.environment },
    ),
  };
}

/** A run that was made again. */
interface Again {
  readonly run: Omit<FinishedRun, 'outcome' | 'startedAt'>;
  readonly outcome: Outcome;
}

async function askSql(
  target: Case,
  fx: Effects,
  { record, sql, params }: Awaited<ReturnType<typeof readRecorded>>,
  maxRows: number,
  { timeoutS, checkContent }: ReplayOptions,
): Promise<Again> {
  const outcome = await runQuery(
    {
      database: target.paths.database,
      sql,
      params,
      content: importedContent(target),
      checkContent: checkContent ?? record.core.input.content_check === 'recomputed',
      maxRows,
    },
    { timeoutS: timeoutS ?? DEFAULT_TIMEOUT_S, signal: fx.signal },
  );
  return { run: { name: record.core.query.name, sql, params: paramsJson(params) }, outcome };
}

async function askVerb(
  target: Case,
  fx: Effects,
  verb: string,
  question: Question,
  maxRows: number,
): Promise<Again> {
  const load = Object.hasOwn(ANSWERS, verb) ? ANSWERS[verb] : undefined;
  if (load === undefined) {
    throw new ExhibitError('E_FORMAT', `this exhibit does not know how to ask "${verb}" again`, {
      hint: 'replay it with the version of exhibit that run.json names',
    });
  }
  const ask = await load();
  return finishAnswer(target, { verb, question, answer: () => ask(target, fx, question) }, maxRows);
}
