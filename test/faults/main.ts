/**
 * The whole fault sweep: `node test/faults/main.ts [--verb NAME] [--fault NAME] [--every N] [--jobs N]
 * [--no-native | --only-native] [--log FILE]`. Every operation on files of every verb that writes, with every fault that it can suffer; a table
 * at the end, exit status 1 if one of them was not recovered from. Each verdict is a line of the log; a disturbance that the log
 * holds as recovered from is not run again.
 */
import './at-once.ts';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Runner, type Ended } from './child.ts';
import { canTrace, nativeDisturbances } from './native.ts';
import {
  disturb,
  disturbances,
  undisturbed,
  worldIn,
  type Disturbance,
  type Undisturbed,
} from './sweep.ts';
import type { Point } from './plan.ts';
import { VERBS, type Verb } from './verbs.ts';
import { copyWorld, wholeMirror, Worlds } from './world.ts';

const { values } = parseArgs({
  options: {
    verb: { type: 'string', multiple: true },
    fault: { type: 'string', multiple: true },
    every: { type: 'string', default: '1' },
    jobs: { type: 'string' },
    'no-native': { type: 'boolean' },
    'only-native': { type: 'boolean' },
    log: { type: 'string' },
    case: { type: 'string', default: 'small' },
    count: { type: 'boolean' },
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
/** Disturbances that were recovered from. */
const done = new Set<string>();
if (values.log !== undefined && existsSync(values.log)) {
  for (const line of readFileSync(values.log, 'utf8').split('\n')) {
    if (line.startsWith('recovered ')) done.add(line.slice('recovered '.length));
  }
}
const source = { small: undefined, demo: wholeMirror }[values.case as 'small' | 'demo'];
const worlds = new Worlds(folder, source);

async function inWorld(verb: Verb): Promise<Disturbance[]> {
  const world = join(folder, 'traced', 'world');
  await copyWorld(await worlds.original(verb.state), world);
  const found = await nativeDisturbances(world, verb);
  await rm(world, { recursive: true });
  return found;
}

/** Verbs in which SQLite writes: it does not know that the disk is frozen. */
const WRITES_DATABASE = new Set([...NATIVE, 'cloudtrail validate']);

/**
 * Runs it in a process that does many, where that is the same; whatever is then not as it should be is judged again in a process
 * of its own, and that counts.
 */
async function judged(
  base: Undisturbed,
  one: Disturbance,
  scratch: string,
  runner: Runner,
): ReturnType<typeof disturb> {
  const { point, fault } = one;
  const kills = fault === 'kill' || fault === 'power';
  const { at } = point;
  // A kill in another thread ends them all.
  if (/^\d/.test(at) && !(kills && (!at.startsWith('0.') || WRITES_DATABASE.has(base.verb.name)))) {
    let ended: Ended | undefined;
    const fast = await disturb(
      worlds,
      base,
      {
        ...one,
        strike: async () => {
          ended = await runner.strike(at, fault);
          const struck = ended?.points[0];
          // Another operation came there than in the run that was counted.
          if (struck !== undefined && placeOf(struck) !== placeOf(point)) ended = undefined;
          return ended ?? { status: null, signal: null, stdout: '', stderr: '', points: [] };
        },
      },
      scratch,
    ).catch(() => undefined);
    if (ended !== undefined && fast?.problems.length === 0 && !fast.missed) return fast;
  }
  return disturb(worlds, base, one, scratch);
}

/** The same in every run, whatever the processes and keys are. */
function placeOf({ kind, path }: Point): string {
  const plain = path
    .replace(/\d+\.[0-9a-f]{8}\.[0-9a-f]{8}/g, 'PROCESS')
    .replace(/[0-9a-f]{64}/g, 'SHA256');
  return `${kind} ${plain}`;
}

function nameOf(verb: Verb, { point, fault }: Disturbance): string {
  return `${verb.name}: ${fault} at ${point.at} ${placeOf(point)}`;
}

try {
  for (const name of values.verb ?? VERBS.map((verb) => verb.name)) {
    const verb = VERBS.find((one) => one.name === name);
    if (verb === undefined) throw new Error(`there is no verb "${name}"`);
    const base = await undisturbed(worlds, verb, folder);
    const native =
      values.count !== true && NATIVE.has(verb.name) && tracing ? await inWorld(verb) : [];
    const own = values['only-native'] === true ? [] : disturbances(base);
    const all = [...own, ...native].filter(
      ({ fault }, index) =>
        index % every === 0 && (values.fault === undefined || values.fault.includes(fault)),
    );
    if (values.count === true) {
      process.stdout.write(
        `${verb.name}: ${String(all.length)} disturbances of ${String(base.points.length)} operations\n`,
      );
      continue;
    }
    const tally = new Map<string, { points: number; good: number }>();
    let next = 0;
    const work = async (job: number): Promise<void> => {
      const scratch = join(folder, `job-${String(job)}`);
      const runner = new Runner(worldIn(scratch), verb);
      for (let one = all[next++]; one !== undefined; one = all[next++]) {
        const what = nameOf(verb, one);
        const { problems, missed } = done.has(what)
          ? { problems: [], missed: false }
          : await judged(base, one, scratch, runner);
        const key = `${one.point.kind}\t${one.fault}`;
        const count = tally.get(key) ?? { points: 0, good: 0 };
        tally.set(key, count);
        count.points += 1;
        const good = problems.length === 0 && !missed;
        if (values.log !== undefined && !done.has(what)) {
          appendFileSync(values.log, `${good ? 'recovered' : 'LOST'} ${what}\n`);
        }
        if (good) count.good += 1;
        else {
          failed += 1;
          process.stdout.write(`${what}\n${problems.map((text) => `    ${text}\n`).join('')}`);
          if (missed) process.stdout.write('    the operation did not come\n');
        }
      }
      runner.end();
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
