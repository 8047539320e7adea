/** Which evidence item a collection goes into. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { evidenceId, evidenceNo, type CasePaths } from '../bundle/layout.ts';
import { readCollection, type Collection } from '../collect/staging.ts';
import { ExhibitError, isSystemError } from '../core/errors.ts';

/** The part of a collection that must be equal for another run to go on with it. */
export type Wanted = Pick<Collection, 'roots' | 's3' | 'as'>;

/**
 * The evidence id to collect into: the one asked for, else the one that an interrupted or unsealed collection of the
 * same paths has, else the next free one.
 * @throws ExhibitError `E_USAGE` for what is no id, `E_SEALED`, `E_EXISTS` when the id belongs to another collection.
 */
export async function chooseEvidence(
  paths: CasePaths,
  asked: string | undefined,
  wanted: Wanted,
): Promise<string> {
  if (asked !== undefined) {
    if (evidenceNo(asked) === undefined) {
      throw new ExhibitError('E_USAGE', `"${asked}" is not an evidence id`, {
        hint: 'evidence ids are EV-0001, EV-0002 and so on',
      });
    }
    if (await isSealed(paths, asked)) {
      throw new ExhibitError('E_SEALED', `${asked} is sealed; nothing can be added to it`, {
        hint: 'leave --evidence out to collect into a new evidence item',
      });
    }
    const begun = await begunAt(paths, asked);
    if (begun !== undefined && !sameWanted(begun, wanted)) {
      throw new ExhibitError('E_EXISTS', `${asked} was begun with another command line`, {
        where: { file: join(paths.staging, asked, 'collection.json') },
        hint: `to go on with it: ${commandLine(begun)}`,
      });
    }
    return asked;
  }
  let last = 0;
  const used = [...(await names(paths.evidence)), ...(await names(paths.staging))].sort();
  for (const name of used.filter((id) => evidenceNo(id) !== undefined)) {
    const begun = await begunAt(paths, name);
    if (begun !== undefined && sameWanted(begun, wanted) && !(await isSealed(paths, name))) {
      return name;
    }
    // A folder without collection.json, left by a process that was killed early, is still free.
    const taken = begun !== undefined || (await names(join(paths.evidence, name))).length > 0;
    if (taken) last = Math.max(last, evidenceNo(name) ?? 0);
  }
  return evidenceId(last + 1);
}

async function begunAt(paths: CasePaths, id: string): Promise<Collection | undefined> {
  try {
    return await readCollection(join(paths.staging, id));
  } catch (error) {
    if (error instanceof ExhibitError && error.code === 'E_NOT_FOUND') return undefined;
    throw error;
  }
}

async function isSealed(paths: CasePaths, id: string): Promise<boolean> {
  return (await names(join(paths.evidence, id))).includes(`${id}.seal`);
}

async function names(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isSystemError(error) && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return [];
    throw error;
  }
}

function sameWanted(a: Wanted, b: Wanted): boolean {
  return (
    a.s3 === b.s3 &&
    a.as === b.as &&
    a.roots.length === b.roots.length &&
    a.roots.every((root, index) => root.path === b.roots[index]?.path)
  );
}

function commandLine(begun: Collection): string {
  const words = ['exhibit', 'collect', 'dir', ...begun.roots.map((root) => root.path)];
  if (begun.s3 !== undefined) words.push('--s3', begun.s3);
  if (begun.as !== undefined) words.push('--as', begun.as);
  return words.join(' ');
}
