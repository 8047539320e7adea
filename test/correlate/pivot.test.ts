/** `exhibit pivot`: one value through all logs of the story, its neighbours, and what is not looked at. */
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { Case } from '#src/app/case.ts';
import { labelsFrom } from '#src/app/labels.ts';
import { pivot, type PivotAnswer, type PivotQuestion } from '#src/app/pivot.ts';
import { kindOfColumn, kindOfValue, wanted } from '#src/correlate/kinds.ts';
import { entityTables, findTraces } from '#src/correlate/traces.ts';
import { openDatabase, sourceTables } from '#src/db/open.ts';
import { SOURCES } from '#src/sources/_registry.ts';
import { fakeEffects } from '../helpers/effects.ts';
import { exhibit, exhibitJson } from '../helpers/exhibit.ts';
import { sampleCase } from '../helpers/sample-case.ts';
import { tempDir } from '../helpers/temp.ts';

const NO_LABELS = await labelsFrom({ mmdb: [] }, fakeEffects());

let target: Case;

beforeAll(async () => {
  target = await sampleCase();
});

function ask(values: readonly string[], more: Partial<PivotQuestion> = {}): PivotAnswer {
  return pivot(target, fakeEffects(), {
    values,
    hops: 1,
    fanOut: 8,
    kinds: [],
    deep: false,
    labels: NO_LABELS,
    ...more,
  });
}

test('an address in every log that knows it, in the order of time', () => {
  const answer = ask(['203.0.113.66']);
  const [value] = answer.values;
  expect(value).toMatchObject({ kind: 'ip', hop: 0, records: 361 });
  const places = value?.places.map(({ table, column, records }) => [`${table}.${column}`, records]);
  expect(places).toEqual(
    expect.arrayContaining([
      ['alb_access.client_ip', 1],
      ['cloudtrail.source_ip_address', 162],
      ['eks_audit.source_ip', 6],
      ['network_firewall.src_ip', 74],
      ['s3_access.remote_ip', 30],
      ['syslog.source_ip', 3],
      ['vpc_flow.srcaddr', 52],
      ['vpc_flow.dstaddr', 15],
    ]),
  );
  expect(answer.timeline).toHaveLength(361);
  const times = answer.timeline.map(({ time }) => time ?? '');
  expect(times[0]).toBe('2026-09-17T19:41:22Z');
  const stamps = times.map((text) => Date.parse(text));
  expect(stamps).toEqual([...stamps].sort((a, b) => a - b));
  expect(answer.not_searched).toEqual([]);
  const key = answer.neighbours.find(({ kind }) => kind === 'access_key');
  expect(key).toMatchObject({
    value: 'AKIARUJRJ2ZFGEXAMPLE',
    records: 83,
    first_seen: '2026-09-17T22:41:07Z',
  });
});

test('a window, a kind, and nobody', () => {
  const fromUs = Date.parse('2026-09-18T08:00:00Z') * 1000;
  const late = ask(['203.0.113.66'], { fromUs, kinds: ['access_key'] });
  expect(late.timeline.map(({ action }) => action)).toContain('ListBuckets');
  expect(late.neighbours.map(({ value }) => value)).toEqual(['AKIATPEXE3U3IEXAMPLE']);
  expect(ask(['192.0.2.250']).values).toMatchObject([{ records: 0, places: [] }]);
  for (const odd of ['%', "x' OR 1=1 --", 'a\u0000b', '\ud800'])
    expect(ask([odd]).values).toMatchObject([{ value: odd, records: 0 }]);
  expect(() => ask([''])).toThrow(expect.objectContaining({ code: 'E_USAGE' }));
  expect(() => ask(['x'], { kinds: ['cat'] })).toThrow(
    expect.objectContaining({ code: 'E_USAGE' }),
  );
});

test('other spellings of one thing are the same thing', () => {
  const records = (value: string): number => ask([value]).values[0]?.records ?? 0;
  expect(records('2001:0db8:0040:0000:0000:0000:0001:0010')).toBe(records('2001:db8:40::1:10'));
  expect(records('2001:db8:40::1:10')).toBeGreaterThan(0);
  expect(records('s3://harborline-customer-exports')).toBe(
    records('arn:aws:s3:::harborline-customer-exports'),
  );
  expect(records('CDN.parcels-mirror.example')).toBe(records('cdn.parcels-mirror.example.'));
  expect(records('CDN.parcels-mirror.example')).toBeGreaterThan(0);
  // A role is in evidence wherever one of its sessions is.
  const role = ask(['arn:aws:iam::444455556666:role/export-maintenance']);
  expect(role.values[0]?.places.map(({ column }) => column)).toContain('user_identity_arn');
});

test('answers of DNS queries stand in a table of their own', () => {
  const places = ask(['203.0.113.99']).values[0]?.places.map(
    ({ table, column }) => `${table}.${column}`,
  );
  expect(places).toContain('route53_resolver_answer.rdata');
});

test('two hops are bounded, and what is left out is said', () => {
  const answer = ask(['ASIALHQ22SV2SEXAMPLE'], { hops: 2, fanOut: 2 });
  expect(answer.values.map(({ hop }) => hop)).toEqual([0, 1, 1]);
  expect(answer.cut).toMatchObject(
    [/^ASIALHQ22SV2SEXAMPLE: 2 of \d+ neighbours are followed$/].map(
      (pattern) => expect.stringMatching(pattern) as string,
    ),
  );
  expect(answer.neighbours.some(({ hop }) => hop === 2)).toBe(true);
  // The records are those of what was asked for.
  expect(new Set(answer.timeline.map(({ source }) => source))).toEqual(
    new Set(['cloudtrail', 'guardduty']),
  );
});

test('every look-up goes by an index; a large table without one is not read, and that is said', () => {
  const db = openDatabase(target.paths.database, { readonly: true });
  try {
    const tables = entityTables(db, sourceTables(db)).map((one) => ({ ...one, small: false }));
    const answer = findTraces(db, tables, wanted('203.0.113.66'), {}, false);
    expect(answer.notSearched).toContain('vpc_flow.pkt_srcaddr');
    expect(answer.notSearched).not.toContain('vpc_flow.srcaddr');
    expect(answer.traces.filter(({ table }) => table === 'vpc_flow')).toHaveLength(67);
    const deep = findTraces(db, tables, wanted('203.0.113.66'), {}, true);
    expect(deep.notSearched).toEqual([]);
    expect(deep.traces.length).toBe(361);
  } finally {
    db.close();
  }
});

test('columns of all sources say by their names what they hold', () => {
  // What looks like an entity and is none, or none that leads anywhere.
  const others = new Set([
    'access_point_arn',
    'chosen_cert_arn',
    'config_rule_arn',
    'product_arn',
    'runtime_version_arn',
    'requester_id',
    'bucket_owner_id',
    'ecs_container_instance_id',
    'ip_address',
  ]);
  const untold = SOURCES.flatMap(({ id, columns }) =>
    columns
      .filter(
        ({ type, name }) =>
          type === 'TEXT' &&
          /(?:^|_)(?:ip|srcaddr|dstaddr|access_key_id|interface_id|instance_id|bucket_name|user_agent|request_id)$/.test(
            name,
          ),
      )
      .filter(({ name }) => kindOfColumn(id, name) === undefined && !others.has(name))
      .map(({ name }) => `${id}.${name}`),
  );
  expect(untold).toEqual([]);
  const indexed = SOURCES.flatMap(({ id, indexes }) =>
    indexes.map(([name = '']) => `${id}.${name}`),
  );
  const plain = indexed.filter((place) => {
    const [table = '', name = ''] = place.split('.');
    return kindOfColumn(table, name) === undefined;
  });
  for (const place of plain)
    expect(place).toMatch(
      /event_name|detail_type|audit_serial|flow_id|pid|windows_event_id|config_snapshot_id|syslog_identifier|vulnerability_id|arn$/,
    );
});

test('values tell their kinds', () => {
  expect(kindOfValue('ip', 'ec2.amazonaws.com')).toBe('service');
  expect(kindOfValue('ip', 'host.example.com')).toBe('domain');
  expect(kindOfValue('ip', 'AWS Internal')).toBe('service');
  expect(kindOfValue('resource', 'i-0123456789abcdef0')).toBe('instance');
  expect(kindOfValue('user_name', '-')).toBeUndefined();
  const kinds = (value: string): string => wanted(value).kind;
  expect(kinds('10.0.0.1')).toBe('ip');
  expect(kinds('::ffff:10.0.0.1')).toBe('ip');
  expect(wanted('::ffff:10.0.0.1').spellings).toContain('10.0.0.1');
  expect(kinds('AKIARUJRJ2ZFGEXAMPLE')).toBe('access_key');
  expect(kinds('111122223333')).toBe('account');
  expect(kinds('eni-0123456789abcdef0')).toBe('eni');
  expect(kinds('ab'.repeat(32))).toBe('hash');
  expect(kinds('0a1b2c3d-0000-4000-8000-0123456789ab')).toBe('event_id');
});

test('JSON, CSV and a page that loads nothing', async () => {
  const cwd = target.paths.dir;
  const { json } = await exhibitJson(['pivot', '203.0.113.66', '--quiet'], { cwd });
  expect(json).toEqual(ask(['203.0.113.66']));
  const page = join(await tempDir(), 'graph.html');
  const csv = await exhibit(
    ['pivot', '203.0.113.66', '--format', 'csv', '--neighbours', '--html', page, '--quiet'],
    { cwd },
  );
  expect(csv.stdout.split('\n')[0]).toBe(
    'from,value,kind,labels,records,first_seen,last_seen,tables,hop',
  );
  const text = await readFile(page, 'utf8');
  expect(text).toContain("default-src 'none'");
  expect(text).not.toMatch(/<script|<link|<img|https?:\/\/(?!www\.w3\.org)[^<]*"|url\(/);
  const again = await exhibit(['pivot', '203.0.113.66', '--html', page, '--json'], { cwd });
  expect(again.stdout).toContain('"E_EXISTS"');
});

test('recorded answers of both verbs are asked again, and match', async () => {
  const copy = join(await tempDir(), 'case');
  await cp(target.paths.dir, copy, { recursive: true });
  const env = { EXHIBIT_CASE: copy };
  const two = ['pivot', '203.0.113.66', '--hops', '2', '--fan-out', '2', '--kind', 'access_key'];
  for (const words of [two, ['sessions', 'svc-backup', '--to', '2026-09-18T00:00:00Z']]) {
    const { status, stderr } = await exhibit([...words, '--record'], { env });
    expect(status, stderr).toBe(0);
    const [id = ''] = /Q-\d+/.exec(stderr) ?? [];
    const { json } = await exhibitJson(['query', 'replay', id], { env });
    expect(json).toMatchObject({ verdict: 'match' });
  }
});
