/** The plan of a collection: every file below the roots, and whatever cannot be copied, in canonical order. */
import { Buffer } from 'node:buffer';
import type { BigIntStats } from 'node:fs';
import { ExhibitError, isSystemError } from '../core/errors.ts';
import type { FileFacts } from '../bundle/objects.ts';
import type { Disk } from './disk.ts';
import type { FailState } from './journal.ts';
import { joinPath } from './paths.ts';

/** A folder to collect, or one file in a folder. */
export interface Root {
  /** Absolute path of the folder. */
  readonly folder: Buffer;
  /** Name of the one file, if the root is a file. */
  readonly file?: Buffer;
}

/** Why something was not copied. */
export interface NotCopied {
  readonly state: FailState;
  readonly reason: string;
  readonly detail: string;
}

/** Something found below a root; `path` is relative to the root's folder. */
export type Found =
  | {
      readonly path: Buffer;
      readonly size: number;
      readonly mtimeUs: number;
      readonly file?: FileFacts;
    }
  | { readonly path: Buffer; readonly problem: NotCopied };

/**
 * Walks a root: folders are read once, entries sorted bytewise, links never followed.
 * @param facts whether owners, permissions and all times are wanted.
 * @throws ExhibitError `E_READ` if the root itself cannot be listed.
 */
export async function* walk(disk: Disk, root: Root, facts: boolean): AsyncGenerator<Found> {
  // Entries still to visit, the next one last: explicit, because folders nest deeper than a call stack likes.
  const waiting: Buffer[] = [];
  const enter = async (folder: Buffer): Promise<NotCopied | undefined> => {
    try {
      const names = (await disk.list(joinPath(root.folder, folder))).map((entry) => entry.name);
      names.sort((a, b) => Buffer.compare(b, a));
      for (const name of names) waiting.push(joinPath(folder, name));
      return undefined;
    } catch (error) {
      return sourceProblem(error, 'folder');
    }
  };
  if (root.file !== undefined) waiting.push(root.file);
  else {
    const problem = await enter(Buffer.alloc(0));
    // Of a root nothing would be collected, and a collection of nothing cannot be done again.
    if (problem !== undefined) {
      throw new ExhibitError('E_READ', `cannot be collected: ${problem.detail}`, {
        where: { file: root.folder.toString() },
        hint: 'see to the disk or the permissions and run the same command again',
      });
    }
  }
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const absolute = joinPath(root.folder, path);
    let stats: BigIntStats;
    try {
      stats = await disk.stat(absolute);
    } catch (error) {
      yield { path, problem: sourceProblem(error, 'entry') };
      continue;
    }
    if (stats.isFile()) {
      yield {
        ...{ path, size: Number(stats.size), mtimeUs: mtimeUs(stats) },
        ...(facts ? { file: factsOf(stats) } : {}),
      };
    } else if (stats.isDirectory()) {
      const problem = await enter(path);
      if (problem !== undefined) yield { path, problem };
    } else if (stats.isSymbolicLink()) {
      yield {
        path,
        problem: { state: 'skipped', reason: 'symlink', detail: await linkTarget(disk, absolute) },
      };
    } else {
      yield { path, problem: notAFile(stats) };
    }
  }
}

async function linkTarget(disk: Disk, path: Buffer): Promise<string> {
  try {
    return `points to ${(await disk.readLink(path)).toString('utf8')}`;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return `its target could not be read: ${error.code}`;
  }
}

function factsOf(stats: BigIntStats): FileFacts {
  const { uid, gid, mode, atimeNs, ctimeNs, birthtimeNs } = stats;
  return {
    uid: Number(uid),
    gid: Number(gid),
    mode: (Number(mode) & 0o7777).toString(8).padStart(4, '0'),
    atime_us: microseconds(atimeNs),
    ctime_us: microseconds(ctimeNs),
    // File systems that do not keep it say 1970, or the time of the last change.
    ...(birthtimeNs > 0n && birthtimeNs !== ctimeNs
      ? { birthtime_us: microseconds(birthtimeNs) }
      : {}),
  };
}

/** Modification time in microseconds; years beyond 2255, which would not stay exact, are held at that limit. */
export function mtimeUs(stats: BigIntStats): number {
  return microseconds(stats.mtimeNs);
}

function microseconds(ns: bigint): number {
  const limit = BigInt(Number.MAX_SAFE_INTEGER);
  const us = ns / 1000n;
  return Number(us > limit ? limit : us < -limit ? -limit : us);
}

/** What stands where a file was expected. */
export function notAFile(stats: BigIntStats): NotCopied {
  const reason = stats.isFIFO()
    ? 'fifo'
    : stats.isSocket()
      ? 'socket'
      : stats.isDirectory()
        ? 'folder'
        : 'device';
  return { state: 'skipped', reason, detail: 'not a regular file' };
}

/** Faults of this process, not of the source: recording them as the file's end would be false. */
const OUR_FAULTS = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EBADF', 'EINVAL', 'EFAULT']);

/** A system error of a source as an end state; any other error is thrown on. */
export function sourceProblem(error: unknown, what: string): NotCopied {
  if (!isSystemError(error) || OUR_FAULTS.has(error.code)) throw error;
  switch (error.code) {
    case 'ENOENT':
    case 'ENOTDIR':
    case 'ESTALE':
      return {
        state: 'gone',
        reason: 'vanished',
        detail: `the ${what} was there and is not any more`,
      };
    // What O_NOFOLLOW gives for a symbolic link.
    case 'ELOOP':
      return {
        state: 'skipped',
        reason: 'symlink',
        detail: 'became a link after the plan was made',
      };
    default:
      return {
        state: 'failed',
        reason: 'unreadable',
        detail: `the ${what} could not be read: ${error.code}`,
      };
  }
}
