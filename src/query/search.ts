/** Full search: every record's text, decoded values and common columns, letters in either case. */
import { parseJson, type JsonValue } from '../core/json.ts';
import type { FullText, Rows } from '../db/full-text.ts';
import type { Database } from '../db/open.ts';
import { filterSql, type EventFilter, type EventRow } from './events.ts';
import type { Term } from './search-terms.ts';

/** A record that holds every term. */
export interface Hit extends EventRow {
  /** Where: paths in the record's JSON, or columns. */
  readonly where: readonly string[];
}

// Enough to see why a record was found.
const MAX_PLACES = 4;

/** Records that are looked through together, and their characters at most: work of a moment, unless an expression is mad. */
const BATCH_ROWS = 200;
const BATCH_CHARACTERS = 4 * 1024 * 1024;

/**
 * Records of one source that hold every term, in the order of their ids, in batches.
 * @param table source table, from the database's own list.
 * @param timed runs the looking through of one batch, and may end it.
 * @param fullText what rules out records that need not be looked at.
 */
export function* searchSource(
  db: Database,
  table: string,
  terms: readonly Term[],
  filter: EventFilter,
  timed: <T>(work: () => T) => T,
  fullText?: FullText,
): Generator<readonly Hit[]> {
  const { where, params } = filterSql(filter);
  const columns = columnsOf(db, table);
  const wanted = terms.flatMap((term) =>
    term.field !== undefined && columns.includes(term.field) ? [term.field] : [],
  );
  const extra = [...new Set(wanted)].map((name) => `, "${name}" AS "_${name}"`).join('');
  const select = `SELECT id, '${table}' AS source, time_us, account_id, region, actor, action, target,
              src_ip, dst_ip, outcome, raw${extra} FROM "${table}" WHERE ${where}`;
  // A column that is asked for by name need not be in the record's text.
  const narrowing = terms.filter(
    ({ field, expression }) =>
      expression === undefined && (field === undefined || !columns.includes(field)),
  );
  const found = fullText?.rows(narrowing.map(({ value }) => value));
  const rows =
    found === undefined
      ? db.prepare<[typeof params], Row>(`${select} ORDER BY id`).iterate(params)
      : within(db, select, params, found.get(table) ?? []);
  const look = (batch: readonly Row[]): readonly Hit[] =>
    timed(() => batch.flatMap((row) => hitOf(row, terms)));
  let batch: Row[] = [];
  let characters = 0;
  for (const row of rows) {
    batch.push(row);
    characters += row.raw.length;
    if (batch.length < BATCH_ROWS && characters < BATCH_CHARACTERS) continue;
    yield look(batch);
    batch = [];
    characters = 0;
  }
  yield look(batch);
}

function* within(
  db: Database,
  select: string,
  params: ReturnType<typeof filterSql>['params'],
  ranges: Rows,
): Generator<Row> {
  const rows = db.prepare<[typeof params], Row>(
    `${select} AND id BETWEEN :first_row AND :last_row ORDER BY id`,
  );
  for (const [first, last] of ranges)
    yield* rows.iterate({ ...params, first_row: first, last_row: last });
}

/** All text of a record that a search may look at, but for columns that are asked for by name: for the full-text index. */
export function searchedText(raw: string, target: string | null): string {
  const parts = [raw.toLowerCase()];
  if (target !== null) parts.push(target.toLowerCase());
  if (raw.includes('\\'))
    for (const [, value] of new Leaves(raw).all()) parts.push(value.toLowerCase());
  return parts.join('\n');
}

function hitOf(row: Row, terms: readonly Term[]): readonly Hit[] {
  const places = findAll(row, terms);
  if (places === undefined) return [];
  const { id, source, time_us, account_id, region, actor, action } = row;
  const { target, src_ip, dst_ip, outcome } = row;
  const common = { account_id, region, actor, action, target, src_ip, dst_ip, outcome };
  return [{ id, source, time_us, ...common, where: places }];
}

/** A rejected record that was found. */
export interface RejectHit {
  readonly id: number;
  readonly source: string;
  readonly reason: string;
}

/** Rejected records whose bytes hold every term. They have no time and no columns. */
export function* searchRejects(
  db: Database,
  terms: readonly Term[],
  timed: <T>(work: () => T) => T,
): Generator<RejectHit> {
  const rows = db
    .prepare<[], RejectHit & { raw: string }>(
      'SELECT id, source, reason, raw FROM reject ORDER BY id',
    )
    .iterate();
  for (const { id, source, reason, raw } of rows) {
    const text = raw.toLowerCase();
    const holds = (term: Term): boolean =>
      term.expression === undefined
        ? text.includes(term.text === '' ? term.value : term.text)
        : term.expression.test(raw);
    if (timed(() => terms.every(holds))) yield { id, source, reason };
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
  const { field, value, text, expression } = term;
  if (field !== undefined) {
    const column = row[`_${field}`];
    if (
      column !== undefined &&
      column !== null &&
      holds((column as string | number | bigint).toString(), term)
    ) {
      return [field];
    }
    // A member's value can only be there if its text is, or if the text is spelled with escapes.
    if (expression !== undefined || raw.includes(value) || raw.includes('\\')) {
      const paths = record.find((path, leaf) => named(path, field) && holds(leaf, term));
      if (paths.length > 0) return paths;
    }
    if (text === '') return [];
  }
  if (expression !== undefined) {
    const paths = record.find((_, leaf) => expression.test(leaf));
    if (paths.length > 0) return paths;
    if (expression.test(row.raw)) return ['raw'];
    return row.target !== null && expression.test(row.target) ? ['target'] : [];
  }
  if (raw.includes(text)) {
    const paths = record.find(
      (path, leaf) => leaf.toLowerCase().includes(text) || path.toLowerCase().includes(text),
    );
    return paths.length > 0 ? paths : ['raw'];
  }
  if (row.target?.toLowerCase().includes(text) === true) return ['target'];
  return raw.includes('\\') ? record.find((_, leaf) => leaf.toLowerCase().includes(text)) : [];
}

function holds(value: string, { expression, value: text }: Term): boolean {
  return expression === undefined ? value.toLowerCase().includes(text) : expression.test(value);
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
    return this.all()
      .filter(([path, value]) => good(path, value))
      .map(([path]) => path);
  }

  all(): readonly (readonly [path: string, value: string])[] {
    this.#leaves ??= [...leavesOf(parseJson(this.#raw), '')];
    return this.#leaves;
  }
}

function* leavesOf(
  value: JsonValue | undefined,
  path: string,
): Generator<readonly [string, string]> {
  if (value === undefined || value === null) return;
  if (typeof value !== 'object') {
    yield [path, String(value)];
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
