/**
 * A small case beside the logs it is made of, in the states that the verbs start from; each state is made once and copied for
 * every disturbed run.
 */
import { lstatSync, readdirSync, readFileSync, type Stats } from 'node:fs';
import { cp, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '#src/cli/main.ts';
import { fakeEffects } from '../helpers/effects.ts';
import { ROOT } from '../helpers/exhibit.ts';

/** How far the case has come. */
export type State = 'nothing' | 'open' | 'collected' | 'sealed' | 'imported' | 'asked' | 'reported';

/** What an in-process run of the command line came to. */
export interface Said {
  readonly status: number;
  /** The document that `--json` printed; undefined if there was none. */
  readonly json: unknown;
  readonly stderr: string;
}

const MIRROR = join(ROOT, 'evidence-samples', 'mirror');
const TRAIL = 'harborline-cloudtrail-logs/AWSLogs/111122223333';

/** Runs one command line in this process, as a user would after the fault. */
export async function say(cwd: string, argv: readonly string[]): Promise<Said> {
  const fx = fakeEffects({ cwd, env: {}, now: () => Date.now() });
  const status = await run([...argv, '--json'], { ...fx, argv });
  const text = fx.stdout();
  return {
    status,
    json: text === '' ? undefined : (JSON.parse(text) as unknown),
    stderr: fx.stderr(),
  };
}

async function must(cwd: string, argv: readonly string[]): Promise<void> {
  const { status, json, stderr } = await say(cwd, argv);
  // Digests without their logs are bad news, and on record all the same.
  if (status !== 0 && argv[0] !== 'cloudtrail') {
    throw new Error(`${argv.join(' ')}: ${JSON.stringify(json)} ${stderr}`);
  }
}

/** The commands that lead from one state to the next; `case` is run beside the case folder, all others in it. */
const STEPS: readonly (readonly [State, readonly (readonly string[])[]])[] = [
  ['nothing', []],
  [
    'open',
    [['init', 'case', '--case-id', 'FAULTS-1', '--examiner', 'Tester', '--unprotected-key']],
  ],
  ['collected', [['collect', 'dir', '../logs', '--no-seal']]],
  ['sealed', [['seal', 'EV-0001', '--volume-size', '300kB']]],
  ['imported', [['import', '--workers', '1']]],
  [
    'asked',
    [
      ['cloudtrail', 'validate'],
      ['query', 'run', 'logging-off'],
    ],
  ],
  ['reported', [['report']]],
];

/** The states of one world below a folder. */
export class Worlds {
  readonly #folder: string;
  readonly #source: (logs: string) => Promise<void>;
  #made = 0;

  /** @param source fills the folder of logs; by default with a few files of every sort. */
  constructor(folder: string, source: (logs: string) => Promise<void> = fewFiles) {
    this.#folder = folder;
    this.#source = source;
  }

  /** The folder of a state's original; copies are made of it. */
  async original(state: State): Promise<string> {
    for (; this.#made < STEPS.length; this.#made += 1) {
      const [name, commands] = STEPS[this.#made] ?? ['nothing', []];
      const here = join(this.#folder, name);
      const before = STEPS[this.#made - 1];
      if (before === undefined) {
        await mkdir(join(here, 'logs'), { recursive: true });
        await this.#source(join(here, 'logs'));
      } else {
        await copyWorld(join(this.#folder, before[0]), here);
      }
      for (const argv of commands) {
        await must(argv[0] === 'init' ? here : join(here, 'case'), argv);
      }
    }
    return join(this.#folder, state);
  }
}

/** Copies a world with the times of its files, which the collection records. */
export async function copyWorld(from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true, preserveTimestamps: true });
}

/** Everything in a folder: bytes of files, times of sources; undefined for folders. */
export type Snapshot = ReadonlyMap<
  string,
  { readonly bytes: Buffer; readonly mtimeMs: number } | undefined
>;

/** Reads all of a world. */
export function snapshot(world: string): Snapshot {
  return new Map(
    entriesOf(world).map(([path, facts]) => [
      path,
      facts.isFile()
        ? { bytes: readFileSync(join(world, path)), mtimeMs: facts.mtimeMs }
        : undefined,
    ]),
  );
}

/** True if the world holds the same names, and files of the same bytes; sources with the same times. */
export function isAsBefore(world: string, before: Snapshot): boolean {
  const now = entriesOf(world);
  return (
    now.length === before.size &&
    now.every(([path, facts]) => {
      const file = before.get(path);
      if (file === undefined) return before.has(path) && facts.isDirectory();
      return (
        facts.size === file.bytes.length &&
        (facts.mtimeMs === file.mtimeMs || !path.startsWith('logs')) &&
        readFileSync(join(world, path)).equals(file.bytes)
      );
    })
  );
}

function entriesOf(world: string): (readonly [string, Stats])[] {
  return readdirSync(world, { recursive: true, encoding: 'utf8' }).map((path) => [
    path,
    lstatSync(join(world, path)),
  ]);
}

/** Logs of every source, one of them twice, a reject, a sidecar, an unknown file larger than a read buffer. */
async function fewFiles(logs: string): Promise<void> {
  const wanted: readonly [string, RegExp, number][] = [
    [`${TRAIL}/CloudTrail/eu-west-1/2026/09/17`, /\.json\.gz$/, 2],
    [`${TRAIL}/CloudTrail-Digest/eu-west-1/2026/09/17`, /20260917T1[45]5020Z/, 4],
    ['harborline-s3-access-logs/harborline-customer-exports', /2026-09-14/, 1],
    ['harborline-vpc-flow-logs', /./, 0],
  ];
  for (const [folder, pattern, count] of wanted) {
    const names = (await readdir(join(MIRROR, folder))).filter((name) => pattern.test(name)).sort();
    for (const name of names.slice(0, count)) {
      await mkdir(join(logs, folder), { recursive: true });
      await cp(join(MIRROR, folder, name), join(logs, folder, name), { preserveTimestamps: true });
    }
  }
  const access = join(logs, 'harborline-s3-access-logs/harborline-customer-exports');
  const [first = ''] = await readdir(access);
  await cp(join(access, first), join(access, `${first}-again`), { preserveTimestamps: true });
  await writeFile(
    join(logs, 'flow.log'),
    'version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n' +
      '2 111122223333 eni-0a1b2c3d 10.0.0.1 10.0.0.2 443 51515 6 10 840 1789600000 1789600060 ACCEPT OK\n' +
      '2 111122223333 eni-0a1b2c3d 10.0.0.1 10.0.0.2 443 51515 6 ten 840 1789600000 1789600060 ACCEPT OK\n',
  );
  await writeFile(join(logs, 'large.bin'), Buffer.alloc(1_300_000, 'large '));
  await writeFile(join(logs, 'note.txt'), 'not a log\n');
}
