/** The ledger's folder: which names belong in it, and how a file gets there whole or not at all. */
import type { Buffer } from 'node:buffer';
import {
  existsSync,
  linkSync,
  lstatSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { ExhibitError, isSystemError } from '../core/errors.ts';
import { syncFolder, writeSynced } from '../disk/durable.ts';
import { isThere } from '../disk/there.ts';
import { entryFile } from './entry.ts';

/** The writes of the ledger, in one place so that a test can make the n-th one fail. */
export interface Files {
  /** Writes a file and waits until the disk has it; replaces a leftover of the same name. */
  readonly writeSynced: (path: string, bytes: Uint8Array) => void;
  /** Gives a file its final name; fails when that name is taken. */
  readonly moveNew: (from: string, to: string) => void;
  readonly remove: (path: string) => void;
  /** Makes the names in a folder durable. */
  readonly syncFolder: (path: string) => void;
}

/** The machine's own file system. */
export const realFiles: Files = {
  writeSynced,
  moveNew: (from, to) => {
    try {
      // A hard link never replaces a file that is there; rename would.
      linkSync(from, to);
    } catch (error) {
      if (!isSystemError(error) || error.code === 'EEXIST') throw error;
      // exFAT and some network shares have no hard links. The case's lock is held, so looking first is enough.
      if (existsSync(to)) throw error;
      renameSync(from, to);
      return;
    }
    rmSync(from);
  },
  remove: (path) => {
    rmSync(path);
  },
  syncFolder,
};

/** No signed or vouched-for file of the ledger is larger; bounds what a hostile case makes us read. */
const MAX_FILE_BYTES = 4 * 1024 * 1024;

/** Bytes of a regular file; undefined when there is none, or a link, a FIFO, or something too large in its place. */
export function readRegular(path: string): Buffer | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat?.isFile() === true && stat.size <= MAX_FILE_BYTES ? readFileSync(path) : undefined;
}

/**
 * The same of a file that has to be there.
 * @throws ExhibitError `E_TAMPERED` otherwise.
 */
export function readLedgerFile(path: string): Buffer {
  const bytes = readRegular(path);
  if (bytes !== undefined) return bytes;
  const what = isThere(path) ? 'no regular file, or larger than any of its kind' : 'missing';
  throw new ExhibitError('E_TAMPERED', `a file of the custody ledger is ${what}`, {
    where: { file: path },
    hint: 'run `exhibit custody verify`, which names everything that is wrong',
  });
}

/** What lies in a ledger folder. */
export interface Listing {
  /** Number of the last entry before the first gap. */
  readonly last: number;
  /** Sizes of the checkpoints that are there with their signatures, smallest first. */
  readonly checkpoints: readonly number[];
  /** Everything that should not be so. Empty: entries 1 to `last` are there with their signatures, nothing else is. */
  readonly problems: readonly { readonly file: string; readonly detail: string }[];
  /**
   * Names of signatures whose files are missing, right after the last entry or of a checkpoint: what a writer leaves that
   * was stopped between its two files, or what is left of a last entry that was taken away. Also among `problems`.
   */
  readonly halfWritten: readonly string[];
}

/** Lists a ledger folder strictly: entries 1..n, checkpoints, their signatures and time-stamps, and nothing else. */
export function listLedger(folder: string): Listing {
  const self = lstatSync(folder, { throwIfNoEntry: false });
  // A disk that cannot be read is an error, not an empty ledger.
  const absent = self === undefined || (self.isSymbolicLink() && !existsSync(folder));
  const found = absent ? [] : readdirSync(folder, { withFileTypes: true });
  // A link or folder with an entry's name is a stranger, and the entry is missing.
  const names = new Set(found.filter((file) => file.isFile()).map((file) => file.name));
  const expected = new Set<string>();
  let last = 0;
  for (; names.has(entryFile(last + 1)); last++) {
    expected.add(entryFile(last + 1)).add(`${entryFile(last + 1)}.p7s`);
  }
  const checkpoints = [...names]
    .flatMap((name) => checkpointSize(name) ?? [])
    .sort((a, b) => a - b);
  for (const size of checkpoints) {
    expected.add(checkpointFile(size)).add(`${checkpointFile(size)}.p7s`);
  }
  const missing = [...expected].filter((file) => !names.has(file));
  for (const name of names) {
    const stamped = STAMP.exec(name)?.[1];
    if (stamped !== undefined && expected.has(stamped)) expected.add(name);
  }
  const next = entryFile(last + 1);
  const strangers = found
    .filter((file) => !file.isFile() || !expected.has(file.name))
    .map((file) => file.name)
    .sort();
  const halfWritten = strangers.filter(
    (name) =>
      names.has(name) &&
      (name === `${next}.p7s` ||
        (name.endsWith('.p7s') && checkpointSize(name.slice(0, -'.p7s'.length)) !== undefined)),
  );
  if (
    last === 0 ||
    strangers.some((name) => !halfWritten.includes(name) && ENTRY_NAME.test(name))
  ) {
    missing.push(next);
  }
  return {
    last,
    checkpoints: checkpoints.filter((size) => !missing.includes(`${checkpointFile(size)}.p7s`)),
    halfWritten,
    problems: [
      // A link to the folder can be turned to another one after it was verified.
      ...(self?.isSymbolicLink() === true ? [{ file: '', detail: 'the folder is a link' }] : []),
      ...missing.map((file) => ({ file, detail: 'missing' })),
      ...strangers.map((file) => ({ file, detail: strangeness(file, halfWritten) })),
    ],
  };
}

/** `checkpoint-00000012.txt` for 12. */
export function checkpointFile(size: number): string {
  return `checkpoint-${String(size).padStart(8, '0')}.txt`;
}

/** The size in a checkpoint's name; undefined for any other name. */
function checkpointSize(name: string): number | undefined {
  const size = Number(/^checkpoint-(\d{8,15})\.txt$/.exec(name)?.[1]);
  return size > 0 && checkpointFile(size) === name ? size : undefined;
}

const ENTRY_NAME = /^\d{8}\.json(?:\.p7s)?$/;

/** Request and answer of a time-stamp authority over a signature. */
const STAMP = /^(.+\.p7s)\.ts[qr](?:\.\d{1,3})?$/;

function strangeness(file: string, halfWritten: readonly string[]): string {
  if (halfWritten.includes(file)) {
    return ENTRY_NAME.test(file)
      ? 'a signature without its entry: a writer was stopped, or the last entry was taken away'
      : 'a signature without its checkpoint: a writer was stopped, or the checkpoint was taken away';
  }
  return ENTRY_NAME.test(file)
    ? 'comes after a gap, or is not a regular file'
    : 'does not belong in a ledger';
}
