/**
 * One writer per case. `.lock` is made only where there is none, and names its holder; the lock of a process that has died on this
 * host is taken over, any other is respected.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import {
  existsSync,
  linkSync,
  lstatSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import type { CasePaths } from '../bundle/layout.ts';
import type { Effects } from '../core/effects.ts';
import { ExhibitError, isSystemError } from '../core/errors.ts';

/** Who holds a lock. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** Boot and start time of the process where /proc tells them: a pid is used again after a while. */
  readonly started: string;
}

/** Lock files held in this async context: an operation may call another that locks the same case. */
const held = new AsyncLocalStorage<ReadonlySet<string>>();

/**
 * Runs work as the only writer of the case. Inside the work the same case may be locked again.
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
  if (!create(paths.lock, me)) takeOver(paths.lock, me, fx);
  try {
    return await held.run(new Set([...(mine ?? []), paths.lock]), work);
  } finally {
    // A person may have removed the lock, and another process made its own, while we worked.
    if (sameHolder(read(paths.lock), me)) rmSync(paths.lock, { force: true });
  }
}

/**
 * False when the file is there already. The text is written beside it and linked into place: a process that is killed in
 * between must not leave an empty lock, which names no holder and so could never be taken over.
 */
function create(path: string, holder: Holder): boolean {
  const text = `${JSON.stringify(holder)}\n`;
  const draft = `${path}.${String(holder.pid)}.draft`;
  try {
    // Never through a link that somebody laid out under this name.
    rmSync(draft, { force: true });
    writeFileSync(draft, text, { flag: 'wx', mode: 0o644 });
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    if (error.code === 'EEXIST') return false;
    if (error.syscall !== 'link') throw error;
    // exFAT and some network shares have no hard links.
    return createDirectly(path, text);
  } finally {
    rmSync(draft, { force: true });
  }
}

function createDirectly(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: 'wx', mode: 0o644 });
    return true;
  } catch (error) {
    if (isSystemError(error) && error.code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Replaces a dead holder's lock. Two processes may find it dead at the same time: a second O_EXCL file lets one of them
 * look again and replace it, the other is told that the case is locked.
 */
function takeOver(path: string, me: Holder, fx: Effects): void {
  const holder = read(path);
  if (holder === undefined || isAlive(holder)) throw locked(path, holder);
  const guard = `${path}.takeover`;
  if (!create(guard, me)) throw locked(guard, read(guard));
  const next = `${path}.${String(me.pid)}`;
  try {
    if (!sameHolder(read(path), holder) && existsSync(path)) throw locked(path, read(path));
    create(next, me);
    renameSync(next, path);
  } finally {
    rmSync(next, { force: true });
    rmSync(guard, { force: true });
  }
  fx.err.write(
    `exhibit: took over the lock of process ${String(holder.pid)}, which ended without releasing it\n`,
  );
}

function locked(path: string, holder: Holder | undefined): ExhibitError {
  const who =
    holder === undefined ? 'an unknown process' : `process ${String(holder.pid)} on ${holder.host}`;
  return new ExhibitError('E_LOCKED', `another exhibit is writing to this case: ${who}`, {
    where: { file: path },
    hint: 'wait for it to end; if it is surely gone (a machine that crashed), delete that file',
  });
}

function read(path: string): Holder | undefined {
  try {
    // A FIFO in its place must hang nobody.
    if (!lstatSync(path).isFile()) return undefined;
    const { pid, host, started } = JSON.parse(readFileSync(path, 'utf8')) as Record<
      string,
      unknown
    >;
    return typeof pid === 'number' && typeof host === 'string' && typeof started === 'string'
      ? { pid, host, started }
      : undefined;
  } catch (error) {
    // Gone in the meantime, or being written, or damaged: in each case nobody can be named.
    if (error instanceof SyntaxError || isSystemError(error)) return undefined;
    throw error;
  }
}

function sameHolder(a: Holder | undefined, b: Holder): boolean {
  return a?.pid === b.pid && a.host === b.host && a.started === b.started;
}

function isAlive(holder: Holder): boolean {
  if (holder.host !== hostname()) return true;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM: it lives and belongs to another user.
    if (isSystemError(error) && error.code === 'ESRCH') return false;
  }
  return describe(holder.pid).started === holder.started;
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
