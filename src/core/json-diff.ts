/**
 * What differs between two JSON values, by JSON pointer (RFC 6901), in one fixed order: members by name, elements by place.
 * Elements of arrays are matched by content, so that one element more at the front is one change and not many; text that
 * holds JSON (policies, often URL-encoded) is compared by what it holds.
 */
import { isObject, type JsonValue, outlineJson, parseExact, sortedJson } from './json.ts';

/** One difference. `moved` is an element of an array that stands elsewhere in it and is the same. */
export interface JsonChange {
  readonly kind: 'added' | 'removed' | 'changed' | 'moved';
  /** In the new value; of what was removed, in the old one. */
  readonly pointer: string;
  /** In the old value, where it is another: elements before it came or went. */
  readonly old_pointer?: string;
  /** Absent of what was added. */
  readonly old?: JsonValue;
  /** Absent of what was removed. */
  readonly new?: JsonValue;
}

/** Values nested deeper are compared whole. */
const MAX_DEPTH = 256;
/** Arrays whose lengths multiply to more are compared place by place: a table of that size is made of them. */
const MAX_TABLE = 1_000_000;
/** A member that tells one element of an array from another. */
const NAMING = /(?:^|[a-z_])(?:id|name|arn|key|sid|device)$/i;

/** The differences, in order. Numbers are compared as they are written, beyond 2^53 too. */
export function diffJson(before: JsonValue, after: JsonValue): readonly JsonChange[] {
  return [...compare(before, after, { pointer: '', oldPointer: '', depth: 0 })];
}

/** Every scalar and empty container of a value by its pointer, in the order of {@link diffJson}. */
export function* flattenJson(
  value: JsonValue,
  pointer = '',
): Generator<readonly [string, JsonValue]> {
  if (Array.isArray(value) && value.length > 0) {
    for (const [index, item] of (value as readonly JsonValue[]).entries())
      yield* flattenJson(item, `${pointer}/${String(index)}`);
  } else if (isObject(value) && Object.keys(value).length > 0) {
    for (const name of Object.keys(value).sort())
      yield* flattenJson(value[name] ?? null, `${pointer}/${token(name)}`);
  } else {
    yield [pointer, value];
  }
}

interface Place {
  readonly pointer: string;
  readonly oldPointer: string;
  readonly depth: number;
}

function* compare(before: JsonValue, after: JsonValue, place: Place): Generator<JsonChange> {
  if (sortedJson(before) === sortedJson(after)) return;
  if (place.depth < MAX_DEPTH) {
    const [old, now] = [opened(before), opened(after)];
    const inner =
      isObject(old) && isObject(now)
        ? [...compareMembers(old, now, place)]
        : Array.isArray(old) && Array.isArray(now)
          ? [...compareElements(old as JsonValue[], now as JsonValue[], place)]
          : [];
    if (inner.length > 0) {
      yield* inner;
      return;
    }
    // Text that holds the same JSON, written otherwise, differs as text.
  }
  yield { kind: 'changed', ...where(place), old: before, new: after };
}

function* compareMembers(
  before: Readonly<Record<string, JsonValue | undefined>>,
  after: Readonly<Record<string, JsonValue | undefined>>,
  place: Place,
): Generator<JsonChange> {
  for (const name of [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()) {
    const at = below(place, token(name), token(name));
    const old = Object.hasOwn(before, name) ? before[name] : undefined;
    const now = Object.hasOwn(after, name) ? after[name] : undefined;
    if (old === undefined) yield { kind: 'added', pointer: at.pointer, new: now ?? null };
    else if (now === undefined) yield { kind: 'removed', pointer: at.oldPointer, old };
    else yield* compare(old, now, at);
  }
}

function* compareElements(
  before: readonly JsonValue[],
  after: readonly JsonValue[],
  place: Place,
): Generator<JsonChange> {
  const pairs = matchElements(before, after);
  const oldOf = new Map(pairs.map((pair) => [pair.now, pair]));
  const used = new Set(pairs.map((pair) => pair.old));
  for (const [index, old] of before.entries()) {
    if (used.has(index)) continue;
    yield { kind: 'removed', pointer: `${place.oldPointer}/${String(index)}`, old };
  }
  for (const [index, now] of after.entries()) {
    const pair = oldOf.get(index);
    const at = below(place, String(index), String(pair?.old ?? index));
    if (pair === undefined) yield { kind: 'added', pointer: at.pointer, new: now };
    else if (pair.how === 'moved') {
      yield {
        kind: 'moved',
        pointer: at.pointer,
        old_pointer: at.oldPointer,
        old: before[pair.old] ?? null,
        new: now,
      };
    } else yield* compare(before[pair.old] ?? null, now, at);
  }
}

interface Pair {
  readonly old: number;
  readonly now: number;
  readonly how: 'same' | 'moved' | 'compared';
}

/** Pairs of elements: equal ones in order, equal ones elsewhere, then ones of the same name, then containers as they come. */
function matchElements(before: readonly JsonValue[], after: readonly JsonValue[]): readonly Pair[] {
  const [olds, news] = [before.map(sortedJson), after.map(sortedJson)];
  if (olds.length * news.length > MAX_TABLE) {
    const both = Math.min(olds.length, news.length);
    return Array.from({ length: both }, (_, at): Pair => ({ old: at, now: at, how: 'compared' }));
  }
  const pairs: Pair[] = longestCommon(olds, news).map(([old, now]) => ({ old, now, how: 'same' }));
  const left = {
    old: rest(olds.length, new Set(pairs.map((pair) => pair.old))),
    now: rest(news.length, new Set(pairs.map((pair) => pair.now))),
  };
  const pairUp = (how: Pair['how'], fits: (old: number, now: number) => boolean): void => {
    for (const old of [...left.old]) {
      const at = left.now.findIndex((now) => fits(old, now));
      const now = left.now[at];
      if (now === undefined) continue;
      pairs.push({ old, now, how });
      left.old.splice(left.old.indexOf(old), 1);
      left.now.splice(at, 1);
    }
  };
  pairUp('moved', (old, now) => olds[old] === news[now]);
  const names = { old: before.map(nameOf), now: after.map(nameOf) };
  pairUp('compared', (old, now) => names.old[old] !== '' && names.old[old] === names.now[now]);
  pairUp(
    'compared',
    (old, now) =>
      names.old[old] === '' &&
      names.now[now] === '' &&
      ((isObject(before[old]) && isObject(after[now])) ||
        (Array.isArray(before[old]) && Array.isArray(after[now]))),
  );
  return pairs;
}

/** What an element is called: its first member with a name that names; '' where nothing tells. */
function nameOf(value: JsonValue): string {
  if (!isObject(value)) return '';
  for (const member of Object.keys(value).sort()) {
    const name = value[member];
    if (NAMING.test(member) && typeof name === 'string') return `${member} ${name}`;
  }
  return '';
}

function rest(length: number, used: ReadonlySet<number>): number[] {
  return Array.from({ length }, (_, at) => at).filter((at) => !used.has(at));
}

/** Places of a longest common subsequence. */
function longestCommon(
  olds: readonly string[],
  news: readonly string[],
): readonly (readonly [number, number])[] {
  const width = news.length + 1;
  const table = new Uint32Array((olds.length + 1) * width);
  for (let i = olds.length - 1; i >= 0; i--) {
    for (let j = news.length - 1; j >= 0; j--) {
      const at = i * width + j;
      table[at] =
        olds[i] === news[j]
          ? (table[at + width + 1] ?? 0) + 1
          : Math.max(table[at + width] ?? 0, table[at + 1] ?? 0);
    }
  }
  const found: (readonly [number, number])[] = [];
  for (let i = 0, j = 0; i < olds.length && j < news.length;) {
    const at = i * width + j;
    if (olds[i] === news[j]) found.push([i++, j++]);
    else if ((table[at + width] ?? 0) >= (table[at + 1] ?? 0)) i++;
    else j++;
  }
  return found;
}

/** The value in a text that holds a JSON object or array, plain or URL-encoded; else the value itself. */
function opened(value: JsonValue): JsonValue {
  if (typeof value !== 'string') return value;
  const text = /^%(?:7b|5b)/i.test(value) ? decoded(value) : value;
  if (!/^\s*[[{]/.test(text) || outlineJson(text).depth > MAX_DEPTH) return value;
  const inner = parseExact(text);
  return typeof inner === 'object' && inner !== null ? inner : value;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Not URL-encoded after all: then it is text.
    return '';
  }
}

function below(place: Place, name: string, oldName: string): Place {
  return {
    pointer: `${place.pointer}/${name}`,
    oldPointer: `${place.oldPointer}/${oldName}`,
    depth: place.depth + 1,
  };
}

function where(place: Place): Pick<JsonChange, 'pointer' | 'old_pointer'> {
  return place.pointer === place.oldPointer
    ? { pointer: place.pointer }
    : { pointer: place.pointer, old_pointer: place.oldPointer };
}

/** A member name as a reference token of RFC 6901, section 3. */
function token(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
