/** Known answers before anything is signed (threat row 30). */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { allOf, selfTest } from '#src/app/self-test.ts';
import { ROOT } from '../helpers/exhibit.ts';
import { sealedCase } from '../helpers/sealed.ts';
import { tempDir } from '../helpers/temp.ts';
import { hasTool, needs } from '../helpers/tools.ts';

test('every answer is known, and every entry of the ledger says so', async () => {
  expect(selfTest().filter(({ ok }) => !ok)).toEqual([]);
  const { paths } = (await sealedCase()).case;
  const entries = readdirSync(paths.custody).filter((name) => name.endsWith('.json'));
  expect(entries.length).toBeGreaterThan(1);
  for (const name of entries) {
    expect(JSON.parse(readFileSync(join(paths.custody, name), 'utf8'))).toMatchObject({
      tool: { self_test: `${String(selfTest().length)} of ${String(selfTest().length)}` },
    });
  }
});

test('a wrong answer, or none, stops before anything is signed', () => {
  const found = selfTest({
    good: () => true,
    wrong: () => false,
    broken: () => {
      throw new TypeError('no such function');
    },
  });
  expect(() => allOf(found)).toThrow(
    'the self-test failed, so nothing is signed: wrong answers to wrong, broken',
  );
});

test.skipIf(!hasTool('openssl'))(
  needs('the signature among the answers is one for openssl too', 'openssl'),
  async () => {
    const text = readFileSync(join(ROOT, 'src/app/self-test.ts'), 'utf8');
    const [, code = ''] =
      /const SIGNATURE = Buffer\.from\(\n([^;]+?),\n +'base64'/.exec(text) ?? [];
    const base64 = Array.from(code.matchAll(/'([^']+)'/g), ([, part]) => part).join('');
    const dir = await tempDir();
    writeFileSync(join(dir, 'p7s'), Buffer.from(base64, 'base64'));
    writeFileSync(join(dir, 'content'), 'exhibit self-test v1\n');
    const flags = ['-binary', '-noverify', '-inform', 'DER', '-in', 'p7s', '-content', 'content'];
    const { status } = spawnSync('openssl', ['cms', '-verify', ...flags], { cwd: dir });
    expect(status).toBe(0);
  },
);
