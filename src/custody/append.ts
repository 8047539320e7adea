/** Appends one entry to a ledger whose end was checked first. The caller holds the case's lock. */
import { randomUUID, type X509Certificate } from 'node:crypto';
import type { Buffer } from 'node:buffer';
import { join } from 'node:path';
import type { CasePaths } from '../bundle/layout.ts';
import { canonicalLine, type CanonicalValue } from '../core/canonical.ts';
import { sha256Hex } from '../core/digest.ts';
import { ExhibitError } from '../core/errors.ts';
import { formatUs } from '../core/time.ts';
import { verifyForm, type SignatureVerdict } from '../crypto/cms-verify.ts';
import type { Signer } from '../crypto/signer.ts';
import { makeFolder } from '../disk/durable.ts';
import { caseSigners, refuseSigner } from './case-signers.ts';
import {
  ENTRY_TYPE,
  entryFile,
  NO_PREVIOUS,
  parseEntry,
  type Entry,
  type EntryDraft,
} from './entry.ts';
import { listLedger, readLedgerFile, readRegular, realFiles, type Files } from './files.ts';
import { judgeIn } from './signers.ts';

/** Everything about an entry but what happened. */
export interface EntryContext {
  readonly caseId: string;
  readonly actor: Omit<Entry['actor'], 'cert'>;
  readonly tool: Entry['tool'];
  /** Claimed time, microseconds UTC. */
  readonly atUs: number;
  readonly signer: Signer;
  /** The case's own root: an end of the ledger that it did not sign is not built upon. */
  readonly root: X509Certificate;
}

/** An entry that is on the disk. */
export interface Appended {
  readonly seq: number;
  /** SHA-256 of the entry's file: the ledger's new head. */
  readonly hash: string;
  readonly entry: Entry;
}

/**
 * Signs and stores the next entry.
 * @throws ExhibitError `E_TAMPERED` when the ledger's files or its last entry are not as they must be: nothing is
 * appended to a broken chain.
 */
export function appendToLedger(
  paths: CasePaths,
  draft: EntryDraft,
  context: EntryContext,
  files: Files = realFiles,
): Appended {
  const listing = listLedger(paths.custody);
  const { last, halfWritten } = listing;
  const problem = listing.problems.find(
    ({ file }) => !halfWritten.includes(file) && !(last === 0 && file === entryFile(1)),
  );
  if (problem !== undefined) throw broken(paths, problem.file, problem.detail);
  if (last === 0 && draft.event !== 'opened') {
    throw broken(paths, entryFile(1), 'the ledger has no entry');
  }
  const prev = last === 0 ? NO_PREVIOUS : checkedEnd(paths, last, context);
  let changes = draft.changes;
  for (const name of halfWritten) {
    const path = join(paths.custody, name);
    const bytes = readRegular(path);
    const what = bytes === undefined ? 'larger than any signature' : `sha256 ${sha256Hex(bytes)}`;
    const removed = `removed ${name} (${what}), a signature without its file`;
    changes = changes === undefined ? removed : `${changes}; ${removed}`;
    files.remove(path);
  }
  const seq = last + 1;
  const entry: Entry = {
    type: ENTRY_TYPE,
    case: context.caseId,
    seq,
    prev,
    id: randomUUID(),
    at: formatUs(context.atUs),
    clock: { source: 'system', offset_ms: null },
    actor: { ...context.actor, cert: context.signer.fingerprint },
    tool: context.tool,
    ...draft,
    ...(changes === undefined ? {} : { changes }),
  };
  const bytes = canonicalLine(entry as unknown as CanonicalValue);
  storeSigned(paths, entryFile(seq), bytes, context.signer.sign(bytes, context.atUs), files);
  return { seq, hash: sha256Hex(bytes), entry };
}

/**
 * SHA-256 of the last entry after checking it (form, number, case, link to the one before, signature, signer), and that the
 * new signer may sign.
 */
function checkedEnd(paths: CasePaths, last: number, context: EntryContext): string {
  const name = entryFile(last);
  const all = Array.from({ length: last }, (_, index) => readEntry(paths, index + 1));
  const { bytes, entry } = readEntry(paths, last);
  const before = all.at(-2);
  if (entry.seq !== last || entry.case !== context.caseId || entry.prev !== hashOf(before)) {
    throw broken(paths, name, 'it does not continue the entry before it in this case');
  }
  const signers = caseSigners(paths, all, context.root);
  const verdict = verdictOn(paths, { seq: last, bytes });
  if (!verdict.ok) throw broken(paths, name, verdict.reason);
  if (verdict.fingerprint !== entry.actor.cert) {
    throw broken(paths, name, 'the signature is by another certificate than the file names');
  }
  const end = judgeIn(signers, {
    ...verdict,
    root: context.root,
    claimedUs: verdict.signingTimeUs,
    seq: last,
  });
  if (end.status === 'fail') throw broken(paths, name, end.detail);
  refuseSigner(context.signer, signers, context.root);
  return sha256Hex(bytes);
}

function hashOf(entry: ReadEntry | undefined): string {
  return entry === undefined ? NO_PREVIOUS : sha256Hex(entry.bytes);
}

interface ReadEntry {
  readonly seq: number;
  readonly file: string;
  readonly bytes: Buffer;
  readonly entry: Entry;
}

function readEntry(paths: CasePaths, seq: number): ReadEntry {
  const name = entryFile(seq);
  const bytes = readLedgerFile(join(paths.custody, name));
  const parsed = parseEntry(bytes);
  if (!parsed.ok) throw broken(paths, name, parsed.problems.join('; '));
  return { seq, file: `custody/${name}`, bytes, entry: parsed.entry };
}

function verdictOn(
  paths: CasePaths,
  { seq, bytes }: Pick<ReadEntry, 'seq' | 'bytes'>,
): SignatureVerdict {
  return verifyForm(bytes, readLedgerFile(join(paths.custody, `${entryFile(seq)}.p7s`)));
}

/**
 * The signature gets its name first, the file last: a file that is there has its signature. The temporary files lie
 * outside the ledger's folder, for that folder holds nothing that is not whole.
 */
export function storeSigned(
  paths: CasePaths,
  name: string,
  bytes: Buffer,
  signature: Buffer,
  files: Files,
): void {
  makeFolder(paths.custody);
  makeFolder(paths.staging);
  const pairs = [
    [`${name}.p7s`, signature],
    [name, bytes],
  ] as const;
  for (const [file, data] of pairs) files.writeSynced(unplacedFile(paths, file), data);
  for (const [file] of pairs) {
    files.moveNew(unplacedFile(paths, file), join(paths.custody, file));
    files.syncFolder(paths.custody);
  }
}

/** Where a file of the ledger lies whole before it has its name. */
export function unplacedFile(paths: CasePaths, name: string): string {
  return join(paths.staging, `.custody-${name}`);
}

function broken(paths: CasePaths, file: string, detail: string): ExhibitError {
  return new ExhibitError('E_TAMPERED', `the custody ledger is broken at ${file}: ${detail}`, {
    where: { file: join(paths.custody, file) },
    hint: 'nothing was appended; run `exhibit custody verify` and compare with a copy of the case',
  });
}
