import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdir, readFile, readdir, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import { beforeAll, describe, expect, test } from 'vitest';
import { openCase, type Case } from '#src/app/case.ts';
import { readRecorded } from '#src/app/query-recorded.ts';
import { replay } from '#src/app/query-replay.ts';
import { runAndRecord, runDocument } from '#src/app/query.ts';
import { ExhibitError } from '#src/core/errors.ts';
import { verifyLedger } from '#src/custody/verify.ts';
import { readLedger } from '#src/custody/read.ts';
import { fakeEffects } from '../helpers/effects.ts';
import { BIN, exhibit, PASSPHRASE, ROOT, runProcess } from '../helpers/exhibit.ts';
import { sampleCase } from '../helpers/sample-case.ts';
import { tempDir } from '../helpers/temp.ts';
import { hasTool, needs } from '../helpers/tools.ts';

const fx = fakeEffects();
const FILES = [
  'params.json',
  'query.sql',
  'result.csv',
  'result.jsonl',
  'run.json',
  'run.json.p7s',
];
let target: Case;

beforeAll(async () => {
  target = await sampleCase();
});

async function copyOf(): Promise<Case> {
  const dir = join(await tempDir(), 'copy');
  await cp(target.paths.dir, dir, { recursive: true });
  return openCase(dir);
}

/** True when a child of that process has the file open. */
async function hasOpen(parent: number, file: string): Promise<boolean> {
  const children = await readFile(
    `/proc/${String(parent)}/task/${String(parent)}/children`,
    'utf8',
  );
  for (const child of children.split(' ').filter((word) => word !== '')) {
    const fds = `/proc/${child}/fd`;
    for (const fd of await readdir(fds).catch(() => [])) {
      if ((await readlink(join(fds, fd)).catch(() => '')) === file) return true;
    }
  }
  return false;
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'no error',
    (error: unknown) => {
      if (error instanceof ExhibitError) return error.code;
      throw error;
    },
  );
}

describe('a run', () => {
  test('is recorded whole, signed, and entered in the ledger', async () => {
    const run = await runAndRecord(target, fx, { name: 'logging-off' });
    const folder = join(target.paths.queries, run.record.run_id);
    expect((await readdir(folder)).sort()).toEqual(FILES);
    const { record } = await readRecorded(target, folder, run.record.run_id);
    expect(record).toEqual(run.record);
    const result = await readFile(join(folder, 'result.jsonl'));
    expect(createHash('sha256').update(result).digest('hex')).toBe(
      record.core.result.ordered_sha256,
    );
    const entry = readLedger(target.paths.dir).at(-1)?.entry;
    expect(entry?.event).toBe('query');
    expect(entry?.details?.['core_sha256']).toBe(record.core_sha256);
    expect(entry?.attachments?.map((one) => one.name).sort()).toEqual(
      FILES.map((name) => `queries/${record.run_id}/${name}`),
    );
    expect(
      verifyLedger(target.paths.dir).checks.filter((check) => check.status === 'fail'),
    ).toEqual([]);
  });

  test('numbers follow each other', async () => {
    const [a, b] = [
      await runAndRecord(target, fx, { sql: 'SELECT 1' }),
      await runAndRecord(target, fx, { sql: 'SELECT 1' }),
    ];
    expect(Number(b.record.run_id.slice(2))).toBe(Number(a.record.run_id.slice(2)) + 1);
    // Everything that decides the answer is the same; the clock stands outside.
    expect(b.record.core_sha256).toBe(a.record.core_sha256);
  });

  test('that is refused leaves nothing', async () => {
    const before = readLedger(target.paths.dir).length;
    expect(await codeOf(runAndRecord(target, fx, { sql: 'SELECT random()' }))).toBe(
      'E_QUERY_REFUSED',
    );
    expect(await codeOf(runAndRecord(target, fx, { name: 'no-such' }))).toBe('E_NOT_FOUND');
    const missing = runAndRecord(target, fx, { name: 'calls-from-address' });
    expect(await codeOf(missing)).toBe('E_QUERY_PARAM');
    expect(readLedger(target.paths.dir)).toHaveLength(before);
  });

  test('prints the documented members', async () => {
    const run = await runAndRecord(target, fx, { name: 'access-keys-created' });
    const document = runDocument(run, 1);
    expect(Object.keys(document)).toEqual(
      'run_id name sql_sha256 params row_count ordered_sha256 multiset_sha256 order warnings columns rows'.split(
        ' ',
      ),
    );
    expect(document['params']).toEqual({
      from: '1970-01-01T00:00:00Z',
      to: '2200-01-01T00:00:00Z',
    });
    expect(document['rows']).toHaveLength(1);
  });

  test.skipIf(!hasTool('openssl'))(
    needs('is signed so that openssl agrees', 'openssl'),
    async () => {
      const { record } = await runAndRecord(target, fx, { sql: 'SELECT 2' });
      const folder = join(target.paths.queries, record.run_id);
      const { status } = await runProcess('openssl', [
        ...['cms', '-verify', '-binary', '-inform', 'DER', '-in', join(folder, 'run.json.p7s')],
        ...[
          '-content',
          join(folder, 'run.json'),
          '-CAfile',
          target.paths.rootPem,
          '-purpose',
          'any',
          '-out',
          '/dev/null',
        ],
      ]);
      expect(status).toBe(0);
    },
  );
});

describe('a replay', () => {
  test('of an unchanged case matches', async () => {
    const { record } = await runAndRecord(target, fx, { name: 'key-addresses' });
    const result = await replay(target, fx, record.run_id);
    expect(result).toMatchObject({
      verdict: 'match',
      first_difference: null,
      environment_differences: [],
    });
  });

  test.each(FILES.filter((name) => name !== 'result.csv'))('finds a changed %s', async (name) => {
    const { record } = await runAndRecord(target, fx, { name: 's3-bytes-out' });
    const copy = await copyOf();
    const file = join(copy.paths.queries, record.run_id, name);
    const bytes = await readFile(file);
    bytes[Math.floor(bytes.length / 2)]! ^= 1;
    await writeFile(file, bytes);
    expect(await codeOf(replay(copy, fx, record.run_id))).toBe('E_TAMPERED');
  });

  test('of a run that is not there says so', async () => {
    expect(await codeOf(replay(target, fx, 'Q-9999'))).toBe('E_NOT_FOUND');
    expect(await codeOf(replay(target, fx, '../Q-0001'))).toBe('E_NOT_FOUND');
  });

  test('finds rows that were changed behind the ledger only when it hashes them', async () => {
    const { record } = await runAndRecord(target, fx, { name: 'logging-off' });
    const copy = await copyOf();
    const db = new Sqlite(copy.paths.database);
    db.prepare(
      "UPDATE cloudtrail SET event_name = 'Nothing' WHERE event_name = 'StopLogging'",
    ).run();
    db.close();
    const quick = await replay(copy, fx, record.run_id);
    expect(quick.verdict).toBe('different');
    expect(quick.first_difference?.row).toBe(6);
    // Where the call stood, the next one stands.
    expect(quick.first_difference?.replayed).toContain('UpdateDetector');
    const thorough = replay(copy, fx, record.run_id, { checkContent: true });
    expect(await codeOf(thorough)).toBe('E_CONTENT_CHANGED');
  });

  test('refuses a database that is not the one the ledger recorded', async () => {
    const copy = await copyOf();
    const db = new Sqlite(copy.paths.database);
    db.prepare("UPDATE case_meta SET value = ? WHERE key = 'content_sha256'").run('0'.repeat(64));
    db.close();
    expect(await codeOf(runAndRecord(copy, fx, { sql: 'SELECT 1' }))).toBe('E_CONTENT_CHANGED');
  });
});

describe('an answer does not depend on', () => {
  const names = ['failed-calls', 'role-assumptions', 's3-access-with-cloudtrail', 'top-talkers'];

  async function answers(from: Case, world = fx): Promise<readonly string[]> {
    const hashes: string[] = [];
    for (const name of names) {
      hashes.push((await runAndRecord(from, world, { name })).record.core.result.ordered_sha256);
    }
    return hashes;
  }

  test.each([1, 2, 4])('the number of workers, %d, nor the day', async (workers) => {
    const now = (): number => Date.UTC(2027, 5, 6);
    const other = await sampleCase({ workers, now });
    expect(await answers(other, fakeEffects({ now }))).toEqual(await answers(target));
  });

  test('time zone and language', async () => {
    const copy = await copyOf();
    const run = async (env: Record<string, string>): Promise<string> => {
      const args = ['query', 'run', 'failed-calls', '--format', 'jsonl', '--case', copy.paths.dir];
      const { status, stdout } = await exhibit(args, { env });
      expect(status).toBe(0);
      return stdout;
    };
    const golden = join(ROOT, 'test', 'golden', 'queries', 'failed-calls.jsonl');
    const expected = await readFile(golden, 'utf8');
    expect(await run({ TZ: 'Asia/Kathmandu', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8' })).toBe(
      expected,
    );
    expect(await run({ TZ: 'America/St_Johns', LANG: 'C' })).toBe(expected);
  });
});

test('a query that reads a line of CSV as JSON is told how to ask', async () => {
  const copy = await copyOf();
  const sql = "SELECT json_extract(raw, '$.a') FROM (SELECT 'a,b' AS raw)";
  const args = ['query', 'sql', sql, '--json', '--case', copy.paths.dir];
  const { status, stdout } = await exhibit(args);
  const { error } = JSON.parse(stdout) as { error: { code: string; hint: string } };
  expect({ status, code: error.code }).toEqual({ status: 2, code: 'E_QUERY_REFUSED' });
  expect(error.hint).toContain('json_valid(raw)');
});

describe('a query that never ends', () => {
  const rows = 'WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT';
  const inside = `${rows} count(*) FROM c`;
  const run = async (sql: string, ...flags: readonly string[]) => {
    const copy = await copyOf();
    return exhibit(['query', 'sql', sql, ...flags, '--json', '--case', copy.paths.dir]);
  };
  const errorOf = (stdout: string) =>
    (JSON.parse(stdout) as { error: { code: string; message: string } }).error;

  test.each([
    ['inside SQLite', inside],
    ['row by row', `${rows} x, x + 1, 'a' FROM c`],
  ])('%s is ended by --timeout', async (_, sql) => {
    const { status, signal, stdout } = await run(sql, '--timeout', '1');
    expect(errorOf(stdout)).toMatchObject({
      code: 'E_QUERY_REFUSED',
      message: 'the query took longer than 1 s',
    });
    expect({ status, signal }).toEqual({ status: 2, signal: null });
  });

  test.skipIf(process.platform !== 'linux')('is ended by Ctrl-C', async () => {
    const copy = await copyOf();
    const child = spawn(
      process.execPath,
      [BIN, 'query', 'sql', inside, '--json', '--case', copy.paths.dir],
      {
        stdio: ['ignore', 'pipe', 'ignore'],
        env: { ...process.env, EXHIBIT_PASSPHRASE: PASSPHRASE, NODE_OPTIONS: undefined },
      },
    );
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    const ended = once(child, 'close');
    while (!(await hasOpen(child.pid ?? 0, copy.paths.database))) await setTimeout(20);
    child.kill('SIGINT');
    expect(await ended).toEqual([3, null]);
    expect(errorOf(stdout).code).toBe('E_UNFINISHED');
  });

  test('is streamed until its time is up, and nothing is recorded', async () => {
    const copy = await copyOf();
    const before = readLedger(copy.paths.dir).length;
    const at = ['--stream', '--format', 'jsonl', '--case', copy.paths.dir];
    const endless = await exhibit(['query', 'sql', `${rows} x FROM c`, '--timeout', '1', ...at]);
    expect(endless.status).toBe(2);
    expect(endless.stderr).toContain('took longer than 1 s');
    const many = await exhibit(['query', 'sql', `${rows} x FROM c LIMIT 100000`, ...at]);
    const lines = many.stdout.split('\n');
    expect([many.status, lines.length]).toEqual([0, 100_002]);
    expect([lines[0], lines[100_000]]).toEqual(['["x"]', '[{"i":"100000"}]']);
    const bad = await exhibit(['query', 'sql', 'DELETE FROM cloudtrail', ...at]);
    expect(bad.status).toBe(2);
    expect(readLedger(copy.paths.dir)).toHaveLength(before);
  });

  test('is refused when it has too many rows or characters', async () => {
    const few = await run(`${rows} x FROM c`, '--max-rows', '1000');
    expect(errorOf(few.stdout)).toMatchObject({
      code: 'E_QUERY_REFUSED',
      message: 'the result has more than 1000 rows',
    });
    const long = await run(`${rows} x, hex(zeroblob(1000000)) FROM c`);
    expect(errorOf(long.stdout)).toMatchObject({
      code: 'E_QUERY_REFUSED',
      message: 'the rows have more than 134217728 characters together',
    });
    expect([few.status, long.status]).toEqual([2, 2]);
  });
});

test('root use and data opened to others are found where they happen', async () => {
  const folder = join(await tempDir(), 'trail');
  await mkdir(folder);
  const record = (id: string, name: string, identity: object, request: object): object => ({
    ...{ eventVersion: '1.08', eventTime: '2026-01-02T03:04:05Z', eventSource: 's3.amazonaws.com' },
    ...{ eventName: name, awsRegion: 'eu-west-1', sourceIPAddress: '192.0.2.1', eventID: id },
    ...{ userIdentity: identity, requestParameters: request, recipientAccountId: '111122223333' },
    eventType: 'AwsApiCall',
  });
  const root = { type: 'Root', accountId: '111122223333', arn: 'arn:aws:iam::111122223333:root' };
  const records = [
    record('1', 'PutBucketPolicy', root, { bucketName: 'open' }),
    record('2', 'ListBuckets', { ...root, invokedBy: 'config.amazonaws.com' }, {}),
  ];
  await writeFile(join(folder, 'a.json'), JSON.stringify({ Records: records }));
  const other = await sampleCase({ paths: [folder] });
  const use = await runAndRecord(other, fx, { name: 'root-use' });
  expect(use.rows.map((row) => (JSON.parse(row) as unknown[])[3])).toEqual(['PutBucketPolicy']);
  const opened = await runAndRecord(other, fx, { name: 'opened-to-others' });
  expect(opened.rows.map((row) => (JSON.parse(row) as unknown[])[5])).toEqual(['s3://open']);
});
