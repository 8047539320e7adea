/**
 * Which rules have to be asked of which rows: a column of few values (the names of events) decides much of most rules.
 * What a rule says of that column is settled once for each value in the case; rows are then read by groups of values that
 * leave the same rules open, each row once, and rules that cannot match are not asked.
 */
import { leafHolds } from './evaluate.ts';
import { settle, type BoundTree, type Leaf, type Ref } from './model.ts';
import { compileTree, joined } from './compile.ts';
import { normal } from './pattern.ts';

/** A rule bound to the table. */
export interface Candidate {
  readonly rule: number;
  readonly tree: BoundTree;
}

/** Rows with one of these values, and what is left to ask of them. */
export interface Group {
  /** Undefined: all rows. */
  readonly values: readonly (string | null)[] | undefined;
  readonly rows: number;
  readonly candidates: readonly Candidate[];
}

/** How often a value occurs in the column. */
export interface Occurring {
  readonly value: string | null;
  readonly rows: number;
}

/** SQLite gives a row at most 2000 columns, */
const MAX_CANDIDATES = 1500;
/** and a statement at most 32,766 parameters. */
const MAX_VALUES = 30_000;

/**
 * Groups of rows and the rules that are open for each.
 * @param key a TEXT column whose values are given; undefined where the table has none.
 */
export function planGroups(
  candidates: readonly Candidate[],
  key: string | undefined,
  occurring: readonly Occurring[],
): readonly Group[] {
  const groups = key === undefined ? [everything(candidates)] : byValue(candidates, key, occurring);
  return groups.flatMap((group) => {
    const sets = group.values === undefined ? [undefined] : pieces(group.values, MAX_VALUES);
    return sets.flatMap((values) =>
      pieces(group.candidates, MAX_CANDIDATES).map((part) => ({
        values,
        rows: group.rows,
        candidates: part,
      })),
    );
  });
}

function pieces<T>(list: readonly T[], most: number): readonly (readonly T[])[] {
  const parts: (readonly T[])[] = [];
  for (let at = 0; at < list.length; at += most) parts.push(list.slice(at, at + most));
  return parts;
}

function everything(candidates: readonly Candidate[]): Group {
  const open = candidates
    .map(({ rule, tree }) => ({ rule, tree: settle(tree, () => undefined) }))
    .filter(({ tree }) => !isNever(tree));
  return { values: undefined, rows: 0, candidates: open };
}

function byValue(
  candidates: readonly Candidate[],
  key: string,
  occurring: readonly Occurring[],
): readonly Group[] {
  const settlers = candidates.map((candidate) => new Settler(candidate, key));
  const groups = new Map<string, { values: (string | null)[]; rows: number; open: Candidate[] }>();
  for (const { value, rows } of occurring) {
    const settled = settlers.map((settler) => settler.at(value));
    const signature = settled.map((one) => one.id).join(' ');
    const group = groups.get(signature);
    if (group !== undefined) {
      group.values.push(value);
      group.rows += rows;
      continue;
    }
    const open = settled.flatMap(({ rule, tree }) => (isNever(tree) ? [] : [{ rule, tree }]));
    groups.set(signature, { values: [value], rows, open });
  }
  return [...groups.values()]
    .filter(({ open }) => open.length > 0)
    .map(({ values, rows, open }) => ({ values, rows, candidates: open }));
}

function isNever(tree: BoundTree): boolean {
  return tree.kind === 'fixed' && !tree.value;
}

/** What a rule leaves open for values of the column; the same tree for values that its tests cannot tell apart. */
class Settler {
  readonly #candidate: Candidate;
  readonly #leaves: readonly Leaf<Ref>[];
  readonly #known = new Map<
    string,
    { readonly id: string; readonly rule: number; readonly tree: BoundTree }
  >();

  constructor(candidate: Candidate, key: string) {
    this.#candidate = candidate;
    this.#leaves = [...keyLeaves(candidate.tree, key)];
  }

  at(value: string | null): {
    readonly id: string;
    readonly rule: number;
    readonly tree: BoundTree;
  } {
    const text = value === null ? null : normal(value);
    const values = { present: text !== null, values: text === null ? [] : [text] };
    const answers = new Map(this.#leaves.map((leaf) => [leaf, leafHolds(leaf, () => values)]));
    const id = [...answers.values()].map(Number).join('');
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const tree = settle(this.#candidate.tree, (leaf) => answers.get(leaf));
    const settled = { id: isNever(tree) ? '-' : `+${id}`, rule: this.#candidate.rule, tree };
    this.#known.set(id, settled);
    return settled;
  }
}

/** Leaves that the column alone decides. */
function* keyLeaves(tree: BoundTree, key: string): Generator<Leaf<Ref>> {
  switch (tree.kind) {
    case 'leaf': {
      const { field, tests } = tree.leaf;
      const own = field?.kind === 'column' && field.name === key;
      if (own && tests.every((test) => test.kind !== 'field')) yield tree.leaf;
      break;
    }
    case 'not':
      yield* keyLeaves(tree.item, key);
      break;
    case 'fixed':
      break;
    default:
      for (const item of tree.items) yield* keyLeaves(item, key);
  }
}

/** What a statement of a group gives of each row that some rule matches. */
export interface GroupSql {
  readonly sql: string;
  /** The group's values: they are evidence, and never part of the statement. */
  readonly params: readonly string[];
  /** Rules of the columns behind `id` and `time_us`, in order; the selected expressions follow them. */
  readonly rules: readonly number[];
}

/** Times that are asked for, in microseconds: from the first, before the second. */
export interface Window {
  readonly fromUs?: number;
  readonly toUs?: number;
}

/**
 * The statement of a group.
 * @param extra expressions to select too, of a table called `t`.
 * @param indexed whether the values are looked up; else the table is read through.
 */
export function groupSql(
  table: string,
  key: string | undefined,
  group: Group,
  extra: readonly string[],
  { fromUs, toUs }: Window,
  indexed: boolean,
): GroupSql {
  const tests = group.candidates.map(({ tree }) => compileTree(tree, table));
  const columns = tests.map((test) => (test === '1' ? '1' : `CASE WHEN ${test} THEN 1 ELSE 0 END`));
  const where = [
    ...(key === undefined || group.values === undefined ? [] : [among(key, group.values, indexed)]),
    ...(fromUs === undefined ? [] : [`t.time_us >= ${String(fromUs)}`]),
    ...(toUs === undefined ? [] : [`t.time_us < ${String(toUs)}`]),
    ...(tests.includes('1') ? [] : [joined(tests, ' OR ')]),
  ];
  const sql = `SELECT t.id, t.time_us, ${[...columns, ...extra].join(', ')} FROM main."${table}" AS t WHERE ${where.length === 0 ? '1' : where.join(' AND ')}`;
  const params = (group.values ?? []).filter((value) => value !== null);
  return { sql, params, rules: group.candidates.map(({ rule }) => rule) };
}

function among(key: string, values: readonly (string | null)[], indexed: boolean): string {
  const texts = values.filter((value) => value !== null);
  const column = `${indexed ? '' : '+'}t."${key}"`;
  const parts = texts.length === 0 ? [] : [`${column} IN (${texts.map(() => '?').join(', ')})`];
  if (texts.length < values.length) parts.push(`t."${key}" IS NULL`);
  return joined(parts, ' OR ');
}
