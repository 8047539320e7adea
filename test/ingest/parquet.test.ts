/** Parquet through the real command line: into the tables of the text, broken files beside whole ones, proved again. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, expect, test } from 'vitest';
import { duckParquet } from '../helpers/duck.ts';
import { exhibit, exhibitJson } from '../helpers/exhibit.ts';
import { int32s, parquetFile, texts } from '../helpers/parquet.ts';
import { importCase, type Imported, sealedCase, withDatabase } from './world.ts';

const FLOWS = `SELECT 5::INTEGER AS version, '111122223333' AS account_id, 'eni-0a1b2c3d4e5f60718' AS interface_id,
  '10.0.1.' || (i % 250) AS srcaddr, CASE WHEN i % 10 = 9 THEN NULL ELSE '198.51.100.7' END AS dstaddr,
  (1024 + i)::INTEGER AS srcport, 443::INTEGER AS dstport, 6::INTEGER AS protocol, 9007199254740993 + i AS bytes,
  1762592400 + i AS start, 1762592460 + i AS "end", 'ACCEPT' AS action, 'OK' AS log_status, '-' AS instance_id`;
const PLAIN =
  'AWSLogs/111122223333/vpcflowlogs/eu-central-1/2025/11/08/111122223333_vpcflowlogs_eu-central-1_fl-0a1b2c3d4e5f60718_20251108T0900Z_1a2b3c4d.log.parquet';
const HIVE =
  'AWSLogs/aws-account-id=111122223333/aws-service=vpcflowlogs/aws-region=eu-central-1/year=2025/month=11/day=08/x.log.parquet';
const LAKE =
  'aws/CLOUD_TRAIL_MGMT/2.0/region=eu-central-1/accountId=111122223333/eventDay=20251108/0123456789abcdef0123456789abcdef.gz.parquet';

/** Rows of a flow log, with a column that lies. */
function lying(more: {
  readonly codec?: number;
  readonly rows?: number;
  readonly type?: number;
}): Buffer {
  const { codec, rows, type } = more;
  return parquetFile(
    2,
    [
      { name: 'interface_id', type: 6, page: texts('eni-1', 'eni-2'), values: 2 },
      { name: 'srcaddr', type: 6, page: texts('10.0.0.1', '10.0.0.2'), values: 2 },
      { name: 'log_status', type: 6, page: texts('OK', 'OK'), values: 2 },
      {
        name: 'start',
        type: type ?? 1,
        page: type === undefined ? int32s(1762592400, 1762592460) : texts('noon', 'midnight'),
        values: 2,
        ...(codec === undefined ? {} : { codec }),
      },
    ],
    rows === undefined ? {} : { rows },
  );
}

let dir = '';
let result: Imported;
let again: string;

beforeAll(async () => {
  const flows = await duckParquet(
    `${FLOWS} FROM range(5000) t(i)`,
    'COMPRESSION gzip, ROW_GROUP_SIZE 2048',
  );
  const files = {
    [PLAIN]: flows,
    [HIVE]: await duckParquet(`${FLOWS} FROM range(5000, 5010) t(i)`, 'COMPRESSION snappy'),
    'no-name-and-gzip': gzipSync(await duckParquet(`${FLOWS} FROM range(6000, 6003) t(i)`)),
    'tgw.bin': await duckParquet(
      "SELECT 6 AS version, 'TransitGateway' AS resource_type, 'tgw-1' AS tgw_id, '10.0.0.1' AS srcaddr, '10.1.0.1' AS dstaddr, 443 AS dstport, 1762592400 AS start",
    ),
    'AWSLogs/aws-account-id=111122223333/CloudFront/DistributionId=E2EXAMPLE12345/x.parquet':
      await duckParquet(
        "SELECT '2025-11-08' AS date, '09:00:05' AS time, 'FRA56-P4' AS x_edge_location, '198.51.100.7' AS c_ip, 'GET' AS cs_method, '403' AS sc_status, '-' AS cs_referer, '0.010' AS time_taken",
      ),
    [LAKE]:
      await duckParquet(`SELECT {'product': {'name': 'CloudTrail'}, 'version': '1.1.0', 'uid': 'e-1'} AS metadata,
      1762592405123 AS time, TIMESTAMP '2025-11-08 09:00:05.123456' AS time_dt, 6003 AS class_uid, 6 AS category_uid,
      {'account': {'uid': '111122223333'}, 'region': 'eu-central-1'} AS cloud, {'operation': 'PutObject', 'service': {'name': 's3.amazonaws.com'}} AS api,
      {'user': {'uid': 'arn:aws:iam::111122223333:user/alice'}} AS actor, {'ip': '198.51.100.7'} AS src_endpoint, 1 AS status_id,
      [{'uid': 'arn:aws:s3:::b', 'type': 'bucket'}] AS resources, MAP {'a': '1'} AS unmapped`),
    'other.parquet': await duckParquet('SELECT 42 AS answer'),
    'no-rows.parquet': await duckParquet('SELECT 42 AS answer WHERE false'),
    'cut.log.parquet': flows.subarray(0, -1000),
    'codec.parquet': lying({ codec: 9 }),
    'rows.parquet': lying({ rows: 2_000_000_000 }),
    'type.parquet': lying({ type: 6 }),
    'head.parquet': Buffer.from('PAR1'),
  };
  dir = await sealedCase(files);
  result = await importCase(dir, ['--workers', '2']);
  await rm(join(dir, 'case.db'));
  again = (await importCase(dir, ['--workers', '1'])).content_sha256;
}, 120_000);

interface FileRow {
  readonly source: string | null;
  readonly status: string;
  readonly reason: string;
  readonly compression: string;
  readonly records: number;
  readonly imported: number;
  readonly rejected: number;
  readonly anomalies: readonly string[];
  readonly rejects: readonly string[];
}

function file(path: string): FileRow {
  return withDatabase(dir, (db) => {
    const row = db
      .prepare<[string], FileRow & { file_id: number }>(
        'SELECT * FROM source_file WHERE original_path = ?',
      )
      .get(path);
    if (row === undefined) throw new Error(`no file ${path}`);
    const list = (sql: string): string[] =>
      db.prepare<[number], string>(sql).pluck().all(row.file_id);
    return {
      ...row,
      anomalies: list('SELECT kind FROM anomaly WHERE file_id = ? ORDER BY record_no, kind'),
      rejects: list("SELECT reason || ' ' || detail FROM reject WHERE file_id = ? ORDER BY id"),
    };
  });
}

function rows(sql: string): unknown[] {
  return withDatabase(dir, (db) => db.prepare(sql).safeIntegers().all());
}

test('every record is counted once, by any number of workers the same', () => {
  expect(result.records).toBe(result.imported + result.duplicates + result.rejected);
  expect(again).toBe(result.content_sha256);
});

test('flow logs go into the table of the text, exact and in the order of the file', () => {
  expect(file(PLAIN)).toMatchObject({
    source: 'vpc_flow',
    status: 'imported',
    compression: 'parquet',
    records: 5000,
    imported: 5000,
  });
  expect(file(HIVE)).toMatchObject({ source: 'vpc_flow', imported: 10 });
  expect(file('no-name-and-gzip')).toMatchObject({ compression: 'gzip+parquet', imported: 3 });
  expect(
    rows(`SELECT record_no, srcport, bytes, time_us, dstaddr, instance_id, region, raw FROM vpc_flow
      JOIN source_file USING (file_id) WHERE original_path = '${PLAIN}' AND record_no IN (1, 5000) ORDER BY record_no`),
  ).toEqual([
    {
      record_no: 1n,
      srcport: 1024n,
      bytes: 9007199254740993n,
      time_us: 1762592400000000n,
      dstaddr: '198.51.100.7',
      instance_id: null,
      region: 'eu-central-1',
      raw: '{"version":5,"account_id":"111122223333","interface_id":"eni-0a1b2c3d4e5f60718","srcaddr":"10.0.1.0","dstaddr":"198.51.100.7","srcport":1024,"dstport":443,"protocol":6,"bytes":9007199254740993,"start":1762592400,"end":1762592460,"action":"ACCEPT","log_status":"OK","instance_id":"-"}',
    },
    expect.objectContaining({
      record_no: 5000n,
      srcport: 6023n,
      dstaddr: null,
      bytes: 9007199254745992n,
    }),
  ]);
});

test('transit gateways, CloudFront and Security Lake are known by their columns', () => {
  expect(file('tgw.bin')).toMatchObject({ source: 'tgw_flow', imported: 1 });
  expect(
    rows('SELECT c_ip, sc_status, cs_referer, time_taken_us, distribution_id FROM cloudfront'),
  ).toEqual([
    {
      c_ip: '198.51.100.7',
      sc_status: 403n,
      cs_referer: null,
      time_taken_us: 10_000n,
      distribution_id: 'E2EXAMPLE12345',
    },
  ]);
  expect(
    rows(
      'SELECT time_us, account_id, region, actor, action, target, src_ip, outcome, resources, unmapped FROM security_lake',
    ),
  ).toEqual([
    {
      time_us: 1762592405123456n,
      account_id: '111122223333',
      region: 'eu-central-1',
      actor: 'arn:aws:iam::111122223333:user/alice',
      action: 'PutObject',
      target: 's3.amazonaws.com',
      src_ip: '198.51.100.7',
      outcome: 'success',
      resources: '[{"type":"bucket","uid":"arn:aws:s3:::b"}]',
      unmapped: '{"a":"1"}',
    },
  ]);
});

test('broken files are told of, their rows rejected with a reason', () => {
  expect(file('other.parquet')).toMatchObject({
    status: 'unrecognised',
    reason: 'a Parquet file whose rows no source knows',
  });
  expect(file('no-rows.parquet')).toMatchObject({
    status: 'empty',
    reason: 'a Parquet file without rows',
  });
  for (const [name, why] of [
    ['cut.log.parquet', 'it does not end as Parquet does'],
    ['head.parquet', 'the file ends before its footer'],
  ] as const) {
    const row = file(name);
    expect(row).toMatchObject({ status: 'unreadable', anomalies: ['parquet_corrupt'] });
    expect(row.reason).toContain(why);
  }
  expect(file('codec.parquet')).toMatchObject({
    source: 'vpc_flow',
    status: 'partial',
    records: 1,
    rejects: ['bad_parquet rows 1 to 2 (row group 1): column "start": codec 9 is not known'],
  });
  expect(file('rows.parquet')).toMatchObject({
    source: 'vpc_flow',
    status: 'partial',
    imported: 2,
    rejects: [
      'bad_parquet rows 3 to 2000000000 (row group 1): they are not there: the footer promises more rows than there are',
    ],
  });
  expect(file('type.parquet')).toMatchObject({
    imported: 0,
    rejects: ['bad_time start is not a number', 'bad_time start is not a number'],
  });
});

test('a row and a reject are proved from the sealed bytes, and the whole case verifies', async () => {
  const [row] = rows(
    `SELECT id FROM vpc_flow JOIN source_file USING (file_id) WHERE original_path = '${PLAIN}' AND record_no = 4321`,
  ) as { id: bigint }[];
  const [reject] = rows("SELECT id FROM reject WHERE reason = 'bad_parquet' ORDER BY id") as {
    id: bigint;
  }[];
  for (const name of [`vpc_flow:${String(row?.id)}`, `reject:${String(reject?.id)}`]) {
    const { status, json } = await exhibitJson(['show', name, '--case', dir]);
    expect(status).toBe(0);
    expect(json).toMatchObject({ verified: true });
  }
  const { status, stderr } = await exhibit(['verify', dir]);
  expect(status, stderr).toBe(0);
});
