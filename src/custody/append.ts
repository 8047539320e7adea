/** Appends one entry to a ledger whose end was checked first. The caller holds the case's lock. */
import { randomUUID, type X509Certificate } from 'node:crypto';
import type { Buffer } from 'node:buffer';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CasePaths } from '../bundle/layout.ts';
import { canonicalLine, type CanonicalValue } from '../core/canonical.ts';
import { sha256Hex } from '../core/digest.ts';
import { ExhibitError } from '../core/errors.ts';
import { formatUs } from '../core/time.ts';
import { verifyBy } from '../crypto/cms-verify.ts';
import type { Signer } from '../crypto/signer.ts';
import {
  ENTRY_TYPE,
  entryFile,
  NO_PREVIOUS,
  parseEntry,
  type Entry,
  type EntryDraft,
} from './entry.ts';
import { listLedger, realFiles, type Files } from './files.ts';

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
    ({ file }) => file !== halfWritten && !(last === 0 && file === entryFile(1)),
  );
  if (problem !== undefined) throw broken(paths, problem.file, problem.detail);
  if (last === 0 && draft.event !== 'opened') {
    throw broken(paths, entryFile(1), 'the ledger has no entry');
  }
  const prev = last === 0 ? NO_PREVIOUS : checkedHash(paths, last, context);
  let changes = draft.changes;
  if (halfWritten !== undefined) {
    const path = join(paths.custody, halfWritten);
    const removed = `removed ${halfWritten} (sha256 ${sha256Hex(readFileSync(path))}), a signature without its entry`;
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
  store(paths, entryFile(seq), bytes, context.signer.sign(bytes, context.atUs), files);
  return { seq, hash: sha256Hex(bytes), entry };
}

/**
 * The signature gets its name first, the entry last: an entry that is there has its signature. The temporary files lie
 * outside the ledger's folder, for that folder holds entries and nothing else.
 */
function store(
  paths: CasePaths,
  name: string,
  bytes: Buffer,
  signature: Buffer,
  files: Files,
): void {
  mkdirSync(paths.custody, { recursive: true });
  mkdirSync(paths.staging, { recursive: true });
  const pairs = [
    [`${name}.p7s`, signature],
    [name, bytes],
  ] as const;
  const temporary = (file: string): string => join(paths.staging, `.custody-${file}`);
  for (const [file, data] of pairs) files.writeSynced(temporary(file), data);
  for (const [file] of pairs) {
    files.moveNew(temporary(file), join(paths.custody, file));
    files.syncFolder(paths.custody);
  }
}

/** SHA-256 of the last entry after checking it: form, number, case, link to the one before, signature. */
function checkedHash(paths: CasePaths, last: number, context: EntryContext): string {
  const name = entryFile(last);
  const bytes = readFileSync(join(paths.custody, name));
  const parsed = parseEntry(bytes);
  if (!parsed.ok) throw broken(paths, name, parsed.problems.join('; '));
  const { entry } = parsed;
  const before = last === 1 ? NO_PREVIOUS : fileHash(paths, entryFile(last - 1));
  if (entry.seq !== last || entry.case !== context.caseId || entry.prev !== before) {
    throw broken(paths, name, 'it does not continue the entry before it in this case');
  }
  const signature = readFileSync(join(paths.custody, `${name}.p7s`));
  const verdict = verifyBy(bytes, signature, {
    root: context.root,
    fingerprint: entry.actor.cert,
  });
  if (!verdict.ok) throw broken(paths, name, verdict.reason);
  return sha256Hex(bytes);
}

function fileHash(paths: CasePaths, name: string): string {
  return sha256Hex(readFileSync(join(paths.custody, name)));
}

function broken(paths: CasePaths, file: string, detail: string): ExhibitError {
  return new ExhibitError('E_TAMPERED', `the custody ledger is broken at ${file}: ${detail}`, {
    where: { file: join(paths.custody, file) },
    hint: 'nothing was appended; run `exhibit custody verify` and compare with a copy of the case',
  });
}
