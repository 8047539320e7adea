/** Writes what was done into the case's custody ledger. */
import type { Effects } from '../core/effects.ts';
import type { Signer } from '../crypto/signer.ts';
import { appendToLedger, type Appended } from '../custody/append.ts';
import type { Entry, EntryDraft } from '../custody/entry.ts';
import { caseRoot, type Case } from './case.ts';
import { withLock } from './lock.ts';
import { redactedArgv } from './redact.ts';
import { toolIdentity } from './tool.ts';

/**
 * Appends a signed entry, holding the case's lock.
 * @throws ExhibitError `E_LOCKED`; `E_TAMPERED` when the ledger's end or the root is not as it must be.
 */
export async function appendEntry(
  { paths, info }: Case,
  signer: Signer,
  fx: Effects,
  draft: EntryDraft,
): Promise<Appended> {
  return withLock({ paths }, fx, async () => {
    const root = await caseRoot({ paths, info });
    const { name, organization, role } = info.examiner;
    return appendToLedger(paths, draft, {
      caseId: info.case,
      actor: { name, ...(organization === undefined ? {} : { org: organization }), role },
      tool: entryTool(fx),
      atUs: fx.now() * 1000,
      signer,
      root,
    });
  });
}

/** The tool as entries name it. */
export function entryTool(fx: Effects): Entry['tool'] {
  const { name, version, hash } = toolIdentity();
  return { name, version, hash, argv: redactedArgv(fx.argv ?? []) };
}
