/**
 * Verifies a ledger: every question that can be put to it, named, with its answer. Whatever lies in the folder is
 * untrusted; bad bytes are answers here, never exceptions.
 */
import type { X509Certificate } from 'node:crypto';
import { Buffer } from 'node:buffer';
import { join } from 'node:path';
import { casePaths, type CasePaths } from '../bundle/layout.ts';
import type { Check, CheckStatus } from '../core/check.ts';
import { sha256Hex } from '../core/digest.ts';
import { parseRfc3339 } from '../core/time.ts';
import { verifyForm } from '../crypto/cms-verify.ts';
import { signerProblem } from '../crypto/trust.ts';
import { anchorChecks, type AnchorOptions } from './anchor.ts';
import { caseFilesCheck } from './case-files.ts';
import { entryFile, NO_PREVIOUS, parseEntry, type Entry } from './entry.ts';
import { listLedger, readRegular } from './files.ts';
import { headCheck, parseHead } from './head.ts';
import type { EntryView } from './read.ts';

/** What the verifier brings from outside the case. */
export interface LedgerTrust extends AnchorOptions {
  /** Hash of an entry, kept elsewhere (on paper). */
  readonly head?: string;
}

/** Answers, and what could be read. */
export interface LedgerReport {
  readonly checks: readonly Check[];
  /** The entries that could be read, in order. */
  readonly entries: readonly EntryView[];
  /** SHA-256 of the last entry's file; undefined without one. */
  readonly head: string | undefined;
}

/** An entry's number, bytes and what they say. */
interface Read {
  readonly seq: number;
  readonly file: string;
  readonly bytes: Buffer;
  readonly hash: string;
  /** Undefined: the bytes are no entry, and `problems` says why. */
  readonly entry: Entry | undefined;
  readonly problems: readonly string[];
}

/**
 * All checks of a case's ledger, in this order: `trust.root`, `trust.anchor`, `ledger.files`, `ledger.form`,
 * `ledger.chain`, `ledger.signature`, `ledger.signer`, `ledger.case_files`, `ledger.time`, `ledger.head`. A check that
 * fails at several places is listed once for each.
 * @param caseDir the case folder.
 * @throws ExhibitError `E_USAGE` or `E_FORMAT` when what the verifier brought is no hash or certificate.
 */
export function verifyLedger(caseDir: string, trust: LedgerTrust = {}): LedgerReport {
  const head = trust.head === undefined ? undefined : parseHead(trust.head);
  const paths = casePaths(caseDir);
  const { anchor, checks: anchorAnswers } = anchorChecks(paths, trust);
  const listing = listLedger(paths.custody);
  const reads = readEntries(paths, listing.last);
  const entries = reads.flatMap(({ seq, file, hash, entry }) =>
    entry === undefined ? [] : [{ seq, file, hash, entry }],
  );
  const count = `${String(listing.last)} ${listing.last === 1 ? 'entry' : 'entries'}`;

  const files = listing.problems.map(({ file, detail }) => failed(`custody/${file}`, detail));
  const form = reads.flatMap(({ file, problems }) =>
    problems.length === 0 ? [] : [failed(file, problems.join('; '))],
  );
  const { signature, signer } = signatureFailures(paths, reads, anchor);
  return {
    checks: [
      ...anchorAnswers,
      ...answer('ledger.files', files, `${count}, each with its signature, and nothing else`),
      ...answer('ledger.form', form, `${count} in canonical JSON of type custody-entry/1`),
      ...answer(
        'ledger.chain',
        chainFailures(reads),
        `${count}, each of this case and naming the hash of the one before`,
      ),
      ...answer(
        'ledger.signature',
        signature,
        `${count} signed by the certificate that each one names`,
      ),
      ...(anchor === undefined
        ? [check('ledger.signer', 'custody', 'not_checked', 'there is no usable root certificate')]
        : answer('ledger.signer', signer, 'every signer was issued by the root and valid then')),
      caseFilesCheck(paths, entries),
      timeCheck(entries),
      headCheck(reads, head),
    ],
    entries,
    head: reads.at(-1)?.hash,
  };
}

function readEntries(paths: CasePaths, last: number): Read[] {
  return Array.from({ length: last }, (_, index) => {
    const seq = index + 1;
    const file = `custody/${entryFile(seq)}`;
    const bytes = readRegular(join(paths.dir, file));
    if (bytes === undefined) {
      const problems = ['larger than any entry'];
      return { seq, file, bytes: Buffer.alloc(0), hash: '', entry: undefined, problems };
    }
    const parsed = parseEntry(bytes);
    const hash = sha256Hex(bytes);
    return parsed.ok
      ? { seq, file, bytes, hash, entry: parsed.entry, problems: [] }
      : { seq, file, bytes, hash, entry: undefined, problems: parsed.problems };
  });
}

interface Failure {
  readonly subject: string;
  readonly detail: string;
}

function chainFailures(reads: readonly Read[]): Failure[] {
  const caseId = reads[0]?.entry?.case;
  return reads.flatMap((read, index) => {
    if (read.entry === undefined) return [];
    const { file, seq, entry } = read;
    if (entry.seq !== seq) {
      return [failed(file, `it says it is entry ${String(entry.seq)}`)];
    }
    if (caseId !== undefined && entry.case !== caseId) {
      return [failed(file, `it belongs to another case than entry 1: ${entry.case}`)];
    }
    const before = index === 0 ? NO_PREVIOUS : reads[index - 1]?.hash;
    return entry.prev === before
      ? []
      : [failed(file, 'the entry before it is not the one whose hash it names')];
  });
}

function signatureFailures(
  paths: CasePaths,
  reads: readonly Read[],
  anchor: X509Certificate | undefined,
): { readonly signature: Failure[]; readonly signer: Failure[] } {
  const signature: Failure[] = [];
  const signer: Failure[] = [];
  for (const { file, bytes, entry } of reads) {
    const p7s = readRegular(join(paths.dir, `${file}.p7s`));
    if (p7s === undefined) {
      signature.push(failed(file, 'it has no signature'));
      continue;
    }
    const verdict = verifyForm(bytes, p7s);
    if (!verdict.ok) {
      signature.push(failed(file, verdict.reason));
      continue;
    }
    if (entry !== undefined && entry.actor.cert !== verdict.fingerprint) {
      signature.push(failed(file, 'it is signed by another certificate than it names'));
    }
    const problem =
      anchor === undefined
        ? undefined
        : signerProblem(verdict.certificate, anchor, verdict.signingTimeUs);
    if (problem !== undefined) signer.push(failed(file, problem));
    if (entry !== undefined && secondOf(entry) !== verdict.signingTimeUs) {
      signature.push(failed(file, 'the signature claims another time than the entry'));
    }
  }
  return { signature, signer };
}

/** Claimed time of an entry cut to the second, as its signature holds it; microseconds. */
function secondOf(entry: Entry): number {
  return Math.floor((parseRfc3339(entry.at) ?? NaN) / 1_000_000) * 1_000_000;
}

/** Times are the signer's word until a time-stamp authority has spoken, so this is never answered with pass. */
function timeCheck(entries: readonly EntryView[]): Check {
  const backward = entries.filter(({ entry }, index) => {
    const before = entries[index - 1]?.entry;
    return before !== undefined && (parseRfc3339(entry.at) ?? 0) < (parseRfc3339(before.at) ?? 0);
  });
  const odd = backward.map(({ seq }) => String(seq)).join(', ');
  return check(
    'ledger.time',
    'custody',
    'not_checked',
    'times are claimed by the signers; no time-stamp authority has confirmed them' +
      (odd === '' ? '' : `; claimed to be earlier than the entry before: ${odd}`),
  );
}

function answer(id: string, failures: readonly Failure[], good: string): Check[] {
  return failures.length === 0
    ? [check(id, 'custody', 'pass', good)]
    : failures.map(({ subject, detail }) => check(id, subject, 'fail', detail));
}

function failed(subject: string, detail: string): Failure {
  return { subject, detail };
}

function check(id: string, subject: string, status: CheckStatus, detail: string): Check {
  return { id, subject, status, detail };
}
