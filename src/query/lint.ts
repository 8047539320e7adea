/**
 * What a query may be and what makes its answer depend on more than the evidence (docs/queries.md, "Determinism").
 * Refusals come from SQLite itself (the compiled program names every function that will run); warnings come from the
 * text and are recorded with the run.
 */
import { ExhibitError } from '../core/errors.ts';
import type { BoundParams } from './params.ts';
import { callsOf, isWord, selectBlocks, spelled, withoutAlias, type SelectBlock } from './shape.ts';
import { sqlTokens, type Token } from './tokens.ts';

/** Why a run's answer may differ elsewhere. */
export const WARNINGS = {
  float_arithmetic:
    'avg, total, median and percentile work in floating point: the last digits may differ between SQLite versions',
  real_result:
    'the result holds REAL values: floating point, whose last digits may differ between SQLite versions',
  unordered_concat:
    'an aggregate that joins values has no ORDER BY of its own: the order inside is not determined',
  bare_column:
    'a column is neither grouped nor aggregated: which row it comes from is not determined',
  limit_order:
    'LIMIT without an ORDER BY that is known to be total: which rows remain may not be determined',
  ascii_case: 'LIKE, NOCASE, lower and upper know only A to Z: other letters are compared by case',
  clock_table:
    'import_run records when imports were made: it differs from case file to case file with the same evidence',
} as const;

/** A warning of {@link WARNINGS} with its place in the text. */
export interface LintWarning {
  readonly code: keyof typeof WARNINGS;
  readonly detail: string;
}

/** A function as `pragma_function_list` describes it. */
export interface FunctionInfo {
  readonly name: string;
  /** `s` scalar, `a` aggregate, `w` aggregate that can be a window function. */
  readonly type: string;
  readonly flags: number;
}

// sqlite3.h: SQLITE_DETERMINISTIC.
const DETERMINISTIC = 0x800;
// Words that belong to statements that change or open something, or that load code.
const FORBIDDEN_WORDS = ['attach', 'detach', 'pragma', 'vacuum', 'reindex', 'load_extension'];
// Virtual tables that show the engine or the file instead of the evidence.
const FORBIDDEN_TABLES =
  /^(?:pragma_\w+|dbstat|sqlite_dbpage|sqlite_stmt|bytecode|tables_used|fts3tokenize)$/;
const AGGREGATES = [
  ...['count', 'sum', 'total', 'avg', 'median', 'percentile', 'percentile_cont', 'percentile_disc'],
  ...['group_concat', 'string_agg', 'json_group_array', 'json_group_object'],
  ...['jsonb_group_array', 'jsonb_group_object'],
];
const JOINING = AGGREGATES.filter((name) => /concat|agg|group/.test(name));
const FLOATING = ['avg', 'total', 'median', 'percentile', 'percentile_cont', 'percentile_disc'];

/**
 * Refuses a text that is not one reading statement, before SQLite sees it.
 * @throws ExhibitError `E_QUERY_REFUSED`.
 */
export function refuseByText(sql: string): void {
  const tokens = sqlTokens(sql);
  const first = tokens[0];
  if (first?.kind !== 'word' || !['select', 'with', 'values'].includes(first.value)) {
    throw refusal('a query is one SELECT statement', 'begin with SELECT or WITH');
  }
  const bad = tokens.find(
    (token) =>
      (token.kind === 'word' && FORBIDDEN_WORDS.includes(token.value)) ||
      ((token.kind === 'word' || token.kind === 'name') &&
        FORBIDDEN_TABLES.test(token.value.toLowerCase())),
  );
  if (bad === undefined) return;
  throw refusal(
    `"${bad.value}" is not allowed in a query`,
    'a query reads the tables of the case and nothing else; quote the word if it is a name',
  );
}

/**
 * Refuses functions whose result does not follow from the evidence.
 * @param used names of the functions in the compiled program.
 * @param known the functions of this SQLite.
 * @throws ExhibitError `E_QUERY_REFUSED`.
 */
export function refuseFunctions(used: readonly string[], known: readonly FunctionInfo[]): void {
  const bad = used.find((name) => {
    const same = known.filter((info) => info.name === name);
    const determined = (info: FunctionInfo): boolean =>
      info.type !== 's' || (info.flags & DETERMINISTIC) !== 0;
    return name.startsWith('sqlite_') || same.length === 0 || !same.every(determined);
  });
  if (bad === undefined) return;
  throw refusal(
    `${bad}() does not give the same answer every time`,
    'leave it out: an answer must follow from the evidence alone',
  );
}

/** Warnings that follow from the text and the parameters. */
export function lintText(sql: string, params: BoundParams): readonly LintWarning[] {
  const tokens = sqlTokens(sql);
  const blocks = selectBlocks(tokens);
  const found: LintWarning[] = [];
  const warn = (code: LintWarning['code'], detail: string): void => {
    if (!found.some((old) => old.code === code && old.detail === detail))
      found.push({ code, detail });
  };
  for (const call of callsOf(tokens, FLOATING))
    warn('float_arithmetic', tokens[call.at]?.value ?? '');
  for (const call of callsOf(tokens, JOINING)) {
    if (!call.inside.some((token) => isWord(token, 'order'))) {
      warn('unordered_concat', tokens[call.at]?.value ?? '');
    }
  }
  for (const block of blocks) {
    for (const column of bareColumns(block)) warn('bare_column', column);
    if (block.limited && !totalOrder(block)) warn('limit_order', spelled(block.orderBy.flat()));
  }
  const foreign = foreignText(tokens, params);
  if (foreign !== undefined && tokens.some(comparesAscii)) warn('ascii_case', foreign);
  if (tokens.some((token) => token.value.toLowerCase() === 'import_run'))
    warn('clock_table', 'import_run');
  return found;
}

function bareColumns(block: SelectBlock): readonly string[] {
  const aggregated = (item: readonly Token[]): boolean => aggregateCalls(item).length > 0;
  if (block.groupBy.length === 0 && !block.items.some(aggregated)) return [];
  const keys = new Set(block.groupBy.map(spelled));
  const keyColumns = new Set(block.groupBy.flatMap(columnsIn));
  return block.items.flatMap((item, index) => {
    const { body, alias } = withoutAlias(item);
    if (keys.has(spelled(body)) || keys.has(String(index + 1))) return [];
    if (alias !== undefined && keys.has(alias)) return [];
    if (body.some((token) => isWord(token, 'select'))) return [];
    const calls = aggregateCalls(body);
    const outside = body.filter((_, at) => !calls.some((call) => at >= call.at && at <= call.end));
    return columnsIn(outside).filter((column) => !keyColumns.has(column));
  });
}

// A SELECT in parentheses folds its own rows, not those around it.
function inSubselect(tokens: readonly Token[], at: number): boolean {
  const open: boolean[] = [];
  for (let i = 0; i < at; i += 1) {
    if (tokens[i]?.value === '(') open.push(isWord(tokens[i + 1], 'select'));
    else if (tokens[i]?.value === ')') open.pop();
  }
  return open.includes(true);
}

// Calls that fold many rows: not those that stand before OVER, and min and max only with one argument.
function aggregateCalls(tokens: readonly Token[]): ReturnType<typeof callsOf> {
  const depth = (tokens[0]?.depth ?? 0) + 1;
  const calls = callsOf(tokens, [...AGGREGATES, 'min', 'max']);
  return calls.filter((call) => {
    if (isWord(tokens[call.end + 1], 'over') || inSubselect(tokens, call.at)) return false;
    const name = tokens[call.at]?.value ?? '';
    const comma = call.inside.some((token) => token.value === ',' && token.depth <= depth);
    return !(comma && (name === 'min' || name === 'max'));
  });
}

const NOT_COLUMNS = new Set(
  'and or not is null in like glob between case when then else end as distinct collate nocase escape cast text integer real blob filter over exists true false partition by order asc desc rows'.split(
    ' ',
  ),
);

function columnsIn(tokens: readonly Token[]): readonly string[] {
  return tokens.flatMap((token, at) => {
    if (token.kind !== 'word' && token.kind !== 'name') return [];
    const name = token.value.toLowerCase();
    const next = tokens[at + 1]?.value;
    const table = next === '.';
    return table || next === '(' || (token.kind === 'word' && NOT_COLUMNS.has(name)) ? [] : [name];
  });
}

// An order is known to be total if it names a row id, every group key, or every result column.
function totalOrder(block: SelectBlock): boolean {
  const terms = block.orderBy.map((term) =>
    spelled(term.filter((token) => !['asc', 'desc'].includes(token.value))),
  );
  if (terms.length === 0) return false;
  if (terms.some((term) => /(?:^|\. )(?:id|rowid)$/.test(term))) return true;
  const named = (part: readonly Token[], index: number): boolean => {
    const { body, alias } = withoutAlias(part);
    return [spelled(body), alias, String(index + 1)].some((name) => terms.includes(name ?? ' '));
  };
  const grouped = block.groupBy.length > 0 && block.groupBy.every(named);
  return grouped || block.items.every(named);
}

function foreignText(tokens: readonly Token[], params: BoundParams): string | undefined {
  const texts = [
    ...tokens.flatMap((token) => (token.kind === 'string' ? [token.value] : [])),
    ...Object.values(params).flatMap((value) => (typeof value === 'string' ? [value] : [])),
  ];
  return texts.find((text) => /[^\p{ASCII}]/u.test(text));
}

function comparesAscii(token: Token): boolean {
  return token.kind === 'word' && ['like', 'nocase', 'lower', 'upper'].includes(token.value);
}

function refusal(message: string, hint: string): ExhibitError {
  return new ExhibitError('E_QUERY_REFUSED', message, { hint });
}
