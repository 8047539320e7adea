/**
 * One CloudTrail digest file: its fields, the text AWS signed and the check of a signature.
 *
 * AWS CloudTrail User Guide, "CloudTrail digest file structure" and "Custom implementations of CloudTrail log file
 * integrity validation".
 */
import { Buffer } from 'node:buffer';
import { verify, type KeyObject } from 'node:crypto';
import { parseRfc3339 } from '../core/time.ts';

/** An entry of `logFiles`. */
export interface DigestLog {
  readonly bucket: string;
  readonly key: string;
  /** `hashValue` as it stands. */
  readonly hash: string;
  /** `hashAlgorithm`; empty where the entry has none. */
  readonly algorithm: string;
}

/** The previous digest as a digest quotes it. */
export interface QuotedDigest {
  readonly bucket: string;
  readonly key: string;
  readonly hash: string;
  readonly algorithm: string;
  readonly signature: string;
}

/** The fields of a digest that validation needs. Times are microseconds UTC. */
export interface Digest {
  readonly account: string;
  readonly start: number;
  readonly end: number;
  /** `digestEndTime` literally: it is part of the signed text. */
  readonly endText: string;
  readonly bucket: string;
  readonly key: string;
  readonly fingerprint: string;
  /** Null in a starting digest. */
  readonly previous: QuotedDigest | null;
  readonly logs: readonly DigestLog[];
}

/** Log files of one hour and region; more is not what CloudTrail writes, and is not read. */
const MAX_LOGS = 1_000_000;
/** Fields that are named in a message. */
const MAX_NAMED = 8;

/** Whether a file begins as a digest does: one JSON object with a name that only digests have near its beginning. */
export function looksLikeDigest(head: string): boolean {
  return /^\s*\{/.test(head) && /"digest(?:S3Object|EndTime|StartTime|S3Bucket)"\s*:/.test(head);
}

/** A digest, or every field that is not as documented. */
export function parseDigest(
  bytes: Uint8Array,
): { readonly digest: Digest } | { readonly problem: string } {
  let value: unknown;
  try {
    // A byte order mark stays and is no JSON: the hash covers it, and AWS writes none.
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    value = JSON.parse(decoder.decode(bytes));
  } catch {
    return { problem: 'not UTF-8 JSON' };
  }
  if (!isObject(value)) return { problem: 'not a JSON object' };
  const fields = new Fields(value);
  const start = fields.time('digestStartTime');
  const end = fields.time('digestEndTime');
  // awscli requires the name, the value may be null.
  if (!Object.hasOwn(value, 'previousDigestSignature')) fields.bad.push('previousDigestSignature');
  const previous = fields.previous();
  const list = value['logFiles'];
  if (!Array.isArray(list) || list.length > MAX_LOGS) fields.bad.push('logFiles');
  const entries: readonly unknown[] = Array.isArray(list) ? list.slice(0, MAX_LOGS) : [];
  const logs = entries.map((entry, index) => logOf(entry, index, fields.bad));
  const digest: Digest = {
    account: fields.text('awsAccountId'),
    start,
    end,
    endText: fields.text('digestEndTime'),
    bucket: fields.text('digestS3Bucket'),
    key: fields.text('digestS3Object'),
    fingerprint: fields.text('digestPublicKeyFingerprint'),
    previous,
    logs,
  };
  const bad = [...new Set(fields.bad)];
  if (bad.length === 0) return { digest };
  const rest = bad.length > MAX_NAMED ? ` and ${String(bad.length - MAX_NAMED)} more` : '';
  return { problem: `missing or malformed: ${bad.slice(0, MAX_NAMED).join(', ')}${rest}` };
}

/** Reads fields and remembers the bad ones. */
class Fields {
  readonly bad: string[] = [];
  readonly #record: Readonly<Record<string, unknown>>;

  constructor(record: Readonly<Record<string, unknown>>) {
    this.#record = record;
  }

  text(name: string): string {
    const found = plainText(this.#record[name]);
    if (found === undefined) this.bad.push(name);
    return found ?? '';
  }

  time(name: string): number {
    const parsed = parseRfc3339(this.text(name));
    if (parsed === undefined) this.bad.push(name);
    return parsed ?? 0;
  }

  // The five fields are null together, in a starting digest.
  previous(): QuotedDigest | null {
    const names = ['S3Bucket', 'S3Object', 'HashValue', 'HashAlgorithm', 'Signature'] as const;
    const given = names.filter((name) => (this.#record[`previousDigest${name}`] ?? null) !== null);
    if (given.length === 0) return null;
    const text = (name: (typeof names)[number]): string => this.text(`previousDigest${name}`);
    return {
      bucket: text('S3Bucket'),
      key: text('S3Object'),
      hash: text('HashValue'),
      algorithm: text('HashAlgorithm'),
      signature: text('Signature'),
    };
  }
}

function logOf(entry: unknown, index: number, bad: string[]): DigestLog {
  const log = isObject(entry) ? entry : {};
  const text = (name: string): string => {
    const found = plainText(log[name]);
    if (found === undefined) bad.push(`logFiles[${String(index)}].${name}`);
    return found ?? '';
  };
  return {
    bucket: text('s3Bucket'),
    key: text('s3Object'),
    hash: text('hashValue'),
    algorithm: plainText(log['hashAlgorithm']) ?? '',
  };
}

// No field of a digest holds control characters, or half a surrogate pair, which no file of ours could hold either.
function plainText(value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '' || !value.isWellFormed()) return undefined;
  return /\p{Cc}/u.test(value) ? undefined : value;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The text AWS signed: end time, bucket/key, hex SHA-256 of the inflated digest, previous signature or `null`, joined by
 * single line feeds (user guide, "Custom implementations", string to sign).
 */
export function signedText(digest: Digest, sha256: string): string {
  return [
    digest.endText,
    `${digest.bucket}/${digest.key}`,
    sha256,
    digest.previous?.signature ?? 'null',
  ].join('\n');
}

/** Answer of {@link checkSignature}. `weak`: by the right key, over another hash than SHA-256. */
export type SignatureVerdict = 'valid' | 'invalid' | 'weak' | 'not_hex';

/** Hashes that `aws cloudtrail validate-logs` takes too, because its RSA library reads the hash from the signature. */
const WEAK_HASHES = ['sha1', 'md5', 'sha512', 'sha384'];

/** RSASSA-PKCS1-v1_5 with SHA-256 over the signed text. */
export function checkSignature(
  text: string,
  signatureHex: string,
  key: KeyObject,
): SignatureVerdict {
  if (!/^(?:[0-9a-f]{2})+$/i.test(signatureHex)) return 'not_hex';
  const signature = Buffer.from(signatureHex, 'hex');
  const data = Buffer.from(text, 'utf8');
  if (verify('sha256', data, key, signature)) return 'valid';
  return WEAK_HASHES.some((hash) => verify(hash, data, key, signature)) ? 'weak' : 'invalid';
}
