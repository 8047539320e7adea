/** `collect dir` within a case: evidence ids, refusals, what is reported. */
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Case } from '../../src/app/case.ts';
import { collectDir, type CollectRequest, type CollectResult } from '../../src/app/collect.ts';
import { casePaths } from '../../src/bundle/layout.ts';
import { readStaging } from '../../src/collect/staging.ts';
import { makeTree } from '../collect/world.ts';
import { fakeEffects } from '../helpers/effects.ts';
import { tempDir } from '../helpers/temp.ts';

interface World {
  readonly dir: string;
  readonly root: string;
  readonly target: Case;
  readonly run: (request: Partial<CollectRequest>) => Promise<CollectResult>;
}

async function world(): Promise<World> {
  const dir = await tempDir();
  const root = await makeTree(dir);
  const caseDir = join(dir, 'case');
  await mkdir(caseDir);
  const target: Case = {
    paths: casePaths(caseDir),
    info: {
      type: 'case/1',
      case: 'CASE-1',
      created_at: '2026-01-01T00:00:00Z',
      examiner: { name: 'Ada Example', role: 'examiner', certificate: '0'.repeat(64) },
      root: '0'.repeat(64),
    },
  };
  const fx = fakeEffects({ cwd: dir });
  return {
    dir,
    root,
    target,
    run: (request) =>
      collectDir(target, fx, {
        paths: ['trail-logs'],
        seal: false,
        onProgress: () => undefined,
        ...request,
      }),
  };
}

describe('evidence ids', () => {
  test('the next free one', async () => {
    const { run, dir } = await world();
    expect(await run({})).toMatchObject({
      evidence: 'EV-0001',
      resumed: false,
      stored: 10,
      skipped: 1,
    });
    await mkdir(join(dir, 'other'));
    expect(await run({ paths: ['other'] })).toMatchObject({ evidence: 'EV-0002', stored: 0 });
  });

  test('the same command goes on with what it began', async () => {
    const { run, target } = await world();
    const first = await run({});
    const journal = join(target.paths.staging, 'EV-0001', 'journal.jsonl');
    const text = await readFile(journal, 'utf8');
    await writeFile(journal, text.slice(0, text.length / 2));
    expect(await run({})).toEqual({ ...first, resumed: true });
  });

  test('a folder that was left before the collection began is used', async () => {
    const { run, target } = await world();
    await mkdir(join(target.paths.staging, 'EV-0001', 'objects'), { recursive: true });
    expect(await run({})).toMatchObject({ evidence: 'EV-0001' });
  });

  test('the same command after sealing is a new evidence item', async () => {
    const { run, target } = await world();
    await run({});
    await mkdir(join(target.paths.evidence, 'EV-0001'), { recursive: true });
    await writeFile(join(target.paths.evidence, 'EV-0001', 'EV-0001.seal'), '');
    await rm(join(target.paths.staging, 'EV-0001'), { recursive: true });
    expect(await run({})).toMatchObject({ evidence: 'EV-0002', resumed: false });
    await expect(run({ evidence: 'EV-0001' })).rejects.toMatchObject({ code: 'E_SEALED', exit: 4 });
  });

  test('another command line on a begun evidence id is refused, and told the first one', async () => {
    const { run, root } = await world();
    await run({ evidence: 'EV-0007' });
    const refused = run({ evidence: 'EV-0007', s3: 's3://some-bucket/x' });
    await expect(refused).rejects.toMatchObject({
      code: 'E_EXISTS',
      exit: 4,
      hint: `to go on with it: exhibit collect dir ${root}`,
    });
  });

  test.each(['EV-1', 'EV-0000', '../x', ''])('"%s" is no evidence id', async (evidence) => {
    const { run } = await world();
    await expect(run({ evidence })).rejects.toMatchObject({ code: 'E_USAGE' });
  });
});

describe('what is refused', () => {
  test('a path that is not there', async () => {
    const { run } = await world();
    await expect(run({ paths: ['nowhere'] })).rejects.toMatchObject({ code: 'E_READ', exit: 3 });
  });

  test.each(['.', 'case', 'case/staging'])(
    '%s, which lies in the case or holds it',
    async (path) => {
      const { run, target } = await world();
      await mkdir(target.paths.staging);
      await expect(run({ paths: [path] })).rejects.toMatchObject({ code: 'E_USAGE' });
    },
  );

  test('a link into the case', async () => {
    const { run, dir } = await world();
    await symlink('case', join(dir, 'innocent'));
    await expect(run({ paths: ['innocent'] })).rejects.toMatchObject({ code: 'E_USAGE' });
  });

  test('an unknown source, a bad bucket, one bucket for two folders', async () => {
    const { run } = await world();
    await expect(run({ as: 'nonsense' })).rejects.toMatchObject({ code: 'E_USAGE' });
    await expect(run({ s3: 'bucket' })).rejects.toMatchObject({ code: 'E_USAGE' });
    const two = run({ s3: 's3://some-bucket', paths: ['trail-logs/a', 'trail-logs/a-b'] });
    await expect(two).rejects.toMatchObject({ code: 'E_USAGE' });
  });
});

test('collection.json says who asked for what, and holds no clock of its own', async () => {
  const { run, target, dir, root } = await world();
  await symlink('trail-logs', join(dir, 'by-link'));
  await run({ paths: ['by-link', 'trail-logs/zz.json'], as: 'cloudtrail' });
  const { collection, objects } = await readStaging(join(target.paths.staging, 'EV-0001'));
  expect(collection).toMatchObject({
    type: 'collection/1',
    case: 'CASE-1',
    evidence: 'EV-0001',
    method: 'dir',
    roots: [{ path: join(dir, 'by-link'), real_path: root }, { path: join(root, 'zz.json') }],
    as: 'cloudtrail',
    examiner: 'Ada Example',
    started_at: '2026-01-02T03:04:05Z',
    tool: { name: 'exhibit' },
  });
  expect(objects.at(-1)).toMatchObject({ original_path: 'zz.json', root: 1, as: 'cloudtrail' });
});
