/** Signed files of a case, judged as `verify` judges them: by root, ledger and revocation list. */
import { readLedger, type EntryView } from '../custody/read.ts';
import {
  caseSigners,
  refuseSigner,
  signatureProblem,
  type SignedCaseFile,
} from '../custody/case-signers.ts';
import type { Signer } from '../crypto/signer.ts';
import { caseRoot, type Case } from './case.ts';

/**
 * Why a file of the case does not count as signed; undefined when it does.
 * @param vouches tells the ledger entry that vouches for the very file.
 * @throws ExhibitError `E_TAMPERED` (root, revocation list), `E_FORMAT` (ledger).
 */
export async function signedFileProblem(
  opened: Case,
  file: Omit<SignedCaseFile, 'seq'>,
  vouches: (entry: EntryView['entry']) => boolean,
): Promise<string | undefined> {
  const root = await caseRoot(opened);
  const entries = readLedger(opened.paths.dir);
  const signers = caseSigners(opened.paths, entries, root);
  const seq = entries.find(({ entry }) => vouches(entry))?.seq;
  return signatureProblem({ ...file, seq }, signers, root);
}

/** The entry that seals evidence with this very seal. */
export function seals(id: string, sealSha256: string): (entry: EntryView['entry']) => boolean {
  return ({ event, evidence }) =>
    event === 'sealed' && (evidence ?? []).some((one) => one.id === id && one.seal === sealSha256);
}

/**
 * Before a key signs anything that a ledger entry is to follow: it may sign for the case.
 * @throws ExhibitError `E_SIGNER`, and those of {@link signedFileProblem}.
 */
export async function requireSigner(opened: Case, signer: Signer): Promise<void> {
  const root = await caseRoot(opened);
  const entries = readLedger(opened.paths.dir);
  refuseSigner(signer, caseSigners(opened.paths, entries, root), root);
}
