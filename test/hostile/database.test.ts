/** Case databases made to attack whoever opens them (docs/threat-model.md, rows 21 and 22): each is refused by name, unharmed. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { createChild, createChildIndexes } from '#src/db/child-tables.ts';
import { createIndexes, createTable, createTimeline } from '#src/db/ddl.ts';
import { openDatabase } from '#src/db/open.ts';
import { checkSchema } from '#src/db/schema-check.ts';
import { migrate, readMigrations } from '#src/db/migrate.ts';
import { ExhibitError } from '#src/core/errors.ts';
import { SOURCES } from '#src/sources/_registry.ts';
import { exhibit, exhibitJson } from '../helpers/exhibit.ts';
import { fuzzRuns } from '../helpers/fuzz.ts';
import { tempDir } from '../helpers/temp.ts';
import { bytes, put, REFUSED } from './databases.ts';
import { event, importCase, log, sealedCase } from '../ingest/world.ts';

let dir = '';
let good: Buffer;

beforeAll(async () => {
  dir = await sealedCase({ 'a.json': log(event(1), event(2), event(3)) });
  await importCase(dir);
  good = readFileSync(join(dir, 'case.db'));
});

/** A copy of the case whose database was changed. */
async function caseWith(change: (path: string) => void): Promise<string> {
  const copy = join(await tempDir(), 'case');
  cpSync(dir, copy, { recursive: true });
  change(join(copy, 'case.db'));
  return copy;
}

describe('never opened:', () => {
  test.each(Object.entries(REFUSED))('%s', async (_, change) => {
    const path = join(await tempDir(), 'case.db');
    writeFileSync(path, good);
    change(path);
    const open = () => openDatabase(path, { readonly: true }).close();
    expect(open).toThrow(expect.objectContaining({ code: 'E_FORMAT' }) as Error);
  });

  test('and said the same by every verb that reads it', async () => {
    const copy = await caseWith(REFUSED['one more view'] ?? (() => undefined));
    for (const words of [['query', 'sql', 'SELECT 1'], ['timeline'], ['show', '268435457']]) {
      const { status, json } = await exhibitJson([...words, '--case', copy], { cwd: copy });
      expect({ words, status, json }).toMatchObject({
        status: 3,
        json: { error: { code: 'E_FORMAT' } },
      });
    }
  });

  test('and built anew by an import, from the sealed evidence', async () => {
    const copy = await caseWith(REFUSED['a trigger'] ?? (() => undefined));
    expect(await importCase(copy)).toMatchObject({ imported: 3, status: 'imported' });
    expect((await exhibit(['status', '--case', copy])).status).toBe(0);
  });
});

test.each(['-wal', '-journal'])('a file %s beside it is refused, by an import too', async (end) => {
  const copy = await caseWith((path) => {
    writeFileSync(`${path}${end}`, Buffer.alloc(512, 0xd9));
  });
  for (const verb of ['status', 'import']) {
    const { status, json } = await exhibitJson([verb, '--case', copy]);
    expect({ status, json }).toMatchObject({ status: 4, json: { error: { code: 'E_EXISTS' } } });
  }
  expect(readFileSync(join(copy, 'case.db')).equals(good)).toBe(true);
});

test('a page count that lies is not believed', async () => {
  // Header, "In-header database size": four bytes at 28.
  const copy = await caseWith(bytes(put(28, 0xff, 0xff, 0xff, 0xfe)));
  const { status } = await exhibit([
    'query',
    'sql',
    'SELECT count(*) FROM cloudtrail',
    '--case',
    copy,
  ]);
  expect([0, 3]).toContain(status);
});

test('what an import makes passes, for every source', () => {
  const db = new Sqlite(':memory:');
  migrate(db, readMigrations());
  for (const source of SOURCES) {
    db.exec(createTable(source));
    for (const { sql } of createIndexes(source)) db.exec(sql);
    for (const child of source.children ?? []) {
      db.exec(createChild(source.id, child));
      for (const sql of createChildIndexes(child)) db.exec(sql);
    }
  }
  db.exec(createTimeline(SOURCES));
  db.pragma('user_version = 1');
  checkSchema(db);
  db.close();
});

test('an index that lacks rows is found by --check-content', async () => {
  const copy = await caseWith((path) => {
    // The rows go out through the index, and come back while SQLite knows of none.
    let db = new Sqlite(path);
    db.unsafeMode(true);
    const stored = db
      .prepare<[], string>("SELECT name FROM pragma_table_xinfo('cloudtrail') WHERE hidden = 0")
      .pluck()
      .all();
    const rows = db
      .prepare<[], unknown[]>(`SELECT ${stored.join(', ')} FROM cloudtrail`)
      .raw()
      .safeIntegers()
      .all();
    const index = db
      .prepare<[], unknown[]>("SELECT * FROM sqlite_schema WHERE name = 'cloudtrail_event_name'")
      .raw()
      .all();
    db.pragma('foreign_keys = OFF');
    db.exec('DELETE FROM cloudtrail');
    db.pragma('writable_schema = ON');
    db.exec("DELETE FROM sqlite_schema WHERE name = 'cloudtrail_event_name'");
    db.close();
    db = new Sqlite(path);
    db.unsafeMode(true);
    const insert = db.prepare(
      `INSERT INTO cloudtrail (${stored.join(', ')}) VALUES (${stored.map(() => '?').join(', ')})`,
    );
    for (const row of rows) insert.run(row);
    db.pragma('writable_schema = ON');
    db.prepare('INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, ?)').run(index[0]);
    db.close();
  });
  const db = openDatabase(join(copy, 'case.db'), { readonly: true });
  const count = db.prepare("SELECT count(*) FROM cloudtrail WHERE event_name > ''").pluck();
  expect(count.get()).toBe(0);
  db.close();
  const words = ['query', 'sql', 'SELECT 1', '--check-content', '--case', copy];
  expect(await exhibitJson(words)).toMatchObject({
    status: 1,
    json: {
      error: {
        code: 'E_CONTENT_CHANGED',
        message: expect.stringContaining('its pages do not agree with each other') as string,
      },
    },
  });
});

test('damaged pages are an answer or E_FORMAT, never a crash', async () => {
  const path = join(await tempDir(), 'case.db');
  const damage = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), {
    minLength: 1,
    maxLength: 40,
  });
  const sql = [
    'SELECT count(*), max(raw) FROM cloudtrail',
    'SELECT * FROM timeline ORDER BY time_us',
    'SELECT * FROM source_file',
    'SELECT bytes FROM content_block',
  ];
  fc.assert(
    fc.property(damage, (edits) => {
      const content = Buffer.from(good);
      for (const [at, value] of edits) content[at] = value;
      writeFileSync(path, content);
      try {
        const db = openDatabase(path, { readonly: true });
        try {
          for (const statement of sql) db.prepare(statement).all();
        } finally {
          db.close();
        }
      } catch (error) {
        const known = error instanceof ExhibitError || error instanceof Sqlite.SqliteError;
        if (!known) throw error;
      }
    }),
    { numRuns: fuzzRuns(150) },
  );
});
