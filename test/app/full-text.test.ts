/** `import --fts`: an answer is the same with and without the index, and so is the content of the database. */
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { openCase, type Case } from '#src/app/case.ts';
import { fullTextFile, makeFullText } from '#src/app/full-text.ts';
import { recordSearch, search, type SearchResult } from '#src/app/search.ts';
import { openDatabase } from '#src/db/open.ts';
import { fakeEffects } from '../helpers/effects.ts';
import { exhibitJson } from '../helpers/exhibit.ts';
import { sampleCase } from '../helpers/sample-case.ts';
import { tempDir } from '../helpers/temp.ts';

const fx = fakeEffects();
let target: Case;
/** Texts of records, for words that are there. */
let texts: readonly string[];

beforeAll(async () => {
  const logs = join(await tempDir(), 'logs');
  const mirror = join(import.meta.dirname, '..', '..', 'evidence-samples', 'mirror');
  for (const part of ['harborline-ir-workspace/lookup-events', 'harborline-s3-access-logs'])
    await cp(join(mirror, part), join(logs, part), { recursive: true });
  const call = {
    eventVersion: '1.08',
    eventTime: '2026-01-02T03:04:05Z',
    eventSource: 'iam.amazonaws.com',
    eventName: 'CreateUser',
    awsRegion: 'us-east-1',
    eventID: 'e-1',
    requestParameters: { big: 1e21, odd: 'ΑΣ Σ İ ǆ', nul: 'be\0fore', pair: '😀! a,😀😁 😁😀' },
  };
  const escaped = JSON.stringify({ Records: [call] }).replace('CreateUser', 'Cr\\u0065ateUser');
  await writeFile(join(logs, '111122223333_CloudTrail_us-east-1_x.json'), escaped);
  target = await sampleCase({ paths: [logs], workers: 1 });
  const db = openDatabase(target.paths.database, { readonly: true });
  texts = db
    .prepare<[], string>(
      'SELECT raw FROM cloudtrail UNION ALL SELECT raw FROM s3_access ORDER BY 1',
    )
    .pluck()
    .all();
  db.close();
  expect(await makeFullText(target, fx)).toBe('built');
  expect(await makeFullText(target, fx)).toBe('already_there');
});

const both = async (text: string, filter = {}): Promise<readonly [SearchResult, SearchResult]> => {
  const question = { text, filter, limit: 0 };
  return [
    await search(target, fx, question),
    await search(target, fx, { ...question, whole: true }),
  ];
};

test('words that are there, parts of them, and words that are not', async () => {
  const chosen: readonly string[] = [
    ...[
      'createuser',
      'StopLogging svc-backup',
      '"REST.GET.OBJECT"',
      'ΑΣ',
      'ας',
      'i̇',
      '1e+21',
      '1e21',
    ],
    ...['eventName:CreateUser', 'event_name:CreateUser', 'arn:aws:iam', 'userName:svc', 'be\0fore'],
    ...[
      '😀',
      ',😀😁',
      '" 😁😀"',
      '"\ud83d"',
      'ab',
      '/Stop\\w+/',
      'remote_ip:203 GET',
      '"a"',
      '%',
      '"e_"',
      "'",
      '""',
    ],
  ].filter((text) => text !== '""');
  for (const text of chosen) {
    const [index, whole] = await both(text);
    expect(index.events, text).toEqual(whole.events);
    expect([index.index, whole.index]).toEqual(['used', 'absent']);
  }
  expect((await both('createuser'))[0].total).toBeGreaterThan(0);
});

test('by chance: any part of any record, in any case, with a filter or without', async () => {
  const piece = fc.tuple(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 24 }), fc.boolean());
  const field = fc.constantFrom('', '', 'eventName:', 'user_agent:', 'requestParameters.userName:');
  const source = fc.constantFrom(undefined, 'cloudtrail', 's3_access');
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { minLength: 1, maxLength: 2 }),
      field,
      source,
      async (pieces, name, only) => {
        const words = pieces.map(([which, at, length, upper]) => {
          const text = texts[which % texts.length] ?? '';
          const part = text.slice(at % text.length, (at % text.length) + length);
          return `${name}"${(upper ? part.toUpperCase() : part).replace(/["\\]/g, '\\$&')}"`;
        });
        const [index, whole] = await both(
          words.join(' '),
          only === undefined ? {} : { source: only },
        );
        expect(index.events).toEqual(whole.events);
      },
    ),
    { numRuns: process.env['EXHIBIT_FULL'] === '1' ? 5000 : 12 },
  );
});

test('what is signed does not rest on the index, and an index that lies or is none is told', async () => {
  const dir = join(await tempDir(), 'copy');
  await cp(target.paths.dir, dir, { recursive: true });
  const copy = await openCase(dir);
  const question = { text: 'createuser', filter: {}, limit: 0 };
  const { total } = await search(copy, fx, question);
  const db = new Sqlite(fullTextFile(copy));
  db.exec("DELETE FROM part WHERE source = 'cloudtrail'");
  db.close();
  expect((await search(copy, fx, question)).total).toBeLessThan(total);
  expect((await recordSearch(copy, fx, question)).result.total).toBe(total);
  const other = new Sqlite(fullTextFile(copy));
  other.exec("UPDATE about SET value = 'x' WHERE key = 'content_sha256'");
  other.close();
  expect(await search(copy, fx, question)).toMatchObject({ total, index: 'stale' });
  const bytes = await readFile(fullTextFile(target));
  await writeFile(fullTextFile(copy), bytes.fill(0x55, 8192));
  await expect(search(copy, fx, question)).rejects.toMatchObject({ code: 'E_FORMAT' });
  await writeFile(fullTextFile(copy), 'no database');
  await expect(search(copy, fx, question)).rejects.toMatchObject({ code: 'E_FORMAT' });
  const again = await exhibitJson(['import', '--fts', '--case', dir]);
  expect(again).toMatchObject({
    status: 0,
    json: { status: 'already_imported', full_text: 'built' },
  });
  expect(await search(copy, fx, question)).toMatchObject({ total, index: 'used' });
  const verified = await exhibitJson(['verify', '--case', dir]);
  expect(JSON.stringify(verified.json)).not.toContain('nothing vouches for it');
});

test('Ctrl-C while the index is made leaves none', async () => {
  const dir = join(await tempDir(), 'stopped');
  await cp(target.paths.dir, dir, { recursive: true });
  const copy = await openCase(dir);
  await writeFile(fullTextFile(copy), '');
  const signal = AbortSignal.abort();
  await expect(makeFullText(copy, fakeEffects({ signal }))).rejects.toThrow('abort');
  const { status } = await exhibitJson(['verify', '--case', dir]);
  expect(status).toBe(0);
});
