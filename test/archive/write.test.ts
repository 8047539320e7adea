/** Our volumes are, byte for byte, what GNU tar makes of the same files; and what cannot be one is refused. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { extract } from 'tar-stream';
import { beforeAll, describe, expect, test } from 'vitest';
import { SIZE_LIMIT } from '#src/archive/header.ts';
import { readVolume } from '#src/archive/read.ts';
import { pathProblem } from '#src/archive/safe-name.ts';
import { writeVolume } from '#src/archive/write.ts';
import { gnuTar, ourTar, type Tree } from '../helpers/tar.ts';
import { tempDir } from '../helpers/temp.ts';
import { hasTool, needs } from '../helpers/tools.ts';

let root = '';

beforeAll(async () => {
  root = await tempDir();
});

/** A new folder that goes away with the test file's. */
function folder(): string {
  return mkdtempSync(join(root, 'f-'));
}

const long = (letter: string, length: number): string => letter.repeat(length);

const TREES: Readonly<Record<string, Tree>> = {
  'folders before those whose name goes on with a lower character': {
    'EV-0001.v001/a/z': 'z',
    'EV-0001.v001/a-b/y': 'y',
    'EV-0001.v001/a.txt': 'x',
    'EV-0001.v001/Z': 'w',
    'EV-0001.v001/_': 'v',
    'EV-0001.v001/a0/u': 'u',
  },
  'empty files and sizes around a block': Object.fromEntries(
    [0, 1, 511, 512, 513, 1024, 10_240].map((size) => [
      `top/${String(size)}`,
      Buffer.alloc(size, 7),
    ]),
  ),
  'names that need the prefix field': Object.fromEntries(
    [98, 99, 100].flatMap((length) => [
      [`top/${long('n', length - 4)}`, 'fits'],
      [`top/${long('p', 60)}/${long('q', length - 65)}`, 'cut'],
      [`top/${long('d', 99)}/${long('f', length)}`, 'long'],
      [`top/${long('a', 50)}/${long('b', 50)}/${long('c', 45)}/${long('e', 95)}`, 'longer'],
    ]),
  ),
  'the longest name there is': { [`${long('t', 77)}/${long('u', 77)}/${long('v', 100)}`]: 'x' },
  'folders whose own names need the prefix field': {
    [`top/${long('x', 80)}/${long('y', 20)}/f`]: '1',
    [`top/${long('x', 80)}/${long('z', 14)}/f`]: '2',
    [`top/${long('x', 80)}/${long('w', 15)}/f`]: '3',
  },
  'many folders and files': Object.fromEntries(
    Array.from({ length: 600 }, (_, index) => [
      `top/${String(index % 7)}/${String(index % 31)}/${String(index)}`,
      `file ${String(index)}`,
    ]),
  ),
  'more than the ring of buffers holds': { 'top/large': Buffer.alloc(9 * 1024 * 1024 + 17, 'abc') },
};

describe.each(Object.entries(TREES))('%s', (_, tree) => {
  test.skipIf(!hasTool('tar'))(needs('equals GNU tar', 'tar'), async () => {
    const dir = folder();
    const ours = await ourTar(join(dir, 'ours.tar'), tree);
    const theirs = gnuTar(dir, tree);
    expect(readFileSync(join(dir, 'ours.tar')).equals(theirs)).toBe(true);
    expect(ours).toEqual({
      sha256: createHash('sha256').update(theirs).digest('hex'),
      bytes: theirs.length,
    });
  });

  test('comes back from our reader, hashed in either thread', async () => {
    const dir = folder();
    const ours = await ourTar(join(dir, 'ours.tar'), tree, 'second-thread');
    for (const hashing of ['same-thread', 'second-thread'] as const) {
      const found: Record<string, string> = {};
      const facts = await readVolume(
        join(dir, 'ours.tar'),
        async (entry) => {
          if (entry.type === 'file') found[entry.path] = await hashOf(entry.body);
        },
        { hashing },
      );
      expect(facts).toMatchObject(ours);
      expect(found).toEqual(
        Object.fromEntries(Object.entries(tree).map(([path, content]) => [path, sha256(content)])),
      );
    }
  });

  test('is read by tar-stream as well', async () => {
    const dir = folder();
    await ourTar(join(dir, 'ours.tar'), tree);
    const found: Record<string, string> = {};
    const unpack = extract();
    unpack.end(readFileSync(join(dir, 'ours.tar')));
    for await (const entry of unpack) {
      const { name, type } = entry.header;
      const hash = await hashOf(entry as AsyncIterable<Buffer>);
      if (type === 'file') found[name] = hash;
    }
    expect(Object.keys(found).sort()).toEqual(Object.keys(tree).sort());
  });
});

const nameArbitrary = fc
  .stringMatching(/^[A-Za-z0-9._=@+,][A-Za-z0-9._=@+,-]{0,40}$/)
  .filter((name) => pathProblem(name, true) === undefined);

/** Trees without two names that differ only by case, and without a file where a folder is needed. */
const treeArbitrary = fc
  .array(
    fc.tuple(
      fc.array(nameArbitrary, { minLength: 1, maxLength: 5 }),
      fc.uint8Array({ maxLength: 2000 }),
    ),
    {
      minLength: 1,
      maxLength: 12,
    },
  )
  .map((items) => {
    const tree: Record<string, Uint8Array> = {};
    const used = new Map<string, string>();
    for (const [names, content] of items) {
      const path = ['top', ...names].join('/');
      const steps = names.map((_, depth) => ['top', ...names.slice(0, depth + 1)].join('/'));
      const kinds = steps.map((step) => (step === path ? `file ${path}` : `folder ${step}`));
      const free = steps.every((step, depth) => {
        const known = used.get(step.toLowerCase());
        return known === undefined || (known === kinds[depth] && step !== path);
      });
      if (!free || pathProblem(path, false) !== undefined) continue;
      for (const [depth, step] of steps.entries()) used.set(step.toLowerCase(), kinds[depth] ?? '');
      tree[path] = content;
    }
    return tree;
  })
  .filter((tree) => Object.keys(tree).length > 0);

test.skipIf(!hasTool('tar'))(
  needs('any tree of safe names equals GNU tar and comes back', 'tar'),
  async () => {
    await fc.assert(
      fc.asyncProperty(treeArbitrary, async (tree) => {
        const dir = folder();
        await ourTar(join(dir, 'ours.tar'), tree);
        expect(readFileSync(join(dir, 'ours.tar')).equals(gnuTar(dir, tree))).toBe(true);
        const found: Record<string, string> = {};
        await readVolume(join(dir, 'ours.tar'), async (entry) => {
          if (entry.type === 'file') found[entry.path] = await hashOf(entry.body);
        });
        expect(Object.keys(found).sort()).toEqual(Object.keys(tree).sort());
        rmSync(dir, { recursive: true });
      }),
      { numRuns: 60, seed: 4 },
    );
  },
);

describe('refuses', () => {
  const file = (path: string, size = 0, body: Uint8Array[] = []) => ({
    path,
    type: 'file' as const,
    size,
    body: () => body,
  });
  const top = { path: 'top', type: 'folder' as const, size: 0 };

  test.each([
    ['a name that is not safe', [top, file('top/a b')]],
    ['a wrong order', [top, file('top/b'), file('top/a')]],
    ['a member without its folder', [file('top/a')]],
    ['two members of one name', [top, file('top/a'), file('top/a')]],
    ['names that differ only by case', [top, file('top/A'), file('top/a')]],
    ['a body shorter than announced', [top, file('top/a', 2, [Buffer.from('x')])]],
    ['a body longer than announced', [top, file('top/a', 1, [Buffer.from('xyz')])]],
    ['a size that ustar cannot hold', [top, file('top/a', SIZE_LIMIT)]],
  ])('%s', async (_, members) => {
    await expect(writeVolume(join(folder(), 'x.tar'), members)).rejects.toThrow();
  });

  test('to write over a file', async () => {
    const path = join(folder(), 'x.tar');
    writeFileSync(path, 'precious');
    const written = writeVolume(path, [top, file('top/a')]);
    await expect(written).rejects.toMatchObject({ code: 'E_WRITE' });
    expect(readFileSync(path, 'utf8')).toBe('precious');
  });

  test('to go on when a body fails, and passes its error on', async () => {
    const broken = {
      ...file('top/a', 3),
      // eslint-disable-next-line require-yield -- fails before its first piece
      body: function* () {
        throw new Error('lost the disk');
      },
    };
    const written = writeVolume(join(folder(), 'x.tar'), [top, broken, file('top/b')]);
    await expect(written).rejects.toThrow('lost the disk');
  });

  test('to go on after Ctrl-C', async () => {
    const stop = new AbortController();
    stop.abort(new Error('stopped'));
    const written = writeVolume(join(folder(), 'x.tar'), [top, file('top/b')], {
      signal: stop.signal,
    });
    await expect(written).rejects.toThrow('stopped');
  });
});

async function hashOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of body) hash.update(piece);
  return hash.digest('hex');
}

function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
