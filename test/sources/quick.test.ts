/** The quick way through CloudTrail records: what it takes, it reads as the other way does. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cloudtrail } from '#src/sources/cloudtrail/index.ts';
import { fuzzRuns } from '../helpers/fuzz.ts';
import { read, type Result } from './run.ts';

/** Both results, and how many records went the quick way. */
function both(bytes: Buffer): { quick: Result; framed: Result; taken: number } {
  const quick = read(cloudtrail, 'trail.json', bytes);
  const framed = read(cloudtrail, 'trail.json', bytes, [], 'framed');
  return { quick: { ...quick, quick: 0 }, framed, taken: quick.quick };
}

function same(bytes: Buffer): number {
  const { quick, framed, taken } = both(bytes);
  expect(quick).toEqual(framed);
  return taken;
}

const RECORD: Readonly<Record<string, unknown>> = {
  eventVersion: '1.11',
  userIdentity: {
    type: 'AssumedRole',
    principalId: 'AROAEXAMPLE:job',
    arn: 'arn:aws:sts::111122223333:assumed-role/r/job',
    accountId: '111122223333',
    accessKeyId: 'ASIAEXAMPLE',
    sessionContext: {
      sessionIssuer: { type: 'Role', arn: 'arn:aws:iam::111122223333:role/r' },
      attributes: { mfaAuthenticated: 'false', creationDate: '2026-01-05T00:00:00Z' },
    },
  },
  eventTime: '2026-01-05T02:23:22Z',
  eventSource: 's3.amazonaws.com',
  eventName: 'GetObject',
  awsRegion: 'eu-central-1',
  sourceIPAddress: '192.0.2.1',
  requestParameters: { bucketName: 'b', key: 'k/1', Host: 'b.s3.amazonaws.com' },
  responseElements: null,
  additionalEventData: { bytesTransferredIn: 0, bytesTransferredOut: 4096, x: [1, -2.5, true] },
  requestID: 'R1',
  eventID: '00000000-0000-4000-8000-000000000001',
  readOnly: true,
  resources: [{ type: 'AWS::S3::Object' }, { ARN: 'arn:aws:s3:::b/k', accountId: '1' }],
  eventType: 'AwsApiCall',
};

function record(members: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ ...RECORD, ...members });
}

it('takes a record as AWS writes it, in every framing', () => {
  const text = JSON.stringify(RECORD);
  const pretty = JSON.stringify({ Records: [RECORD, RECORD] }, undefined, 2);
  for (const [file, count] of [
    [text, 1],
    [`{"Records":[${text},${text}]}`, 2],
    [`${text}\n${text}\n`, 2],
    [`${text}${text}`, 2],
    [`[${text} , ${text}]`, 2],
    [pretty, 2],
  ] as const) {
    expect(same(Buffer.from(file))).toBe(count);
  }
});

/** Members, and whether a record with them goes the quick way. */
const CASES: readonly (readonly [string, Readonly<Record<string, unknown>>, boolean])[] = [
  ['no access key', { userIdentity: { accessKeyId: '' } }, true],
  [
    'a role of STS',
    { eventSource: 'sts.amazonaws.com', requestParameters: { roleArn: 'r' } },
    true,
  ],
  [
    'a role elsewhere',
    { requestParameters: { roleArn: 'r', userName: 'u' }, resources: null },
    true,
  ],
  [
    'the first name by rank',
    { requestParameters: { name: 'n', userName: 'u', id: 3 }, resources: [] },
    true,
  ],
  ['a key without a bucket', { requestParameters: { key: 'k' } }, true],
  [
    'instances',
    {
      requestParameters: {
        instancesSet: { items: [{ instanceId: 'i-1' }, { instanceId: 'i-2' }] },
      },
      resources: null,
    },
    true,
  ],
  [
    'instances that are none',
    {
      requestParameters: { instancesSet: { items: ['i', { instanceId: 'i-2' }] } },
      resources: null,
    },
    true,
  ],
  [
    'issued credentials',
    { responseElements: { credentials: { accessKeyId: 'A' }, accessKey: { accessKeyId: 'B' } } },
    true,
  ],
  [
    'an issued key',
    { responseElements: { credentials: null, accessKey: { accessKeyId: 'B' } } },
    true,
  ],
  [
    'a sign-in',
    {
      responseElements: { SwitchRole: 'Failure', ConsoleLogin: 'Success' },
      additionalEventData: { MFAUsed: 'Yes' },
    },
    true,
  ],
  [
    'a parameter of another type',
    { requestParameters: { bucketName: 3, key: {}, roleArn: null } },
    true,
  ],
  ['a text where an object belongs', { userIdentity: 'nobody', requestParameters: 'x' }, true],
  ['a resource that is no object', { resources: [1, 'x', { arn: 'low' }] }, true],
  ['deep nesting', { requestParameters: { a: { b: { c: [[[[{ d: 1 }]]]] } } } }, true],
  ['an escape', { userAgent: 'a\\b' }, false],
  ['beyond ASCII', { userAgent: 'é' }, false],
  ['a large number', { requestParameters: { n: 2 ** 60 } }, false],
  ['an exponent', { requestParameters: { n: 1e300 } }, false],
  ['a name that is no text', { awsRegion: 3 }, false],
  ['a flag that is none', { readOnly: 'maybe' }, false],
  ['a count that is none', { additionalEventData: { bytesTransferredIn: 1.5 } }, false],
  ['no time', { eventTime: 'today' }, false],
  ['a time beyond exactness', { eventTime: '9999-01-01T00:00:00Z' }, false],
  ['no identity', { eventID: null }, false],
  ['an event notification', { eventSource: 'aws:s3' }, false],
  ['an Insights event', { insightDetails: { state: 'Start' } }, false],
  ['an aggregated event', { eventId: 'x', accountId: '1' }, false],
  ['a carrier', { 'detail-type': 'x', detail: {}, source: 's' }, false],
  [
    'more nesting than it follows',
    { requestParameters: JSON.parse('['.repeat(40) + ']'.repeat(40)) as unknown },
    false,
  ],
];

it.each(CASES)('%s', (_name, members, quick) => {
  expect(same(Buffer.from(`{"Records":[${record(members)}]}`))).toBe(quick ? 1 : 0);
});

it.each([
  ['a name twice', '{"a":{"b":1,"b":2},'],
  ['a name twice, far apart', '{"eventName":"PutObject",'],
  ['__proto__', '{"a":{"__proto__":1},'],
  ['a comma too many', '{"a":[1,],'],
  ['a number with a zero before', '{"a":01,'],
  ['a number that is cut', '{"a":1.,'],
  ['a literal that is none', '{"a":nul,'],
])('declines %s', (_name, start) => {
  expect(same(Buffer.from(`{"Records":[${start}${record({}).slice(1)}]}`))).toBe(0);
});

it('reads whatever bytes as the other way does', () => {
  const text = `{"Records":[${CASES.map(([, members]) => record(members)).join(',')}]}`;
  const whole = Buffer.from(text);
  const edit = fc.record({
    at: fc.nat(whole.length),
    remove: fc.oneof(fc.nat(2), fc.nat(300)),
    insert: fc.constantFrom(
      '',
      '"',
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '1',
      '\\',
      ' ',
      'null',
      '\u00e9',
      '"a":1,',
    ),
  });
  fc.assert(
    fc.property(fc.array(edit, { maxLength: 3 }), fc.nat(whole.length), (edits, cut) => {
      let bytes = whole;
      for (const { at, remove, insert } of edits) {
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          Buffer.from(insert),
          bytes.subarray(at + remove),
        ]);
      }
      const framed = read(cloudtrail, 'trail.json', bytes, [], 'framed');
      expect({ ...read(cloudtrail, 'trail.json', bytes), quick: 0 }).toEqual(framed);
      expect({ ...read(cloudtrail, 'trail.json', bytes, [cut]), quick: 0 }).toEqual(framed);
    }),
    { numRuns: fuzzRuns(300) },
  );
});

const REAL = join(import.meta.dirname, '../../../shared/real-samples/invictus-aws-dataset');

describe.skipIf(!existsSync(REAL))(
  `real records${existsSync(REAL) ? '' : ' (SKIPPED: not at hand)'}`,
  () => {
    it('are read alike, nearly all of them the quick way', () => {
      const files = readdirSync(REAL, { recursive: true, encoding: 'utf8' }).filter((name) =>
        name.endsWith('.json'),
      );
      let [taken, all] = [0, 0];
      for (const name of files) {
        const bytes = readFileSync(join(REAL, name));
        taken += same(bytes);
        all += read(cloudtrail, name, bytes).records;
      }
      expect(all).toBeGreaterThan(2000);
      expect(taken / all).toBeGreaterThan(0.9);
    });
  },
);
