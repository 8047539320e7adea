/** Runs a query in a thread of its own, with a limit of time. */
import { startThread, whenLoaded } from '../db/threads.ts';
import { ExhibitError, type ErrorCode, type Where } from '../core/errors.ts';
import type { CaseMeta, EngineFacts } from './environment.ts';
import type { Answer } from './execute.ts';
import type { BoundParams } from './params.ts';

/** What the thread is given. */
export interface Job {
  /** Path of case.db. */
  readonly database: string;
  readonly sql: string;
  readonly params: BoundParams;
  /** `content_sha256` that the ledger recorded at the last import. */
  readonly content: string;
  /** Hash every row again first. */
  readonly checkContent: boolean;
  /** A result of more rows is refused. */
  readonly maxRows: number;
}

/** What came of a run. */
export interface Outcome {
  readonly answer: Answer;
  readonly meta: CaseMeta;
  readonly engine: EngineFacts;
  /** How the database was compared with the ledger. */
  readonly content_check: 'recorded' | 'recomputed';
}

/** What the thread sends back; an expected failure crosses as plain data. */
export type Reply =
  | { readonly outcome: Outcome }
  | {
      readonly error: {
        readonly code: ErrorCode;
        readonly message: string;
        readonly where: Where | undefined;
        readonly hint: string | undefined;
      };
    };

/** Seconds a query may take unless `--timeout` says otherwise. */
export const DEFAULT_TIMEOUT_S = 900;

/** Resident memory, in bytes, at which a query is given up: SQLite's own part of it knows no limit. */
const MEMORY_LIMIT = 4 * 1024 ** 3;
const MEMORY_LOOK_MS = 250;

/**
 * Runs a query.
 * @throws ExhibitError `E_QUERY_REFUSED` (also for too much time, memory, or too many rows), `E_UNFINISHED` (stopped),
 * `E_QUERY_PARAM`, `E_NOT_IMPORTED`, `E_CONTENT_CHANGED`, `E_FORMAT` (damaged database).
 */
export async function runQuery(
  job: Job,
  limits: { readonly timeoutS: number; readonly signal: AbortSignal },
): Promise<Outcome> {
  limits.signal.throwIfAborted();
  const worker = startThread(new URL('./worker.ts', import.meta.url), { workerData: job });
  let timer: NodeJS.Timeout | undefined;
  let watch: NodeJS.Timeout | undefined;
  let stop: (() => void) | undefined;
  let ended = false;
  try {
    const reply = await new Promise<Reply>((resolve, reject) => {
      timer = setTimeout(() => {
        reject(
          new ExhibitError(
            'E_QUERY_REFUSED',
            `the query took longer than ${String(limits.timeoutS)} s`,
            {
              hint: 'narrow it, or give it more with --timeout SECONDS',
            },
          ),
        );
      }, limits.timeoutS * 1000);
      watch = setInterval(() => {
        if (process.memoryUsage.rss() > MEMORY_LIMIT) reject(tooMuchMemory());
      }, MEMORY_LOOK_MS);
      stop = () => {
        reject(new ExhibitError('E_UNFINISHED', 'the query was stopped', { hint: 'run it again' }));
      };
      limits.signal.addEventListener('abort', stop, { once: true });
      worker.once('message', resolve);
      worker.once('error', (error: Error) => {
        const full = (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY';
        reject(full ? tooMuchMemory() : error);
      });
      worker.once('exit', (code) => {
        reject(new Error(`the query thread ended with ${String(code)} and said nothing`));
      });
    });
    ended = true;
    if ('outcome' in reply) return reply.outcome;
    const { code, message, where, hint } = reply.error;
    throw new ExhibitError(code, message, {
      ...(where === undefined ? {} : { where }),
      ...(hint === undefined ? {} : { hint }),
    });
  } finally {
    clearTimeout(timer);
    clearInterval(watch);
    if (stop !== undefined) limits.signal.removeEventListener('abort', stop);
    // Until SQLite calls a function of ours, a running statement does not notice; src/cli/start.ts then ends the process.
    await whenLoaded(worker);
    const gone = worker.terminate();
    if (ended) await gone;
  }
}

function tooMuchMemory(): ExhibitError {
  return new ExhibitError('E_QUERY_REFUSED', 'the query needs more memory than it may have', {
    hint: 'narrow it, or let it aggregate',
  });
}
