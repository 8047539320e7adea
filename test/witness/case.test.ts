/** `cloudtrail validate` on sealed evidence: what it prints, its exit status, and what it leaves in database, ledger and report. */
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { generateKeyPairSync } from 'node:crypto';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import Sqlite from 'better-sqlite3';
import { beforeAll, expect, test } from 'vitest';
import { openCase } from '#src/app/case.ts';
import { validateCloudTrail } from '#src/app/cloudtrail.ts';
import { collectDir } from '#src/app/collect.ts';
import { importEvidence } from '#src/app/import.ts';
import { sealEvidence } from '#src/app/seal.ts';
import { verifyContent } from '#src/db/content-hash.ts';
import { openDatabase } from '#src/db/open.ts';
import { writePlain } from '#src/db/plain.ts';
import { testCase, type TestCase } from '../helpers/case.ts';
import { fakeEffects } from '../helpers/effects.ts';
import { exhibit, exhibitJson, ROOT, runProcess } from '../helpers/exhibit.ts';
import { tempDir } from '../helpers/temp.ts';
import { hasTool, needs } from '../helpers/tools.ts';
import { baseWorld } from './cases.ts';
import { publicKey, sha256, type World } from './trails.ts';

/** A case with the trail, its keys as the collection fetched them, imported. */
let made: string;
/** A case with a changed log, a planted log, a missing digest; no keys. */
let tampered: string;
let keyFile: string;

interface Validation {
  readonly ok: boolean;
  readonly digests: Readonly<Record<string, number>>;
  readonly logs: Readonly<Record<string, number>>;
  readonly findings: readonly Readonly<Record<string, string>>[];
  readonly keys: { readonly origin: string; readonly fingerprints: readonly string[] };
  readonly not_before: readonly object[];
  readonly database: string;
}

async function step(...args: readonly string[]): Promise<void> {
  const { status, stderr } = await exhibit(args);
  expect(status, stderr).toBe(0);
}

async function validate(dir: string, ...flags: string[]): Promise<[number | null, Validation]> {
  const args = ['cloudtrail', 'validate', '--case', dir, ...flags];
  const { status, json } = await exhibitJson(args);
  return [status, json as Validation];
}

/** The same in this process, for what the command line adds nothing to. */
async function validateHere(dir: string): Promise<string> {
  return (await validateCloudTrail(await openCase(dir), fakeEffects(), { record: true })).database;
}

async function mirrorOf(world: World): Promise<string> {
  const mirror = await tempDir();
  for (const [path, bytes] of world.mirror()) {
    mkdirSync(dirname(join(mirror, path)), { recursive: true });
    writeFileSync(join(mirror, path), bytes);
  }
  return mirror;
}

async function caseOf(world: World, keys: string | undefined): Promise<TestCase> {
  const mirror = await mirrorOf(world);
  const made = await testCase();
  // After the digests: a seal that claims to be older is another test's.
  const test = { ...made, fx: fakeEffects({ now: () => Date.UTC(2026, 3, 2) }) };
  const onProgress = (): void => undefined;
  const file = join(await tempDir(), 'answer.json');
  if (keys !== undefined) writeFileSync(file, keys);
  const publicKeys = keys === undefined ? [] : [file];
  await collectDir(test.case, test.fx, { paths: [mirror], publicKeys, seal: false, onProgress });
  await sealEvidence(test.case, 'EV-0001', test.fx);
  return test;
}

async function copyOf(dir: string): Promise<string> {
  const copy = join(await tempDir(), 'case');
  cpSync(dir, copy, { recursive: true });
  return copy;
}

function rows(dir: string, sql: string): unknown[] {
  const db = new Sqlite(join(dir, 'case.db'), { readonly: true });
  try {
    return db.prepare(sql).all();
  } finally {
    db.close();
  }
}

const entries = (dir: string): Record<string, unknown>[] =>
  readdirSync(join(dir, 'custody'))
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => JSON.parse(readFileSync(join(dir, 'custody', name), 'utf8')) as never);

beforeAll(async () => {
  const { world, eu, us } = baseWorld();
  keyFile = join(await tempDir(), 'keys.json');
  // Each region's answer, one after the other in one file.
  const answers = world.keys.map((key) => JSON.stringify({ PublicKeyList: [key] }, null, 4));
  writeFileSync(keyFile, answers.join('\n'));
  made = (await caseOf(world, world.publicKeys())).case.paths.dir;
  const other = baseWorld().world;
  const log = other.logs[3];
  if (log === undefined || eu[2] === undefined) throw new Error('no log');
  log.bytes = gzipSync('{"Records":[]}');
  other.log({}, Date.parse('2026-03-10T04:40:20Z'));
  other.remove(other.digests.find(({ key }) => key === us[1]?.key));
  const changed = await caseOf(other, undefined);
  await importEvidence(changed.case, changed.fx, { workers: 1 });
  tampered = changed.case.paths.dir;
});

test('whole, with the keys that were collected: the fixed keys, exit 0, then in the database', async () => {
  const dir = await copyOf(made);
  const [status, first] = await validate(dir);
  expect(status).toBe(0);
  expect(first).toMatchObject({
    ...{ ok: true, proven: true },
    digests: { total: 12, valid: 12, invalid: 0, missing: 0, unproven: 0 },
    logs: { total: 24, valid: 24, invalid: 0, missing: 0, unproven: 0, uncovered: 0 },
    keys: { origin: 'acquisition' },
    database: 'absent',
    not_before: [{ evidence: 'EV-0001', time: '2026-03-10T06:10:20Z' }],
  });
  expect(entries(dir).at(-1)).toMatchObject({
    result: { ok: true, checks: [{ id: 'cloudtrail.chain', status: 'pass' }] },
    details: { not_before: first.not_before },
  });
  for (const finding of first.findings) {
    expect(Object.keys(finding).sort()).toEqual(['detail', 'kind', 'status', 'subject']);
  }
  await step('import', '--case', dir);
  const before = rows(dir, "SELECT value FROM case_meta WHERE key = 'content_sha256'");
  expect((await validate(dir))[1].database).toBe('written');
  expect(rows(dir, "SELECT value FROM case_meta WHERE key = 'content_sha256'")).toEqual(before);
  const db = openDatabase(join(dir, 'case.db'), { readonly: true });
  expect(verifyContent(db).ok).toBe(true);
  db.close();
  // An event and the verdict on the file that it comes from.
  const joined =
    'SELECT v.verdict, count(*) AS events FROM cloudtrail c JOIN cloudtrail_log_verdict v ON v.file_id = c.file_id GROUP BY 1';
  const asked = await exhibitJson(['query', 'sql', joined, '--case', dir]);
  expect(asked.json).toMatchObject({ columns: ['verdict', 'events'], rows: [['valid', 24]] });
  // The same again leaves the same rows.
  const all =
    'SELECT * FROM cloudtrail_validation_finding UNION ALL SELECT verdict_no, status, detail, s3_object, s3_bucket FROM cloudtrail_log_verdict';
  const found = rows(dir, all);
  await validateHere(dir);
  expect(rows(dir, all)).toEqual(found);
  expect(found).toHaveLength(first.findings.length + 24);
  // Importing again changes nothing; a database made anew waits for its validation.
  await importEvidence(await openCase(dir), fakeEffects());
  expect(rows(dir, all)).toEqual(found);
});

test('the ledger vouches for the result, the database names it, the report shows it', async () => {
  const dir = await copyOf(tampered);
  const [status, result] = await validate(
    dir,
    '--public-keys',
    keyFile,
    '--from',
    '2026-03-10T00:00:00Z',
  );
  expect(status).toBe(1);
  expect(result).toMatchObject({
    ok: false,
    digests: { total: 12, valid: 11, invalid: 0, missing: 1 },
    logs: { invalid: 1, missing: 0 },
    keys: { origin: 'given' },
  });
  const said = result.findings.map(({ kind, status: one }) => `${kind ?? ''} ${one ?? ''}`);
  expect(said).toEqual(
    expect.arrayContaining([
      'digest missing',
      'log hash_mismatch',
      'log not_in_digest',
      'log uncovered',
    ]),
  );
  for (const { subject } of result.findings) expect(subject).toMatch(/^example-trail-logs\//);
  const file = readFileSync(join(dir, 'report/cloudtrail-validation.json'));
  const entry = entries(dir).at(-1);
  expect(entry).toMatchObject({
    event: 'verified',
    result: { ok: false },
    attachments: [{ sha256: sha256(file) }],
    details: { digests: result.digests, logs: result.logs, public_keys: 'given' },
  });
  const row = 'SELECT result_sha256, public_keys, from_us, to_us, ok FROM cloudtrail_validation';
  expect(rows(dir, row)).toEqual([
    {
      ...{ result_sha256: sha256(file), public_keys: 'given', ok: 0, to_us: null },
      from_us: Date.parse('2026-03-10T00:00:00Z') * 1000,
    },
  ]);
  const gone =
    "SELECT trail_name, digest_region, home_region, file_id, (digest_end_time_us - digest_start_time_us) / 3600000000 AS hours FROM cloudtrail_digest_verdict WHERE verdict = 'missing'";
  expect(rows(dir, gone)).toEqual([
    {
      trail_name: 'main',
      digest_region: 'us-east-1',
      home_region: 'eu-west-1',
      file_id: null,
      hours: 1,
    },
  ]);
  const periods =
    "SELECT status, (to_us - from_us) / 3600000000 AS hours FROM cloudtrail_validation_period WHERE region = 'us-east-1' ORDER BY from_us";
  expect(rows(dir, periods)).toEqual([
    { status: 'not_validated', hours: 0 },
    { status: 'validated', hours: 1 },
    { status: 'missing', hours: 1 },
    { status: 'validated', hours: 4 },
  ]);
  await step('report', '--case', dir);
  const report = JSON.parse(readFileSync(join(dir, 'report/report.json'), 'utf8')) as object;
  expect(report).toMatchObject({
    witness: {
      ok: false,
      keys_origin: 'given',
      digests: { missing: 1 },
      file_sha256: sha256(file),
    },
  });
  const page = readFileSync(join(dir, 'report/report.html'), 'utf8');
  expect(page).toContain('Not everything is as AWS delivered it.');
});

test('without keys nothing is proven, and it says so', async () => {
  const dir = await copyOf(tampered);
  const { stdout, status } = await exhibit([
    'cloudtrail',
    'validate',
    '--case',
    dir,
    '--no-record',
  ]);
  expect(status).toBe(1);
  expect(stdout).toContain('none in the evidence: give them with --public-keys');
  expect(rows(dir, 'SELECT count(*) AS n FROM cloudtrail_validation')).toEqual([{ n: 0 }]);
  expect(existsSync(join(dir, 'report'))).toBe(false);
});

test('keys that lie among the evidence prove nothing, and the last line says so', async () => {
  const { world } = baseWorld();
  world.put('notes', 'keys.json', Buffer.from(world.publicKeys()));
  const { dir } = (await caseOf(world, undefined)).case.paths;
  const { stdout, status } = await exhibit(['cloudtrail', 'validate', '--case', dir]);
  expect(status).toBe(0);
  expect(stdout.trimEnd().split('\n').at(-1)).toMatch(
    /^NOTHING IS PROVEN: the public keys came with/,
  );
  for (const { Fingerprint } of world.keys) expect(stdout).toContain(`\n         ${Fingerprint}\n`);
  expect(stdout).not.toContain('not older than');
  expect(entries(dir).at(-1)).toMatchObject({
    result: { ok: false, checks: [{ id: 'cloudtrail.chain', status: 'not_checked' }] },
    details: {
      ...{ digests: { total: 12, valid: 0, unproven: 12 }, logs: { valid: 0, unproven: 24 } },
      ...{ public_keys: 'evidence', not_before: [] },
    },
  });
  const window = ['--from', '2026-03-10T01:00:00Z', '--no-record'];
  expect((await validate(dir, ...window))[0]).toBe(1);
  expect((await validate(dir, ...window, '--public-keys', keyFile))[0]).toBe(0);
});

test('object metadata lost: good news for what is proven, no verdict in the ledger for the whole', async () => {
  const { world } = baseWorld();
  for (const object of world.objects) object.metadata = undefined;
  const { dir } = (await caseOf(world, world.publicKeys())).case.paths;
  const { stdout, status } = await exhibit(['cloudtrail', 'validate', '--case', dir]);
  expect(status).toBe(0);
  expect(stdout).toContain('NOT PROVEN either way: 2 digests and 4 logs.\n');
  expect(entries(dir).at(-1)).toMatchObject({
    result: { ok: false, checks: [{ status: 'not_checked' }] },
    details: { digests: { valid: 10, unproven: 2 }, logs: { valid: 20, unproven: 4 } },
  });
  await step('report', '--case', dir);
  const page = readFileSync(join(dir, 'report/report.html'), 'utf8');
  expect(page).toContain('6 files are not proven either way.');
});

/** What `verify` says of the age of the first evidence item; undefined if no validation is on record. */
async function bound(dir: string): Promise<unknown> {
  const { json } = await exhibitJson(['verify', '--case', dir]);
  return (json as { checks: readonly { id: string }[] }).checks.find(
    ({ id }) => id === 'seal.not_before',
  );
}

test.skipIf(!hasTool('faketime'))(
  needs('a clock set back: AWS signed what the seal claims to be older than', 'faketime'),
  async () => {
    const mirror = await mirrorOf(baseWorld().world);
    const dir = join(await tempDir(), 'case');
    const flags = ['--case', dir, '--public-keys', keyFile];
    // Each start sets the clock anew: the later verb must not come before the certificate that the first one made.
    for (const [day, ...args] of [
      ['01', 'init', dir, '--case-id', 'T-1', '--examiner', 'Ada', '--unprotected-key'],
      ['02', 'collect', 'dir', mirror, '--quiet', ...flags],
    ] as const) {
      const command = [`2020-01-${day} 00:00:00`, join(ROOT, 'bin/exhibit'), ...args];
      const { status, stderr } = await runProcess('faketime', command);
      expect(status, stderr).toBe(0);
    }
    await step('verify', '--case', dir);
    const [status, { findings, digests }] = await validate(dir);
    expect(status).toBe(1);
    expect(digests).toMatchObject({ total: 12, valid: 12 });
    expect(findings.filter(({ status: one }) => one === 'newer_than_seal')).toEqual([
      expect.objectContaining({
        kind: 'digest',
        detail: expect.stringMatching(
          /^it ends at 2026-03-10T06:10:20\S+, and EV-0001, which holds it, claims to be collected and sealed by 2020-01-02T/,
        ) as string,
      }),
    ]);
    // The same sealed now is no contradiction: the made case of the other tests.
    expect((await validate(made, '--no-record'))[0]).toBe(0);
    // Once it is on record, `verify` tells it too.
    expect(await bound(dir)).toMatchObject({
      status: 'fail',
      detail: expect.stringMatching(
        /^it claims to be collected by 2020-01-02T\S+, but AWS signed the digest \S+ in it after 2026-03-10T06:10:20\S+ \(entry \d+\)/,
      ) as string,
    });
  },
);

test.each(['collect', 'seal'])(
  'keys given to %s are sealed as they came, and count',
  async (verb) => {
    const { world } = baseWorld();
    const mirror = await mirrorOf(world);
    const { dir } = (await testCase()).case.paths;
    const flags = ['--public-keys', keyFile, '--case', dir];
    // Nothing is begun with what is no list of keys.
    const wrong = ['--public-keys', new URL(import.meta.url).pathname, '--case', dir];
    expect(await exhibitJson(['collect', 'dir', mirror, ...wrong])).toMatchObject({
      status: 3,
      json: { error: { code: 'E_FORMAT' } },
    });
    expect(readdirSync(join(dir, 'staging'))).toEqual([]);
    if (verb === 'collect') await step('collect', 'dir', mirror, ...flags);
    else {
      await step('collect', 'dir', mirror, '--no-seal', '--case', dir);
      await step('seal', 'EV-0001', ...flags);
    }
    await step('verify', '--case', dir);
    const [status, { keys }] = await validate(dir, '--no-record');
    expect(status).toBe(0);
    expect(keys).toEqual({
      origin: 'acquisition',
      fingerprints: world.keys.map(({ Fingerprint }) => Fingerprint).sort(),
    });
    const sealed = readFileSync(join(dir, 'evidence/EV-0001/EV-0001.v001.tar'));
    expect(sealed.includes(readFileSync(keyFile))).toBe(true);
  },
);

test('a stranger’s key under AWS’s fingerprint is not shown as AWS’s', async () => {
  const file = join(await tempDir(), 'keys.json');
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const [aws] = baseWorld().world.keys;
  const { Value, Fingerprint } = publicKey('x', privateKey);
  writeFileSync(file, JSON.stringify({ PublicKeyList: [{ ...aws, Value }] }));
  const args = ['cloudtrail', 'validate', '--case', made, '--no-record', '--public-keys', file];
  const { stdout, status } = await exhibit(args);
  expect(status).toBe(1);
  expect(stdout).toContain(
    `${aws?.Fingerprint ?? ''}  NOT ITS OWN: the MD5 of the key is ${Fingerprint}\n`,
  );
});

test('a stranger’s keys', async () => {
  const file = join(await tempDir(), 'keys.json');
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writeFileSync(file, JSON.stringify({ PublicKeyList: [publicKey('x', privateKey)] }));
  const [status, { digests }] = await validate(made, '--no-record', '--public-keys', file);
  expect([status, digests]).toMatchObject([1, { valid: 0, invalid: 12 }]);
  // Of several files the keys count together.
  const both = ['--public-keys', file, '--public-keys', keyFile];
  expect((await validate(made, '--no-record', ...both))[0]).toBe(0);
});

test.each([
  [2, 'E_USAGE', ['--from', '2026-03-11T00:00:00Z', '--to', '2026-03-10T00:00:00Z']],
  [2, 'E_TIME_ZONE', ['--from', '2026-03-11T00:00:00']],
  [3, 'E_READ', ['--public-keys', '/nowhere/keys.json']],
  [3, 'E_FORMAT', ['--public-keys', new URL(import.meta.url).pathname]],
] as const)('exit %i, %s', async (status, code, flags) => {
  const args = ['cloudtrail', 'validate', '--case', made, ...flags];
  expect(await exhibitJson(args)).toMatchObject({ status, json: { error: { code } } });
});

test('a database that somebody prepared is not written into', async () => {
  const dir = await copyOf(tampered);
  const file = join(dir, 'case.db');
  const db = new Sqlite(file);
  db.exec(
    "CREATE TRIGGER t AFTER INSERT ON cloudtrail_validation BEGIN UPDATE case_meta SET value = 'x'; END",
  );
  db.close();
  const before = sha256(readFileSync(file));
  await expect(validateHere(dir)).rejects.toMatchObject({ code: 'E_FORMAT' });
  expect(sha256(readFileSync(file))).toBe(before);
  expect(readdirSync(dir)).not.toContain('case.db.validating');
});

test('what a killed validation left is in nobody’s way; another version’s database stays as it is', async () => {
  const dir = await copyOf(tampered);
  copyFileSync(join(dir, 'case.db'), join(dir, 'case.db.validating'));
  expect(await validateHere(dir)).toBe('written');
  expect(readdirSync(dir)).not.toContain('case.db.validating');
  writePlain(join(dir, 'case.db'), join(dir, 'plain.db'));
  const plain = new Sqlite(join(dir, 'plain.db'), { readonly: true });
  const count = plain.prepare('SELECT count(*) FROM cloudtrail_log_verdict').pluck().get();
  expect(count).toBe(25);
  plain.close();
  const db = new Sqlite(join(dir, 'case.db'));
  db.exec("UPDATE _migration SET sha256 = 'x'");
  db.close();
  const before = sha256(readFileSync(join(dir, 'case.db')));
  expect(await validateHere(dir)).toBe('outdated');
  expect(sha256(readFileSync(join(dir, 'case.db')))).toBe(before);
});
