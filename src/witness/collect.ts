/**
 * Gathers a trail's objects from what a bundle holds: keys where the collection knew them, else matched by file name
 * with what the digests themselves name, so that a flat folder of downloads can be validated too.
 */
import type { Buffer } from 'node:buffer';
import {
  parseDigest,
  parseDigestKey,
  parseLogKey,
  parsePublicKeys,
  type TrailKey,
} from './digest.ts';
import type { DigestObject, TrailEvidence, TrailObject } from './validate.ts';

/** A payload file that may belong to a trail. */
export interface TrailFile {
  /** Path as collected. */
  readonly path: string;
  /** Bucket, with whether the collection was told it or it is the name of a folder. */
  readonly bucket?: string;
  readonly bucketKnown?: boolean;
  readonly key?: string;
  /** SHA-256 of the inflated bytes. */
  readonly sha256: string;
  readonly gzipProblem: string | undefined;
  /** Inflated bytes of a digest. */
  readonly bytes?: Buffer;
}

const DIGEST_NAME = /_CloudTrail-Digest_[^/]*\.json(?:\.gz)?$/;
const LOG_NAME =
  /_CloudTrail(?:-Insight|-NetworkActivity)?_[a-z0-9-]+_\d{8}T\d{4}Z_[^/]*\.json(?:\.gz)?$/;

/** What a file may be, from its name alone: validation then looks at the content. */
export function trailRole(path: string): 'digest' | 'log' | 'keys' | undefined {
  if (DIGEST_NAME.test(path)) return 'digest';
  if (LOG_NAME.test(path)) return 'log';
  return /(?:^|\/)public-keys[^/]*\.json$/.test(path) ? 'keys' : undefined;
}

/** A sidecar's `Metadata.signature`, as `aws s3api head-object` prints it. */
export function sidecarSignature(text: string): string | undefined {
  try {
    const value = JSON.parse(text) as { Metadata?: Record<string, unknown> } | null;
    const signature = value?.Metadata?.['signature'];
    return typeof signature === 'string' ? signature : undefined;
  } catch {
    // A sidecar that is not JSON holds no signature; the digest then counts as one without metadata.
    return undefined;
  }
}

/**
 * Puts the parts together.
 * @param signatures by path of the digest they belong to.
 */
export function trailEvidence(
  digests: readonly TrailFile[],
  logs: readonly TrailFile[],
  signatures: ReadonlyMap<string, string>,
  keys: readonly TrailKey[],
  window: { readonly from?: number; readonly to?: number },
): TrailEvidence {
  const named = new Map<string, string>();
  for (const file of digests) {
    const parsed = parseDigest(file.bytes ?? new Uint8Array());
    if (!('digest' in parsed)) continue;
    for (const key of [parsed.digest.key, ...parsed.digest.logs.map((log) => log.key)]) {
      named.set(baseName(key), key);
    }
  }
  const place = (file: TrailFile): TrailObject => {
    const recognised =
      file.key !== undefined &&
      (parseDigestKey(file.key) !== undefined || parseLogKey(file.key) !== undefined);
    const key = recognised ? file.key : (named.get(baseName(file.path)) ?? file.key ?? file.path);
    return {
      bucket: file.bucketKnown === true ? file.bucket : undefined,
      key,
      place: `${file.bucket ?? '?'}/${key}`,
      sha256: file.sha256,
      gzipProblem: file.gzipProblem,
    };
  };
  return {
    digests: digests.map((file): DigestObject => {
      return {
        ...place(file),
        bytes: file.bytes ?? new Uint8Array(),
        signature: signatures.get(file.path),
      };
    }),
    logs: logs.map(place),
    keys,
    ...window,
  };
}

/** Keys of every ListPublicKeys answer, one for each fingerprint; `problems` says what was not readable. */
export function mergeKeys(files: readonly { readonly path: string; readonly text: string }[]): {
  readonly keys: readonly TrailKey[];
  readonly problems: readonly string[];
} {
  const keys = new Map<string, TrailKey>();
  const problems: string[] = [];
  for (const file of files) {
    const found = parsePublicKeys(file.text);
    for (const key of found.keys) keys.set(key.fingerprint, key);
    problems.push(...found.problems.map((problem) => `${file.path}: ${problem}`));
  }
  return { keys: [...keys.values()], problems };
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
