/**
 * Files that are on the disk, whole, or not there at all. Node's permission model refuses fsync in every form, so data
 * is written through O_SYNC, which it allows; names are made durable where fsync of a folder is possible.
 */
import {
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { isSystemError } from '../core/errors.ts';

const { O_CREAT, O_EXCL, O_WRONLY, O_SYNC } = constants;

/**
 * Writes a file and waits until the disk has its bytes; replaces what is there, and never writes through a link.
 * @throws the system's error (ENOSPC, EIO, ...); what was written so far is then removed.
 */
export function writeSynced(path: string, bytes: Uint8Array): void {
  rmSync(path, { force: true });
  writeNew(path, bytes);
}

/**
 * The same for a name that must be free.
 * @param mode who may read and write it: a private key is for its owner alone.
 * @throws the system's error, `EEXIST` among them.
 */
export function writeNew(path: string, bytes: Uint8Array, mode = 0o644): void {
  // O_SYNC is absent on Windows, where fsync is the only way and restricted verbs do without.
  const file = openSync(
    path,
    O_CREAT | O_EXCL | O_WRONLY | ((O_SYNC as number | undefined) ?? 0),
    mode,
  );
  try {
    for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
  } catch (error) {
    closeSync(file);
    rmSync(path, { force: true });
    throw error;
  }
  try {
    closeSync(file);
  } catch (error) {
    // Some systems tell only here that bytes did not arrive (close(2)).
    rmSync(path, { force: true });
    throw error;
  }
}

/** Name of a file while it is not yet whole, or not yet on record. */
export function partOf(path: string): string {
  return `${path}.part`;
}

/** Puts a whole file in place: a reader sees the old one or the new one, never a part. */
export function replaceFile(path: string, bytes: Uint8Array, folder: string): void {
  const part = partOf(path);
  writeSynced(part, bytes);
  try {
    renameSync(part, path);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
  syncFolder(folder);
}

/**
 * Makes a folder of the case, unless it is there. Never its parents: where they are gone, a disk was unplugged, and what is
 * written into folders that were made in its place is lost when it comes back.
 * @throws the system's error, `ENOENT` when the parent is gone.
 */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    if (!isSystemError(error) || error.code !== 'EEXIST') throw error;
  }
}

/** Makes the names in a folder durable, where the system and the permission model allow it. */
export function syncFolder(path: string): void {
  // Windows cannot open a folder; its file systems journal names themselves.
  if (process.platform === 'win32') return;
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } catch (error) {
    if (!isSystemError(error) || error.code !== 'ERR_ACCESS_DENIED') throw error;
  } finally {
    closeSync(folder);
  }
}
