/** VERIFY.txt on a machine that has nothing of ours (threat row 30): a PATH of coreutils, openssl, tar and the shell's own companions. */
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { expect, test } from 'vitest';
import type { Case } from '#src/app/case.ts';
import { runProcess } from '../helpers/exhibit.ts';
import { sealedCase } from '../helpers/sealed.ts';
import { tempDir } from '../helpers/temp.ts';
import { hasTool, needs } from '../helpers/tools.ts';

/** GNU coreutils as far as the commands use them; then tar, openssl, and what POSIX puts beside every shell. */
const PROGRAMS = (
  'base64 basename cat cp cut date dirname echo env head ls mkdir mktemp mv od printf rm seq sha256sum ' +
  'sha512sum sort tail test touch tr uniq wc bash awk cmp diff find grep openssl sed tar xargs'
).split(' ');
const ready = ['bash', 'openssl', 'tar', 'sha256sum', 'cmp', 'diff', 'find'].every(hasTool);

function where(program: string): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return join(folders.find((folder) => existsSync(join(folder, program))) ?? '', program);
}

/** Runs all commands of VERIFY.txt in one shell that finds nothing but these programs. */
async function inBareShell({ paths }: Case): Promise<{ stdout: string; stderr: string }> {
  const bin = join(await tempDir(), 'bin');
  mkdirSync(bin);
  for (const program of PROGRAMS.filter(hasTool)) symlinkSync(where(program), join(bin, program));
  const commands = readFileSync(paths.verifyTxt, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('    '))
    .map((line) => line.slice(4));
  return runProcess(where('bash'), ['-c', `${commands.join('\n')}\n`], {
    cwd: paths.dir,
    env: { PATH: bin, HOME: bin },
  });
}

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

const TOOLS = ['bash', 'openssl', 'tar'];

test.skipIf(!ready)(
  needs('every command of VERIFY.txt runs there, and finds a good case good', ...TOOLS),
  async () => {
    const { case: opened } = await sealedCase();
    const { stdout, stderr } = await inBareShell(opened);
    expect(stderr).not.toMatch(/not found|No such file/);
    expect(unsaid(stdout), stderr).toEqual([]);
    expect(stdout).toContain('no time-stamps: all times are claims');
  },
);

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

test.skipIf(!ready).each(TAMPERED)('and tell %s', async (_, file, from, to, expected) => {
  const { case: opened } = await sealedCase();
  const path = join(opened.paths.dir, file);
  const text = readFileSync(path, 'latin1');
  expect(text).toContain(from);
  writeFileSync(path, text.replace(from, to), 'latin1');
  const { stdout, stderr } = await inBareShell(opened);
  expect(unsaid(stdout), `${stdout}\n${stderr}`).toEqual(expected);
});
