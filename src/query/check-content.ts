/** Whether a database is the one that the ledger speaks of. */
import { ExhibitError } from '../core/errors.ts';
import { verifyContent } from '../db/content-hash.ts';
import type { Database } from '../db/open.ts';
import type { Job } from './run.ts';

/** @throws ExhibitError `E_CONTENT_CHANGED`. */
export function checkContent(
  db: Database,
  job: Pick<Job, 'database' | 'content' | 'checkContent'>,
  recorded: string | undefined,
): void {
  const changed = (message: string): ExhibitError =>
    new ExhibitError('E_CONTENT_CHANGED', message, {
      where: { file: job.database },
      hint: 'delete case.db and run `exhibit import`: the sealed evidence gives the same database again',
    });
  if (recorded !== job.content) {
    throw changed('the database is not the one that the ledger recorded at the last import');
  }
  if (!job.checkContent) return;
  const [problem] = verifyContent(db).problems;
  if (problem !== undefined) throw changed(`the database was changed after the import: ${problem}`);
}
