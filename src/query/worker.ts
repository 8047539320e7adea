/** Thread that runs one query, so that the main thread can end it: SQLite here has no way to be asked to stop. */
import { parentPort, workerData } from 'node:worker_threads';
import { ExhibitError } from '../core/errors.ts';
import { forbidClock } from '../db/no-clock.ts';
import { openDatabase } from '../db/open.ts';
import { caseMeta, engineFacts } from './environment.ts';
import { execute } from './execute.ts';
import type { Job, Reply } from './run.ts';

const job = workerData as Job;

function work(): Reply {
  try {
    const db = openDatabase(job.database, { readonly: true });
    try {
      const meta = caseMeta(db);
      const engine = engineFacts(db);
      forbidClock(db);
      return { outcome: { meta, engine, answer: execute(db, job.sql, job.params) } };
    } finally {
      db.close();
    }
  } catch (error) {
    if (!(error instanceof ExhibitError)) throw error;
    const { code, message, where, hint } = error;
    return { error: { code, message, where, hint } };
  }
}

parentPort?.postMessage(work());
