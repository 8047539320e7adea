/**
 * Least rights, verb by verb: whatever evidence makes a verb do, it has no network, starts no program, and writes nowhere but
 * into the case. A script that tries all of it is planted in the place of exhibit, under the very flags of each verb.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { run } from '#src/cli/main.ts';
import { fakeEffects } from '../helpers/effects.ts';
import { ROOT, runProcess } from '../helpers/exhibit.ts';
import { tempDir } from '../helpers/temp.ts';

const { nodeFlags } = createRequire(import.meta.url)(`${ROOT}/bin/launch.js`) as {
  readonly nodeFlags: (
    argv: readonly string[],
    env: Readonly<Record<string, string>>,
    cwd: string,
  ) => readonly string[];
};

/** Verbs that read no evidence of strangers, or cannot do without fsync (decision 0004): every other one is fenced in. */
const FREE = ['collect', 'demo', 'init', 'seal'];

async function verbs(): Promise<string[]> {
  const fx = fakeEffects();
  let help = '';
  await run(['--help'], { ...fx, out: { isTTY: false, write: (text) => void (help += text) } });
  const list = help.split('\nCommands:\n')[1] ?? '';
  return [...list.matchAll(/^ {2}([a-z-]+)/gm)]
    .map(([, name]) => name ?? '')
    .filter((name) => name !== 'help');
}

describe('every verb', async () => {
  const all = await verbs();
  const fenced = all.filter((verb) => !FREE.includes(verb));

  test('is known', () => {
    expect(fenced.length).toBeGreaterThan(10);
    for (const verb of FREE) expect(nodeFlags([verb], {}, ROOT)).toEqual([]);
  });

  test.each(fenced)('%s', async (verb) => {
    const folder = await tempDir();
    const dir = join(folder, 'case');
    mkdirSync(dir);
    writeFileSync(join(dir, 'case.json'), '{}');
    const flags = nodeFlags([verb], {}, dir);
    expect(flags).toContain('--permission');
    expect(flags.filter((flag) => /^--allow-(?:net|child|wasi|inspector)/.test(flag))).toEqual([]);
    const inside = join(dir, 'inside');
    const outside = [join(folder, 'outside'), `${dir}-2`, join(ROOT, 'planted')];
    const { stdout, stderr } = await runProcess(
      process.execPath,
      [...flags, join(ROOT, 'test/launcher/fixtures/probe.ts'), verb, 'probe', inside, ...outside],
      { cwd: dir },
    );
    const fence = {
      child: 'ERR_ACCESS_DENIED',
      socket: 'ERR_ACCESS_DENIED',
      [inside]: 'done',
      ...Object.fromEntries(outside.map((place) => [place, 'ERR_ACCESS_DENIED'])),
    };
    expect(JSON.parse(stdout), stderr).toMatchObject({ main: fence, worker: fence });
  });
});
