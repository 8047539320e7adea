/** The revocation list that may lie in a case: pki/crl.pem, signed by the root. */
import type { X509Certificate } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import type { Check } from '../core/check.ts';
import { formatUs } from '../core/time.ts';
import { readCrl } from '../crypto/crl.ts';
import type { Revocation } from '../crypto/judge-signer.ts';
import { readRegular } from './files.ts';

/** Where a case has its list. */
export const CASE_LIST = 'pki/crl.pem';

/** Where a proof has it. */
export const PROOF_LIST = 'crl.pem';

/** `trust.crl`, where there is a list; and what it revokes. */
export interface RevocationList {
  readonly checks: readonly Check[];
  readonly revocations: readonly Revocation[];
}

/**
 * Reads a list. That somebody took it away only the ledger's `key-revoked` entries can show.
 * @param folder of a case, or of a proof that was handed over without one.
 * @param subject path of the list in it.
 */
export function revocationList(
  folder: string,
  root: X509Certificate | undefined,
  subject = CASE_LIST,
): RevocationList {
  const path = join(folder, subject);
  const answer = (status: Check['status'], detail: string): Check[] => [
    { id: 'trust.crl', subject, status, detail },
  ];
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined)
    return { checks: [], revocations: [] };
  const bytes = readRegular(path);
  if (bytes === undefined) return { checks: answer('fail', 'no regular file'), revocations: [] };
  if (root === undefined) {
    return {
      checks: answer('not_checked', 'there is no usable root certificate'),
      revocations: [],
    };
  }
  const list = readCrl(bytes, root, subject);
  if (!list.ok) return { checks: answer('fail', list.reason), revocations: [] };
  const { revocations, thisUpdateUs } = list;
  const what = `revokes ${String(revocations.length)} of the root's certificates`;
  const detail = `signed by the root, ${what}; issued ${formatUs(thisUpdateUs)}, it knows nothing of later days`;
  return { checks: answer('pass', detail), revocations };
}
