/** Names of collected things below the two roots of a collection from AWS, and S3's facts about an object. */
import { Buffer } from 'node:buffer';
import type { CanonicalValue } from '../core/canonical.ts';
import { sha256Hex } from '../core/digest.ts';
import { canonicalJson } from '../core/canonical.ts';
import { journalPath } from '../collect/paths.ts';
import type { JournalPath } from '../collect/journal.ts';
import { SERVICES, type ServiceName } from './services.ts';
import type { Headers, Parameters } from './calls.ts';

/** Answers of APIs, and objects of buckets: the roots of a collection, in this order. */
export const ROOTS = ['aws-api', 'aws-s3'] as const;
const API = 0;
const S3 = 1;

const VERSION = '?versionId=';

/**
 * Path of an object: bucket and key, and the version behind `?versionId=` where it is not the one that the key names now.
 * Keys that hold that text themselves always carry it, so no two objects have the same path.
 * @param version undefined where the bucket never had versions.
 */
export function objectPath(
  bucket: string,
  key: string,
  version: string | undefined,
  latest: boolean,
): JournalPath {
  const plain = latest && !key.includes(VERSION);
  const name = plain ? key : `${key}${VERSION}${version ?? 'null'}`;
  return journalPath(S3, Buffer.from(`${bucket}/${name}`, 'utf8'));
}

/** Path of an answer: `account/region/service/operation/page.json`, with a hash of the parameters where there are any. */
export function answerPath(
  account: string,
  region: string,
  service: ServiceName,
  operation: string,
  parameters: Parameters,
  page: number,
): JournalPath {
  const hash =
    Object.keys(parameters).length === 0
      ? ''
      : `${sha256Hex(canonicalJson(parameters)).slice(0, 16)}-`;
  const file = `${hash}${String(page).padStart(5, '0')}.${SERVICES[service].ending}`;
  return { root: API, path: `${account}/${region}/${service}/${operation}/${file}` };
}

/** Header field → member of what `head-object` prints. Amazon S3 API Reference, "GetObject", Response Syntax. */
const HEAD: Readonly<Record<string, string>> = {
  'accept-ranges': 'AcceptRanges',
  'cache-control': 'CacheControl',
  'content-disposition': 'ContentDisposition',
  'content-encoding': 'ContentEncoding',
  'content-language': 'ContentLanguage',
  'content-type': 'ContentType',
  etag: 'ETag',
  expires: 'Expires',
  'x-amz-checksum-crc32': 'ChecksumCRC32',
  'x-amz-checksum-crc32c': 'ChecksumCRC32C',
  'x-amz-checksum-crc64nvme': 'ChecksumCRC64NVME',
  'x-amz-checksum-sha1': 'ChecksumSHA1',
  'x-amz-checksum-sha256': 'ChecksumSHA256',
  'x-amz-checksum-type': 'ChecksumType',
  'x-amz-expiration': 'Expiration',
  'x-amz-object-lock-legal-hold': 'ObjectLockLegalHoldStatus',
  'x-amz-object-lock-mode': 'ObjectLockMode',
  'x-amz-object-lock-retain-until-date': 'ObjectLockRetainUntilDate',
  'x-amz-replication-status': 'ReplicationStatus',
  'x-amz-restore': 'Restore',
  'x-amz-server-side-encryption': 'ServerSideEncryption',
  'x-amz-server-side-encryption-aws-kms-key-id': 'SSEKMSKeyId',
  'x-amz-server-side-encryption-customer-algorithm': 'SSECustomerAlgorithm',
  'x-amz-storage-class': 'StorageClass',
  'x-amz-version-id': 'VersionId',
  'x-amz-website-redirect-location': 'WebsiteRedirectLocation',
};
const NUMBERS: Readonly<Record<string, string>> = {
  'x-amz-missing-meta': 'MissingMeta',
  'x-amz-mp-parts-count': 'PartsCount',
  'x-amz-tagging-count': 'TagCount',
};
const META = 'x-amz-meta-';

/** What S3 said of an object in the header of its answer. @param size of the whole object, whatever range was sent. */
export function headOf(headers: Headers, size: number): Record<string, CanonicalValue> {
  const head: Record<string, CanonicalValue> = { ContentLength: size };
  const metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const member = HEAD[name];
    const number = NUMBERS[name];
    const text = latin1(value);
    if (member !== undefined) head[member] = text;
    else if (number !== undefined) head[number] = /^\d{1,9}$/.test(value) ? Number(value) : text;
    else if (name.startsWith(META)) metadata[name.slice(META.length)] = text;
  }
  const modified = Date.parse(headers['last-modified'] ?? '');
  if (Number.isFinite(modified)) {
    head['LastModified'] = new Date(modified).toISOString().replace('.000Z', 'Z');
  }
  if (Object.keys(metadata).length > 0) head['Metadata'] = metadata;
  return head;
}

/** Header fields come as one character a byte; S3 gives what is not ASCII as UTF-8. */
function latin1(value: string): string {
  return Buffer.from(value, 'latin1').toString('utf8');
}
