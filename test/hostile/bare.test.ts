/**
 * VERIFY.txt on a machine that has nothing of ours (threat row 30): a PATH of coreutils, openssl, tar and the shell's own
 * companions, and a container whose file system holds these programs, the libraries that they load, the case, and no more.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { Case } from '#src/app/case.ts';
import { runProcess, type RunResult } from '../helpers/exhibit.ts';
import { sealedCase } from '../helpers/sealed.ts';
import { tempDir } from '../helpers/temp.ts';
import { hasTool, needs } from '../helpers/tools.ts';

/** GNU coreutils as far as the commands use them; then tar, openssl, and what POSIX puts beside every shell. */
const PROGRAMS = (
  'base64 basename cat cp cut date dirname echo env head ls mkdir mktemp mv od printf rm seq sha256sum ' +
  'sha512sum sort tail test touch tr uniq wc bash awk cmp diff find grep openssl sed tar xargs'
).split(' ');
const TOOLS = ['bash', 'openssl', 'tar'] as const;
const ready = [...TOOLS, 'sha256sum', 'cmp', 'diff', 'find'].every(hasTool);
/** Namespaces of its own, in which it may mount and change its root. */
const APART = ['-rmnpf'] as const;
const canContain =
  hasTool('unshare') &&
  hasTool('ldd') &&
  spawnSync('unshare', [...APART, 'chroot', '/', 'true']).status === 0;

function where(program: string): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return join(folders.find((folder) => existsSync(join(folder, program))) ?? '', program);
}

function commandsOf({ paths }: Case): string {
  return readFileSync(paths.verifyTxt, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('    '))
    .map((line) => `${line.slice(4)}\n`)
    .join('');
}

/** Runs all commands of VERIFY.txt in one shell that finds nothing but these programs. */
async function inBareShell(opened: Case): Promise<RunResult> {
  const bin = join(await tempDir(), 'bin');
  mkdirSync(bin);
  for (const program of PROGRAMS.filter(hasTool)) symlinkSync(where(program), join(bin, program));
  return runProcess(where('bash'), ['-c', commandsOf(opened)], {
    cwd: opened.paths.dir,
    env: { PATH: bin, HOME: bin },
  });
}

let root = '';

/** A root folder with the programs, their libraries, and the places where the rest is mounted. */
async function makeRoot(): Promise<string> {
  const made = join(await tempDir(), 'root');
  for (const folder of ['bin', 'case', 'dev', 'proc', 'tmp']) {
    mkdirSync(join(made, folder), { recursive: true });
  }
  for (const program of PROGRAMS.filter(hasTool)) {
    const file = realpathSync(where(program));
    copyFileSync(file, join(made, 'bin', program));
    const { stdout } = spawnSync('ldd', [file], { encoding: 'utf8' });
    for (const [library] of stdout.matchAll(/\/[^ ]+/g)) {
      mkdirSync(join(made, dirname(library)), { recursive: true });
      copyFileSync(library, join(made, library));
    }
  }
  const config = execFileSync('openssl', ['version', '-d'], { encoding: 'utf8' }).split('"')[1];
  if (config !== undefined) {
    mkdirSync(join(made, config), { recursive: true });
    copyFileSync(join(config, 'openssl.cnf'), join(made, config, 'openssl.cnf'));
  }
  return made;
}

/** Runs them where there is no other file at all, and no network. */
function inContainer(opened: Case): Promise<RunResult> {
  const enter =
    'mount --rbind /dev "$1/dev" && mount -t proc proc "$1/proc" && mount --bind "$2" "$1/case" && ' +
    'exec chroot "$1" /bin/bash -c "cd /case; PATH=/bin HOME=/tmp; $3"';
  const words = ['sh', '-c', enter, 'sh', root, opened.paths.dir, commandsOf(opened)];
  return runProcess('unshare', [...APART, ...words], { env: { PATH: process.env['PATH'] } });
}

beforeAll(async () => {
  if (ready && canContain) root = await makeRoot();
});

/** What the commands print where all is well. */
const GOOD = {
  ledger: /^OK 3 [0-9a-f]{64}/m,
  seals: /^OK seals signed$/m,
  volumes: /^OK volumes$/m,
  unpacked: /^OK unpacked$/m,
  bags: /^OK bags$/m,
  repacked: /^OK repacked$/m,
} as const;

function unsaid(stdout: string): string[] {
  return Object.entries(GOOD)
    .filter(([, words]) => !words.test(stdout))
    .map(([name]) => name);
}

/** A test where only these programs are, and one in a container. */
function onBareGround(title: string, check: (run: typeof inBareShell) => Promise<void>): void {
  test.skipIf(!ready)(needs(`with these programs alone, ${title}`, ...TOOLS), () =>
    check(inBareShell),
  );
  const right = canContain ? '' : ' (SKIPPED: no right to make namespaces)';
  test.skipIf(!ready || !canContain)(`in a container, ${title}${right}`, () => check(inContainer));
}

onBareGround('every command of VERIFY.txt runs, and finds a good case good', async (run) => {
  const { stdout, stderr } = await run((await sealedCase()).case);
  expect(stderr).not.toMatch(/not found|No such file/);
  expect(unsaid(stdout), stderr).toEqual([]);
  expect(stdout).toContain('no time-stamps: all times are claims');
});

/** What was done, by which bytes, and what is then not said any more: in a header, tar notices its own sum first. */
const TAMPERED: readonly (readonly [
  what: string,
  file: string,
  from: string,
  to: string,
  unsaid: readonly (keyof typeof GOOD)[],
])[] = [
  ['a byte of payload', 'evidence/EV-0001/EV-0001.v002.tar', 'bbbb', 'bxbb', ['volumes', 'bags']],
  [
    'an owner in a header',
    'evidence/EV-0001/EV-0001.v002.tar',
    '0000000\0',
    '0000007\0',
    ['volumes', 'unpacked', 'bags', 'repacked'],
  ],
  ['a ledger entry', 'custody/00000003.json', '"sealed"', '"copied"', ['ledger']],
  ['a line of the seal', 'evidence/EV-0001/EV-0001.seal', 'TEST-1', 'TEST-2', ['ledger', 'seals']],
];

for (const [what, file, from, to, expected] of TAMPERED) {
  onBareGround(`they tell ${what}`, async (run) => {
    const { case: opened } = await sealedCase();
    const path = join(opened.paths.dir, file);
    const text = readFileSync(path, 'latin1');
    expect(text).toContain(from);
    writeFileSync(path, text.replace(from, to), 'latin1');
    const { stdout, stderr } = await run(opened);
    expect(unsaid(stdout), `${stdout}\n${stderr}`).toEqual(expected);
  });
}
