/** Flags that a script may give to any verb, and what is taken when a flag's value is left out. */
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { run } from '#src/cli/main.ts';
import { fakeEffects } from '../helpers/effects.ts';
import { exhibit } from '../helpers/exhibit.ts';
import { sampleCase } from '../helpers/sample-case.ts';
import { tempDir } from '../helpers/temp.ts';

test.each([
  ...['init', 'collect dir', 'seal', 'verify', 'import', 'status', 'timeline', 'search', 'show'],
  ...['query list', 'query show', 'query run', 'query sql', 'query replay', 'cloudtrail validate'],
  ...['custody log', 'custody verify', 'report', 'export case', 'demo'],
])('%s takes --json, --quiet and --no-color', async (verb) => {
  const fx = fakeEffects();
  expect(await run([...verb.split(' '), '--help'], fx)).toBe(0);
  for (const flag of ['--json', '--quiet', '--no-color']) expect(fx.stdout()).toContain(`${flag} `);
});

test('export case --plain without a name writes plain.db into the case, once', async () => {
  const dir = join(await tempDir(), 'copy');
  await cp((await sampleCase()).paths.dir, dir, { recursive: true });
  const first = await exhibit(['export', 'case', '--plain'], { cwd: dir });
  expect(first.status, first.stderr).toBe(0);
  expect(first.stdout).toMatch(/^[0-9a-f]{64} {2}plain\.db\n/);
  const db = new Sqlite(join(dir, 'plain.db'), { readonly: true });
  expect(db.prepare('SELECT count(raw) FROM cloudtrail').pluck().get()).toBeGreaterThan(0);
  db.close();
  expect((await exhibit(['export', 'case', '--plain'], { cwd: dir })).status).toBe(4);
  expect((await exhibit(['verify'], { cwd: dir })).status).toBe(0);
});
