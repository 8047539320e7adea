/**
 * One writer per case. `.lock` is made only where there is none, and names its holder; the lock of a process that has died
 * on this host is taken over, any other is respected. A process may be killed, or the power fail, at any point of this:
 * what it leaves names a dead process, and the next writer goes on from there.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { linkSync, lstatSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { CasePaths } from '../bundle/layout.ts';
import { sha256Hex } from '../core/digest.ts';
import type { Effects } from '../core/effects.ts';
import { ExhibitError, isSystemError } from '../core/errors.ts';
import { writeNew, writeSynced } from '../disk/durable.ts';
import { isThere } from '../disk/there.ts';
import { removeLeftovers } from './leftovers.ts';

/** Who holds a lock. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** Boot and start time of the process where /proc tells them: a pid is used again after a while. */
  readonly started: string;
}

/** Ours are below 300 bytes; what is larger names nobody. */
export const MAX_LOCK_BYTES = 4096;

/** Lock files held in this async context: an operation may call another that locks the same case. */
const held = new AsyncLocalStorage<ReadonlySet<string>>();

/**
 * Runs work as the only writer of the case; what a stopped writer left half done is removed first. Inside the work the same
 * case may be locked again.
 * @throws ExhibitError `E_LOCKED` naming the holder.
 */
export async function withLock<T>(
  { paths }: { readonly paths: CasePaths },
  fx: Effects,
  work: () => Promise<T>,
): Promise<T> {
  const mine = held.getStore();
  if (mine?.has(paths.lock) === true) return work();
  const me = describe(process.pid);
  // Whoever held it may have released it while we looked.
  while (!create(paths.lock, me) && !takeOver(paths.lock, me, fx));
  try {
    clearTraces(paths.lock);
    for (const name of removeLeftovers(paths)) {
      fx.err.write(`exhibit: removed ${name}, which a stopped run left\n`);
    }
    return await held.run(new Set([...(mine ?? []), paths.lock]), work);
  } finally {
    if (isMine(paths.lock, me)) rmSync(paths.lock, { force: true });
  }
}

/** A person may have removed the lock, and another process made its own, while we worked. */
function isMine(path: string, me: Holder): boolean {
  try {
    return sameHolder(read(path), me);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    // What was done is done. The lock stays and names a process that soon is dead.
    return false;
  }
}

/**
 * False when the file is there already. The text is written beside it and linked into place: a process that is killed in
 * between must not leave an empty lock, which names no holder and so could never be taken over.
 */
function create(path: string, holder: Holder): boolean {
  const text = Buffer.from(`${JSON.stringify(holder)}\n`);
  const draft = draftOf(path, holder);
  try {
    writeSynced(draft, text);
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    if (error.code === 'EEXIST') return false;
    // exFAT and some network shares have no hard links.
    if (error.syscall !== 'link' || !NO_LINKS.has(error.code)) throw error;
    return createDirectly(path, text);
  } finally {
    rmSync(draft, { force: true });
  }
}

const NO_LINKS = new Set(['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK', 'EINVAL']);

function createDirectly(path: string, text: Uint8Array): boolean {
  try {
    writeNew(path, text);
    return true;
  } catch (error) {
    if (isSystemError(error) && error.code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Replaces a dead holder's lock. Several processes may find it dead at the same time, and any may die while it takes over.
 * So whoever wants it makes a claim, a file whose name comes from the dead holder: only one process can make that. If
 * the claim is there already it is judged as the lock was, and if its maker is dead too, the next claim bears that
 * one's name. Claims are removed only after the lock names a living process, so a late comer finds that one.
 * @returns false if the lock, or somebody's claim, was gone in the meantime: all has to be looked at again.
 */
function takeOver(path: string, me: Holder, fx: Effects): boolean {
  const dead = deadHolder(path);
  for (let last = dead; ;) {
    if (dead === undefined || last === undefined) return false;
    const claim = `${path}.after-${tagOf(last)}`;
    if (create(claim, me)) {
      try {
        // It may have been replaced before the claim was made.
        if (!sameHolder(read(path), dead)) return false;
        const draft = draftOf(path, me);
        writeSynced(draft, Buffer.from(`${JSON.stringify(me)}\n`));
        renameSync(draft, path);
      } finally {
        rmSync(claim, { force: true });
      }
      fx.err.write(
        `exhibit: took over the lock of process ${String(dead.pid)}, which ended without releasing it\n`,
      );
      return true;
    }
    last = deadHolder(claim);
  }
}

/**
 * Who holds the file, if it is known and dead; undefined if there is no file.
 * @throws ExhibitError `E_LOCKED` otherwise; the system's error if it cannot be read.
 */
function deadHolder(path: string): Holder | undefined {
  const holder = read(path);
  if (holder === undefined && !isThere(path)) return undefined;
  if (holder === undefined || isAlive(holder)) throw locked(path, holder);
  return holder;
}

/** Removes claims, which now concern nobody, and drafts of dead processes. The lock is ours. */
function clearTraces(path: string): void {
  const folder = dirname(path);
  const prefix = `${basename(path)}.`;
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(prefix)) continue;
    const rest = name.slice(prefix.length);
    if (/^after-[0-9.]/.test(rest) || isDeadTag(/^(.*)\.draft$/.exec(rest)?.[1] ?? '')) {
      rmSync(join(folder, name), { force: true });
    }
  }
}

function draftOf(path: string, holder: Holder): string {
  return `${join(dirname(path), '.lock')}.${tagOf(holder)}.draft`;
}

/** `pid.host.start`, the last two as short hashes: names a process in a file name. */
function tagOf({ pid, host, started }: Holder): string {
  return `${String(pid)}.${sha256Hex(host).slice(0, 8)}.${sha256Hex(started).slice(0, 8)}`;
}

/** The tag of this process, for names of what it has not finished. */
export function ownTag(): string {
  return tagOf(describe(process.pid));
}

/** True for the tag of a process of this host that lives no more. */
export function isDeadTag(tag: string): boolean {
  const pid = Number(/^(\d+)\.[0-9a-f]{8}\.[0-9a-f]{8}$/.exec(tag)?.[1] ?? Number.NaN);
  if (Number.isNaN(pid)) return false;
  const now = describe(pid);
  const sameHost = tag.split('.')[1] === tagOf(now).split('.')[1];
  return sameHost && !(exists(pid) && tag === tagOf(now));
}

function locked(path: string, holder: Holder | undefined): ExhibitError {
  const who =
    holder === undefined ? 'an unknown process' : `process ${String(holder.pid)} on ${holder.host}`;
  return new ExhibitError('E_LOCKED', `another exhibit is writing to this case: ${who}`, {
    where: { file: path },
    hint: 'wait for it to end; if it is surely gone (a machine that crashed), delete that file',
  });
}

/** Undefined where nobody can be named. @throws the system's error if there is something that cannot be read. */
function read(path: string): Holder | undefined {
  try {
    // A FIFO in its place must hang nobody.
    const facts = lstatSync(path);
    if (!facts.isFile() || facts.size > MAX_LOCK_BYTES) return undefined;
    const value = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown> | null;
    const { pid, host, started } = value ?? {};
    return typeof pid === 'number' && typeof host === 'string' && typeof started === 'string'
      ? { pid, host, started }
      : undefined;
  } catch (error) {
    // Gone in the meantime, or being written, or damaged.
    if (error instanceof SyntaxError) return undefined;
    if (isSystemError(error) && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function sameHolder(a: Holder | undefined, b: Holder): boolean {
  return a?.pid === b.pid && a.host === b.host && a.started === b.started;
}

function isAlive(holder: Holder): boolean {
  if (holder.host !== hostname()) return true;
  return exists(holder.pid) && describe(holder.pid).started === holder.started;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives and belongs to another user.
    if (isSystemError(error) && error.code === 'ESRCH') return false;
  }
  return true;
}

/** This host's process with that pid, as far as the system tells. */
function describe(pid: number): Holder {
  return { pid, host: hostname(), started: startOf(pid) };
}

/** Linux: boot id and start time in ticks (field 22 of proc(5) stat); empty elsewhere. */
function startOf(pid: number): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    // The command's name (field 2) may hold blanks and parentheses; field 3 follows the last one.
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
    return `${boot}/${ticks}`;
  } catch (error) {
    if (isSystemError(error)) return '';
    throw error;
  }
}
