/** docs/schema.md is what an import makes; a database of another version is not touched. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { migrate, readMigrations, schemaHash } from '#src/db/migrate.ts';
import { ROOT } from '../helpers/exhibit.ts';
import { event, importCase, log, sealedCase, withDatabase } from '../ingest/world.ts';

test('every table, index and view of a database stands in docs/schema.md', async () => {
  const page = readFileSync(join(ROOT, 'docs/schema.md'), 'utf8').replace(/\s+/g, ' ');
  const dir = await sealedCase({ 'a.json': log(event(1)) });
  await importCase(dir);
  const made = withDatabase(dir, (db) =>
    db
      .prepare<[], string>(
        "SELECT sql FROM main.sqlite_schema WHERE sql IS NOT NULL AND name <> '_migration'",
      )
      .pluck()
      .all(),
  );
  expect(made.length).toBeGreaterThan(20);
  for (const sql of made) expect(page).toContain(sql.replace(/\s+/g, ' '));
});

test('migrations go forward only', () => {
  const [first] = readMigrations();
  if (first === undefined) throw new Error('no migration');
  const second = { name: '0002-more.sql', sql: 'CREATE TABLE more (x)', sha256: 'b' };
  const db = new Sqlite(':memory:');
  migrate(db, [first]);
  migrate(db, [first, second]);
  migrate(db, [first, second]);
  expect(db.prepare('SELECT name FROM _migration').pluck().all()).toEqual([
    first.name,
    second.name,
  ]);
  for (const known of [[first], [second], [{ ...first, sha256: 'x' }, second], [second, first]]) {
    expect(() => {
      migrate(db, known);
    }).toThrow(expect.objectContaining({ code: 'E_FORMAT' }));
  }
  expect(schemaHash([first])).not.toBe(schemaHash([first, second]));
  db.close();
});

test('a migration that fails leaves nothing', () => {
  const db = new Sqlite(':memory:');
  const broken = {
    name: '0001-broken.sql',
    sql: 'CREATE TABLE half (x); CREATE TABLE half (x);',
    sha256: 'a',
  };
  expect(() => {
    migrate(db, [broken]);
  }).toThrow();
  expect(db.prepare("SELECT count(*) FROM sqlite_schema WHERE name = 'half'").pluck().get()).toBe(
    0,
  );
  db.close();
});
