/**
 * Exhaustive sweep: every single bit of a small case's volumes, seal, signature and ledger is flipped, and `verify` must
 * find each by the right check (test/helpers/bitflip.ts). `node test/sweep.ts [--jobs N] [--every N]`; exit status 1 if it
 * does not. A seeded sample runs with the tests (test/bundle/bitflip.test.ts).
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { realEffects } from '#src/cli/effects.ts';
import {
  copyCase,
  everyBit,
  guardedFiles,
  makeSmallCase,
  missOf,
  type Miss,
} from './helpers/bitflip.ts';

interface Share {
  readonly dir: string;
  readonly first: number;
  readonly step: number;
}

interface Found {
  readonly flips: number;
  readonly missed: readonly Miss[];
}

async function sweep({ dir, first, step }: Share): Promise<Found> {
  const fx = realEffects();
  const missed: Miss[] = [];
  let flips = 0;
  let index = 0;
  for (const bit of everyBit(dir, guardedFiles(dir))) {
    if (index++ % step !== first) continue;
    flips += 1;
    const miss = await missOf(dir, bit, fx);
    if (miss !== undefined) missed.push(miss);
    if (flips % 5000 === 0) parentPort?.postMessage(flips);
  }
  return { flips, missed };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { jobs: { type: 'string' }, every: { type: 'string', default: '1' } },
  });
  // More threads than cores: each waits for its disk most of the time.
  const jobs = Number(values.jobs ?? 3 * availableParallelism());
  const step = jobs * Number(values.every);
  const folder = await mkdtemp(join(tmpdir(), 'exhibit-sweep-'));
  try {
    const original = join(folder, 'case');
    await makeSmallCase(original, realEffects());
    const results = await Promise.all(
      Array.from({ length: jobs }, async (_, job) => {
        const dir = join(folder, `copy-${String(job)}`);
        await copyCase(original, dir);
        return inThread({ dir, first: job * Number(values.every), step });
      }),
    );
    const missed = results.flatMap((result) => result.missed);
    const flips = results.reduce((sum, result) => sum + result.flips, 0);
    for (const { file, offset, bit, right, failed } of missed) {
      const found = failed.length === 0 ? 'NOT NOTICED' : `${failed.join(' ')}, not`;
      process.stdout.write(
        `${file} byte ${String(offset)} bit ${String(bit)}: ${found} ${right ?? 'a check'}\n`,
      );
    }
    process.stdout.write(
      `${String(flips)} bits flipped, ${String(missed.length)} not found by the right check\n`,
    );
    process.exitCode = missed.length === 0 ? 0 : 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function inThread(share: Share): Promise<Found> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(new URL(import.meta.url), { workerData: share });
    thread.on('message', (message: number | Found) => {
      if (typeof message === 'number')
        process.stderr.write(`${String(message)} flips in ${share.dir}\n`);
      else resolve(message);
    });
    thread.on('error', reject);
  });
}

if (isMainThread) await main();
else parentPort?.postMessage(await sweep(workerData as Share));
