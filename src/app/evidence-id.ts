/** Which evidence item a collection goes into. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { evidenceId, evidenceNo, type CasePaths } from '../bundle/layout.ts';
import { readCollection, type Collection } from '../collect/staging.ts';
import { ExhibitError, isSystemError } from '../core/errors.ts';

/** The part of a collection that must be equal for another run to go on with it. */
export type Wanted = Pick<Collection, 'roots' | 's3' | 'as' | 'aws'> &
  Partial<Pick<Collection, 'method'>>;

/** Where a collection goes. */
export interface Choice {
  readonly evidence: string;
  /** True if it was collected and its seal made, but an earlier run was stopped before all was put on record. */
  readonly sealed: boolean;
}

/**
 * The evidence item to collect into: the one asked for, else the one that an interrupted or unsealed collection of the
 * same paths has, else the next free one.
 * @throws ExhibitError `E_USAGE` for what is no id, `E_SEALED`, `E_EXISTS` when the id belongs to another collection.
 */
export async function chooseEvidence(
  paths: CasePaths,
  asked: string | undefined,
  wanted: Wanted,
): Promise<Choice> {
  if (asked !== undefined) return await askedFor(paths, asked, wanted);
  let last = 0;
  const used = [...(await names(paths.evidence)), ...(await names(paths.staging))].sort();
  for (const evidence of used.filter((id) => evidenceNo(id) !== undefined)) {
    // Sealing removes staging last: while it is there, the collection has not come to its end.
    const begun = await begunAt(paths, evidence);
    if (begun !== undefined && sameWanted(begun, wanted)) {
      return { evidence, sealed: await isSealed(paths, evidence) };
    }
    // A folder without collection.json, left by a process that was killed early, is still free.
    const taken = begun !== undefined || (await names(join(paths.evidence, evidence))).length > 0;
    if (taken) last = Math.max(last, evidenceNo(evidence) ?? 0);
  }
  return { evidence: evidenceId(last + 1), sealed: false };
}

async function askedFor(paths: CasePaths, evidence: string, wanted: Wanted): Promise<Choice> {
  if (evidenceNo(evidence) === undefined) {
    throw new ExhibitError('E_USAGE', `"${evidence}" is not an evidence id`, {
      hint: 'evidence ids are EV-0001, EV-0002 and so on',
    });
  }
  const begun = await begunAt(paths, evidence);
  const sealed = await isSealed(paths, evidence);
  if (sealed && begun === undefined) {
    throw new ExhibitError('E_SEALED', `${evidence} is sealed; nothing can be added to it`, {
      hint: 'leave --evidence out to collect into a new evidence item',
    });
  }
  if (begun !== undefined && !sameWanted(begun, wanted)) {
    throw new ExhibitError('E_EXISTS', `${evidence} was begun with another command line`, {
      where: { file: join(paths.staging, evidence, 'collection.json') },
      hint: `to go on with it: ${commandLine(begun)}`,
    });
  }
  return { evidence, sealed };
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
    (a.method ?? 'dir') === (b.method ?? 'dir') &&
    a.s3 === b.s3 &&
    a.as === b.as &&
    JSON.stringify(inOrder(a.aws)) === JSON.stringify(inOrder(b.aws)) &&
    a.roots.length === b.roots.length &&
    a.roots.every((root, index) => root.path === b.roots[index]?.path)
  );
}

// What was asked of AWS, whatever order its members are in: the one that was written has them sorted.
function inOrder(asked: Collection['aws']): unknown {
  return asked === undefined
    ? undefined
    : Object.entries(asked).sort(([one], [other]) => (one < other ? -1 : 1));
}

function commandLine(begun: Collection): string {
  if (begun.aws !== undefined) return `exhibit collect aws ${begun.aws.what.join(' ')} ...`;
  if (begun.method === 'host') return 'exhibit collect host ...';
  const words = ['exhibit', 'collect', 'dir', ...begun.roots.map((root) => root.path)];
  if (begun.s3 !== undefined) words.push('--s3', begun.s3);
  if (begun.as !== undefined) words.push('--as', begun.as);
  return words.join(' ');
}
