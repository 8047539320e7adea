/** AWS's public keys as `aws cloudtrail list-public-keys` prints them (CloudTrail API Reference, "ListPublicKeys"). */
import { Buffer } from 'node:buffer';
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { sameHex } from '../core/digest.ts';
import { formatUs, parseRfc3339 } from '../core/time.ts';

/** A public key of the trail's region. Times are microseconds UTC. */
export interface TrailKey {
  readonly fingerprint: string;
  /** Undefined where Value is no RSA public key. */
  readonly key: KeyObject | undefined;
  /** MD5 of the key in hex: the fingerprint, as AWS's samples have it. */
  readonly md5: string;
  readonly validFrom: number | undefined;
  readonly validTo: number | undefined;
}

/** Key lists put together. */
export interface TrailKeys {
  readonly byFingerprint: ReadonlyMap<string, TrailKey>;
  /** Fingerprints that stand for two different keys. */
  readonly conflicts: readonly string[];
  /** Texts that are no list, and entries that are no key. */
  readonly problems: readonly { readonly path: string; readonly detail: string }[];
}

/** Whether a file begins as such an answer does. */
export function looksLikeKeys(head: string): boolean {
  return /^\s*[[{]/.test(head) && /"PublicKeyList"\s*:/.test(head);
}

/**
 * Keys from answers, several in one text too (one for each region, one after the other). Value is base64 of a PKCS#1
 * `RSAPublicKey`; one of AWS's printed samples is a SubjectPublicKeyInfo, so both are read.
 */
export function readPublicKeys(
  files: readonly { readonly path: string; readonly text: string }[],
): TrailKeys {
  const byFingerprint = new Map<string, TrailKey>();
  const der = new Map<string, string>();
  const conflicts = new Set<string>();
  const problems: { path: string; detail: string }[] = [];
  for (const { path, text } of files) {
    const lists = answers(text);
    if (lists.length === 0) problems.push({ path, detail: 'no PublicKeyList' });
    for (const entry of lists.flat()) {
      const read = keyOf(entry);
      if (read === undefined) {
        problems.push({ path, detail: 'an entry without Fingerprint and Value' });
        continue;
      }
      const { fingerprint } = read.key;
      const known = der.get(fingerprint);
      if (known !== undefined && known !== read.value) conflicts.add(fingerprint);
      der.set(fingerprint, read.value);
      byFingerprint.set(fingerprint, read.key);
    }
  }
  return { byFingerprint, conflicts: [...conflicts].sort(), problems };
}

// JSON documents one after the other: each region's answer was appended to the same file.
function answers(text: string): unknown[][] {
  const whole = parse(text);
  const documents =
    whole === undefined ? text.split(/(?=\{\s*"PublicKeyList"\s*:)/).map(parse) : [whole];
  return documents.flatMap((document) => {
    const list = (document as { readonly PublicKeyList?: unknown } | null | undefined)
      ?.PublicKeyList;
    return Array.isArray(list) ? [list as unknown[]] : [];
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // The caller says that there is no list.
    return undefined;
  }
}

function keyOf(value: unknown): { readonly key: TrailKey; readonly value: string } | undefined {
  const entry = (typeof value === 'object' ? value : null) as Record<string, unknown> | null;
  const [fingerprint, base64] = [entry?.['Fingerprint'], entry?.['Value']];
  if (typeof fingerprint !== 'string' || typeof base64 !== 'string') return undefined;
  if (!/^[0-9a-f]{1,128}$/i.test(fingerprint)) return undefined;
  const der = Buffer.from(base64, 'base64');
  const read = readKey(der);
  // Of the bytes that are given, or of the same key in the other encoding.
  const md5s = [
    der,
    ...(read === undefined ? [] : [read.export({ type: 'pkcs1', format: 'der' })]),
  ].map((bytes) => createHash('md5').update(bytes).digest('hex'));
  const key = {
    fingerprint,
    key: read,
    md5: md5s.find((one) => sameHex(one, fingerprint)) ?? md5s[0] ?? '',
    validFrom: keyTime(entry?.['ValidityStartTime']),
    validTo: keyTime(entry?.['ValidityEndTime']),
  };
  return { key, value: der.toString('base64') };
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

// Unix seconds on the wire and in version 1 of the CLI; version 2 prints RFC 3339.
function keyTime(value: unknown): number | undefined {
  if (typeof value === 'string') return parseRfc3339(value);
  if (typeof value !== 'number') return undefined;
  const timeUs = Math.round(value * 1_000_000);
  // Beyond what a date can be the window says nothing.
  return Math.abs(timeUs) < 8_000_000_000_000_000 ? timeUs : undefined;
}

const HOUR_US = 3_600_000_000;

/**
 * Why a key could not have signed a digest, or undefined. The time of signing is not known: for a digest it lies between
 * its start and two hours after its end, for a backfill digest within an hour of its generation, which are the ranges for
 * which `aws cloudtrail validate-logs` asks AWS for keys.
 */
export function validityProblem(
  key: TrailKey,
  digest: { readonly start: number; readonly end: number },
  generated: number | undefined,
): string | undefined {
  const [first, last] =
    generated === undefined
      ? [digest.start, digest.end + 2 * HOUR_US]
      : [generated - HOUR_US, generated + HOUR_US];
  if (key.validFrom !== undefined && key.validFrom > last) {
    return `key ${key.fingerprint} is valid only from ${formatUs(key.validFrom)}`;
  }
  return key.validTo !== undefined && key.validTo < first
    ? `key ${key.fingerprint} was valid only until ${formatUs(key.validTo)}`
    : undefined;
}
