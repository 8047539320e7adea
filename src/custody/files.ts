/** The ledger's folder: which names belong in it, and how a file gets there whole or not at all. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { isSystemError } from '../core/errors.ts';
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
  writeSynced: (path, bytes) => {
    const file = openSync(path, 'w', 0o644);
    try {
      writeFileSync(file, bytes);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  },
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
  syncFolder: (path) => {
    // Windows cannot open a folder; its file systems journal names themselves.
    if (process.platform === 'win32') return;
    const folder = openSync(path, 'r');
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  },
};

/** What lies in a ledger folder. */
export interface Listing {
  /** Number of the last entry; entries 1 to this one are there with their signatures if `problems` is empty. */
  readonly last: number;
  /** Everything that should not be so, one sentence each, in bytewise order of the names. */
  readonly problems: readonly { readonly file: string; readonly detail: string }[];
  /**
   * Name of a signature right after the last entry whose entry is missing: what a writer leaves that was stopped
   * between its two files, or what is left of a last entry that was taken away. Also one of `problems`.
   */
  readonly halfWritten: string | undefined;
}

/** Lists a ledger folder strictly: nothing but entries 1..n and their signatures may be in it. */
export function listLedger(folder: string): Listing {
  const names = new Set(existsSync(folder) ? readdirSync(folder) : []);
  const numbers = [...names].flatMap((name) => /^(\d{8})\.json$/.exec(name)?.[1] ?? []).map(Number);
  const last = numbers.reduce((most, seq) => Math.max(most, seq), 0);
  const problems: { file: string; detail: string }[] = [];
  const expected = new Set<string>();
  for (let seq = 1; seq <= last; seq++) {
    // A gap of millions of entries is reported once, not a million times.
    if (problems.length > MAX_PROBLEMS) break;
    for (const file of [entryFile(seq), `${entryFile(seq)}.p7s`]) {
      expected.add(file);
      if (!names.has(file)) problems.push({ file, detail: 'missing' });
    }
  }
  const next = `${entryFile(last + 1)}.p7s`;
  const halfWritten = names.has(next) ? next : undefined;
  if (problems.length <= MAX_PROBLEMS) {
    for (const file of [...names].filter((name) => !expected.has(name)).sort()) {
      const detail =
        file === halfWritten
          ? 'a signature without its entry: a writer was stopped, or the last entry was taken away'
          : 'does not belong in a ledger';
      problems.push({ file, detail });
    }
  }
  if (last === 0) problems.push({ file: entryFile(1), detail: 'the ledger has no entry' });
  return { last, problems, halfWritten };
}

/** More problems than this are not listed one by one. */
const MAX_PROBLEMS = 1000;
