/**
 * Preloaded (`node --import`) before exhibit: counts every operation on files below one folder, in each thread, and makes
 * the n-th one go wrong. Nothing of the product is replaced: the functions of node:fs are wrapped where they are.
 * SQLite's own operations do not pass here (native.ts).
 *
 * `EXHIBIT_FAULT` holds a {@link FaultPlan}. Without a fault every operation is written to descriptor 3, one line each:
 * `thread.number kind path`; with one, only the operation that went wrong.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { constants as os } from 'node:os';
import threads, { threadId } from 'node:worker_threads';
import type { FaultPlan, Kind } from './plan.ts';

type Work = (this: unknown, ...args: unknown[]) => unknown;
type Functions = Record<string, Work>;
type Buffers = readonly [
  bytes: Uint8Array,
  offset?: number,
  length?: number,
  position?: number | null,
];

let plan = JSON.parse(process.env['EXHIBIT_FAULT'] ?? '{"scope":"\\u0000"}') as FaultPlan;
/** The newest thread that was started. */
let newest = 0;
const real = { ...fs };
const self = process.pid;
/** On a full disk these fail, and go on failing. */
const NEEDS_ROOM = new Set<Kind>(['create', 'write', 'sync', 'rename', 'mkdir']);

let count = 0;
let full = false;
/** The case's lock has its name, or is about to get it. */
let hasLock = false;
/** Set while a function of node:fs works that calls others: it counts as one operation. */
let inside = false;
/** Set when a process that runs many commands was "killed": nothing that it does reaches the disk any more. */
let frozen = false;
/** Gathers what is reported, in a process that runs many commands. */
let gathered: string[] | undefined;
const pathOf = new Map<number, string>();
/** Files whose bytes are not on the disk yet: a loss of power takes them. */
const unsynced = new Set<string>();

/** The path below the scope; undefined for any other. */
function inScope(path: unknown): string | undefined {
  const text =
    typeof path === 'string' ? path : Buffer.isBuffer(path) ? path.toString('latin1') : '';
  return text.startsWith(plan.scope) ? text.slice(plan.scope.length) : undefined;
}

function failure(code: 'EIO' | 'ENOSPC' | 'EINTR', syscall: string, path: string): Error {
  const message = `${code}: injected, ${syscall} '${path}'`;
  return Object.assign(new Error(message), { code, errno: -os.errno[code], syscall, path });
}

function stop(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

/** Ends the process as `kill -9` does, or freezes the disk; with the power also goes what was not synced. */
function die(powerToo: boolean): Error {
  for (const path of powerToo ? unsynced : []) {
    // It may have another name by now, or be gone.
    if (real.existsSync(plan.scope + path)) real.truncateSync(plan.scope + path, 0);
  }
  if (gathered === undefined) {
    process.kill(self, 'SIGKILL');
    stop();
  }
  frozen = true;
  return failure('EIO', 'kill', plan.scope);
}

/** For test/faults/runner.ts: begins anew, with another plan. @returns what was reported since, and whether it was killed. */
function rearm(
  next: FaultPlan,
): () => { readonly lines: readonly string[]; readonly killed: boolean } {
  plan = { ...next, threads: newest };
  // Threads that are started from now on find it there.
  process.env['EXHIBIT_FAULT'] = JSON.stringify(plan);
  count = 0;
  full = false;
  hasLock = false;
  frozen = false;
  unsynced.clear();
  const lines: string[] = [];
  gathered = lines;
  return () => ({ lines, killed: frozen });
}
(globalThis as unknown as Record<symbol, unknown>)[Symbol.for('exhibit.faults')] = rearm;

/**
 * Decides about the operation ahead.
 * @param torn does half of it, where it can be cut in the middle.
 * @returns an error to fail with; `half`: move fewer bytes than asked; undefined: go on.
 */
function ahead(kind: Kind, path: string, torn?: () => void): Error | 'half' | undefined {
  if (inside) return undefined;
  const { fault } = plan;
  if (frozen) return failure('EIO', kind, plan.scope + path);
  count += 1;
  const at = `${String(Math.max(0, threadId - (plan.threads ?? 0)))}.${String(count)}`;
  if (fault !== undefined && full && NEEDS_ROOM.has(kind)) {
    return failure('ENOSPC', kind, plan.scope + path);
  }
  const locked = hasLock;
  if (kind === 'rename' && /\.lock\.[^/]*\.draft$/.test(path)) hasLock = true;
  const chosen = at === plan.at || (locked && plan.at === 'locked');
  if (fault !== undefined && !chosen) return undefined;
  const line = `${at} ${kind} ${path.replace(/[^\x21-\x7e]/g, '?')}\n`;
  if (gathered === undefined) real.writeSync(3, line);
  else gathered.push(line);
  switch (fault) {
    case undefined:
      return undefined;
    case 'kill':
    case 'power':
      torn?.();
      return die(fault === 'power');
    case 'pause':
      stop();
      return undefined;
    case 'ctrl-c':
      process.kill(self, 'SIGINT');
      return undefined;
    case 'vanish':
      real.renameSync(plan.folder ?? '', `${plan.folder ?? ''}.gone`);
      return undefined;
    case 'short':
      return 'half';
    case 'ENOSPC':
      full = true;
      torn?.();
      return failure(fault, kind, plan.scope + path);
    default:
      torn?.();
      return failure(fault, kind, plan.scope + path);
  }
}

class Counted extends threads.Worker {
  constructor(...args: ConstructorParameters<typeof threads.Worker>) {
    super(...args);
    newest = this.threadId;
  }
}
threads.Worker = Counted;

function wrap(owner: object, name: string, make: (work: Work) => Work): void {
  const functions = owner as Functions;
  const work = functions[name];
  if (work === undefined) throw new Error(`there is no ${name}`);
  functions[name] = make(work);
}

/** Functions whose first argument is a path; `refuse` passes the error on. */
function onPath(
  owner: object,
  refuse: (error: Error) => unknown,
  names: Record<string, Kind>,
): void {
  for (const [name, kind] of Object.entries(names)) {
    wrap(owner, name, (work) => (...args) => {
      const path = inScope(args[0]);
      if (path === undefined) return work(...args);
      const verdict = ahead(kind, path, () => {
        if (kind === 'remove') removeOne(plan.scope + path);
      });
      if (verdict instanceof Error) return name === 'existsSync' ? false : refuse(verdict);
      const to = inScope(args[1]);
      if (kind === 'rename' && to !== undefined && unsynced.has(path)) unsynced.add(to);
      return whole(work, args);
    });
  }
}

function whole(work: Work, args: unknown[]): unknown {
  inside = true;
  try {
    return work(...args);
  } finally {
    inside = false;
  }
}

/** A removal of a folder that is stopped in the middle has removed something. */
function removeOne(folder: string): void {
  if (real.lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return;
  const [first] = real.readdirSync(folder);
  if (first !== undefined) real.rmSync(`${folder}/${first}`, { recursive: true });
}

function kindOfOpen(flags: unknown): 'create' | 'open' {
  const creates =
    typeof flags === 'number'
      ? (flags & fs.constants.O_CREAT) !== 0
      : typeof flags === 'string' && /[wa]/.test(flags);
  return creates ? 'create' : 'open';
}

function opened(fd: number, path: string, flags: unknown): void {
  pathOf.set(fd, path);
  const synced = typeof flags === 'number' && (flags & fs.constants.O_SYNC) !== 0;
  if (kindOfOpen(flags) === 'create' && !synced) unsynced.add(path);
}

/**
 * An operation on a descriptor; `refuse` passes the error on, `go` does it, with the given buffer arguments if any. A close
 * that fails has closed all the same (close(2), "Dealing with error returns").
 */
function onDescriptor(
  kind: Kind,
  fd: number,
  buffers: Buffers | undefined,
  refuse: (error: Error) => unknown,
  go: (buffers?: Buffers) => unknown,
): unknown {
  const path = pathOf.get(fd);
  if (path === undefined) return go();
  const half = (whole: Buffers): [Uint8Array, number, number, number | null] => {
    const [bytes, offset = 0, length = bytes.length - offset, position = null] = whole;
    return [bytes, offset, Math.max(1, length >> 1), position];
  };
  const verdict = ahead(kind, path, () => {
    if (kind === 'write' && buffers !== undefined) real.writeSync(fd, ...half(buffers));
  });
  if (kind === 'close') pathOf.delete(fd);
  if (verdict instanceof Error) return refuse(verdict);
  if (kind === 'sync') unsynced.delete(path);
  return verdict === 'half' && buffers !== undefined ? go(half(buffers)) : go();
}

function throwIt(error: Error): never {
  throw error;
}

const rejectIt = (error: Error): Promise<never> => Promise.reject(error);

onPath(fs, throwIt, {
  renameSync: 'rename',
  linkSync: 'rename',
  rmSync: 'remove',
  mkdirSync: 'mkdir',
  readdirSync: 'list',
  readFileSync: 'read',
  lstatSync: 'stat',
  statSync: 'stat',
  existsSync: 'stat',
  realpathSync: 'stat',
});
onPath(fs.promises, rejectIt, {
  rename: 'rename',
  link: 'rename',
  rm: 'remove',
  rmdir: 'remove',
  unlink: 'remove',
  mkdir: 'mkdir',
  readdir: 'list',
  readFile: 'read',
  lstat: 'stat',
  stat: 'stat',
  readlink: 'stat',
  realpath: 'stat',
});
wrap(fs, 'writeFileSync', (work) => (...args) => {
  const path = inScope(args[0]);
  if (path === undefined) return work(...args);
  const verdict = ahead('write', path, () => {
    const text = Buffer.from(args[1] as string);
    work(args[0], text.subarray(0, text.length >> 1), args[2]);
  });
  if (verdict instanceof Error) throw verdict;
  unsynced.add(path);
  return whole(work, args);
});

// Opening, in its three styles.
wrap(fs, 'openSync', (work) => (...args) => {
  const path = inScope(args[0]);
  const verdict = path === undefined ? undefined : ahead(kindOfOpen(args[1]), path);
  if (verdict instanceof Error) throw verdict;
  const fd = work(...args) as number;
  if (path !== undefined) opened(fd, path, args[1]);
  return fd;
});
wrap(fs.promises, 'open', (work) => async (...args) => {
  const path = inScope(args[0]);
  const verdict = path === undefined ? undefined : ahead(kindOfOpen(args[1]), path);
  if (verdict instanceof Error) throw verdict;
  const handle = (await work(...args)) as fs.promises.FileHandle;
  if (path === undefined) return handle;
  const { fd } = handle;
  opened(fd, path, args[1]);
  // Alone among its methods this one is the handle's own.
  wrap(
    handle,
    'close',
    (close) => async () =>
      await onDescriptor(
        'close',
        fd,
        undefined,
        async (error) => {
          await close.call(handle);
          throw error;
        },
        () => close.call(handle),
      ),
  );
  return handle;
});
wrap(fs, 'open', (work) => (...args) => {
  const path = inScope(args[0]);
  if (path === undefined) return work(...args);
  const done = args.at(-1) as (error: Error | null, fd?: number) => void;
  const verdict = ahead(kindOfOpen(args[1]), path);
  if (verdict instanceof Error) {
    process.nextTick(done, verdict);
    return undefined;
  }
  return work(...args.slice(0, -1), (error: Error | null, fd: number) => {
    if (error === null) opened(fd, path, args[1]);
    done(error, fd);
  });
});

for (const [name, kind] of Object.entries({
  readSync: 'read',
  writeSync: 'write',
  fsyncSync: 'sync',
  closeSync: 'close',
} as const)) {
  wrap(fs, name, (work) => (...args) => {
    const [fd, ...rest] = args as [number, ...unknown[]];
    const buffers = rest[0] instanceof Uint8Array ? (rest as unknown as Buffers) : undefined;
    const refuse = (error: Error): never => {
      if (kind === 'close') work(fd);
      throw error;
    };
    return onDescriptor(kind, fd, buffers, refuse, (other) => work(fd, ...(other ?? rest)));
  });
}
for (const [name, kind] of Object.entries({ read: 'read', close: 'close' } as const)) {
  wrap(fs, name, (work) => (...args) => {
    const [fd, ...rest] = args as [number, ...unknown[]];
    const done = rest.at(-1) as (error: Error) => void;
    const buffers = rest[0] instanceof Uint8Array ? (rest as unknown as Buffers) : undefined;
    const refuse = (error: Error): void => {
      if (kind === 'close') real.closeSync(fd);
      process.nextTick(done, error);
    };
    return onDescriptor(kind, fd, buffers, refuse, (other) =>
      other === undefined ? work(...args) : work(fd, ...other, done),
    );
  });
}

// Methods of file handles.
const probe = await real.promises.open(import.meta.filename);
const handles = Object.getPrototypeOf(probe) as object;
await probe.close();
for (const [name, kind] of Object.entries({
  read: 'read',
  write: 'write',
  writeFile: 'write',
  sync: 'sync',
  datasync: 'sync',
  stat: 'stat',
  truncate: 'write',
} as const)) {
  wrap(
    handles,
    name,
    (work) =>
      async function (...args) {
        const { fd } = this as fs.promises.FileHandle;
        const movable = args[0] instanceof Uint8Array;
        const buffers = movable ? (args as unknown as Buffers) : undefined;
        return await onDescriptor(kind, fd, buffers, rejectIt, (other) =>
          // writeFile takes no range: it writes all, whatever the system makes of it.
          work.apply(this, other === undefined || name === 'writeFile' ? args : [...other]),
        );
      },
  );
}
syncBuiltinESMExports();
