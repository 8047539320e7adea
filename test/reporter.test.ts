import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT, runProcess } from './helpers/exhibit.ts';
import { tempDir } from './helpers/temp.ts';

/** Runs vitest with our reporter on the given test files; gives exit status and the last line. */
async function lastLine(files: Readonly<Record<string, string>>): Promise<[number | null, string]> {
  const folder = await tempDir();
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const config = { test: { reporters: [join(ROOT, 'test/reporter.ts')] } };
  writeFileSync(join(folder, 'vitest.config.js'), `export default ${JSON.stringify(config)};\n`);
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, name), `import { expect, test } from 'vitest';\n${text}\n`);
  }
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const { status, stdout } = await runProcess(process.execPath, [vitest, 'run'], { cwd: folder });
  return [status, stdout.trimEnd().split('\n').at(-1) ?? ''];
}

const good = "test('good', () => { expect(1).toBe(1); });";

test('all good', async () => {
  expect(await lastLine({ 'a.test.js': good, 'b.test.js': good })).toEqual([
    0,
    '2 passed, 0 failed',
  ]);
});

test('a skipped test is counted', async () => {
  const text = `${good} test.skip('later', () => {}); test.todo('some day');`;
  expect(await lastLine({ 'a.test.js': text })).toEqual([0, '1 passed, 0 failed, 2 skipped']);
});

test('a failing test, a file that does not load and a stray rejection are failures', async () => {
  const bad = "test('bad', () => { expect(1).toBe(2); });";
  expect(await lastLine({ 'a.test.js': good + bad })).toEqual([1, '1 passed, 1 failed']);
  expect(await lastLine({ 'a.test.js': good, 'b.test.js': "throw new Error('no')" })).toEqual([
    1,
    '1 passed, 1 failed',
  ]);
  const stray = "test('stray', () => { void Promise.reject(new Error('no')); });";
  expect(await lastLine({ 'a.test.js': stray })).toEqual([1, '1 passed, 1 failed']);
});
