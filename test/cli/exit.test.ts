import { spawnSync } from 'node:child_process';
import { existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { reportFailure } from '#src/cli/exit.ts';
import { run } from '#src/cli/main.ts';
import { ExhibitError } from '#src/core/errors.ts';
import { fakeEffects } from '../helpers/effects.ts';

const aborted = (): unknown => {
  try {
    AbortSignal.abort().throwIfAborted();
  } catch (error) {
    return error;
  }
  return undefined;
};

const enospc = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', syscall: 'write', path: '/x' });

test.each([
  ['Ctrl-C', aborted(), 3, 'E_UNFINISHED'],
  ['a full disk', enospc, 3, 'ENOSPC'],
  ['an expected failure', new ExhibitError('E_LOCKED', 'held'), 4, 'E_LOCKED'],
  ['anything else', new TypeError('x is undefined'), 70, 'BUG'],
])('%s', (_name, error, status, code) => {
  const fx = fakeEffects();
  expect(reportFailure(error, fx, true)).toBe(status);
  expect(JSON.parse(fx.stdout())).toMatchObject({ error: { code } });
});

test('hostile text in a message does not reach the terminal as it is', () => {
  const fx = fakeEffects();
  reportFailure(
    new ExhibitError('E_READ', 'a\u001b[2Jb', { where: { file: 'c\u202ed' } }),
    fx,
    false,
  );
  expect(fx.stderr()).toContain('exhibit: a\\u{1b}[2Jb\n  where: c\\u{202e}d\n');
});

const fails = (): never => {
  throw enospc;
};

test.each([['foo'], ['verify', '--bogus'], ['show']])(
  'a usage error of %s names the help',
  async (...argv) => {
    const [plain, json] = [fakeEffects(), fakeEffects()];
    expect(await run(argv, plain)).toBe(2);
    expect(plain.stderr()).toMatch(/^error: .*\n {2}next: {2}`exhibit --help` .*\n$/);
    expect(await run([...argv, '--json'], json)).toBe(2);
    expect(json.stdout()).toMatch(/"E_USAGE".*"hint":"`exhibit --help`/);
  },
);

test('a stdout that is full does not hide the failure, and is not "bad news"', () => {
  const fx = fakeEffects();
  expect(reportFailure(enospc, { ...fx, out: { isTTY: false, write: fails } }, true)).toBe(3);
  expect(fx.stderr()).toContain('the disk is full');
});

test('with both streams full the exit status is left', () => {
  const full = { isTTY: false, write: fails };
  expect(reportFailure(enospc, { ...fakeEffects(), out: full, err: full }, false)).toBe(3);
});

test.skipIf(!existsSync('/dev/full'))('--json into a full device ends with 3', () => {
  const launcher = join(import.meta.dirname, '../../bin/exhibit');
  const ended = spawnSync(process.execPath, [launcher, 'query', 'list', '--json'], {
    stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'],
    encoding: 'utf8',
  });
  expect({ status: ended.status, stderr: ended.stderr }).toEqual({
    status: 3,
    stderr: 'exhibit: the disk is full\n  next:  free some space and run the same command again\n',
  });
});
