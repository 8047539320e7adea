/** The same evidence gives the same database: any number of workers, any split into parts, real evidence too. */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import Sqlite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { sha256Hex } from '#src/core/digest.ts';
import { testCase } from '../helpers/case.ts';
import { exhibit, ROOT } from '../helpers/exhibit.ts';
import { collect, event, importCase, log, sealedCase, withDatabase } from './world.ts';

/** Several jobs and parts: a long file that is streamed, many short ones, copies across them. */
const files = {
  'long.jsonl': Array.from({ length: 70_000 }, (_, n) => JSON.stringify(event(n))).join('\n'),
  ...Object.fromEntries(
    Array.from({ length: 60 }, (_, n) => [
      `short/${String(n)}.json.gz`,
      gzipSync(log(...Array.from({ length: 200 }, (_, k) => event(200_000 + n * 150 + k)))),
    ]),
  ),
  'other.txt': 'no log',
};

// Pages lie where the workers put them; what they say is the same.
test('1, 2 and 4 workers give the same rows in every table but import_run', async () => {
  const dir = await sealedCase(files);
  const results = [];
  for (const workers of ['1', '2', '4']) {
    rmSync(join(dir, 'case.db'), { force: true });
    const { content_sha256 } = await importCase(dir, ['--workers', workers]);
    const rows = withDatabase(dir, (db) =>
      [
        'cloudtrail',
        'duplicate',
        'source_file',
        'row_group',
        'content_block',
        'coverage',
        'anomaly',
      ].map((table) =>
        db
          .prepare(
            `SELECT * FROM main.${table} ORDER BY rowid`.replace(
              /(coverage|anomaly) ORDER BY rowid/,
              '$1',
            ),
          )
          .all(),
      ),
    );
    const sound = withDatabase(dir, (db) => db.pragma('integrity_check', { simple: true }));
    results.push({ content_sha256, rows: sha256Hex(JSON.stringify(rows)), sound });
  }
  expect(results[0]?.sound).toBe('ok');
  expect(results[1]).toEqual(results[0]);
  expect(results[2]).toEqual(results[0]);
});

const SAMPLES = join(ROOT, '../shared/real-samples');
const present = existsSync(SAMPLES);
const title = (name: string): string =>
  present ? name : `${name} (SKIPPED: ../shared/real-samples is not here)`;

async function importFolder(
  folder: string,
): Promise<{ readonly dir: string; readonly result: Awaited<ReturnType<typeof importCase>> }> {
  const { case: opened } = await testCase();
  const { dir } = opened.paths;
  await collect(dir, join(SAMPLES, folder));
  return { dir, result: await importCase(dir) };
}

const names = (dir: string): unknown =>
  withDatabase(dir, (db) =>
    db.prepare('SELECT count(DISTINCT event_name) FROM cloudtrail').pluck().get(),
  );

test.skipIf(!present)(title('invictus-aws-dataset: 2,900 records, 260 event names'), async () => {
  const { dir, result } = await importFolder('invictus-aws-dataset');
  expect(result).toMatchObject({
    files: 55,
    records: 2900,
    imported: 2900,
    duplicates: 0,
    rejected: 0,
  });
  expect(names(dir)).toBe(260);
});

test.skipIf(!present)(title('stratus-detonation-logs: 310 events, 54 event names'), async () => {
  const { dir, result } = await importFolder('stratus-detonation-logs');
  expect(result).toMatchObject({ files: 35, records: 310, rejected: 0 });
  expect(result.imported + result.duplicates).toBe(310);
  expect(names(dir)).toBe(54);
});

test('export case --plain gives every record back to the stock shell, byte for byte', async () => {
  const bytes = log(
    event(1, { userAgent: 'Zoë \u{1f50d}' }),
    event(2),
    event(1, { userAgent: 'Zoë \u{1f50d}' }),
  );
  const dir = await sealedCase({
    'a.json': bytes,
    'b.json': log(event(2)),
    'c.json': `${log(event(3)).slice(0, -2)},{"eventVersion":tru`,
  });
  await importCase(dir);
  const out = join(dir, 'plain.db');
  const { status, stderr } = await exhibit(['export', 'case', '--case', dir, '--plain', out]);
  expect(status, stderr).toBe(0);
  expect((await exhibit(['export', 'case', '--case', dir, '--plain', out])).status).toBe(4);
  const db = new Sqlite(out, { readonly: true });
  const all = (sql: string): unknown[] => db.prepare(sql).pluck().all();
  expect(all('SELECT raw FROM cloudtrail ORDER BY id')).toEqual(
    [event(1, { userAgent: 'Zoë \u{1f50d}' }), event(2), event(3)].map((one) =>
      JSON.stringify(one),
    ),
  );
  expect(all('SELECT raw FROM duplicate ORDER BY id')).toHaveLength(2);
  expect(all('SELECT raw FROM reject')).toEqual(['{"eventVersion":tru']);
  expect(all('PRAGMA integrity_check')).toEqual(['ok']);
  expect(
    all("SELECT count(*) FROM sqlite_schema WHERE type = 'index' AND name LIKE 'cloudtrail%'")[0],
  ).toBeGreaterThan(4);
  db.close();
});
