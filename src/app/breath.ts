/** Long work on the main thread that Ctrl-C can end. */
import { setImmediate } from 'node:timers/promises';

/** Weight between two looks at whether we are to stop: far less than a second of any work here. */
const BREATH = 1000;

/**
 * The items, with a breath now and then: a signal of the system is only heard between two turns of the event loop.
 * @param weightOf how many rows an item is worth; one, if it is not given.
 * @throws the signal's reason once it is aborted.
 */
export async function* breathing<T>(
  items: Iterable<T>,
  signal: AbortSignal,
  weightOf: (item: T) => number = () => 1,
): AsyncGenerator<T> {
  let seen = 0;
  for (const item of items) {
    seen += weightOf(item);
    if (seen >= BREATH) {
      seen = 0;
      await setImmediate();
      signal.throwIfAborted();
    }
    yield item;
  }
}
