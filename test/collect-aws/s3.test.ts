/** Objects of S3: bytes, versions, metadata, and everything that can go wrong between a list and a get. */
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startStub, type Held } from './stub.ts';
import { collectFrom, type Collected } from './world.ts';

const BUCKET = 'trail-logs';
const object = (key: string, body: string | Buffer, more: Partial<Held> = {}): Held => ({
  ...{ bucket: BUCKET, key, body: Buffer.from(body as string) },
  ...more,
});

async function bytesOf({ made, result, staging }: Collected, path: string): Promise<Buffer> {
  const found = staging.objects.find((one) => one.original_path === path);
  return await readFile(
    join(made.case.paths.staging, result.evidence, 'objects', found?.sha256 ?? 'absent'),
  );
}

const states = ({ staging }: Collected): Record<string, string> =>
  Object.fromEntries(
    staging.problems.map(({ original_path: path, state, reason }) => [path, `${state} ${reason}`]),
  );

test('bytes, names, versions, markers and metadata are kept as they are', async () => {
  const large = Buffer.alloc(3_000_000, 'large');
  const stub = await startStub([
    object('a.json', 'one', {
      headers: { 'x-amz-meta-signature': 'abcd', 'x-amz-tagging-count': '1' },
    }),
    object('large', large),
    object('x?versionId=7', 'a name like a version'),
    object('x', 'new', { version: 'v2' }),
    object('x', 'old', { version: 'v1' }),
    object('y', '', { marker: true, version: 'v9' }),
    object('y', 'deleted', { version: 'v8' }),
    object('ünïcödé <&> key', 'odd'),
    object('empty', ''),
  ]);
  stub.pageSize = 2;
  const got = await collectFrom(stub, [`s3://${BUCKET}`]);
  expect(got.result).toMatchObject({ failed: 0, gone: 0, skipped: 1, again: false });
  const s3 = got.staging.objects.filter(({ root }) => root === 1);
  expect(s3.map(({ original_path: path }) => path)).toEqual([
    'trail-logs/a.json',
    'trail-logs/empty',
    'trail-logs/large',
    'trail-logs/x',
    'trail-logs/x?versionId=7?versionId=null',
    'trail-logs/x?versionId=v1',
    'trail-logs/y?versionId=v8',
    'trail-logs/ünïcödé <&> key',
  ]);
  expect(await bytesOf(got, 'trail-logs/large')).toEqual(large);
  expect((await bytesOf(got, 'trail-logs/x?versionId=v1')).toString()).toBe('old');
  expect((await bytesOf(got, 'trail-logs/x')).toString()).toBe('new');
  expect(states(got)).toEqual({ 'trail-logs/y?versionId=v9': 'skipped delete_marker' });
  const [first] = s3;
  expect(first?.s3).toMatchObject({
    ...{ bucket: BUCKET, key: 'a.json', recognised_by: 'api' },
    head: {
      ContentLength: 3,
      LastModified: '2026-01-02T03:00:00Z',
      Metadata: { signature: 'abcd' },
      TagSet: [{ Key: 'k', Value: 'v' }],
    },
  });
});

test('every attempt of every request is on record, with the bytes that came', async () => {
  const stub = await startStub([object('a', 'hello')]);
  stub.skew = 3_600_000;
  stub.fault = ({ what, count }) =>
    what === 'GetObject trail-logs/a' && count === 1
      ? { status: 503, code: 'SlowDown' }
      : undefined;
  const got = await collectFrom(stub, [`s3://${BUCKET}`]);
  const requests = got.journal.flatMap((event) => (event.state === 'request' ? [event] : []));
  expect(requests).toHaveLength(stub.asked.length);
  const [slow, good] = requests.filter(({ api }) => api === 's3:GetObject');
  expect(slow).toMatchObject({ attempt: 1, status: 503, error: 'SlowDown' });
  expect(good).toMatchObject({
    ...{ attempt: 2, status: 200, bytes: 5, account: '111122223333' },
    parameters: { Bucket: BUCKET, Key: 'a' },
    sha256: createHash('sha256').update('hello').digest('hex'),
  });
  expect(good?.request_id).toMatch(/^REQ\d+$/);
  const clock = got.journal.find((event) => event.state === 'clock');
  expect(clock?.offset_at_least_ms).toBeGreaterThan(3_500_000);
  expect(clock?.offset_at_most_ms).toBeLessThan(3_700_000);
});

test('a cut connection goes on where it was cut', async () => {
  const body = Buffer.alloc(2_500_000, 'cut me ');
  const stub = await startStub([object('big', body), object('small', 'x'.repeat(5000))]);
  stub.fault = ({ what, count }) =>
    count === 1 && what.startsWith('GetObject')
      ? { cutAfter: what.endsWith('big') ? 1_200_000 : 100 }
      : undefined;
  const got = await collectFrom(stub, [`s3://${BUCKET}`]);
  expect(got.result).toMatchObject({ failed: 0, again: false });
  expect(await bytesOf(got, 'trail-logs/big')).toEqual(body);
  const range = stub.asked.findLast(({ what }) => what === 'GetObject trail-logs/big')?.headers[
    'range'
  ];
  expect(range).toMatch(/^bytes=\d+-$/);
  expect(stub.sent.get('GetObject trail-logs/big')).toBeLessThan(body.length + 1_200_000);
});

test('bytes that are not what S3 says are not kept', async () => {
  const stub = await startStub([
    object('once', 'corrupted once'),
    object('always', 'always corrupted'),
  ]);
  stub.fault = ({ what, count }) =>
    what === 'GetObject trail-logs/always' || (what === 'GetObject trail-logs/once' && count === 1)
      ? { corrupt: true }
      : undefined;
  const got = await collectFrom(stub, [`s3://${BUCKET}`]);
  expect((await bytesOf(got, 'trail-logs/once')).toString()).toBe('corrupted once');
  expect(states(got)).toEqual({ 'trail-logs/always': 'failed corrupt' });
  expect(got.result.again).toBe(true);
  // Another run of the same command gets what is whole by then.
  stub.fault = () => undefined;
  const before = stub.asked.length;
  const again = await collectFrom(stub, [`s3://${BUCKET}`], {}, got.made);
  expect(again.result).toMatchObject({ failed: 0, again: false, resumed: true });
  expect(stub.asked.slice(before).map(({ what }) => what)).toEqual(['GetObject trail-logs/always']);
});

test('gone, changed, refused and archived objects have an end state each, and the rest goes on', async () => {
  const held = [
    object('changes', 'before'),
    object('denied', 'x'),
    object('frozen', 'x', { storage: 'GLACIER' }),
    object('gone', 'x'),
    object('here', 'x'),
  ];
  const stub = await startStub(held);
  stub.fault = ({ what, count }) => {
    if (what === 'GetObject trail-logs/changes' && count === 1)
      held[0]!.body = Buffer.from('after it changed');
    if (what === 'GetObject trail-logs/gone') return { status: 404, code: 'NoSuchKey' };
    return what === 'GetObject trail-logs/denied'
      ? { status: 403, code: 'AccessDenied' }
      : undefined;
  };
  const got = await collectFrom(stub, [`s3://${BUCKET}`], { restoreDays: '2' });
  expect(states(got)).toEqual({
    'trail-logs/denied': 'failed access_denied',
    'trail-logs/frozen': 'skipped not_restored',
    'trail-logs/gone': 'gone vanished',
  });
  expect((await bytesOf(got, 'trail-logs/changes')).toString()).toBe('after it changed');
  expect(
    got.staging.objects.find(({ original_path: path }) => path === 'trail-logs/changes'),
  ).toMatchObject({
    changed_while_read: true,
  });
  expect(stub.asked.some(({ what }) => what === 'RestoreObject trail-logs/frozen')).toBe(true);
  expect(got.result.again).toBe(true);
});

test('credentials that end stop nothing that has others, and a later run goes on', async () => {
  const stub = await startStub(['a', 'b', 'c', 'd'].map((key) => object(key, key)));
  let fetched = 0;
  stub.fault = ({ what }) => {
    if (!what.startsWith('GetObject')) return undefined;
    fetched += 1;
    return fetched > 2 ? { status: 400, code: 'ExpiredToken' } : undefined;
  };
  const got = await collectFrom(stub, [`s3://${BUCKET}`], { concurrency: '1' });
  expect(got.result).toMatchObject({ failed: 2, again: true });
  expect(fetched).toBe(3);
  stub.fault = () => undefined;
  const again = await collectFrom(stub, [`s3://${BUCKET}`], { concurrency: '1' }, got.made);
  expect(again.result).toMatchObject({ failed: 0, again: false });
  expect([...stub.sent.values()]).toEqual([1, 1, 1, 1]);
});

test('a window takes the folders of its days and nothing else', async () => {
  const day = (date: string): Held =>
    object(`AWSLogs/1/CloudTrail/us-east-1/${date}/x.json.gz`, date);
  const stub = await startStub([
    ...['2025/12/31', '2026/01/01', '2026/01/02', '2026/01/03', '2026/01/05'].map(day),
    object('AWSLogs/1/Config/us-east-1/2026/1/2/ConfigHistory/y.json.gz', 'config'),
    object('AWSLogs/1/direct', 'modified on the second'),
  ]);
  const got = await collectFrom(stub, [`s3://${BUCKET}/AWSLogs/`], {
    ...{ from: '2026-01-02T00:00:00Z', to: '2026-01-02T12:00:00Z' },
  });
  const paths = got.staging.objects
    .filter(({ root }) => root === 1)
    .map(({ original_path: path }) => path);
  expect(paths).toEqual([
    'trail-logs/AWSLogs/1/CloudTrail/us-east-1/2026/01/02/x.json.gz',
    'trail-logs/AWSLogs/1/CloudTrail/us-east-1/2026/01/03/x.json.gz',
    'trail-logs/AWSLogs/1/Config/us-east-1/2026/1/2/ConfigHistory/y.json.gz',
    'trail-logs/AWSLogs/1/direct',
  ]);
});
