/** What a verifier brings from outside the case to judge its ledger by, besides root and head. */
import { basename, resolve } from 'node:path';
import type { CasePaths } from '../bundle/layout.ts';
import type { Effects } from '../core/effects.ts';
import { ExhibitError } from '../core/errors.ts';
import type { SignedFile } from '../custody/outside.ts';
import type { LedgerTrust } from '../custody/verify.ts';
import { isThere } from '../disk/there.ts';
import { openCase } from './case.ts';
import { readBrought } from './brought-file.ts';
import { pinOf } from './pins.ts';

/** Pin and outside files for {@link verifyLedger}. @throws ExhibitError `E_READ`, `E_FORMAT`. */
export async function broughtFrom(
  { dir }: CasePaths,
  fx: Effects,
  anchors: readonly string[] = [],
): Promise<Pick<LedgerTrust, 'anchors' | 'pin'>> {
  const caseId = await openCase(dir).then(
    ({ info }) => info.case,
    (error: unknown) => {
      // What is wrong with case.json is for the checks to say.
      if (error instanceof ExhibitError) return undefined;
      throw error;
    },
  );
  const pin = caseId === undefined ? undefined : pinOf(fx, caseId);
  return {
    ...(pin === undefined ? {} : { pin }),
    anchors: await Promise.all(anchors.map((path) => signedFile(resolve(fx.cwd, path)))),
  };
}

/** A file kept elsewhere, and the signature beside it. @throws ExhibitError `E_READ`. */
async function signedFile(path: string): Promise<SignedFile> {
  const bytes = await readBrought(path, 'the file');
  const signature = isThere(`${path}.p7s`)
    ? await readBrought(`${path}.p7s`, 'the signature')
    : undefined;
  return { name: basename(path), bytes, signature };
}
