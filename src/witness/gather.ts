/**
 * Puts a trail's objects together from the files of the evidence: what each is by its content, and where in the bucket it
 * lies as far as the evidence can say. A mirror may have lost or gained folders in front of `AWSLogs/`; the digests
 * themselves name their place, and their majority in a folder says what that folder is.
 */
import { parseDigest, type Digest } from './digest.ts';
import { orgOf, outerSplits, parseDigestKey, splitKey, type DigestName } from './names.ts';
import type { FileRef } from './verdict.ts';

/** A file that may belong to a trail, as it was read from the evidence. */
export interface TrailFile extends FileRef {
  /** Where the collection was told, or guessed, that it lay in S3. */
  readonly s3:
    { readonly bucket: string; readonly key: string; readonly told: boolean } | undefined;
  /** SHA-256 of the inflated bytes. */
  readonly sha256: string;
  /** What is wrong with the gzip file around them. */
  readonly gzip: GzipProblem | undefined;
  /** Of a log that may be named by no digest; not asked of others. */
  readonly content?: LogContent;
}

/** What a log file holds, as an import reads it. */
export interface LogContent {
  /** `trail`: CloudTrail's records in the form that a trail delivers; `other`: records in another; `none`: no records. */
  readonly form: 'trail' | 'other' | 'none';
  readonly claims: readonly Claim[];
}

/** What records of one account, region and category say; undefined where they do not say it. Times are microseconds UTC. */
export interface Claim {
  readonly account: string | undefined;
  readonly region: string | undefined;
  readonly category: string | undefined;
  /** Of the oldest record, and of the newest. */
  readonly from: number;
  readonly to: number;
}

/** `extra`: members, layers or bytes that do not belong; `damaged`: cut, or wrong checksums. */
export interface GzipProblem {
  readonly kind: 'extra' | 'damaged';
  readonly detail: string;
}

/** Object metadata that was kept beside a digest. */
export interface DigestMetadata {
  readonly signature: string | undefined;
  readonly algorithm: string | undefined;
  /** `backfill-generation-timestamp`, as it stands. */
  readonly backfillGenerated: string | undefined;
}

/** A digest file. */
export interface DigestFile extends TrailFile {
  /** Inflated bytes; none for a file that is too large to be a digest. */
  readonly bytes: Uint8Array;
  /** Undefined where the object's metadata was not kept. */
  readonly metadata: DigestMetadata | undefined;
}

/** Something that was found and could not be collected. */
export interface Uncollected {
  readonly path: string;
  readonly detail: string;
}

/** A sidecar's user metadata, as `aws s3api head-object` prints it: `{"Metadata":{...}}`. */
export function sidecarMetadata(text: string): DigestMetadata | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Not the metadata of an object; the digest then counts as one without.
    return undefined;
  }
  return objectMetadata(value);
}

/** The same of what S3 said when the object was fetched: a value of that form. */
export function objectMetadata(value: unknown): DigestMetadata | undefined {
  const found = (value as { readonly Metadata?: unknown } | null)?.Metadata;
  if (typeof found !== 'object' || found === null) return undefined;
  const fields = new Map(
    Object.entries(found).map(([name, field]) => [
      name.toLowerCase().replace(/^x-amz-meta-/, ''),
      field as unknown,
    ]),
  );
  const one = (name: string): string | undefined => {
    const field = fields.get(name);
    return typeof field === 'string' && field.isWellFormed() ? field : undefined;
  };
  return {
    signature: one('signature'),
    algorithm: one('signature-algorithm'),
    backfillGenerated: one('backfill-generation-timestamp'),
  };
}

/** A digest file that was read, or why it could not be. */
export type ReadDigest =
  | { readonly file: DigestFile; readonly digest: Digest; readonly name: DigestName | undefined }
  | { readonly file: DigestFile; readonly problem: string };

/** Reads every digest file, in a fixed order. */
export function readDigests(files: readonly DigestFile[]): readonly ReadDigest[] {
  return [...files].sort(byPlace).map((file): ReadDigest => {
    const parsed = parseDigest(file.bytes);
    if ('problem' in parsed) return { file, problem: parsed.problem };
    return { file, digest: parsed.digest, name: parseDigestKey(parsed.digest.key) };
  });
}

/** Where a file lies in a bucket. */
export interface Place {
  /** Undefined where neither the collection nor the digests say. */
  readonly bucket: string | undefined;
  readonly key: string;
  /** From `AWSLogs/` on. */
  readonly tail: string;
  /** The collection was told bucket and prefix. */
  readonly certain: boolean;
  /** A second folder of one bucket that claims to be the same place: a copy, or where things were moved to. */
  readonly displaced: boolean;
  /** Bucket, prefix and organisation as far as known ({@link treeText}): log files and the digests over them share it. */
  readonly tree: string;
}

interface Tree {
  readonly id: string;
  /** The guessed bucket: two folders with the same place within it contradict each other. */
  readonly within: string;
  readonly told: boolean;
}

/** What the folders of the evidence are, from what most digests in them say of themselves and of the logs beside them. */
export class Places {
  /** Folder of the evidence → bucket and prefix. */
  readonly #meaning = new Map<string, string>();
  /** Guessed bucket, bucket and prefix → the one folder that has most of it. */
  readonly #home = new Map<string, string>();

  constructor(digests: readonly ReadDigest[], logs: readonly TrailFile[]) {
    const votes = new Votes();
    const named = new Map<string, string>();
    for (const read of digests) {
      if (!('digest' in read)) continue;
      const { digest } = read;
      const own = splitKey(digest.key);
      if (own !== undefined) votes.add(read.file, `${digest.bucket}\n${own.before}`);
      for (const log of digest.logs) {
        const split = splitKey(log.key);
        if (split !== undefined) named.set(split.tail, `${log.bucket}\n${split.before}`);
      }
    }
    this.#count(votes);
    // Logs may have been collected apart from their digests.
    const rest = new Votes();
    for (const log of logs) {
      const tree = treeOf(log);
      const claim = named.get(splitKey(log.s3?.key ?? '')?.tail ?? '');
      if (tree !== undefined && claim !== undefined && !this.#meaning.has(tree.id)) {
        rest.add(log, claim);
      }
    }
    this.#count(rest);
  }

  // Folders with digests are counted first, and then keep their place.
  #count(votes: Votes): void {
    const settled = new Set(this.#home.keys());
    const most = new Map<string, number>();
    for (const { tree, claim, count } of votes.results()) {
      this.#meaning.set(tree.id, claim);
      const home = `${tree.within}\n${claim}`;
      if (settled.has(home) || count <= (most.get(home) ?? 0)) continue;
      most.set(home, count);
      this.#home.set(home, tree.id);
    }
  }

  /** Undefined for a file outside of any layout: then only names can be compared. */
  of(file: TrailFile): Place | undefined {
    const { s3 } = file;
    const tree = treeOf(file);
    const split = splitKey(s3?.key ?? '');
    if (s3 === undefined || tree === undefined || split === undefined) return undefined;
    const { tail } = split;
    if (s3.told) {
      const here = treeText(s3.bucket, s3.key);
      return { bucket: s3.bucket, key: s3.key, tail, certain: true, displaced: false, tree: here };
    }
    const claim = this.#meaning.get(tree.id);
    if (claim === undefined) {
      const here = `${tree.id}\n${orgOf(s3.key)}`;
      return { bucket: undefined, key: s3.key, tail, certain: false, displaced: false, tree: here };
    }
    const [bucket = '', before = ''] = claim.split('\n');
    const displaced = this.#home.get(`${tree.within}\n${claim}`) !== tree.id;
    const key = displaced ? s3.key : `${before}${tail}`;
    const here = treeText(bucket, `${before}${tail}`);
    return { bucket, key, tail, certain: false, displaced, tree: here };
  }

  /** Trees around the one of {@link Places.of}: whoever plants a file can lay a second `AWSLogs/` below a trail's. */
  around({ evidence, s3 }: TrailFile): readonly string[] {
    if (s3 === undefined) return [];
    return outerSplits(s3.key).flatMap((outer) => {
      const org = orgOf(outer.tail.replace(/(?<=.)AWSLogs\/.*$/s, ''));
      if (s3.told) return [[s3.bucket, outer.before, org].join('\n')];
      const claim = this.#meaning.get(`${evidence}\n${s3.bucket}\n${outer.before}`);
      return claim === undefined ? [] : [`${claim}\n${org}`];
    });
  }
}

/** Bucket, prefix and organisation of a key. */
export function treeText(bucket: string, key: string): string {
  return [bucket, splitKey(key)?.before ?? '', orgOf(key)].join('\n');
}

/** What the files of each folder claim it to be. */
class Votes {
  readonly #votes = new Map<
    string,
    { readonly tree: Tree; readonly claims: Map<string, number> }
  >();

  add(file: TrailFile, claim: string): void {
    const tree = treeOf(file);
    if (tree === undefined || tree.told) return;
    const entry = this.#votes.get(tree.id) ?? { tree, claims: new Map<string, number>() };
    entry.claims.set(claim, (entry.claims.get(claim) ?? 0) + 1);
    this.#votes.set(tree.id, entry);
  }

  /** The claim of most files of each folder; of equals the first in bytewise order. */
  *results(): Generator<{ readonly tree: Tree; readonly claim: string; readonly count: number }> {
    for (const [, { tree, claims }] of [...this.#votes].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const [best] = [...claims].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
      if (best !== undefined) yield { tree, claim: best[0], count: best[1] };
    }
  }
}

function treeOf({ evidence, s3 }: TrailFile): Tree | undefined {
  const split = s3 === undefined ? undefined : splitKey(s3.key);
  if (s3 === undefined || split === undefined) return undefined;
  const within = `${evidence}\n${s3.bucket}`;
  return { id: `${within}\n${split.before}`, within, told: s3.told };
}

/** Bytewise by evidence and path: the order in which everything is said. */
export function byPlace(a: FileRef, b: FileRef): number {
  return a.evidence < b.evidence || (a.evidence === b.evidence && a.bagPath < b.bagPath)
    ? -1
    : a.evidence === b.evidence && a.bagPath === b.bagPath
      ? 0
      : 1;
}
