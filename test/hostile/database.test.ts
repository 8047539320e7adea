/** Case databases made to attack whoever opens them (docs/threat-model.md, rows 21 and 22): each is refused by name, unharmed. */
import { cpSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
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

/** Statements run on the database with every guard of SQLite off, as an attacker's own tool would. */
const by =
  (...statements: readonly string[]) =>
  (path: string): void => {
    const db = new Sqlite(path);
    db.unsafeMode(true);
    db.function('exfiltrate', (value: unknown) => value as string);
    db.pragma('writable_schema = ON');
    for (const statement of statements) db.exec(statement);
    db.close();
  };

const bytes =
  (change: (content: Buffer) => Buffer) =>
  (path: string): void => {
    writeFileSync(path, change(readFileSync(path)));
  };

const put =
  (offset: number, ...values: readonly number[]) =>
  (content: Buffer): Buffer => {
    Buffer.from(values).copy(content, offset);
    return content;
  };

const retable = (from: string, to: string): string =>
  `UPDATE sqlite_schema SET sql = replace(sql, '${from}', '${to}') WHERE name = 'cloudtrail'`;

/** What was done to the database; opening it must end with `E_FORMAT`. */
const REFUSED: Readonly<Record<string, (path: string) => void>> = {
  'a trigger': by('CREATE TRIGGER t AFTER INSERT ON import_run BEGIN DELETE FROM reject; END'),
  'a trigger on the time line': by(
    'CREATE TRIGGER t INSTEAD OF DELETE ON timeline BEGIN SELECT exfiltrate(old.id); END',
  ),
  'a view in place of a table': by(
    'ALTER TABLE cloudtrail RENAME TO hidden',
    'CREATE VIEW cloudtrail AS SELECT * FROM hidden WHERE 0',
  ),
  'another time line': by(
    'DROP VIEW timeline',
    "CREATE VIEW timeline AS SELECT id, 'cloudtrail' AS source, time_us FROM cloudtrail WHERE action <> 'x'",
  ),
  'a time line that never ends': by(
    'DROP VIEW timeline',
    'CREATE VIEW timeline AS WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT n FROM r',
  ),
  'one more view': by('CREATE VIEW extra AS SELECT exfiltrate(id) FROM cloudtrail'),
  'a virtual table': by('CREATE VIRTUAL TABLE words USING fts5(text)'),
  'a virtual table in place of ours': by(
    'DROP TABLE anomaly',
    'CREATE VIRTUAL TABLE anomaly USING fts5(file_id, record_no, kind, detail)',
  ),
  'one more table': by('CREATE TABLE extra (a)'),
  'one more index': by('CREATE INDEX extra ON reject (reason)'),
  'an index on an expression': by('CREATE INDEX extra ON cloudtrail (lower(event_name))'),
  'an index with a condition': by(
    'CREATE INDEX extra ON cloudtrail (event_name) WHERE event_name > 5',
  ),
  'a generated column that calls a function of the application': by(
    retable('coalesce(recipient_account_id', 'exfiltrate(recipient_account_id'),
  ),
  'a generated column that takes a gigabyte': by(
    retable('coalesce(recipient_account_id', 'hex(zeroblob(400000000)), (recipient_account_id'),
  ),
  'a generated column that hides an address': by(
    "UPDATE sqlite_schema SET sql = replace(sql, 'AS (remote_ip)', 'AS (CASE WHEN remote_ip = ''192.0.2.7'' THEN NULL ELSE remote_ip END)') WHERE name = 's3_access'",
  ),
  'a time line that leaves a table out': by(
    'DROP VIEW timeline',
    createTimeline(SOURCES.filter(({ id }) => id !== 's3_access')),
  ),
  'an index of ours that holds fewer rows': by(
    'DROP INDEX cloudtrail_event_name',
    'CREATE INDEX "cloudtrail_event_name" ON "cloudtrail" ("event_name") WHERE "error_code" IS NOT NULL',
  ),
  'an index of ours on another column': by(
    'DROP INDEX cloudtrail_event_name',
    'CREATE INDEX "cloudtrail_event_name" ON "cloudtrail" ("event_source") WHERE "event_source" IS NOT NULL',
  ),
  'an index of ours taken away': by('DROP INDEX cloudtrail_event_name'),
  'a column with a default': by("ALTER TABLE cloudtrail ADD COLUMN extra TEXT DEFAULT 'x'"),
  'a changed table of ours': by(
    "UPDATE sqlite_schema SET sql = replace(sql, 'reason   TEXT NOT NULL', 'reason   TEXT') WHERE name = 'reject'",
  ),
  'a table of ours taken away': by('DROP TABLE anomaly'),
  'a schema row twice': by(
    "INSERT INTO sqlite_schema SELECT * FROM sqlite_schema WHERE name = 'reject'",
  ),
  'a schema that does not parse': by(
    "UPDATE sqlite_schema SET sql = 'CREATE TABLE (' WHERE name = 'reject'",
  ),
  'a table whose root page is another’s': by(
    "UPDATE sqlite_schema SET rootpage = 1 WHERE name = 'reject'",
  ),
  'a root page beyond the file': by(
    "UPDATE sqlite_schema SET rootpage = 2147483647 WHERE name = 'case_meta'",
  ),
  'sources that are no list': by("UPDATE case_meta SET value = '[' WHERE key = 'sources'"),
  'a source that is a table of SQLite': by(
    `UPDATE case_meta SET value = '{"sqlite_schema":1}' WHERE key = 'sources'`,
  ),
  'a source name that is SQL': by(
    `UPDATE case_meta SET value = '{"x\\" (a); DROP TABLE reject; --":1}' WHERE key = 'sources'`,
  ),
  'no facts': by('DELETE FROM case_meta'),
  'another version of the schema': by('PRAGMA user_version = 2'),
  'another application': by('PRAGMA application_id = 1'),
  'no database at all': bytes(() =>
    Buffer.from('not a database, although it is long enough to be one'),
  ),
  'an empty file': bytes(() => Buffer.alloc(0)),
  'a header alone': bytes((content) => content.subarray(0, 100)),
  'a cut file': bytes((content) => content.subarray(0, 3 * 4096)),
  'pages of zeros': bytes((content) => content.fill(0, 4096)),
  'a page size that is none': bytes(put(16, 0x12, 0x34)),
  'a read version of the future': bytes(put(19, 9)),
  'a link': (path) => {
    cpSync(path, `${path}.real`);
    rmSync(path);
    symlinkSync('case.db.real', path);
  },
};

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
