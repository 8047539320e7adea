import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findCase as findCaseInOptions } from '#src/cli/options.ts';
import { ERROR_CODES } from '#src/core/errors.ts';
import { fakeEffects } from '../helpers/effects.ts';
import { ROOT, runProcess } from '../helpers/exhibit.ts';
import type { RunResult } from '../helpers/exhibit.ts';
import { otherNode } from '../helpers/nodes.ts';
import { tempDir } from '../helpers/temp.ts';

interface Launcher {
  readonly findCase: (
    argv: readonly string[],
    env: Readonly<Record<string, string>>,
    cwd: string,
  ) => string | undefined;
}
const launcher = createRequire(import.meta.url)(`${ROOT}/bin/launch.js`) as Launcher;

interface Facts {
  readonly version: string;
  readonly argv: readonly string[];
  readonly node_options: string | null;
  readonly main: Readonly<Record<string, string>>;
  readonly worker: Readonly<Record<string, string>>;
}

/** A copy of the package whose start.ts is the probe; `modules` is where node_modules goes, if anywhere. */
function packageCopy(folder: string, modules: string | undefined): string {
  mkdirSync(join(folder, 'src/cli'), { recursive: true });
  cpSync(join(ROOT, 'bin'), join(folder, 'bin'), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
  cpSync(join(ROOT, 'test/launcher/fixtures/probe.ts'), join(folder, 'src/cli/start.ts'));
  if (modules !== undefined) symlinkSync(join(ROOT, 'node_modules'), join(modules, 'node_modules'));
  return join(folder, 'bin/exhibit');
}

async function probeCopy(): Promise<string> {
  const folder = await tempDir();
  return packageCopy(folder, folder);
}

const pinned = process.execPath;
const old = otherNode();
const nodes: [string, string][] = [['the pinned Node', pinned]];
if (old !== undefined) nodes.push(["the machine's own Node", old]);

test.skipIf(old === undefined)(
  old === undefined ? 'another Node starts us (SKIPPED: none on PATH)' : 'another Node starts us',
  async () => {
    const bin = await probeCopy();
    const { stdout } = await runProcess(old!, [bin, 'init', 'probe']);
    expect((JSON.parse(stdout) as Facts).version).toBe(process.version);
  },
);

describe.each(nodes)('started by %s', (_name, node) => {
  // The probe writes files named by its words: never into the package.
  const start = async (args: readonly string[], env = {}, cwd?: string): Promise<RunResult> =>
    runProcess(node, [await probeCopy(), ...args], { env, cwd: cwd ?? (await tempDir()) });

  test('hands words on untouched and drops NODE_OPTIONS', async () => {
    const words = ['collect', 'probe', '--x=1', '', 'ä b', '--', '-v'];
    const { stdout } = await start(words, { NODE_OPTIONS: '--no-warnings' });
    const facts = JSON.parse(stdout) as Facts;
    expect(facts.argv).toEqual(words);
    expect(facts.node_options).toBeNull();
  });

  test.each([0, 1, 3, 70])('passes exit status %i through', async (status) => {
    expect((await start(['init', 'exit', String(status)])).status).toBe(status);
  });

  test.each(['SIGTERM', 'SIGKILL'] as const)('dies of %s as the inner Node did', async (signal) => {
    expect(await start(['init', 'die', signal])).toMatchObject({ status: null, signal });
  });

  test.each([
    ['SIGINT', 42, null],
    ['SIGTERM', null, 'SIGTERM'],
  ] as const)('forwards %s', async (sent, status, signal) => {
    const bin = await probeCopy();
    const child = spawn(node, [bin, 'init', 'wait'], { stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.once('data', () => child.kill(sent));
    const end = await new Promise((resolve) => {
      child.on('exit', (...how) => {
        resolve(how);
      });
    });
    expect(end).toEqual([status, signal]);
  });

  test('an analysing verb writes only into the case and the named output', async () => {
    const folder = await tempDir();
    mkdirSync(join(folder, 'case, one'));
    writeFileSync(join(folder, 'case, one/case.json'), '{}');
    symlinkSync(join(folder, 'case, one'), join(folder, 'link'));
    const inside = [
      join(folder, 'case, one/file'),
      join(folder, 'case, one/new/'),
      join(folder, 'link/file'),
      join(folder, 'out/'),
      join(folder, 'out/file'),
    ];
    const outside = [
      join(folder, 'file'),
      join(folder, 'case, one/../file'),
      join(folder, 'case, one2'),
      join(folder, 'output'),
    ];
    const args = ['report', 'probe', ...inside, ...outside, '--out', 'out', '--case', 'link'];
    const { stdout, stderr } = await start(args, {}, folder);
    const { main, worker } = JSON.parse(stdout) as Facts;
    const fence = {
      child: 'ERR_ACCESS_DENIED',
      socket: 'ERR_ACCESS_DENIED',
      read: 'done',
      addon: 'done',
      ...Object.fromEntries(inside.map((place) => [place, 'done'])),
      ...Object.fromEntries(outside.map((place) => [place, 'ERR_ACCESS_DENIED'])),
    };
    expect(main).toMatchObject(fence);
    expect(worker).toMatchObject(fence);
    expect(stderr).not.toContain('SecurityWarning');
  });

  test('a collecting verb is not fenced: it could not fsync', async () => {
    const { stdout } = await start(['collect', 'probe']);
    expect((JSON.parse(stdout) as Facts).main).toMatchObject({
      child: 'done',
      socket: 'ECONNREFUSED',
    });
  });

  test('finds the platform package in a parent folder too', async () => {
    const folder = await tempDir();
    const bin = packageCopy(join(folder, 'packages/exhibit'), folder);
    expect((await runProcess(node, [bin, 'init', 'exit', '7'])).status).toBe(7);
  });
});

test('says so when the working folder is gone', async () => {
  const script = 'mkdir gone && cd gone && rmdir ../gone && exec "$0" "$@"';
  const words = ['-c', script, process.execPath, join(ROOT, 'bin/exhibit'), 'status', '--json'];
  const { status, stdout } = await runProcess('sh', words, { cwd: await tempDir() });
  expect(status).toBe(3);
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'E_READ' } });
});

describe.skipIf(old === undefined)('without the platform package (npm ci --omit=optional)', () => {
  test('says what to do and exits 3', async () => {
    const bin = packageCopy(await tempDir(), undefined);
    const { status, stdout, stderr } = await runProcess(old!, [bin, 'status']);
    expect({ status, stdout }).toEqual({ status: 3, stdout: '' });
    expect(stderr).toMatch(/^exhibit: Node [\d.]+ \(npm package node-\S+\) is not installed/);
    expect(stderr).toContain('next:  run `npm ci`');
  });

  test('says it as JSON when asked', async () => {
    const bin = packageCopy(await tempDir(), undefined);
    const { status, stdout } = await runProcess(old!, [bin, 'status', '--json']);
    const { error } = JSON.parse(stdout) as { error: { code: keyof typeof ERROR_CODES } };
    expect(ERROR_CODES[error.code].exit).toBe(status);
    expect(error).toMatchObject({ code: 'E_NO_NODE', where: null });
  });
});

test('finds the case folder exactly as the command line does', async () => {
  const folder = await tempDir();
  const made = join(folder, 'made');
  mkdirSync(join(made, 'evidence/EV-0001'), { recursive: true });
  writeFileSync(join(made, 'case.json'), '{}');
  mkdirSync(join(folder, 'other'));
  writeFileSync(join(folder, 'other/case.json'), '{}');
  const rows: [readonly string[], Record<string, string>, string][] = [
    [[], {}, made],
    [[], {}, join(made, 'evidence/EV-0001')],
    [[], { EXHIBIT_CASE: '' }, made],
    [[], { EXHIBIT_CASE: 'other' }, folder],
    [[], { EXHIBIT_CASE: join(folder, 'other') }, made],
    [['--case', 'other'], { EXHIBIT_CASE: made }, folder],
    [['--case=../other'], {}, made],
    [['--case', 'nowhere', '--case', 'other/'], {}, folder],
  ];
  for (const [words, env, cwd] of rows) {
    const named = words.at(-1)?.replace('--case=', '');
    const options = named === undefined ? {} : { case: named };
    expect(launcher.findCase(['status', ...words], env, cwd)).toBe(
      findCaseInOptions(options, fakeEffects({ env, cwd })),
    );
  }
  expect(launcher.findCase(['status'], {}, folder)).toBeUndefined();
});
