/**
 * Looks at the schema of a case database that may come from anyone, before a statement uses it: only what an import makes may
 * stand there. SQLite, "Defense Against The Dark Arts": the schema is a program that runs when a table is read.
 */
import Sqlite, { type Database } from 'better-sqlite3';
import { ExhibitError } from '../core/errors.ts';
import { quoted } from './ddl.ts';
import { migrate, readMigrations } from './migrate.ts';

/** `PRAGMA user_version` of the databases that this version makes. */
const USER_VERSION = 1;

interface SchemaRow {
  readonly type: string;
  readonly name: string;
  readonly tbl_name: string;
  readonly sql: string | null;
}

const NAME = '"[a-z][a-z0-9_]*"';
const INDEX = new RegExp(
  `^CREATE INDEX ${NAME} ON ${NAME} \\(${NAME}(?:, ${NAME})*\\)(?: WHERE ${NAME} IS NOT NULL)?$`,
);
const SELECT = `SELECT id, '[a-z][a-z0-9_]*' AS source, ${NAME}(?:, ${NAME})* FROM ${NAME}`;
const TIMELINE = new RegExp(`^CREATE VIEW timeline AS\\n${SELECT}(?:\\nUNION ALL\\n${SELECT})*$`);
const TABLE = new RegExp(
  `^CREATE TABLE ${NAME} \\(\\n {2}id INTEGER PRIMARY KEY(?:,\\n {2}.+)*\\n\\) STRICT$`,
);
const ITEMS = new RegExp(
  `^CREATE TABLE ${NAME} \\(\\n {2}parent_id INTEGER NOT NULL REFERENCES (${NAME}),\\n {2}position INTEGER NOT NULL(?:,\\n {2}${NAME} (?:TEXT|INTEGER))*,\\n {2}PRIMARY KEY \\(parent_id, position\\)\\n\\) STRICT, WITHOUT ROWID$`,
);
const COLUMN = new RegExp(
  `^ {2}(?:${NAME}|file_id|record_no|id) (?:TEXT|INTEGER)(?: NOT NULL| PRIMARY KEY)?$`,
);
const GENERATED = new RegExp(
  `^ {2}(?:${NAME}|file_id|record_no) (?:TEXT|INTEGER) GENERATED ALWAYS AS \\((.*)\\) VIRTUAL$`,
);
/** What common columns of sources may be computed with; a source that needs another function adds it here. */
const FUNCTIONS = new Set([
  ...['coalesce', 'ifnull', 'iif', 'instr', 'json_extract', 'json_type', 'json_valid', 'length'],
  ...['lower', 'ltrim', 'nullif', 'replace', 'rtrim', 'substr', 'trim', 'upper'],
  // Words that a bracket may follow.
  ...['and', 'else', 'in', 'not', 'or', 'then', 'when'],
]);

/**
 * Checks version and schema.
 * @param sources names of the source tables.
 * @param items names of the tables of items, and the source table of each.
 * @throws ExhibitError `E_FORMAT` for a trigger, a virtual table, a view, index, table or column that no import makes, or
 *   another version.
 */
export function checkSchema(
  db: Database,
  sources: readonly string[],
  items: ReadonlyMap<string, string>,
): void {
  const found = db.pragma('user_version', { simple: true });
  if (found !== USER_VERSION) throw foreign(db, `its version is ${String(found)}`);
  const expected = new Map(migrated().map((row) => [`${row.type} ${row.name}`, row.sql]));
  const seen = new Set<string>();
  for (const row of rowsOf(db)) {
    const key = `${row.type} ${row.name}`;
    if (seen.has(key)) throw foreign(db, `it holds the ${key} twice`);
    seen.add(key);
    const own = expected.get(key);
    if (own === undefined ? !isDerived(row, sources, items) : own !== row.sql)
      throw foreign(db, `no import makes the ${JSON.stringify(key)}`);
    expected.delete(key);
  }
  const [missing] = expected.keys();
  if (missing !== undefined) throw foreign(db, `the ${missing} is missing`);
}

/** A source's table, its indexes, and the view over them. */
function isDerived(
  { type, name, tbl_name: table, sql }: SchemaRow,
  sources: readonly string[],
  items: ReadonlyMap<string, string>,
): boolean {
  if (sql === null) return false;
  if (type === 'view') return name === 'timeline' && TIMELINE.test(sql);
  if (type === 'index') return (sources.includes(table) || items.has(table)) && INDEX.test(sql);
  const parent = type === 'table' ? items.get(name) : undefined;
  if (parent !== undefined)
    return sources.includes(parent) && ITEMS.exec(sql)?.[1] === quoted(parent);
  return type === 'table' && sources.includes(name) && TABLE.test(sql) && columnsAreOurs(sql);
}

function columnsAreOurs(sql: string): boolean {
  return sql
    .split('\n')
    .slice(1, -1)
    .map((line) => line.replace(/,$/, ''))
    .every((line) => {
      const expression = GENERATED.exec(line)?.[1];
      if (expression === undefined) return COLUMN.test(line);
      const outside = expression.replace(/'(?:[^']|'')*'/g, "''");
      const calls = Array.from(
        outside.matchAll(/([A-Za-z_][A-Za-z0-9_]*)\s*\(/g),
        ([, call]) => call,
      );
      return (
        !/;|--|\/\*|\bselect\b/i.test(outside) &&
        calls.every((call) => FUNCTIONS.has((call ?? '').toLowerCase()))
      );
    });
}

let known: readonly SchemaRow[] | undefined;

/** What the migrations make, learned from SQLite itself, once per process. */
function migrated(): readonly SchemaRow[] {
  if (known !== undefined) return known;
  const db = new Sqlite(':memory:');
  migrate(db, readMigrations());
  known = rowsOf(db);
  db.close();
  return known;
}

function rowsOf(db: Database): readonly SchemaRow[] {
  return db
    .prepare<[], SchemaRow>('SELECT type, name, tbl_name, sql FROM main.sqlite_schema')
    .all();
}

function foreign(db: Database, what: string): ExhibitError {
  return new ExhibitError('E_FORMAT', `the database is none that this version makes: ${what}`, {
    where: { file: db.name },
    hint: 'look where it came from, remove it and run `exhibit import`',
  });
}
