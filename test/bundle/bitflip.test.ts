/** A seeded sample of the exhaustive sweep (test/sweep.ts): no single bit of a case can change, and the right check says so. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { everyBit, guardedFiles, makeSmallCase, missOf, type Miss } from '../helpers/bitflip.ts';
import { fakeEffects } from '../helpers/effects.ts';
import { tempDir } from '../helpers/temp.ts';

/** Of each file, whatever its size. */
const FLIPS = 40;

test('a flipped bit anywhere makes the right check of verify fail', async () => {
  const dir = join(await tempDir(), 'case');
  const fx = fakeEffects();
  await makeSmallCase(dir, fx);
  // A linear congruential generator (Numerical Recipes) with a fixed seed: the same sample on every machine.
  let state = 20_260_101;
  const missed: Miss[] = [];
  for (const file of guardedFiles(dir)) {
    const bits = [...everyBit(dir, [file])];
    for (let count = 0; count < FLIPS; count += 1) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      // Its last byte too: it may be one that a reader skips.
      const index = count === 0 ? bits.length - 8 : Math.floor((state / 2 ** 32) * bits.length);
      const bit = bits[index];
      const miss = bit === undefined ? undefined : await missOf(dir, bit, fx);
      if (miss !== undefined) missed.push(miss);
    }
  }
  expect(missed).toEqual([]);
});
