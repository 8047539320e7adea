/**
 * Least rights, verb by verb: whatever evidence makes a verb do, it has no network, starts no program, and writes nowhere but
 * into the case. A script that tries all of it is planted in the place of exhibit, under the very flags of each verb. The
 * permission model follows links, so a verb that writes refuses a case with a link in place of any folder it writes into.
 */
import { mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { run } from '#src/cli/main.ts';
import { fakeEffects } from '../helpers/effects.ts';
import { exhibitJson, ROOT, runProcess } from '../helpers/exhibit.ts';
import { failures, sealedCase, verifyCase } from '../helpers/sealed.ts';
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

/** A folder inside a case that leads elsewhere, and a verb that would write there. */
const THROUGH: readonly (readonly [folder: string, words: readonly string[]])[] = [
  ['evidence/EV-0001', ['custody', 'timestamp', 'EV-0001', '--request']],
  ['evidence/EV-0002', ['collect', 'dir', '.']],
  ['staging/EV-0002', ['collect', 'dir', '.']],
  ['staging/EV-0002/objects', ['collect', 'dir', '.']],
  ['pki/tsa', ['custody', 'timestamp', 'EV-0001', '--attach', 'answer.tsr']],
  ['queries/Q-0001', ['query', 'sql', 'SELECT 1']],
];

test.each(THROUGH)('writes nothing through a link in place of %s', async (folder, words) => {
  const made = await sealedCase();
  const { dir } = made.case.paths;
  const cwd = await tempDir();
  writeFileSync(join(cwd, 'answer.tsr'), 'none');
  const elsewhere = join(await tempDir(), 'elsewhere');
  const place = join(dir, folder);
  if (folder === 'evidence/EV-0001') renameSync(place, elsewhere);
  else {
    mkdirSync(elsewhere);
    mkdirSync(dirname(place), { recursive: true });
  }
  symlinkSync(elsewhere, place);
  const before = readdirSync(elsewhere);
  const { status, json } = await exhibitJson([...words, '--case', dir], { cwd });
  expect({ status, json }).toMatchObject({
    status: 4,
    json: { error: { code: 'E_OUTSIDE_CASE', where: place } },
  });
  expect(readdirSync(elsewhere)).toEqual(before);
  const verdict = await verifyCase(made);
  expect(failures(verdict)).toContain('case.folders');
  expect(verdict.checks.find(({ id }) => id === 'case.folders')?.subject).toBe(folder);
});

test('keys may lead elsewhere, and verify says so', async () => {
  const made = await sealedCase();
  const { keys } = made.case.paths;
  const elsewhere = join(await tempDir(), 'keys');
  renameSync(keys, elsewhere);
  symlinkSync(elsewhere, keys);
  const { checks } = await verifyCase(made);
  expect(checks.find(({ id }) => id === 'case.folders')).toMatchObject({
    status: 'pass',
    detail: expect.stringContaining('none leads elsewhere but keys') as string,
  });
});
