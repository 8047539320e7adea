/**
 * A small case beside the logs it is made of, in the states that the verbs start from; each state is made once and copied for
 * every disturbed run.
 */
import { X509Certificate } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
  type Stats,
} from 'node:fs';
import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { run } from '#src/cli/main.ts';
import { sha256Hex } from '#src/core/digest.ts';
import { fakeEffects } from '../helpers/effects.ts';
import { ROOT } from '../helpers/exhibit.ts';

/** How far the case has come. */
export type State =
  | 'nothing'
  | 'open'
  | 'collected'
  | 'sealed'
  | 'imported'
  | 'asked'
  | 'reported'
  | 'introduced'
  | 'known'
  | 'passed'
  | 'sent'
  | 'requested';

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
export async function say(
  cwd: string,
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Said> {
  const fx = fakeEffects({ cwd, env, now: () => Date.now() });
  const status = await run([...argv, '--json'], { ...fx, argv });
  const text = fx.stdout();
  return {
    status,
    json: text === '' ? undefined : (JSON.parse(text) as unknown),
    stderr: fx.stderr(),
  };
}

/** A command line with what only this world knows: `@recipient` and `@certificate` are the other person's. */
export function wordsIn(world: string, argv: readonly string[]): string[] {
  const bob = (name: string): Buffer => readFileSync(join(world, 'bob', name));
  return argv.map((word) => {
    if (word === '@recipient') return bob('age.pub').toString();
    return word === '@certificate' ? sha256Hex(new X509Certificate(bob('cert.pem')).raw) : word;
  });
}

async function must(cwd: string, argv: readonly string[]): Promise<void> {
  const { status, json, stderr } = await say(cwd, argv);
  // Digests without their logs are bad news, and on record all the same.
  if (status !== 0 && argv[0] !== 'cloudtrail') {
    throw new Error(`${argv.join(' ')}: ${JSON.stringify(json)} ${stderr}`);
  }
}

/** A state: the one that it is made from, and the commands and other work that lead to it. */
type Step = readonly [
  state: State,
  from: State,
  commands: readonly (readonly string[])[],
  work?: (world: string) => void | Promise<void>,
];

/** `init` is run beside the case folder, all others in it. */
const STEPS: readonly Step[] = [
  [
    'open',
    'nothing',
    [['init', 'case', '--case-id', 'FAULTS-1', '--examiner', 'Tester', '--unprotected-key']],
  ],
  ['collected', 'open', [['collect', 'dir', '../logs', '--no-seal']]],
  ['sealed', 'collected', [['seal', 'EV-0001', '--volume-size', '300kB']]],
  ['imported', 'sealed', [['import', '--workers', '1']]],
  [
    'asked',
    'imported',
    [
      ['cloudtrail', 'validate'],
      ['query', 'run', 'logging-off'],
    ],
  ],
  ['reported', 'asked', [['report']]],
  // Somebody else has keys; then the case knows his certificate.
  [
    'introduced',
    'imported',
    [['custody', 'key', 'new', '--examiner', 'Bob', '--out', '../bob', '--unprotected-key']],
    async (world) => {
      const identity = await generateX25519Identity();
      writeFileSync(join(world, 'bob', 'age.txt'), `${identity}\n`);
      writeFileSync(join(world, 'bob', 'age.pub'), await identityToRecipient(identity));
    },
  ],
  [
    'known',
    'introduced',
    [['custody', 'key', 'add', '--examiner', 'Bob', '--certificate', '../bob/cert.pem']],
  ],
  ['passed', 'known', [['custody', 'transfer', '--to', 'Bob']]],
  [
    'sent',
    'known',
    [
      ['export', 'transfer', '--to', 'Bob', '--recipient', '@recipient', '-o', '../package'],
      ['export', 'transfer', '--to', 'Bob', '--recipient', '@recipient', '-o', '../package.tar'],
    ],
  ],
  ['requested', 'sealed', [['custody', 'timestamp', 'EV-0001', '--request']], answerRequest],
];

/** The states of one world below a folder. */
export class Worlds {
  readonly #folder: string;
  readonly #source: (logs: string) => Promise<void>;
  readonly #made = new Map<State, Promise<string>>();

  /** @param source fills the folder of logs; by default with a few files of every sort. */
  constructor(folder: string, source: (logs: string) => Promise<void> = fewFiles) {
    this.#folder = folder;
    this.#source = source;
  }

  /** The folder of a state's original; copies are made of it. */
  original(state: State): Promise<string> {
    const made = this.#made.get(state) ?? this.#make(state);
    this.#made.set(state, made);
    return made;
  }

  async #make(state: State): Promise<string> {
    const here = join(this.#folder, state);
    const step = STEPS.find(([name]) => name === state);
    if (step === undefined) {
      await mkdir(join(here, 'logs'), { recursive: true });
      await this.#source(join(here, 'logs'));
      return here;
    }
    const [, from, commands, work] = step;
    await copyWorld(await this.original(from), here);
    for (const argv of commands) {
      await must(argv[0] === 'init' ? here : join(here, 'case'), wordsIn(here, argv));
    }
    await work?.(here);
    return here;
  }
}

/**
 * Answers the request for a time-stamp that lies in the case, as an authority does that openssl makes on the spot (openssl-ts(1),
 * "ts -reply"; RFC 3161 section 2.3: its key serves for time-stamping alone).
 */
function answerRequest(world: string): void {
  const tsa = join(world, 'tsa');
  mkdirSync(tsa);
  writeFileSync(
    join(tsa, 'openssl.cnf'),
    `[req]
distinguished_name = dn
x509_extensions = stamps
[dn]
[stamps]
basicConstraints = CA:false
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[tsa]
default_tsa = one
[one]
serial = serial
default_policy = 1.2.3.4.1
digests = sha256
signer_digest = sha256
ess_cert_id_alg = sha256
`,
  );
  writeFileSync(join(tsa, 'serial'), '01\n');
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', [...args, '-config', 'openssl.cnf'], { cwd: tsa, stdio: 'pipe' });
  };
  const [key, pem] = ['key.pem', 'cert.pem'];
  openssl(
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    key,
    '-out',
    pem,
    '-subj',
    '/CN=Stamps',
  );
  const query = join(world, 'case', 'evidence', 'EV-0001', 'EV-0001.seal.p7s.tsq');
  openssl('ts', '-reply', '-queryfile', query, '-inkey', key, '-signer', pem, '-out', 'answer.tsr');
}

/** Copies a world with the times of its files, which the collection records. */
export async function copyWorld(from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true, preserveTimestamps: true });
}

/** Makes a world what its original is; logs that are there stay, for no verb writes to them. */
export async function renewWorld(from: string, to: string): Promise<void> {
  const there = existsSync(to) ? await readdir(to) : [];
  for (const name of there) if (name !== 'logs') await rm(join(to, name), { recursive: true });
  for (const name of await readdir(from)) {
    if (name !== 'logs' || !there.includes(name)) await copyWorld(join(from, name), join(to, name));
  }
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

/** What a world differs in from another one, with the SHA-256 of every file that does; empty: in nothing. */
export function changes(world: string, before: Snapshot): string {
  const gone = new Set(before.keys());
  const found: string[] = [];
  for (const [path, facts] of entriesOf(world)) {
    const known = gone.delete(path);
    const file = before.get(path);
    if (facts.isDirectory()) {
      if (!known || file !== undefined) found.push(`${path} folder`);
      continue;
    }
    const sameTime = facts.mtimeMs === file?.mtimeMs || !path.startsWith('logs');
    if (sameTime && path.startsWith('logs') && facts.size === file?.bytes.length) continue;
    const bytes = readFileSync(join(world, path));
    if (file === undefined || !sameTime || !bytes.equals(file.bytes)) {
      found.push(`${path} ${sha256Hex(bytes)} ${sameTime ? '' : String(facts.mtimeMs)}`);
    }
  }
  return [...found.sort(), ...[...gone].map((path) => `${path} gone`)].join('\n');
}

/** Every name in a world, and what is known of it. */
export function entriesOf(world: string): (readonly [string, Stats])[] {
  return readdirSync(world, { recursive: true, encoding: 'utf8' }).map((path) => [
    path,
    lstatSync(join(world, path)),
  ]);
}

/** All logs of the demo. */
export async function wholeMirror(logs: string): Promise<void> {
  await cp(MIRROR, logs, { recursive: true, preserveTimestamps: true });
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
