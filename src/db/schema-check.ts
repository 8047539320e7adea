/**
 * Looks at the schema of a case database that may come from anyone, before a statement uses it: only what an import of this
 * version makes may stand there. SQLite, "Defense Against The Dark Arts": the schema is a program that runs when a table is read.
 */
import Sqlite, { type Database } from 'better-sqlite3';
import { sha256Hex } from '../core/digest.ts';
import { ExhibitError } from '../core/errors.ts';
import { createChild, createChildIndexes } from './child-tables.ts';
import { createIndexes, createTable, createTimeline, type TableShape } from './ddl.ts';
import { migrate, readMigrations } from './migrate.ts';
import { SOURCE_SCHEMA } from './source-schema.ts';

/** `PRAGMA user_version` of the databases that this version makes. */
const USER_VERSION = 1;

interface SchemaRow {
  readonly type: string;
  readonly name: string;
  readonly tbl_name: string;
  readonly sql: string | null;
}

/**
 * Checks version and schema against the texts with which this version makes a database, character by character.
 * @throws ExhibitError `E_FORMAT` for a trigger, a virtual table, a view, index, table or column that no import of this
 *   version makes, for one that is missing, or another version.
 */
export function checkSchema(db: Database): void {
  const found = db.pragma('user_version', { simple: true });
  if (found !== USER_VERSION) throw foreign(db, `its version is ${String(found)}`);
  const rows = rowsOf(db);
  const expected = new Map(migrated().map((row) => [keyOf(row), row.sql]));
  const derived: SchemaRow[] = [];
  const seen = new Set<string>();
  for (const row of rows) {
    const key = keyOf(row);
    if (seen.has(key)) throw foreign(db, `it holds the ${key} twice`);
    seen.add(key);
    const own = expected.get(key);
    if (own === undefined) derived.push(row);
    else if (own !== row.sql) throw foreign(db, `no import makes the ${JSON.stringify(key)}`);
    expected.delete(key);
  }
  const [missing] = expected.keys();
  if (missing !== undefined) throw foreign(db, `the ${missing} is missing`);
  const hashes = hashesOf(derived);
  for (const [table, hash] of hashes) {
    if (DERIVED.get(table) !== hash)
      throw foreign(db, `no import makes ${JSON.stringify(table)} and its indexes like that`);
  }
  for (const table of DERIVED.keys())
    if (!hashes.has(table)) throw foreign(db, `${JSON.stringify(table)} is missing`);
}

/**
 * Checks that the tables which the database names are those it has.
 * @param sources names of the source tables.
 * @param items names of the tables of items.
 * @throws ExhibitError `E_FORMAT`.
 */
export function checkNamed(
  db: Database,
  sources: readonly string[],
  items: Iterable<string>,
): void {
  const named = new Set([...sources, ...items, TIMELINE]);
  if (named.size !== DERIVED.size || [...named].some((name) => !DERIVED.has(name)))
    throw foreign(db, 'it names other tables than it has');
}

/** The view over the sources; the other names are tables. */
const TIMELINE = 'timeline';

const DERIVED: ReadonlyMap<string, string> = new Map(Object.entries(SOURCE_SCHEMA));

/**
 * What src/db/source-schema.ts has to say of these sources: for each table, with its indexes, and for the time line the
 * SHA-256 of its texts. The texts themselves are in docs/schema.md; loading every source to compare them would cost more
 * than most questions do.
 */
export function sourceSchema(shapes: readonly TableShape[]): ReadonlyMap<string, string> {
  const db = new Sqlite(':memory:');
  try {
    for (const shape of shapes) {
      db.exec(createTable(shape));
      for (const { sql } of createIndexes(shape)) db.exec(sql);
      for (const child of shape.children ?? []) {
        db.exec(createChild(shape.id, child));
        for (const sql of createChildIndexes(child)) db.exec(sql);
      }
    }
    db.exec(createTimeline(shapes));
    return hashesOf(rowsOf(db));
  } finally {
    db.close();
  }
}

/** Hash of each table's texts: its own and its indexes', by name. */
function hashesOf(rows: readonly SchemaRow[]): ReadonlyMap<string, string> {
  const texts = new Map<string, string[]>();
  for (const row of rows) {
    const text = JSON.stringify([row.type, row.name, row.sql]);
    const list = texts.get(row.tbl_name);
    if (list === undefined) texts.set(row.tbl_name, [text]);
    else list.push(text);
  }
  return new Map(
    [...texts].map(([table, list]) => [table, sha256Hex(list.sort().join('\n'))] as const),
  );
}

function keyOf({ type, name, tbl_name: table }: SchemaRow): string {
  return name === table ? `${type} ${name}` : `${type} ${name} of ${table}`;
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
