/** JSON from evidence: exact numbers, duplicate keys, places of members, and a first look at a file. */
import type { Buffer } from 'node:buffer';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** A value that `JSON.parse` or {@link parseExact} gives; integers beyond 2^53 are bigints in the latter. */
export type JsonValue =
  null | boolean | number | bigint | string | readonly JsonValue[] | JsonObject;

/** A JSON object; members that are absent read as undefined. */
export interface JsonObject {
  readonly [name: string]: JsonValue | undefined;
}

/** True for an object that is no array and not null. */
export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `JSON.parse`, or undefined where the text is not JSON. */
export function parseJson(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    // The one error JSON.parse raises is "this is not JSON", which is the answer.
    return undefined;
  }
}

type Reviver = (
  this: unknown,
  key: string,
  value: unknown,
  context: { readonly source?: string },
) => unknown;

/** Like {@link parseJson}, but integers that a double cannot hold become bigints. About five times slower. */
export function parseExact(text: string): JsonValue | undefined {
  const reviver: Reviver = (_key, value, context) =>
    typeof value === 'number' &&
    !Number.isSafeInteger(value) &&
    /^-?\d+$/.test(context.source ?? '')
      ? BigInt(context.source ?? '')
      : value;
  try {
    return JSON.parse(
      text,
      reviver as (this: unknown, key: string, value: unknown) => unknown,
    ) as JsonValue;
  } catch {
    return undefined;
  }
}

/** Members of all objects in a value: fewer than the colons in its text where an object names a key twice. */
export function countMembers(value: JsonValue): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value as readonly JsonValue[]) {
      if (typeof item === 'object' && item !== null) count += countMembers(item);
    }
    return count;
  }
  const object = value as JsonObject;
  for (const name in object) {
    count++;
    const member = object[name];
    if (typeof member === 'object' && member !== null) count += countMembers(member);
  }
  return count;
}

/** What a JSON text shows without being parsed. */
export interface Outline {
  /** Colons outside strings: members of all objects, repeated ones too. */
  readonly members: number;
  /** Deepest nesting of objects and arrays. */
  readonly depth: number;
}

/** Outline of a text that is meant to be JSON. */
export function outlineJson(text: string): Outline {
  let members = 0;
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) {
      at++;
      while (at < text.length && text.charCodeAt(at) !== QUOTE) {
        at += text.charCodeAt(at) === BACKSLASH ? 2 : 1;
      }
    } else if (unit === 0x3a) {
      members++;
    } else if (unit === 0x7b || unit === 0x5b) {
      depth++;
      if (depth > deepest) deepest = depth;
    } else if (unit === 0x7d || unit === 0x5d) {
      depth--;
    }
  }
  return { members, depth: deepest };
}

/** Text that is equal for equal JSON values: keys sorted, no white space, big integers exact. */
export function sortedJson(value: JsonValue): string {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${(value as readonly JsonValue[]).map(sortedJson).join(',')}]`;
  const object = value as JsonObject;
  const members = Object.keys(object)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${sortedJson(object[name] ?? null)}`);
  return `{${members.join(',')}}`;
}

/** Place of a value in its text or bytes: first, and one past the last. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * Where the value of a member of the outermost object stands; the last one if the name repeats, as `JSON.parse` reads
 * it. The bytes must be one valid JSON object.
 * @param name of the member, ASCII without escapes.
 */
export function memberSpan(
  bytes: Buffer,
  start: number,
  end: number,
  name: string,
): Span | undefined {
  const key = `"${name}"`;
  let found: Span | undefined;
  let depth = 0;
  let at = start;
  /** Start of the value that follows at depth 1, if it is the one asked for. */
  let valueAt = -1;
  let keyFound = false;
  while (at < end) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) {
      const from = at;
      at++;
      while (at < end && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
      at++;
      if (depth === 1 && valueAt < 0) {
        if (keyFound) valueAt = from;
        else if (at - from === key.length) keyFound = isKey(bytes, from, at, end, key);
      }
      continue;
    }
    if (byte === 0x7b || byte === 0x5b) {
      if (depth === 1 && keyFound && valueAt < 0) valueAt = at;
      depth++;
    } else if (byte === 0x7d || byte === 0x5d) {
      depth--;
    }
    if ((byte === 0x2c && depth === 1) || depth === 0) {
      if (valueAt >= 0) found = { start: valueAt, end: trimEnd(bytes, valueAt, at) };
      valueAt = -1;
      keyFound = false;
      if (depth === 0) break;
    } else if (keyFound && valueAt < 0 && depth === 1 && byte !== 0x3a && byte > 0x20) {
      valueAt = at;
    }
    at++;
  }
  return found;
}

function isKey(bytes: Buffer, from: number, to: number, end: number, key: string): boolean {
  let colon = to;
  while (colon < end && (bytes[colon] ?? 0) <= 0x20) colon++;
  return bytes[colon] === 0x3a && bytes.toString('latin1', from, to) === key;
}

function trimEnd(bytes: Buffer, start: number, end: number): number {
  let last = end;
  while (last > start && (bytes[last - 1] ?? 0) <= 0x20) last--;
  return last;
}
