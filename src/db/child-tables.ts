/**
 * Tables of the items of lists that a source keeps as a JSON column. They are derived from the rows of their source, when
 * these are complete and free of copies: equal rows give equal items, whoever derives them, and an item leads through
 * its row to the bytes it came from.
 */
import Sqlite, { type Database } from 'better-sqlite3';
import { ExhibitError } from '../core/errors.ts';
import { type ChildShape, quoted } from './ddl.ts';
import type { Cell } from './record.ts';

/** A source with tables of items. */
export interface ParentShape {
  readonly id: string;
  readonly children?: readonly ChildShape[];
}

/** CREATE TABLE of a table of items. */
export function createChild(parent: string, child: ChildShape): string {
  const lines = [
    `parent_id INTEGER NOT NULL REFERENCES ${quoted(parent)}`,
    'position INTEGER NOT NULL',
    ...child.columns.map(({ name, type }) => `${quoted(name)} ${type}`),
    'PRIMARY KEY (parent_id, position)',
  ];
  return `CREATE TABLE ${quoted(child.id)} (\n  ${lines.join(',\n  ')}\n) STRICT, WITHOUT ROWID`;
}

/** CREATE INDEX statements of a table of items. */
export function createChildIndexes(child: ChildShape): readonly string[] {
  return child.indexes.map(
    (columns) =>
      `CREATE INDEX ${quoted(`${child.id}_${columns.join('_')}`)} ON ${quoted(child.id)} (${columns.map(quoted).join(', ')})`,
  );
}

/**
 * The items of the lists of `rows`, in the columns and order of the table.
 * @param rows SQL of a table or subquery with columns `id` and the list.
 */
function selectItems(child: ChildShape, rows: string): string {
  const list = `p.${quoted(child.list)}`;
  const position =
    child.items === 'array' ? 'e.key' : 'row_number() OVER (PARTITION BY p.id ORDER BY e.id) - 1';
  const values = child.columns.map(({ type, from }) => valueOf(type, from));
  return (
    `SELECT p.id, ${[position, ...values].join(', ')} FROM ${rows} p, ` +
    // Not every text is JSON, and json_each would end the import over it.
    `json_each(CASE WHEN json_valid(${list}) THEN CASE json_type(${list}) WHEN '${child.items}' THEN ${list} END END) e ` +
    'ORDER BY 1, 2'
  );
}

/** SQL of one column of an item `e` of json_each; what has another type than the column is NULL there, not an error. */
function valueOf(type: 'TEXT' | 'INTEGER', from: string): string {
  if (from === 'key') return 'CAST(e.key AS TEXT)';
  const whole = from === '$';
  const path = `'${from.replaceAll("'", "''")}'`;
  // A string is no JSON text, and no path leads into it.
  const inside = (sql: string): string => `CASE WHEN e.type IN ('object', 'array') THEN ${sql} END`;
  const kind = whole ? 'e.type' : inside(`json_type(e.value, ${path})`);
  const value = whole ? 'e.value' : `(e.value ->> ${path})`;
  if (type === 'INTEGER') {
    // JSON knows integers beyond 64 bits.
    return `CASE ${kind} WHEN 'integer' THEN CASE typeof(${value}) WHEN 'integer' THEN ${value} END WHEN 'true' THEN 1 WHEN 'false' THEN 0 END`;
  }
  const written = whole ? `CAST(e.value AS TEXT)` : `(e.value -> ${path})`;
  const kinds = ['integer', 'real', 'object', 'array'];
  return `CASE ${kind} WHEN 'text' THEN ${value} WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ${kinds.map((one) => `WHEN '${one}' THEN ${written}`).join(' ')} END`;
}

/** Fills the tables of items of a source whose rows are complete. */
export function fillChildren(db: Database, parent: ParentShape): void {
  for (const child of parent.children ?? []) {
    db.exec(
      `INSERT INTO main.${quoted(child.id)} ${selectItems(child, `main.${quoted(parent.id)}`)}`,
    );
  }
}

/** Items of one row, table by table, each as its values in the order of the table; integers as bigint. */
export type ItemRows = ReadonlyMap<string, readonly (readonly Cell[])[]>;

/** The items of a row as the database has them. */
export function readItems(db: Database, { children = [] }: ParentShape, id: number): ItemRows {
  return new Map(
    children.map(({ id: table }) => [
      table,
      db
        .prepare<[number], Cell[]>(
          `SELECT * FROM main.${quoted(table)} WHERE parent_id = ? ORDER BY position`,
        )
        .raw()
        .safeIntegers()
        .all(id),
    ]),
  );
}

/** The items that a row with these columns has. */
export function deriveItems(
  { children = [] }: ParentShape,
  id: number,
  columns: ReadonlyMap<string, Cell>,
): ItemRows {
  const db = new Sqlite(':memory:');
  try {
    return new Map(
      children.map((child) => [
        child.id,
        db
          .prepare<[bigint, Cell], Cell[]>(
            selectItems(child, `(SELECT ? AS id, ? AS ${quoted(child.list)})`),
          )
          .raw()
          .safeIntegers()
          .all(BigInt(id), columns.get(child.list) ?? null),
      ]),
    );
  } finally {
    db.close();
  }
}

/**
 * Tables of items of a case database, and the source table that each belongs to, in bytewise order.
 * @throws ExhibitError `E_FORMAT` when the database does not name them.
 */
export function childTables(db: Database): ReadonlyMap<string, string> {
  const json = db
    .prepare<[], string>("SELECT value FROM main.case_meta WHERE key = 'child_tables'")
    .pluck()
    .get();
  try {
    const tables: unknown = JSON.parse(json ?? '');
    if (typeof tables === 'object' && tables !== null) {
      return new Map(
        Object.entries(tables)
          .map(([child, parent]) => [child, String(parent)] as const)
          .sort(([a], [b]) => (a < b ? -1 : 1)),
      );
    }
  } catch {
    // Falls through to the one error for anything that is no such list.
  }
  throw new ExhibitError('E_FORMAT', 'the database does not name its tables of items', {
    where: { file: db.name },
    hint: 'run `exhibit import`',
  });
}
