/** The verbs that write, how each is called, and how a user goes on after it failed. */
import { existsSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { say, type State } from './world.ts';

/** A verb of the sweep. */
export interface Verb {
  readonly name: string;
  /** What the case must be before. */
  readonly state: State;
  readonly argv: readonly string[];
  /** Changes the world before the run. */
  readonly prepare?: (world: string) => void;
  /** Run beside the case folder instead of in it. */
  readonly beside?: boolean;
  /** Events that may stand in the ledger once more, if the run was stopped after it had recorded its work. */
  readonly repeats?: readonly string[];
  /** Exit status of the undisturbed run, if not 0. */
  readonly status?: number;
  /** True if the work is seen to be done, so that a user would not start it again. */
  readonly isDone?: (dir: string) => boolean;
}

/** A public key of age (the example of its documentation). */
const RECIPIENT = 'age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj';

/** All of them. */
export const VERBS: readonly Verb[] = [
  {
    name: 'init',
    state: 'nothing',
    beside: true,
    argv: ['init', 'case', '--case-id', 'FAULTS-1', '--examiner', 'Tester', '--unprotected-key'],
    isDone: (dir) => existsSync(join(dir, 'case.json')),
  },
  {
    name: 'collect',
    state: 'open',
    argv: ['collect', 'dir', '../logs'],
    isDone: isSealed,
  },
  {
    name: 'seal',
    state: 'collected',
    argv: ['seal', 'EV-0001', '--volume-size', '300kB'],
    isDone: isSealed,
  },
  { name: 'import', state: 'sealed', argv: ['import', '--workers', '1'] },
  {
    name: 'verify --record',
    state: 'imported',
    argv: ['verify', '--record'],
    repeats: ['verified'],
  },
  {
    // The same with the lock of a process that died: how it is taken over is disturbed too.
    name: 'taking over a lock',
    state: 'imported',
    prepare: (world) => {
      const dead = { pid: 2 ** 22 + 1, host: hostname(), started: '' };
      writeFileSync(join(world, 'case', '.lock'), `${JSON.stringify(dead)}\n`);
    },
    argv: ['verify', 'EV-0001', '--record'],
    repeats: ['verified'],
  },
  {
    name: 'cloudtrail validate',
    state: 'imported',
    argv: ['cloudtrail', 'validate'],
    // Some of the logs that the digests name are not there.
    status: 1,
    repeats: ['verified'],
  },
  {
    name: 'custody add',
    state: 'imported',
    argv: ['custody', 'add', 'note', '--reason', 'seen by the sweep'],
    repeats: ['note'],
  },
  { name: 'custody checkpoint', state: 'imported', argv: ['custody', 'checkpoint'] },
  {
    name: 'export transfer',
    state: 'sealed',
    argv: ['export', 'transfer', '--to', 'Bob', '--recipient', RECIPIENT],
    repeats: ['transfer-out'],
  },
  {
    name: 'query run',
    state: 'imported',
    argv: ['query', 'run', 'logging-off'],
    repeats: ['query'],
  },
  { name: 'report', state: 'asked', argv: ['report'], repeats: ['export'] },
  { name: 'report --force', state: 'reported', argv: ['report', '--force'], repeats: ['export'] },
  {
    name: 'export case',
    state: 'imported',
    argv: ['export', 'case', '--plain'],
    repeats: ['export'],
  },
];

// What `exhibit status` shows, and that nothing of the collection waits to be finished.
function isSealed(dir: string): boolean {
  return (
    existsSync(join(dir, 'evidence', 'EV-0001', 'EV-0001.seal')) &&
    !existsSync(join(dir, 'staging', 'EV-0001'))
  );
}

/**
 * Goes on as a user would: the same command again, until it is done; another word only where the message says so.
 * @returns why it does not come to an end; undefined if it does.
 */
export async function resume(world: string, verb: Verb): Promise<string | undefined> {
  const dir = join(world, 'case');
  let argv = verb.argv;
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    if (verb.isDone?.(dir) === true) break;
    const { status, json } = await say(verb.beside === true ? world : dir, argv);
    if (status === (verb.status ?? 0)) return undefined;
    const { error } = json as { readonly error?: { readonly code: string; readonly hint: string } };
    // A ledger entry that was being written fails the check that comes before it is finished.
    if (verb.argv[0] === 'verify' && status === 1 && attempt === 1) continue;
    if (error?.code === 'E_EXISTS' && error.hint.includes('--force')) argv = [...argv, '--force'];
    else return `exit ${String(status)}: ${JSON.stringify(json)}`;
  }
  // The next verb that writes clears away what is left.
  const { status, json } = await say(dir, ['verify', '--record']);
  return status === 0
    ? undefined
    : `verify --record: exit ${String(status)}: ${JSON.stringify(json)}`;
}
