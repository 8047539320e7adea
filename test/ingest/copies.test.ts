/** Equal bytes are one record only where they say the same: header, place and log group around them count too. */
import { expect, test } from 'vitest';
import { importCase, sealedCase, withDatabase, type Files } from './world.ts';

const FLOW = '2 198.51.100.7 10.0.1.20 1762592400 1762592460 ACCEPT\n';
const FORWARD = 'version srcaddr dstaddr start end action\n';
const BACKWARD = 'version dstaddr srcaddr start end action\n';
const place = (account: string): string =>
  `AWSLogs/${account}/vpcflowlogs/eu-central-1/2025/11/08/${account}_vpcflowlogs_eu-central-1_fl-0123456789abcdef0_20251108T0900Z_1a2b3c4d.log`;
const payload = (logStream: string, logGroup = '/var/log/secure'): string =>
  JSON.stringify({
    messageType: 'DATA_MESSAGE',
    owner: '111122223333',
    logGroup,
    logStream,
    subscriptionFilters: ['f'],
    logEvents: [
      {
        id: `${logStream}0`,
        timestamp: 1_762_592_400_000,
        message:
          'Nov  8 09:00:00 localhost sshd[77]: Accepted publickey for ec2-user from 198.51.100.7 port 51514 ssh2: RSA SHA256:abc',
      },
    ],
  });

const CASES: readonly (readonly [
  name: string,
  files: Files,
  table: string,
  rows: number,
  copies: number,
])[] = [
  [
    'one line under two headers is two records',
    { 'h1.log': FORWARD + FLOW, 'h2.log': BACKWARD + FLOW },
    'vpc_flow',
    2,
    0,
  ],
  [
    'the copy of each is a copy of the right one',
    {
      'h1.log': FORWARD + FLOW,
      'h2.log': BACKWARD + FLOW,
      'h3.log': FORWARD + FLOW,
      'h4.log': BACKWARD + FLOW,
    },
    'vpc_flow',
    2,
    2,
  ],
  [
    'one line of two accounts is two records',
    {
      [place('111122223333')]: FORWARD + FLOW,
      [place('444455556666')]: FORWARD + FLOW,
    },
    'vpc_flow',
    2,
    0,
  ],
  [
    'a copy that lost its place is a copy',
    { [place('111122223333')]: FORWARD + FLOW, 'z.log': FORWARD + FLOW },
    'vpc_flow',
    1,
    1,
  ],
  [
    'one line of two machines is two records',
    { k1: payload('i-a'), k2: payload('i-b'), k3: payload('i-a') },
    'syslog',
    2,
    1,
  ],
];

test.each(CASES)('%s', async (_, files, table, rows, copies) => {
  const dir = await sealedCase(files);
  const { records, imported, duplicates, rejected } = await importCase(dir);
  expect(records).toBe(imported + duplicates + rejected);
  withDatabase(dir, (db) => {
    const count = (sql: string): unknown => db.prepare(sql).pluck().get();
    expect(count(`SELECT count(*) FROM ${table}`)).toBe(rows);
    expect(count(`SELECT count(*) FROM duplicate WHERE source = '${table}'`)).toBe(copies);
    const kept = db
      .prepare(`SELECT kept_id IN (SELECT id FROM ${table}) FROM duplicate WHERE source = ?`)
      .pluck()
      .all(table);
    expect(kept).toEqual(kept.map(() => 1));
  });
});
