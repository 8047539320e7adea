/** Signs the root of a ledger's tree. The caller holds the case's lock. */
import type { X509Certificate } from 'node:crypto';
import type { Buffer } from 'node:buffer';
import { join } from 'node:path';
import type { CasePaths } from '../bundle/layout.ts';
import { ExhibitError } from '../core/errors.ts';
import { treeRoot } from '../core/merkle.ts';
import type { Signer } from '../crypto/signer.ts';
import { storeSigned } from './append.ts';
import { refuseSigner } from './case-signers.ts';
import { entryLeaves, renderCheckpoint } from './checkpoint.ts';
import { checkpointFile, listLedger, readRegular, realFiles, type Files } from './files.ts';
import { entryBytes } from './shape.ts';
import { verifyLedger } from './verify.ts';

/** What was signed. */
export interface WrittenCheckpoint {
  readonly file: string;
  readonly size: number;
  readonly root: Buffer;
  /** The same checkpoint was there already, and nothing was written. */
  readonly existed: boolean;
}

/**
 * Writes the checkpoint of the whole ledger, after the ledger and its earlier checkpoints were verified under the case's own
 * root: a log never signs two histories.
 * @throws ExhibitError `E_TAMPERED`, `E_SIGNER`.
 */
export function writeCheckpoint(
  paths: CasePaths,
  caseId: string,
  by: { readonly signer: Signer; readonly root: X509Certificate; readonly atUs: number },
  files: Files = realFiles,
): WrittenCheckpoint {
  const { halfWritten } = listLedger(paths.custody);
  // What a stopped writer left of a checkpoint says nothing; of an entry it is the next entry's to remove.
  for (const name of halfWritten.filter((one) => one.startsWith('checkpoint-'))) {
    files.remove(join(paths.custody, name));
  }
  const { checks, signers } = verifyLedger(paths.dir, { trust: by.root.raw });
  const failed = checks.find(({ status }) => status === 'fail');
  if (failed !== undefined) {
    throw new ExhibitError(
      'E_TAMPERED',
      `the ledger is not in order: ${failed.subject}: ${failed.detail}`,
      { hint: 'no checkpoint was signed; run `exhibit custody verify`' },
    );
  }
  refuseSigner(by.signer, signers, by.root);
  const bytes = entryBytes(paths.dir);
  const size = bytes.length;
  const root = treeRoot(entryLeaves(bytes));
  const file = checkpointFile(size);
  const body = renderCheckpoint({ caseId, size, root });
  const existed = readRegular(join(paths.custody, file))?.equals(body) === true;
  if (!existed) storeSigned(paths, file, body, by.signer.sign(body, by.atUs), files);
  return { file, size, root, existed };
}
