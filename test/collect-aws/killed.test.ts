/** `collect aws` as a process: killed and run again it fetches nothing twice and loses nothing; no secret is ever written. */
import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { BIN, exhibit, exhibitJson, PASSPHRASE } from '../helpers/exhibit.ts';
import { testCase } from '../helpers/case.ts';
import { startStub, type Stub } from './stub.ts';
import { CREDENTIALS, SECRET, TOKEN } from './world.ts';

const env = { ...process.env, ...CREDENTIALS, EXHIBIT_PASSPHRASE: PASSPHRASE };
const bodies = new Map(
  [...Array.from({ length: 12 }, (_, i) => `small-${String(i)}`), 'zz-large'].map((key) => [
    key,
    Buffer.alloc(key === 'zz-large' ? 2_500_000 : 900, key),
  ]),
);

function words(stub: Stub): string[] {
  return [
    ...['collect', 'aws', 's3://bucket-of-logs', 'cloudtrail', '--regions', 'us-east-1', '--quiet'],
    ...['--endpoint-url', stub.url, '--concurrency', '2', '--attempts', '2'],
  ];
}

async function killWhen(stub: Stub, cwd: string, when: () => boolean): Promise<void> {
  const child = spawn(process.execPath, [BIN, ...words(stub)], { cwd, env, stdio: 'ignore' });
  const ended = new Promise((resolve) => child.on('close', resolve));
  while (!when() && child.exitCode === null) await setTimeout(3);
  child.kill('SIGKILL');
  await ended;
}

test('killed at any point and run again, it goes on', async () => {
  const made = await testCase();
  const { dir, staging } = made.case.paths;
  const stub = await startStub(
    [...bodies].map(([key, body]) => ({ bucket: 'bucket-of-logs', key, body })),
  );
  stub.pageSize = 5;
  const events = Array.from({ length: 4 }, (_, page) => ({
    Events: [{ EventId: `e${String(page)}`, CloudTrailEvent: '{}' }],
    ...(page < 3 ? { NextToken: `t${String(page + 1)}` } : {}),
  }));
  stub.apis.set(
    'LookupEvents',
    ({ NextToken = 't0' }) => events[Number((NextToken as string).slice(1))],
  );
  stub.apis.set('DescribeTrails', () => ({ trailList: [] }));
  stub.apis.set('ListPublicKeys', () => ({ PublicKeyList: [] }));
  stub.apis.set('ListEventDataStores', () => ({ EventDataStores: [] }));
  stub.fault = ({ what }) => (what.startsWith('GetObject') ? { slow: 1 } : undefined);
  const asked = (what: string): number => stub.asked.filter((one) => one.what === what).length;
  const points: (() => boolean)[] = [
    () => asked('LookupEvents') >= 3,
    () => asked('ListObjectVersions bucket-of-logs/') >= 2,
    () => stub.sent.size > 4,
    () => (stub.sent.get('GetObject bucket-of-logs/zz-large') ?? 0) > 1_300_000,
  ];
  for (const point of points) {
    await killWhen(stub, dir, point);
    const folder = join(staging, 'EV-0001');
    const names = await readdir(folder).catch((): string[] => []);
    const stored = names.includes('journal.jsonl')
      ? (await readFile(join(folder, 'journal.jsonl'), 'utf8')).split('\n').flatMap((line) => {
          if (!line.includes('"state":"stored"') || !line.endsWith('}')) return [];
          const { path } = JSON.parse(line) as { path: string };
          return [path];
        })
      : [];
    // What was stored is never asked for again.
    stub.fault = ({ what }) => {
      if (!what.startsWith('GetObject')) return undefined;
      expect(stored).not.toContain(what.slice('GetObject '.length));
      return { slow: 1 };
    };
  }
  const last = await exhibitJson(words(stub), { cwd: dir, env });
  expect(last.json).toMatchObject({ evidence: 'EV-0001', resumed: true, failed: 0, sealed: {} });
  const { json } = await exhibitJson(['verify'], { cwd: dir, env });
  expect(json).toMatchObject({ ok: true });
  for (const [key, body] of bodies) {
    const sent = stub.sent.get(`GetObject bucket-of-logs/${key}`) ?? 0;
    // What was on its way when the process was killed may have to be sent again, and nothing else.
    expect(sent, key).toBeLessThan(body.length + (key === 'zz-large' ? 800_000 : 3 * 900));
  }
  await noSecretIn(dir);
});

test('the journal in the bundle holds the chain, and a run without credentials says what to do', async () => {
  const made = await testCase();
  const { dir, evidence } = made.case.paths;
  const stub = await startStub([{ bucket: 'bucket-of-logs', key: 'k', body: Buffer.from('x') }]);
  const none = {
    ...env,
    AWS_ACCESS_KEY_ID: undefined,
    AWS_SECRET_ACCESS_KEY: undefined,
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  const refused = await exhibit(
    ['collect', 'aws', 's3://bucket-of-logs', '--endpoint-url', stub.url],
    { cwd: dir, env: none },
  );
  expect(refused.status, refused.stderr).toBe(3);
  expect(refused.stderr).toContain('--profile');
  const role = [
    ...['--role-arn', 'arn:aws:iam::111122223333:role/ir', '--source-identity', 'ada'],
    ...['--mfa-serial', 'arn:aws:iam::111122223333:mfa/ada', '--mfa-code', '123456'],
  ];
  const got = await exhibit(
    ['collect', 'aws', 's3://bucket-of-logs', '--endpoint-url', stub.url, ...role],
    { cwd: dir, env },
  );
  expect(got.status, got.stderr).toBe(0);
  const volume = await readFile(join(evidence, 'EV-0002', 'EV-0002.v001.tar'), 'latin1');
  const line = volume.split('\n').find((one) => one.includes('"api":"sts:AssumeRole"')) ?? '{}';
  const assumed = JSON.parse(line) as unknown;
  expect(assumed).toMatchObject({ parameters: { SourceIdentity: 'ada' }, status: 200 });
  expect(assumed).not.toHaveProperty('sha256');
  await noSecretIn(dir);
  expect(got.stdout + got.stderr).not.toContain(SECRET);
});

async function noSecretIn(dir: string): Promise<void> {
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const text = await readFile(join(entry.parentPath, entry.name), 'latin1');
    for (const secret of [SECRET, TOKEN, 'role-secret', 'role-token', '123456"']) {
      expect(text.includes(secret), `${entry.name} holds ${secret}`).toBe(false);
    }
  }
}
