import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ExhibitError } from '#src/core/errors.ts';
import { findQuery, loadCatalog } from '#src/query/catalog.ts';
import { readFrontMatter } from '#src/query/front-matter.ts';
import { bindFree, bindParams, parseParamWords, paramsJson } from '#src/query/params.ts';
import { bareStatement, sqlTokens, usedParams } from '#src/query/tokens.ts';
import { tempDir } from '../helpers/temp.ts';

const GOOD = `-- ---
-- id: a-query
-- title: T
-- question: 'Who?'
-- params:
--   from: { type: time, default: '2026-01-01T00:00:00Z', about: 'Start.' }
-- columns:
--   x: 'It.'
-- sources: [cloudtrail]
-- scans: { cloudtrail: window }
-- attack: [T1078.004]
-- tactic: [discovery]
-- references: ['A book']
-- example: 'exhibit query run a-query'
-- explanation: 'Read it.'
-- ---
SELECT 1 AS x WHERE :from > 0
`;

function caught(work: () => unknown): ExhibitError {
  try {
    work();
  } catch (error) {
    if (error instanceof ExhibitError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

test('reads a head', () => {
  const head = readFrontMatter(GOOD, 'x.sql');
  expect(head.params).toEqual([
    { name: 'from', type: 'time', default: '2026-01-01T00:00:00Z', about: 'Start.' },
  ]);
  expect(head.columns).toEqual([{ name: 'x', about: 'It.' }]);
});

test('names every bad field of a head at once', () => {
  const bad = GOOD.replace('T1078.004', 'T1')
    .replace('Who?', 'Who')
    .replace('type: time', 'type: date')
    .replace('cloudtrail: window', 'cloudtrail: some');
  const error = caught(() =>
    readFrontMatter(bad.replace('-- title: T\n', '-- titel: T\n'), 'x.sql'),
  );
  expect(error.code).toBe('E_FORMAT');
  for (const field of [
    'title',
    'question',
    'attack',
    'params.from.type',
    'scans.cloudtrail',
    'titel (unknown)',
  ]) {
    expect(error.message).toContain(field);
  }
});

test.each(['SELECT 1', '-- ---\n-- [\n-- ---\n', '-- ---\n-- 5\n-- ---\nSELECT 1'])(
  'refuses %j as a query file',
  (text) => {
    expect(caught(() => readFrontMatter(text, 'x.sql')).code).toBe('E_FORMAT');
  },
);

test('a file must be named after its id, and an id is used once', async () => {
  const folder = await tempDir();
  await mkdir(join(folder, 'one'));
  await writeFile(join(folder, 'one', 'other.sql'), GOOD);
  expect(caught(() => loadCatalog(folder)).code).toBe('E_FORMAT');
});

test('a query is found by its name or topic and name; a wrong name gets near ones', () => {
  const catalog = loadCatalog();
  expect(findQuery(catalog, 'identity/failed-calls')).toBe(findQuery(catalog, 'failed-calls'));
  const error = caught(() => findQuery(catalog, 'failed'));
  expect([error.code, error.hint]).toEqual([
    'E_NOT_FOUND',
    'did you mean names-that-failed, failed-calls?',
  ]);
});

const TIME = { name: 't', type: 'time', about: '' } as const;
const INTEGER = { name: 'n', type: 'integer', about: '', default: '5' } as const;

test.each([
  [[], 'E_QUERY_PARAM'],
  [['t'], 'E_QUERY_PARAM'],
  [['t=2026-01-01T00:00:00'], 'E_TIME_ZONE'],
  [['t=2026-01-01T00:00:00Z', 'n=1.5'], 'E_QUERY_PARAM'],
  [['t=2026-01-01T00:00:00Z', 'n=9223372036854775808'], 'E_QUERY_PARAM'],
  [['t=2026-01-01T00:00:00Z', 'z=1'], 'E_QUERY_PARAM'],
])('refuses the parameters %j', (words, code) => {
  expect(caught(() => bindParams([TIME, INTEGER], parseParamWords(words))).code).toBe(code);
});

test('parameters are bound by type and recorded canonically', () => {
  const params = bindParams([TIME, INTEGER], parseParamWords(['t=2026-01-01T01:00:00+01:00']));
  expect(params).toEqual({ t: 1_767_225_600_000_000n, n: 5n });
  expect(paramsJson(params)).toBe('{"n":{"i":"5"},"t":{"i":"1767225600000000"}}\n');
});

test('free parameters carry their type in their name', () => {
  const words = parseParamWords(['a=x=y', 'n:integer=7']);
  expect(bindFree(['a', 'n'], words)).toEqual({ a: 'x=y', n: 7n });
  expect(caught(() => bindFree(['a'], words)).code).toBe('E_QUERY_PARAM');
  expect(caught(() => bindFree(['a', 'n', 'b'], words)).code).toBe('E_QUERY_PARAM');
});

test('tokens are cut where SQLite cuts them', () => {
  const sql = `SELECT "a""b", 'it''s' /* ; */, x'00', $p, @q, :r -- :s\n FROM [t u];`;
  expect(sqlTokens(sql).map((token) => `${token.kind} ${token.value}`)).toEqual([
    ...['word select', 'name a"b', 'mark ,', "string it's", 'mark ,', "blob x'00'", 'mark ,'],
    ...['param $p', 'mark ,', 'param @q', 'mark ,', 'param :r', 'word from', 'name t u', 'mark ;'],
  ]);
  expect(usedParams(sql)).toEqual(['p', 'q', 'r']);
  expect(bareStatement(`-- c\n${sql} -- end`)).toBe(sql.slice(0, -1));
});
