/** A seeded sample of the fault sweep; `npm run faults` does all of it. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { sha256Hex } from '#src/core/digest.ts';
import { tempDir } from '../helpers/temp.ts';
import { needs } from '../helpers/tools.ts';
import { canTrace, nativeDisturbances } from './native.ts';
import { Runner } from './child.ts';
import type { Fault, Kind } from './plan.ts';
import { disturb, disturbances, undisturbed, type Disturbance } from './sweep.ts';
import { VERBS } from './verbs.ts';
import { copyWorld, entriesOf, Worlds } from './world.ts';

let folder: string;
let worlds: Worlds;

beforeAll(async () => {
  folder = await tempDir();
  worlds = new Worlds(folder);
});

/** The same few of them on every machine and day, unlike each other. */
function sample(all: readonly Disturbance[], count: number): Disturbance[] {
  const keyed = all.map((one): [string, Disturbance] => [
    sha256Hex(`${one.point.at} ${one.fault}`),
    one,
  ]);
  return keyed
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, count)
    .map(([, one]) => one);
}

describe('disturbed and done again, a verb comes to the same end', () => {
  test.each(VERBS)('$name', async (verb) => {
    const base = await undisturbed(worlds, verb, folder);
    const all = disturbances(base);
    const chosen = sample(all, 1);
    for (const one of chosen) {
      const { problems, missed } = await disturb(worlds, base, one, folder);
      const what = `${one.fault} at ${one.point.at} ${one.point.kind} ${one.point.path}`;
      expect(missed, what).toBe(false);
      expect(problems, what).toEqual([]);
    }
  });
});

/** Once not recovered from; found by the whole sweep. */
const MENDED: readonly (readonly [verb: string, fault: Fault, kind: Kind, path: RegExp])[] = [
  // The failed read was taken for tampering.
  ['import', 'EIO', 'read', /EV-0001\.seal\.p7s$/],
  // The ledger's folder was made anew where the case had been, and the entry written there.
  ['custody add', 'vanish', 'mkdir', /^case\/custody$/],
  // The lock was said to be somebody else's.
  ['taking over a lock', 'EIO', 'read', /^case\/\.lock$/],
  // The other name of a checkpoint stayed.
  ['custody checkpoint', 'kill', 'remove', /\.custody-checkpoint-\d+\.txt$/],
  // The archive that had just been written was said to be missing.
  ['receive', 'EIO', 'stat', /case\.tar$/],
  // Signed and not yet copied: nobody had handed the case over, it was said.
  ['custody receive', 'kill', 'create', /^receipt\//],
  // Signed, the entry not yet in its place: the ledger was refused, as if its last entry had been taken away.
  ['custody receive', 'kill', 'rename', /\.custody-\d{8}\.json$/],
  ['custody receive', 'EIO', 'remove', /\.custody-\d{8}\.json\.p7s$/],
  // Half a certificate stayed among those of the signers.
  ['custody key add', 'kill', 'write', /signer-[0-9a-f]{64}\.pem$/],
  // A key without its certificate stood in the way of the next one.
  ['custody key new', 'kill', 'create', /^dora\/cert\.pem$/],
  ['custody key new', 'kill', 'rename', /^dora\/key\.pem/],
];

test.each(MENDED)('%s: %s of %s', async (name, fault, kind, path) => {
  const verb = VERBS.find((one) => one.name === name)!;
  const base = await undisturbed(worlds, verb, folder);
  const one = disturbances(base).find(
    ({ point, fault: how }) => how === fault && point.kind === kind && path.test(point.path),
  )!;
  expect(await disturb(worlds, base, one, folder)).toEqual({ problems: [], missed: false });
});

test('a frozen disk holds what kill -9 leaves', async () => {
  const verb = VERBS.find(({ name }) => name === 'custody checkpoint')!;
  const base = await undisturbed(worlds, verb, folder);
  const kills = disturbances(base).filter(({ fault }) => fault === 'kill' || fault === 'power');
  const world = join(folder, 'twice');
  const runner = new Runner(world, verb);
  for (const { point, fault, strike } of sample(kills, 4)) {
    const left: string[][] = [];
    for (const run of [strike, () => runner.strike(point.at, fault)]) {
      await copyWorld(await worlds.original(verb.state), world);
      expect(await run(world)).toMatchObject({ signal: 'SIGKILL', status: null });
      left.push(
        entriesOf(world)
          // Names and contents of locks bear the process; times of entries and hashes are new in each run.
          .map(
            ([path, facts]) =>
              `${path.replace(/lock\..*/, 'lock')} ${String(path.includes('.lock') || facts.size)}`,
          )
          .sort(),
      );
      await rm(world, { recursive: true });
    }
    expect(left[1], `${fault} at ${point.at}`).toEqual(left[0]);
  }
  runner.end();
});

const traceable = canTrace();
test.skipIf(!traceable)(
  traceable ? "SQLite's own writes" : needs("SQLite's own writes (ptrace refused)", 'strace'),
  async () => {
    const verb = VERBS.find(({ name }) => name === 'import')!;
    const base = await undisturbed(worlds, verb, folder);
    const world = join(folder, 'traced', 'world');
    await copyWorld(await worlds.original(verb.state), world);
    const all = await nativeDisturbances(world, verb);
    expect(all.length).toBeGreaterThan(100);
    for (const fault of ['kill', 'ENOSPC']) {
      for (const one of sample(
        all.filter((other) => other.fault === fault),
        1,
      )) {
        const { problems, missed } = await disturb(worlds, base, one, folder);
        const what = `${fault} at ${one.point.at} ${one.point.path}`;
        expect(missed, what).toBe(false);
        expect(problems, what).toEqual([]);
      }
    }
  },
);
