/** Thread that runs one query, so that the main thread can end it: SQLite here has no way to be asked to stop. */
import { parentPort, workerData } from 'node:worker_threads';
import { ExhibitError } from '../core/errors.ts';
import { sqliteFailure } from '../db/failure.ts';
import { forbidClock } from '../db/no-clock.ts';
import { openDatabase, type Database } from '../db/open.ts';
import { driverLoaded } from '../db/threads.ts';
import { checkContent } from './check-content.ts';
import { caseMeta, engineFacts } from './environment.ts';
import { execute } from './execute.ts';
import type { Job, Outcome, Reply } from './run.ts';

function work(job: Job): Reply {
  try {
    const db = openDatabase(job.database, { readonly: true });
    try {
      return { outcome: run(db, job) };
    } finally {
      db.close();
    }
  } catch (error) {
    const known = error instanceof ExhibitError ? error : sqliteFailure(error, job.database);
    if (known === undefined) throw error;
    const { code, message, where, hint } = known;
    return { error: { code, message, where, hint } };
  }
}

function run(db: Database, job: Job): Outcome {
  const meta = caseMeta(db);
  checkContent(db, job, meta['content_sha256']);
  const engine = engineFacts(db);
  forbidClock(db);
  const answer = execute(db, job.sql, job.params, job.maxRows);
  return { answer, meta, engine, content_check: job.checkContent ? 'recomputed' : 'recorded' };
}

driverLoaded();
parentPort?.postMessage(work(workerData as Job));
