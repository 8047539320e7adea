/**
 * An entry that a writer had signed when it was stopped. It is stored as signature first, entry last (append.ts), so in
 * between the whole entry lies in staging, and its signature in the ledger.
 */
import type { Buffer } from 'node:buffer';
import { join } from 'node:path';
import type { CasePaths } from '../bundle/layout.ts';
import { sha256Hex } from '../core/digest.ts';
import { verifyForm } from '../crypto/cms-verify.ts';
import { unplacedFile } from './append.ts';
import { entryFile, parseEntry, type Entry } from './entry.ts';
import { listLedger, readRegular, realFiles, type Files } from './files.ts';

/**
 * The entry that is signed and lacks only its place; undefined when there is none. A signature alone is not enough, for that
 * is also what is left of a last entry that was taken away: the signed bytes must be there, the signature over them by the
 * certificate that they name, and they must continue this very ledger.
 */
export function unplacedEntry(paths: CasePaths, caseId: string): Entry | undefined {
  const { last, problems } = listLedger(paths.custody);
  const name = entryFile(last + 1);
  if (problems.length !== 1 || problems[0]?.file !== `${name}.p7s`) return undefined;
  const [before, bytes, signature] = [
    join(paths.custody, entryFile(last)),
    unplacedFile(paths, name),
    join(paths.custody, `${name}.p7s`),
  ].map(readRegular) as [Buffer?, Buffer?, Buffer?];
  if (before === undefined || bytes === undefined || signature === undefined) return undefined;
  const parsed = parseEntry(bytes);
  if (!parsed.ok) return undefined;
  const { entry } = parsed;
  const continues =
    entry.case === caseId && entry.seq === last + 1 && entry.prev === sha256Hex(before);
  const verdict = continues ? verifyForm(bytes, signature) : undefined;
  return verdict?.ok === true && verdict.fingerprint === entry.actor.cert ? entry : undefined;
}

/** Gives the entry that {@link unplacedEntry} found its place. The caller holds the case's lock. */
export function placeEntry(
  paths: CasePaths,
  { seq }: Pick<Entry, 'seq'>,
  files: Files = realFiles,
): void {
  const name = entryFile(seq);
  files.moveNew(unplacedFile(paths, name), join(paths.custody, name));
  files.syncFolder(paths.custody);
}
