/**
 * What a writer that was killed leaves under names that are never those of finished things. Whoever holds the case's lock
 * knows that nobody works on them any more. Half-finished collections and volumes are not among them: the next `collect` or
 * `seal` goes on with those.
 */
import { readdirSync, rmSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { evidencePaths, type CasePaths } from '../bundle/layout.ts';
import { isSystemError } from '../core/errors.ts';
import { isThere } from '../disk/there.ts';
import { LIST_SIGNATURE } from '../transfer/list.ts';

/**
 * Removes them. The caller holds the lock.
 * @returns their names relative to the case, for saying so.
 */
export function removeLeftovers(paths: CasePaths): string[] {
  const found = [
    // A database that was being built or copied.
    ...named(paths.dir, /^(?:case\.db\.(?:importing(?:-journal)?|parts)|.+\.db\.part)$/),
    // A package for somebody else that did not come to the signature of its list, which is last.
    ...named(paths.dir, /^transfer-\d+$/).filter((path) => !isThere(join(path, LIST_SIGNATURE))),
    // Where a package was opened, and its case is in place.
    ...named(paths.dir, /^\.receiving$/),
    // Files of a ledger entry, a checkpoint, a time-stamp or a signer before they have their names.
    ...named(
      paths.staging,
      /^\.(?:custody-(?:\d{8}\.json|checkpoint-\d+\.txt)(?:\.p7s)?|stamp-.+|signer-.+)$/,
    ).filter((path) => !isSignedEntry(paths, path)),
    // Staging of evidence whose seal is on record: sealing renames it before it removes it.
    ...named(paths.staging, /^EV-\d{4}\.sealed$/).filter((path) =>
      isThere(evidencePaths(paths, path.slice(-'EV-0001.sealed'.length, -'.sealed'.length)).seal),
    ),
    // A query's folder before it is whole.
    ...named(paths.queries, /^\.Q-\d{4,9}\.part$/),
    // A report before it is on record.
    ...named(paths.report, /^[\w-]+\.(?:html|json)\.part$/),
  ];
  for (const path of found) rmSync(path, { recursive: true, force: true });
  return found.map((path) => relative(paths.dir, path).split(sep).join('/'));
}

/** An entry whose signature has its place already: `custody receive` goes on with it, every other writer writes over it. */
function isSignedEntry(paths: CasePaths, path: string): boolean {
  const entry = /\.custody-(\d{8}\.json)$/.exec(path)?.[1];
  return (
    entry !== undefined &&
    isThere(join(paths.custody, `${entry}.p7s`)) &&
    !isThere(join(paths.custody, entry))
  );
}

/** Paths in a folder, sorted; none if there is no such folder. */
function named(folder: string, pattern: RegExp): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => pattern.test(name))
      .sort()
      .map((name) => join(folder, name));
  } catch (error) {
    if (isSystemError(error) && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return [];
    throw error;
  }
}
