/** Reads the committed samples with gunzip and JSON.parse alone, so that no code of exhibit vouches for them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** The committed mirror. */
const MIRROR = join(import.meta.dirname, '..', '..', 'evidence-samples', 'mirror');

/** A CloudTrail record, as far as the tests look into it. */
export interface TrailRecord {
  readonly eventID: string;
  readonly eventName: string;
  readonly eventTime: string;
  readonly eventSource: string;
  readonly awsRegion: string;
  readonly sourceIPAddress: string;
  readonly recipientAccountId: string;
  readonly requestID?: string;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  readonly sharedEventID?: string;
  readonly userIdentity: {
    readonly type?: string;
    readonly accessKeyId?: string;
    readonly userName?: string;
    readonly sessionContext?: { readonly sourceIdentity?: string };
  };
  readonly responseElements?: {
    readonly credentials?: { readonly accessKeyId: string };
    readonly accessKey?: { readonly accessKeyId: string; readonly userName: string };
    readonly ConsoleLogin?: string;
  } | null;
  readonly additionalEventData?: {
    readonly bytesTransferredOut?: number;
    readonly 'x-amz-id-2'?: string;
    readonly MFAUsed?: string;
  };
}

/** A digest file. */
export interface DigestFile {
  readonly awsAccountId: string;
  readonly digestEndTime: string;
  readonly digestS3Bucket: string;
  readonly digestS3Object: string;
  readonly digestPublicKeyFingerprint: string;
  readonly previousDigestS3Object: string | null;
  readonly previousDigestHashValue: string | null;
  readonly previousDigestSignature: string | null;
  readonly logFiles: readonly {
    readonly s3Bucket: string;
    readonly s3Object: string;
    readonly hashValue: string;
  }[];
}

/** Paths of all files of the mirror, `/` between parts, sorted bytewise. */
export function mirrorPaths(): string[] {
  return readdirSync(MIRROR, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(MIRROR, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .sort();
}

/** Stored bytes of a file. */
export const stored = (path: string): Buffer => readFileSync(join(MIRROR, path));

/** Bytes of a file, inflated as often as it is gzip. */
export function content(path: string): Buffer {
  let bytes = stored(path);
  while (bytes[0] === 0x1f && bytes[1] === 0x8b) bytes = gunzipSync(bytes);
  return bytes;
}

/** Records of all complete CloudTrail log files. */
export function trailRecords(): TrailRecord[] {
  return mirrorPaths()
    .filter((path) => path.includes('/CloudTrail/'))
    .flatMap((path) => (JSON.parse(content(path).toString()) as { Records: TrailRecord[] }).Records)
    .sort((a, b) => (a.eventTime < b.eventTime ? -1 : 1));
}

/** Records inside the lookup-events output. */
export function lookupRecords(): TrailRecord[] {
  return mirrorPaths()
    .filter((path) => path.includes('/lookup-events/'))
    .flatMap((path) =>
      (
        JSON.parse(content(path).toString()) as { Events: { CloudTrailEvent: string }[] }
      ).Events.map((event) => JSON.parse(event.CloudTrailEvent) as TrailRecord),
    );
}

/** All digest files by S3 key. */
export function digestFiles(): Map<string, { readonly digest: DigestFile; readonly text: Buffer }> {
  return new Map(
    mirrorPaths()
      .filter((path) => path.includes('/CloudTrail-Digest/') && path.endsWith('.gz'))
      .map((path) => {
        const text = content(path);
        return [
          path.slice(path.indexOf('/') + 1),
          { digest: JSON.parse(text.toString()) as DigestFile, text },
        ];
      }),
  );
}

/** Rows of all flow logs, by field name. */
export function flowRows(): Record<string, string>[] {
  return mirrorPaths()
    .filter((path) => path.includes('/vpcflowlogs/'))
    .flatMap((path) => {
      const [header = '', ...lines] = content(path).toString().trimEnd().split('\n');
      const names = header.split(' ');
      return lines.map((line) =>
        Object.fromEntries(line.split(' ').map((value, i) => [names[i] ?? '', value])),
      );
    });
}

/** Lines of all S3 server access logs. */
export function accessLines(): string[] {
  return mirrorPaths()
    .filter((path) => path.startsWith('harborline-s3-access-logs/'))
    .flatMap((path) => content(path).toString().trimEnd().split('\n'));
}
