/** A first look at the JSON in a file's first bytes, for deciding what the file is. */
import { isObject, type JsonObject, parseJson } from './json.ts';

/** A record at the start of a file; only its outer keys are known if the text ends inside it. */
export interface PeekedRecord {
  readonly keys: readonly string[];
  /** Absent if the text ends inside the record, or it is no object, or not JSON. */
  readonly value?: JsonObject;
}

/** The first records of a file and how they stand in it. */
export interface Peek {
  /** `array`, `objects` (one or more outermost objects), or the name of the member that holds the records. */
  readonly container: string;
  readonly records: readonly PeekedRecord[];
}

/** A wrapper's array is looked for in an array of wrappers, no deeper. */
const MAX_CONTAINERS = 4;

/**
 * The first records of a JSON text that may be cut anywhere; undefined if it does not start as JSON does.
 * @param wrappers members of an outermost object whose array holds the records.
 * @param most how many records to return.
 */
export function peekJson(text: string, wrappers: readonly string[], most = 5): Peek | undefined {
  const records: PeekedRecord[] = [];
  let container = 'objects';
  let containers = 0;
  let at = 0;
  while (at < text.length && records.length < most) {
    const character = text.charAt(at);
    if (character === '[' && containers < MAX_CONTAINERS) {
      if (container === 'objects') container = 'array';
      containers++;
      at++;
    } else if (character === '{') {
      const object = scanObject(
        text,
        at,
        container === 'objects' || container === 'array' ? wrappers : [],
      );
      if (object.wrapper !== undefined) {
        container = object.wrapper;
        at = object.end;
        continue;
      }
      const complete = object.end >= 0;
      const value = complete ? parseJson(text.slice(at, object.end)) : undefined;
      records.push(isObject(value) ? { keys: object.keys, value } : { keys: object.keys });
      at = complete ? object.end : text.length;
    } else if (character === '"' && container !== 'objects') {
      const end = stringEnd(text, at);
      const inner = end < 0 ? undefined : parseJson(text.slice(at, end));
      const value = typeof inner === 'string' ? parseJson(inner) : undefined;
      if (isObject(value)) records.push({ keys: Object.keys(value), value });
      at = end < 0 ? text.length : end;
    } else if (' \t\r\n,]}'.includes(character)) {
      at++;
    } else {
      break;
    }
  }
  if (records.length === 0 && !/^\s*[[{]/.test(text)) return undefined;
  return { container, records };
}

interface ScannedObject {
  readonly keys: string[];
  /** One past the object, or past the `[` of the wrapper's array; -1 if the text ends before. */
  readonly end: number;
  readonly wrapper?: string;
}

function scanObject(text: string, start: number, wrappers: readonly string[]): ScannedObject {
  const keys: string[] = [];
  let depth = 0;
  let at = start;
  let expectKey = false;
  while (at < text.length) {
    const character = text.charAt(at);
    if (character === '"') {
      const end = stringEnd(text, at);
      if (end < 0) return { keys, end: -1 };
      if (depth === 1 && expectKey) keys.push(text.slice(at + 1, end - 1));
      expectKey = false;
      at = end;
      continue;
    }
    if (character === '{' || character === '[') {
      const key = keys.at(-1);
      if (character === '[' && depth === 1 && key !== undefined && wrappers.includes(key)) {
        return { keys, end: at + 1, wrapper: key };
      }
      depth++;
      expectKey = character === '{';
    } else if (character === '}' || character === ']') {
      depth--;
      if (depth === 0) return { keys, end: at + 1 };
    } else if (character === ',') {
      expectKey = true;
    }
    at++;
  }
  return { keys, end: -1 };
}

function stringEnd(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length) {
    const character = text.charCodeAt(at);
    if (character === 0x22) return at + 1;
    at += character === 0x5c ? 2 : 1;
  }
  return -1;
}
