/** Reads a ledger for showing it; who is to be believed is for verify.ts. */
import { join } from 'node:path';
import { casePaths } from '../bundle/layout.ts';
import { sha256Hex } from '../core/digest.ts';
import { ExhibitError } from '../core/errors.ts';
import { entryFile, parseEntry, type Entry } from './entry.ts';
import { listLedger, readRegular } from './files.ts';

/** One entry and the file it lies in. */
export interface EntryView {
  readonly seq: number;
  /** Relative to the case. */
  readonly file: string;
  /** SHA-256 of the file: what the next entry's `prev` must be. */
  readonly hash: string;
  readonly entry: Entry;
}

/**
 * Every entry, in order. Nothing is judged but the form.
 * @throws ExhibitError `E_FORMAT` when the ledger's files or an entry are not of their documented form.
 */
export function readLedger(caseDir: string): EntryView[] {
  const { custody } = casePaths(caseDir);
  const { last, problems, halfWritten } = listLedger(custody);
  // What a stopped writer leaves: the next one puts it right.
  const first = problems.find(({ file }) => !halfWritten.includes(file));
  if (first !== undefined) throw unreadable(join(custody, first.file), first.detail);
  return Array.from({ length: last }, (_, index) => {
    const seq = index + 1;
    const bytes = readRegular(join(custody, entryFile(seq)));
    if (bytes === undefined)
      throw unreadable(join(custody, entryFile(seq)), 'larger than any entry');
    const parsed = parseEntry(bytes);
    if (!parsed.ok) throw unreadable(join(custody, entryFile(seq)), parsed.problems.join('; '));
    const { entry } = parsed;
    return { seq, file: `custody/${entryFile(seq)}`, hash: sha256Hex(bytes), entry };
  });
}

function unreadable(file: string, detail: string): ExhibitError {
  return new ExhibitError('E_FORMAT', `the custody ledger cannot be read: ${detail}`, {
    where: { file },
    hint: 'run `exhibit custody verify`, which names everything that is wrong',
  });
}
