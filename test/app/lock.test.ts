/** One writer per case. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { withLock } from '#src/app/lock.ts';
import { casePaths, type CasePaths } from '#src/bundle/layout.ts';
import { fakeEffects } from '../helpers/effects.ts';
import { runProcess } from '../helpers/exhibit.ts';
import { tempDir } from '../helpers/temp.ts';

const LOCKED = expect.objectContaining({ code: 'E_LOCKED' }) as Error;

async function place(): Promise<{ readonly paths: CasePaths }> {
  return { paths: casePaths(await tempDir()) };
}

const holder = (pid: number, host = hostname(), started = ''): string =>
  `${JSON.stringify({ pid, host, started })}\n`;

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** A living process that is not us. */
function sleeper(): number {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  children.push(child);
  return child.pid ?? 0;
}

describe('the lock', () => {
  test('is there while the work runs, names us, and goes away, also when the work fails', async () => {
    const one = await place();
    const seen = await withLock(one, fakeEffects(), () => readFile(one.paths.lock, 'utf8'));
    expect(JSON.parse(seen)).toMatchObject({ pid: process.pid, host: hostname() });
    expect(existsSync(one.paths.lock)).toBe(false);
    const failing = withLock(one, fakeEffects(), () => Promise.reject(new Error('broken')));
    await expect(failing).rejects.toThrow('broken');
    expect(await readdir(one.paths.dir)).toEqual([]);
  });

  test('lets the work lock the same case again, and nobody else in the same process', async () => {
    const one = await place();
    const fx = fakeEffects();
    await withLock(one, fx, async () => {
      expect(await withLock(one, fx, () => Promise.resolve('inner'))).toBe('inner');
      expect(existsSync(one.paths.lock)).toBe(true);
    });
    let release = (): void => {};
    const first = withLock(one, fx, () => new Promise<void>((resolve) => (release = resolve)));
    await expect(withLock(one, fx, () => Promise.resolve())).rejects.toThrow(LOCKED);
    release();
    await first;
  });

  test('of a living process is respected and its holder named', async () => {
    const one = await place();
    const pid = sleeper();
    const started = await startOf(pid);
    await writeFile(one.paths.lock, holder(pid, hostname(), started));
    const attempt = withLock(one, fakeEffects(), () => Promise.resolve());
    await expect(attempt).rejects.toThrow(LOCKED);
    await expect(attempt).rejects.toThrow(`process ${String(pid)} on ${hostname()}`);
    expect(existsSync(one.paths.lock)).toBe(true);
  });

  test.for<[string, () => string]>([
    ['of a process that has died', () => holder(2 ** 22 + 1)],
    ['of a pid that another process has now', () => holder(sleeper(), hostname(), 'boot/1')],
  ])('%s is taken over, with a word on stderr', async ([, content]) => {
    const one = await place();
    const fx = fakeEffects();
    await writeFile(one.paths.lock, content());
    const seen = await withLock(one, fx, () => readFile(one.paths.lock, 'utf8'));
    expect(JSON.parse(seen)).toMatchObject({ pid: process.pid });
    expect(fx.stderr()).toContain('took over the lock of process');
    expect(await readdir(one.paths.dir)).toEqual([]);
  });

  test.for([
    ['of another host', holder(1, 'elsewhere.example')],
    ['that is empty', ''],
    ['that cannot be read', '{"pid":'],
  ])('%s is never taken over', async ([, content]) => {
    const one = await place();
    await writeFile(one.paths.lock, content!);
    await expect(withLock(one, fakeEffects(), () => Promise.resolve())).rejects.toThrow(LOCKED);
    expect(await readFile(one.paths.lock, 'utf8')).toBe(content);
  });

  test('that a person removed while we worked is not taken from the next holder', async () => {
    const one = await place();
    await withLock(one, fakeEffects(), () => writeFile(one.paths.lock, holder(1, 'elsewhere')));
    expect(await readFile(one.paths.lock, 'utf8')).toBe(holder(1, 'elsewhere'));
  });

  test('holds among processes that all find a dead one', async () => {
    const one = await place();
    await writeFile(one.paths.lock, holder(2 ** 22 + 1));
    const script = join(import.meta.dirname, 'fixtures', 'contend.ts');
    const log = join(one.paths.dir, 'log');
    await writeFile(log, '');
    const runs = Array.from({ length: 6 }, () =>
      runProcess(process.execPath, [script, one.paths.dir, log]),
    );
    expect((await Promise.all(runs)).map(({ stderr, status }) => status ?? stderr)).toEqual(
      Array.from({ length: 6 }, () => 0),
    );
    const lines = (await readFile(log, 'utf8')).trim().split('\n');
    expect(lines).toHaveLength(120);
    for (let index = 0; index < lines.length; index += 2) {
      const [inside, pid] = lines[index]!.split(' ');
      expect([inside, lines[index + 1]]).toEqual(['in', `out ${pid!}`]);
    }
    expect(await readdir(one.paths.dir)).toEqual(['log']);
  });
});

/** What a lock of that process would say; taken from a lock that the process itself makes would need its help. */
async function startOf(pid: number): Promise<string> {
  const boot = '/proc/sys/kernel/random/boot_id';
  if (!existsSync(boot)) return '';
  const stat = await readFile(`/proc/${String(pid)}/stat`, 'utf8');
  const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  return `${(await readFile(boot, 'utf8')).trim()}/${ticks}`;
}
