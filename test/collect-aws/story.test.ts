/** The main job on what was collected from S3 itself: the trail's bucket of the samples, served by the stub. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { beforeAll, expect, test } from 'vitest';
import { exhibit, exhibitJson, PASSPHRASE, ROOT } from '../helpers/exhibit.ts';
import { testCase } from '../helpers/case.ts';
import { startStub, type Held } from './stub.ts';
import { CREDENTIALS } from './world.ts';

const BUCKET = 'harborline-cloudtrail-logs';
const MIRROR = join(ROOT, 'evidence-samples', 'mirror');
const SIDECAR = '.metadata.json';
const env = { ...process.env, ...CREDENTIALS, EXHIBIT_PASSPHRASE: PASSPHRASE };

/** The bucket as S3 would hold it: what lies beside an object as its metadata is its header. */
async function bucket(): Promise<Held[]> {
  const folder = join(MIRROR, BUCKET);
  const names = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
  const held: Held[] = [];
  for (const key of names.filter((name) => !name.endsWith(SIDECAR))) {
    const body = await readFile(join(folder, key));
    const headers: Record<string, string> = {};
    if (names.includes(`${key}${SIDECAR}`)) {
      const head = JSON.parse(await readFile(join(folder, `${key}${SIDECAR}`), 'utf8')) as {
        readonly Metadata?: Readonly<Record<string, string>>;
      };
      for (const [name, value] of Object.entries(head.Metadata ?? {})) {
        headers[`x-amz-meta-${name}`] = value;
      }
    }
    held.push({ bucket: BUCKET, key, body, headers });
  }
  return held;
}

let collected: string;
let copied: string;

beforeAll(async () => {
  const held = await bucket();
  const stub = await startStub(held);
  const keys = JSON.parse(
    await readFile(join(MIRROR, 'harborline-ir-workspace', 'public-keys.json'), 'utf8'),
  ) as object;
  stub.apis.set('ListPublicKeys', () => keys);
  stub.apis.set('DescribeTrails', () => ({
    trailList: [
      {
        Name: 'main',
        S3BucketName: BUCKET,
        TrailARN: 'arn:aws:cloudtrail:eu-west-1:111122223333:trail/main',
      },
    ],
  }));
  stub.apis.set('LookupEvents', () => ({ Events: [] }));
  stub.apis.set('ListEventDataStores', () => ({ EventDataStores: [] }));
  for (const operation of [
    'GetTrailStatus',
    'GetEventSelectors',
    'GetInsightSelectors',
    'ListTags',
  ]) {
    stub.apis.set(operation, () => ({}));
  }
  const one = await testCase();
  collected = one.case.paths.dir;
  // The bucket is not named: the trail says where it delivers to.
  const words = [
    'collect',
    'aws',
    'cloudtrail',
    '--regions',
    'eu-west-1',
    '--endpoint-url',
    stub.url,
    '--quiet',
  ];
  const got = await exhibit(words, { cwd: collected, env });
  expect(got.status, got.stdout + got.stderr).toBe(0);
  const other = await testCase();
  copied = other.case.paths.dir;
  const mirror = await exhibit(
    [
      ...['collect', 'dir', join(MIRROR, BUCKET), '--s3', `s3://${BUCKET}`, '--quiet'],
      ...['--public-keys', join(MIRROR, 'harborline-ir-workspace', 'public-keys.json')],
    ],
    { cwd: copied, env },
  );
  expect(mirror.status, mirror.stderr).toBe(0);
});

test('it verifies, and its digests are validated as those of a mirror with sidecars are', async () => {
  const verified = await exhibitJson(['verify'], { cwd: collected, env });
  expect(verified.json).toMatchObject({ ok: true });
  const [here, there] = await both<{ digests: object; logs: object }>(['cloudtrail', 'validate']);
  expect(here.digests).toEqual(there.digests);
  expect(here.logs).toEqual(there.logs);
  expect(here.digests).not.toMatchObject({ valid: 0 });
});

test('every record of the bucket is imported, with its place', async () => {
  const { json } = await exhibitJson(['import'], { cwd: collected, env });
  const held = await bucket();
  const records = held
    .filter(({ key }) => !key.includes('/CloudTrail-Digest/') && key.endsWith('.json.gz'))
    .map(({ body }) => JSON.parse(gunzipSync(body).toString('utf8')) as { Records: unknown[] })
    .reduce((sum, { Records }) => sum + Records.length, 0);
  expect(json).toMatchObject({ by_source: { cloudtrail: { records } } });
});

async function both<T>(words: readonly string[]): Promise<[T, T]> {
  const here = await exhibitJson(words, { cwd: collected, env });
  const there = await exhibitJson(words, { cwd: copied, env });
  return [here.json as T, there.json as T];
}
