/** Finds the objects of trails in sealed evidence, by their content: one pass over each volume, nothing unpacked. */
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { constants, gunzipSync } from 'node:zlib';
import { readVolume, type VolumeEntry } from '../archive/read.ts';
import { evidenceNo, evidencePaths } from '../bundle/layout.ts';
import { LineCutter } from '../bundle/lines.ts';
import type { BagObject, StagedProblem } from '../bundle/objects.ts';
import { readSeal, type Seal } from '../bundle/seal.ts';
import { readSmallFile } from '../bundle/small-file.ts';
import { sameHex } from '../core/digest.ts';
import { ExhibitError, isSystemError } from '../core/errors.ts';
import { inflate, inflateWhole, newInflateReport, type InflateReport } from '../framing/gzip.ts';
import { looksLikeDigest } from '../witness/digest.ts';
import {
  sidecarMetadata,
  type DigestFile,
  type DigestMetadata,
  type GzipProblem,
  type TrailFile,
  type Uncollected,
} from '../witness/gather.ts';
import { roleByName } from '../witness/names.ts';
import { looksLikeKeys } from '../witness/public-keys.ts';
import type { Case } from './case.ts';
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

/** Digests are a few hundred kilobytes at most; what is larger is no digest and is only hashed. */
const MAX_DIGEST_BYTES = 64 * 1024 * 1024;
/** Key lists and sidecars are a few kilobytes; of a larger file of such a kind the beginning is read, which is no JSON. */
const MAX_JSON_BYTES = 16 * 1024 * 1024;
/** Ours are below 4 KiB. */
const MAX_SIGNATURE_BYTES = 64 * 1024;
/** A stored file up to this size is read whole, which is several times quicker; larger ones are streamed. */
const WHOLE_BYTES = 4 * 1024 * 1024;
/** Inflated size up to which a file is inflated in one piece. */
const WHOLE_INFLATED_BYTES = 64 * 1024 * 1024;
/** Stored bytes that are inflated to see what a file is. */
const HEAD_BYTES = 4096;

/**
 * Reads all sealed evidence.
 * @throws ExhibitError `E_NOT_SEALED` (no sealed evidence), `E_TAMPERED` (a seal or volume is not the
 *   signed one), `E_READ`.
 */
export async function readTrails(
  target: Case,
  signal: AbortSignal,
  onRead: (at: ReadAmount) => void,
): Promise<FoundTrails & { readonly evidence: readonly string[] }> {
  const evidence = await sealedEvidence(target);
  const found = new TrailFinder();
  for (const id of evidence) await readEvidence(target, id, found, { signal, onRead });
  return { ...found.result(), evidence };
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
): Promise<void> {
  const { folder, seal: sealFile } = evidencePaths(target.paths, id);
  const seal = await readSeal(sealFile);
  await checkSeal(target, id, folder, seal);
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
}

/** The seal is this case's: without that, hashes that fit it would say nothing. */
async function checkSeal(target: Case, id: string, folder: string, seal: Seal): Promise<void> {
  const file = join(folder, `${id}.seal.p7s`);
  const unsigned = await signedFileProblem(
    target,
    {
      bytes: seal.bytes,
      signature: (await readSmallFile(file, MAX_SIGNATURE_BYTES)) ?? Buffer.alloc(0),
      fingerprint: seal.signerCertSha256,
    },
    seals(id, seal.sha256),
  );
  const problem =
    seal.caseId !== target.info.case || seal.evidenceId !== id
      ? 'the seal belongs to another case or evidence item'
      : unsigned === undefined
        ? undefined
        : `the seal is not signed as it must be: ${unsigned}`;
  if (problem === undefined) return;
  throw new ExhibitError('E_TAMPERED', problem, {
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

/** Sorts the files of the evidence, as a volume gives them. */
export class TrailFinder {
  readonly acquiredKeys: KeyText[] = [];
  readonly #foundKeys: KeyText[] = [];
  readonly #digests: { readonly file: Omit<DigestFile, 'metadata'>; readonly id: string }[] = [];
  readonly #logs: TrailFile[] = [];
  readonly #metadata = new Map<string, DigestMetadata>();
  readonly #uncollected: Uncollected[] = [];

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
    const named = roleByName(object.s3?.key ?? object.original_path);
    const body = await Body.open(entry);
    const role = roleByContent(body.head()) ?? named;
    if (role === undefined) return;
    const ref = { evidence, bagPath: object.path, path: object.original_path };
    if (role === 'keys') {
      this.#foundKeys.push({ path: object.original_path, text: await body.text() });
      return;
    }
    const { sha256, gzip, bytes } = await body.inflated(role === 'digest' ? MAX_DIGEST_BYTES : 0);
    const { s3 } = object;
    const file = {
      ...{ ...ref, sha256, gzip },
      s3:
        s3 === undefined
          ? undefined
          : { bucket: s3.bucket, key: s3.key, told: s3.recognised_by === 'flag' },
    };
    if (role === 'log') this.#logs.push(file);
    else this.#digests.push({ file: { ...file, bytes }, id: id(object.original_path) });
  }
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

/** A file's stored bytes: whole where they are few, else as they come. */
class Body {
  readonly #whole: Buffer | undefined;
  readonly #first: Buffer;
  readonly #rest: AsyncIterator<Buffer>;

  private constructor(whole: Buffer | undefined, first: Buffer, rest: AsyncIterator<Buffer>) {
    this.#whole = whole;
    this.#first = first;
    this.#rest = rest;
  }

  static async open(entry: VolumeEntry): Promise<Body> {
    const pieces = entry.body[Symbol.asyncIterator]();
    if (entry.size > WHOLE_BYTES) {
      const first = await pieces.next();
      const bytes = first.done === true ? Buffer.alloc(0) : Buffer.from(first.value);
      return new Body(undefined, bytes, pieces);
    }
    const all: Buffer[] = [];
    for (let next = await pieces.next(); next.done !== true; next = await pieces.next()) {
      all.push(Buffer.from(next.value));
    }
    const [only] = all;
    const whole = all.length === 1 && only !== undefined ? only : Buffer.concat(all);
    return new Body(whole, whole, pieces);
  }

  /** The first inflated bytes, as text. */
  head(): string {
    const stored = this.#first.subarray(0, HEAD_BYTES);
    try {
      return gunzipSync(stored, { finishFlush: constants.Z_SYNC_FLUSH }).toString('latin1');
    } catch {
      // Not gzip, or none that begins well: then its bytes are what they are.
      return stored.toString('latin1');
    }
  }

  async text(): Promise<string> {
    const { bytes } = await this.inflated(MAX_JSON_BYTES);
    return bytes.toString('utf8');
  }

  /** @param keep inflated bytes to keep at most; a longer file keeps none. */
  async inflated(keep: number): Promise<{
    readonly sha256: string;
    readonly gzip: GzipProblem | undefined;
    readonly bytes: Buffer;
  }> {
    const hash = createHash('sha256');
    const quick =
      this.#whole === undefined ? undefined : inflateWhole(this.#whole, WHOLE_INFLATED_BYTES);
    if (quick !== undefined) {
      const sha256 = hash.update(quick.bytes).digest('hex');
      const bytes = quick.bytes.length <= keep ? quick.bytes : Buffer.alloc(0);
      return { sha256, gzip: gzipProblem(quick.report), bytes };
    }
    const report = newInflateReport();
    const kept: Buffer[] = [];
    let size = 0;
    for await (const piece of inflate(this.#pieces(), report)) {
      hash.update(piece);
      size += piece.length;
      if (size <= keep) kept.push(Buffer.from(piece));
    }
    const bytes = size <= keep ? Buffer.concat(kept) : Buffer.alloc(0);
    return { sha256: hash.digest('hex'), gzip: gzipProblem(report), bytes };
  }

  async *#pieces(): AsyncGenerator<Buffer, void, undefined> {
    yield this.#first;
    if (this.#whole !== undefined) return;
    for (let next = await this.#rest.next(); next.done !== true; next = await this.#rest.next()) {
      yield next.value;
    }
  }
}

// What AWS delivers is one gzip member; a mirror may hold it inflated, but nothing else.
function gzipProblem({ compression, problems }: InflateReport): GzipProblem | undefined {
  const details = problems.map(({ detail }) => detail);
  const damaged = problems.some(({ kind }) => kind === 'gzip_truncated' || kind === 'gzip_corrupt');
  if (compression !== 'none' && compression !== 'gzip') {
    details.unshift(`compressed as ${compression}`);
  }
  if (details.length === 0) return undefined;
  return { kind: damaged ? 'damaged' : 'extra', detail: details.join('; ') };
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
