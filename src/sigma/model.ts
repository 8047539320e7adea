/** What a rule asks, as a tree; the same for rules as they are read and for rules bound to a table. */
import type { Range } from '../detect/cidr.ts';
import type { Pattern } from './pattern.ts';
import type { Regex } from './regex.ts';

/** A tree over leaves: fields and what their values must be. */
export type Tree<Leaf> =
  | { readonly kind: 'and' | 'or'; readonly items: readonly Tree<Leaf>[] }
  | { readonly kind: 'not'; readonly item: Tree<Leaf> }
  | { readonly kind: 'leaf'; readonly leaf: Leaf }
  | { readonly kind: 'fixed'; readonly value: boolean };

/** Comparisons of numbers. */
export type Operator = 'lt' | 'lte' | 'gt' | 'gte' | 'eq';

/** Parts of a time (UTC); weeks as ISO 8601 counts them. */
export type TimeUnit = 'minute' | 'hour' | 'day' | 'week' | 'month' | 'year';

/** How two fields are compared. */
export type Place = 'whole' | 'start' | 'end' | 'within';

/** What one value must be, or (null, exists) what must be of all. */
export type Test<Field> =
  | { readonly kind: 'match'; readonly pattern: Pattern; readonly cased: boolean }
  | { readonly kind: 'regex'; readonly regex: Regex }
  | { readonly kind: 'compare'; readonly operator: Operator; readonly number: number | bigint }
  | {
      readonly kind: 'part';
      readonly unit: TimeUnit;
      readonly operator: Operator;
      readonly number: number | bigint;
    }
  | { readonly kind: 'cidr'; readonly range: Range; readonly text: string }
  | {
      readonly kind: 'field';
      readonly field: Field;
      readonly place: Place;
      readonly cased: boolean;
    }
  | { readonly kind: 'null' }
  | { readonly kind: 'exists'; readonly wanted: boolean };

/** A field and its tests: one of them must hold, or all of them. A value of several is enough for each. */
export interface Leaf<Field> {
  /** Undefined: the whole event, for keywords. */
  readonly field: Field | undefined;
  /** The field as the rule names it. */
  readonly named: string | undefined;
  readonly tests: readonly Test<Field>[];
  readonly all: boolean;
}

/** A rule's tree: fields by their names. */
export type RuleTree = Tree<Leaf<string>>;

/** Where a table has a field: in a column, or in the record at a path; what keywords search is the whole record. */
export type Ref =
  | {
      readonly kind: 'column';
      readonly name: string;
      readonly type: 'TEXT' | 'INTEGER';
    }
  | { readonly kind: 'record'; readonly path: string };

/** A tree of which every field was found in a table. */
export type BoundTree = Tree<Leaf<Ref>>;

/** Every leaf, in order. */
export function* leavesOf<L>(tree: Tree<L>): Generator<L> {
  switch (tree.kind) {
    case 'leaf':
      yield tree.leaf;
      break;
    case 'not':
      yield* leavesOf(tree.item);
      break;
    case 'fixed':
      break;
    default:
      for (const item of tree.items) yield* leavesOf(item);
  }
}

/** A tree of other leaves. */
export function mapLeaves<A, B>(tree: Tree<A>, change: (leaf: A) => B): Tree<B> {
  switch (tree.kind) {
    case 'leaf':
      return { kind: 'leaf', leaf: change(tree.leaf) };
    case 'not':
      return { kind: 'not', item: mapLeaves(tree.item, change) };
    case 'fixed':
      return tree;
    default:
      return { kind: tree.kind, items: tree.items.map((item) => mapLeaves(item, change)) };
  }
}

/** The tree without leaves whose answer is known; `fixed` where that decides it. */
export function settle<L>(tree: Tree<L>, known: (leaf: L) => boolean | undefined): Tree<L> {
  switch (tree.kind) {
    case 'leaf': {
      const value = known(tree.leaf);
      return value === undefined ? tree : { kind: 'fixed', value };
    }
    case 'fixed':
      return tree;
    case 'not': {
      const item = settle(tree.item, known);
      return item.kind === 'fixed' ? { kind: 'fixed', value: !item.value } : { kind: 'not', item };
    }
    default: {
      const strong = tree.kind === 'or';
      const items: Tree<L>[] = [];
      for (const one of tree.items) {
        const item = settle(one, known);
        if (item.kind !== 'fixed') items.push(item);
        else if (item.value === strong) return item;
      }
      const [only] = items;
      if (only === undefined) return { kind: 'fixed', value: !strong };
      return items.length === 1 ? only : { kind: tree.kind, items };
    }
  }
}
