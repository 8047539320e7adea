/**
 * One CloudTrail digest file: its key, its fields, the text AWS signed and the check of the signature.
 *
 * AWS CloudTrail User Guide, "CloudTrail digest file structure" and "Custom implementations of CloudTrail log file
 * integrity validation"; ListPublicKeys API reference.
 */
import { Buffer } from 'node:buffer';
import { createHash, createPublicKey, verify, type KeyObject } from 'node:crypto';
import { sha256Hex } from '../core/digest.ts';
import { parseRfc3339 } from '../core/time.ts';

/** A chain of digests: one per account, region and trail (user guide, "CloudTrail digest file structure"). */
export interface ChainId {
  readonly prefix: string;
  readonly account: string;
  readonly region: string;
  readonly trail: string;
  readonly homeRegion: string;
  readonly backfill: boolean;
}

const DIGEST_KEY =
  /^(.*)AWSLogs\/(?:(o-[a-z0-9]+)\/)?(\d{12})\/CloudTrail-Digest\/([a-z0-9-]+)\/\d{4}\/\d\d\/\d\d\/\3_CloudTrail-Digest_\4_(.+)_([a-z0-9-]+)_(\d{8}T\d{6}Z)(_backfill)?\.json\.gz$/;

/** The chain that a digest's key names, and the end time in its name; undefined if it is no digest's key. */
export function parseDigestKey(
  key: string,
): { readonly chain: ChainId; readonly stamp: string } | undefined {
  const match = DIGEST_KEY.exec(key);
  if (match === null) return undefined;
  const [, before = '', org, account = '', region = '', trail = '', home = '', stamp = ''] = match;
  const prefix = org === undefined ? before : `${before}${org}/`;
  const backfill = match[8] !== undefined;
  return { chain: { prefix, account, region, trail, homeRegion: home, backfill }, stamp };
}

const LOG_KEY =
  /^(.*)AWSLogs\/(?:(o-[a-z0-9]+)\/)?(\d{12})\/CloudTrail\/([a-z0-9-]+)\/\d{4}\/\d\d\/\d\d\/[^/]*_(\d{8}T\d{4}Z)_[^/]+$/;

/**
 * Account, region and delivery minute (microseconds UTC) that a log file's key names. Only the folder `CloudTrail`:
 * whether digests name Insights and network-activity files is not documented, so their absence proves nothing.
 */
export function parseLogKey(
  key: string,
): { readonly account: string; readonly region: string; readonly delivered: number } | undefined {
  const match = LOG_KEY.exec(key);
  const [, , , account, region, stamp = ''] = match ?? [];
  const delivered = stampUs(stamp);
  if (account === undefined || region === undefined || delivered === undefined) return undefined;
  return { account, region, delivered };
}

/** `YYYYMMDDTHHMM[SS]Z` of AWS's file names to microseconds UTC. */
function stampUs(stamp: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)?Z$/.exec(stamp);
  if (match === null) return undefined;
  const [, year = '', month = '', day = '', hour = '', minute = '', second = '00'] = match;
  return parseRfc3339(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

/** An entry of `logFiles`. */
export interface DigestLog {
  readonly bucket: string;
  readonly key: string;
  readonly hash: string;
}

/** The fields of a digest that validation needs. */
export interface Digest {
  readonly start: number;
  readonly end: number;
  readonly endText: string;
  readonly bucket: string;
  readonly key: string;
  readonly fingerprint: string;
  /** All null in a starting digest. */
  readonly previous: {
    readonly bucket: string;
    readonly key: string;
    readonly hash: string;
    readonly signature: string;
  } | null;
  readonly logs: readonly DigestLog[];
}

/** A digest, or every field that is not as documented. */
export function parseDigest(
  bytes: Uint8Array,
): { readonly digest: Digest } | { readonly problem: string } {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return { problem: 'not UTF-8 JSON' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { problem: 'not a JSON object' };
  }
  const record = value as Record<string, unknown>;
  const bad: string[] = [];
  const text = (name: string, from: Record<string, unknown> = record): string => {
    const found = from[name];
    if (typeof found === 'string' && found !== '') return found;
    bad.push(name);
    return '';
  };
  const time = (name: string): number => {
    const parsed = parseRfc3339(text(name));
    if (parsed === undefined) bad.push(name);
    return parsed ?? 0;
  };
  const start = time('digestStartTime');
  const end = time('digestEndTime');
  const starting = (record['previousDigestS3Object'] ?? null) === null;
  const previous = starting
    ? null
    : {
        bucket: text('previousDigestS3Bucket'),
        key: text('previousDigestS3Object'),
        hash: text('previousDigestHashValue').toLowerCase(),
        signature: text('previousDigestSignature'),
      };
  if (starting && (record['previousDigestSignature'] ?? null) !== null) {
    bad.push('previousDigestSignature (of a starting digest)');
  }
  const list = record['logFiles'];
  if (!Array.isArray(list)) bad.push('logFiles');
  const logs = (Array.isArray(list) ? (list as unknown[]) : []).map((entry, index): DigestLog => {
    const log = (typeof entry === 'object' && entry !== null ? entry : {}) as Record<
      string,
      unknown
    >;
    const before = bad.length;
    const found = {
      bucket: text('s3Bucket', log),
      key: text('s3Object', log),
      hash: text('hashValue', log).toLowerCase(),
    };
    for (let at = before; at < bad.length; at += 1) {
      bad[at] = `logFiles[${String(index)}].${bad[at] ?? ''}`;
    }
    return found;
  });
  const digest: Digest = {
    start,
    end,
    endText: text('digestEndTime'),
    bucket: text('digestS3Bucket'),
    key: text('digestS3Object'),
    fingerprint: text('digestPublicKeyFingerprint').toLowerCase(),
    previous,
    logs,
  };
  const names = [...new Set(bad)];
  return names.length > 0 ? { problem: `missing or malformed: ${names.join(', ')}` } : { digest };
}

/**
 * The text AWS signed: end time, bucket/key, hex SHA-256 of the inflated digest, previous signature or `null`, joined by
 * single line feeds (user guide, "Custom implementations", string to sign).
 */
export function signedText(digest: Digest, bytes: Uint8Array): string {
  return [
    digest.endText,
    `${digest.bucket}/${digest.key}`,
    sha256Hex(bytes),
    digest.previous?.signature ?? 'null',
  ].join('\n');
}

/** A public key of the trail's region. */
export interface TrailKey {
  readonly fingerprint: string;
  readonly key: KeyObject;
  /** MD5 of the key's bytes equals the fingerprint, as AWS's samples have it. */
  readonly fingerprintMatches: boolean;
  readonly validFrom: number | undefined;
  readonly validTo: number | undefined;
}

/**
 * Keys from a ListPublicKeys answer (`{"PublicKeyList":[...]}`). Value is base64 of a PKCS#1 `RSAPublicKey`; one of AWS's
 * printed samples is a SubjectPublicKeyInfo, so both are read.
 * @returns the keys, and a sentence for each entry that is none.
 */
export function parsePublicKeys(text: string): {
  readonly keys: readonly TrailKey[];
  readonly problems: readonly string[];
} {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { keys: [], problems: ['not JSON'] };
  }
  const list = (value as { PublicKeyList?: unknown } | null)?.PublicKeyList;
  if (!Array.isArray(list)) return { keys: [], problems: ['no PublicKeyList'] };
  const keys: TrailKey[] = [];
  const problems: string[] = [];
  (list as (Record<string, unknown> | null)[]).forEach((item, index) => {
    const entry = item ?? {};
    const der = typeof entry['Value'] === 'string' ? Buffer.from(entry['Value'], 'base64') : null;
    const key = der === null ? undefined : readKey(der);
    if (der === null || key === undefined || typeof entry['Fingerprint'] !== 'string') {
      problems.push(`PublicKeyList[${String(index)}] is no RSA public key`);
      return;
    }
    const fingerprint = entry['Fingerprint'].toLowerCase();
    const md5 = createHash('md5').update(der).digest('hex');
    keys.push({
      fingerprint,
      key,
      fingerprintMatches: md5 === fingerprint,
      validFrom: keyTime(entry['ValidityStartTime']),
      validTo: keyTime(entry['ValidityEndTime']),
    });
  });
  return { keys, problems };
}

function readKey(der: Buffer): KeyObject | undefined {
  for (const type of ['pkcs1', 'spki'] as const) {
    try {
      const key = createPublicKey({ key: der, format: 'der', type });
      if (key.asymmetricKeyType === 'rsa') return key;
    } catch {
      // Not this encoding; the other one, or none.
    }
  }
  return undefined;
}

// Unix seconds on the wire; the CLI prints RFC 3339.
function keyTime(value: unknown): number | undefined {
  if (typeof value === 'number') return Math.round(value * 1_000_000);
  return typeof value === 'string' ? parseRfc3339(value) : undefined;
}

/** Answer of {@link checkSignature}. `weak`: by the right key, over another hash than SHA-256. */
export type SignatureVerdict = 'valid' | 'invalid' | 'weak' | 'not_hex';

/** RSASSA-PKCS1-v1_5 with SHA-256 over the signed text. */
export function checkSignature(
  text: string,
  signatureHex: string,
  key: TrailKey,
): SignatureVerdict {
  if (!/^(?:[0-9a-f]{2})+$/i.test(signatureHex)) return 'not_hex';
  const signature = Buffer.from(signatureHex, 'hex');
  const data = Buffer.from(text, 'utf8');
  if (verify('sha256', data, key.key, signature)) return 'valid';
  const weaker = ['sha1', 'md5', 'sha512', 'sha384'].some((hash) =>
    verify(hash, data, key.key, signature),
  );
  return weaker ? 'weak' : 'invalid';
}
