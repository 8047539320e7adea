/** Decides a rule about one event in memory: the plain reading of the language, which the SQL must agree with. */
import { inRange, parseAddress } from '../detect/cidr.ts';
import type { BoundTree, Leaf, Ref, Test } from './model.ts';
import { matcher, type Pattern } from './pattern.ts';
import { compares, numberOf, placed, timePart, type Values } from './values.ts';

/** An event: what its fields hold; for undefined, the texts that keywords are looked for in. */
export type Event = (ref: Ref | undefined) => Values;

/** A field that made a rule match, and its value. */
export interface Matched {
  /** Null for a keyword. */
  readonly field: string | null;
  readonly value: string | null;
}

/** True if the rule matches the event. */
export function matches(tree: BoundTree, event: Event): boolean {
  switch (tree.kind) {
    case 'fixed':
      return tree.value;
    case 'not':
      return !matches(tree.item, event);
    case 'and':
      return tree.items.every((item) => matches(item, event));
    case 'or':
      return tree.items.some((item) => matches(item, event));
    case 'leaf':
      return leafHolds(tree.leaf, event);
  }
}

/** Whether what is asked of one field holds. */
export function leafHolds(leaf: Leaf<Ref>, event: Event): boolean {
  const values = event(leaf.field);
  const one = (test: Test<Ref>): boolean => holds(test, values, event);
  return leaf.all ? leaf.tests.every(one) : leaf.tests.some(one);
}

/** Fields and values that the match rests on, in the order of the rule; nothing of what must not be. */
export function matchedFields(tree: BoundTree, event: Event): readonly Matched[] {
  switch (tree.kind) {
    case 'fixed':
    case 'not':
      return [];
    case 'leaf': {
      const { leaf } = tree;
      if (!leafHolds(leaf, event)) return [];
      const values = event(leaf.field);
      const value = values.values.find((text) =>
        leaf.tests.some((test) => text !== null && valueHolds(test, text, event)),
      );
      // A keyword's value would be the whole record.
      const shown = leaf.field === undefined ? null : (value ?? null);
      return [{ field: leaf.named ?? null, value: shown }];
    }
    default:
      return tree.items.flatMap((item) => (matches(item, event) ? matchedFields(item, event) : []));
  }
}

function holds(test: Test<Ref>, { present, values }: Values, event: Event): boolean {
  switch (test.kind) {
    case 'exists':
      return present === test.wanted;
    case 'null':
      return values.every((value) => value === null);
    default:
      return values.some((value) => value !== null && valueHolds(test, value, event));
  }
}

function valueHolds(test: Test<Ref>, value: string, event: Event): boolean {
  switch (test.kind) {
    case 'match':
      return matcherOf(test.pattern, test.cased)(value);
    case 'regex':
      return test.regex.test(value);
    case 'cidr': {
      const address = parseAddress(value);
      return address !== undefined && inRange(address, test.range);
    }
    case 'compare': {
      const number = numberOf(value);
      return number !== undefined && compares(number, test.operator, test.number);
    }
    case 'part': {
      const part = timePart(value, test.unit);
      return part !== undefined && compares(part, test.operator, test.number);
    }
    case 'field': {
      return event(test.field).values.some(
        (other) => other !== null && placed(value, other, test.place, test.cased),
      );
    }
    case 'null':
    case 'exists':
      return false;
  }
}

type Matcher = (value: string) => boolean;

const matchers = new WeakMap<Pattern, Map<boolean, Matcher>>();

function matcherOf(pattern: Pattern, cased: boolean): Matcher {
  const both = matchers.get(pattern) ?? new Map<boolean, Matcher>();
  matchers.set(pattern, both);
  const one = both.get(cased) ?? matcher(pattern, cased);
  both.set(cased, one);
  return one;
}
