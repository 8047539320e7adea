/** What the ledger says that the case's database holds. */
import { existsSync } from 'node:fs';
import { ExhibitError } from '../core/errors.ts';
import { readLedger } from '../custody/read.ts';
import type { Case } from './case.ts';

/**
 * `content_sha256` of the last import.
 * @throws ExhibitError `E_NOT_IMPORTED` when nothing was imported yet.
 */
export function importedContent(target: Case): string {
  const entries = readLedger(target.paths.dir).map((view) => view.entry);
  const content = entries.findLast((entry) => entry.event === 'imported')?.details?.[
    'content_sha256'
  ];
  if (typeof content === 'string' && existsSync(target.paths.database)) return content;
  throw new ExhibitError('E_NOT_IMPORTED', 'the case has no database yet', {
    where: { file: target.paths.database },
    hint: 'run `exhibit import` first',
  });
}
