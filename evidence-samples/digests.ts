/**
 * CloudTrail digest files, hour by hour, chained and signed (AWS CloudTrail User Guide, "CloudTrail digest file
 * structure" and "Custom implementations of CloudTrail log file integrity validation"). The keys are for tests only.
 */
import { createHash, createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { randomStream } from './random.ts';
import { isoSeconds } from './trail.ts';

/** A log file as delivered. Times are milliseconds since 1970 UTC. */
export interface DeliveredLog {
  readonly account: string;
  readonly region: string;
  readonly bucket: string;
  readonly key: string;
  readonly delivered: number;
  readonly oldest: number;
  readonly newest: number;
  readonly text: Buffer;
}

/** A digest file before compression, and the metadata its S3 object carries. */
export interface Digest {
  readonly bucket: string;
  readonly key: string;
  readonly text: Buffer;
  readonly signature: string;
  readonly end: number;
}

/** One unbroken run of digests: from switching on to switching off. */
export interface Chain {
  readonly account: string;
  readonly region: string;
  readonly trail: string;
  readonly homeRegion: string;
  readonly bucket: string;
  readonly start: number;
  /** Digests end one hour apart until one ends at or after this time. */
  readonly stop: number;
}

const HOUR = 3_600_000;
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

function privateKey(region: string): KeyObject {
  return createPrivateKey(readFileSync(new URL(`./test-only-keys/${region}.pem`, import.meta.url)));
}

function publicDer(region: string): Buffer {
  return createPublicKey(privateKey(region)).export({ type: 'pkcs1', format: 'der' });
}

/** MD5 of the PKCS#1 DER, in hex: how CloudTrail names its keys. */
function fingerprint(region: string): string {
  return createHash('md5').update(publicDer(region)).digest('hex');
}

/** ListPublicKeys replies of the regions, put together. */
export function publicKeyList(regions: readonly string[]): string {
  const PublicKeyList = regions.map((region) => ({
    Value: publicDer(region).toString('base64'),
    // Unix seconds, thirty days apart: 2026-09-01 and 2026-10-01.
    ValidityStartTime: 1788220800,
    ValidityEndTime: 1790812800,
    Fingerprint: fingerprint(region),
  }));
  return `${JSON.stringify({ PublicKeyList }, null, 4)}\n`;
}

/** Digests of one chain over the logs that were delivered in its time. */
export function digests(chain: Chain, logs: readonly DeliveredLog[]): Digest[] {
  const key = privateKey(chain.region);
  const random = randomStream(`digest ${chain.account} ${chain.region} ${String(chain.start)}`);
  const made: Digest[] = [];
  for (let start = chain.start; start < chain.stop; start += HOUR) {
    const end = start + HOUR;
    const stamp = isoSeconds(end).replaceAll('-', '').replaceAll(':', '');
    const folder = isoSeconds(end).slice(0, 10).replaceAll('-', '/');
    const object = `AWSLogs/${chain.account}/CloudTrail-Digest/${chain.region}/${folder}/${chain.account}_CloudTrail-Digest_${chain.region}_${chain.trail}_${chain.homeRegion}_${stamp}.json.gz`;
    const inside = logs.filter(
      (log) =>
        log.account === chain.account &&
        log.region === chain.region &&
        log.delivered >= start &&
        log.delivered < end,
    );
    const previous = made.at(-1);
    const text = Buffer.from(
      JSON.stringify({
        awsAccountId: chain.account,
        digestStartTime: isoSeconds(start),
        digestEndTime: isoSeconds(end),
        digestS3Bucket: chain.bucket,
        digestS3Object: object,
        digestPublicKeyFingerprint: fingerprint(chain.region),
        digestSignatureAlgorithm: 'SHA256withRSA',
        newestEventTime:
          inside.length === 0 ? null : isoSeconds(Math.max(...inside.map((log) => log.newest))),
        oldestEventTime:
          inside.length === 0 ? null : isoSeconds(Math.min(...inside.map((log) => log.oldest))),
        previousDigestS3Bucket: previous?.bucket ?? null,
        previousDigestS3Object: previous?.key ?? null,
        previousDigestHashValue: previous === undefined ? null : sha256(previous.text),
        previousDigestHashAlgorithm: previous === undefined ? null : 'SHA-256',
        previousDigestSignature: previous?.signature ?? null,
        logFiles: random.shuffle(inside).map((log) => ({
          s3Bucket: log.bucket,
          s3Object: log.key,
          hashValue: sha256(log.text),
          hashAlgorithm: 'SHA-256',
          newestEventTime: isoSeconds(log.newest),
          oldestEventTime: isoSeconds(log.oldest),
        })),
      }),
    );
    const signed = [
      isoSeconds(end),
      `${chain.bucket}/${object}`,
      sha256(text),
      previous?.signature ?? 'null',
    ].join('\n');
    const signature = sign('sha256', Buffer.from(signed), key).toString('hex');
    made.push({ bucket: chain.bucket, key: object, text, signature, end });
  }
  return made;
}
