/** What can go wrong with which operation on files, and how a point of injection is named. */

/** What an operation does. */
export type Kind =
  | 'open'
  | 'create'
  | 'read'
  | 'write'
  | 'sync'
  | 'rename'
  | 'remove'
  | 'mkdir'
  | 'list'
  | 'stat'
  | 'close';

/**
 * How it goes wrong. `ENOSPC` lasts, as a full disk does; writes are done by half before they fail or the process is
 * killed. `power` is a kill that also takes the bytes that were not synced. `pause` stops the process where it is.
 */
export type Fault =
  'EIO' | 'ENOSPC' | 'EINTR' | 'short' | 'kill' | 'power' | 'ctrl-c' | 'vanish' | 'pause';

/** What the preloaded module is told. */
export interface FaultPlan {
  /** Operations on paths that begin so count. */
  readonly scope: string;
  /** `thread.number` of the operation that goes wrong; `locked`: the first one after the case's lock was taken. */
  readonly at?: string;
  readonly fault?: Fault;
  /** Threads of earlier runs in this process; counting goes on after them. */
  readonly threads?: number;
  /** For `vanish`: the folder that is renamed away. */
  readonly folder?: string;
}

/** An operation of an undisturbed run. */
export interface Point {
  /** `thread.number`. */
  readonly at: string;
  readonly kind: Kind;
  /** Below the scope. */
  readonly path: string;
}

const ANY: readonly Fault[] = ['EIO', 'kill'];
const NEEDS_ROOM: readonly Fault[] = [...ANY, 'ENOSPC', 'power'];

/** The faults that each kind of operation can suffer; `ctrl-c` and `vanish` come between any two operations. */
export const FAULTS: Readonly<Record<Kind, readonly Fault[]>> = {
  open: ANY,
  create: NEEDS_ROOM,
  read: [...ANY, 'EINTR', 'short'],
  write: [...NEEDS_ROOM, 'short'],
  sync: NEEDS_ROOM,
  rename: NEEDS_ROOM,
  remove: ANY,
  mkdir: NEEDS_ROOM,
  list: ANY,
  stat: ANY,
  close: ANY,
};
