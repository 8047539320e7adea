/** Links in place of a case's folders (threat row 14): refused by every verb, named by verify, and nothing is written behind them. */
import { readdirSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openCase } from '#src/app/case.ts';
import { exhibitJson } from '../helpers/exhibit.ts';
import { failures, sealedCase, verifyCase } from '../helpers/sealed.ts';
import { tempDir } from '../helpers/temp.ts';

const FOLDERS = ['evidence', 'staging', 'custody', 'pki', 'pki/signers', 'queries', 'report'];

test.each(FOLDERS)('%s', async (name) => {
  const made = await sealedCase();
  const { dir } = made.case.paths;
  const elsewhere = join(await tempDir(), 'elsewhere');
  try {
    renameSync(join(dir, name), elsewhere);
  } catch {
    // Not made yet: the link comes first.
    symlinkSync(await tempDir(), elsewhere);
  }
  symlinkSync(elsewhere, join(dir, name));
  await expect(openCase(dir)).rejects.toMatchObject({ code: 'E_OUTSIDE_CASE' });
  expect(failures(await verifyCase(made))).toContain('case.folders');
});

test('on the command line: status 4, and nothing behind the link', async () => {
  const { case: opened } = await sealedCase();
  const elsewhere = await tempDir();
  symlinkSync(elsewhere, opened.paths.queries);
  for (const words of [['import'], ['query', 'sql', 'SELECT 1']]) {
    const { status, json } = await exhibitJson(words, { cwd: opened.paths.dir });
    expect({ status, json }).toMatchObject({
      status: 4,
      json: { error: { code: 'E_OUTSIDE_CASE' } },
    });
  }
  const { status } = await exhibitJson(['verify'], { cwd: opened.paths.dir });
  expect(status).toBe(1);
  expect(readdirSync(elsewhere)).toEqual([]);
});
