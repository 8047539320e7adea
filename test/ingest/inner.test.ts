/** Records inside records land in the tables of their own sources, lead back to what carries them, and are proved to bytes. */
import { gzipSync } from 'node:zlib';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { beforeAll, describe, expect, test } from 'vitest';
import { verifyContent } from '#src/db/content-hash.ts';
import { openDatabase } from '#src/db/open.ts';
import { SOURCES } from '#src/sources/_registry.ts';
import { exhibitJson } from '../helpers/exhibit.ts';
import { event, importCase, log, sealedCase, withDatabase } from './world.ts';

const FLOW =
  '2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK';
const SSHD = 'Nov  8 09:00:05 web sshd[7]: Accepted publickey for ec2-user from 198.51.100.7';

/** An EventBridge event. */
function envelope(n: number, detail: unknown, more: object = {}): object {
  return {
    version: '0',
    id: `e${String(n)}`,
    'detail-type': 'AWS API Call via CloudTrail',
    source: 'aws.s3',
    account: '111122223333',
    time: '2026-01-02T03:00:00Z',
    region: 'eu-central-1',
    resources: [],
    detail,
    ...more,
  };
}

/** A payload of a subscription. */
function payload(...messages: readonly string[]): object {
  return {
    messageType: 'DATA_MESSAGE',
    owner: '111122223333',
    logGroup: '/aws/logs',
    logStream: 's',
    subscriptionFilters: ['all'],
    logEvents: messages.map((message, index) => ({
      id: `${String(index)} ${message}`,
      timestamp: 1_767_322_800_000 + index,
      message,
    })),
  };
}

const json = JSON.stringify;

interface Inner {
  readonly id: number;
  readonly source: string;
  readonly carrier: string | null;
  readonly carrier_id: number | null;
  readonly steps: string | null;
}

function innerRecords(dir: string): readonly Inner[] {
  return withDatabase(dir, (db) =>
    db.prepare<[], Inner>('SELECT * FROM main.inner_record ORDER BY id').all(),
  );
}

/** Every source and record of a case, and what every record's text is. */
function texts(dir: string): readonly (readonly [source: string, raw: string])[] {
  return withDatabase(dir, (db) =>
    SOURCES.flatMap(({ id }) =>
      db
        .prepare<[], string>(`SELECT raw FROM "${id}" ORDER BY id`)
        .pluck()
        .all()
        .map((raw) => [id, raw] as const),
    ),
  );
}

describe('a case of carriers', () => {
  let dir = '';
  const call = json(event(1));
  const nested = json(envelope(9, event(2)));
  const packed = gzipSync(json(payload(FLOW, nested, 'nobody knows'))).toString('base64');
  beforeAll(async () => {
    dir = await sealedCase({
      'direct.json': log(event(1), event(7)),
      'events.json': `${json(envelope(1, event(1)))}${json(envelope(2, { state: 'running' }))}${json(envelope(3, event(3)))}`,
      'payloads.gz': gzipSync(
        gzipSync(`${json(payload(call, FLOW))}${json(payload(SSHD, nested))}`),
      ),
      'kinesis.json': json({ Records: [{ kinesis: { data: packed } }] }),
      'export/x/i-0/000000.gz': gzipSync(
        `2026-01-02T03:00:00.000Z ${FLOW}\n2026-01-02T03:00:01.000Z Traceback:\n  line 2\n`,
      ),
      'mixed.jsonl': [json(event(20)), json(envelope(21, event(21))), json({ a: 1 })].join('\n'),
    });
    await importCase(dir);
  });

  test('every record lands in its table, once', () => {
    const counts = withDatabase(dir, (db) =>
      db
        .prepare('SELECT source, count(*) AS n FROM timeline GROUP BY source ORDER BY source')
        .raw()
        .all(),
    );
    expect(counts).toEqual([
      // 1, 7, 3, 20, 21 and 2, which came in two carriers, and 1 in three.
      ['cloudtrail', 6],
      ['cloudwatch_logs', 8],
      // Event 9 came in a payload and packed.
      ['eventbridge', 5],
      ['syslog', 1],
      // One line in three files is one event.
      ['vpc_flow', 1],
    ]);
  });

  test('counts add up, and say what lay inside', async () => {
    const { json: status } = await exhibitJson(['status', '--case', dir, '--json']);
    const { totals, unreconciled } = status as {
      totals: Record<string, unknown> & { by_source: Record<string, Record<string, number>> };
      unreconciled: readonly string[];
    };
    expect(unreconciled).toEqual([]);
    expect(totals).toMatchObject({ records: 29, imported: 21, duplicates: 7, rejected: 1 });
    expect(totals['inner']).toBe(innerRecords(dir).filter((one) => one.carrier !== null).length);
    const parts = Object.values(totals.by_source);
    for (const name of ['files', 'records', 'imported', 'duplicates', 'rejected', 'inner'])
      expect(
        parts.reduce((sum, part) => sum + (part[name] ?? 0), 0),
        name,
      ).toBe(name === 'files' ? 6 : totals[name]);
  });

  test('each leads to the record that carries it', () => {
    withDatabase(dir, (db) => {
      for (const { id, source, carrier, carrier_id: carrierId } of innerRecords(dir)) {
        if (carrier === null) continue;
        expect(carrierId).toBeLessThan(id);
        const text = (table: string, row: number | null): string | undefined =>
          db
            .prepare<[number | null], string>(`SELECT raw FROM "${table}" WHERE id = ?`)
            .pluck()
            .get(row) ??
          db
            .prepare<[number | null], string>('SELECT raw FROM duplicate WHERE id = ?')
            .pluck()
            .get(row);
        const inner = text(source, id);
        const outer = text(carrier, carrierId) ?? '';
        if (inner === undefined) throw new Error('no such row');
        expect(outer.includes(inner) || outer.includes(json(inner).slice(1, -1))).toBe(true);
      }
    });
  });

  test('show proves every one of them from the sealed file', async () => {
    // One of each kind: a run of the program takes its time.
    const kinds = new Map(
      innerRecords(dir).map((one) => [
        `${one.source} ${String(one.carrier)} ${String(one.steps)}`,
        one,
      ]),
    );
    expect(kinds.size).toBeGreaterThan(7);
    for (const { id, carrier } of kinds.values()) {
      const { status, json: shown } = await exhibitJson(['show', String(id), '--case', dir]);
      const { checks } = shown as { checks: { id: string; status: string; detail: string }[] };
      expect({ id, status, bad: checks.filter((one) => one.status !== 'pass') }).toEqual({
        id,
        status: 0,
        bad: [],
      });
      const check = checks.find((one) => one.id === 'record.carrier');
      expect(check?.detail).toMatch(
        carrier === null ? /^it stands in the file by itself$/ : /^it lies in [a-z_]+:\d+$/,
      );
    }
  });

  test('what nobody knows stays in the carrier, and what is no record is a reject', () => {
    const found = texts(dir);
    expect(found.filter(([, raw]) => raw.includes('nobody knows'))).toHaveLength(1);
    withDatabase(dir, (db) => {
      expect(db.prepare('SELECT source, reason, raw FROM reject').raw().all()).toEqual([
        ['cloudtrail', 'not_this_source', '{"a":1}'],
      ]);
      const event = "SELECT message FROM cloudwatch_logs WHERE message GLOB 'Traceback*'";
      expect(db.prepare(event).pluck().all()).toEqual(['Traceback:\n  line 2']);
    });
  });

  test('the content hash covers them, and another number of workers gives the same', async () => {
    const db = openDatabase(join(dir, 'case.db'), { readonly: true });
    expect(verifyContent(db)).toMatchObject({ ok: true, problems: [] });
    db.close();
    const before = (await importCase(dir)).content_sha256;
    for (const workers of ['1', '3']) {
      rmSync(join(dir, 'case.db'));
      expect((await importCase(dir, ['--workers', workers])).content_sha256).toBe(before);
    }
  });

  test.each([
    ['record.carrier', 'UPDATE inner_record SET carrier_id = carrier_id + 1 WHERE id = $id'],
    ['record.carrier', 'DELETE FROM inner_record WHERE id = $id'],
    ['record.source', 'DELETE FROM vpc_flow WHERE id = $id'],
  ])('show answers %s no after %s', async (check, sql) => {
    const copy = await sealedCase({ 'a.json': json(payload(FLOW)) });
    await importCase(copy);
    const db = new Sqlite(join(copy, 'case.db'));
    const id = String(db.prepare('SELECT id FROM vpc_flow').pluck().get());
    db.exec(sql.replace('$id', id));
    expect(verifyContent(db).ok).toBe(false);
    db.close();
    const { status, json: shown } = await exhibitJson(['show', id, '--case', copy]);
    if (check === 'record.source') {
      expect({ status, shown }).toMatchObject({ shown: { error: { code: 'E_NOT_FOUND' } } });
      return;
    }
    const { checks } = shown as { checks: { id: string; status: string }[] };
    expect(checks.filter((one) => one.status === 'fail').map((one) => one.id)).toEqual([check]);
  });
});

test('show compares the items of a list', async () => {
  const query = { query_timestamp: '2025-11-08T09:00:05Z', query_name: 'a.' };
  const answers = [{ Rdata: '192.0.2.1', Type: 'A', Class: 'IN' }];
  const dir = await sealedCase({ 'a.json': json({ ...query, answers }) });
  await importCase(dir);
  const show = async (): Promise<{ status: string; detail: string } | undefined> => {
    const { json: shown } = await exhibitJson(['show', '268435457', '--case', dir]);
    return (shown as { checks: { id: string; status: string; detail: string }[] }).checks.find(
      (one) => one.id === 'record.items',
    );
  };
  expect(await show()).toMatchObject({ status: 'pass' });
  const db = new Sqlite(join(dir, 'case.db'));
  db.exec("UPDATE route53_resolver_answer SET rdata = '192.0.2.2'");
  db.close();
  expect(await show()).toMatchObject({ status: 'fail' });
});

test('a record inside another that is broken is said of its carrier', async () => {
  const broken = json({ ...event(1), eventTime: 'never' });
  const dir = await sealedCase({ 'a.json': json(payload(broken, FLOW)) });
  expect(await importCase(dir)).toMatchObject({ records: 3, imported: 3, rejected: 0 });
  withDatabase(dir, (db) => {
    expect(db.prepare('SELECT record_no, kind, detail FROM anomaly').raw().all()).toEqual([
      [1, 'inner_broken', 'cloudtrail: bad_time: eventTime is missing or not a time'],
    ]);
  });
});

test('what an event without a time carries is read, with the reject as its carrier', async () => {
  const timeless = (n: number): object => envelope(n, event(n), { time: 'soon' });
  const dir = await sealedCase({
    'events.json': [envelope(1, event(1)), timeless(2), timeless(3)]
      .map((one) => json(one))
      .join('\n'),
    'payload.json': json(payload('nobody knows', json(timeless(4)))),
  });
  expect(await importCase(dir)).toMatchObject({ records: 9, imported: 7, rejected: 2 });
  const carriers = innerRecords(dir).map(({ source, carrier, carrier_id: id }) => [
    source,
    carrier,
    (id ?? 0) % 2 ** 28,
  ]);
  // That of the last is not the event, which is no record of the file, but the log event around it.
  expect(carriers).toEqual([
    ['cloudtrail', 'eventbridge', 1],
    ['cloudtrail', 'eventbridge', 3],
    ['cloudtrail', 'eventbridge', 5],
    ['cloudtrail', 'cloudwatch_logs', 2],
  ]);
  for (const { id, source } of innerRecords(dir).slice(1)) {
    const shown = await exhibitJson(['show', `${source}:${String(id)}`, '--case', dir]);
    expect(shown.status, `${source}:${String(id)}`).toBe(0);
  }
});
