import { cp, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { beforeAll, describe, expect, test } from 'vitest';
import { recordAnswer } from '#src/app/answer.ts';
import { openCase, type Case } from '#src/app/case.ts';
import { collectDir } from '#src/app/collect.ts';
import { readRecorded } from '#src/app/query-recorded.ts';
import { replay } from '#src/app/query-replay.ts';
import type { EventFilter } from '#src/app/events.ts';
import { importEvidence } from '#src/app/import.ts';
import { loadPacks, runPack } from '#src/app/query-pack.ts';
import { listQueries, runAndRecord } from '#src/app/query.ts';
import { findPack } from '#src/query/packs.ts';
import { recordSearch, type SearchQuestion } from '#src/app/search.ts';
import { sealEvidence } from '#src/app/seal.ts';
import { recordSummary } from '#src/app/summary.ts';
import { recordTimeline } from '#src/app/timeline.ts';
import { verify } from '#src/app/verify.ts';
import { readLedger } from '#src/custody/read.ts';
import { RUN_FILES, type RunRecord } from '#src/query/run-record.ts';
import { fakeEffects } from '../helpers/effects.ts';
import { exhibit, exhibitJson } from '../helpers/exhibit.ts';
import { sampleCase } from '../helpers/sample-case.ts';
import { tempDir } from '../helpers/temp.ts';

const fx = fakeEffects();
let target: Case;

beforeAll(async () => {
  target = await sampleCase();
});

async function copyOf(): Promise<Case> {
  const dir = join(await tempDir(), 'copy');
  await cp(target.paths.dir, dir, { recursive: true });
  return openCase(dir);
}

function searchOf(filter: EventFilter): SearchQuestion {
  return { text: 'StopLogging', filter, limit: 0 };
}

/** Every verb that records, asked once. */
const VERBS: readonly (readonly [string, () => Promise<RunRecord>])[] = [
  ['timeline', () => recordTimeline(target, fx, { source: 'cloudtrail', action: 'Delete*' }, 5)],
  ['search', async () => (await recordSearch(target, fx, searchOf({ outcome: 'success' }))).record],
  ['summary', async () => (await recordSummary(target, fx, { filter: {}, byIssuer: true })).record],
  ['query run-pack', async () => (await runPack(target, fx, 'foothold')).record],
];

describe.each(VERBS)('the answer of %s', (verb, record) => {
  test('is recorded like a query, verified like one, and replayed', async () => {
    const made = await record();
    const folder = join(target.paths.queries, made.run_id);
    expect((await readdir(folder)).sort()).toEqual([...RUN_FILES].sort());
    expect(made.core.query).toMatchObject({ name: null, verb });
    expect(made.core.result.row_count).toBeGreaterThan(0);
    expect((await readRecorded(target, folder, made.run_id)).question).toBeDefined();
    expect(readLedger(target.paths.dir).at(-1)?.entry.details).toMatchObject({ verb, name: null });
    const options = { trust: target.paths.rootPem, head: undefined, deep: false };
    const { checks } = await verify(
      { caseDir: target.paths.dir, target: undefined, ...options },
      fx,
    );
    const bad = checks.filter(({ status }) => status === 'fail');
    expect(bad).toEqual([]);
    const again = await replay(target, fx, made.run_id);
    expect(again).toMatchObject({
      verdict: 'match',
      first_difference: null,
      environment_differences: [],
    });
    // Everything that decides the answer is the same; the clock stands outside.
    expect((await record()).core_sha256).toBe(made.core_sha256);
  });
});

test('the same evidence imported elsewhere gives the same answers; other evidence is named', async () => {
  const folder = join(await tempDir(), 'logs');
  await mkdir(folder);
  const event = (id: string, name: string): object => ({
    ...{ eventVersion: '1.08', eventTime: `2026-01-02T03:04:0${id}Z`, eventID: id },
    ...{ eventSource: 's3.amazonaws.com', eventName: name, awsRegion: 'eu-west-1' },
    recipientAccountId: '111122223333',
  });
  const write = (name: string, ...records: readonly object[]): Promise<void> =>
    writeFile(join(folder, name), JSON.stringify({ Records: records }));
  await write('a_CloudTrail_.json', event('1', 'StopLogging'), event('2', 'DeleteTrail'));
  const small = await sampleCase({ paths: [folder], workers: 1 });
  const runs = [
    (await runAndRecord(small, fx, { name: 'logging-off' })).record,
    (await recordSearch(small, fx, searchOf({}))).record,
    await recordTimeline(small, fx, {}, 0),
    (await runPack(small, fx, 'cover-up')).record,
  ].map(({ run_id: id }) => id);

  const dir = join(await tempDir(), 'elsewhere');
  await cp(small.paths.dir, dir, { recursive: true });
  await rm(join(dir, 'case.db'));
  const elsewhere = await openCase(dir);
  await importEvidence(elsewhere, fx, { workers: 2 });
  for (const id of runs)
    expect(await replay(elsewhere, fx, id)).toMatchObject({
      verdict: 'match',
      environment_differences: [],
    });

  await write('a_CloudTrail_.json', event('0', 'StopLogging'));
  const { evidence } = await collectDir(elsewhere, fx, { paths: [folder], onProgress: () => {} });
  await sealEvidence(elsewhere, evidence, fx);
  await importEvidence(elsewhere, fx, { workers: 1 });
  for (const id of runs) {
    const found = await replay(elsewhere, fx, id);
    expect(found.verdict).toBe('different');
    expect(found.first_difference?.row).toBeGreaterThan(0);
    expect(found.environment_differences.map(({ field }) => field)).toEqual([
      'input.content_sha256',
      'input.evidence_set_sha256',
    ]);
  }
});

test('a pack is one run: each query is there with the hashes it has alone', async () => {
  const pack = await runPack(target, fx, 'triage', { params: ['ip=203.0.113.66'] });
  expect(pack.skipped).toEqual([]);
  const { details, row_count: rows } = pack.record.core.result;
  const parts = details as readonly Record<string, unknown>[];
  expect(parts.map(({ name }) => name)).toEqual(findPack('triage').queries);
  // Row 0 of each names its columns.
  expect(rows).toBe(pack.parts.reduce((sum, part) => sum + part.rows.length + 1, 0));
  for (const name of ['logging-off', 'address-everywhere']) {
    const params = name === 'logging-off' ? [] : ['ip=203.0.113.66'];
    const { record } = await runAndRecord(target, fx, { name }, { params });
    const { ordered_sha256, multiset_sha256 } = record.core.result;
    const { sql_sha256, params_sha256 } = record.core.query;
    expect(parts.find((part) => part['name'] === name)).toMatchObject({
      ...{ ordered_sha256, multiset_sha256, sql_sha256, params_sha256 },
    });
  }
  const without = await runPack(target, fx, 'triage');
  expect(without.skipped).toEqual([{ name: 'address-everywhere', missing: ['ip'] }]);
  await expect(runPack(target, fx, 'triage', { params: ['x=1'] })).rejects.toMatchObject({
    code: 'E_QUERY_PARAM',
  });
  await expect(runPack(target, fx, 'nothing')).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
});

test('every pack names queries that exist', () => {
  const known = listQueries().map(({ id }) => id);
  for (const { id, queries } of loadPacks()) {
    expect(
      queries.filter((name) => !known.includes(name)),
      id,
    ).toEqual([]);
    expect(listQueries({ pack: id })).toHaveLength(queries.length);
  }
  expect(listQueries({ attack: 't1098' }).map(({ id }) => id)).toContain('admin-rights-given');
  expect(listQueries({ attack: 'T9999' })).toEqual([]);
  const tactic = (name: string): readonly string[] =>
    listQueries({ tactic: name }).map(({ id }) => id);
  expect(tactic('TA0010')).toEqual(tactic('exfiltration'));
  expect(tactic('Credential Access').length).toBeGreaterThan(5);
  expect(tactic('credential_access')).toEqual(tactic('TA0006'));
  expect(() => listQueries({ tactic: 'TA9999' })).toThrow('no tactic of ATT&CK');
  expect(() => listQueries({ attack: 'T109' })).toThrow('no technique of ATT&CK');
  expect(() => listQueries({ source: 'nonsense' })).toThrow('no query reads');
});

test('a replay of a changed database shows the first row that differs', async () => {
  const { record } = await recordSearch(target, fx, searchOf({ source: 'cloudtrail' }));
  const copy = await copyOf();
  const db = new Sqlite(copy.paths.database);
  db.prepare("UPDATE cloudtrail SET aws_region = 'x' WHERE event_name = 'StopLogging'").run();
  db.close();
  const result = await replay(copy, fx, record.run_id);
  expect(result.verdict).toBe('different');
  expect(result.first_difference?.row).toBe(1);
  expect(result.first_difference?.replayed).toContain('x');
});

test('an answer of another database than the recorded one is not recorded', async () => {
  const copy = await copyOf();
  const db = new Sqlite(copy.paths.database);
  db.prepare("UPDATE case_meta SET value = ? WHERE key = 'content_sha256'").run('0'.repeat(64));
  db.close();
  const asked = recordTimeline(copy, fx, {}, 1);
  await expect(asked).rejects.toMatchObject({ code: 'E_CONTENT_CHANGED' });
});

test('a verb that this version does not know is named, and files that were read are compared', async () => {
  const made = await recordAnswer(target, fx, {
    verb: 'divine',
    question: { omen: 'a crow' },
    answer: () => ({ columns: ['a'], rows: [[1n]], files: { 'bones.txt': 'ab' } }),
  });
  expect(made.core.input.files).toEqual({ 'bones.txt': 'ab' });
  await expect(replay(target, fx, made.run_id)).rejects.toMatchObject({ code: 'E_FORMAT' });
});

test('--record says which run it was, and the report names it', async () => {
  const copy = await copyOf();
  const at = ['--case', copy.paths.dir];
  const { json } = await exhibitJson(['search', 'StopLogging', '--record', ...at]);
  const { runs } = json as { runs: readonly string[] };
  expect(runs).toHaveLength(1);
  const replayed = await exhibit(['query', 'replay', runs[0] ?? '', ...at]);
  expect([replayed.status, replayed.stdout.split(' ')[0]]).toEqual([0, 'MATCH']);
  expect((await exhibit(['report', ...at])).status).toBe(0);
  const html = await readFile(join(copy.paths.dir, 'report', 'report.html'), 'utf8');
  expect(html).toContain('exhibit search');
});
