/**
 * The whole fault sweep: `node test/faults/main.ts [--verb NAME] [--fault NAME] [--every N] [--jobs N] [--no-native]`. Every operation on
 * files of every verb that writes, with every fault that it can suffer; a table at the end, exit status 1 if one of them
 * was not recovered from.
 */
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { canTrace, nativeDisturbances } from './native.ts';
import { disturb, disturbances, undisturbed, type Disturbance } from './sweep.ts';
import { VERBS, type Verb } from './verbs.ts';
import { copyWorld, Worlds } from './world.ts';

const { values } = parseArgs({
  options: {
    verb: { type: 'string', multiple: true },
    fault: { type: 'string', multiple: true },
    every: { type: 'string', default: '1' },
    jobs: { type: 'string' },
    'no-native': { type: 'boolean' },
  },
});
/** Verbs in which SQLite writes or reads a database. */
const NATIVE = new Set(['import', 'query run', 'export case']);
const tracing = values['no-native'] !== true && canTrace();
if (!tracing)
  process.stderr.write("SKIPPED: SQLite's own operations (no strace, or ptrace refused)\n");
const jobs = Number(values.jobs ?? availableParallelism());
const every = Number(values.every);
const folder = await realpath(await mkdtemp(join(tmpdir(), 'exhibit-faults-')));
const rows: string[][] = [['verb', 'operation', 'fault', 'points', 'recovered']];
let failed = 0;
const worlds = new Worlds(folder);

async function inWorld(verb: Verb): Promise<Disturbance[]> {
  const world = join(folder, 'traced', 'world');
  await copyWorld(await worlds.original(verb.state), world);
  const found = await nativeDisturbances(world, verb);
  await rm(world, { recursive: true });
  return found;
}

try {
  for (const verb of VERBS) {
    if (values.verb !== undefined && !values.verb.includes(verb.name)) continue;
    const base = await undisturbed(worlds, verb, folder);
    const native = NATIVE.has(verb.name) && tracing ? await inWorld(verb) : [];
    const all = [...disturbances(base), ...native].filter(
      ({ fault }, index) =>
        index % every === 0 && (values.fault === undefined || values.fault.includes(fault)),
    );
    const tally = new Map<string, { points: number; good: number }>();
    let next = 0;
    const work = async (job: number): Promise<void> => {
      for (let one = all[next++]; one !== undefined; one = all[next++]) {
        const scratch = join(folder, `job-${String(job)}`);
        const { problems, missed } = await disturb(worlds, base, one, scratch);
        const key = `${one.point.kind}\t${one.fault}`;
        const count = tally.get(key) ?? { points: 0, good: 0 };
        tally.set(key, count);
        count.points += 1;
        const what = `${verb.name}: ${one.fault} at ${one.point.at} ${one.point.kind} ${one.point.path}`;
        if (problems.length === 0 && !missed) count.good += 1;
        else {
          failed += 1;
          process.stdout.write(`${what}\n${problems.map((text) => `    ${text}\n`).join('')}`);
          if (missed) process.stdout.write('    the operation did not come\n');
        }
      }
    };
    await Promise.all(Array.from({ length: jobs }, (_, job) => work(job)));
    for (const [key, { points, good }] of [...tally].sort(([a], [b]) => (a < b ? -1 : 1))) {
      rows.push([verb.name, ...key.split('\t'), String(points), String(good)]);
    }
    process.stderr.write(
      `${verb.name}: ${String(all.length)} disturbances of ${String(base.points.length)} operations\n`,
    );
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
const widths =
  rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
for (const row of rows) {
  process.stdout.write(
    `${row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()}\n`,
  );
}
const total = rows.slice(1).reduce((sum, row) => sum + Number(row[3]), 0);
process.stdout.write(`${String(total)} disturbances, ${String(failed)} not recovered from\n`);
process.exitCode = failed === 0 ? 0 : 1;
