/**
 * A rule as SQL. What SQLite decides exactly as the language does is plain SQL; the rest are functions that
 * functions.ts adds to the connection. Every literal is text of the rule, quoted; evidence stays in its columns.
 */
import type { BoundTree, Leaf, Operator, Ref, Test } from './model.ts';
import { isAscii, likePattern, patternText, plainText } from './pattern.ts';
import { recordOf } from './tables.ts';

/** SQLite's limit on patterns of LIKE and GLOB, in bytes. */
const MAX_LIKE = 50_000;
const MAX_INTEGER = 2n ** 63n - 1n;

/** A text shorter than this rules out too little. */
const MIN_NEEDED = 3;

/** A value of a list that json_each walks. */
const LISTED = 'v.value';

const SIGNS: Readonly<Record<Operator, string>> = {
  lt: '<',
  lte: '<=',
  gt: '>',
  gte: '>=',
  eq: '=',
};

/**
 * An expression that is 1 or 0, never NULL, for rows of a table called `t`.
 * @param table source table whose fields the tree is bound to.
 */
export function compileTree(tree: BoundTree, table: string): string {
  switch (tree.kind) {
    case 'fixed':
      return tree.value ? '1' : '0';
    case 'not':
      return `NOT ${compileTree(tree.item, table)}`;
    case 'leaf':
      return compileLeaf(tree.leaf, table);
    default: {
      // What costs little first: SQLite looks no further than it must.
      const items = tree.items.toSorted((a, b) => costOf(a) - costOf(b));
      const parts = items.map((item) => compileTree(item, table));
      return joined(parts, tree.kind === 'and' ? ' AND ' : ' OR ');
    }
  }
}

/** Parts joined as a tree: SQLite allows a depth of a thousand, and rules have lists of thousands. */
export function joined(parts: readonly string[], word: ' AND ' | ' OR '): string {
  const [only] = parts;
  if (only === undefined) return word === ' AND ' ? '1' : '0';
  if (parts.length === 1) return only;
  const half = Math.ceil(parts.length / 2);
  return `(${joined(parts.slice(0, half), word)}${word}${joined(parts.slice(half), word)})`;
}

/** A text as a literal. */
function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function costOf(tree: BoundTree): number {
  switch (tree.kind) {
    case 'fixed':
      return 0;
    case 'not':
      return costOf(tree.item);
    case 'leaf': {
      const { field, tests } = tree.leaf;
      if (field === undefined) return 1000;
      const functions = tests.some(({ kind }) => kind !== 'match' && kind !== 'null');
      return field.kind === 'record' ? 100 : functions ? 10 : 1;
    }
    default:
      return Math.max(...tree.items.map(costOf));
  }
}

function compileLeaf(leaf: Leaf<Ref>, table: string): string {
  const { field, tests, all } = leaf;
  const word = all ? ' AND ' : ' OR ';
  if (field?.kind === 'column') {
    const column = `t."${field.name}"`;
    if (all)
      return joined(
        tests.map((test) => onColumn([test], column, field, table)),
        word,
      );
    return onColumn(tests, column, field, table);
  }
  const list = field === undefined ? texts(table) : members(table, field.path);
  if (all)
    return joined(
      tests.map((test) => onList([test], list, table)),
      word,
    );
  return onList(tests, list, table);
}

/** JSON list of what a record has at a path; NULL where it has nothing there. */
function members(table: string, path: string): string {
  const record = recordOf(table);
  return record === 'raw' || record === undefined
    ? `sigma_record(${literal(table)}, t.id, ${literal(path)})`
    : `sigma_member(t."${record}", ${literal(path)})`;
}

/** JSON list of the texts in which keywords are looked for. */
function texts(table: string): string {
  return `sigma_texts(${literal(table)}, t.id)`;
}

/** Values of a field, for selecting them: a JSON list, NULL where there is none. */
export function listOf(table: string, ref: Ref): string {
  return ref.kind === 'column'
    ? `CASE WHEN t."${ref.name}" IS NOT NULL THEN json_array(CAST(t."${ref.name}" AS TEXT)) END`
    : members(table, ref.path);
}

function onList(tests: readonly Test<Ref>[], list: string, table: string): string {
  const parts: string[] = [];
  const inner: Test<Ref>[] = [];
  for (const test of tests) {
    if (test.kind === 'exists') parts.push(`${list} IS ${test.wanted ? 'NOT ' : ''}NULL`);
    else if (test.kind === 'null') {
      parts.push(`NOT EXISTS (SELECT 1 FROM json_each(${list}) AS v WHERE v.value IS NOT NULL)`);
    } else inner.push(test);
  }
  if (inner.length > 0) {
    const text: Ref = { kind: 'column', name: 'value', type: 'TEXT' };
    parts.push(
      `EXISTS (SELECT 1 FROM json_each(${list}) AS v WHERE ${onColumn(inner, LISTED, text, table)})`,
    );
  }
  return joined(parts, ' OR ');
}

/** One of the tests, of a column or of the value of a list. */
function onColumn(
  tests: readonly Test<Ref>[],
  column: string,
  ref: Ref & { readonly kind: 'column' },
  table: string,
): string {
  const integer = ref.type === 'INTEGER';
  const text = integer ? `CAST(${column} AS TEXT)` : column;
  const folded: string[] = [];
  const exact: string[] = [];
  const numbers: string[] = [];
  const parts: string[] = [];
  for (const test of tests) {
    const plain = test.kind === 'match' ? plainText(test.pattern) : undefined;
    if (
      test.kind === 'match' &&
      plain !== undefined &&
      (integer || (test.cased ? !plain.includes('\ufffd') : isAscii(plain)))
    ) {
      if (integer) {
        if (isInteger(plain)) numbers.push(plain);
      } else if (test.cased) exact.push(literal(plain));
      else folded.push(literal(plain.toLowerCase()));
    } else parts.push(onValue(test, column, text, integer, table));
  }
  const known = (condition: string): string => `ifnull(${condition}, 0)`;
  if (numbers.length > 0) parts.unshift(known(`${column} IN (${numbers.join(', ')})`));
  if (exact.length > 0) parts.unshift(known(`${column} IN (${exact.join(', ')})`));
  if (folded.length > 0) parts.unshift(known(`lower(${column}) IN (${folded.join(', ')})`));
  return joined(parts, ' OR ');
}

/** True for an integer as SQLite writes it. */
function isInteger(text: string): boolean {
  if (!/^-?\d{1,19}$/.test(text)) return false;
  const number = BigInt(text);
  return String(number) === text && number <= MAX_INTEGER && number >= -MAX_INTEGER;
}

function onValue(
  test: Test<Ref>,
  column: string,
  text: string,
  integer: boolean,
  table: string,
): string {
  const known = (condition: string): string => `ifnull(${condition}, 0)`;
  switch (test.kind) {
    case 'null':
      return `${column} IS NULL`;
    case 'exists':
      return `${column} IS ${test.wanted ? 'NOT ' : ''}NULL`;
    case 'match':
      return match(test, column, text);
    case 'regex': {
      const { source, flags } = test.regex;
      const letters = ['i', 'm', 's'].filter((flag) => flags[flag as keyof typeof flags]).join('');
      const whole = `sigma_regex(${text}, ${literal(source)}, ${literal(letters)})`;
      // What SQLite can rule out by itself costs a tenth of a call.
      const { needs } = test.regex;
      return known(
        needs.length < MIN_NEEDED
          ? whole
          : `CASE WHEN instr(lower(${text}), ${literal(needs)}) THEN ${whole} ELSE 0 END`,
      );
    }
    case 'cidr':
      return known(`sigma_cidr(${text}, ${literal(test.text)})`);
    case 'compare': {
      const { operator, number } = test;
      const native = integer && Math.abs(Number(number)) < 2 ** 53;
      return known(
        native
          ? `${column} ${SIGNS[operator]} ${String(number)}`
          : `sigma_compare(${text}, ${literal(operator)}, ${literal(String(number))})`,
      );
    }
    case 'part':
      return known(
        `sigma_part(${text}, ${literal(test.unit)}) ${SIGNS[test.operator]} ${String(test.number)}`,
      );
    case 'field': {
      const arguments_ = `${literal(test.place)}, ${test.cased ? '1' : '0'}`;
      const other = test.field;
      if (other.kind === 'column') {
        const right = `CAST(t."${other.name}" AS TEXT)`;
        return known(`sigma_placed(${text}, ${right}, ${arguments_})`);
      }
      return `EXISTS (SELECT 1 FROM json_each(${members(table, other.path)}) AS w WHERE sigma_placed(${text}, w.value, ${arguments_}))`;
    }
  }
}

function match(
  { pattern, cased }: Test<Ref> & { readonly kind: 'match' },
  column: string,
  text: string,
): string {
  if (pattern.length === 1 && pattern[0] === '*') return `${column} IS NOT NULL`;
  const words = patternText(pattern);
  const slow = `sigma_match(${text}, ${literal(words)}, ${cased ? '1' : '0'})`;
  if ((!cased && !isAscii(words)) || words.length * 3 > MAX_LIKE) return `ifnull(${slow}, 0)`;
  const quick = cased
    ? `${text} GLOB ${literal(globPattern(pattern))}`
    : `${text} LIKE ${literal(likePattern(pattern))} ESCAPE '\\'`;
  // Texts in lists are normal; at U+0000 SQLite's LIKE takes one of a column to be over.
  if (column === LISTED) return `ifnull(${quick}, 0)`;
  return `ifnull(CASE WHEN instr(${text}, char(0)) THEN ${slow} ELSE ${quick} END, 0)`;
}

function globPattern(pattern: readonly ('*' | '?' | { readonly text: string })[]): string {
  return pattern
    .map((piece) => (typeof piece === 'string' ? piece : piece.text.replaceAll(/[*?[]/g, '[$&]')))
    .join('');
}
