/** The detection of a rule: its search identifiers and its condition, as one tree. Sigma Rules Specification, "Detection". */
import { kindOf, memberOf, misfit, type Node } from '../detect/positioned-json.ts';
import { readCondition } from './condition.ts';
import { readItem, type Placeholders } from './modifiers.ts';
import type { RuleTree } from './model.ts';

/** Members that are no search identifiers. `timeframe` belonged to the aggregations of Sigma 1. */
const NO_IDENTIFIERS = ['condition', 'timeframe'];

/**
 * Reads a detection, or what a filter has in its place.
 * @param besides members that are no search identifiers either.
 * @throws ExhibitError `E_PATTERN`, NotCompiled.
 */
export function readDetection(
  text: string,
  node: Node & { readonly kind: 'object' },
  placeholders: Placeholders,
  besides: readonly string[] = [],
): RuleTree {
  const conditions = memberOf(node, 'condition');
  if (conditions === undefined) throw misfit(text, node.at, 'a condition', 'none');
  const members = node.members.filter(
    ({ name }) => !NO_IDENTIFIERS.includes(name) && !besides.includes(name),
  );
  const trees = new Map<string, RuleTree>();
  const read = (name: string): RuleTree | undefined => {
    const known = trees.get(name);
    if (known !== undefined) return known;
    const member = members.find((one) => one.name === name);
    if (member === undefined) return undefined;
    const tree = searched(text, member.value, placeholders);
    trees.set(name, tree);
    return tree;
  };
  const names = members.map(({ name }) => name);
  // An identifier that the condition does not name is read all the same: a mistake in it is one.
  for (const name of names) read(name);
  const list = conditions.kind === 'array' ? conditions.items : [conditions];
  const items = list.map((one) => {
    if (one.kind !== 'string') throw misfit(text, one.at, 'a condition', kindOf(one));
    return readCondition(text, one, read, names);
  });
  const [only] = items;
  if (only === undefined) throw misfit(text, conditions.at, 'a condition', 'an empty list');
  return items.length === 1 ? only : { kind: 'or', items };
}

/** A map: all of it; a list: one of it, maps and keywords. */
function searched(text: string, node: Node, placeholders: Placeholders): RuleTree {
  switch (node.kind) {
    case 'object': {
      if (node.members.length === 0) throw misfit(text, node.at, 'a field or more', 'an empty map');
      const items = node.members.map(({ name, at, value }): RuleTree => {
        if (value.kind === 'object') throw misfit(text, value.at, 'a value', 'a map');
        const { leaf, negated } = readItem(text, name, at, value, placeholders);
        const tree: RuleTree = { kind: 'leaf', leaf };
        return negated ? { kind: 'not', item: tree } : tree;
      });
      return items.length === 1 && items[0] !== undefined ? items[0] : { kind: 'and', items };
    }
    case 'array': {
      if (node.items.length === 0) throw misfit(text, node.at, 'a value or more', 'an empty list');
      const maps = node.items.filter((item) => item.kind === 'object' || item.kind === 'array');
      const words = node.items.filter((item) => item.kind !== 'object' && item.kind !== 'array');
      const items = maps.map((item) => searched(text, item, placeholders));
      if (words.length > 0) items.push(keywords(text, { ...node, items: words }, placeholders));
      return items.length === 1 && items[0] !== undefined ? items[0] : { kind: 'or', items };
    }
    default:
      return keywords(text, node, placeholders);
  }
}

function keywords(text: string, node: Node, placeholders: Placeholders): RuleTree {
  return { kind: 'leaf', leaf: readItem(text, '', node.at, node, placeholders).leaf };
}
