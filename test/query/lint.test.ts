import Sqlite from 'better-sqlite3';
import { afterAll, expect, test } from 'vitest';
import { ExhibitError } from '#src/core/errors.ts';
import { forbidClock } from '#src/db/no-clock.ts';
import { execute } from '#src/query/execute.ts';
import type { BoundParams } from '#src/query/params.ts';

const db = new Sqlite(':memory:');
db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, n INTEGER); CREATE TABLE import_run (x)');
db.exec("INSERT INTO t (a, n) VALUES ('x', 1), ('y', 2), ('x', 3)");
forbidClock(db);
afterAll(() => db.close());

function codeOf(sql: string, params: BoundParams = {}): string {
  try {
    execute(db, sql, params);
    return 'ran';
  } catch (error) {
    if (error instanceof ExhibitError) return error.code;
    throw error;
  }
}

test.each([
  ...[
    '',
    ';',
    '-- only a comment',
    'DELETE FROM t',
    'DROP TABLE t',
    'INSERT INTO t (a) VALUES (1)',
  ],
  ...['UPDATE t SET a = 1 RETURNING *', 'WITH x AS (SELECT 1) DELETE FROM t RETURNING *', 'VACUUM'],
  ...['SELECT 1; SELECT 2', 'SELECT 1; DROP TABLE t', "SELECT 1 /* */; ATTACH 'x' AS y", 'BEGIN'],
  ...["ATTACH ':memory:' AS x", 'PRAGMA user_version', 'PRAGMA query_only = 0', 'REINDEX'],
  ...["VACUUM INTO 'copy.db'", 'EXPLAIN SELECT 1', 'EXPLAIN QUERY PLAN SELECT 1', 'ANALYZE'],
  ...["SELECT * FROM pragma_table_info('t')", 'SELECT * FROM "pragma_function_list"'],
  ...[
    'SELECT * FROM [pragma_database_list]',
    'SELECT * FROM `dbstat`',
    'SELECT * FROM sqlite_dbpage',
  ],
  ...[
    "SELECT load_extension('x')",
    'SELECT "load_extension"(\'x\')',
    "SELECT [load_extension]('x')",
  ],
  ...[
    'SELECT random()',
    'SELECT * FROM t ORDER BY random()',
    'SELECT hex(randomblob(4))',
    'SELECT changes()',
  ],
  ...[
    'SELECT total_changes()',
    'SELECT last_insert_rowid()',
    'SELECT sqlite_version()',
    'SELECT CURRENT_TIMESTAMP',
  ],
  ...[
    'SELECT current_date',
    'SELECT CURRENT_TIME',
    'SELECT sqlite_compileoption_get(1)',
    'SELECT sqlite_source_id()',
  ],
  ...[
    "SELECT datetime('now')",
    'SELECT datetime()',
    "SELECT strftime('%s')",
    "SELECT date('NOW ')",
  ],
  ...[
    "SELECT datetime('n' || 'ow')",
    "SELECT unixepoch(lower('NOW'))",
    "SELECT datetime(0, 'unixepoch', 'localtime')",
  ],
  ...["SELECT julianday(x) FROM (SELECT 'now' AS x)", "SELECT datetime(0, 'unixepoch', 'utc')"],
  ...[
    "SELECT datetime(CAST('now' AS BLOB))",
    'SELECT * FROM nowhere',
    'SELECT',
    'SELECT * FROM t WHERE',
  ],
])('refuses %s', (sql) => {
  expect(codeOf(sql)).toBe('E_QUERY_REFUSED');
});

test('refuses the current time that comes in as a parameter', () => {
  expect(codeOf('SELECT datetime(:t)', { t: 'now' })).toBe('E_QUERY_REFUSED');
});

test('names a parameter that was not given', () => {
  expect(codeOf('SELECT :x')).toBe('E_QUERY_PARAM');
});

test.each([
  "SELECT datetime(0, 'unixepoch')",
  "SELECT strftime('%Y-%m-%d', 86400, 'unixepoch', '+1 day')",
  "SELECT 'ATTACH', 'pragma', 'now', 'random()'",
  'SELECT a AS "attach" FROM t -- PRAGMA',
  'SELECT count(*), sum(n), max(n) FROM t;',
  'WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 5) SELECT x FROM c ORDER BY x',
  "SELECT json_extract('{\"a\":1}', '$.a'), row_number() OVER (ORDER BY id) FROM t ORDER BY id",
  'VALUES (1), (2)',
])('runs %s', (sql) => {
  expect(codeOf(sql)).toBe('ran');
});

test.each([
  ['SELECT avg(n) FROM t', ['float_arithmetic', 'real_result']],
  ['SELECT sum(n) FROM t', []],
  ['SELECT 1.5', ['real_result']],
  ['SELECT group_concat(a) FROM t', ['unordered_concat']],
  ["SELECT group_concat(a, ',' ORDER BY id) FROM t", []],
  ['SELECT json_group_array(a) FROM t', ['unordered_concat']],
  ['SELECT a, n, count(*) FROM t GROUP BY a ORDER BY a', ['bare_column']],
  ['SELECT a, (SELECT count(*) FROM t AS o WHERE o.a = t.a) FROM t ORDER BY a', []],
  ['SELECT a, count(*) + (SELECT max(n) FROM t) FROM t ORDER BY a', ['bare_column']],
  ['SELECT a, count(*) AS c FROM t GROUP BY a ORDER BY a', []],
  ['SELECT count(*) n FROM t', []],
  ['SELECT count(*) "n" FROM t', []],
  ['SELECT a key, count(*) n, sum(n) s FROM t GROUP BY key ORDER BY key', []],
  ['SELECT case when count(*) > 1 then 1 else 0 end many FROM t', []],
  ['SELECT a, n m, count(*) c FROM t GROUP BY a ORDER BY a', ['bare_column']],
  ['SELECT count(*) + n FROM t', ['bare_column']],
  ['SELECT count(*) > 1 and n is null FROM t', ['bare_column']],
  ['SELECT count(*), n collate nocase FROM t', ['bare_column']],
  ['SELECT a, n FROM t ORDER BY a collate nocase, n, id desc LIMIT 1', []],
  ['SELECT lower(a) AS l, count(*) FROM t GROUP BY l ORDER BY l', []],
  ['SELECT n, max(n, id) FROM t ORDER BY id', []],
  ['SELECT a FROM t LIMIT 1', ['limit_order']],
  ['SELECT a, n FROM t ORDER BY n LIMIT 1', ['limit_order']],
  ['SELECT a, n FROM t ORDER BY n, id LIMIT 1', []],
  ['SELECT a, n FROM t ORDER BY a, n DESC LIMIT 1', []],
  ["SELECT a FROM t WHERE a LIKE 'É%' ORDER BY id", ['ascii_case']],
  ["SELECT a FROM t WHERE a LIKE 'e%' ORDER BY id", []],
  ['SELECT * FROM import_run', ['clock_table']],
])('%s warns of %j', (sql, codes) => {
  expect(execute(db, sql, {}).warnings.map((warning) => warning.code)).toEqual(codes);
});

test('an order that the tables happen to have is not an order', () => {
  const answer = execute(db, 'SELECT a, n FROM t', {});
  expect(answer.order).toBe('not_determined');
  expect(execute(db, answer.ordered_sql!, {}).order).toBe('determined');
  expect(execute(db, answer.ordered_sql!, {}).multiset_sha256).toBe(answer.multiset_sha256);
  expect(execute(db, 'SELECT a, n FROM t ORDER BY id', {}).order).toBe('determined');
});

test('text that is not UTF-8 keeps its bytes, a real U+FFFD stays text', () => {
  const answer = execute(
    db,
    "SELECT CAST(x'61ff' AS TEXT), char(65533), x'ff', 'ok', 7, NULL -- end\n;",
    {},
  );
  expect(answer.rows).toEqual(['[{"t":"61ff"},"\ufffd",{"b":"ff"},"ok",{"i":"7"},null]']);
});
