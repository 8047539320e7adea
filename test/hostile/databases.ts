/** Databases made to attack whoever opens them (docs/threat-model.md, rows 21 and 22), each named by what was done to it. */
import { cpSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import { createTimeline } from '#src/db/ddl.ts';
import { SOURCES } from '#src/sources/_registry.ts';

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

/** Changes the file's bytes. */
export const bytes =
  (change: (content: Buffer) => Buffer) =>
  (path: string): void => {
    writeFileSync(path, change(readFileSync(path)));
  };

/** Bytes at a place. */
export const put =
  (offset: number, ...values: readonly number[]) =>
  (content: Buffer): Buffer => {
    Buffer.from(values).copy(content, offset);
    return content;
  };

const retable = (from: string, to: string): string =>
  `UPDATE sqlite_schema SET sql = replace(sql, '${from}', '${to}') WHERE name = 'cloudtrail'`;

/** What was done to the database; opening it must end with `E_FORMAT`. */
export const REFUSED: Readonly<Record<string, (path: string) => void>> = {
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
