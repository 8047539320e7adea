/** content_sha256 covers every value, and can be computed from the database alone. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { beforeAll, expect, test } from 'vitest';
import { verifyContent } from '#src/db/content-hash.ts';
import { event, importCase, log, sealedCase } from '../ingest/world.ts';
import { tempDir } from '../helpers/temp.ts';

let database = '';

beforeAll(async () => {
  const dir = await sealedCase({
    'a.json': log(event(1), event(2), ...Array.from({ length: 100 }, (_, n) => event(100 + n))),
    'b.json': log(event(2), event(3, { userAgent: 'a\0b' })),
    'c.json': log(event(4)).slice(0, -20),
    'd.txt': 'nothing',
    'flow.log':
      '2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK\n',
    'payload.json': JSON.stringify({
      messageType: 'DATA_MESSAGE',
      logGroup: 'trail',
      logEvents: [{ id: '1', timestamp: 1, message: JSON.stringify(event(5)) }],
    }),
    'dns.json': JSON.stringify({
      query_timestamp: '2025-11-08T09:00:05Z',
      query_name: 'www.example.com.',
      answers: [{ Rdata: '203.0.113.9', Type: 'A', Class: 'IN' }],
    }),
  });
  await importCase(dir);
  database = join(dir, 'case.db');
});

/** A copy of the database that can be written to. */
async function copy(): Promise<Sqlite.Database> {
  const path = join(await tempDir(), 'case.db');
  copyFileSync(database, path);
  const db = new Sqlite(path);
  db.pragma('foreign_keys = OFF');
  db.pragma('ignore_check_constraints = ON');
  return db;
}

test('the hash that the import wrote is the hash of what is there', async () => {
  const db = await copy();
  expect(verifyContent(db)).toMatchObject({ ok: true, problems: [] });
  db.close();
});

test('a change of any value of any table is seen', async () => {
  const db = await copy();
  const tables = db
    .prepare<[], string>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT IN ('import_run', '_migration')",
    )
    .pluck()
    .all();
  let changes = 0;
  for (const table of tables) {
    const columns = db
      .prepare<[string], { name: string; pk: number; type: string }>(
        'SELECT name, pk, type FROM pragma_table_xinfo(?) WHERE hidden = 0',
      )
      .all(table);
    const key = columns.filter(({ pk }) => pk > 0).map(({ name }) => `"${name}"`);
    for (const { name, pk, type } of columns) {
      if (pk > 0) continue;
      const one = `(${key.join(', ')}) = (SELECT ${key.join(', ')} FROM "${table}" ORDER BY ${key.join(', ')} DESC LIMIT 1)`;
      const other =
        type === 'INTEGER'
          ? `coalesce("${name}", 0) + 1`
          : type === 'BLOB'
            ? `X'00'`
            : `coalesce("${name}", '') || 'x'`;
      db.exec('BEGIN');
      const { changes: changed } = db
        .prepare(`UPDATE "${table}" SET "${name}" = ${other} WHERE ${one}`)
        .run();
      if (changed > 0) {
        changes++;
        let ok = false;
        try {
          ({ ok } = verifyContent(db));
        } catch (error) {
          // Damaged blocks are an error of their own.
          expect(error).toMatchObject({ code: 'E_FORMAT' });
        }
        expect(ok, `${table}.${name}`).toBe(false);
      }
      db.exec('ROLLBACK');
    }
  }
  expect(changes).toBeGreaterThan(80);
  db.close();
});

test('rows that are missing or added are seen', async () => {
  const db = await copy();
  for (const sql of [
    'DELETE FROM cloudtrail WHERE id = (SELECT max(id) FROM cloudtrail)',
    'DELETE FROM cloudtrail',
    'DELETE FROM row_group WHERE id = (SELECT max(id) FROM row_group)',
    'INSERT INTO cloudtrail (id, time_us, "offset", "length", form, identity) VALUES (1, 0, 0, 0, 0, 0)',
    'INSERT INTO row_group VALUES (1, zeroblob(32))',
    'DELETE FROM content_block WHERE block_id = (SELECT max(block_id) FROM content_block)',
    'DELETE FROM reject',
    'DELETE FROM coverage',
    'DELETE FROM route53_resolver_answer',
    'INSERT INTO route53_resolver_answer (parent_id, position) VALUES (1, 0)',
  ]) {
    db.exec('BEGIN');
    db.exec(sql);
    expect(verifyContent(db).ok, sql).toBe(false);
    db.exec('ROLLBACK');
  }
  db.close();
});
