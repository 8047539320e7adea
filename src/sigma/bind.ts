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
import { refOf, type Table } from './tables.ts';

/** The tree for the table, or fields that it does not have. */
export function bindTree(
  tree: RuleTree,
  table: Table,
): { readonly tree: BoundTree } | { readonly unknown: readonly string[] } {
  const unknown = new Set<string>();
  for (const name of fieldsOf(tree)) if (refOf(table, name) === undefined) unknown.add(name);
  if (unknown.size > 0) return { unknown: [...unknown] };
  const find = (name: string): Ref => refOf(table, name) ?? { kind: 'record', path: name };
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
