/** What a collection keeps of each file, and what it records of everything that it cannot copy. */
import { Buffer } from 'node:buffer';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFile,
  mkdir,
  readFile,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { StagedObject, StagedProblem } from '../../src/bundle/objects.ts';
import { readStaging } from '../../src/collect/staging.ts';
import { hasTool, needs } from '../helpers/tools.ts';
import { tempDir } from '../helpers/temp.ts';
import { collectTree, makeTree, systemError, watchedDisk, type TreeOptions } from './world.ts';

async function collected(
  root: string,
  options: TreeOptions = {},
): Promise<{
  readonly dir: string;
  readonly objects: Record<string, StagedObject>;
  readonly problems: Record<string, StagedProblem>;
}> {
  const dir = join(await tempDir(), 'EV-0001');
  await collectTree(root, dir, options);
  const { objects, problems, finished } = await readStaging(dir);
  expect(finished).toBe(true);
  return {
    dir,
    objects: Object.fromEntries(objects.map((object) => [object.original_path, object])),
    problems: Object.fromEntries(problems.map((problem) => [problem.original_path, problem])),
  };
}

const hash = (name: string, bytes: Uint8Array): string =>
  createHash(name).update(bytes).digest('hex');

describe('files', () => {
  test('every file is kept byte for byte, with both hashes, size and time', async () => {
    const root = await makeTree(await tempDir());
    const { dir, objects } = await collected(root);
    expect(Object.keys(objects)).toHaveLength(10);
    for (const object of Object.values(objects)) {
      const source = await readFile(join(root, object.original_path));
      const copy = await readFile(join(dir, 'objects', object.sha256));
      expect(copy.equals(source), object.original_path).toBe(true);
      expect(object.sha256).toBe(hash('sha256', source));
      expect(object.sha512).toBe(hash('sha512', source));
      expect(object.size).toBe(source.length);
      expect(object.mtime_us).toBe(1_700_000_000_250_000);
    }
  });

  test('order is bytewise by component, so a folder comes before a longer name', async () => {
    const { objects } = await collected(await makeTree(await tempDir()));
    expect(Object.keys(objects)).toEqual([
      'Name',
      'a/deep/two.txt',
      'a/one.json',
      'a/same.json',
      'a-b/three.bin',
      'empty',
      'large',
      'line\nbreak',
      'name',
      'zz.json',
    ]);
  });

  test('names with control characters or bytes that are no text keep their bytes', async () => {
    const root = join(await tempDir(), 'odd');
    await mkdir(root);
    const names = [
      Buffer.from('caf\u00e9'),
      Buffer.from([0x63, 0xff, 0x2e]),
      Buffer.from('\u001b[2J'),
    ];
    for (const name of names) {
      await writeFile(Buffer.concat([Buffer.from(`${root}/`), name]), name);
    }
    const { objects } = await collected(root, { collection: { s3: 's3://some-bucket' } });
    expect(Object.keys(objects)).toEqual(['\u001b[2J', 'caf\u00e9', 'c\ufffd.']);
    expect(objects['caf\u00e9']?.original_path_base64).toBeUndefined();
    expect(objects['\u001b[2J']?.original_path_base64).toBe('G1sySg==');
    expect(objects['c\ufffd.']?.original_path_base64).toBe(
      Buffer.from([0x63, 0xff, 0x2e]).toString('base64'),
    );
    // What is not UTF-8 cannot be a key of S3.
    expect(objects['c\ufffd.']?.s3).toBeUndefined();
    expect(objects['\u001b[2J']?.s3?.key).toBe('\u001b[2J');
  });

  test('a single file is a root of its own', async () => {
    const root = await makeTree(await tempDir());
    const { objects } = await collected(join(root, 'zz.json'), {
      root: { folder: Buffer.from(root), file: Buffer.from('zz.json') },
    });
    expect(Object.keys(objects)).toEqual(['zz.json']);
  });

  test('a time that microseconds cannot hold exactly is held at the limit', async () => {
    const root = join(await tempDir(), 'future');
    await mkdir(root);
    await writeFile(join(root, 'late'), '');
    // The year 2286.
    await utimes(join(root, 'late'), 10_000_000_000, 10_000_000_000);
    const { objects } = await collected(root);
    expect(objects['late']?.mtime_us).toBe(Number.MAX_SAFE_INTEGER);
  });
});

describe('what is not copied is recorded', () => {
  test('links are not followed, wherever they lead', async () => {
    const root = await makeTree(await tempDir());
    await symlink('..', join(root, 'up'));
    await symlink('/nowhere', join(root, 'dangling'));
    const { problems, objects } = await collected(root);
    expect(problems['up']).toMatchObject({
      state: 'skipped',
      reason: 'symlink',
      detail: 'points to ..',
    });
    expect(problems['dangling']).toMatchObject({ state: 'skipped', detail: 'points to /nowhere' });
    expect(problems['link']).toMatchObject({ state: 'skipped', detail: 'points to a/one.json' });
    expect(Object.keys(objects)).toHaveLength(10);
  });

  test.skipIf(!hasTool('mkfifo'))(needs('a fifo and a socket are skipped', 'mkfifo'), async () => {
    const root = join(await tempDir(), 'special');
    await mkdir(root);
    execFileSync('mkfifo', [join(root, 'fifo')]);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(root, 'socket'), resolve));
    try {
      const { problems } = await collected(root);
      expect(problems['fifo']).toMatchObject({ state: 'skipped', reason: 'fifo' });
      expect(problems['socket']).toMatchObject({ state: 'skipped', reason: 'socket' });
    } finally {
      server.close();
    }
  });

  test('a device is skipped', async () => {
    const { problems } = await collected('/dev/null', {
      root: { folder: Buffer.from('/dev'), file: Buffer.from('null') },
    });
    expect(problems['null']).toMatchObject({ state: 'skipped', reason: 'device' });
  });

  test('unreadable files and folders fail, the rest is copied', async () => {
    const root = await makeTree(await tempDir());
    const disk = watchedDisk((_count, operation, [path]) => {
      const name = String(path);
      if (operation === 'list' && name.endsWith('/a-b')) throw systemError('EACCES');
      if (operation === 'openSource' && name.endsWith('zz.json')) throw systemError('EACCES');
    });
    const { problems, objects } = await collected(root, { disk });
    expect(problems['a-b']).toMatchObject({ state: 'failed', reason: 'unreadable' });
    expect(problems['zz.json']).toMatchObject({ state: 'failed', reason: 'unreadable' });
    expect(Object.keys(objects)).toHaveLength(8);
  });

  test('a fault in the middle of a file fails that file alone', async () => {
    const root = await makeTree(await tempDir());
    let reads = 0;
    const disk = watchedDisk((_count, operation, args) => {
      if (operation === 'openSource') reads = String(args[0]).endsWith('large') ? 1 : 0;
      if (operation === 'read' && reads > 0 && ++reads === 3) throw systemError('EIO');
    });
    const { problems, objects } = await collected(root, { disk });
    expect(problems['large']).toMatchObject({
      state: 'failed',
      reason: 'unreadable',
      detail: 'the file could not be read: EIO, after 1048576 bytes',
    });
    expect(objects['large']).toBeUndefined();
    expect(Object.keys(objects)).toHaveLength(9);
  });

  test('a folder that vanishes while it is read, a file that vanishes before it is copied', async () => {
    const root = await makeTree(await tempDir());
    const disk = watchedDisk(async (_count, operation, [path]) => {
      const name = String(path);
      if (operation === 'list' && name.endsWith('/a'))
        await rm(join(root, 'a'), { recursive: true });
      if (operation === 'openSource' && name.endsWith('zz.json')) await rm(join(root, 'zz.json'));
    });
    const { problems, objects } = await collected(root, { disk });
    expect(problems['a']).toMatchObject({ state: 'gone', reason: 'vanished' });
    expect(problems['zz.json']).toMatchObject({ state: 'gone', reason: 'vanished' });
    expect(Object.keys(objects)).toHaveLength(6);
  });

  test('what became a link, a folder or a fifo after the plan is not followed', async () => {
    const root = await makeTree(await tempDir());
    const disk = watchedDisk(async (_count, operation, [path]) => {
      const name = String(path);
      if (operation !== 'openSource') return;
      if (name.endsWith('zz.json')) {
        await rename(join(root, 'zz.json'), join(root, 'moved'));
        await symlink('moved', join(root, 'zz.json'));
      }
      if (name.endsWith('empty')) {
        await rm(join(root, 'empty'));
        await mkdir(join(root, 'empty'));
      }
    });
    const { problems } = await collected(root, { disk });
    expect(problems['zz.json']).toMatchObject({ state: 'skipped', reason: 'symlink' });
    expect(problems['empty']).toMatchObject({ state: 'skipped', reason: 'folder' });
  });
});

describe('a file that changes while it is read', () => {
  // Lets the file grow during the first `times` attempts to read it.
  async function growing(
    root: string,
    times: number,
  ): Promise<Awaited<ReturnType<typeof collected>>> {
    let attempt = 0;
    let growNow = false;
    const disk = watchedDisk(async (_count, operation, [path]) => {
      if (operation === 'openSource') {
        growNow = String(path).endsWith('large') && attempt < times;
        if (growNow) attempt += 1;
      } else if (operation === 'read' && growNow) {
        growNow = false;
        await appendFile(join(root, 'large'), 'y');
      }
    });
    return await collected(root, { disk });
  }

  test('is read once more', async () => {
    const { objects } = await growing(await makeTree(await tempDir()), 1);
    expect(objects['large']?.size).toBe(1_500_001);
    expect(objects['large']?.changed_while_read).toBeUndefined();
  });

  test('and changes again is kept as read, and marked', async () => {
    const { dir, objects } = await growing(await makeTree(await tempDir()), 2);
    const large = objects['large'];
    expect(large?.changed_while_read).toBe(true);
    const copy = await readFile(join(dir, 'objects', large?.sha256 ?? ''));
    expect(copy).toHaveLength(1_500_002);
    expect(hash('sha256', copy)).toBe(large?.sha256);
  });
});
