import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { beforeAll, expect, test } from 'vitest';
import type { Case } from '#src/app/case.ts';
import type { EventFilter, ShownEvent } from '#src/app/events.ts';
import { search, type SearchResult } from '#src/app/search.ts';
import { showRecord } from '#src/app/show.ts';
import { caseStatus } from '#src/app/status.ts';
import { around, timeline, TIMELINE_FORMATS } from '#src/app/timeline.ts';
import { openDatabase } from '#src/db/open.ts';
import { SOURCES } from '#src/sources/_registry.ts';
import { fakeEffects } from '../helpers/effects.ts';
import { exhibit, exhibitJson } from '../helpers/exhibit.ts';
import { sampleCase } from '../helpers/sample-case.ts';
import { tempDir } from '../helpers/temp.ts';

const fx = fakeEffects();
let target: Case;

beforeAll(async () => {
  target = await sampleCase();
});

function find(text: string, filter: EventFilter = {}, limit = 0): Promise<SearchResult> {
  return search(target, fx, { text, filter, limit });
}

test('the time line is in the order of time, source and id, and whole', () => {
  const events = [...timeline(target, {}, 0)];
  // A fraction sorts behind the whole second only where the Z does not stand in its place.
  const key = (event: ShownEvent): string =>
    `${event.time.replace(/Z$/, '')} ${event.source} ${(event.row.split(':')[1] ?? '').padStart(16, '0')}`;
  expect(events.map(key)).toEqual(events.map(key).sort());
  const totals = caseStatus(target).database!.totals;
  const elsewhere = SOURCES.filter((source) => !source.timeline)
    .map((source) => totals.by_source[source.id]?.imported ?? 0)
    .reduce((sum, imported) => sum + imported, 0);
  expect(elsewhere).toBeGreaterThan(0);
  expect(events).toHaveLength(totals.imported - elsewhere);
});

test('filters narrow the time line', () => {
  const stop = [...timeline(target, { action: 'stoplogging', outcome: 'success' }, 0)];
  expect(stop.map((event) => event.time)).toEqual(['2026-09-18T01:26:44Z']);
  const fromUs = Date.UTC(2026, 8, 18, 1, 0) * 1000;
  const night = [...timeline(target, { fromUs, ip: '203.0.113.66', action: 'Delete*' }, 0)];
  expect(night.map((event) => event.action)).toContain('DeleteFlowLogs');
  expect([...timeline(target, { source: 'vpc_flow' }, 3)]).toHaveLength(3);
  expect([...timeline(target, { actor: 'SVC-BACKUP' }, 0)].length).toBeGreaterThan(10);
  expect(() => [...timeline(target, { source: 'nothing' }, 0)]).toThrow('no source');
});

test('search finds words in the text, in fields and behind escapes, and says where', async () => {
  const key = await find('AKIAW5SSTKYJ4EXAMPLE CreateAccessKey');
  expect(key.events.map((event) => event.found_in)).toEqual([
    'responseElements.accessKey.accessKeyId eventName',
    // The same call, as EventBridge carried it.
    'detail.responseElements.accessKey.accessKeyId detail.eventName',
    'userIdentity.accessKeyId eventName',
  ]);
  const field = await find('event_name:stoplogging');
  expect(field.events.map((event) => event.action)).toEqual(['StopLogging']);
  expect(field.events[0]?.found_in).toBe('event_name');
  const member = await find('userName:support-lens', { source: 'cloudtrail' });
  expect(member.total).toBeGreaterThan(0);
  const phrase = await find('"failed authentication"');
  expect(phrase.events.map((event) => event.found_in)).toEqual([
    'errorMessage',
    'detail.errorMessage',
  ]);
  expect((await find('arn:aws:iam::111122223333:user/svc-backup', {}, 5)).events).toHaveLength(5);
  expect((await find('no such words anywhere')).total).toBe(0);
  await expect(find('  ')).rejects.toThrow('nothing to search');
});

test('search knows quotes, expressions and fields of both', async () => {
  const actions = async (text: string): Promise<readonly (string | null)[]> =>
    (await find(text, { source: 'cloudtrail' })).events.map((event) => event.action);
  // The text of the record itself, quotes and all.
  expect(await actions('"eventName":"StopLogging"')).toEqual(['StopLogging']);
  expect(await actions(String.raw`"\"eventName\":\"StopLogging\""`)).toEqual(['StopLogging']);
  expect(await actions('eventName:"StopLogging"')).toEqual(['StopLogging']);
  expect(await actions('/^Stop\\w+ing$/')).toEqual(['StopLogging']);
  expect(await actions('/^stop\\w+ing$/')).toEqual([]);
  expect(await actions('/^stop\\w+ing$/i')).toEqual(['StopLogging']);
  expect(await actions('event_name:/^Stop/ svc-backup')).toEqual(['StopLogging']);
  expect(await actions('awsRegion:/^Stop/')).toEqual([]);
  await expect(find('/(/')).rejects.toMatchObject({ code: 'E_USAGE' });
  // An expression that is never closed is a word.
  expect((await find('/no-such-thing')).total).toBe(0);
});

test('an expression that never ends is ended', async () => {
  const folder = join(await tempDir(), 'logs');
  await mkdir(folder);
  const event = {
    ...{ eventVersion: '1.08', eventTime: '2026-01-02T03:04:05Z', eventSource: 's3.amazonaws.com' },
    ...{ eventName: `${'a'.repeat(60)}!`, awsRegion: 'eu-west-1', eventID: '1' },
    recipientAccountId: '111122223333',
  };
  await writeFile(join(folder, 'a_CloudTrail_.json'), JSON.stringify({ Records: [event] }));
  const other = await sampleCase({ paths: [folder], workers: 1 });
  const at = ['--timeout', '1', '--json', '--case', other.paths.dir];
  const { status, stdout } = await exhibit(['search', '/^(a+)+$/', ...at]);
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'E_QUERY_REFUSED' } });
  expect(status).toBe(2);
});

test('search looks into rejected records too', async () => {
  const db = openDatabase(target.paths.database, { readonly: true });
  const rejects = db.prepare<[], { raw: string }>('SELECT raw FROM reject ORDER BY id').all();
  db.close();
  expect(rejects.length).toBeGreaterThan(0);
  const word = /[A-Za-z0-9-]{4,}/.exec(rejects[0]!.raw)?.[0] ?? '';
  const rows = (await find(word)).events.map((event) => event.row);
  expect(rows.some((row) => row.startsWith('reject:'))).toBe(true);
});

test('every kind of record is shown with proof from the sealed tar', async () => {
  const db = openDatabase(target.paths.database, { readonly: true });
  const one = (sql: string): number => Number(db.prepare(sql).pluck().get());
  const rows = [
    `cloudtrail:${String(one('SELECT min(id) FROM cloudtrail'))}`,
    `cloudtrail:${String(one('SELECT min(id) FROM cloudtrail WHERE form = 1'))}`,
    `s3_access:${String(one('SELECT max(id) FROM s3_access'))}`,
    String(one('SELECT min(id) FROM vpc_flow')),
    `duplicate:${String(one('SELECT min(id) FROM duplicate'))}`,
    `reject:${String(one('SELECT min(id) FROM reject'))}`,
  ];
  db.close();
  for (const row of rows) {
    const shown = await showRecord(target, fx, row);
    expect(shown.checks.filter((check) => check.status !== 'pass')).toEqual([]);
    expect(shown.checks.map((check) => check.id)).toContain('record.place');
    expect(shown.verified).toBe(true);
    expect(shown.raw.length).toBeGreaterThan(0);
  }
  await expect(showRecord(target, fx, 'cloudtrail:1')).rejects.toMatchObject({
    code: 'E_NOT_FOUND',
  });
  await expect(showRecord(target, fx, 'nothing:1')).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
  await expect(showRecord(target, fx, 'x')).rejects.toMatchObject({ code: 'E_USAGE' });
});

test('status reconciles, and names what was left and what is missing', async () => {
  const { status, json } = await exhibitJson(['status', '--case', target.paths.dir]);
  expect(status).toBe(0);
  const database = caseStatus(target).database!;
  expect(json).toMatchObject({ totals: database.totals, unreconciled: [] });
  const { records, imported, duplicates, rejected } = database.totals;
  expect(records).toBe(imported + duplicates + rejected);
  expect(database.unrecognised.map((file) => file.path).join(' ')).toContain('notes.txt');
  expect(database.rejects.length).toBeGreaterThan(0);
  // The trail of the production account is silent from 01:50 to 07:04.
  const gap = database.delivery_gaps.find((one) => one.to.startsWith('2026-09-18T07:'));
  expect(gap?.from.startsWith('2026-09-18T01:')).toBe(true);
});

test('the verbs print tables that fit, and the formats agree', async () => {
  const at = ['--case', target.paths.dir];
  const table = await exhibit(['timeline', '--limit', '20', ...at], { env: { COLUMNS: '100' } });
  expect(table.status).toBe(0);
  for (const line of table.stdout.split('\n'))
    expect(Array.from(line).length).toBeLessThanOrEqual(100);
  const lines = await exhibit(['timeline', '--action', 'StopLogging', '--format', 'jsonl', ...at]);
  const doc = await exhibitJson(['timeline', '--action', 'StopLogging', ...at]);
  const events = lines.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
  expect(doc.json).toEqual({ events, count: events.length });
  const csv = await exhibit(['timeline', '--action', 'StopLogging', '--format', 'csv', ...at]);
  expect(csv.stdout.split('\n')[0]).toBe(
    'time,source,account_id,region,actor,action,target,src_ip,dst_ip,outcome,row',
  );
  const zone = await exhibit(['timeline', '--from', '2026-09-18T01:00:00', ...at]);
  expect(zone.status).toBe(2);
});

test('the time line around a row, into a file, in the forms of other tools', async () => {
  const folder = await tempDir();
  const at = ['--case', target.paths.dir];
  const [stop] = (await find('event_name:StopLogging')).events;
  const near = [...timeline(target, await around(target, {}, stop!.row, 60_000_000), 0)];
  expect(near.map((event) => event.row)).toContain(stop!.row);
  expect(
    near.every(({ time }) => time >= '2026-09-18T01:25:44Z' && time <= '2026-09-18T01:27:44Z'),
  ).toBe(true);
  await expect(around(target, {}, 'nothing', 1)).rejects.toMatchObject({ code: 'E_USAGE' });
  for (const format of TIMELINE_FORMATS) {
    const file = join(folder, format);
    const args = ['timeline', '--around', stop!.row, '--window', '60s', '--format', format];
    const { status, stdout } = await exhibit([...args, '--out', file, ...at]);
    expect([status, stdout]).toEqual([0, '']);
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
    expect(lines.length).toBe(near.length + (format.endsWith('jsonl') ? 0 : 1));
    expect((await exhibit([...args, '--out', file, ...at])).status).toBe(4);
  }
});

test('text that is no JSON where an import left JSON is damage, not a bug', async () => {
  const dir = join(await tempDir(), 'copy');
  await cp(target.paths.dir, dir, { recursive: true });
  // SQLite would compute the column that the text breaks: it is taken out of the table's definition meanwhile.
  const definition = (from: string, to: string): void => {
    const db = new Sqlite(join(dir, 'case.db'));
    db.unsafeMode(true);
    db.pragma('writable_schema = ON');
    db.prepare(
      "UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE name = 'eventbridge' AND type = 'table'",
    ).run(from, to);
    db.close();
  };
  const extract = "json_extract(resources, '$[0]')";
  definition(extract, 'NULL /* json_extract */');
  const db = new Sqlite(join(dir, 'case.db'));
  db.prepare("UPDATE eventbridge SET resources = '[', resource_id = NULL").run();
  db.close();
  definition('NULL /* json_extract */', extract);
  const json = async (...args: readonly string[]): Promise<unknown> =>
    (await exhibitJson([...args, '--case', dir])).json;
  const damaged = { error: { code: 'E_FORMAT' } };
  expect(await json('timeline', '--source', 'eventbridge')).toMatchObject(damaged);
  expect(await json('search', 'x', '--source', 'eventbridge')).toMatchObject(damaged);
});

test('show writes the exact bytes to a new file and never over one', async () => {
  const db = openDatabase(target.paths.database, { readonly: true });
  const row = db
    .prepare<[], { id: number; raw: string }>('SELECT id, raw FROM s3_access LIMIT 1')
    .get()!;
  db.close();
  const file = join(await tempDir(), 'record');
  const args = ['show', String(row.id), '--raw', file, '--case', target.paths.dir];
  expect((await exhibit(args)).status).toBe(0);
  expect(await readFile(file, 'utf8')).toBe(row.raw);
  expect((await exhibit(args)).status).toBe(4);
});
