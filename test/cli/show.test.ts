/** `exhibit show` with records of every size. */
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { exhibit, exhibitJson } from '../helpers/exhibit.ts';
import { event, importCase, log, sealedCase, withDatabase } from '../ingest/world.ts';

function rejected(dir: string): string {
  return withDatabase(
    dir,
    (db) => `reject:${String(db.prepare('SELECT id FROM reject').pluck().get())}`,
  );
}

test('a record of many megabytes is shown in part, and its bytes are checked whole', async () => {
  const long = event(1, { requestParameters: { x: 'A'.repeat(65 * 1024 * 1024) } });
  const dir = await sealedCase({ 'a.json': log(long, event(2)) });
  await importCase(dir);
  const row = rejected(dir);
  const size = JSON.stringify(long).length;
  const { status, stdout } = await exhibit(['show', row, '--case', dir]);
  expect(status).toBe(0);
  expect(stdout.length).toBeLessThan(100_000);
  expect(stdout).toContain(`… ${String(size - 64 * 1024)} bytes more: --raw FILE writes all`);
  const answer = await exhibitJson(['show', row, '--case', dir]);
  expect(answer.status).toBe(0);
  expect(answer.json).toMatchObject({ raw: null, raw_base64: null, provenance: { length: size } });
});

test('line feeds are kept in a record and written out in a reject', async () => {
  const dir = await sealedCase({
    'a.json': `{"Records":[${JSON.stringify(event(1), undefined, 1)},{"a":\nVERIFIED]}`,
  });
  await importCase(dir);
  const reject = await exhibit(['show', rejected(dir), '--case', dir]);
  expect(reject.stdout).toContain('{"a":\\u{a}VERIFIED');
  const id = withDatabase(dir, (db) =>
    String(db.prepare('SELECT id FROM cloudtrail').pluck().get()),
  );
  const row = await exhibit(['show', `cloudtrail:${id}`, '--case', dir]);
  expect(row.stdout).toContain('\nThe record\n  {\n   "');
});

describe('a row of a database that was changed after the import', () => {
  const differing = async (change: string): Promise<Readonly<Record<string, string>>> => {
    const dir = await sealedCase({
      'a.json': log(event(1), event(2), event(2)),
      'b.json': '{"x":',
    });
    await importCase(dir);
    const database = join(dir, 'case.db');
    const id = withDatabase(dir, (db) =>
      String(db.prepare('SELECT min(id) FROM cloudtrail').pluck().get()),
    );
    const db = new Sqlite(database);
    db.exec(change.replaceAll('$id', id));
    db.close();
    const { status, json } = await exhibitJson(['show', `cloudtrail:${id}`, '--case', dir]);
    expect(status).toBe(1);
    const { checks, verified } = json as {
      readonly verified: boolean;
      readonly checks: readonly { id: string; status: string; detail: string }[];
    };
    expect(verified).toBe(false);
    const failed = checks.filter((check) => check.status === 'fail');
    return Object.fromEntries(failed.map(({ id: name, detail }) => [name, detail]));
  };

  test('names each typed column, with both values', async () => {
    const set = `event_name = 'ListBuckets', source_ip_address = NULL`;
    expect(await differing(`UPDATE cloudtrail SET ${set} WHERE id = $id`)).toEqual({
      'record.columns':
        'event_name is "ListBuckets", the sealed file gives "PutObject"; source_ip_address is null, the sealed file gives "192.0.2.1"',
    });
  });

  test('notices another identity, place and origin', async () => {
    expect(
      Object.keys(await differing('UPDATE cloudtrail SET identity = identity + 1 WHERE id = $id')),
    ).toEqual(['record.identity']);
    const moved = `UPDATE cloudtrail SET ("offset", "length") =
      (SELECT "offset", "length" FROM cloudtrail WHERE id = $id + 1) WHERE id = $id`;
    expect(Object.keys(await differing(moved))).toEqual(['record.place']);
    expect(
      Object.keys(await differing(`UPDATE source_file SET original_path = 'elsewhere'`)),
    ).toEqual(['file.origin']);
  });
});
