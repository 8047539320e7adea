/** Full search: every record's text, decoded values and common columns, letters in either case. */
import { parseJson, type JsonValue } from '../core/json.ts';
import type { Database } from '../db/open.ts';
import { filterSql, type EventFilter, type EventRow } from './events.ts';

/** One thing that must be there: text anywhere, or text in a field. All letters lower case. */
interface Term {
  readonly text: string;
  readonly field: string | undefined;
  readonly value: string;
}

/** A record that holds every term. */
export interface Hit extends EventRow {
  /** Where: paths in the record's JSON, or columns. */
  readonly where: readonly string[];
}

// Enough to see why a record was found.
const MAX_PLACES = 4;

/** Words and "quoted phrases" of a search; `field:value` looks into one column or JSON member. */
export function parseTerms(text: string): readonly Term[] {
  const words = text.match(/(?:[^\s":]+:)?"[^"]*"|\S+/g) ?? [];
  return words.map((word) => {
    const plain = word.replaceAll('"', '').toLowerCase();
    const field = /^([a-z_][\w.]*):(.+)$/s.exec(plain);
    return { text: plain, field: field?.[1], value: field?.[2] ?? plain };
  });
}

/**
 * Records of one source that hold every term, in the order of their ids.
 * @param table source table, from the database's own list.
 */
export function* searchSource(
  db: Database,
  table: string,
  terms: readonly Term[],
  filter: EventFilter,
): Generator<Hit> {
  const { where, params } = filterSql(filter);
  const columns = columnsOf(db, table);
  const wanted = terms.flatMap((term) =>
    term.field !== undefined && columns.includes(term.field) ? [term.field] : [],
  );
  const extra = [...new Set(wanted)].map((name) => `, "${name}" AS "_${name}"`).join('');
  const rows = db
    .prepare<[typeof params], EventRow & Record<string, unknown> & { readonly raw: string }>(
      `SELECT id, '${table}' AS source, time_us, account_id, region, actor, action, target,
              src_ip, dst_ip, outcome, raw${extra}
         FROM "${table}" WHERE ${where} ORDER BY id`,
    )
    .iterate(params);
  for (const row of rows) {
    const places = findAll(row, terms);
    if (places === undefined) continue;
    yield {
      id: row.id,
      source: row.source,
      time_us: row.time_us,
      account_id: row.account_id,
      region: row.region,
      actor: row.actor,
      action: row.action,
      target: row.target,
      src_ip: row.src_ip,
      dst_ip: row.dst_ip,
      outcome: row.outcome,
      where: places,
    };
  }
}

/** Rejected records whose bytes hold every term. They have no time and no columns. */
export function* searchRejects(
  db: Database,
  terms: readonly Term[],
): Generator<{ readonly id: number; readonly source: string; readonly reason: string }> {
  const rows = db
    .prepare<[], { id: number; source: string; reason: string; raw: string }>(
      'SELECT id, source, reason, raw FROM reject ORDER BY id',
    )
    .iterate();
  for (const { id, source, reason, raw } of rows) {
    const text = raw.toLowerCase();
    if (terms.every((term) => text.includes(term.text))) yield { id, source, reason };
  }
}

type Row = EventRow & Readonly<Record<string, unknown>> & { readonly raw: string };

function findAll(row: Row, terms: readonly Term[]): readonly string[] | undefined {
  const raw = row.raw.toLowerCase();
  const record = new Leaves(row.raw);
  const places: string[] = [];
  for (const term of terms) {
    const found = find(row, raw, record, term);
    if (found.length === 0) return undefined;
    places.push(...found);
  }
  return [...new Set(places)].slice(0, MAX_PLACES);
}

function find(row: Row, raw: string, record: Leaves, term: Term): readonly string[] {
  const { field, value, text } = term;
  if (field !== undefined) {
    const column = row[`_${field}`];
    if (
      column !== undefined &&
      column !== null &&
      (column as string | number | bigint).toString().toLowerCase().includes(value)
    ) {
      return [field];
    }
    // A member's value can only be there if its text is, or if the text is spelled with escapes.
    if (raw.includes(value) || raw.includes('\\')) {
      const paths = record.find((path, leaf) => named(path, field) && leaf.includes(value));
      if (paths.length > 0) return paths;
    }
  }
  if (raw.includes(text)) {
    const paths = record.find(
      (path, leaf) => leaf.includes(text) || path.toLowerCase().includes(text),
    );
    return paths.length > 0 ? paths : ['raw'];
  }
  if (row.target?.toLowerCase().includes(text) === true) return ['target'];
  return raw.includes('\\') ? record.find((_, leaf) => leaf.includes(text)) : [];
}

function named(path: string, field: string): boolean {
  const lower = path.toLowerCase().replace(/\[\d+\]/g, '');
  return lower === field || lower.endsWith(`.${field}`);
}

/** Values inside a JSON record with their paths, taken apart only when somebody looks. */
class Leaves {
  readonly #raw: string;
  #leaves: readonly (readonly [string, string])[] | undefined;

  constructor(raw: string) {
    this.#raw = raw;
  }

  find(good: (path: string, value: string) => boolean): readonly string[] {
    this.#leaves ??= [...leavesOf(parseJson(this.#raw), '')];
    return this.#leaves.filter(([path, value]) => good(path, value)).map(([path]) => path);
  }
}

function* leavesOf(
  value: JsonValue | undefined,
  path: string,
): Generator<readonly [string, string]> {
  if (value === undefined || value === null) return;
  if (typeof value !== 'object') {
    yield [path, String(value).toLowerCase()];
    return;
  }
  for (const [name, member] of Object.entries(value)) {
    const next = Array.isArray(value)
      ? `${path}[${name}]`
      : `${path}${path === '' ? '' : '.'}${name}`;
    yield* leavesOf(member, next);
  }
}

function columnsOf(db: Database, table: string): readonly string[] {
  return db.prepare<[string], string>('SELECT name FROM pragma_table_xinfo(?)').pluck().all(table);
}
