import { expect, test } from 'vitest';
import { breathing } from '#src/app/breath.ts';

test('a signal that comes between two turns of the event loop ends work without an end', async () => {
  const stop = new AbortController();
  setTimeout(() => {
    stop.abort();
  }, 1);
  const endless = function* (): Generator<number> {
    for (let at = 0; ; at += 1) yield at;
  };
  let seen = 0;
  const walk = async (): Promise<void> => {
    for await (const at of breathing(endless(), stop.signal)) seen = at;
  };
  await expect(walk()).rejects.toThrow('abort');
  expect(seen).toBeGreaterThan(0);
});

test('items come whole and in order, and heavy ones give more breath', async () => {
  const stop = new AbortController();
  const all: number[] = [];
  for await (const one of breathing([3000, 1, 2], stop.signal, (item) => item)) all.push(one);
  expect(all).toEqual([3000, 1, 2]);
});
