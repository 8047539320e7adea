/** `import --vpc-format`: flow logs without a header, in an order of their own. */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseVpcFormat } from '#src/sources/vpc_flow.ts';
import { exhibitJson } from '../helpers/exhibit.ts';
import { importCase, sealedCase, withDatabase } from './world.ts';

const FORMAT = '${srcaddr} ${dstaddr} ${dstport} ${start} ${action} ${vpc-id}';
const ROW = '198.51.100.7 10.0.1.20 22 1762592400 REJECT vpc-0a1b2c3d4e5f60718';
const DEFAULT = '2 111122223333 eni-0a1b2c3d4e5f60718 - - - - - - - 1762592460 1762592520 - NODATA';
const FILES = {
  'custom.log': [
    ...[ROW, ROW.replace('REJECT', 'ACCEPT'), ROW.replace(' 22 ', ' 23 ')],
    ...[ROW.replace(' 22 ', ' 70000 '), ROW.replace(' 22 1762592400', ' 1762592400 22'), ''],
  ].join('\n'),
  'default.log': `${DEFAULT}\n`,
  'describe-flow-logs.json': JSON.stringify({
    FlowLogs: ['${version} ${account-id}', FORMAT].map((format, n) => ({
      FlowLogId: `fl-${String(n)}`,
      ResourceId: 'vpc-0a1b2c3d4e5f60718',
      LogGroupName: 'flows',
      LogFormat: format,
    })),
  }),
  'header.log': `version start srcaddr\n2 1762592400 198.51.100.8\n`,
  'insights.json': JSON.stringify({
    messageType: 'DATA_MESSAGE',
    owner: '111122223333',
    logGroup: 'flows',
    logStream: 'eni-all',
    subscriptionFilters: ['x'],
    logEvents: [{ id: '1', timestamp: 1_762_592_401_000, message: ROW.replace('198.51', '203.0') }],
  }),
};

interface Flow {
  readonly id: number;
  readonly srcaddr: string | null;
  readonly dstport: number | null;
  readonly log_status: string | null;
}

function flows(dir: string): readonly Flow[] {
  return withDatabase(dir, (db) =>
    db.prepare<[], Flow>('SELECT id, srcaddr, dstport, log_status FROM vpc_flow ORDER BY id').all(),
  );
}

const UNNAMED =
  'its lines look like rows of a flow log of 6 fields without a header: say their order with `import --vpc-format`, as `aws ec2 describe-flow-logs` prints it in LogFormat';

test('reads files and log events by the declared format, keeps it, and takes it back', async () => {
  const dir = await sealedCase(FILES);
  await importCase(dir);
  // Without a word of its order nobody knows what a row says.
  expect(flows(dir).map(({ srcaddr }) => srcaddr)).toEqual([null, '198.51.100.8']);

  // Which of two formats holds for which rows no file says: they are named, and the examiner declares one.
  const before = await exhibitJson(['status', '--case', dir]);
  expect(before.json).toMatchObject({
    unrecognised: [{ path: 'custom.log', reason: UNNAMED }],
    flow_formats: {
      declared: null,
      named: [
        { flow_log_id: 'fl-0', goes_to: 'flows' },
        { flow_log_id: 'fl-1', log_format: FORMAT, resource_id: 'vpc-0a1b2c3d4e5f60718' },
      ],
    },
  });

  const declared = await importCase(dir, ['--vpc-format', FORMAT]);
  expect(declared).toMatchObject({ status: 'imported', rejected: 2 });
  expect(flows(dir)).toMatchObject([
    { srcaddr: '198.51.100.7', dstport: 22 },
    { srcaddr: '198.51.100.7', dstport: 22 },
    { srcaddr: '198.51.100.7', dstport: 23 },
    { log_status: 'NODATA' },
    { srcaddr: '198.51.100.8' },
    { srcaddr: '203.0.100.7', dstport: 22 },
  ]);
  withDatabase(dir, (db) => {
    expect(db.prepare('SELECT reason, detail FROM reject ORDER BY id').all()).toEqual([
      { reason: 'bad_fields', detail: 'dstport is not a number up to 65535' },
      { reason: 'bad_fields', detail: 'dstport is not a number up to 65535' },
    ]);
    expect(db.prepare('SELECT kind FROM anomaly ORDER BY file_id').pluck().all()).toEqual([
      'format_differs',
    ]);
  });
  const ledger = readdirSync(join(dir, 'custody')).filter((name) => name.endsWith('.json'));
  const entries = ledger.map((name) => readFileSync(join(dir, 'custody', name), 'utf8'));
  expect(entries.filter((entry) => entry.includes('"vpc_format"'))).toHaveLength(1);
  const [first, , , , , last] = flows(dir);
  for (const { id } of [first, last].filter((flow) => flow !== undefined)) {
    const { status } = await exhibitJson(['show', `vpc_flow:${String(id)}`, '--case', dir]);
    expect(status).toBe(0);
  }

  expect(await importCase(dir)).toMatchObject({ status: 'already_imported' });
  // The ledger knows what was declared; a database is derived, and anybody can write into it.
  rmSync(join(dir, 'case.db'));
  expect(await importCase(dir)).toMatchObject({ content_sha256: declared.content_sha256 });
  expect(await importCase(dir, ['--vpc-format', 'default'])).toMatchObject({ status: 'imported' });
  expect(flows(dir)).toHaveLength(2);
}, 120_000);

test('a format that is none is refused', async () => {
  const dir = await sealedCase({ 'x.log': `${ROW}\n` });
  for (const format of ['${srcaddr} ${nothing} ${start}', 'start start', '${srcaddr}']) {
    const { status, json } = await exhibitJson(['import', '--vpc-format', format, '--case', dir]);
    expect(status).toBe(2);
    expect(json).toMatchObject({ error: { code: 'E_USAGE' } });
  }
  expect(parseVpcFormat(' version  ${start} ')).toEqual(['version', 'start']);
}, 60_000);
