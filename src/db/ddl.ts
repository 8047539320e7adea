/** Tables that are derived from the sources: columns, indexes, the time line, and how rows are put in. */
import { COMMON_COLUMNS } from '../core/columns.ts';

/** What a table of items needs to know; `ChildTable` of src/sources/source.ts has it all. */
export interface ChildShape {
  readonly id: string;
  readonly list: string;
  readonly items: 'array' | 'object';
  readonly columns: readonly {
    readonly name: string;
    readonly type: 'TEXT' | 'INTEGER';
    readonly from: string;
  }[];
  readonly indexes: readonly (readonly string[])[];
}

/** What a table needs to know of its source; `Source` of src/sources/source.ts has it all. */
export interface TableShape {
  readonly id: string;
  readonly columns: readonly { readonly name: string; readonly type: 'TEXT' | 'INTEGER' }[];
  readonly common: Readonly<Partial<Record<string, string>>>;
  readonly indexes: readonly (readonly string[])[];
  readonly timeline: boolean;
  readonly children?: readonly ChildShape[];
}

const COMMON: readonly string[] = COMMON_COLUMNS;

/** Where a record came from, stored in each row before the source's own columns. */
const PLACE: readonly string[] = ['offset', 'length', 'form', 'identity'];

/** An SQL identifier. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/**
 * Type of a column that is made from others. `ANY`, although it is a text: to check the type, SQLite's check of a database would
 * compute the value of each row, a third of its time, and nothing of it is stored. A member of a JSON text may be no text.
 */
function generatedType(name: string, expression: string): string {
  if (name === 'time_us') return 'INTEGER';
  return expression.includes('json_') ? 'TEXT' : 'ANY';
}

/** CREATE TABLE of a source. */
export function createTable(shape: TableShape): string {
  const stored = new Map(shape.columns.map((column) => [column.name, column.type]));
  const common = COMMON.map((name) => {
    const type = stored.get(name);
    if (type !== undefined) return `${quoted(name)} ${type}`;
    // A column that the source does not have is there all the same, so that every table answers the same questions.
    const expression = shape.common[name] ?? 'NULL';
    return `${quoted(name)} ${generatedType(name, expression)} GENERATED ALWAYS AS (${expression}) VIRTUAL`;
  });
  const own = shape.columns
    .filter((column) => !COMMON.includes(column.name))
    .map((column) => `${quoted(column.name)} ${column.type}`);
  const lines = [
    'id INTEGER PRIMARY KEY',
    ...common,
    'file_id INTEGER GENERATED ALWAYS AS (id >> 28) VIRTUAL',
    'record_no INTEGER GENERATED ALWAYS AS (id & 268435455) VIRTUAL',
    ...PLACE.map((name) => `${quoted(name)} INTEGER NOT NULL`),
    ...own,
  ];
  return `CREATE TABLE ${quoted(shape.id)} (\n  ${lines.join(',\n  ')}\n) STRICT`;
}

/**
 * Whether an index holds rows without a key. Nobody looks for all records that lack an access key, while SQLite uses a
 * partial index for every comparison with a value ("Partial Indexes", section 3): only time and pairs are whole.
 */
export function indexesNull(columns: readonly string[]): boolean {
  return columns.length !== 1 || columns[0] === 'time_us';
}

/** CREATE INDEX statements of a source, and the indexes' names. */
export function createIndexes(
  shape: TableShape,
): readonly { readonly name: string; readonly sql: string }[] {
  return [['time_us'], ...shape.indexes].map((columns) => {
    const name = `${shape.id}_${columns.join('_')}`;
    const sql = `CREATE INDEX ${quoted(name)} ON ${quoted(shape.id)} (${columns.map(quoted).join(', ')})`;
    const [first = ''] = columns;
    return { name, sql: indexesNull(columns) ? sql : `${sql} WHERE ${quoted(first)} IS NOT NULL` };
  });
}

/** The view over all sources of events; nothing is stored twice, and conditions reach each source's indexes. */
export function createTimeline(shapes: readonly TableShape[]): string {
  const common = COMMON.map(quoted).join(', ');
  const parts = shapes
    .filter((shape) => shape.timeline)
    .map((shape) => `SELECT id, '${shape.id}' AS source, ${common} FROM ${quoted(shape.id)}`);
  return `CREATE VIEW timeline AS\n${parts.join('\nUNION ALL\n')}`;
}

/** Order of a source's columns in its table. */
interface StoredOrder {
  readonly before: readonly number[];
  readonly behind: readonly number[];
}

const orders = new WeakMap<TableShape, StoredOrder>();

/** Indexes into `columns` in the order in which the table stores them: before the columns of the place, and behind. */
export function storedOrder(shape: TableShape): StoredOrder {
  let order = orders.get(shape);
  if (order === undefined) {
    const names = shape.columns.map((column) => column.name);
    order = {
      before: COMMON.map((name) => names.indexOf(name)).filter((index) => index >= 0),
      behind: [...names.keys()].filter((index) => !COMMON.includes(names[index] ?? '')),
    };
    orders.set(shape, order);
  }
  return order;
}
