/** Finds the objects of trails in sealed evidence, by their content: one pass over each volume, nothing unpacked. */
import { Buffer } from 'node:buffer';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readVolume, type VolumeEntry } from '../archive/read.ts';
import { evidenceNo, evidencePaths } from '../bundle/layout.ts';
import { LineCutter } from '../bundle/lines.ts';
import type { BagObject, StagedProblem } from '../bundle/objects.ts';
import { readSeal, type Seal } from '../bundle/seal.ts';
import { readSmallFile } from '../bundle/small-file.ts';
import { sameHex } from '../core/digest.ts';
import { ExhibitError, isSystemError } from '../core/errors.ts';
import { parseRfc3339 } from '../core/time.ts';
import { verifyForm } from '../crypto/cms-verify.ts';
import { looksLikeDigest, parseDigest } from '../witness/digest.ts';
import {
  objectMetadata,
  sidecarMetadata,
  type DigestFile,
  type DigestMetadata,
  type LogContent,
  type TrailFile,
  type Uncollected,
} from '../witness/gather.ts';
import { looseName, parseLogName, roleByName } from '../witness/names.ts';
import { looksLikeKeys } from '../witness/public-keys.ts';
import type { Case } from './case.ts';
import { Body, type Inflated } from './cloudtrail-body.ts';
import { ContentReader } from './cloudtrail-content.ts';
import { seals, signedFileProblem } from './signed-file.ts';

/** A text that may be a list of public keys. */
export interface KeyText {
  readonly path: string;
  readonly text: string;
}

/** How far the reading of a volume is. */
export interface ReadAmount {
  readonly volume: string;
  readonly files: number;
  readonly bytes: number;
  readonly done: boolean;
}

/** What the evidence holds of trails. */
export interface FoundTrails {
  readonly digests: readonly DigestFile[];
  readonly logs: readonly TrailFile[];
  /** Key lists that were collected from AWS itself (`acquisition/public-keys.json`), and those among the files. */
  readonly acquiredKeys: readonly KeyText[];
  readonly foundKeys: readonly KeyText[];
  readonly uncollected: readonly Uncollected[];
}

/** The same, and whence. */
export interface SealedTrails extends FoundTrails {
  readonly evidence: readonly string[];
  /** When each item claims to be collected and sealed, microseconds UTC: the earlier one of what it says. */
  readonly sealedAt: ReadonlyMap<string, number>;
}

/** Digests are a few hundred kilobytes at most; what is larger is no digest and is only hashed. */
const MAX_DIGEST_BYTES = 64 * 1024 * 1024;
/** Key lists and sidecars are a few kilobytes; of a larger file of such a kind the beginning is read, which is no JSON. */
const MAX_JSON_BYTES = 16 * 1024 * 1024;
/** Ours are below 4 KiB. */
const MAX_SIGNATURE_BYTES = 64 * 1024;
/**
 * Reads all sealed evidence.
 * @throws ExhibitError `E_NOT_SEALED` (no sealed evidence), `E_TAMPERED` (a seal or volume is not the
 *   signed one), `E_READ`.
 */
export async function readTrails(
  target: Case,
  signal: AbortSignal,
  onRead: (at: ReadAmount) => void,
): Promise<SealedTrails> {
  const evidence = await sealedEvidence(target);
  const sealedAt = new Map<string, number>();
  const pass = async (known?: ReadonlySet<string>): Promise<TrailFinder> => {
    const found = new TrailFinder(known);
    for (const id of evidence) {
      sealedAt.set(id, await readEvidence(target, id, found, { signal, onRead }));
    }
    return found;
  };
  const found = await pass();
  return { ...(found.again ? await pass(found.named) : found).result(), evidence, sealedAt };
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
  found: TrailFinder,
  { signal, onRead }: { readonly signal: AbortSignal; readonly onRead: (at: ReadAmount) => void },
): Promise<number> {
  const { folder, seal: sealFile } = evidencePaths(target.paths, id);
  const seal = await readSeal(sealFile);
  const sealedAt = await checkSeal(target, id, folder, seal);
  for (const volume of seal.volumes) {
    const objects = new Map<string, BagObject>();
    const file = join(folder, volume.file);
    const top = `${volume.name}/`;
    let files = 0;
    const facts = await readVolume(
      file,
      async (entry) => {
        onRead({ volume: volume.file, files: files++, bytes: entry.offset, done: false });
        const path = entry.path.slice(top.length);
        if (path === 'acquisition/objects.jsonl') {
          await readLines(entry, file, (object) => {
            if (isBagObject(object)) objects.set(object.path, object);
            else throw malformed(file);
          });
        } else if (path === 'acquisition/errors.jsonl') {
          await readLines(entry, file, (problem) => {
            found.problem(problem);
          });
        } else if (path === 'acquisition/public-keys.json') {
          found.acquiredKeys.push({ path: `${id}/${path}`, text: await textOf(entry) });
        } else {
          const object = objects.get(path);
          if (object !== undefined && object.part === undefined) {
            await found.file(entry, object, id);
          }
        }
      },
      { signal },
    );
    onRead({ volume: volume.file, files: facts.files, bytes: facts.bytes, done: true });
    // Nothing is said about bytes that are not the sealed ones.
    if (!sameHex(facts.sha256, volume.sha256)) {
      throw new ExhibitError('E_TAMPERED', `${volume.file} is not the volume that was sealed`, {
        where: { file },
        hint: 'run exhibit verify to see which checks fail',
      });
    }
  }
  return sealedAt;
}

/** The seal is this case's: without that, hashes that fit it would say nothing. Gives the time it claims. */
async function checkSeal(target: Case, id: string, folder: string, seal: Seal): Promise<number> {
  const file = join(folder, `${id}.seal.p7s`);
  const signature = (await readSmallFile(file, MAX_SIGNATURE_BYTES)) ?? Buffer.alloc(0);
  const unsigned = await signedFileProblem(
    target,
    { bytes: seal.bytes, signature, fingerprint: seal.signerCertSha256 },
    seals(id, seal.sha256),
  );
  const problem =
    seal.caseId !== target.info.case || seal.evidenceId !== id
      ? 'the seal belongs to another case or evidence item'
      : unsigned === undefined
        ? undefined
        : `the seal is not signed as it must be: ${unsigned}`;
  const verdict = verifyForm(seal.bytes, signature);
  if (problem === undefined && verdict.ok) {
    return Math.min(verdict.signingTimeUs, parseRfc3339(seal.acquiredTo) ?? Infinity);
  }
  throw new ExhibitError('E_TAMPERED', problem ?? 'the seal is not signed', {
    where: { file },
    hint: 'run exhibit verify to see which checks fail',
  });
}

// The volume's hash is known only at its end: until then a line may be anything.
async function readLines(
  entry: VolumeEntry,
  file: string,
  take: (value: object) => void,
): Promise<void> {
  const lines = new LineCutter((line) => {
    let value: unknown;
    try {
      value = JSON.parse(line.toString('utf8'));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
    if (typeof value !== 'object' || value === null) throw malformed(file);
    take(value);
  }, MAX_JSON_BYTES);
  for await (const piece of entry.body) lines.add(piece);
}

function isBagObject(value: object): value is BagObject {
  return 'path' in value && 'original_path' in value;
}

function malformed(file: string): ExhibitError {
  return new ExhibitError('E_TAMPERED', 'a line of the acquisition lists does not have its form', {
    where: { file },
    hint: 'run exhibit verify to see which checks fail',
  });
}

/**
 * Sorts the files of the evidence, as a volume gives them.
 *
 * What a log holds is asked only of those that no digest names. As volumes are in the order of names, digests come before
 * their logs (`CloudTrail-Digest/`, `CloudTrail/`), except where they were collected later.
 */
export class TrailFinder {
  readonly acquiredKeys: KeyText[] = [];
  readonly #foundKeys: KeyText[] = [];
  readonly #digests: { readonly file: Omit<DigestFile, 'metadata'>; readonly id: string }[] = [];
  readonly #logs: TrailFile[] = [];
  readonly #metadata = new Map<string, DigestMetadata>();
  readonly #uncollected: Uncollected[] = [];
  readonly #named: Set<string>;
  /** Digests were met, or are known to come. */
  #expected: boolean;
  #unasked = false;

  /** @param known {@link TrailFinder.named} of an earlier pass. */
  constructor(known?: ReadonlySet<string>) {
    this.#named = new Set(known);
    this.#expected = known !== undefined;
  }

  /** Names of the logs in all digests that were met. */
  get named(): ReadonlySet<string> {
    return this.#named;
  }

  /** Logs came before the digests: a second pass must ask what they hold. */
  get again(): boolean {
    return this.#unasked && this.#digests.length > 0;
  }

  result(): FoundTrails {
    return {
      digests: this.#digests.map(({ file, id }) => ({ ...file, metadata: this.#metadata.get(id) })),
      logs: this.#logs,
      acquiredKeys: this.acquiredKeys,
      foundKeys: this.#foundKeys,
      uncollected: this.#uncollected,
    };
  }

  problem({ original_path: path, state, reason, detail }: Partial<StagedProblem>): void {
    if (path === undefined || (state !== 'failed' && state !== 'gone')) return;
    this.#uncollected.push({ path, detail: `${reason ?? ''} ${detail ?? ''}`.trim() });
  }

  async file(entry: VolumeEntry, object: BagObject, evidence: string): Promise<void> {
    const id = (path: string): string => `${evidence}\n${String(object.root)}\n${path}`;
    if (object.metadata_for !== undefined) {
      const metadata = sidecarMetadata(await textOf(entry));
      if (metadata !== undefined) this.#metadata.set(id(object.metadata_for), metadata);
      return;
    }
    const path = object.s3?.key ?? object.original_path;
    const body = await Body.open(entry);
    const seen = roleByContent(body.head());
    const role = seen ?? roleByName(path);
    const { s3 } = object;
    const ref = {
      ...{ evidence, bagPath: object.path, path: object.original_path },
      s3:
        s3 === undefined
          ? undefined
          : { bucket: s3.bucket, key: s3.key, told: s3.recognised_by !== 'layout' },
    };
    if (role === 'digest') {
      const read = await body.inflated(MAX_DIGEST_BYTES);
      if (read === undefined) return;
      const digest = { file: { ...ref, ...read }, id: id(object.original_path) };
      this.#digests.push(digest);
      // What S3 itself said of the object, when it was fetched from there.
      const metadata = s3?.head === undefined ? undefined : objectMetadata(s3.head);
      if (metadata !== undefined) this.#metadata.set(digest.id, metadata);
      this.#learn(read.bytes);
      return;
    }
    if (role === 'log' && this.#isPlain(path)) {
      const read = await body.inflated(0);
      if (read !== undefined) this.#logs.push(logFile(ref, read));
      return;
    }
    const reader = new ContentReader(path, object.as ?? null);
    const read = await body.inflated(role === 'keys' ? MAX_JSON_BYTES : 0, {
      begins: (first) => role !== undefined || !beginsOtherwise(first),
      take: (piece) => {
        reader.push(piece);
        return role !== undefined || reader.form === undefined || reader.form === 'trail';
      },
    });
    if (read === undefined) return;
    const content = reader.end();
    if (role === 'keys') {
      this.#foundKeys.push({ path: object.original_path, text: read.bytes.toString('utf8') });
    }
    if (role === 'log' || content.form === 'trail') this.#logs.push(logFile(ref, read, content));
  }

  // A log that a digest names is judged by its hash. Of another with a log's name the content matters beside digests only.
  #isPlain(path: string): boolean {
    if (parseLogName(path) === undefined) return false;
    if (this.#named.has(looseName(path))) return true;
    if (!this.#expected) this.#unasked = true;
    return !this.#expected;
  }

  #learn(bytes: Buffer): void {
    this.#expected = true;
    const read = parseDigest(bytes);
    if (!('digest' in read)) return;
    for (const log of read.digest.logs) this.#named.add(looseName(log.key));
  }
}

/** Most files of other services show by their first byte that they are no JSON; no import finds `Records` in those. */
function beginsOtherwise(first: Buffer): boolean {
  return /^[A-Za-z0-9"#<]/.test(first.toString('latin1', 0, 1));
}

function logFile(
  ref: Pick<TrailFile, 'evidence' | 'bagPath' | 'path' | 's3'>,
  { sha256, gzip }: Inflated,
  content?: LogContent,
): TrailFile {
  return { ...ref, sha256, gzip, ...(content === undefined ? {} : { content }) };
}

function roleByContent(head: string): 'digest' | 'log' | 'keys' | undefined {
  if (looksLikeDigest(head)) return 'digest';
  if (looksLikeKeys(head)) return 'keys';
  // Other services wrap their records alike, but only CloudTrail's name an AWS service as their source.
  const records = /^\s*\{\s*"Records"\s*:\s*\[/.test(head);
  return records && /"eventSource"\s*:\s*"[a-z0-9-]+\.amazonaws\.com"/.test(head)
    ? 'log'
    : undefined;
}

async function textOf(entry: VolumeEntry): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of entry.body) {
    if (size >= MAX_JSON_BYTES) break;
    pieces.push(Buffer.from(piece));
    size += piece.length;
  }
  return Buffer.concat(pieces).toString('utf8');
}
