/**
 * Whether an event has what a pattern demands, as AWS's matcher decides: values are found by their joined names, one
 * value of an array is enough, and conditions below one array of objects must hold in the same element of it.
 *
 * The event is walked once for each branch, together with the conditions that are still open below; no combination of
 * elements is ever tried against another, so that time grows with the event and the pattern, not with their product of
 * choices.
 */
import { isObject, type JsonObject, type JsonValue } from '../core/json.ts';
import type { Scalar } from './leaf.ts';
import type { Condition, Pattern } from './pattern.ts';

/** A condition and what is left of its path: null where the value itself is meant. */
interface Open {
  readonly condition: Condition;
  readonly rest: string | null;
}

/** Deeper, an event is no event of AWS; our stack is not for others to fill. */
const MAX_DEPTH = 1000;

/** The first branch that holds for the event; undefined where the event does not match. */
export function matchingBranch(
  pattern: Pattern,
  event: JsonObject,
): readonly Condition[] | undefined {
  return pattern.branches.find((branch) =>
    holds(
      event,
      branch.map((condition) => ({ condition, rest: condition.path })),
      0,
    ),
  );
}

function holds(value: JsonValue, open: readonly Open[], depth: number): boolean {
  if (depth > MAX_DEPTH) return false;
  if (Array.isArray(value)) return inArray(value as readonly JsonValue[], open, depth);
  if (isObject(value)) return inObject(value, open, depth);
  return open.every(({ condition: { test }, rest }) =>
    rest === null ? test?.(value as Scalar) === true : test === undefined,
  );
}

function inArray(items: readonly JsonValue[], open: readonly Open[], depth: number): boolean {
  const scalars = items.filter((item) => typeof item !== 'object' || item === null) as Scalar[];
  const left: Open[] = [];
  for (const one of open) {
    const { test } = one.condition;
    if (one.rest === null && test === undefined && scalars.length > 0) return false;
    if (one.rest === null && test !== undefined && scalars.some(test)) continue;
    left.push(one);
  }
  if (left.length === 0) return true;
  const nested = items.filter((item) => typeof item === 'object' && item !== null);
  // A demand that there be none names no element by itself: it is about the element that the others chose, or about all.
  return left.some(({ condition }) => condition.test !== undefined)
    ? nested.some((item) => holds(item, left, depth + 1))
    : nested.every((item) => holds(item, left, depth + 1));
}

function inObject(object: JsonObject, open: readonly Open[], depth: number): boolean {
  const below = new Map<string, Open[]>();
  for (const { condition, rest } of open) {
    const wanted = condition.test !== undefined;
    const ways = rest === null ? [] : waysOf(object, rest);
    const [way] = ways;
    if (way === undefined) {
      if (wanted) return false;
    } else if (ways.length === 1) {
      const group = below.get(way.name);
      const next = { condition, rest: way.rest };
      if (group === undefined) below.set(way.name, [next]);
      else group.push(next);
    } else {
      // Names that hold dots can spell one path in several ways; then each is asked by itself.
      const found = ({ name, rest: after }: Way): boolean =>
        holds(object[name] ?? null, [{ condition, rest: after }], depth + 1);
      if (!(wanted ? ways.some(found) : ways.every(found))) return false;
    }
  }
  for (const [name, group] of below)
    if (!holds(object[name] ?? null, group, depth + 1)) return false;
  return true;
}

interface Way {
  readonly name: string;
  readonly rest: string | null;
}

/** Members of the object with which the path can begin. */
function waysOf(object: JsonObject, path: string): readonly Way[] {
  const ways: Way[] = [];
  for (let dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', dot + 1)) {
    const name = path.slice(0, dot);
    if (Object.hasOwn(object, name)) ways.push({ name, rest: path.slice(dot + 1) });
  }
  if (Object.hasOwn(object, path)) ways.push({ name: path, rest: null });
  return ways;
}
