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
import { verifyForm, type SignatureVerdict } from '../crypto/cms-verify.ts';
import { fingerprint } from '../crypto/trust.ts';
import { ledgerTimeChecks, provenFor, type TimeBounds } from '../stamps/ledger-times.ts';
import { stampTrust } from '../stamps/trust.ts';
import { anchorChecks, type AnchorOptions } from './anchor.ts';
import { caseFilesCheck } from './case-files.ts';
import { entryFile, NO_PREVIOUS, parseEntry, type Entry } from './entry.ts';
import { checkpointFile, listLedger, readRegular } from './files.ts';
import { headCheck, parseHead, pinCheck, type LedgerShape } from './head.ts';
import { judgeCheckpoint, judgeOutside, type Ground, type SignedFile } from './outside.ts';
import { isStamp, judgeOutsideStamp, type Stampable } from './outside-stamp.ts';
import type { Pin } from './pin.ts';
import type { EntryView } from './read.ts';
import { revocationList } from './revocation-list.ts';
import { shapeOf } from './shape.ts';
import { judgeIn, signersOf, type SignedEntry, type Signers } from './signers.ts';
import { ledgerStamps, type SignedUpTo } from './time-stamps.ts';

/** What the verifier brings from outside the case. */
export interface LedgerTrust extends AnchorOptions {
  /** Hash of an entry, or root of a checkpoint, kept elsewhere (on paper). */
  readonly head?: string;
  /** Checkpoints and entries kept elsewhere, with their signatures, and time-stamps of signatures. */
  readonly anchors?: readonly SignedFile[];
  /** What this machine saw of the case before. */
  readonly pin?: Pin | undefined;
  /** PEM of the roots of time-stamp authorities that the verifier trusts. */
  readonly tsaTrust?: Uint8Array | undefined;
}

/** Answers, and what could be read. */
export interface LedgerReport {
  readonly checks: readonly Check[];
  /** The entries that could be read, in order. */
  readonly entries: readonly EntryView[];
  /** SHA-256 of the last entry's file; undefined without one. */
  readonly head: string | undefined;
  readonly shape: LedgerShape;
  /** Who may sign, for other signed files of the case. */
  readonly signers: Signers;
  /** What trusted time-stamps prove about the entries' times. */
  readonly bounds: TimeBounds;
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
 * All checks of a case's ledger, in this order: `trust.root`, `trust.anchor`, `trust.crl` (where there is a list),
 * `ledger.files`, `ledger.form`, `ledger.chain`, `ledger.signature`, `ledger.signer`, `ledger.case_files`, `ledger.time`,
 * `ledger.timestamp` and `ledger.timestamped` (where there are any), `ledger.checkpoint` (where there is one),
 * `ledger.anchor` and `ledger.pin` (where one is given), `ledger.head`. A check that fails at several places is listed
 * once for each.
 * @param caseDir the case folder.
 * @throws ExhibitError `E_USAGE` or `E_FORMAT` when what the verifier brought is no hash or certificate.
 */
export function verifyLedger(caseDir: string, trust: LedgerTrust = {}): LedgerReport {
  const head = trust.head === undefined ? undefined : parseHead(trust.head);
  const paths = casePaths(caseDir);
  const { anchor, checks: anchorAnswers } = anchorChecks(paths, trust);
  const list = revocationList(caseDir, anchor);
  const listing = listLedger(paths.custody);
  const reads = readEntries(paths, listing.last);
  const entries = reads.flatMap(({ seq, file, hash, entry }) =>
    entry === undefined ? [] : [{ seq, file, hash, entry }],
  );
  const count = `${String(listing.last)} ${listing.last === 1 ? 'entry' : 'entries'}`;

  const files = listing.problems.map(({ file, detail }) =>
    failed(`custody/${file}`, `${detail}${doubleOf(paths, file, reads)}`),
  );
  const form = reads.flatMap(({ file, problems }) =>
    problems.length === 0 ? [] : [failed(file, problems.join('; '))],
  );
  const signed = withVerdicts(paths, reads);
  const signers =
    anchor === undefined ? NOBODY : signersOf(signed.flatMap(asSigned), anchor, list.revocations);
  const shape = shapeOf(
    reads.map(({ bytes }) => bytes),
    reads[0]?.entry?.case,
  );
  const ground: Ground = { shape, root: anchor, signers };
  const inside = listing.checkpoints.map((size) => {
    const name = `custody/${checkpointFile(size)}`;
    return judgeCheckpoint(readSigned(paths, name), ground, 'ledger.checkpoint');
  });
  const stamps = ledgerStamps(
    paths,
    [
      ...signed.flatMap(asStampable),
      ...inside.flatMap(({ check: { status, subject } }, index) => {
        const upTo = listing.checkpoints[index];
        return status === 'pass' && upTo !== undefined ? [{ file: subject, upTo }] : [];
      }),
    ],
    entries,
    stampTrust(trust.tsaTrust, caseDir),
  );
  const outside = (trust.anchors ?? []).map((file) =>
    isStamp(file)
      ? judgeOutsideStamp(
          file,
          stampable(paths, [...reads, ...listing.checkpoints.map(asCheckpoint)]),
          stampTrust(trust.tsaTrust, caseDir),
        )
      : judgeOutside(file, ground),
  );
  const own = anchor === undefined ? undefined : fingerprint(anchor);
  const pin = trust.pin === undefined ? undefined : pinCheck(shape, trust.pin, own);
  const anchored = outside.flatMap((one) => one.anchored ?? []);
  if (pin?.status === 'pass' && trust.pin !== undefined) {
    anchored.push({ by: 'what this machine saw before', size: trust.pin.size });
  }
  return {
    checks: [
      ...anchorAnswers,
      ...list.checks,
      ...answer('ledger.files', files, `${count}, each with its signature, and nothing else`),
      ...answer('ledger.form', form, `${count} in canonical JSON of type custody-entry/1`),
      ...answer(
        'ledger.chain',
        chainFailures(reads),
        `${count}, each of this case and naming the hash of the one before`,
      ),
      ...answer(
        'ledger.signature',
        signatureFailures(signed),
        `${count} signed by the certificate that each one names`,
      ),
      ...signerChecks(signed, anchor, signers, stamps.bounds),
      caseFilesCheck(paths, entries),
      ...ledgerTimeChecks(
        entries.map(({ seq, entry }) => ({ seq, atUs: secondOf(entry) })),
        stamps.bounds,
      ),
      ...stamps.checks,
      ...inside.map((one) => one.check),
      ...outside.map((one) => one.check),
      ...(pin === undefined ? [] : [pin]),
      headCheck(shape, head, anchored),
    ],
    entries,
    head: reads.at(-1)?.hash,
    shape,
    signers,
    bounds: stamps.bounds,
  };
}

const NOBODY: Signers = { vouched: new Map(), revocations: [] };

/** A stranger in the folder that is an entry too: the second of two histories. */
function doubleOf(paths: CasePaths, file: string, reads: readonly Read[]): string {
  const bytes = file === '' ? undefined : readRegular(join(paths.custody, file));
  const parsed = bytes === undefined ? undefined : parseEntry(bytes);
  if (bytes === undefined || parsed?.ok !== true) return '';
  const { seq } = parsed.entry;
  const own = reads[seq - 1];
  if (own?.entry === undefined) return '';
  const side = (one: Entry, hash: string): string =>
    `${hash} (${one.event}, ${one.at}, ${one.actor.name})`;
  const hash = sha256Hex(bytes);
  return own.hash === hash
    ? `; a copy of entry ${String(seq)}`
    : `; FORK: another entry ${String(seq)}: ${side(parsed.entry, hash)} and ${side(own.entry, own.hash)}`;
}

function asCheckpoint(size: number): Pick<Read, 'seq' | 'file'> {
  return { seq: size, file: `custody/${checkpointFile(size)}` };
}

/** The signatures that a time-stamp may be of. */
function stampable(paths: CasePaths, files: readonly Pick<Read, 'seq' | 'file'>[]): Stampable[] {
  return files.flatMap(({ seq, file }) => {
    const name = `${file}.p7s`;
    const bytes = readRegular(join(paths.dir, name));
    return bytes === undefined ? [] : [{ name, bytes, size: seq }];
  });
}

function readSigned(paths: CasePaths, name: string): SignedFile {
  return {
    name,
    bytes: readRegular(join(paths.dir, name)) ?? Buffer.alloc(0),
    signature: readRegular(join(paths.dir, `${name}.p7s`)),
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
    if (entry.corrects !== undefined && !(entry.corrects >= 1 && entry.corrects < seq)) {
      return [failed(file, `it corrects entry ${String(entry.corrects)}, which is none before it`)];
    }
    const before = index === 0 ? NO_PREVIOUS : reads[index - 1]?.hash;
    return entry.prev === before
      ? []
      : [failed(file, 'the entry before it is not the one whose hash it names')];
  });
}

/** An entry as read, and the verdict on its signature's form and mathematics. */
interface Signed extends Read {
  readonly verdict: SignatureVerdict | undefined;
}

function withVerdicts(paths: CasePaths, reads: readonly Read[]): Signed[] {
  return reads.map((read) => {
    const p7s = readRegular(join(paths.dir, `${read.file}.p7s`));
    return { ...read, verdict: p7s === undefined ? undefined : verifyForm(read.bytes, p7s) };
  });
}

function asSigned({ seq, file, entry, verdict }: Signed): SignedEntry[] {
  return entry === undefined ? [] : [{ seq, file, entry, verdict }];
}

function asStampable({ seq, file, entry, verdict }: Signed): SignedUpTo[] {
  const good = verdict?.ok === true && entry?.seq === seq;
  return good ? [{ file, upTo: seq }] : [];
}

function signatureFailures(all: readonly Signed[]): Failure[] {
  return all.flatMap(({ file, entry, verdict }) => {
    if (verdict === undefined) return [failed(file, 'it has no signature')];
    if (!verdict.ok) return [failed(file, verdict.reason)];
    if (entry === undefined) return [];
    return [
      ...(entry.actor.cert === verdict.fingerprint
        ? []
        : [failed(file, 'it is signed by another certificate than it names')]),
      ...(secondOf(entry) === verdict.signingTimeUs
        ? []
        : [failed(file, 'the signature claims another time than the entry')]),
    ];
  });
}

function signerChecks(
  all: readonly Signed[],
  root: X509Certificate | undefined,
  signers: Signers,
  bounds: TimeBounds,
): Check[] {
  const id = 'ledger.signer';
  if (root === undefined) {
    return [check(id, 'custody', 'not_checked', 'there is no usable root certificate')];
  }
  const answers = all.flatMap(({ seq, file, verdict }) => {
    if (verdict?.ok !== true) return [];
    const claimedUs = verdict.signingTimeUs;
    const { status, detail } = judgeIn(signers, {
      ...verdict,
      root,
      claimedUs,
      seq,
      proven: provenFor(bounds, seq),
    });
    return status === 'pass' ? [] : [check(id, file, status, detail)];
  });
  const good = 'every signer was issued by the root or vouched for, valid then and not revoked';
  return answers.length === 0 ? [check(id, 'custody', 'pass', good)] : answers;
}

/** Claimed time of an entry cut to the second, as its signature holds it; microseconds. */
function secondOf(entry: Entry): number {
  return Math.floor((parseRfc3339(entry.at) ?? NaN) / 1_000_000) * 1_000_000;
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
