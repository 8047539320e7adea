/**
 * Runs one query on an open case database and gives its canonical result. Runs inside the worker thread, where the main
 * thread can end it; nothing here writes.
 */
import { Buffer } from 'node:buffer';
import type { Database } from '../db/open.ts';
import { sqliteFailure } from '../db/failure.ts';
import { CLOCK_ASKED } from '../db/no-clock.ts';
import { ExhibitError } from '../core/errors.ts';
import { canonicalResult, canonicalRow, type CanonicalResult, type Cell } from './canonical.ts';
import {
  lintText,
  refuseByText,
  refuseFunctions,
  type FunctionInfo,
  type LintWarning,
} from './lint.ts';
import type { BoundParams } from './params.ts';
import { bareStatement, usedParams } from './tokens.ts';

/** What a run gave. */
export interface Answer extends CanonicalResult {
  readonly columns: readonly string[];
  /** `determined`: scanning the tables in the opposite direction gives the same rows in the same order. */
  readonly order: 'determined' | 'not_determined';
  readonly warnings: readonly LintWarning[];
  /** For `not_determined`: the same query ordered by all its columns. */
  readonly ordered_sql?: string;
}

/** Rows a result may have unless `--max-rows` says otherwise. */
export const DEFAULT_MAX_ROWS = 1_000_000;

/** Characters that the rows of a result may have together: they are held in memory, more than once. */
const MAX_CHARACTERS = 128 * 1024 * 1024;

/**
 * Checks, runs twice (with `reverse_unordered_selects` off and on) and hashes.
 * @param db read-only connection without a clock.
 * @param maxRows a result of more is refused, and so is one of more than 128 Mi characters.
 * @throws ExhibitError `E_QUERY_REFUSED`, `E_QUERY_PARAM`.
 */
export function execute(
  db: Database,
  sql: string,
  params: BoundParams,
  maxRows = DEFAULT_MAX_ROWS,
): Answer {
  const columns = checkQuery(db, sql, params);

  // One read transaction: both runs see one state.
  db.exec('BEGIN');
  try {
    db.pragma('reverse_unordered_selects = 0');
    const first = new KeptRows(maxRows);
    const reals = canonicalRows(db, sql, columns, params, first);
    db.pragma('reverse_unordered_selects = 1');
    const second = new Compared(first.rows);
    canonicalRows(db, sql, columns, params, second);
    const result = canonicalResult(columns, first.rows);
    const determined = second.same;
    const warnings = [...lintText(sql, params)];
    if (reals) warnings.push({ code: 'real_result', detail: '' });
    return {
      ...result,
      columns,
      warnings,
      order: determined ? 'determined' : 'not_determined',
      ...(determined ? {} : { ordered_sql: orderedByAll(sql, columns.length) }),
    };
  } finally {
    db.pragma('reverse_unordered_selects = 0');
    db.exec('COMMIT');
  }
}

/**
 * Rows one at a time as they come, as canonical lines, asked once and kept nowhere; each with whether a text in it may be
 * bytes that are not UTF-8, which the driver gives as U+FFFD.
 * @throws ExhibitError as {@link execute}.
 */
export function* eachRow(
  db: Database,
  sql: string,
  params: BoundParams,
): Generator<{ readonly line: string; readonly doubtful: boolean }> {
  const rows = asQuery(() => iterate(db, sql, params));
  for (;;) {
    const next = asQuery(() => rows.next());
    if (next.done === true) return;
    const cells = next.value as Cell[];
    const doubtful = cells.some((cell) => typeof cell === 'string' && cell.includes('\ufffd'));
    yield { line: canonicalRow(cells), doubtful };
  }
}

/**
 * Refuses what is not one reading statement with a determined answer.
 * @returns its columns.
 * @throws ExhibitError `E_QUERY_REFUSED`, `E_QUERY_PARAM`.
 */
export function checkQuery(db: Database, sql: string, params: BoundParams): readonly string[] {
  refuseByText(sql);
  const missing = usedParams(sql).find((name) => !Object.hasOwn(params, name));
  if (missing !== undefined) {
    throw new ExhibitError('E_QUERY_PARAM', `the parameter "${missing}" is missing`, {
      hint: `give --param ${missing}=...`,
    });
  }
  const statement = asQuery(() => db.prepare(sql));
  if (!statement.readonly || !statement.reader) {
    throw new ExhibitError('E_QUERY_REFUSED', 'the statement does not only read', {
      hint: 'a query is one SELECT statement',
    });
  }
  refuseFunctions(functionsIn(db, sql, params), functionsKnown(db));
  return statement.columns().map((column) => column.name);
}

/** Where the rows of a run go. */
interface Rows {
  readonly add: (row: string) => void;
  /** Forgets what was added. */
  readonly clear: () => void;
}

/** Canonical rows in memory, within limits. `add` throws `E_QUERY_REFUSED` for a row too many. */
export class KeptRows implements Rows {
  rows: string[] = [];
  readonly #maxRows: number;
  #characters = 0;

  constructor(maxRows: number) {
    this.#maxRows = maxRows;
  }

  add(row: string): void {
    this.#characters += row.length;
    if (this.rows.length === this.#maxRows) {
      throw new ExhibitError(
        'E_QUERY_REFUSED',
        `the result has more than ${String(this.#maxRows)} rows`,
        { hint: 'narrow it, let it aggregate, or allow more with --max-rows' },
      );
    }
    if (this.#characters > MAX_CHARACTERS) {
      throw new ExhibitError(
        'E_QUERY_REFUSED',
        `the rows have more than ${String(MAX_CHARACTERS)} characters together`,
        { hint: 'narrow it, or pick fewer columns' },
      );
    }
    this.rows.push(row);
  }

  clear(): void {
    this.rows = [];
    this.#characters = 0;
  }
}

/** Rows that are only compared with those of the run before. */
class Compared implements Rows {
  readonly #expected: readonly string[];
  #count = 0;
  #differ = false;

  constructor(expected: readonly string[]) {
    this.#expected = expected;
  }

  get same(): boolean {
    return !this.#differ && this.#count === this.#expected.length;
  }

  add(row: string): void {
    this.#differ ||= this.#expected[this.#count] !== row;
    this.#count += 1;
  }

  clear(): void {
    this.#count = 0;
    this.#differ = false;
  }
}

/** True if a value was a floating-point number. */
function canonicalRows(
  db: Database,
  sql: string,
  columns: readonly string[],
  params: BoundParams,
  into: Rows,
): boolean {
  const seen = { reals: false, doubtful: false };
  asQuery(() => {
    for (const row of iterate(db, sql, params)) {
      for (const cell of row) {
        if (typeof cell === 'number') seen.reals = true;
        // The driver writes U+FFFD for bytes that are not UTF-8; real ones look the same.
        else if (typeof cell === 'string' && cell.includes('\ufffd')) seen.doubtful = true;
      }
      into.add(canonicalRow(row as Cell[]));
    }
  });
  if (seen.doubtful) {
    into.clear();
    exactRows(db, sql, columns.length, params, into);
  }
  return seen.reals;
}

// Again, with every value's type and bytes, so that text that is not valid UTF-8 is told from U+FFFD.
function exactRows(
  db: Database,
  sql: string,
  width: number,
  params: BoundParams,
  into: Rows,
): void {
  const names = columnNames(width);
  const picks = names.map((name) => `typeof(${name}), ${name}, CAST(${name} AS BLOB)`);
  const wrapped = `${asTable(sql, names)} SELECT ${picks.join(', ')} FROM q`;
  for (const row of iterate(db, wrapped, params)) {
    const cells = names.map((_, at): Cell => {
      const [type, value, bytes] = row.slice(at * 3, at * 3 + 3) as [
        string,
        Cell,
        Uint8Array | null,
      ];
      return type === 'text' && bytes !== null ? textCell(bytes) : value;
    });
    into.add(canonicalRow(cells));
  }
}

function textCell(bytes: Uint8Array): Cell {
  const text = Buffer.from(bytes).toString('utf8');
  return Buffer.from(text, 'utf8').equals(bytes) ? text : { badText: bytes };
}

function iterate(db: Database, sql: string, params: BoundParams): IterableIterator<unknown[]> {
  const statement = db.prepare<[BoundParams], unknown[]>(sql).safeIntegers().raw();
  // The driver takes an object only where the statement has parameters.
  return Object.keys(params).length === 0
    ? (statement as unknown as { iterate: () => IterableIterator<unknown[]> }).iterate()
    : statement.iterate(params);
}

/** The query as one more level, ordered by all its columns: every row in a place of its own. */
function orderedByAll(sql: string, width: number): string {
  const terms = Array.from({ length: width }, (_, at) => String(at + 1)).join(', ');
  return `SELECT * FROM (\n${bareStatement(sql)}\n) ORDER BY ${terms}`;
}

function asTable(sql: string, names: readonly string[]): string {
  return `WITH q(${names.join(', ')}) AS (\n${bareStatement(sql)}\n)`;
}

function columnNames(width: number): readonly string[] {
  return Array.from({ length: width }, (_, at) => `c${String(at)}`);
}

// SQLite, "The bytecode engine": Function, PureFunc and the Agg opcodes carry `name(arguments)` in P4.
function functionsIn(db: Database, sql: string, params: BoundParams): readonly string[] {
  const names = new Set<string>();
  asQuery(() => {
    for (const row of iterate(db, `EXPLAIN ${sql}`, params)) {
      const called = /^(.+)\(-?\d+\)$/.exec(String(row[5]));
      if (/^(?:Function|PureFunc|Agg)/.test(String(row[1])) && called?.[1] !== undefined) {
        names.add(called[1].toLowerCase());
      }
    }
  });
  return [...names].sort();
}

function functionsKnown(db: Database): readonly FunctionInfo[] {
  return db.prepare<[], FunctionInfo>('SELECT name, type, flags FROM pragma_function_list').all();
}

// What SQLite says about a query is about the query, not about exhibit.
function asQuery<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof ExhibitError) throw cause;
    // SQLITE_ERROR is about the statement; all else is about the file.
    const failure = sqliteFailure(cause, 'case.db');
    if (failure !== undefined && (cause as { code?: unknown }).code !== 'SQLITE_ERROR')
      throw failure;
    const message = cause instanceof Error ? cause.message : String(cause);
    if (message === CLOCK_ASKED) {
      throw new ExhibitError('E_QUERY_REFUSED', message, {
        cause,
        hint: 'compare with a parameter instead: an answer must follow from the evidence alone',
      });
    }
    throw new ExhibitError('E_QUERY_REFUSED', `SQLite refuses the query: ${message}`, {
      cause,
      // raw is the record's own text: a row of a CSV file stands beside JSON records in one table.
      hint: message.includes('malformed JSON')
        ? "raw is not JSON in every row: ask CASE WHEN json_valid(raw) THEN json_extract(raw, '$.…') END"
        : 'docs/schema.md names the tables and columns',
    });
  }
}
