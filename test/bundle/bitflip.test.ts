/** A seeded sample of the exhaustive sweep (test/sweep.ts): no single bit of a case can change unnoticed. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { everyBit, guardedFiles, isNoticed, makeSmallCase, type Bit } from '../helpers/bitflip.ts';
import { fakeEffects } from '../helpers/effects.ts';
import { tempDir } from '../helpers/temp.ts';

const FLIPS = 600;

test('a flipped bit anywhere makes verify fail', async () => {
  const dir = join(await tempDir(), 'case');
  const fx = fakeEffects();
  await makeSmallCase(dir, fx);
  const bits = [...everyBit(dir, guardedFiles(dir))];
  // A linear congruential generator (Numerical Recipes) with a fixed seed: the same sample on every machine.
  let state = 20_260_101;
  const unnoticed: Bit[] = [];
  for (let count = 0; count < FLIPS; count += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const bit = bits[Math.floor((state / 2 ** 32) * bits.length)];
    if (bit !== undefined && !(await isNoticed(dir, bit, fx))) unnoticed.push(bit);
  }
  expect(unnoticed).toEqual([]);
});
