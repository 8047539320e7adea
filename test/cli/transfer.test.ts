/** `export transfer` and `receive` as processes: under the permission model, killed, on a full disk, and what they exit with. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { collectDir } from '#src/app/collect.ts';
import { addKey, newIdentity } from '#src/app/custody-keys.ts';
import { sealEvidence } from '#src/app/seal.ts';
import { verify } from '#src/app/verify.ts';
import { run } from '#src/cli/main.ts';
import { testCase } from '../helpers/case.ts';
import { fakeEffects } from '../helpers/effects.ts';
import { BIN, exhibitJson, ROOT, runProcess } from '../helpers/exhibit.ts';
import { failures, folderOf } from '../helpers/sealed.ts';
import { tempDir } from '../helpers/temp.ts';
import { hasTool, needs } from '../helpers/tools.ts';

const LOG = join(ROOT, 'evidence-samples/mirror');

let dir: string;
let caseDir: string;
let recipient: string;

beforeAll(async () => {
  dir = await tempDir();
  const made = await testCase();
  caseDir = made.case.paths.dir;
  const digests = readdirSync(LOG, { recursive: true, withFileTypes: true })
    .filter(
      (entry) => entry.isFile() && entry.name.includes('CloudTrail_') && entry.name.endsWith('.gz'),
    )
    .slice(0, 5);
  const files = Object.fromEntries(
    digests.map(({ name, parentPath }) => [`logs/${name}`, readFileSync(join(parentPath, name))]),
  );
  // Random bytes make volumes large enough to be met half written.
  const source = await folderOf({ ...files, 'logs/large.bin': randomBytes(12_000_000) });
  await collectDir(made.case, made.fx, {
    paths: [join(source, 'logs')],
    onProgress: () => undefined,
  });
  await sealEvidence(made.case, 'EV-0001', made.fx);
  await newIdentity(made.fx, { name: 'Bob', out: join(dir, 'bob'), unprotected: true });
  await addKey(made.case, made.fx, { name: 'Bob', certificate: join(dir, 'bob/cert.pem') });
  const identity = await generateX25519Identity();
  recipient = await identityToRecipient(identity);
  writeFileSync(join(dir, 'key.txt'), `${identity}\n`);
});

const options = (): { readonly cwd: string; readonly env: Record<string, string> } => ({
  cwd: dir,
  env: { EXHIBIT_PINS: join(dir, 'pins'), EXHIBIT_TRANSFER_PASSPHRASE: '' },
});
const SEND = (): string[] => [
  ...['export', 'transfer', '--case', caseDir, '--to', 'Bob', '--recipient', recipient],
];
/** Exit status and error code. */
async function inProcess(...argv: string[]): Promise<readonly [number, string | undefined]> {
  const fx = fakeEffects(options());
  const status = await run([...argv, '--json'], fx);
  const { error } = JSON.parse(fx.stdout()) as { readonly error?: { readonly code: string } };
  return [status, error?.code];
}
const send = (...more: string[]): ReturnType<typeof exhibitJson> =>
  exhibitJson(
    ['export', 'transfer', '--case', caseDir, '--to', 'Bob', '--recipient', recipient, ...more],
    options(),
  );
const receive = (...words: string[]): ReturnType<typeof exhibitJson> =>
  exhibitJson(['receive', '--identity', 'key.txt', ...words], options());

test('a case goes from one to another, and its content is the same there', async () => {
  // The short form with its value at once: the launcher has to see where writing is to be allowed.
  expect(await send('-opkg')).toMatchObject({ status: 0, json: { case: 'TEST-1', to: 'Bob' } });
  const withKey = {
    ...options(),
    // Bob's machine remembers another ledger than the sender's: it ends with his entry.
    env: { EXHIBIT_KEY: join(dir, 'bob/key.pem'), EXHIBIT_PINS: join(dir, 'bob/pins') },
  };
  const root = join(caseDir, 'pki/root.pem');
  const received = await exhibitJson(
    ['receive', 'pkg', '--identity', 'key.txt', '--into', 'got', '--trust', root],
    withKey,
  );
  expect(received).toMatchObject({ status: 0, json: { ok: true, verdict: 'accepted' } });
  const [there, here] = [
    await exhibitJson(['import', '--case', 'got'], withKey),
    await exhibitJson(['import', '--case', caseDir], options()),
  ];
  expect([there.status, here.status]).toEqual([0, 0]);
  const content = (json: unknown): unknown => (json as { content_sha256: string }).content_sha256;
  expect(content(there.json)).toMatch(/^[0-9a-f]{64}$/);
  expect(content(there.json)).toBe(content(here.json));
  // Whoever was not made a signer of the case can verify it, and is told why no more.
  const stranger = await exhibitJson(
    ['custody', 'add', 'note', '--reason', 'x', '--case', 'got'],
    options(),
  );
  expect(stranger).toMatchObject({ status: 3, json: { error: { code: 'E_READ' } } });
});

test('what each failure leaves with', async () => {
  await inProcess(...SEND(), '--out', 'exits');
  const received = (...words: string[]): Promise<readonly [number, string | undefined]> =>
    inProcess('receive', ...words, '--into', 'x');
  const mine = ['--identity', 'key.txt'];
  writeFileSync(join(dir, 'other.txt'), `${await generateX25519Identity()}\n`);
  expect(await received('exits', '--identity', 'other.txt')).toEqual([2, 'E_WRONG_KEY']);
  expect(await received('exits', '--identity', 'none.txt')).toEqual([3, 'E_READ']);
  expect(await received('exits')).toEqual([2, 'E_USAGE']);
  expect(await received('exits', ...mine, '--passphrase')).toEqual([2, 'E_USAGE']);
  expect(await received('exits', ...mine, '--refuse')).toEqual([2, 'E_USAGE']);
  expect(await received('exits', '--passphrase')).toEqual([2, 'E_NO_PASSPHRASE']);
  expect(await received('nothing', ...mine)).toEqual([2, 'E_NOT_FOUND']);
  expect(await received('exits', ...mine, '--head', '0'.repeat(64))).toEqual([1, undefined]);
  expect(await inProcess('receive', 'exits', ...mine, '--into', 'exits')).toEqual([4, 'E_EXISTS']);
  writeFileSync(join(dir, 'exits/run.sh'), '');
  expect(await received('exits', ...mine)).toEqual([4, 'E_HOSTILE_ARCHIVE']);
  rmSync(join(dir, 'exits/run.sh'));
  rmSync(join(dir, 'exits/case.tar.age'));
  expect(await received('exits', ...mine)).toEqual([1, 'E_TAMPERED']);
  rmSync(join(dir, 'exits/transfer.sha256'));
  expect(await received('exits', ...mine)).toEqual([3, 'E_UNFINISHED']);
  expect(existsSync(join(dir, 'x'))).toBe(false);
  const [verb, ...rest] = SEND();
  const nobody = [verb ?? '', ...rest.slice(0, -2)];
  expect(await inProcess(...nobody)).toEqual([2, 'E_USAGE']);
  expect(await inProcess(...nobody, '--passphrase')).toEqual([2, 'E_NO_PASSPHRASE']);
  expect(await inProcess(...SEND(), '--passphrase')).toEqual([2, 'E_USAGE']);
  expect(await inProcess(...SEND(), '--certificate', '0'.repeat(64))).toEqual([4, 'E_SIGNER']);
});

test.skipIf(!hasTool('bash') || process.platform === 'win32')(
  needs('a full disk: a clear error, and nothing is left', 'bash'),
  async () => {
    await send('-o', 'whole');
    const entries = readdirSync(join(caseDir, 'custody')).length;
    const limited = async (words: string): Promise<unknown> => {
      // A file may have 4 MB: too few for a volume.
      const script = `ulimit -f 4000; exec "${BIN}" ${words} --json`;
      const { status, stdout } = await runProcess('bash', ['-c', script], options());
      expect(status).toBe(3);
      return JSON.parse(stdout);
    };
    const full = { error: { code: 'E_WRITE' } };
    expect(await limited('receive whole --identity key.txt --into full')).toMatchObject(full);
    for (const name of ['full', 'full.tar']) {
      const words = `export transfer --case ${caseDir} --to Bob --recipient ${recipient} -o ${name}`;
      expect(await limited(words)).toMatchObject(full);
      expect(existsSync(join(dir, name))).toBe(false);
    }
    expect(readdirSync(join(caseDir, 'custody'))).toHaveLength(entries);
  },
);

async function failedIn(folder: string): Promise<string[]> {
  const request = { caseDir: folder, target: undefined, trust: undefined, head: undefined };
  return failures(await verify({ ...request, deep: false }, fakeEffects()));
}

/** Starts a command and kills it as soon as `when` says so. */
async function killed(words: readonly string[], when: () => boolean): Promise<void> {
  const child = spawn(process.execPath, [BIN, ...words], {
    ...options(),
    env: { ...process.env, ...options().env },
    stdio: 'ignore',
  });
  const ended = new Promise((resolve) => child.on('close', resolve));
  while (child.exitCode === null && child.signalCode === null && !when()) await setTimeout(1);
  child.kill('SIGKILL');
  await ended;
}

test('kill -9 while receiving: no case, and the same command again receives it', async () => {
  await send('-o', 'sent');
  const into = join(dir, 'killed');
  const at = [
    () => existsSync(join(into, '.receiving/volumes/EV-0001.v001.tar')),
    () => existsSync(join(into, '.receiving/case/case.json')),
    () => existsSync(join(into, 'custody')),
  ];
  for (const when of at) {
    await killed(['receive', 'sent', '--identity', 'key.txt', '--into', 'killed'], when);
    // Unless it was too quick for us.
    if (!existsSync(join(into, 'case.json'))) {
      expect(await receive('sent', '--into', 'killed')).toMatchObject({ status: 0 });
    }
    expect(await failedIn(into)).toEqual([]);
    rmSync(into, { recursive: true });
  }
});

test('kill -9 while sending: what is there does not pass for a package, and the case is whole', async () => {
  for (const name of ['EV-0001.v001.tar.age.part', 'OPEN.txt']) {
    const out = join(dir, 'half');
    await killed(
      [
        'export',
        'transfer',
        '--case',
        caseDir,
        '--to',
        'Bob',
        '--recipient',
        recipient,
        '-o',
        'half',
      ],
      () => existsSync(join(out, name)),
    );
    if (!existsSync(join(out, 'transfer.sha256.p7s'))) {
      expect(await receive('half', '--into', 'none')).toMatchObject({
        status: 3,
        json: { error: { code: 'E_UNFINISHED' } },
      });
    }
    rmSync(out, { recursive: true });
    expect(await failedIn(caseDir)).toEqual([]);
  }
  expect(await send('-o', 'after')).toMatchObject({ status: 0 });
});

test('a passphrase from the environment', async () => {
  const env = { ...options(), env: { ...options().env, EXHIBIT_TRANSFER_PASSPHRASE: 'tr0ub4dor' } };
  const sent = await exhibitJson(
    ['export', 'transfer', '--case', caseDir, '--to', 'Bob', '--passphrase', '-o', 'secret.tar'],
    env,
  );
  expect(sent.status).toBe(0);
  const got = await exhibitJson(['receive', 'secret.tar', '--passphrase', '--into', 'opened'], env);
  expect(got).toMatchObject({ status: 0, json: { verdict: 'accepted' } });
});
