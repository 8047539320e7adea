/** A collection goes on after any fault, and ends as if nothing had happened. */
import { spawnSync } from 'node:child_process';
import { appendFile, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { readStaging } from '../../src/collect/staging.ts';
import { tempDir } from '../helpers/temp.ts';
import { collectTree, makeTree, outcome, systemError, watchedDisk } from './world.ts';

const CHILD = join(import.meta.dirname, 'killed.ts');

let root: string;
let undisturbed: unknown;
let operations = 0;

beforeAll(async () => {
  const dir = await tempDir();
  root = await makeTree(dir);
  const staging = join(dir, 'EV-0001');
  await collectTree(root, staging, {
    disk: watchedDisk((count) => {
      operations = count;
    }),
  });
  undisturbed = await outcome(staging);
});

/** What happened in the journal, in order, states only. */
async function states(staging: string): Promise<string[]> {
  const text = await readFile(join(staging, 'journal.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { state: string }).state);
}

/** What the work was refused with; undefined if it was done. */
async function failure(work: Promise<unknown>): Promise<unknown> {
  return await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
}

describe('kill -9 before every single operation', () => {
  test('the same call ends as the undisturbed one', async () => {
    expect(operations).toBeGreaterThan(60);
    for (let killAt = 1; killAt <= operations; killAt += 1) {
      const staging = join(await tempDir(), 'EV-0001');
      const child = spawnSync(process.execPath, [CHILD, root, staging, String(killAt)]);
      expect(child.signal, child.stderr.toString()).toBe('SIGKILL');
      await collectTree(root, staging);
      expect(await outcome(staging), `killed before operation ${String(killAt)}`).toEqual(
        undisturbed,
      );
    }
  });

  test('a process that is killed again and again still comes to the end', async () => {
    const staging = join(await tempDir(), 'EV-0001');
    let kills = 0;
    for (let killAt = 20; ; killAt += 3) {
      const child = spawnSync(process.execPath, [CHILD, root, staging, String(killAt)]);
      if (child.signal !== 'SIGKILL') break;
      kills += 1;
    }
    expect(kills).toBeGreaterThan(3);
    expect(await outcome(staging)).toEqual(undisturbed);
  });
});

describe('every single operation on the case fails', () => {
  test.each(['ENOSPC', 'EIO'])('%s is a clear error, and the same call goes on', async (code) => {
    const target = ['openTarget', 'write', 'sync', 'rename', 'remove', 'syncFolder'];
    for (let failAt = 1; failAt <= operations; failAt += 1) {
      const staging = join(await tempDir(), 'EV-0001');
      const faults: string[] = [];
      const disk = watchedDisk((count, operation) => {
        if (count !== failAt || !target.includes(operation)) return;
        faults.push(operation);
        throw systemError(code);
      });
      const error = await failure(collectTree(root, staging, { disk }));
      if (faults.length === 0) continue;
      expect(error, `operation ${String(failAt)}`).toMatchObject({ code: 'E_WRITE', exit: 3 });
      await collectTree(root, staging);
      expect(await outcome(staging), `operation ${String(failAt)}`).toEqual(undisturbed);
    }
  });
});

describe('what an earlier process left is not trusted', () => {
  test('a torn last line is cut off and recorded', async () => {
    const staging = join(await tempDir(), 'EV-0001');
    await collectTree(root, staging);
    const journal = join(staging, 'journal.jsonl');
    const before = await readFile(journal);
    await truncate(journal, before.length - 10);
    expect((await readStaging(staging)).finished).toBe(false);
    expect(await collectTree(root, staging)).toBe(true);
    expect(await outcome(staging)).toEqual(undisturbed);
    const text = await readFile(journal, 'utf8');
    const resumed = text.split('\n').find((line) => line.includes('"resumed"')) ?? '';
    const lastLine = before.length - before.lastIndexOf(10, before.length - 2) - 1;
    expect(JSON.parse(resumed)).toMatchObject({
      cut_bytes: lastLine - 10,
      cut_sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
    });
    expect(await states(staging)).toContain('finished');
  });

  test('an object whose bytes changed or that is missing is copied again', async () => {
    const staging = join(await tempDir(), 'EV-0001');
    await collectTree(root, staging);
    const { objects } = await readStaging(staging);
    const changed = objects.find((object) => object.original_path === 'large');
    const missing = objects.find((object) => object.original_path === 'a/one.json');
    const file = join(staging, 'objects', changed?.sha256 ?? '');
    const bytes = await readFile(file);
    bytes[700_000] = (bytes[700_000] ?? 0) ^ 1;
    await writeFile(file, bytes);
    await rm(join(staging, 'objects', missing?.sha256 ?? ''));
    await collectTree(root, staging);
    expect(await outcome(staging)).toEqual(undisturbed);
    // Two files share the missing object.
    expect((await states(staging)).filter((state) => state === 'lost')).toHaveLength(3);
  });

  test('objects that no durable line claims are removed', async () => {
    const staging = join(await tempDir(), 'EV-0001');
    await collectTree(root, staging);
    await writeFile(join(staging, 'objects', '7.part'), 'half');
    await writeFile(join(staging, 'objects', 'f'.repeat(64)), 'unclaimed');
    await collectTree(root, staging);
    expect(await outcome(staging)).toEqual(undisturbed);
  });

  test('a finished collection is only checked: nothing is appended', async () => {
    const staging = join(await tempDir(), 'EV-0001');
    await collectTree(root, staging);
    const before = await readFile(join(staging, 'journal.jsonl'));
    expect(await collectTree(root, staging)).toBe(true);
    expect((await readFile(join(staging, 'journal.jsonl'))).equals(before)).toBe(true);
  });

  test('a journal that is broken where no crash reaches is refused', async () => {
    const staging = join(await tempDir(), 'EV-0001');
    await collectTree(root, staging);
    const journal = join(staging, 'journal.jsonl');
    const bytes = await readFile(journal);
    bytes[bytes.indexOf('planned')] = 0x50;
    await writeFile(journal, bytes);
    await appendFile(journal, Buffer.alloc(300_000, 'x'));
    await expect(collectTree(root, staging)).rejects.toMatchObject({ code: 'E_FORMAT' });
    await expect(readStaging(staging)).rejects.toMatchObject({ code: 'E_FORMAT' });
  });
});

test('a stop keeps what is copied, says so, and the same call goes on', async () => {
  for (let stopAt = 1; stopAt <= operations; stopAt += 7) {
    const staging = join(await tempDir(), 'EV-0001');
    const stop = new AbortController();
    const disk = watchedDisk((count) => {
      if (count === stopAt) stop.abort();
    });
    const error = await failure(collectTree(root, staging, { disk, signal: stop.signal }));
    // A stop that comes when all is copied has nothing left to stop.
    if (error !== undefined) expect(error).toMatchObject({ code: 'E_UNFINISHED', exit: 3 });
    await collectTree(root, staging);
    expect(await outcome(staging), `stopped at ${String(stopAt)}`).toEqual(undisturbed);
  }
});
