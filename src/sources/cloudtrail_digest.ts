/**
 * CloudTrail digest files: hourly lists of the log files that CloudTrail delivered, with their hashes, signed by AWS
 * and chained. They are about logs, not events: never part of the timeline.
 */
import { isUtf8 } from 'node:buffer';
import { hash53 } from '../core/hash53.ts';
import { countMembers, isObject, type JsonObject, parseJson } from '../core/json.ts';
import { peekJson } from '../core/peek.ts';
import { logTime } from '../core/time.ts';
import type { Detection, Head, RecordReader, RowOut, Source, Value } from './source.ts';

const KEYS = ['digestS3Bucket', 'digestS3Object', 'digestStartTime', 'digestEndTime', 'logFiles'];

function isDigest(record: JsonObject): boolean {
  return KEYS.every((key) => key in record);
}

function detect(head: Head): Detection | undefined {
  // Most JSON is no digest: to look for a name is far cheaper than to read the text.
  if (!head.text.includes('"digestS3')) return undefined;
  const first = peekJson(head.text, [], 1)?.records[0];
  if (first === undefined) return undefined;
  // A digest of a busy hour is longer than the head: its keys before logFiles must do.
  const known = KEYS.filter((key) => first.keys.includes(key)).length;
  const digest = first.value === undefined ? known >= 3 : isDigest(first.value);
  return digest
    ? { confidence: 95, reason: 'an object with digestS3Object and logFiles', shape: 'digest' }
    : undefined;
}

function text(record: JsonObject, name: string, out: RowOut): string | null {
  const value = record[name];
  if (typeof value === 'string') return value;
  if (value !== undefined && value !== null) out.anomaly('bad_value', `${name} is not a string`);
  return null;
}

function time(record: JsonObject, name: string, out: RowOut): number | null {
  const value = text(record, name, out);
  if (value === null) return null;
  const timeUs = logTime(value);
  if (timeUs === undefined) out.anomaly('bad_value', `${name} is not a time`);
  return timeUs ?? null;
}

function map(record: JsonObject, timeUs: number, out: RowOut): Value[] {
  const key = text(record, 'digestS3Object', out);
  // .../CloudTrail-Digest/<region>/YYYY/MM/DD/<account>_CloudTrail-Digest_<region>_<trail>_<home region>_<end>[_backfill].json.gz
  const name =
    /\/CloudTrail-Digest\/([a-z0-9-]+)\/.*_CloudTrail-Digest_\1_(.+)_([a-z0-9-]+)_\d{8}T\d{6}Z(?:_backfill)?\.json\.gz$/s.exec(
      key ?? '',
    );
  const logFiles = record['logFiles'];
  return [
    timeUs,
    text(record, 'awsAccountId', out),
    name?.[1] ?? null,
    name?.[2] ?? null,
    name?.[3] ?? null,
    time(record, 'digestStartTime', out),
    text(record, 'digestS3Bucket', out),
    key,
    text(record, 'digestPublicKeyFingerprint', out),
    text(record, 'digestSignatureAlgorithm', out),
    time(record, 'newestEventTime', out),
    time(record, 'oldestEventTime', out),
    text(record, 'previousDigestS3Bucket', out),
    text(record, 'previousDigestS3Object', out),
    text(record, 'previousDigestHashValue', out),
    text(record, 'previousDigestHashAlgorithm', out),
    Array.isArray(logFiles) ? logFiles.length : null,
  ];
}

const read: RecordReader['read'] = (bytes, start, end, _offset, hints, out) => {
  if (!hints.ascii && !isUtf8(bytes.subarray(start, end))) {
    out.reject('invalid_utf8', 'the record is not valid UTF-8');
    return;
  }
  const record = parseJson(bytes.toString('utf8', start, end));
  if (record === undefined) {
    out.reject('not_json', 'the record is not JSON');
    return;
  }
  if (!isObject(record) || !isDigest(record)) {
    out.reject(isObject(record) ? 'not_this_source' : 'not_an_object', 'the record is no digest');
    return;
  }
  const end_ = record['digestEndTime'];
  const timeUs = typeof end_ === 'string' ? logTime(end_) : undefined;
  if (timeUs === undefined) {
    out.reject('bad_time', 'digestEndTime is not a time');
    return;
  }
  if (hints.members !== countMembers(record))
    out.anomaly('duplicate_key', 'an object names a key twice');
  const values = map(record, timeUs, out);
  out.row(values, hash53(`${String(values[6])}/${String(values[7])} ${String(timeUs)}`));
};

function key(end: string): string {
  return `AWSLogs/111122223333/CloudTrail-Digest/eu-central-1/2025/11/08/111122223333_CloudTrail-Digest_eu-central-1_main_trail_us-east-1_20251108T${end}Z.json.gz`;
}

const DIGEST = {
  awsAccountId: '111122223333',
  digestStartTime: '2025-11-08T09:00:00Z',
  digestEndTime: '2025-11-08T10:00:00Z',
  digestS3Bucket: 'example-trail',
  digestS3Object: key('100000'),
  digestPublicKeyFingerprint: '31e8b5433410dfb61a9dc45cc65b22ff',
  digestSignatureAlgorithm: 'SHA256withRSA',
  newestEventTime: '2025-11-08T09:59:50Z',
  oldestEventTime: '2025-11-08T08:58:00Z',
  previousDigestS3Bucket: null,
  previousDigestS3Object: null,
  previousDigestHashValue: null,
  previousDigestHashAlgorithm: null,
  previousDigestSignature: null,
  logFiles: [
    {
      s3Bucket: 'example-trail',
      s3Object:
        'AWSLogs/111122223333/CloudTrail/eu-central-1/2025/11/08/111122223333_CloudTrail_eu-central-1_20251108T0905Z_AbCdEfGhIjKlMnOp.json.gz',
      hashValue: '9bb6196fc6b84d6f075a56548feca262bd99ba3c2de41b618e5b6e22c1fc71f6',
      hashAlgorithm: 'SHA-256',
      newestEventTime: '2025-11-08T09:59:50Z',
      oldestEventTime: '2025-11-08T08:58:00Z',
    },
  ],
};

const IDLE = {
  ...DIGEST,
  digestStartTime: '2025-11-08T10:00:00Z',
  digestEndTime: '2025-11-08T11:00:00Z',
  digestS3Object: key('110000'),
  newestEventTime: null,
  oldestEventTime: null,
  previousDigestS3Bucket: 'example-trail',
  previousDigestS3Object: key('100000'),
  previousDigestHashValue: '97fb791cf91ffc440d274f8190dbdd9aa09c34432aba82739df18b6d3c13df2d',
  previousDigestHashAlgorithm: 'SHA-256',
  previousDigestSignature: '50887ccffad4c002b97caa37cc9dc626',
  logFiles: [],
};

export const cloudtrail_digest: Source = {
  id: 'cloudtrail_digest',
  title: 'CloudTrail digest files',
  version: 1,
  clock: 'CloudTrail’s clock, UTC, to the second: end of the hour that the digest covers.',
  about: [
    'With log file validation on, CloudTrail writes one digest an hour for each region of a trail: the log files it delivered in that hour with the SHA-256 of their uncompressed bytes, the hash and signature of the previous digest, and in the object metadata a signature by AWS.',
    'An hour without activity still has a digest, with no files. Nothing is digested while validation is off. The digests are a witness of AWS over the logs; they hold no events, so they are not in the timeline.',
  ].join('\n\n'),
  references: [
    'CloudTrail User Guide, "CloudTrail digest file structure"',
    'CloudTrail User Guide, "Validating CloudTrail log file integrity with the AWS CLI"',
  ],
  columns: [
    {
      name: 'time_us',
      type: 'INTEGER',
      unit: 'us',
      about: 'digestEndTime: end of the hour of delivery that the digest covers.',
    },
    { name: 'aws_account_id', type: 'TEXT', about: 'awsAccountId the digest is for.' },
    {
      name: 'digest_region',
      type: 'TEXT',
      about: 'Region whose log files are listed, from digestS3Object.',
    },
    { name: 'trail_name', type: 'TEXT', about: 'Name of the trail, from digestS3Object.' },
    {
      name: 'home_region',
      type: 'TEXT',
      about: 'Region in which the trail was created, from digestS3Object.',
    },
    { name: 'digest_start_time_us', type: 'INTEGER', unit: 'us', about: 'digestStartTime.' },
    {
      name: 'digest_s3_bucket',
      type: 'TEXT',
      about: 'digestS3Bucket: bucket the digest was delivered to.',
    },
    {
      name: 'digest_s3_object',
      type: 'TEXT',
      about: 'digestS3Object: key the digest was delivered to.',
    },
    {
      name: 'digest_public_key_fingerprint',
      type: 'TEXT',
      about: "digestPublicKeyFingerprint of AWS's key, hex.",
    },
    {
      name: 'digest_signature_algorithm',
      type: 'TEXT',
      about: 'digestSignatureAlgorithm, SHA256withRSA.',
    },
    {
      name: 'newest_event_time_us',
      type: 'INTEGER',
      unit: 'us',
      about: 'newestEventTime over the listed files; NULL if none.',
    },
    {
      name: 'oldest_event_time_us',
      type: 'INTEGER',
      unit: 'us',
      about: 'oldestEventTime over the listed files; NULL if none.',
    },
    {
      name: 'previous_digest_s3_bucket',
      type: 'TEXT',
      about: 'previousDigestS3Bucket; NULL in a starting digest.',
    },
    {
      name: 'previous_digest_s3_object',
      type: 'TEXT',
      about: 'previousDigestS3Object; NULL in a starting digest.',
    },
    {
      name: 'previous_digest_hash_value',
      type: 'TEXT',
      about: 'previousDigestHashValue: hash of the uncompressed previous digest, hex.',
    },
    {
      name: 'previous_digest_hash_algorithm',
      type: 'TEXT',
      about: 'previousDigestHashAlgorithm, SHA-256.',
    },
    { name: 'log_files', type: 'INTEGER', unit: 'files', about: 'Number of logFiles.' },
  ],
  common: {
    account_id: 'aws_account_id',
    region: 'digest_region',
    target: "'s3://' || digest_s3_bucket || '/' || digest_s3_object",
  },
  indexes: [],
  timeline: false,
  repeatsInFile: 'duplicate',
  detect,
  reader: () => ({ framing: { kind: 'json', wrappers: [], openers: ['awsAccountId'] }, read }),
  samples: [
    {
      name: 'an hour with one log file, its successor without any',
      path: 'digests',
      text: `${JSON.stringify(DIGEST, null, 2)}\n${JSON.stringify(IDLE)}`,
      rows: [
        {
          time_us: 1_762_596_000_000_000,
          account_id: '111122223333',
          region: 'eu-central-1',
          trail_name: 'main_trail',
          home_region: 'us-east-1',
          digest_start_time_us: 1_762_592_400_000_000,
          newest_event_time_us: 1_762_595_990_000_000,
          previous_digest_s3_object: null,
          log_files: 1,
          target: `s3://example-trail/${key('100000')}`,
        },
        { log_files: 0, newest_event_time_us: null, previous_digest_s3_object: key('100000') },
      ],
    },
    {
      name: 'something else between, a time that is none, a name twice, a bucket that is no text',
      path: 'digests.jsonl',
      text: [
        JSON.stringify(DIGEST),
        '{"hello":"world"}',
        JSON.stringify({ ...DIGEST, digestEndTime: 'noon' }),
        JSON.stringify(DIGEST).replace('{', '{"awsAccountId":"0",'),
        JSON.stringify({ ...IDLE, previousDigestS3Bucket: 1, oldestEventTime: 'x' }),
        JSON.stringify(DIGEST).slice(0, 100),
      ].join('\n'),
      rows: [
        { log_files: 1 },
        { aws_account_id: '111122223333' },
        { previous_digest_s3_bucket: null },
      ],
      rejects: ['not_this_source', 'bad_time', 'truncated'],
      anomalies: ['duplicate_key', 'bad_value'],
    },
  ],
  example: {
    question: 'Which hours have a digest that lists no log file?',
    sql: 'SELECT aws_account_id, digest_region, trail_name, time_us FROM cloudtrail_digest WHERE log_files = 0 ORDER BY time_us, id',
  },
};
