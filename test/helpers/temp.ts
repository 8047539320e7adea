/** Temporary folders that go away with the test file. */
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

const made: string[] = [];

afterAll(async () => {
  await Promise.all(made.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
});

/** A new, empty folder (its real path), removed after the test file that asked for it. */
export async function tempDir(): Promise<string> {
  const folder = await mkdtemp(join(await realpath(tmpdir()), 'exhibit-test-'));
  made.push(folder);
  return folder;
}
