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
import { isSystemError } from '../core/errors.ts';
import { syncFolder, writeSynced } from '../disk/durable.ts';
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

/** What lies in a ledger folder. */
export interface Listing {
  /** Number of the last entry before the first gap. */
  readonly last: number;
  /** Everything that should not be so. Empty: entries 1 to `last` are there with their signatures, nothing else is. */
  readonly problems: readonly { readonly file: string; readonly detail: string }[];
  /**
   * Name of a signature right after the last entry whose entry is missing: what a writer leaves that was stopped
   * between its two files, or what is left of a last entry that was taken away. Also one of `problems`.
   */
  readonly halfWritten: string | undefined;
}

/** Lists a ledger folder strictly: nothing but entries 1..n and their signatures may be in it. */
export function listLedger(folder: string): Listing {
  const self = lstatSync(folder, { throwIfNoEntry: false });
  const found = existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : [];
  // A link or folder with an entry's name is a stranger, and the entry is missing.
  const names = new Set(found.filter((file) => file.isFile()).map((file) => file.name));
  const expected = new Set<string>();
  let last = 0;
  for (; names.has(entryFile(last + 1)); last++) {
    expected.add(entryFile(last + 1)).add(`${entryFile(last + 1)}.p7s`);
  }
  const next = entryFile(last + 1);
  const halfWritten = names.has(`${next}.p7s`) ? `${next}.p7s` : undefined;
  const strangers = found
    .filter((file) => !file.isFile() || !expected.has(file.name))
    .map((file) => file.name)
    .sort();
  const missing = [...expected].filter((file) => !names.has(file));
  if (last === 0 || strangers.some((file) => file !== halfWritten && ENTRY_NAME.test(file))) {
    missing.push(next);
  }
  return {
    last,
    halfWritten,
    problems: [
      // A link to the folder can be turned to another one after it was verified.
      ...(self?.isSymbolicLink() === true ? [{ file: '', detail: 'the folder is a link' }] : []),
      ...missing.map((file) => ({ file, detail: 'missing' })),
      ...strangers.map((file) => ({ file, detail: strangeness(file, halfWritten) })),
    ],
  };
}

const ENTRY_NAME = /^\d{8}\.json(?:\.p7s)?$/;

function strangeness(file: string, halfWritten: string | undefined): string {
  if (file === halfWritten) {
    return 'a signature without its entry: a writer was stopped, or the last entry was taken away';
  }
  return ENTRY_NAME.test(file)
    ? 'comes after a gap, or is not a regular file'
    : 'does not belong in a ledger';
}
