/** The file operations of a collection, in one place so that a test can make the n-th one fail. */
import { constants, type BigIntStats, type Dirent } from 'node:fs';
import { lstat, open, readdir, readlink, rename, rm, type FileHandle } from 'node:fs/promises';
import type { Buffer } from 'node:buffer';
import { ExhibitError, isSystemError } from '../core/errors.ts';

/** What a collection does to disks: sources are only listed and read, staging is written. */
export interface Disk {
  /** Never follows a symbolic link. */
  readonly stat: (path: Buffer) => Promise<BigIntStats>;
  /** Entries of a source folder; names are bytes, for they need not be UTF-8. */
  readonly list: (path: Buffer) => Promise<Dirent<Buffer>[]>;
  /** Where a symbolic link points. */
  readonly readLink: (path: Buffer) => Promise<Buffer>;
  /** Opens a source file read-only, not through a symbolic link, and without waiting on a FIFO. */
  readonly openSource: (path: Buffer) => Promise<FileHandle>;
  /** Bytes of a source file from its current place; 0 at the end. */
  readonly read: (source: FileHandle, into: Buffer) => Promise<number>;
  /** Opens a new file of staging for writing (`append`: an existing one, at its end). */
  readonly openTarget: (path: string, append: boolean) => Promise<FileHandle>;
  readonly write: (target: FileHandle, bytes: Buffer) => Promise<void>;
  readonly sync: (target: FileHandle) => Promise<void>;
  readonly rename: (from: string, to: string) => Promise<void>;
  readonly remove: (path: string) => Promise<void>;
  /** Makes names in a folder durable. */
  readonly syncFolder: (path: string) => Promise<void>;
}

/** The machine's own file system. */
export const realDisk: Disk = {
  stat: (path) => lstat(path, { bigint: true }),
  list: (path) => readdir(path, { encoding: 'buffer', withFileTypes: true }),
  readLink: (path) => readlink(path, { encoding: 'buffer' }),
  openSource: (path) =>
    open(path, constants.O_RDONLY | (constants.O_NOFOLLOW || 0) | (constants.O_NONBLOCK || 0)),
  read: async (source, into) => (await source.read(into, 0, into.length, null)).bytesRead,
  openTarget: (path, append) => open(path, append ? 'a' : 'wx', 0o600),
  write: async (target, bytes) => {
    for (let done = 0; done < bytes.length;) {
      done += (await target.write(bytes, done, bytes.length - done, null)).bytesWritten;
    }
  },
  sync: (target) => target.sync(),
  rename: (from, to) => rename(from, to),
  remove: (path) => rm(path, { force: true }),
  syncFolder: async (path) => {
    // Windows cannot open a folder; its file systems journal names themselves.
    if (process.platform === 'win32') return;
    const handle = await open(path, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};

/**
 * Runs an operation on staging and turns a system error into one that names the fault.
 * @throws ExhibitError `E_WRITE`.
 */
export async function staged<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isSystemError(error)) throw error;
    const full = error.code === 'ENOSPC' || error.code === 'EDQUOT';
    throw new ExhibitError(
      'E_WRITE',
      full ? 'the disk of the case is full' : `staging could not be written: ${error.code}`,
      {
        where: { file: path },
        hint: full
          ? 'free some space and run the same command again; it goes on where it stopped'
          : 'see to the disk and run the same command again; it goes on where it stopped',
        cause: error,
      },
    );
  }
}
