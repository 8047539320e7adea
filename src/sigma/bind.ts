/** A rule bound to a table: every field found, or the names of those that the table has not. */
import {
  leavesOf,
  mapLeaves,
  type BoundTree,
  type Leaf,
  type Ref,
  type RuleTree,
  type Test,
} from './model.ts';
import { refOf, type Scope, type Table } from './tables.ts';

/** A rule for the rows of a table that its log source means. */
export interface BoundRule {
  readonly tree: BoundTree;
  /** What the log source demands of the rows. */
  readonly narrowing: BoundTree | undefined;
}

/** The rule for the scope, or fields that it does not have there. */
export function bindRule(
  tree: RuleTree,
  { narrowing, fields }: Scope,
  table: Table,
): BoundRule | { readonly unknown: readonly string[] } {
  const own = bindTree(tree, table, fields);
  const rows = narrowing === undefined ? undefined : bindTree(narrowing, table);
  if ('unknown' in own) return own;
  if (rows !== undefined && 'unknown' in rows) return rows;
  return { tree: own.tree, narrowing: rows?.tree };
}

/** Both in one tree. */
export function wholeTree({ tree, narrowing }: BoundRule): BoundTree {
  return narrowing === undefined ? tree : { kind: 'and', items: [narrowing, tree] };
}

/**
 * The tree for the table, or fields that it does not have.
 * @param fields what fields are called in these rows.
 */
export function bindTree(
  tree: RuleTree,
  table: Table,
  fields?: Scope['fields'],
): { readonly tree: BoundTree } | { readonly unknown: readonly string[] } {
  const refFor = (name: string): Ref | undefined => {
    const known = Object.hasOwn(fields?.names ?? {}, name) ? fields?.names[name] : undefined;
    return known === undefined && fields?.only !== undefined
      ? undefined
      : refOf(table, known ?? name);
  };
  const unknown = new Set<string>();
  for (const name of fieldsOf(tree)) if (refFor(name) === undefined) unknown.add(name);
  if (unknown.size > 0) return { unknown: [...unknown] };
  const find = (name: string): Ref => refFor(name) ?? { kind: 'record', path: name };
  const test = (one: Test<string>): Test<Ref> =>
    one.kind === 'field' ? { ...one, field: find(one.field) } : one;
  const leaf = ({ field, named, tests, all }: Leaf<string>): Leaf<Ref> => ({
    field: field === undefined ? undefined : find(field),
    named,
    tests: tests.map(test),
    all,
  });
  return { tree: mapLeaves(tree, leaf) };
}

/** Names of all fields of a rule. */
function* fieldsOf(tree: RuleTree): Generator<string> {
  for (const { field, tests } of leavesOf(tree)) {
    if (field !== undefined) yield field;
    for (const test of tests) if (test.kind === 'field') yield test.field;
  }
}
