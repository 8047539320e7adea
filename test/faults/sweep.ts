/** Disturbs a verb at one operation, goes on as a user would, and compares the end with that of the undisturbed verb. */
import { rm } from 'node:fs/promises';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { start, type Ended } from './child.ts';
import { outcomeOf, type Outcome } from './outcome.ts';
import { FAULTS, type Fault, type Point } from './plan.ts';
import { envOf, resume, type Verb } from './verbs.ts';
import {
  changes,
  copyWorld,
  renewWorld,
  say,
  snapshot,
  type Snapshot,
  type Worlds,
} from './world.ts';

/** A verb as it runs undisturbed. */
export interface Undisturbed {
  readonly verb: Verb;
  readonly points: readonly Point[];
  readonly outcome: Outcome;
  /** The world before the run, byte for byte. */
  readonly before: Snapshot;
  /** States from which going on has come to that outcome ({@link changes}). */
  readonly recovered: Set<string>;
}

/** One disturbance. */
export interface Disturbance {
  readonly point: Point;
  readonly fault: Fault;
  /** Runs the verb in a world with this fault. */
  readonly strike: (world: string) => Promise<Ended>;
}

/** Runs the verb undisturbed. */
export async function undisturbed(
  worlds: Worlds,
  verb: Verb,
  scratch: string,
): Promise<Undisturbed> {
  const world = join(scratch, 'undisturbed');
  await copyWorld(await worlds.original(verb.state), world);
  verb.prepare?.(world);
  const before = snapshot(world);
  const { status, points, stdout, stderr } = await start(world, verb).ended;
  if (status !== (verb.status ?? 0))
    throw new Error(`${verb.name} fails undisturbed: ${stdout}${stderr}`);
  const outcome = await outcomeOf(world, verb.folder);
  if (outcome.failed.length > 0) throw new Error(`${verb.name}: ${outcome.failed.join('; ')}`);
  await rm(world, { recursive: true });
  return { verb, points, outcome, before, recovered: new Set() };
}

/** Every disturbance that the points allow; `ctrl-c` and `vanish` at each of them too. */
export function disturbances({ verb, points }: Undisturbed): Disturbance[] {
  return points.flatMap((point) => {
    // What makes the case has none yet that could be unplugged.
    const between = point.at.startsWith('0.') && verb.beside !== true;
    const faults: readonly Fault[] = [
      ...FAULTS[point.kind],
      ...(between ? (['ctrl-c', 'vanish'] as const) : []),
    ];
    return faults.map((fault): Disturbance => {
      const { at } = point;
      return { point, fault, strike: (world) => start(world, verb, { at, fault }).ended };
    });
  });
}

/** Where {@link disturb} makes its world. */
export function worldIn(scratch: string): string {
  return join(scratch, 'disturbed');
}

/**
 * Disturbs the verb.
 * @returns what is not as it should be; empty: recovered. `missed` if the operation did not come.
 */
export async function disturb(
  worlds: Worlds,
  { verb, outcome: wanted, before, recovered }: Undisturbed,
  { point, fault, strike }: Disturbance,
  scratch: string,
): Promise<{ readonly problems: readonly string[]; readonly missed: boolean }> {
  const world = worldIn(scratch);
  await renewWorld(await worlds.original(verb.state), world);
  verb.prepare?.(world);
  try {
    const ended = await strike(world);
    // A verdict that is bad news ends as an accusation does; only the latter is an error.
    const done = ended.status === (verb.status ?? 0) && !ended.stdout.startsWith('{"error"');
    const problems = done ? [] : judgeEnd(ended, fault);
    bringBack(world);
    const missed = ended.points.length === 0;
    // The same command again in a world as it was: that is the undisturbed run. Nor need it be gone on from one and the same
    // state twice.
    const state = done || isUnread(verb, point, fault) ? undefined : changes(world, before);
    if (state === '' || (state !== undefined && recovered.has(state))) return { problems, missed };
    const stuck = done ? undefined : await resume(world, verb);
    if (stuck === undefined) {
      let found = await outcomeOf(world, verb.folder);
      // What the run could not remove, the next verb that writes does.
      if (found.names.length !== wanted.names.length) {
        await say(join(world, verb.folder ?? 'case'), ['verify', '--record'], envOf(world, verb));
        found = await outcomeOf(world, verb.folder);
      }
      // Who cannot store a pin has said so.
      const told = ended.stderr.includes('this machine cannot remember the case');
      const expected = told
        ? {
            ...wanted,
            pinned: found.pinned,
            names: wanted.names.filter(
              (name) => !name.startsWith('pins') || found.names.includes(name),
            ),
          }
        : wanted;
      problems.push(...differences(expected, found, verb, point, fault));
    } else {
      problems.push(`cannot go on: ${stuck}`);
    }
    if (state !== undefined && problems.length === 0) recovered.add(state);
    return { problems, missed };
  } catch (error) {
    await rm(world, { recursive: true, force: true });
    throw error;
  }
}

/** The case that was moved away comes back, as a disk does that was unplugged. */
function bringBack(world: string): void {
  const gone = join(world, 'case.gone');
  if (!existsSync(gone)) return;
  // Folders that were made anew in its place; a disk that comes back hides them.
  rmSync(join(world, 'case'), { recursive: true, force: true });
  renameSync(gone, join(world, 'case'));
}

/** A disturbed run ends with success, a clear error, or the kill that was sent. */
function judgeEnd({ status, signal, stdout, stderr }: Ended, fault: Fault): string[] {
  if (fault === 'kill' || fault === 'power') {
    return signal === 'SIGKILL' ? [] : [`not killed: exit ${String(status)} ${stdout}${stderr}`];
  }
  // A verdict about evidence that cannot be read, or is not there, is bad news.
  if (status === 1 && stdout.includes('"checks"')) return [];
  // The same where somebody would sign for it; he does not.
  if (status === 1 && stdout.includes('what arrived is not what was sent')) return [];
  // A case whose files are gone from one moment to the next cannot be told from one that was tampered with.
  if (status === 1 && fault === 'vanish' && stdout.includes('E_TAMPERED')) return [];
  if (status === 4 && fault === 'vanish' && stdout.includes('E_SIGNER')) return [];
  // A name that cannot be looked up is not found; nothing was done.
  if (status === 2 && stdout.includes('E_NOT_FOUND')) return [];
  if (status !== 3 && !(status === 2 && stdout.includes('E_NO_CASE'))) {
    return [`exit ${String(status ?? signal)}: ${stdout}${stderr}`];
  }
  const { error } = JSON.parse(stdout) as { error?: { hint: string | null } };
  // Without an error: done, with something on record that could not be collected.
  return error?.hint === null ? [`no advice: ${stdout}`] : [];
}

/**
 * A source that cannot be read is on record as such, and what was read of others is all there. The same for a report about
 * evidence that could not be read.
 */
function isUnread({ argv }: Verb, { path }: Point, fault: Fault): boolean {
  return (
    /^E(?:IO|INTR)$/.test(fault) &&
    (path.startsWith('logs') || (argv[0] === 'report' && path.startsWith('case/evidence')))
  );
}

function differences(
  wanted: Outcome,
  found: Outcome,
  verb: Verb,
  point: Point,
  fault: Fault,
): string[] {
  const problems = found.failed.map((text) => `verify: ${text}`);
  problems.push(...found.unvouched.map((name) => `not as the ledger says: ${name}`));
  const unread = isUnread(verb, point, fault);
  const repeats = new Set([...(verb.repeats ?? []), 'verified']);
  const extra = [...found.ledger];
  for (const event of wanted.ledger) {
    const at = extra.indexOf(event);
    if (at >= 0) extra.splice(at, 1);
    else if (!unread) problems.push(`not in the ledger: ${event}`);
  }
  for (const event of extra) {
    if (!repeats.has(event.split(' ')[0] ?? '') && !unread)
      problems.push(`too much in the ledger: ${event}`);
  }
  const again = extra.length;
  if (!unread && !isDeepStrictEqual(wanted.evidence, found.evidence)) {
    problems.push(`evidence: ${JSON.stringify(found.evidence)}`);
  }
  if (!isDeepStrictEqual(wanted.pinned, found.pinned)) {
    problems.push(`pins: ${found.pinned.join(', ')}`);
  }
  if (!isDeepStrictEqual(wanted.database, found.database)) {
    problems.push(`database: ${JSON.stringify(found.database)}`);
  }
  const results = (runs: readonly string[]): string[] => [
    ...new Set(runs.map((run) => run.slice(7))),
  ];
  if (!isDeepStrictEqual(results(wanted.runs), results(found.runs))) {
    problems.push(`query runs: ${found.runs.join(', ')}`);
  }
  const known = new Set(wanted.names);
  // What a repeated run adds bears a number of its own.
  const mayBeNew = again === 0 ? /^\0/ : /^(?:case|got)\/(?:custody\/\d{8}\.json|queries\/Q-\d{4})/;
  for (const name of found.names) {
    if (!known.has(name) && !mayBeNew.test(name)) problems.push(`left behind: ${name}`);
  }
  const present = new Set(found.names);
  for (const name of wanted.names) if (!present.has(name)) problems.push(`missing: ${name}`);
  return problems;
}
