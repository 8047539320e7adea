/** Who may sign for a case, for verbs that build upon it without verifying all of its ledger first. */
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import type { CasePaths } from '../bundle/layout.ts';
import { ExhibitError } from '../core/errors.ts';
import { verifyForm } from '../crypto/cms-verify.ts';
import { revocationsOf } from '../crypto/judge-signer.ts';
import type { Signer } from '../crypto/signer.ts';
import { issuanceProblem } from '../crypto/trust.ts';
import type { Entry } from './entry.ts';
import { readRegular } from './files.ts';
import { revocationList } from './revocation-list.ts';
import { judgeIn, signersOf, type Signers } from './signers.ts';

/** What has to be known of an entry. */
export interface LedgerEntry {
  readonly seq: number;
  /** Relative to the case. */
  readonly file: string;
  readonly entry: Entry;
}

/**
 * Collects them from the entries that add and revoke keys, and from pki/crl.pem.
 * @param entries in order; those of other events are passed over.
 * @throws ExhibitError `E_TAMPERED` when there is a revocation list that does not hold: who it revoked cannot be known.
 */
export function caseSigners(
  paths: CasePaths,
  entries: readonly LedgerEntry[],
  root: X509Certificate,
): Signers {
  const list = revocationList(paths.dir, root);
  const bad = list.checks.find(({ status }) => status === 'fail');
  if (bad !== undefined) {
    throw new ExhibitError('E_TAMPERED', `the revocation list does not hold: ${bad.detail}`, {
      where: { file: join(paths.dir, bad.subject) },
      hint: 'put a list there that the root has signed, or the file away; `exhibit verify` says the same',
    });
  }
  const about = entries.filter(({ entry }) => /^key-(?:added|revoked)$/.test(entry.event));
  const signed = about.map((one) => {
    const bytes = readRegular(join(paths.dir, one.file));
    const signature = readRegular(join(paths.dir, `${one.file}.p7s`));
    const whole = bytes !== undefined && signature !== undefined;
    return { ...one, verdict: whole ? verifyForm(bytes, signature) : undefined };
  });
  return signersOf(signed, root, list.revocations);
}

/** A signed file of a case, and who it says has signed it. */
export interface SignedCaseFile {
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array;
  /** SHA-256 of the certificate that the file names. */
  readonly fingerprint: string;
  /** Number of the ledger entry that vouches for the very file, where there is one: its place counts. */
  readonly seq?: number | undefined;
}

/** Why a file of the case does not count as signed; undefined when it does. That is judged at its claimed time. */
export function signatureProblem(
  { bytes, signature, fingerprint, seq }: SignedCaseFile,
  signers: Signers,
  root: X509Certificate,
): string | undefined {
  const verdict = verifyForm(bytes, signature);
  if (!verdict.ok) return verdict.reason;
  if (verdict.fingerprint !== fingerprint)
    return 'the signature is by another certificate than the file names';
  const claimedUs = verdict.signingTimeUs;
  const { status, detail } = judgeIn(signers, { ...verdict, root, claimedUs, seq });
  return status === 'fail' ? detail : undefined;
}

/**
 * A certificate that has run out is for the verifier to judge; one that is unknown or taken back signs nothing here.
 * @throws ExhibitError `E_SIGNER`.
 */
export function refuseSigner(signer: Signer, signers: Signers, root: X509Certificate): void {
  const certificate = new X509Certificate(signer.certificatePem);
  const [revoked] = revocationsOf(certificate, signers.revocations, root);
  const problem =
    revoked === undefined
      ? signers.vouched.has(signer.fingerprint)
        ? undefined
        : issuanceProblem(certificate, root)
      : `${revoked.source} revokes its certificate (${revoked.reason})`;
  if (problem === undefined) return;
  throw new ExhibitError('E_SIGNER', `this key may not sign for the case: ${problem}`, {
    hint: 'somebody who may can add another: exhibit custody key add',
  });
}
