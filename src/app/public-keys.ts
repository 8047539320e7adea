/** Answers of `aws cloudtrail list-public-keys` that somebody brings: to validate with, or to be sealed with the evidence. */
import { Buffer } from 'node:buffer';
import { join } from 'node:path';
import type { Effects } from '../core/effects.ts';
import { ExhibitError } from '../core/errors.ts';
import { replaceFile } from '../disk/durable.ts';
import { readPublicKeys, type TrailKeys } from '../witness/public-keys.ts';
import { readGiven } from './given-file.ts';

/** Answers, read and found to hold keys. */
export interface GivenKeys {
  readonly keys: TrailKeys;
  /** The bytes as they were brought; several files one after the other. */
  readonly bytes: Buffer;
}

/** AWS has a few keys a region; bounds what is sealed by mistake. */
const MAX_BYTES = 4 * 1024 * 1024;

/**
 * Reads them; undefined for no files.
 * @throws ExhibitError `E_READ`; `E_FORMAT` for a file that is no such answer, or too large for one.
 */
export async function readKeyFiles(
  paths: readonly string[],
  fx: Effects,
): Promise<GivenKeys | undefined> {
  if (paths.length === 0) return undefined;
  const files: { readonly path: string; readonly bytes: Buffer }[] = [];
  for (const path of paths) files.push({ path, bytes: await readGiven(path, fx) });
  const large = files.find(({ bytes }) => bytes.length > MAX_BYTES);
  if (large !== undefined) throw noKeys(large.path, 'larger than any such answer');
  const keys = readPublicKeys(
    files.map(({ path, bytes }) => ({ path, text: bytes.toString('utf8') })),
  );
  const usable = [...keys.byFingerprint.values()].some(({ key }) => key !== undefined);
  const bad =
    keys.problems[0] ?? (usable ? undefined : { path: paths[0] ?? '', detail: 'no keys' });
  if (bad !== undefined) throw noKeys(bad.path, bad.detail);
  const parts = files.flatMap(({ bytes }, index) =>
    index === 0 ? [bytes] : [Buffer.from('\n'), bytes],
  );
  return { keys, bytes: Buffer.concat(parts) };
}

/** Puts them where sealing finds them: `acquisition/public-keys.json` of every volume. @param staging of the evidence item. */
export function stageKeys(staging: string, { bytes }: GivenKeys): void {
  replaceFile(join(staging, STAGED_KEYS), bytes, staging);
}

/** Their name in staging. */
export const STAGED_KEYS = 'public-keys.json';

function noKeys(file: string, detail: string): ExhibitError {
  return new ExhibitError('E_FORMAT', `no list of public keys: ${detail}`, {
    where: { file },
    hint: 'give the answer of `aws cloudtrail list-public-keys` as it was printed',
  });
}
