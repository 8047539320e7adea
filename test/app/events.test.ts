import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { Case } from '#src/app/case.ts';
import type { ShownEvent } from '#src/app/events.ts';
import { search } from '#src/app/search.ts';
import { showRecord } from '#src/app/show.ts';
import { caseStatus } from '#src/app/status.ts';
import { timeline } from '#src/app/timeline.ts';
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

test('search finds words in the text, in fields and behind escapes, and says where', () => {
  const key = search(target, fx, 'AKIAW5SSTKYJ4EXAMPLE CreateAccessKey', {}, 0);
  expect(key.events.map((event) => event.found_in)).toEqual([
    'responseElements.accessKey.accessKeyId eventName',
    // The same call, as EventBridge carried it.
    'detail.responseElements.accessKey.accessKeyId detail.eventName',
    'userIdentity.accessKeyId eventName',
  ]);
  const field = search(target, fx, 'event_name:stoplogging', {}, 0);
  expect(field.events.map((event) => event.action)).toEqual(['StopLogging']);
  expect(field.events[0]?.found_in).toBe('event_name');
  const member = search(target, fx, 'userName:support-lens', { source: 'cloudtrail' }, 0);
  expect(member.total).toBeGreaterThan(0);
  const phrase = search(target, fx, '"failed authentication"', {}, 0);
  expect(phrase.events.map((event) => event.found_in)).toEqual([
    'errorMessage',
    'detail.errorMessage',
  ]);
  expect(
    search(target, fx, 'arn:aws:iam::111122223333:user/svc-backup', {}, 5).events,
  ).toHaveLength(5);
  expect(search(target, fx, 'no such words anywhere', {}, 0).total).toBe(0);
  expect(() => search(target, fx, '  ', {}, 0)).toThrow('nothing to search');
});

test('search looks into rejected records too', () => {
  const db = openDatabase(target.paths.database, { readonly: true });
  const rejects = db.prepare<[], { raw: string }>('SELECT raw FROM reject ORDER BY id').all();
  db.close();
  expect(rejects.length).toBeGreaterThan(0);
  const word = /[A-Za-z0-9-]{4,}/.exec(rejects[0]!.raw)?.[0] ?? '';
  const rows = search(target, fx, word, {}, 0).events.map((event) => event.row);
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
