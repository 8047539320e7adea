/** `cloudtrail validate`: AWS's own witness, from the sealed bytes alone. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readVolume, type VolumeEntry } from '../archive/read.ts';
import { evidenceNo } from '../bundle/layout.ts';
import type { BagObject } from '../bundle/objects.ts';
import { LineCutter } from '../bundle/lines.ts';
import { readSeal, type Seal } from '../bundle/seal.ts';
import { readSmallFile } from '../bundle/small-file.ts';
import { canonicalLine } from '../core/canonical.ts';
import { sameHex, sha256Hex } from '../core/digest.ts';
import type { Effects } from '../core/effects.ts';
import { ExhibitError, isSystemError } from '../core/errors.ts';
import { formatUs } from '../core/time.ts';
import { verifyBy } from '../crypto/cms-verify.ts';
import { replaceFile } from '../disk/durable.ts';
import { inflate, newInflateReport } from '../framing/gzip.ts';
import {
  mergeKeys,
  sidecarSignature,
  trailEvidence,
  trailRole,
  type TrailFile,
} from '../witness/collect.ts';
import { validateTrails, type TrailReport } from '../witness/validate.ts';
import { caseRoot, openSigner, type Case } from './case.ts';
import { appendEntry } from './ledger.ts';

/** Options of {@link validateCloudTrail}. Times are microseconds UTC. */
export interface ValidateOptions {
  readonly from?: number;
  readonly to?: number;
  /** A ListPublicKeys answer given by the verifier instead of those in the evidence. */
  readonly publicKeys?: string;
  /** Append the result to the ledger. */
  readonly record: boolean;
}

/** The report, and where the keys came from: keys in the evidence are the evidence's own claim. */
export interface ValidateResult extends TrailReport {
  readonly keys: {
    readonly origin: 'given' | 'evidence';
    readonly fingerprints: readonly string[];
  };
  readonly evidence: readonly string[];
}

/** Digests are a few hundred kilobytes at most; what is larger is no digest and is only hashed. */
const MAX_DIGEST_BYTES = 64 * 1024 * 1024;
/** Key lists and sidecars are a few kilobytes; of a larger file of such a name the beginning is read, which is no JSON. */
const MAX_JSON_BYTES = 16 * 1024 * 1024;
/** Ours are below 4 KiB. */
const MAX_SIGNATURE_BYTES = 64 * 1024;

/**
 * Validates the digest chains in all sealed evidence.
 * @throws ExhibitError `E_NOT_SEALED` (no sealed evidence), `E_TAMPERED` (a seal or volume is not the
 *   signed one), `E_READ`.
 */
export async function validateCloudTrail(
  target: Case,
  fx: Effects,
  options: ValidateOptions,
): Promise<ValidateResult> {
  const evidence = await sealedEvidence(target);
  const found = new Found();
  for (const id of evidence) await readEvidence(target, id, found, fx.signal);
  const given = options.publicKeys;
  const files =
    given === undefined ? found.keyFiles : [{ path: given, text: await readFile(given, 'utf8') }];
  const { keys, problems } = mergeKeys(files);
  if (given !== undefined && problems.length > 0) {
    throw new ExhibitError('E_FORMAT', `no list of public keys: ${problems.join('; ')}`, {
      where: { file: given },
      hint: 'give the answer of `aws cloudtrail list-public-keys` as it was printed',
    });
  }
  const { from, to } = options;
  const window = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
  const report = validateTrails(
    trailEvidence(found.digests, found.logs, found.signatures, keys, window),
  );
  const result: ValidateResult = {
    ...report,
    keys: {
      origin: given === undefined ? 'evidence' : 'given',
      fingerprints: keys.map((key) => key.fingerprint).sort(),
    },
    evidence,
  };
  if (options.record) await record(target, fx, result, options);
  return result;
}

class Found {
  readonly digests: TrailFile[] = [];
  readonly logs: TrailFile[] = [];
  readonly signatures = new Map<string, string>();
  readonly keyFiles: { path: string; text: string }[] = [];
}

async function sealedEvidence(target: Case): Promise<string[]> {
  const names = await readdir(target.paths.evidence).catch((error: unknown) => {
    if (isSystemError(error) && error.code === 'ENOENT') return [];
    throw error;
  });
  const ids = names.filter((name) => evidenceNo(name) !== undefined).sort();
  if (ids.length > 0) return ids;
  throw new ExhibitError('E_NOT_SEALED', 'the case has no sealed evidence', {
    hint: 'collect first: exhibit collect dir PATH',
  });
}

async function readEvidence(
  target: Case,
  id: string,
  found: Found,
  signal: AbortSignal,
): Promise<void> {
  const folder = join(target.paths.evidence, id);
  const seal = await readSeal(join(folder, `${id}.seal`));
  await checkSeal(target, id, folder, seal);
  for (const volume of seal.volumes) {
    const objects = new Map<string, BagObject>();
    const file = join(folder, volume.file);
    const top = `${volume.name}/`;
    const facts = await readVolume(
      file,
      async (entry) => {
        const path = entry.path.slice(top.length);
        if (path === 'acquisition/objects.jsonl') {
          const lines = new LineCutter((line) => {
            const object = parseObject(line.toString('utf8'), file);
            objects.set(object.path, object);
          }, MAX_JSON_BYTES);
          for await (const piece of entry.body) lines.add(piece);
        } else if (path === 'acquisition/public-keys.json') {
          found.keyFiles.push({ path, text: (await bytesOf(entry)).toString('utf8') });
        } else {
          const object = objects.get(path);
          if (object !== undefined) await readObject(entry, object, found);
        }
      },
      { signal },
    );
    // Nothing is said about bytes that are not the sealed ones.
    if (!sameHex(facts.sha256, volume.sha256)) {
      throw new ExhibitError('E_TAMPERED', `${volume.file} is not the volume that was sealed`, {
        where: { file },
        hint: 'run exhibit verify to see which checks fail',
      });
    }
  }
}

/** The seal is this case's: without that, hashes that fit it would say nothing. */
async function checkSeal(target: Case, id: string, folder: string, seal: Seal): Promise<void> {
  const file = join(folder, `${id}.seal.p7s`);
  const verdict = verifyBy(
    seal.bytes,
    (await readSmallFile(file, MAX_SIGNATURE_BYTES)) ?? Buffer.alloc(0),
    { root: await caseRoot(target), fingerprint: seal.signerCertSha256 },
  );
  const problem =
    seal.caseId !== target.info.case || seal.evidenceId !== id
      ? 'the seal belongs to another case or evidence item'
      : verdict.ok
        ? undefined
        : `the seal is not signed as it must be: ${verdict.reason}`;
  if (problem === undefined) return;
  throw new ExhibitError('E_TAMPERED', problem, {
    where: { file },
    hint: 'run exhibit verify to see which checks fail',
  });
}

// The volume's hash is known only at its end: until then a line may be anything.
function parseObject(line: string, file: string): BagObject {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null && 'path' in value && 'original_path' in value)
      return value as BagObject;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new ExhibitError('E_TAMPERED', 'a line of objects.jsonl does not have its form', {
    where: { file },
    hint: 'run exhibit verify to see which checks fail',
  });
}

async function readObject(entry: VolumeEntry, object: BagObject, found: Found): Promise<void> {
  const path = object.original_path;
  if (object.metadata_for !== undefined) {
    if (trailRole(object.metadata_for) !== 'digest') return;
    const signature = sidecarSignature((await bytesOf(entry)).toString('utf8'));
    if (signature !== undefined) found.signatures.set(object.metadata_for, signature);
    return;
  }
  const role = trailRole(object.s3?.key ?? path);
  if (role === undefined) return;
  if (role === 'keys') {
    found.keyFiles.push({ path, text: (await bytesOf(entry)).toString('utf8') });
    return;
  }
  const report = newInflateReport();
  const hash = createHash('sha256');
  const kept: Buffer[] = [];
  let size = 0;
  for await (const piece of inflate(entry.body, report)) {
    hash.update(piece);
    size += piece.length;
    if (role === 'digest' && size <= MAX_DIGEST_BYTES) kept.push(Buffer.from(piece));
  }
  const problems = report.problems.map((problem) => problem.detail);
  if (report.members > 1) problems.unshift(`${String(report.members)} gzip members`);
  const file: TrailFile = {
    path,
    ...(object.s3 === undefined || object.s3.bucket === '' ? {} : { bucket: object.s3.bucket }),
    bucketKnown: object.s3?.recognised_by === 'flag',
    ...(object.s3 === undefined ? {} : { key: object.s3.key }),
    sha256: hash.digest('hex'),
    gzipProblem: problems.length === 0 ? undefined : problems.join('; '),
    ...(role === 'digest' ? { bytes: Buffer.concat(kept) } : {}),
  };
  (role === 'digest' ? found.digests : found.logs).push(file);
}

async function bytesOf(entry: VolumeEntry): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of entry.body) {
    if (size >= MAX_JSON_BYTES) break;
    pieces.push(Buffer.from(piece));
    size += piece.length;
  }
  return Buffer.concat(pieces);
}

/** The newest recorded result, relative to the case folder. */
export const VALIDATION_FILE = join('report', 'cloudtrail-validation.json');

async function record(
  target: Case,
  fx: Effects,
  result: ValidateResult,
  options: ValidateOptions,
): Promise<void> {
  const signer = await openSigner(target, fx);
  const asked = {
    from: options.from === undefined ? null : formatUs(options.from),
    to: options.to === undefined ? null : formatUs(options.to),
  };
  const { ok, digests, logs, keys, evidence, findings } = result;
  const bytes = canonicalLine({
    type: 'cloudtrail-validation/1',
    case: target.info.case,
    evidence,
    asked,
    ok,
    digests,
    logs,
    keys: { origin: keys.origin, fingerprints: keys.fingerprints },
    findings: findings.map((finding) => ({ ...finding })),
  });
  await mkdir(target.paths.report, { recursive: true });
  replaceFile(join(target.paths.dir, VALIDATION_FILE), bytes, target.paths.report);
  await appendEntry(target, signer, fx, {
    event: 'verified',
    reason: 'CloudTrail log file integrity validation',
    evidence: evidence.map((id) => ({ id })),
    result: { ok, checks: [] },
    attachments: [{ name: VALIDATION_FILE, sha256: sha256Hex(bytes) }],
    details: { digests, logs },
  });
}
