/** Lines of several sources in one file: the source of most claims it, and the others get what is theirs. */
import { expect, test } from 'vitest';
import { event, importCase, sealedCase, withDatabase } from './world.ts';

const flow = (n: number): string =>
  `2 111122223333 eni-0a1b2c3d4e5f60718 198.51.100.7 10.0.1.20 ${String(50_000 + n)} 22 6 12 2096 1762592400 1762592460 ACCEPT OK`;
const SYSLOG =
  '2025-11-08T09:00:00.123456+00:00 ip-10-0-1-20 sshd[77]: Accepted publickey for ec2-user from 198.51.100.7 port 51514 ssh2: RSA SHA256:abc';
const lines = (...texts: readonly string[]): string => `${texts.join('\n')}\n`;

test('each line lands in its own table, and one that nobody knows keeps the first reason', async () => {
  const dir = await sealedCase({
    'a.log': lines(flow(1), flow(2), flow(3), SYSLOG, JSON.stringify(event(1)), flow(4), '2 1 2'),
  });
  const counts = await importCase(dir);
  expect(counts).toMatchObject({ records: 7, imported: 6, duplicates: 0, rejected: 1 });
  withDatabase(dir, (db) => {
    for (const [table, rows] of Object.entries({ vpc_flow: 4, syslog: 1, cloudtrail: 1 }))
      expect(db.prepare(`SELECT count(*) FROM ${table}`).pluck().get(), table).toBe(rows);
    expect(db.prepare('SELECT source, reason FROM reject').all()).toEqual([
      { source: 'vpc_flow', reason: 'bad_fields' },
    ]);
  });
});

test('a few lines of something else at the beginning do not hide a log', async () => {
  const preamble = Array.from({ length: 6 }, (_, n) => `# exported by hand, line ${String(n)}`);
  const dir = await sealedCase({
    'b.log': lines(...preamble, ...Array.from({ length: 50 }, (_, n) => flow(n))),
  });
  const counts = await importCase(dir);
  expect(counts).toMatchObject({ records: 56, imported: 50, rejected: 6 });
});

test('lines between JSON records are read by the source that knows them', async () => {
  const dir = await sealedCase({
    'c.json': lines(
      JSON.stringify(event(1)),
      SYSLOG,
      SYSLOG.replace('[77]', '[78]'),
      JSON.stringify(event(2)),
      'nobody knows this',
      JSON.stringify(event(3)),
      flow(1),
      SYSLOG.replace('T09:', 'T29:'),
      flow(2),
    ),
  });
  const counts = await importCase(dir);
  expect(counts).toMatchObject({ records: 9, imported: 7, duplicates: 0, rejected: 2 });
  withDatabase(dir, (db) => {
    for (const [table, rows] of Object.entries({ vpc_flow: 2, syslog: 2, cloudtrail: 3 }))
      expect(db.prepare(`SELECT count(*) FROM ${table}`).pluck().get(), table).toBe(rows);
    expect(db.prepare('SELECT source, reason FROM reject ORDER BY id').all()).toEqual([
      { source: 'cloudtrail', reason: 'not_json' },
      { source: 'vpc_flow', reason: 'bad_fields' },
    ]);
  });
});
