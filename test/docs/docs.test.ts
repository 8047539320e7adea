import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { run } from '#src/cli/main.ts';
import { fakeEffects } from '../helpers/effects.ts';
import { ROOT, runProcess } from '../helpers/exhibit.ts';
import { markdownFiles, readDoc } from './markdown.ts';

test('docs/cli.md is what `exhibit --help` says', async () => {
  const { status, stderr } = await runProcess(
    process.execPath,
    ['docs/generate-cli.ts', '--check'],
    {
      cwd: ROOT,
    },
  );
  expect(stderr).toBe('');
  expect(status).toBe(0);
});

test('docs/cli.md names every verb in its opening', async () => {
  const fx = fakeEffects();
  expect(await run(['--help'], fx)).toBe(0);
  const verbs = Array.from(fx.stdout().matchAll(/^ {2}([a-z]+)\b/gm), ([, verb]) => verb ?? '');
  expect(verbs).toContain('verify');
  const opening = readDoc('docs/cli.md').split('\n## ')[0] ?? '';
  const missing = verbs.filter(
    (verb) => verb !== 'help' && !opening.includes(`(#exhibit-${verb})`),
  );
  expect(missing).toEqual([]);
});

describe.each(markdownFiles())('%s', (file) => {
  test('links lead somewhere', () => {
    const text = readDoc(file).replace(/```[\s\S]*?```/g, '');
    const targets = Array.from(text.matchAll(/\]\(([^)\s]+)\)/g), ([, target]) => target ?? '');
    const dead = targets
      .filter((target) => !/^(https?:|mailto:|#)/.test(target))
      .map((target) => target.replace(/#.*$/, ''))
      .filter((target) => !existsSync(join(ROOT, dirname(file), target)));
    expect(dead).toEqual([]);
  });

  test('names no path of the machine it was written on', () => {
    expect(readDoc(file)).not.toMatch(/\/work\/|\/tmp\/|\/root\/|\/home\//);
  });
});
