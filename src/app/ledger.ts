/** Writes what was done into the case's custody ledger. */
import type { Effects } from '../core/effects.ts';
import { ExhibitError } from '../core/errors.ts';
import type { Signer } from '../crypto/signer.ts';
import { appendToLedger, type Appended } from '../custody/append.ts';
import type { Entry, EntryDraft } from '../custody/entry.ts';
import { readLedger } from '../custody/read.ts';
import { addedKey } from '../custody/signers.ts';
import { caseRoot, type Case } from './case.ts';
import { withLock } from './lock.ts';
import { refuseRolledBack } from './pins.ts';
import { redactedArgv } from './redact.ts';
import { refuseWords } from './ledger-words.ts';
import { selfTestPassed } from './self-test.ts';
import { toolIdentity } from './tool.ts';

/**
 * Appends a signed entry, holding the case's lock.
 * @param actor who signs; default: whoever the ledger knows by the certificate.
 * @throws ExhibitError `E_LOCKED`; `E_TAMPERED` when the ledger's end or the root is not as it must be.
 */
export async function appendEntry(
  { paths, info }: Case,
  signer: Signer,
  fx: Effects,
  draft: EntryDraft,
  actor?: Omit<Entry['actor'], 'cert'>,
): Promise<Appended> {
  refuseWords(draft);
  return withLock({ paths }, fx, async () => {
    const root = await caseRoot({ paths, info });
    refuseRolledBack({ paths, info }, fx);
    return appendToLedger(paths, draft, {
      caseId: info.case,
      actor: actor ?? actorOf({ paths, info }, signer),
      tool: entryTool(fx),
      atUs: fx.now() * 1000,
      signer,
      root,
    });
  });
}

/**
 * Who signs: the examiner of case.json, or whoever the newest `key-added` entry names for the certificate.
 * @throws ExhibitError `E_SIGNER` when nobody knows it.
 */
function actorOf({ paths, info }: Case, { fingerprint }: Signer): Omit<Entry['actor'], 'cert'> {
  const added = readLedger(paths.dir)
    .map(({ entry }) => addedKey(entry))
    .findLast((key) => key?.certificate === fingerprint);
  const known = fingerprint === info.examiner.certificate ? info.examiner : added;
  if (known === undefined) {
    throw new ExhibitError('E_SIGNER', 'the ledger does not know the certificate of this key', {
      hint: 'whoever holds a key of the case adds it: exhibit custody key add --certificate CERT.pem',
    });
  }
  const { name, organization, role } = known;
  return { name, ...(organization === undefined ? {} : { org: organization }), role };
}

/** The tool as entries name it, after it has answered what is known. */
export function entryTool(fx: Effects): Entry['tool'] {
  const { name, version, hash } = toolIdentity();
  return { name, version, hash, argv: redactedArgv(fx.argv ?? []), self_test: selfTestPassed() };
}
