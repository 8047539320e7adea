/** Where a value stands in the tables of a case: by the indexes there are, and row by row only where that is little. */
import type { CommonCells } from '../core/columns.ts';
import type { Database } from '../db/open.ts';
import { kindOfColumn, kindOfValue, type EntityKind, type Wanted } from './kinds.ts';

/** A column that holds entities. */
export interface EntityColumn {
  readonly column: string;
  readonly kind: EntityKind;
  /** Name of an index that begins with it. */
  readonly index: string | undefined;
}

/** A table of items whose rows lead to those of a source. */
interface ItemTable {
  readonly table: string;
  readonly columns: readonly EntityColumn[];
}

/** A table of a case, as far as entities go. */
export interface EntityTable {
  readonly table: string;
  readonly columns: readonly EntityColumn[];
  readonly items: readonly ItemTable[];
  /** So few rows that reading all of them costs nothing to speak of. */
  readonly small: boolean;
}

/** A record in which a value stands. */
export interface Trace extends CommonCells {
  readonly table: string;
  readonly id: number;
  readonly time_us: number | null;
  /** Columns in which it stands; `table.column` of a table of items. */
  readonly columns: readonly string[];
  /** All entities of the record, by column. */
  readonly entities: readonly (readonly [column: string, kind: EntityKind, value: string])[];
}

/** What was found, and what was not looked at. */
export interface Found {
  /** In the order of time, table, row; records without a time first. */
  readonly traces: readonly Trace[];
  /** `table.column`: large, without an index, not asked for. */
  readonly notSearched: readonly string[];
  /** Tables of which more records hold the value than were read. */
  readonly cut: readonly string[];
}

/** A window of time, microseconds UTC. */
export interface Window {
  readonly fromUs?: number;
  readonly toUs?: number;
}

/** Rows up to which a table is read whole without being asked. */
const SMALL_ROWS = 50_000;
/** Records of one table that one value may have. */
const MOST_RECORDS = 100_000;

/** @param tables source tables. @returns those that hold entities, in the order given. */
export function entityTables(db: Database, tables: readonly string[]): readonly EntityTable[] {
  const columns = entityColumns(db);
  const names = [...columns.keys()].sort();
  return tables.flatMap((table): readonly EntityTable[] => {
    const own = columns.get(table) ?? [];
    const items = names
      .filter((name) => name.startsWith(`${table}_`) && !tables.includes(name))
      .map((name) => ({ table: name, columns: columns.get(name) ?? [] }))
      .filter((one) => one.columns.some(({ index }) => index !== undefined));
    if (own.length === 0 && items.length === 0) return [];
    const rows = db
      .prepare<[], number>(
        `SELECT count(*) FROM (SELECT 1 FROM main.${quoted(table)} LIMIT ${String(SMALL_ROWS + 1)})`,
      )
      .pluck()
      .get();
    return rows === 0 ? [] : [{ table, columns: own, items, small: (rows ?? 0) <= SMALL_ROWS }];
  });
}

// Of the columns that every table has by computing them only the account is of use: the others repeat stored ones.
function entityColumns(db: Database): ReadonlyMap<string, readonly EntityColumn[]> {
  const indexes = indexedColumns(db);
  const rows = db
    .prepare<[], { place: string; name: string; hidden: number }>(
      `SELECT m.name AS place, c.name AS name, c.hidden AS hidden FROM main.sqlite_master AS m
         JOIN pragma_table_xinfo(m.name, 'main') AS c
        WHERE m.type = 'table' AND c.type LIKE 'TEXT%' ORDER BY m.name, c.cid`,
    )
    .all();
  const columns = new Map<string, EntityColumn[]>();
  for (const { place, name, hidden } of rows) {
    const kind = hidden === 0 || name === 'account_id' ? kindOfColumn(place, name) : undefined;
    if (kind === undefined) continue;
    const own = columns.get(place) ?? [];
    columns.set(place, own);
    own.push({ column: name, kind, index: indexes.get(`${place}.${name}`) });
  }
  return columns;
}

// `table.column` → an index whose first column it is.
function indexedColumns(db: Database): ReadonlyMap<string, string> {
  const rows = db
    .prepare<[], { place: string; name: string }>(
      `SELECT m.tbl_name || '.' || i.name AS place, m.name AS name FROM main.sqlite_master AS m
         JOIN pragma_index_info(m.name, 'main') AS i WHERE m.type = 'index' AND i.seqno = 0 AND i.name IS NOT NULL
        ORDER BY m.name DESC`,
    )
    .all();
  return new Map(rows.map(({ place, name }) => [place, name]));
}

/**
 * Records that hold a value.
 * @param deep read large tables row by row where no index leads to the value.
 */
export function findTraces(
  db: Database,
  tables: readonly EntityTable[],
  value: Wanted,
  window: Window,
  deep: boolean,
): Found {
  const traces: Trace[] = [];
  const notSearched: string[] = [];
  const cut: string[] = [];
  for (const table of tables) {
    const search = new TableSearch(db, table, value, window);
    const open: EntityColumn[] = [];
    for (const one of table.columns) {
      if (!value.kinds.has(one.kind)) continue;
      if (one.index === undefined) open.push(one);
      else search.byIndex(one, one.index);
    }
    for (const items of table.items)
      for (const one of items.columns)
        if (one.index !== undefined && value.kinds.has(one.kind)) search.byItem(items.table, one);
    if (open.length > 0 && (table.small || deep)) search.byReading(open);
    else notSearched.push(...open.map(({ column }) => `${table.table}.${column}`));
    for (const trace of search.traces()) traces.push(trace);
    if (search.cut) cut.push(table.table);
  }
  return { traces: traces.sort(inTime), notSearched, cut };
}

/** Order of time, table, row; records without a time first. */
export function inTime(a: Trace, b: Trace): number {
  return (
    (a.time_us ?? -1) - (b.time_us ?? -1) ||
    (a.table < b.table ? -1 : a.table > b.table ? 1 : a.id - b.id)
  );
}

type Row = Readonly<Record<string, string | number | null>>;

const COMMON = 'id, time_us, account_id, region, actor, action, target, src_ip, dst_ip, outcome';

class TableSearch {
  readonly #db: Database;
  readonly #table: EntityTable;
  readonly #value: Wanted;
  readonly #window: Window;
  readonly #columns = new Map<number, Set<string>>();
  readonly #rows = new Map<number, Row>();
  cut = false;

  constructor(db: Database, table: EntityTable, value: Wanted, window: Window) {
    this.#db = db;
    this.#table = table;
    this.#value = value;
    this.#window = window;
  }

  byIndex({ column, kind }: EntityColumn, index: string): void {
    const name = quoted(column);
    for (const spelling of this.#value.spellings)
      this.#take(`INDEXED BY ${quoted(index)}`, `t.${name} = ?`, [spelling], column);
    // ARNs of a role's sessions begin alike.
    if (kind === 'principal')
      for (const prefix of this.#value.prefixes)
        this.#take(
          `INDEXED BY ${quoted(index)}`,
          `t.${name} >= ? AND t.${name} < ?`,
          [prefix, `${prefix.slice(0, -1)}0`],
          column,
        );
  }

  byItem(items: string, { column, index = '' }: EntityColumn): void {
    for (const spelling of this.#value.spellings)
      this.#take(
        '',
        `t.id IN (SELECT parent_id FROM main.${quoted(items)} INDEXED BY ${quoted(index)} WHERE ${quoted(column)} = ?)`,
        [spelling],
        `${items}.${column}`,
      );
  }

  byReading(columns: readonly EntityColumn[]): void {
    const places = this.#value.spellings.map(() => '?').join(', ');
    const where = columns.map(({ column }) => `t.${quoted(column)} IN (${places})`).join(' OR ');
    const values = columns.flatMap(() => this.#value.spellings);
    this.#take('NOT INDEXED', `(${where})`, values, undefined);
  }

  // Rows of one condition in the order of their ids, so that a cut is the same everywhere.
  #take(index: string, where: string, values: readonly string[], column: string | undefined): void {
    const { fromUs, toUs } = this.#window;
    const window = `${fromUs === undefined ? '' : ' AND t.time_us >= ?'}${toUs === undefined ? '' : ' AND t.time_us < ?'}`;
    const bound = [...values, ...[fromUs, toUs].filter((one) => one !== undefined)];
    const own = this.#table.columns.map(({ column: name }) => `, t.${quoted(name)}`).join('');
    const sql = `SELECT ${COMMON}${own} FROM main.${quoted(this.#table.table)} AS t ${index}
      WHERE ${where}${window} ORDER BY t.id LIMIT ${String(MOST_RECORDS + 1)}`;
    const rows = this.#db.prepare<(string | number)[], Row>(sql).iterate(...bound);
    for (const row of rows) {
      const id = Number(row['id']);
      if (this.#rows.size >= MOST_RECORDS && !this.#rows.has(id)) {
        this.cut = true;
        continue;
      }
      this.#rows.set(id, row);
      const seen = this.#columns.get(id) ?? new Set<string>();
      this.#columns.set(id, seen);
      if (column !== undefined) seen.add(column);
      else for (const name of this.#standsIn(row)) seen.add(name);
    }
  }

  #standsIn(row: Row): readonly string[] {
    const { kinds, spellings } = this.#value;
    return this.#table.columns.flatMap(({ column, kind }) => {
      const cell = row[column];
      return kinds.has(kind) && typeof cell === 'string' && spellings.includes(cell)
        ? [column]
        : [];
    });
  }

  *traces(): Generator<Trace> {
    for (const [id, row] of this.#rows) {
      const text = (name: string): string | null => {
        const cell = row[name] ?? null;
        return cell === null ? null : String(cell);
      };
      yield {
        table: this.#table.table,
        id,
        time_us: typeof row['time_us'] === 'number' ? row['time_us'] : null,
        account_id: text('account_id'),
        region: text('region'),
        actor: text('actor'),
        action: text('action'),
        target: text('target'),
        src_ip: text('src_ip'),
        dst_ip: text('dst_ip'),
        outcome: text('outcome'),
        columns: [...(this.#columns.get(id) ?? [])].sort(),
        entities: this.#table.columns.flatMap(({ column, kind }) => {
          const cell = row[column];
          const real = typeof cell === 'string' ? kindOfValue(kind, cell) : undefined;
          return real === undefined ? [] : [[column, real, String(cell)] as const];
        }),
      };
    }
  }
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
