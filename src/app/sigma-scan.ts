/** Asks rules of the tables of a case: each row is read once for all of them. */
import { setImmediate } from 'node:timers/promises';
import { isObject, type JsonValue, outlineJson, parseExact, parseJson } from '../core/json.ts';
import { openDatabase, sourceTables, type Database } from '../db/open.ts';
import { bindRule, wholeTree, type BoundRule } from '../sigma/bind.ts';
import type { Collection, Rule } from '../sigma/collection.ts';
import { listOf } from '../sigma/compile.ts';
import { correlate, type Correlated, type Occurrence } from '../sigma/correlate.ts';
import type { Event } from '../sigma/evaluate.ts';
import { addSigmaFunctions, type EventRecord } from '../sigma/functions.ts';
import type { Ref } from '../sigma/model.ts';
import {
  groupSql,
  planGroups,
  type Candidate,
  type GroupSql,
  type Occurring,
  type Window,
} from '../sigma/plan.ts';
import { normal } from '../sigma/pattern.ts';
import { recordOf, refOf, scopesOf, type Table } from '../sigma/tables.ts';
import { eventTexts, valuesAt, type Values } from '../sigma/values.ts';
import { asExported } from '../sources/guardduty.ts';

/** A match of a rule that looks at single events; millions are kept. */
export interface Hit {
  readonly rule: number;
  readonly timeUs: number;
  readonly table: string;
  readonly id: number;
  /** Of the fields that correlations need. */
  readonly values: Occurrence['values'] | undefined;
}

/** A match of a correlation rule. */
export interface CorrelatedHit extends Correlated {
  readonly rule: number;
}

/** A rule that could not be asked of a table, or of any. */
export interface NotCompiledFor {
  readonly rule: number;
  /** Null: of no table at all. */
  readonly table: string | null;
  readonly reason: string;
}

/** What the scan found. */
export interface Scanned {
  readonly hits: readonly Hit[];
  readonly correlated: readonly CorrelatedHit[];
  readonly notCompiled: readonly NotCompiledFor[];
  /** Rules that were asked of at least one table. */
  readonly asked: ReadonlySet<number>;
}

/** Records nested deeper are looked at as text only. */
const MAX_DEPTH = 512;
/** Rows between two looks at whether we are to stop. */
const BREATH = 1000;
/** Tables with a column of few values that most rules name, and that has an index. */
const KEYS: Readonly<Record<string, string>> = { cloudtrail: 'event_name' };
/** A group of more than this part of a table is read with it, not looked up row by row. */
const MOST = 0.2;

/** Connections to a case, ready for compiled rules. */
export class SigmaDatabase {
  readonly db: Database;
  readonly #records: Database;
  readonly #read = new Map<string, (id: number) => string | undefined>();
  readonly #tables = new Map<string, Table>();
  readonly #statements = new Map<string, { readonly get: (id: number) => unknown }>();

  /** @param path of the case database. @throws ExhibitError `E_NOT_IMPORTED`, `E_FORMAT`, `E_EXISTS`. */
  constructor(path: string) {
    this.db = openDatabase(path, { readonly: true });
    // SQLite's driver runs no second statement on a connection inside a function.
    this.#records = openDatabase(path, { readonly: true });
    addSigmaFunctions(this.db, (table, id) => this.record(table, id), parseRecord);
  }

  close(): void {
    this.db.close();
    this.#records.close();
  }

  /** A row by its id, from a statement that is kept: findings ask for thousands. */
  row(sql: string, id: number): unknown {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.db.prepare<[number]>(sql);
      this.#statements.set(sql, statement);
    }
    return statement.get(id);
  }

  /** A table and its columns; undefined if the case has none of that name. */
  table(id: string): Table | undefined {
    const known = this.#tables.get(id);
    if (known !== undefined || !sourceTables(this.db).includes(id)) return known;
    const rows = this.db
      .prepare<[string], { readonly name: string; readonly type: string }>(
        "SELECT name, type FROM pragma_table_xinfo(?, 'main')",
      )
      .all(id);
    const columns = new Map(
      rows.map(
        ({ name, type }) => [name, type.startsWith('INTEGER') ? 'INTEGER' : 'TEXT'] as const,
      ),
    );
    const table = { id, columns };
    this.#tables.set(id, table);
    return table;
  }

  /** The text of a column that holds JSON. */
  parsed(text: string): JsonValue | undefined {
    return parseRecord(text);
  }

  /** The record of a row. */
  record(table: string, id: number): EventRecord {
    let read = this.#read.get(table);
    if (read === undefined) {
      const statement = this.#records
        .prepare<[number], string>(`SELECT raw FROM "${table}" WHERE id = ?`)
        .pluck();
      read = (one) => statement.get(one);
      this.#read.set(table, read);
    }
    const raw = read(id) ?? '';
    const json = parseRecord(raw);
    // Findings are the same whether the console or the API spelt their members.
    return { raw, json: table === 'guardduty' && isObject(json) ? asExported(json) : json };
  }
}

/** JSON with exact numbers; undefined for anything else, and for what is nested beyond reason. */
function parseRecord(text: string): JsonValue | undefined {
  const value = /\d{16}/.test(text) ? parseExact(text) : parseJson(text);
  if (!isObject(value) && !Array.isArray(value)) return undefined;
  return outlineJson(text).depth > MAX_DEPTH ? undefined : value;
}

/**
 * Asks the rules.
 * @throws DOMException when the signal is aborted.
 */
export async function scanRules(
  database: SigmaDatabase,
  collection: Collection,
  window: Window,
  signal: AbortSignal,
): Promise<Scanned> {
  const scan = new Scan(database, collection);
  await scan.tables(window, signal);
  return scan.correlations();
}

interface Bound extends Candidate {
  readonly table: Table;
}

class Scan {
  readonly #database: SigmaDatabase;
  readonly #collection: Collection;
  readonly #hits: Hit[] = [];
  readonly #notCompiled: NotCompiledFor[] = [];
  readonly #asked = new Set<number>();
  /** Fields whose values correlations need, by rule. */
  readonly #needed: ReadonlyMap<number, ReadonlySet<string>>;

  constructor(database: SigmaDatabase, collection: Collection) {
    this.#database = database;
    this.#collection = collection;
    this.#needed = neededFields(collection);
  }

  async tables(window: Window, signal: AbortSignal): Promise<void> {
    const byTable = new Map<string, Bound[]>();
    for (const [at, rule] of this.#collection.rules.entries()) {
      for (const bound of this.#bind(at, rule)) {
        const list = byTable.get(bound.table.id);
        if (list === undefined) byTable.set(bound.table.id, [bound]);
        else list.push(bound);
      }
    }
    for (const id of [...byTable.keys()].sort())
      await this.#table(byTable.get(id) ?? [], window, signal);
  }

  #bind(at: number, rule: Rule): readonly Bound[] {
    if (rule.kind !== 'detection') return [];
    const scopes = scopesOf(rule.logsource);
    const refuse = (table: string | null, reason: string): void => {
      this.#notCompiled.push({ rule: at, table, reason });
    };
    if (scopes.length === 0) {
      const words = Object.entries(rule.logsource).flatMap(([name, value]) =>
        value === undefined ? [] : [`${name} ${String(value)}`],
      );
      refuse(null, `no log source of exhibit is ${words.join(', ')}`);
    }
    const bounds: Bound[] = [];
    for (const scope of scopes) {
      const { table: id, fields } = scope;
      const table = this.#database.table(id);
      if (table === undefined) continue;
      const result = bindRule(rule.tree, scope, table);
      if ('tree' in result) bounds.push({ rule: at, tree: wholeTree(result), table });
      else refuse(id, `${fields?.only ?? id} has no field ${result.unknown.join(', ')}`);
    }
    if (bounds.length > 0) this.#asked.add(at);
    return bounds;
  }

  async #table(bounds: readonly Bound[], window: Window, signal: AbortSignal): Promise<void> {
    const { db } = this.#database;
    const table = bounds[0]?.table;
    if (table === undefined) return;
    if (db.prepare(`SELECT 1 FROM main."${table.id}" LIMIT 1`).get() === undefined) return;
    const key = KEYS[table.id];
    const occurring = key === undefined ? [] : occurrences(db, table.id, key);
    const rows = occurring.reduce((sum, one) => sum + one.rows, 0);
    for (const group of planGroups(bounds, key, occurring)) {
      if (group.candidates.length === 0) continue;
      const extra = this.#extra(group.candidates, table);
      const statement = groupSql(
        table.id,
        key,
        group,
        extra.map(({ ref }) => listOf(table.id, ref)),
        window,
        group.rows < rows * MOST,
      );
      await this.#run(statement, table.id, extra, signal);
    }
  }

  /** Fields to be read of rows that match: those that correlations of these rules group by or count. */
  #extra(candidates: readonly Candidate[], table: Table): readonly Extra[] {
    const names = new Set(candidates.flatMap(({ rule }) => [...(this.#needed.get(rule) ?? [])]));
    return [...names].sort().flatMap((name) => {
      const ref = refOf(table, name);
      return ref === undefined ? [] : [{ name, ref }];
    });
  }

  async #run(
    { sql, params, rules }: GroupSql,
    table: string,
    extra: readonly Extra[],
    signal: AbortSignal,
  ): Promise<void> {
    const rows = this.#database.db
      .prepare<string[], (number | string | null)[]>(sql)
      .raw()
      .iterate(...params);
    let seen = 0;
    for (const row of rows) {
      seen += 1;
      if (seen % BREATH === 0) {
        await setImmediate();
        signal.throwIfAborted();
      }
      const [id = 0, timeUs = 0] = row as number[];
      const values = extra.length === 0 ? undefined : valuesOf(extra, row.slice(2 + rules.length));
      for (const [at, rule] of rules.entries()) {
        if (row[2 + at] !== 1) continue;
        this.#hits.push({ rule, timeUs, table, id, values });
      }
    }
  }

  correlations(): Scanned {
    const { rules, order } = this.#collection;
    const found = new Map<number, Occurrence[]>();
    for (const { rule, timeUs, table, id, values = NO_VALUES } of this.#hits) {
      if (!this.#needed.has(rule)) continue;
      const occurrence = { timeUs, firstUs: timeUs, rows: [{ table, id }], values };
      const list = found.get(rule);
      if (list === undefined) found.set(rule, [occurrence]);
      else list.push(occurrence);
    }
    const all: CorrelatedHit[] = [];
    for (const at of order) {
      const rule = rules[at];
      if (rule?.kind !== 'correlation') continue;
      const { correlation, of } = rule;
      if (of.some((one) => this.#asked.has(one))) this.#asked.add(at);
      else this.#notCompiled.push({ rule: at, table: null, reason: 'none of its rules was asked' });
      const hits = correlate(
        correlation,
        of.map((one) => found.get(one) ?? []),
        (index, name) => aliased(rule, rules[of[index] ?? -1], index, name),
      ).map((hit) => ({ ...hit, rule: at }));
      found.set(at, hits);
      for (const hit of hits) all.push(hit);
    }
    return {
      hits: this.#hits,
      correlated: all,
      notCompiled: this.#notCompiled,
      asked: this.#asked,
    };
  }
}

interface Extra {
  readonly name: string;
  readonly ref: Ref;
}

const NO_VALUES = (): readonly string[] => [];

function valuesOf(
  extra: readonly Extra[],
  cells: readonly (number | string | null)[],
): Occurrence['values'] {
  const values = new Map<string, readonly string[]>();
  for (const [at, { name }] of extra.entries()) {
    const cell = cells[at];
    const list = typeof cell === 'string' ? (JSON.parse(cell) as readonly (string | null)[]) : [];
    values.set(
      name,
      list.filter((value) => value !== null),
    );
  }
  return (field) => values.get(field) ?? [];
}

/** The field of a rule that an alias of a correlation means, or a field of that very name. */
function aliased(
  rule: Rule & { readonly kind: 'correlation' },
  of: Rule | undefined,
  index: number,
  name: string,
): string {
  const fields = rule.correlation.aliases.get(name);
  const words = [rule.correlation.rules[index], of?.name, of?.id];
  for (const word of words) {
    const field = typeof word === 'string' ? fields?.get(word) : undefined;
    if (field !== undefined) return field;
  }
  return name;
}

/** Fields whose values the correlations above a rule ask for. */
function neededFields({ rules, order }: Collection): ReadonlyMap<number, ReadonlySet<string>> {
  const needed = new Map<number, Set<string>>();
  // From the top down: what is asked of a correlation is asked of the rules below it.
  for (const at of order.toReversed()) {
    const rule = rules[at];
    if (rule?.kind !== 'correlation') continue;
    const { groupBy, fields } = rule.correlation;
    for (const [index, below] of rule.of.entries()) {
      const names = needed.get(below) ?? new Set<string>();
      for (const name of [...groupBy, ...fields])
        names.add(aliased(rule, rules[below], index, name));
      for (const name of needed.get(at) ?? []) names.add(name);
      needed.set(below, names);
    }
  }
  return needed;
}

function occurrences(db: Database, table: string, key: string): readonly Occurring[] {
  return db
    .prepare<[], Occurring>(
      `SELECT "${key}" AS value, count(*) AS rows FROM main."${table}" GROUP BY "${key}" ORDER BY "${key}"`,
    )
    .all();
}

/** A rule as each of its scopes in the table sees it, for saying which of its fields matched. */
export function boundRules(database: SigmaDatabase, rule: Rule, id: string): readonly BoundRule[] {
  const table = database.table(id);
  if (rule.kind !== 'detection' || table === undefined) return [];
  return scopesOf(rule.logsource)
    .filter((scope) => scope.table === id)
    .flatMap((scope) => {
      const result = bindRule(rule.tree, scope, table);
      return 'tree' in result ? [result] : [];
    });
}

/** The event of a row, as rules see it. */
export function eventOf(database: SigmaDatabase, table: string, id: number): Event {
  const known = new Map<string, Values>();
  const { raw, json } = database.record(table, id);
  const record = recordOf(table);
  const inRecord = record === 'raw' ? json : undefined;
  const column = (name: string): string | null => {
    const sql = `SELECT CAST("${name}" AS TEXT) AS cell FROM main."${table}" WHERE id = ?`;
    return (database.row(sql, id) as { readonly cell: string | null } | undefined)?.cell ?? null;
  };
  const values = (ref: Ref): Values => {
    if (ref.kind === 'column') {
      const text = column(ref.name);
      return { present: text !== null, values: text === null ? [] : [normal(text)] };
    }
    if (record === undefined || record === 'raw') return valuesAt(inRecord, ref.path);
    return valuesAt(database.parsed(column(record) ?? ''), ref.path);
  };
  return (ref) => {
    if (ref === undefined) return { present: true, values: eventTexts(raw, json) };
    const key = `${ref.kind} ${ref.kind === 'column' ? ref.name : ref.path}`;
    const have = known.get(key) ?? values(ref);
    known.set(key, have);
    return have;
  };
}
