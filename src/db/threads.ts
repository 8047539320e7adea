/**
 * Threads that open databases. One that is ended while it loads the driver's native code takes the whole process with it
 * (Node aborts: "FATAL ERROR: Error::New napi_get_last_error_info"), so a thread loads it first of all and says when it has,
 * and whoever ends it waits for that.
 */
import { Worker, workerData, type WorkerOptions } from 'node:worker_threads';
import { askInMemory } from './version.ts';

/** One word each: 0 while the thread loads. */
const LOADED = new WeakMap<Worker, Int32Array>();

/**
 * Starts a thread whose module calls {@link driverLoaded} before anything else.
 * @param options its `workerData` has to be an object, if there is one.
 */
export function startThread(
  module: URL,
  options: Omit<WorkerOptions, 'workerData'> & { readonly workerData?: object } = {},
): Worker {
  const loaded = new Int32Array(new SharedArrayBuffer(4));
  const thread = new Worker(module, {
    ...options,
    workerData: { ...(options.workerData ?? {}), loaded },
  });
  LOADED.set(thread, loaded);
  // One that failed before will not say it any more.
  thread.once('exit', () => {
    say(loaded);
  });
  return thread;
}

/** In the thread: loads the driver, and says so. */
export function driverLoaded(): void {
  askInMemory('SELECT 1');
  say((workerData as { readonly loaded: Int32Array }).loaded);
}

function say(loaded: Int32Array): void {
  Atomics.store(loaded, 0, 1);
  Atomics.notify(loaded, 0);
}

/** Resolves when the thread can be ended: it has loaded the driver, or is gone. */
export async function whenLoaded(thread: Worker): Promise<void> {
  const loaded = LOADED.get(thread);
  if (loaded === undefined) throw new Error('not a thread of startThread');
  const told = Atomics.waitAsync(loaded, 0, 0);
  if (told.async) await told.value;
}

/** Ends a thread as soon as it can be ended. */
export async function endThread(thread: Worker): Promise<void> {
  await whenLoaded(thread);
  await thread.terminate();
}
