/** The verbs that write, how each is called, and how a user goes on after it failed. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { readLedger } from '#src/custody/read.ts';
import { say, wordsIn, type State } from './world.ts';

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
  /** The case's folder, if not `case`. */
  readonly folder?: string;
  /** Private key to sign with (EXHIBIT_KEY), below the world. */
  readonly key?: string;
  /** Events that may stand in the ledger once more, if the run was stopped after it had recorded its work. */
  readonly repeats?: readonly string[];
  /** Exit status of the undisturbed run, if not 0. */
  readonly status?: number;
  /** True if the work is seen to be done, so that a user would not start it again. */
  readonly isDone?: (dir: string) => boolean;
}

/** What a package that is received has in common. */
const AT_BOBS = {
  beside: true,
  folder: 'got',
  key: 'bob/key.pem',
  // The case is there, and nothing of the receipt waits to be finished.
  isDone: (dir: string): boolean =>
    existsSync(join(dir, 'case.json')) && !existsSync(join(dir, '.receiving', 'ready')),
} as const;

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
    state: 'known',
    argv: ['export', 'transfer', '--to', 'Bob', '--recipient', '@recipient'],
    repeats: ['transfer-out'],
  },
  {
    name: 'export transfer to a tar',
    state: 'known',
    argv: [
      'export',
      'transfer',
      '--to',
      'Bob',
      '--recipient',
      '@recipient',
      '-o',
      '../package.tar',
    ],
    repeats: ['transfer-out'],
    isDone: (dir) => existsSync(join(dir, '..', 'package.tar')),
  },
  {
    name: 'receive',
    state: 'sent',
    argv: ['receive', 'package', '--into', 'got', '--identity', 'bob/age.txt'],
    ...AT_BOBS,
  },
  {
    name: 'receive from a tar',
    state: 'sent',
    argv: ['receive', 'package.tar', '--into', 'got', '--identity', 'bob/age.txt'],
    ...AT_BOBS,
  },
  {
    name: 'custody transfer',
    state: 'known',
    argv: ['custody', 'transfer', '--to', 'Bob', '--certificate', '@certificate'],
    repeats: ['transfer-out'],
  },
  {
    name: 'custody receive',
    state: 'passed',
    prepare: (world) => {
      mkdirSync(join(world, 'receipt'));
    },
    argv: ['custody', 'receive', '--receipt', '../receipt'],
    key: 'bob/key.pem',
  },
  {
    name: 'custody key new',
    state: 'open',
    beside: true,
    argv: ['custody', 'key', 'new', '--examiner', 'Dora', '--out', 'dora', '--unprotected-key'],
    isDone: (dir) => existsSync(join(dir, '..', 'dora', 'key.pem')),
  },
  {
    name: 'custody key add',
    state: 'known',
    argv: ['custody', 'key', 'add', '--examiner', 'Carol', '--unprotected-key'],
    repeats: ['key-added'],
  },
  {
    name: 'custody key add (registered)',
    state: 'introduced',
    argv: ['custody', 'key', 'add', '--examiner', 'Bob', '--certificate', '../bob/cert.pem'],
    repeats: ['key-added'],
    isDone: (dir) => hasEntry(dir, 'key-added'),
  },
  {
    name: 'custody key revoke',
    state: 'known',
    argv: ['custody', 'key', 'revoke', '@certificate', '--reason', 'left the laboratory'],
    repeats: ['key-revoked'],
  },
  {
    name: 'custody timestamp --request',
    state: 'sealed',
    argv: ['custody', 'timestamp', 'EV-0001', '--request'],
  },
  {
    name: 'custody timestamp --attach',
    state: 'requested',
    argv: [
      'custody',
      'timestamp',
      'EV-0001',
      '--attach',
      '../tsa/answer.tsr',
      '--tsa-chain',
      '../tsa/cert.pem',
    ],
    isDone: (dir) =>
      existsSync(join(dir, 'evidence', 'EV-0001', 'EV-0001.seal.p7s.tsr')) &&
      hasEntry(dir, 'timestamped'),
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
    isDone: (dir) => existsSync(join(dir, 'plain.db')),
  },
];

function hasEntry(dir: string, event: string): boolean {
  return readLedger(dir).some(({ entry }) => entry.event === event);
}

/** What a verb finds in its environment; the pins are the world's own. */
export function envOf(world: string, { key }: Pick<Verb, 'key'>): Record<string, string> {
  return {
    EXHIBIT_PINS: join(world, 'pins'),
    ...(key === undefined ? {} : { EXHIBIT_KEY: join(world, key) }),
  };
}

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
  const dir = join(world, verb.folder ?? 'case');
  const env = envOf(world, verb);
  let argv = wordsIn(world, verb.argv);
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    if (verb.isDone?.(dir) === true) break;
    const { status, json } = await say(verb.beside === true ? world : dir, argv, env);
    const ended = status === (verb.status ?? 0);
    if (ended && !(json instanceof Object && 'error' in json)) return undefined;
    const { error } = json as {
      readonly error?: { readonly code: string; readonly hint: string | null };
    };
    // A ledger entry that was being written fails the check that comes before it is finished.
    if (verb.argv[0] === 'verify' && status === 1 && attempt === 1) continue;
    if (error?.code === 'E_EXISTS' && error.hint?.includes('--force') === true)
      argv = [...argv, '--force'];
    else return `exit ${String(status)}: ${JSON.stringify(json)}`;
  }
  // The next verb that writes clears away what is left.
  const { status, json } = await say(dir, ['verify', '--record'], env);
  return status === 0
    ? undefined
    : `verify --record: exit ${String(status)}: ${JSON.stringify(json)}`;
}
