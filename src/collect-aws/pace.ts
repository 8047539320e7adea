/** Spaces out requests, and runs work side by side. */
import { setTimeout as sleep } from 'node:timers/promises';

/** At most so many requests a second, evenly spaced; undefined: no limit of ours. */
export function pacer(perSecond: number | undefined, signal: AbortSignal): () => Promise<void> {
  if (perSecond === undefined) return () => Promise.resolve();
  const gap = 1000 / perSecond;
  let next = 0;
  return async () => {
    const now = performance.now();
    const mine = Math.max(now, next);
    next = mine + gap;
    if (mine > now) await sleep(mine - now, undefined, { signal });
  };
}

/**
 * Runs `work` on every item, so many at a time, in any order. After a failure nothing new is begun, what is under way
 * comes to its end, and the first failure is thrown.
 */
export async function sideBySide<T>(
  items: AsyncIterable<T> | Iterable<T>,
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>();
  const failures: unknown[] = [];
  for await (const item of items) {
    if (failures.length > 0) break;
    const one: Promise<void> = work(item)
      .catch((error: unknown) => {
        failures.push(error);
      })
      .finally(() => {
        running.delete(one);
      });
    running.add(one);
    if (running.size >= atOnce) await Promise.race(running);
  }
  await Promise.all(running);
  if (failures.length > 0) throw failures[0];
}
