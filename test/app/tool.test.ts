/** Which exhibit this is, and what of the command line it remembers. */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { redactedArgv } from '#src/app/redact.ts';
import { hashOfFiles, toolIdentity } from '#src/app/tool.ts';
import { run } from '#src/cli/main.ts';
import { fakeEffects } from '../helpers/effects.ts';
import { exhibit, exhibitJson, ROOT } from '../helpers/exhibit.ts';
import { readDoc } from '../docs/markdown.ts';
import { tempDir } from '../helpers/temp.ts';

describe('the tool', () => {
  test('--version names tool, node and sqlite', async () => {
    const { status, json } = await exhibitJson(['--version']);
    const { name, version, node, sqlite } = toolIdentity();
    expect(status).toBe(0);
    expect(json).toEqual({ tool: { name, version }, node, sqlite });
    expect(sqlite).toMatch(/^3\.\d+\.\d+$/);
    expect((await exhibit(['--version'])).stdout).toBe(
      `exhibit ${version} (node ${node}, sqlite ${sqlite})\n`,
    );
  });

  test('its hash is the one that the command in docs/custody.md computes', async () => {
    const command = /^find bin src .*$/m.exec(readDoc('docs/custody.md'))?.[0] ?? '';
    const { stdout } = await promisify(execFile)('sh', ['-c', command], { cwd: ROOT });
    const { hash } = toolIdentity();
    expect(stdout.slice(0, 64)).toBe(hash);
    expect(toolIdentity().hash).toBe(hash);
  });

  test('its hash changes with any file, and not with the order they were made in', async () => {
    const make = async (names: readonly string[]): Promise<string> => {
      const root = await tempDir();
      for (const name of names) {
        await mkdir(join(root, name, '..'), { recursive: true });
        await writeFile(join(root, name), name);
      }
      return root;
    };
    const names = ['src/a/b.ts', 'src/a-b.ts', 'src/Z.ts', 'package.json'];
    const one = await make(names);
    const hash = (root: string): string => hashOfFiles(root, ['src', 'bin', 'package.json']);
    expect(hash(await make([...names].reverse()))).toBe(hash(one));
    await writeFile(join(one, 'elsewhere'), '');
    expect(hash(one)).toBe(hash(await make(names)));
    await writeFile(join(one, 'src/new.ts'), '');
    expect(hash(one)).not.toBe(hash(await make(names)));
  });
});

describe('the command line in the ledger', () => {
  test.for([
    [
      ['--passphrase', 'hunter2'],
      ['--passphrase', '[redacted]'],
    ],
    [
      ['--secret-key=hunter2', 'x'],
      ['--secret-key=[redacted]', 'x'],
    ],
    [
      ['--session-token', 'hunter2', '--json'],
      ['--session-token', '[redacted]', '--json'],
    ],
    [
      ['https://b.s3.amazonaws.com/k?X-Amz-Signature=hunter2#f'],
      ['https://b.s3.amazonaws.com/k?[redacted]#f'],
    ],
    [['--from=https://user:hunter2@host/p'], ['--from=https://[redacted]@host/p']],
    [
      ['query', 'sql', "SELECT 'https://a/b?c=hunter2'"],
      ['query', 'sql', "SELECT 'https://a/b?[redacted]"],
    ],
    [
      ['collect', 'dir', '/evidence?', '--as', 'x'],
      ['collect', 'dir', '/evidence?', '--as', 'x'],
    ],
    [['lone \ud800'], ['lone \ufffd']],
    [
      ['--identity', 'AGE-SECRET-KEY-1QQPZRY9', '--to=age-secret-key-1qqpzry9'],
      ['--identity', '[redacted]', '--to=[redacted]'],
    ],
  ])('%j becomes %j', ([words, kept]) => {
    expect(redactedArgv(words!)).toEqual(kept);
  });

  test('a very long word is cut and its length told', () => {
    const [word] = redactedArgv(['x'.repeat(50_000)]);
    expect(word).toBe(`${'x'.repeat(2000)}… (50000 characters)`);
  });
});

describe('custody log and verify', () => {
  test('without a case they say so', async () => {
    const fx = fakeEffects({ cwd: await tempDir() });
    expect(await run(['custody', 'log', '--json'], fx)).toBe(2);
    expect(JSON.parse(fx.stdout())).toMatchObject({ error: { code: 'E_NO_CASE' } });
  });
});
