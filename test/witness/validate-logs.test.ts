/**
 * The AWS CLI's own validator, put to every row: what it calls valid in a whole trail is valid, and nothing that it calls
 * INVALID is valid for us. Where it says nothing, or aborts, we go on: those rows are counted.
 */
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { parseDigestKey } from '#src/witness/names.ts';
import { validateTrails } from '#src/witness/validate.ts';
import { hasTool } from '../helpers/tools.ts';
import { baseWorld, TAMPERED, VALID, type Case } from './cases.ts';
import { collected, type World } from './trails.ts';

const DRIVER = new URL('validate-logs.py', import.meta.url).pathname;
const missing =
  !hasTool('python3') ||
  spawnSync('python3', ['-c', 'import awscli.customizations.cloudtrail.validation']).status !== 0;
const title = missing ? ' (SKIPPED: awscli is not installed)' : '';

interface Answer {
  readonly lines: readonly string[];
  readonly aborted: string | null;
}

// One run for each chain that any digest's key in the world names, from its first to its last hour.
function runsOf(world: World): unknown[] {
  const runs = new Map<string, unknown>();
  for (const { bucket, key } of world.digests) {
    const name = parseDigestKey(key);
    if (name === undefined || key.startsWith('copy/')) continue;
    const { account, region, trail, homeRegion } = name.chain;
    const [prefix = '', org = ''] = name.root.split('AWSLogs/');
    const arn = `arn:aws:cloudtrail:${homeRegion}:${account}:trail/${trail}`;
    runs.set(`${account} ${region} ${trail} ${homeRegion} ${name.root}`, {
      ...{
        arn,
        region,
        account,
        bucket,
        prefix: prefix.replace(/\/$/, ''),
        org: org.replace(/\/$/, ''),
      },
      ...{ start: '2026-03-10T00:10:20Z', end: '2026-03-10T14:00:00Z' },
    });
  }
  return [...runs.values()];
}

function asJson(world: World): unknown {
  const objects: Record<string, Record<string, unknown>> = {};
  for (const { bucket, key, bytes, metadata } of world.objects) {
    const inBucket = (objects[bucket] ??= {});
    inBucket[key] = { bytes: bytes.toString('base64'), metadata: metadata ?? {} };
  }
  return { objects, keys: world.keys, runs: runsOf(world) };
}

function ask(worlds: readonly World[]): readonly (readonly Answer[])[] {
  const input = JSON.stringify(worlds.map(asJson));
  const run = spawnSync('python3', [DRIVER], { input, encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (run.status !== 0) throw new Error(run.stderr);
  return JSON.parse(run.stdout) as readonly (readonly Answer[])[];
}

/** Rows in which the AWS CLI finds nothing, or does not come to an end. */
const SILENT = new Map<string, string>([
  ...[
    'signed by the right key over sha1, which the AWS CLI takes',
    'signed by the right key over md5, which the AWS CLI takes',
    'signed by the right key over sha512, which the AWS CLI takes',
    'object metadata that names another algorithm',
    'two keys under one fingerprint',
    'a wrong previousDigestHashValue, well signed',
    'a wrong previousDigestSignature, well signed',
    'a digest skipped, well signed',
    'a digest skipped and deleted, well signed',
    'two digests of the same time, well signed',
    'a digest that ends before it starts, well signed',
    'a digest that says another end than its key, well signed',
    'a hash algorithm that is not SHA-256, well signed: undecided',
    'a hash of the digest before by another algorithm, well signed: not compared, and said so',
    'digests that are newer than the seal over them',
    'public keys that lie in the evidence itself, a window asked for',
    'a log planted in a validated hour',
    'a log planted twelve minutes before the newest digest ends',
    'a log planted in the bucket that the trail has left',
    ...TAMPERED.filter(({ name }) => name.startsWith('records planted')).map(({ name }) => name),
    'bytes appended to a log',
    'a cut trailer, which the AWS CLI tolerates',
    'an empty gzip member appended to a log',
    'a gzip member appended to a log: its inflated bytes are others',
    'an empty gzip member appended to a digest',
    'the newest digests deleted, their logs left',
    'the newest digests deleted with their logs: the other region has gone on',
    'the newest digests deleted with their logs, the window says until when',
    'all digests of a region deleted, the window asked for',
    'all digests of a region deleted, no window',
    'a backfill digest deleted: its late log is named by none',
    'a gap in a window that was asked for',
    'a planted key that ends the AWS CLI’s listing early',
    'a planted key whose date nobody can read',
  ].map((name) => [name, 'silent'] as const),
  ['a changed digest, no public keys', 'RuntimeError'],
  ['a digest that follows itself, well signed: the walk ends', 'Endless'],
  ['two digests that follow each other, well signed: the walk ends', 'Endless'],
]);

const objectOf = (line: string): string => /s3:\/\/([^\t]+)/.exec(line)?.[1] ?? '';

function tamperedWorld({ make }: Case): World {
  const { world, eu, us } = baseWorld();
  make(world, eu, us);
  return world;
}

// Rows where the AWS CLI lacks what a mirror may lack, and where a folder of downloads is none of its buckets.
const elsewhere = (row: Case): boolean =>
  row.how?.flat === true || /metadata lost|inflated|could not read/.test(row.name);

describe.skipIf(missing)(`aws cloudtrail validate-logs${title}`, () => {
  test('calls whole trails valid, object by object', async () => {
    const rows = VALID.filter(
      (row) => !elsewhere(row) && !/SubjectPublicKeyInfo|public keys/.test(row.name),
    );
    const worlds = rows.map(tamperedWorld);
    const answers = ask(worlds);
    for (const [index, world] of worlds.entries()) {
      const { findings } = validateTrails(await collected(world));
      const ours = findings
        .filter(({ kind, status }) => kind !== 'period' && status === 'valid')
        .map(({ subject }) => subject);
      const lines = (answers[index] ?? []).flatMap((answer) => answer.lines);
      const theirs = lines.filter((line) => line.endsWith('\tvalid')).map(objectOf);
      expect(
        lines.filter((line) => line.includes('INVALID')),
        rows[index]?.name,
      ).toEqual([]);
      // It visits one of two backfill digests that follow a standard one, and walks the chain of a trail whose name begins alike.
      const partly = /is standard|begins with the first/.test(rows[index]?.name ?? '');
      if (!partly) expect(theirs, rows[index]?.name).toEqual(expect.arrayContaining(ours));
      expect(ours, rows[index]?.name).toEqual(expect.arrayContaining(theirs));
    }
  });

  test('calls nothing INVALID that we call valid, and is silent where we know it is', async () => {
    const rows = TAMPERED.filter((row) => !elsewhere(row));
    const worlds = rows.map(tamperedWorld);
    const answers = ask(worlds);
    for (const [index, row] of rows.entries()) {
      const [world, answer] = [worlds[index], answers[index] ?? []];
      if (world === undefined) continue;
      const { findings } = validateTrails(await collected(world, row.how));
      const valid = new Set(
        findings.filter(({ status }) => status === 'valid').map(({ subject }) => subject),
      );
      const lines = answer.flatMap((one) => one.lines);
      const invalid = lines.filter((line) => line.includes('INVALID')).map(objectOf);
      expect(
        invalid.filter((one) => valid.has(one)),
        row.name,
      ).toEqual([]);
      const said =
        answer.find(({ aborted }) => aborted !== null)?.aborted ??
        (invalid.length > 0 ? 'INVALID' : 'silent');
      expect(said, row.name).toBe(SILENT.get(row.name) ?? 'INVALID');
    }
  });
});
