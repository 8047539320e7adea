/** `query replay`: runs a recorded query again and says whether the answer is the same. */
import type { Effects } from '../core/effects.ts';
import { compareResults, type FirstDifference, type Verdict } from '../query/compare.ts';
import { differences } from '../query/run-record.ts';
import { DEFAULT_TIMEOUT_S, runQuery } from '../query/run.ts';
import { DEFAULT_MAX_ROWS } from '../query/execute.ts';
import type { Case } from './case.ts';
import { csvOf, runCore } from './query-record.ts';
import { readRecorded } from './query-recorded.ts';
import { importedContent, runFolder } from './query.ts';

/** What a replay found. */
export interface Replay {
  readonly run_id: string;
  readonly verdict: Verdict;
  readonly first_difference: FirstDifference | null;
  readonly row_count: { readonly recorded: number; readonly replayed: number };
  /** What of input and environment is not as it was. */
  readonly environment_differences: ReturnType<typeof differences>;
}

/**
 * Checks the signature and the files of a run, then runs the query again.
 * @throws ExhibitError `E_NOT_FOUND`, `E_TAMPERED` (signature, or a file that is not the recorded one),
 * `E_CONTENT_CHANGED`, `E_NOT_IMPORTED`, `E_QUERY_REFUSED`.
 */
export async function replay(
  target: Case,
  fx: Effects,
  id: string,
  options: { readonly timeoutS?: number; readonly checkContent?: boolean } = {},
): Promise<Replay> {
  const folder = runFolder(target, id);
  const { record, sql, params, result } = await readRecorded(target, folder, id);
  const outcome = await runQuery(
    {
      database: target.paths.database,
      sql,
      params,
      content: importedContent(target),
      checkContent: options.checkContent ?? record.core.input.content_check === 'recomputed',
      // As many as were recorded fit again, whatever the limit was then.
      maxRows: DEFAULT_MAX_ROWS + result.rows.length,
    },
    { timeoutS: options.timeoutS ?? DEFAULT_TIMEOUT_S, signal: fx.signal },
  );
  const now = runCore({ name: record.core.query.name, sql, params, outcome }, csvOf(outcome));
  const then = record.core;
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
