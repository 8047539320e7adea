/**
 * Ends the process even while a thread is busy inside SQLite, which nothing can interrupt: `process.exit` would wait for
 * that thread for ever. The launcher stays as our parent for verbs that run free SQL, is told the status, and leaves with it.
 */
import { writeSync } from 'node:fs';
import { isSystemError } from '../core/errors.ts';

/** Set by bin/launch.js: the descriptor on which it hears the status. */
const STATUS_FD = 'EXHIBIT_STATUS_FD';

/** True if the launcher waits for a status (bin/launch.js, SUPERVISED): then this process may end by a kill. */
export function isSupervised(): boolean {
  return process.env[STATUS_FD] !== undefined;
}

/** Ends the process at once with a status; where no launcher listens, a stuck one ends as by `kill -9`. */
export function leaveStuck(status: number): void {
  const fd = Number(process.env[STATUS_FD] ?? NaN);
  try {
    if (Number.isInteger(fd) && fd > 2) writeSync(fd, String(status));
  } catch (error) {
    // The launcher is gone: nobody asks.
    if (!isSystemError(error)) throw error;
  }
  process.kill(process.pid, 'SIGKILL');
}

/** Ends the process at once with a status. */
export function leave(status: number): void {
  if (!isSupervised()) process.exit(status);
  leaveStuck(status);
}
