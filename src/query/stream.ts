/** Runs a query in a thread of its own and hands its rows on as they come: for results too large to be kept. */
import { on } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { startThread, whenLoaded } from '../db/threads.ts';
import { ExhibitError } from '../core/errors.ts';
import type { Job, Reply } from './run.ts';

/** What the stream's thread is given. */
export interface StreamJob extends Omit<Job, 'maxRows'> {
  /** How many batches were taken: the thread waits when it is too far ahead. */
  readonly taken: Int32Array<SharedArrayBuffer>;
}

/** What the stream's thread sends. */
export type StreamReply =
  | { readonly columns: readonly string[] }
  | { readonly lines: readonly string[] }
  | { readonly end: { readonly rows: number; readonly doubtful: number } }
  | Extract<Reply, { readonly error: unknown }>;

/** Takes what comes: first the columns, then canonical lines in batches. */
export interface Taker {
  readonly columns: (columns: readonly string[]) => void;
  readonly lines: (lines: readonly string[]) => void;
}

/**
 * Runs a query once and gives its rows to `taker`; memory does not grow with their number.
 * @returns how many rows there were, and in how many a text may be bytes that are not UTF-8.
 * @throws ExhibitError as `runQuery`, but for too many rows.
 */
export async function streamQuery(
  job: Omit<Job, 'maxRows'>,
  limits: { readonly timeoutS: number; readonly signal: AbortSignal },
  taker: Taker,
): Promise<{ readonly rows: number; readonly doubtful: number }> {
  const taken = new Int32Array(new SharedArrayBuffer(4));
  const worker = startThread(new URL('./stream-worker.ts', import.meta.url), {
    workerData: { ...job, taken } satisfies StreamJob,
  });
  const clock = AbortSignal.timeout(limits.timeoutS * 1000);
  const signal = AbortSignal.any([limits.signal, clock]);
  let ended = false;
  try {
    for await (const [message] of on(worker, 'message', { signal, close: ['exit'] })) {
      const reply = message as StreamReply;
      if ('error' in reply) {
        ended = true;
        const { code, message: text, where, hint } = reply.error;
        throw new ExhibitError(code, text, {
          ...(where === undefined ? {} : { where }),
          ...(hint === undefined ? {} : { hint }),
        });
      }
      if ('end' in reply) {
        ended = true;
        return reply.end;
      }
      if ('columns' in reply) taker.columns(reply.columns);
      else {
        taker.lines(reply.lines);
        // Messages that keep coming would keep the clock and Ctrl-C waiting.
        await setImmediate();
        Atomics.add(taken, 0, 1);
        Atomics.notify(taken, 0);
      }
    }
    throw new Error('the query thread ended and said nothing');
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'AbortError') throw error;
    if (limits.signal.aborted)
      throw new ExhibitError('E_UNFINISHED', 'the query was stopped', { hint: 'run it again' });
    throw new ExhibitError(
      'E_QUERY_REFUSED',
      `the query took longer than ${String(limits.timeoutS)} s`,
      { hint: 'narrow it, or give it more with --timeout SECONDS' },
    );
  } finally {
    // As in run.ts: a running statement does not notice, and src/cli/start.ts then ends the process.
    await whenLoaded(worker);
    const gone = worker.terminate();
    if (ended) await gone;
  }
}
