/**
 * SQLite's own operations on files: strace counts its system calls file by file and makes the n-th one fail, or kills the
 * process there. Where ptrace is refused, or strace is not installed, this half of the sweep cannot run and says so.
 */
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { command, type Ended } from './child.ts';
import type { Fault, Kind } from './plan.ts';
import type { Disturbance } from './sweep.ts';
import type { Verb } from './verbs.ts';

/** System calls by which SQLite changes or reads files, and how each can go wrong. */
const CALLS: Readonly<Record<string, { readonly kind: Kind; readonly faults: readonly Fault[] }>> =
  {
    openat: { kind: 'open', faults: ['EIO', 'ENOSPC', 'kill'] },
    pwrite64: { kind: 'write', faults: ['EIO', 'ENOSPC', 'EINTR', 'kill'] },
    pread64: { kind: 'read', faults: ['EIO', 'EINTR'] },
    fsync: { kind: 'sync', faults: ['EIO', 'ENOSPC', 'kill'] },
    fdatasync: { kind: 'sync', faults: ['EIO', 'ENOSPC', 'kill'] },
    ftruncate: { kind: 'write', faults: ['EIO', 'kill'] },
    rename: { kind: 'rename', faults: ['EIO', 'ENOSPC', 'kill'] },
    unlink: { kind: 'remove', faults: ['EIO', 'kill'] },
  };
const TRACE = `trace=${Object.keys(CALLS).join(',')}`;

/** True if strace can be used here. */
export function canTrace(): boolean {
  return (
    spawnSync('strace', ['-qq', '-o', '/dev/null', process.execPath, '--version']).status === 0
  );
}

/** Every disturbance of the verb's database files: each call on each file, counted as strace counts, in each thread. */
export async function nativeDisturbances(world: string, verb: Verb): Promise<Disturbance[]> {
  const log = join(world, '..', 'strace.log');
  const ended = await trace(world, verb, log, ['-y', '-e', TRACE]);
  if (ended.status !== (verb.status ?? 0)) throw new Error(`${ended.stdout}${ended.stderr}`);
  const found: Disturbance[] = [];
  for (const [key, most] of callsPerFile(readFileSync(log, 'utf8'), join(world, 'case'))) {
    const [call = '', path = ''] = key.split('\t');
    const { kind, faults } = CALLS[call] ?? { kind: 'stat', faults: [] };
    for (let at = 1; at <= most; at += 1) {
      for (const fault of faults) {
        const what = { at: `${call}.${String(at)}`, kind, path: `case/${path}` };
        found.push({
          point: what,
          fault,
          strike: (here) => strike(here, verb, call, path, at, fault),
        });
      }
    }
  }
  rmSync(log);
  return found;
}

async function strike(
  world: string,
  verb: Verb,
  call: string,
  path: string,
  at: number,
  fault: Fault,
): Promise<Ended> {
  const how = fault === 'kill' ? 'signal=KILL' : `error=${fault}`;
  // A full disk stays full.
  const when = `when=${String(at)}${fault === 'ENOSPC' ? '+' : ''}`;
  const log = join(world, '..', 'strace.log');
  const file = join(world, 'case', path);
  const words = ['-P', file, '-e', `trace=${call}`, '-e', `inject=${call}:${how}:${when}`];
  const ended = await trace(world, verb, log, words);
  const struck = ended.signal === 'SIGKILL' || readFileSync(log, 'utf8').includes('(INJECTED)');
  rmSync(log);
  return { ...ended, points: struck ? [{ at: call, kind: 'write', path }] : [] };
}

/** Most calls of one thread by call and file; only files that SQLite made or opens. */
function callsPerFile(log: string, dir: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of log.split('\n')) {
    const [, thread = '', call = ''] = /^(\d+) +(\w+)\(/.exec(line) ?? [];
    const file = /["<]([^"<>]*)[">]/.exec(line.replace(/AT_FDCWD<[^>]*>/, ''))?.[1] ?? '';
    const path = file.startsWith(`${dir}/`) ? file.slice(dir.length + 1) : '';
    // Names of SQLite's temporary files are random, or it has removed them already; runs of rows are not SQLite's.
    if (CALLS[call] === undefined || !/\.db\b/.test(path) || /etilqs|#\d|\/run-/.test(path))
      continue;
    const key = `${call}\t${path}\t${thread}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const most = new Map<string, number>();
  for (const [key, count] of counts) {
    const file = key.slice(0, key.lastIndexOf('\t'));
    most.set(file, Math.max(count, most.get(file) ?? 0));
  }
  return most;
}

function trace(world: string, verb: Verb, log: string, words: readonly string[]): Promise<Ended> {
  const { cwd, args, env } = command(world, verb);
  const all = ['-f', '-qq', '-o', log, ...words, process.execPath, ...args];
  const child = spawn('strace', all, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (stdout += piece));
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (stderr += piece));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => {
      resolve({ status, signal, stdout, stderr, points: [] });
    });
  });
}
