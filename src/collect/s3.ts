/**
 * Where a collected file lay in S3: from `--s3`, or recognised from the key layouts of AWS's own log delivery
 * (CloudTrail User Guide, "Finding your CloudTrail log files"; VPC User Guide, "Flow log files"; Amazon S3 User Guide,
 * "Server access log object key format").
 */
import type { S3Place } from '../bundle/objects.ts';
import { ExhibitError } from '../core/errors.ts';

/** `s3://bucket/prefix` as given; the prefix without slashes at its ends, possibly empty. */
export interface S3Mirror {
  readonly bucket: string;
  readonly prefix: string;
}

// Amazon S3 User Guide, "General purpose bucket naming rules".
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const DELIVERED = 'AWSLogs';
const ACCESS_LOG = /^.*(?<!\d)20\d\d-\d\d-\d\d-\d\d-\d\d-\d\d-[0-9A-F]{16}$/;

/**
 * Reads `s3://bucket/prefix`.
 * @throws ExhibitError `E_USAGE`.
 */
export function parseS3(text: string): S3Mirror {
  const match = /^s3:\/\/([^/]+)(?:\/(.*))?$/s.exec(text);
  const bucket = match?.[1];
  if (bucket === undefined || !BUCKET.test(bucket)) {
    throw new ExhibitError('E_USAGE', `"${text}" does not name a bucket`, {
      hint: 'write --s3 s3://bucket or --s3 s3://bucket/prefix',
    });
  }
  return { bucket, prefix: (match?.[2] ?? '').replace(/^\/+|\/+$/g, '') };
}

/** The place of `path` (relative to the collected folder) in the bucket that `--s3` named. */
export function placeByFlag(mirror: S3Mirror, path: string): S3Place {
  const key = mirror.prefix === '' ? path : `${mirror.prefix}/${path}`;
  return { bucket: mirror.bucket, key, recognised_by: 'flag' };
}

/**
 * Places recognised in one collected folder. The folder is taken for the bucket if a delivered log lies directly in
 * it (`AWSLogs/...` or an access log); otherwise the folders in it are taken for buckets. A name that no bucket can
 * have gives the key alone, with an empty bucket.
 * @param folder name of the collected folder.
 * @param paths all files of that folder, relative to it.
 * @returns places by path; files that no layout shows are absent.
 */
export function placesByLayout(folder: string, paths: Iterable<string>): Map<string, S3Place> {
  const delivered: string[][] = [];
  for (const path of paths) {
    const parts = path.split('/');
    if (parts.includes(DELIVERED) || ACCESS_LOG.test(parts.at(-1) ?? '')) delivered.push(parts);
  }
  const folderIsBucket = delivered.some((parts) => parts.length === 1 || parts[0] === DELIVERED);
  return new Map(
    delivered.map((parts) => {
      const bucket = folderIsBucket ? folder : (parts[0] ?? '');
      const key = folderIsBucket ? parts.join('/') : parts.slice(1).join('/');
      return [
        parts.join('/'),
        { bucket: BUCKET.test(bucket) ? bucket : '', key, recognised_by: 'layout' },
      ];
    }),
  );
}
