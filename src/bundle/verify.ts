/**
 * Verifies one evidence item against its seal: every question that can be put to it, named, with its answer
 * (docs/bundle-format.md, "What verify checks"). All files are untrusted; bad bytes are answers, never exceptions.
 */
import { createHash } from 'node:crypto';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readVolume } from '../archive/read.ts';
import { Chunks } from '../archive/chunks.ts';
import type { Check, CheckStatus } from '../core/check.ts';
import { ExhibitError, isSystemError, whereText } from '../core/errors.ts';
import { formatUs } from '../core/time.ts';
import { verifyForm } from '../crypto/cms-verify.ts';
import type { SignerAnswer, SignerQuestion } from '../crypto/judge-signer.ts';
import { judgeStamps } from '../stamps/judge.ts';
import type { StampTrust } from '../stamps/trust.ts';
import { BAG_CHECKS, BagCheck, type BagExpectation } from './bag-check.ts';
import { LineCutter } from './lines.ts';
import { readSeal, type Seal, type SealedVolume } from './seal.ts';
import { readSmallFile } from './small-file.ts';

/** Ours are below 4 KiB. */
const MAX_SIGNATURE_BYTES = 64 * 1024;

/** What is verified, and against what. */
export interface EvidenceToVerify {
  /** Folder that holds seal, signature and volumes. */
  readonly folder: string;
  /** `EV-0001`. */
  readonly evidenceId: string;
  /** Id that the seal must name; undefined outside a case. */
  readonly caseId: string | undefined;
  /**
   * Judges the signer of the seal by the anchor, and by what the ledger knows of him; undefined when there is no root to ask.
   * @param sealSha256 the seal that he signed.
   */
  readonly judge: ((signed: SealSignature, sealSha256: string) => SignerAnswer) | undefined;
  /** Whom time-stamps are believed. */
  readonly stamps: StampTrust;
  /** Also compute SHA-512 of the payload. */
  readonly deep: boolean;
  /** Only this volume (`EV-0001.v001.tar`); the others are not checked. */
  readonly only: string | undefined;
  readonly signal: AbortSignal;
  /** Called as each volume begins. */
  readonly onVolume?: (volume: SealedVolume) => void;
}

/** A good signature, and when it was made: for whoever judges the signer. */
export type SealSignature = Pick<SignerQuestion, 'certificate' | 'claimedUs' | 'proven'> & {
  readonly fingerprint: string;
};

/** The answers, and the seal where it could be read. */
export interface EvidenceReport {
  readonly checks: readonly Check[];
  readonly seal: Seal | undefined;
}

/** Answers all checks of an evidence item. */
export async function verifyEvidence(request: EvidenceToVerify): Promise<EvidenceReport> {
  const { folder, evidenceId } = request;
  const checks = new Checks(`evidence/${evidenceId}`);
  const sealFile = `${evidenceId}.seal`;
  const read = await readSeal(join(folder, sealFile)).catch(asProblem);
  if (typeof read === 'string') {
    checks.add('seal.format', sealFile, 'fail', read);
    const why = 'the seal, which says what to expect, cannot be read';
    for (const id of ['seal.case', 'seal.signature', 'seal.signer', 'evidence.files'] as const) {
      checks.add(id, sealFile, 'not_checked', why);
    }
    return { checks: checks.all, seal: undefined };
  }
  checks.add('seal.format', sealFile, 'pass', `evidence-seal v1, sha256 ${read.sha256}`);
  checks.judge(
    'seal.case',
    sealFile,
    sealCaseProblem(read, request),
    `case ${read.caseId}, evidence ${read.evidenceId}`,
  );
  await checkSignature(checks, request, read);
  const names = await checkFiles(checks, request, read);
  await checkVolumes(checks, request, read, names);
  return { checks: checks.all, seal: read };
}

function sealCaseProblem(seal: Seal, { caseId, evidenceId }: EvidenceToVerify): string | undefined {
  if (seal.evidenceId !== evidenceId) return `it seals ${seal.evidenceId}, not ${evidenceId}`;
  if (caseId !== undefined && seal.caseId !== caseId)
    return `it belongs to case ${seal.caseId}, not ${caseId}`;
  return undefined;
}

async function checkSignature(
  checks: Checks,
  { folder, judge, stamps: trust }: EvidenceToVerify,
  seal: Seal,
): Promise<void> {
  const file = `${seal.evidenceId}.seal.p7s`;
  const signature =
    (await readSmallFile(join(folder, file), MAX_SIGNATURE_BYTES).catch(asProblem)) ?? 'missing';
  if (typeof signature === 'string') {
    checks.add('seal.signature', file, 'fail', signature);
    checks.add('seal.signer', file, 'not_checked', 'there is no signature');
    checks.add('seal.timestamp', file, 'not_checked', 'there is no signature');
    return;
  }
  const verdict = verifyForm(seal.bytes, signature);
  if (!verdict.ok) {
    checks.add('seal.signature', file, 'fail', verdict.reason);
    checks.add('seal.signer', file, 'not_checked', 'there is no good signature');
    checks.add('seal.timestamp', file, 'not_checked', 'there is no good signature');
    return;
  }
  const { certificate, fingerprint, signingTimeUs: claimedUs } = verdict;
  const named = fingerprint === seal.signerCertSha256;
  checks.judge(
    'seal.signature',
    file,
    named
      ? undefined
      : `it was made with another certificate (sha256 ${fingerprint}) than the seal names`,
    `of the seal's bytes, by certificate sha256 ${fingerprint}, claimed time ${formatUs(claimedUs)}`,
  );
  const names = await readdir(folder).catch(() => []);
  const { stamps, proven } = judgeStamps(folder, names, file, signature, trust);
  if (judge === undefined) {
    const detail =
      'no root certificate to ask whether the signer is who he says; give --trust ROOT.pem';
    checks.add('seal.signer', file, 'not_checked', detail);
  } else {
    const { status, detail } = judge({ certificate, fingerprint, claimedUs, proven }, seal.sha256);
    checks.add('seal.signer', file, status, detail);
  }
  for (const { file: stamp, status, detail } of stamps) {
    checks.add('seal.timestamp', stamp, status, detail);
  }
  if (stamps.length > 0) return;
  const detail = 'no time-stamp of a third party: the claimed times are the signer’s word';
  checks.add('seal.timestamp', file, 'not_checked', detail);
}

/** The evidence folder holds exactly what was sealed; gives the names that are there. */
async function checkFiles(
  checks: Checks,
  { folder }: EvidenceToVerify,
  seal: Seal,
): Promise<ReadonlySet<string>> {
  const id = seal.evidenceId;
  const names = (await readdir(folder).catch(() => [])).sort();
  const expected = new Set([
    `${id}.seal`,
    `${id}.seal.p7s`,
    ...seal.volumes.map(({ file }) => file),
  ]);
  const stamps = names.filter((name) =>
    /^\.seal\.p7s\.ts[qr](?:\.\d{1,3})?$/.test(name.slice(id.length)),
  );
  const extra = names.filter((name) => !expected.has(name) && !stamps.includes(name));
  const irregular: string[] = [];
  // A link to the folder can be turned to another one after it was verified.
  const self = await lstat(folder).catch(() => undefined);
  if (self?.isSymbolicLink() === true) irregular.push('.');
  for (const name of names) {
    const facts = await lstat(join(folder, name));
    if (!facts.isFile()) irregular.push(name);
  }
  const problems = [
    ...extra.map((name) => `${JSON.stringify(name)} was not sealed`),
    ...irregular.map((name) => `${JSON.stringify(name)} is no regular file`),
  ];
  const problem = problems.length === 0 ? undefined : problems.slice(0, 10).join('; ');
  checks.judge('evidence.files', id, problem, 'the folder holds nothing but what the seal names');
  return new Set(names);
}

async function checkVolumes(
  checks: Checks,
  request: EvidenceToVerify,
  seal: Seal,
  names: ReadonlySet<string>,
): Promise<void> {
  const payloadSet = createHash('sha256');
  let whole = true;
  for (const [index, volume] of seal.volumes.entries()) {
    if (request.only !== undefined && request.only !== volume.file) {
      checks.add(
        'volume.present',
        volume.file,
        'not_checked',
        `only ${request.only} was asked for`,
      );
      whole = false;
      continue;
    }
    request.onVolume?.(volume);
    checks.judge(
      'volume.present',
      volume.file,
      names.has(volume.file) ? undefined : 'missing',
      'there',
    );
    if (!names.has(volume.file)) {
      whole = false;
      continue;
    }
    const { caseId, evidenceId } = seal;
    const expected: BagExpectation = {
      caseId,
      evidenceId,
      ...volume,
      number: index + 1,
      of: seal.volumes.length,
    };
    const readable = await checkVolume(checks, request, volume, expected, (bytes) =>
      payloadSet.update(bytes),
    );
    whole &&= readable;
  }
  if (!whole) {
    const detail = 'not every volume could be read';
    checks.add('seal.payload_set', `${seal.evidenceId}.seal`, 'not_checked', detail);
    return;
  }
  const found = payloadSet.digest('hex');
  const problem =
    found === seal.payloadSetSha256 ? undefined : `the volumes' payload manifests hash to ${found}`;
  checks.judge('seal.payload_set', `${seal.evidenceId}.seal`, problem, seal.payloadSetSha256);
}

/** False if the archive could not be read to its end. */
async function checkVolume(
  checks: Checks,
  { folder, deep, signal }: EvidenceToVerify,
  volume: SealedVolume,
  expected: BagExpectation,
  onManifest: (bytes: Uint8Array) => void,
): Promise<boolean> {
  const path = join(folder, volume.file);
  const bag = new BagCheck(expected, deep, onManifest);
  const facts = await readVolume(path, (entry) => bag.entry(entry), { signal }).catch(asProblem);
  // An archive that is not read to its end still has a hash.
  const sha256 =
    typeof facts === 'string' ? await hashFile(path, signal).catch(asProblem) : facts.sha256;
  const differs =
    sha256 === volume.sha256 ? undefined : `sha256 is ${sha256}, sealed was ${volume.sha256}`;
  checks.judge('volume.sha256', volume.file, differs, volume.sha256);
  if (typeof facts === 'string') {
    checks.add('volume.archive', volume.file, 'fail', facts);
    for (const id of [...BAG_CHECKS, 'payload.sha512']) {
      checks.add(id, volume.file, 'not_checked', 'the archive could not be read to its end');
    }
    return false;
  }
  const count = `canonical ustar, ${String(facts.files)} files in ${String(facts.folders)} folders, ${String(facts.bytes)} bytes`;
  checks.add('volume.archive', volume.file, 'pass', count);
  for (const { id, status, detail } of bag.finish()) {
    const named = id === 'payload.sha256' && status === 'fail';
    const more = named ? await differingFiles(path, volume.name, signal).catch(asProblem) : '';
    checks.add(id, volume.file, status, more === '' ? detail : `${detail}: ${more}`);
  }
  return true;
}

async function hashFile(path: string, signal: AbortSignal): Promise<string> {
  const chunks = await Chunks.open(path, 'auto', signal);
  try {
    return await chunks.sha256();
  } finally {
    await chunks.close();
  }
}

/** Reads a volume whose payload is known to be wrong once more, to say which files are. */
async function differingFiles(path: string, name: string, signal: AbortSignal): Promise<string> {
  const found = new Map<string, string>();
  const differing: string[] = [];
  const manifest = new LineCutter((line) => {
    const [sha256, file = ''] = line.toString('utf8').split('  ');
    if (found.get(file) !== sha256) differing.push(file);
    found.delete(file);
  }, 4096);
  await readVolume(
    path,
    async (entry) => {
      const file = entry.path.slice(name.length + 1);
      if (file.startsWith('data/') && entry.type === 'file') {
        const hash = createHash('sha256');
        for await (const piece of entry.body) hash.update(piece);
        found.set(file, hash.digest('hex'));
      } else if (file === 'manifest-sha256.txt') {
        for await (const piece of entry.body) manifest.add(piece);
      }
    },
    { signal },
  );
  const all = [...differing, ...found.keys()];
  const shown = all.slice(0, 5).map((file) => JSON.stringify(file));
  return all.length > shown.length
    ? `${shown.join(', ')} and ${String(all.length - shown.length)} more`
    : shown.join(', ');
}

/** Bad evidence and unreadable files are answers; a stop by the user and bugs are not. */
function asProblem(error: unknown): string {
  if (error instanceof ExhibitError) {
    const place =
      error.where?.offset === undefined ? '' : ` (${whereText({ offset: error.where.offset })})`;
    return `${error.message}${place}`;
  }
  if (isSystemError(error) && error.syscall !== undefined) {
    return error.code === 'ENOENT' ? 'missing' : `cannot be read: ${error.code}`;
  }
  throw error;
}

/** Collects answers; subjects are relative to the case. */
class Checks {
  readonly all: Check[] = [];
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  add(id: string, file: string, status: CheckStatus, detail: string): void {
    const subject = this.#folder.endsWith(`/${file}`) ? this.#folder : `${this.#folder}/${file}`;
    this.all.push({ id, subject, status, detail });
  }

  judge(id: string, file: string, problem: string | undefined, good: string): void {
    this.add(id, file, problem === undefined ? 'pass' : 'fail', problem ?? good);
  }
}
