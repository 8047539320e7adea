/** VERIFY.txt on a machine that has nothing of ours (threat row 30): a PATH of coreutils, openssl, tar and the shell's own companions. */
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { expect, test } from 'vitest';
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

test.skipIf(!ready)(
  needs(
    'every command of VERIFY.txt runs there, and finds a good case good',
    'bash',
    'openssl',
    'tar',
  ),
  async () => {
    const { case: opened } = await sealedCase();
    const bin = join(await tempDir(), 'bin');
    mkdirSync(bin);
    for (const program of PROGRAMS.filter(hasTool)) symlinkSync(where(program), join(bin, program));
    const commands = readFileSync(opened.paths.verifyTxt, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('    '))
      .map((line) => line.slice(4));
    const { stdout, stderr } = await runProcess(where('bash'), ['-c', `${commands.join('\n')}\n`], {
      cwd: opened.paths.dir,
      env: { PATH: bin, HOME: bin },
    });
    expect(stderr).not.toMatch(/not found|No such file/);
    for (const done of ['OK seals signed', 'OK volumes', 'OK unpacked', 'OK bags', 'OK repacked'])
      expect(stdout, stderr).toContain(done);
    expect(stdout).toContain('no time-stamps: all times are claims');
    expect(stdout).toMatch(/^OK 3 [0-9a-f]{64}/m);
  },
);
