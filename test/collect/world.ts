/** A small source tree, a collection of it, and a disk whose n-th operation goes wrong. */
import { Buffer } from 'node:buffer';
import { mkdir, readdir, realpath, symlink, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { realDisk, type Disk } from '../../src/collect/disk.ts';
import type { Root } from '../../src/collect/plan.ts';
import { collect } from '../../src/collect/run.ts';
import { readStaging, type Collection } from '../../src/collect/staging.ts';

/** Makes a tree of ten files (two of them equal, one empty, one larger than a read buffer) and a link. */
export async function makeTree(dir: string): Promise<string> {
  const root = join(dir, 'trail-logs');
  await mkdir(join(root, 'a', 'deep'), { recursive: true });
  await mkdir(join(root, 'a-b'));
  const files: readonly [string, string][] = [
    ['a/one.json', '{"Records":[]}'],
    ['a/same.json', '{"Records":[]}'],
    ['a/deep/two.txt', 'not a log'],
    ['a-b/three.bin', '\0\u0001'],
    ['empty', ''],
    ['large', 'x'.repeat(1_500_000)],
    ['Name', 'upper'],
    ['name', 'lower'],
    ['line\nbreak', 'control characters'],
    ['zz.json', '{}'],
  ];
  for (const [name, text] of files) {
    await writeFile(join(root, name), text);
    await utimes(join(root, name), 1_700_000_000, 1_700_000_000.25);
  }
  await symlink('a/one.json', join(root, 'link'));
  return root;
}

/** Options of {@link collectTree}. */
export interface TreeOptions {
  readonly disk?: Disk;
  readonly signal?: AbortSignal;
  readonly collection?: Partial<Collection>;
  readonly root?: Root;
}

/** Collects a folder as the command does, without a case around it. */
export async function collectTree(
  root: string,
  dir: string,
  options: TreeOptions = {},
): Promise<boolean> {
  const { resumed } = await collect({
    dir,
    collection: {
      type: 'collection/1',
      case: 'CASE-1',
      evidence: basename(dir),
      method: 'dir',
      roots: [{ path: root }],
      examiner: 'E',
      started_at: '2026-01-01T00:00:00Z',
      acquiring_os: 'test',
      tool: { name: 'exhibit', version: 'test' },
      ...options.collection,
    },
    roots: [options.root ?? { folder: Buffer.from(await realpath(root)) }],
    now: () => Date.UTC(2026, 0, 1),
    signal: options.signal ?? new AbortController().signal,
    onProgress: () => undefined,
    ...(options.disk === undefined ? {} : { disk: options.disk }),
  });
  return resumed;
}

/** What a collection came to: all that sealing would see, and the names of the objects on disk. */
export async function outcome(dir: string): Promise<unknown> {
  const { objects, problems, finished } = await readStaging(dir);
  const files = (await readdir(join(dir, 'objects'))).sort();
  return { objects, problems, finished, files };
}

/** Operations on the case's disk; those on the source are counted too, for a process can end at any of them. */
const OPERATIONS = [
  'stat',
  'list',
  'readLink',
  'openSource',
  'read',
  'openTarget',
  'write',
  'sync',
  'rename',
  'remove',
  'syncFolder',
] as const satisfies readonly (keyof Disk)[];

/** A disk that calls `before` with the number (from 1) and name of each operation ahead of it. */
export function watchedDisk(
  before: (count: number, operation: keyof Disk, args: readonly unknown[]) => unknown,
): Disk {
  let count = 0;
  const watched: Record<string, unknown> = {};
  for (const name of OPERATIONS) {
    const real = realDisk[name] as (...args: readonly unknown[]) => unknown;
    watched[name] = async (...args: readonly unknown[]): Promise<unknown> => {
      count += 1;
      await before(count, name, args);
      return await real(...args);
    };
  }
  return watched as unknown as Disk;
}

/** A system error as Node makes it. */
export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code, syscall: 'write', errno: -1 });
}
