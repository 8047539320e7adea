/** Values of fields as rules see them: texts and nulls. The same for both ways of deciding a rule. */
import { parseRange, type Range } from '../detect/cidr.ts';
import { isObject, type JsonValue } from '../core/json.ts';
import { parseRfc3339 } from '../core/time.ts';
import type { Operator, Place, TimeUnit } from './model.ts';
import { fold, normal } from './pattern.ts';

/** What a field holds: none, one or (in lists) several values; `present` also where it is null or an empty list. */
export interface Values {
  readonly present: boolean;
  readonly values: readonly (string | null)[];
}

/** Elements of lists that are looked at, and steps taken to find them; beyond are no values any person wrote a rule for. */
const MAX_VALUES = 10_000;
const MAX_DEPTH = 512;

const ABSENT: Values = { present: false, values: [] };

/**
 * Values at a path of dotted names. Lists on the way are looked through, one element after the other; a name that holds
 * dots itself is found too.
 */
export function valuesAt(record: JsonValue | undefined, path: string): Values {
  if (record === undefined) return ABSENT;
  const found: (string | null)[] = [];
  const budget = { left: MAX_VALUES };
  const present = collect(record, path, found, budget, 0);
  return { present, values: found };
}

function collect(
  value: JsonValue,
  path: string,
  found: (string | null)[],
  budget: { left: number },
  depth: number,
): boolean {
  budget.left -= 1;
  if (budget.left < 0 || depth > MAX_DEPTH) return false;
  if (Array.isArray(value)) {
    let present = false;
    for (const item of value as readonly JsonValue[]) {
      if (collect(item, path, found, budget, depth + 1)) present = true;
    }
    return present;
  }
  if (!isObject(value)) return false;
  let present = false;
  if (Object.hasOwn(value, path)) {
    present = true;
    flatten(value[path] ?? null, found, budget, depth + 1);
  }
  for (let dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', dot + 1)) {
    const name = path.slice(0, dot);
    if (!Object.hasOwn(value, name)) continue;
    if (collect(value[name] ?? null, path.slice(dot + 1), found, budget, depth + 1)) present = true;
  }
  return present;
}

function flatten(
  value: JsonValue,
  found: (string | null)[],
  budget: { left: number },
  depth: number,
): void {
  budget.left -= 1;
  if (budget.left < 0 || depth > MAX_DEPTH) return;
  if (Array.isArray(value)) {
    for (const item of value as readonly JsonValue[]) flatten(item, found, budget, depth + 1);
  } else found.push(value === null ? null : textOf(value));
}

/** A value as a rule compares it; an object as its JSON. */
function textOf(value: Exclude<JsonValue, null>): string {
  if (typeof value === 'string') return normal(value);
  return typeof value === 'object' ? normal(jsonText(value)) : String(value);
}

function jsonText(value: JsonValue): string {
  return JSON.stringify(value, (_name, one: unknown) =>
    typeof one === 'bigint' ? String(one) : one,
  );
}

/** What keywords are looked for in: the record's text, and strings in it that JSON writes otherwise than they read. */
export function eventTexts(raw: string, record: JsonValue | undefined): readonly string[] {
  const texts = [normal(raw)];
  if (raw.includes('\\')) decoded(record ?? null, texts, { left: MAX_VALUES }, 0);
  return texts;
}

function decoded(value: JsonValue, texts: string[], budget: { left: number }, depth: number): void {
  budget.left -= 1;
  if (budget.left < 0 || depth > MAX_DEPTH) return;
  if (typeof value === 'string') {
    if (JSON.stringify(value).length !== value.length + 2) texts.push(normal(value));
  } else if (Array.isArray(value)) {
    for (const item of value as readonly JsonValue[]) decoded(item, texts, budget, depth + 1);
  } else if (isObject(value)) {
    for (const name of Object.keys(value)) decoded(value[name] ?? null, texts, budget, depth + 1);
  }
}

/** The number that a text writes, exactly for integers; undefined where it writes none. */
export function numberOf(text: string): number | bigint | undefined {
  if (/^[+-]?\d{1,400}$/.test(text)) {
    const number = Number(text);
    return Number.isSafeInteger(number) ? number : BigInt(text.replace('+', ''));
  }
  if (!/^[+-]?(?:\d{1,400}\.\d{0,400}|\.\d{1,400}|\d{1,400})(?:[eE][+-]?\d{1,4})?$/.test(text))
    return undefined;
  const number = Number(text);
  return Number.isFinite(number) ? number : undefined;
}

/** Whether a number stands so to another. */
export function compares(
  left: number | bigint,
  operator: Operator,
  right: number | bigint,
): boolean {
  switch (operator) {
    case 'lt':
      return left < right;
    case 'lte':
      return left <= right;
    case 'gt':
      return left > right;
    case 'gte':
      return left >= right;
    case 'eq':
      return !(left < right) && !(left > right);
  }
}

/**
 * A part of a time, in UTC: of RFC 3339 text (without a zone: as UTC), or of seconds, milliseconds or microseconds since
 * 1970 by their size. Undefined where the text is no time.
 */
export function timePart(text: string, unit: TimeUnit): number | undefined {
  const timeUs = parseTime(text);
  if (timeUs === undefined) return undefined;
  const date = new Date(Math.floor(timeUs / 1000));
  switch (unit) {
    case 'minute':
      return date.getUTCMinutes();
    case 'hour':
      return date.getUTCHours();
    case 'day':
      return date.getUTCDate();
    case 'month':
      return date.getUTCMonth() + 1;
    case 'year':
      return date.getUTCFullYear();
    case 'week':
      return isoWeek(date);
  }
}

function parseTime(text: string): number | undefined {
  if (/^\d{9,16}$/.test(text)) {
    const number = Number(text);
    return text.length > 14 ? number : text.length > 11 ? number * 1000 : number * 1_000_000;
  }
  const spaced = text.replace(/^(\d{4}-\d\d-\d\d) /, '$1T');
  return parseRfc3339(spaced) ?? parseRfc3339(`${spaced}Z`);
}

const DAY_MS = 86_400_000;

/** The week that holds the year's first Thursday is week 1 (ISO 8601). */
function isoWeek(date: Date): number {
  const day = Math.floor(date.getTime() / DAY_MS);
  // 1 January 1970 was a Thursday.
  const thursday = day - ((((day + 3) % 7) + 7) % 7) + 3;
  const year = new Date(thursday * DAY_MS).getUTCFullYear();
  return Math.floor((thursday - Date.UTC(year, 0, 1) / DAY_MS) / 7) + 1;
}

/** A network; an address alone is the network of itself. */
export function rangeOf(text: string): Range | undefined {
  return parseRange(text.includes('/') ? text : `${text}/${text.includes(':') ? '128' : '32'}`);
}

/** Whether a text is another, or begins with it, ends with it or holds it. */
export function placed(value: string, other: string, place: Place, cased: boolean): boolean {
  const left = cased ? normal(value) : fold(normal(value));
  const right = cased ? normal(other) : fold(normal(other));
  switch (place) {
    case 'whole':
      return left === right;
    case 'start':
      return left.startsWith(right);
    case 'end':
      return left.endsWith(right);
    case 'within':
      return left.includes(right);
  }
}
