/** Secrets that are planted in the environment, in files and in command lines must not turn up anywhere else (row 29). */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { run } from '#src/cli/main.ts';
import { fakeEffects } from '../helpers/effects.ts';
import { exhibit, ROOT } from '../helpers/exhibit.ts';
import { tempDir } from '../helpers/temp.ts';

const SECRETS = {
  passphrase: 'plantedPASSone77',
  newPassphrase: 'plantedPASStwo77',
  transferPassphrase: 'plantedPASSthree77',
  awsKey: 'plantedAWSkey77/wJalrXUtnFEMI',
  awsToken: 'plantedTOKEN77FwoGZXIvYXdzE',
  presigned: 'plantedSIGNATURE77',
  urlPassword: 'plantedURLPASS77',
} as const;

const PRESIGNED = `https://b.s3.amazonaws.com/k?X-Amz-Security-Token=${SECRETS.presigned}&X-Amz-Signature=${SECRETS.presigned}`;
const WITH_PASSWORD = `https://ada:${SECRETS.urlPassword}@vault.example/case`;

/** All files below a folder but the one that is there to hold a secret. */
function contents(folder: string): [string, Buffer][] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'age.txt')
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => [path.slice(folder.length), readFileSync(path)]);
}

test('no verb writes or says a secret', async () => {
  const dir = await tempDir();
  const identity = await generateX25519Identity();
  const recipient = await identityToRecipient(identity);
  writeFileSync(join(dir, 'age.txt'), `${identity}\n`);
  const other = await generateX25519Identity();
  const env = {
    EXHIBIT_PASSPHRASE: SECRETS.passphrase,
    EXHIBIT_NEW_PASSPHRASE: SECRETS.newPassphrase,
    EXHIBIT_TRANSFER_PASSPHRASE: SECRETS.transferPassphrase,
    AWS_SECRET_ACCESS_KEY: SECRETS.awsKey,
    AWS_SESSION_TOKEN: SECRETS.awsToken,
    EXHIBIT_PINS: join(dir, 'pins'),
    EXHIBIT_CASE: join(dir, 'case'),
  };
  const said: [string, string][] = [];
  /** In process, for a process takes half a second; the words are those of a real command line. */
  const does = async (status: number, ...argv: string[]): Promise<string> => {
    const fx = fakeEffects({ env, cwd: dir });
    const got = await run(argv, { ...fx, argv });
    said.push([argv.slice(0, 2).join(' '), fx.stdout() + fx.stderr()]);
    expect(got, `${argv.join(' ')}\n${fx.stdout()}\n${fx.stderr()}`).toBe(status);
    return fx.stdout();
  };
  const logs = join(dir, 'logs');
  mkdirSync(logs);
  const trail = join(ROOT, 'evidence-samples/mirror/harborline-cloudtrail-logs');
  const [log] = readdirSync(trail, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /_CloudTrail_.*\.json\.gz$/.test(entry.name))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  if (log === undefined) throw new Error('no sample');
  writeFileSync(join(logs, log.name), readFileSync(join(log.parentPath, log.name)));

  await does(0, 'init', 'case', '--case-id', 'SECRET-1', '--examiner', 'Ada');
  await does(0, 'collect', 'dir', 'logs', '--no-seal');
  await does(0, 'seal', 'EV-0001');
  await does(0, 'verify', '--record');
  await does(0, 'import');
  await does(0, 'status');
  await does(0, 'query', 'list');
  await does(0, 'query', 'show', 'logging-off');
  await does(0, 'query', 'run', 'logging-off');
  await does(0, 'query', 'replay', 'Q-0001');
  const rows = JSON.parse(await does(0, 'timeline', '--limit', '1', '--json')) as unknown;
  const row = /"(?:row|ref)":"([^"]+)"/.exec(JSON.stringify(rows))?.[1];
  if (row !== undefined) await does(0, 'show', row);
  await does(0, 'search', PRESIGNED);
  await does(0, 'search', WITH_PASSWORD);
  await does(0, 'search', 'x');
  await does(0, 'cloudtrail', 'validate');
  await does(0, 'report');
  await does(0, 'export', 'case', '--plain', 'plain.db');
  await does(0, 'custody', 'key', 'new', '--examiner', 'Bob', '--out', 'bob');
  await does(0, 'custody', 'key', 'add', '--examiner', 'Bob', '--certificate', 'bob/cert.pem');
  await does(0, 'custody', 'checkpoint');
  await does(0, 'custody', 'log');
  await does(0, 'custody', 'verify');
  // Mistakes that people make: the secret itself where a file or another key belongs.
  await does(2, 'export', 'transfer', '--to', 'Bob', '--recipient', other, '-o', 'no');
  await does(2, 'receive', 'pkg', '--identity', other, '--into', 'no');
  await does(0, 'export', 'transfer', '--to', 'Bob', '--recipient', recipient, '-o', 'pkg');
  await does(0, 'export', 'transfer', '--to', 'Bob', '--passphrase', '-o', 'pkg2');
  await does(0, 'receive', 'pkg', '--identity', 'age.txt', '--into', 'got');
  await does(0, 'receive', '--passphrase', 'pkg2', '--into', 'got2');
  await does(0, 'custody', 'verify', '--case', 'got');
  // Once as a process, where nothing is faked.
  const real = await exhibit(['verify', '--record', '--case', 'case'], { cwd: dir, env });
  expect(real.status, real.stderr).toBe(0);
  said.push(['verify', real.stdout + real.stderr]);

  const secrets = [...Object.values(SECRETS), identity, other].flatMap((secret) => [
    secret,
    Buffer.from(secret).toString('base64').replace(/.=*$/, ''),
    Buffer.from(secret).toString('hex'),
    encodeURIComponent(secret),
  ]);
  const found = (name: string, text: string): string[] =>
    secrets.filter((secret) => text.includes(secret)).map((secret) => `${secret} in ${name}`);
  const leaks = [
    ...said.flatMap(([name, text]) => found(`what ${name} says`, text)),
    ...contents(dir).flatMap(([name, bytes]) => found(name, bytes.toString('latin1'))),
  ];
  expect(leaks).toEqual([]);
  // The search looks where it should: a word that is everywhere is found.
  expect(contents(dir).filter(([, bytes]) => bytes.includes('SECRET-1')).length).toBeGreaterThan(
    20,
  );
});
