/** Work that an expression of the user's may keep busy for ever, ended after a time. */
import { createContext, Script } from 'node:vm';

/** Thrown by {@link withinTime}: the time is up, or somebody pressed Ctrl-C. */
export class TimeIsUp extends Error {
  readonly interrupted: boolean;

  constructor(interrupted = false) {
    super('the time is up');
    this.interrupted = interrupted;
  }
}

const SCRIPT = new Script('work()');
/** A context takes milliseconds to make: one for all. */
const SANDBOX: { work: () => unknown } = { work: () => undefined };
let context: ReturnType<typeof createContext> | undefined;

/**
 * Runs synchronous work of JavaScript alone (no database, no files: it may end at any place) and ends it when its time is
 * up, in the middle of a regular expression too.
 * @param ms at least 1.
 * @throws TimeIsUp, and what `work` throws.
 */
export function withinTime<T>(ms: number, work: () => T): T {
  try {
    context ??= createContext(SANDBOX);
    SANDBOX.work = work;
    const timeout = Math.max(1, Math.ceil(ms));
    return SCRIPT.runInContext(context, { timeout, breakOnSigint: true }) as T;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED') throw new TimeIsUp(true);
    if (code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw new TimeIsUp();
    throw error;
  }
}
