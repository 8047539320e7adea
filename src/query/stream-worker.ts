/** Thread of a streamed query: sends batches of rows, and waits while nobody takes them. */
import { parentPort, workerData } from 'node:worker_threads';
import { ExhibitError } from '../core/errors.ts';
import { sqliteFailure } from '../db/failure.ts';
import { forbidClock } from '../db/no-clock.ts';
import { openDatabase } from '../db/open.ts';
import { driverLoaded } from '../db/threads.ts';
import { checkContent } from './check-content.ts';
import { caseMeta } from './environment.ts';
import { checkQuery, eachRow } from './execute.ts';
import type { StreamJob, StreamReply } from './stream.ts';

/** Characters of a batch, and batches that may lie ahead. */
const BATCH_CHARACTERS = 256 * 1024;
const AHEAD = 4;

function send(reply: StreamReply): void {
  parentPort?.postMessage(reply);
}

function stream(job: StreamJob): void {
  const db = openDatabase(job.database, { readonly: true });
  try {
    checkContent(db, job, caseMeta(db)['content_sha256']);
    forbidClock(db);
    send({ columns: checkQuery(db, job.sql, job.params) });
    let lines: string[] = [];
    let [characters, rows, doubtful, sent] = [0, 0, 0, 0];
    const flush = (): void => {
      send({ lines });
      [lines, characters] = [[], 0];
      sent += 1;
      for (;;) {
        const taken = Atomics.load(job.taken, 0);
        if (sent - taken <= AHEAD) return;
        Atomics.wait(job.taken, 0, taken);
      }
    };
    for (const row of eachRow(db, job.sql, job.params)) {
      lines.push(row.line);
      characters += row.line.length;
      rows += 1;
      if (row.doubtful) doubtful += 1;
      if (characters > BATCH_CHARACTERS) flush();
    }
    if (lines.length > 0) flush();
    send({ end: { rows, doubtful } });
  } finally {
    db.close();
  }
}

driverLoaded();
try {
  stream(workerData as StreamJob);
} catch (error) {
  const job = workerData as StreamJob;
  const known = error instanceof ExhibitError ? error : sqliteFailure(error, job.database);
  if (known === undefined) throw error;
  const { code, message, where, hint } = known;
  send({ error: { code, message, where, hint } });
}
