/** The ledger as a person asks for it: shown, or verified. */
import { readFile } from 'node:fs/promises';
import type { Check } from '../core/check.ts';
import { readLedger, type EntryView } from '../custody/read.ts';
import { verifyLedger } from '../custody/verify.ts';
import type { Case } from './case.ts';

/** What `custody verify` answers. */
export interface CustodyVerdict {
  /** No check failed; those that could not be put are named in `checks`. */
  readonly ok: boolean;
  readonly checks: readonly Check[];
  readonly entries: number;
  /** SHA-256 of the last entry: what is written on paper. */
  readonly head: string | null;
}

/** Every entry in order, as stored. @throws ExhibitError `E_FORMAT`. */
export function custodyLog({ paths }: Case): readonly EntryView[] {
  return readLedger(paths.dir);
}

/**
 * Verifies the ledger.
 * @param trust.trust file of a root certificate from outside the case; trust.head a hash from paper.
 * @throws ExhibitError `E_USAGE` or `E_FORMAT` when one of these is unusable.
 */
export async function custodyVerify(
  caseDir: string,
  trust: { readonly trust?: string; readonly head?: string },
): Promise<CustodyVerdict> {
  const report = verifyLedger(caseDir, {
    ...(trust.trust === undefined ? {} : { trust: await readFile(trust.trust) }),
    ...(trust.head === undefined ? {} : { head: trust.head }),
  });
  return {
    ok: report.checks.every(({ status }) => status !== 'fail'),
    checks: report.checks,
    entries: report.entries.length,
    head: report.head ?? null,
  };
}
