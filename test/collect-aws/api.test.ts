/** Answers of APIs: the exact bytes, region by region; what one refuses, the others still give. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exhibitJson, PASSPHRASE } from '../helpers/exhibit.ts';
import { testCase } from '../helpers/case.ts';
import { startStub, type Asked, type Stub } from './stub.ts';
import { collectFrom, CREDENTIALS, type Collected } from './world.ts';

const regionOf = ({ headers }: Asked): string =>
  /\/\d{8}\/([^/]+)\//.exec(headers['authorization'] as string)?.[1] ?? '';

async function trails(): Promise<Stub> {
  const stub = await startStub();
  stub.apis.set('DescribeTrails', () => ({ trailList: [] }));
  stub.apis.set('ListPublicKeys', () => ({
    PublicKeyList: [{ Fingerprint: 'f', Value: 'MIIBCgKCAQEA', ValidityStartTime: 1.5e9 }],
  }));
  stub.apis.set('ListEventDataStores', () => ({ EventDataStores: [] }));
  stub.apis.set('LookupEvents', ({ NextToken }, asked) => ({
    Events: [
      {
        EventId: `${regionOf(asked)}-${NextToken === undefined ? '1' : '2'}`,
        EventTime: 1767322000.5,
      },
    ],
    ...(NextToken === undefined ? { NextToken: 'more' } : {}),
  }));
  return stub;
}

async function texts({ made, result, staging }: Collected, part: string): Promise<string[]> {
  const dir = join(made.case.paths.staging, result.evidence, 'objects');
  const wanted = staging.objects.filter(({ original_path: path }) => path.includes(part));
  return await Promise.all(wanted.map(({ sha256 }) => readFile(join(dir, sha256), 'utf8')));
}

test('every region is asked, every page kept as it came, and one that refuses stops no other', async () => {
  const stub = await trails();
  stub.fault = (asked) =>
    regionOf(asked) === 'eu-west-1' && asked.what === 'LookupEvents'
      ? { status: 400, code: 'AccessDeniedException' }
      : undefined;
  const got = await collectFrom(stub, ['cloudtrail'], { regions: 'all' });
  const management = (await texts(got, 'us-east-1/cloudtrail/LookupEvents/')).sort();
  expect(management).toHaveLength(4);
  expect(management[0]).toBe(
    '{"Events":[{"EventId":"us-east-1-1","EventTime":1767322000.5}],"NextToken":"more"}',
  );
  expect(
    got.staging.problems.map(({ original_path: path, reason }) => [path.split('/')[1], reason]),
  ).toEqual([
    ['eu-west-1', 'access_denied'],
    ['eu-west-1', 'access_denied'],
  ]);
  expect(got.result.again).toBe(false);
  const answer = got.staging.objects.find(({ original_path: path }) =>
    path.includes('us-east-1/cloudtrail/LookupEvents/'),
  );
  expect(answer?.api).toMatchObject({
    ...{
      account: '111122223333',
      region: 'us-east-1',
      service: 'cloudtrail',
      operation: 'LookupEvents',
    },
    request_id: expect.stringMatching(/^REQ/) as string,
  });
  const keys = await readFile(
    join(got.made.case.paths.staging, 'EV-0001', 'public-keys.json'),
    'utf8',
  );
  expect(JSON.parse(keys)).toMatchObject({
    PublicKeyList: [{ Fingerprint: 'f', Value: 'MIIBCgKCAQEA' }],
  });
  // All of it is there: the same command again asks nothing.
  const before = stub.asked.length;
  const again = await collectFrom(stub, ['cloudtrail'], { regions: 'all' }, got.made);
  expect(again.result).toMatchObject({ evidence: 'EV-0001', stored: got.result.stored });
  expect(stub.asked.length).toBe(before);
});

test('throttling that does not end is an end state, and a later run asks only that again', async () => {
  const stub = await trails();
  stub.fault = ({ what }) =>
    what === 'DescribeTrails' ? { status: 400, code: 'ThrottlingException' } : undefined;
  const got = await collectFrom(stub, ['cloudtrail']);
  expect(got.staging.problems).toMatchObject([{ state: 'failed', reason: 'throttled' }]);
  expect(got.result.again).toBe(true);
  stub.fault = () => undefined;
  const before = stub.asked.length;
  const again = await collectFrom(stub, ['cloudtrail'], {}, got.made);
  expect(again.result).toMatchObject({ failed: 0, again: false });
  expect(stub.asked.slice(before).map(({ what }) => what)).toEqual(['DescribeTrails']);
});

test('log groups and streams by pattern', async () => {
  const stub = await startStub();
  stub.apis.set('DescribeLogGroups', () => ({
    logGroups: ['/aws/lambda/a', '/aws/lambda/b', '/other'].map((logGroupName) => ({
      logGroupName,
    })),
  }));
  stub.apis.set('DescribeLogStreams', () => ({
    logStreams: ['web-1', 'db-1', 'web-2'].map((logStreamName) => ({ logStreamName })),
  }));
  stub.apis.set('DescribeSubscriptionFilters', () => ({ subscriptionFilters: [] }));
  stub.apis.set('FilterLogEvents', (input) => ({ events: [{ message: JSON.stringify(input) }] }));
  await collectFrom(stub, ['logs'], {
    ...{ logGroups: ['/aws/lambda/*'], logStreams: ['web-?'] },
    ...{ from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00Z' },
  });
  const inputs = stub.asked
    .filter(({ what }) => what === 'FilterLogEvents')
    .map(({ body }) => JSON.parse(body) as unknown);
  expect(inputs).toEqual(
    ['/aws/lambda/a', '/aws/lambda/b'].map((logGroupName) => ({
      ...{ logGroupName, logStreamNames: ['web-1', 'web-2'] },
      ...{ startTime: 1_767_225_600_000, endTime: 1_767_312_000_000 },
    })),
  );
});

test('a dry run lists, prints the policy, and writes nothing', async () => {
  const stub = await trails();
  stub.held.push({ bucket: 'logs-of-trail', key: 'AWSLogs/1/x', body: Buffer.alloc(1234) });
  stub.apis.set('DescribeTrails', () => ({ trailList: [{ S3BucketName: 'logs-of-trail' }] }));
  const made = await testCase();
  const names = async (): Promise<string[]> =>
    (await readdir(made.case.paths.dir, { recursive: true })).sort();
  const before = await names();
  const { status, json } = await exhibitJson(
    [
      'collect',
      'aws',
      'cloudtrail',
      '--dry-run',
      '--regions',
      'us-east-1',
      '--endpoint-url',
      stub.url,
    ],
    {
      cwd: made.case.paths.dir,
      env: { ...process.env, ...CREDENTIALS, EXHIBIT_PASSPHRASE: PASSPHRASE },
    },
  );
  expect(status).toBe(0);
  expect(json).toMatchObject({
    ...{ account: '111122223333', places: ['s3://logs-of-trail/AWSLogs/'], files: 1, bytes: 1234 },
    policy: { Version: '2012-10-17' },
  });
  expect(await names()).toEqual(before);
  expect(stub.asked.map(({ what }) => what)).not.toContain('LookupEvents');
});
