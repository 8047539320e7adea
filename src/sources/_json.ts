/**
 * What the sources with JSON records share: a table of fields becomes columns and a mapping, and one reader checks the
 * text, notes what is odd, and never loses a record silently.
 */
import { Buffer, isUtf8 } from 'node:buffer';
import { isAddress } from '../core/address.ts';
import { hash53 } from '../core/hash53.ts';
import {
  countMembers,
  isObject,
  type JsonObject,
  type JsonValue,
  memberSpan,
  outlineJson,
  parseExact,
  parseJson,
  sortedJson,
  type Span,
} from '../core/json.ts';
import { peekJson } from '../core/peek.ts';
import type { Step } from '../core/steps.ts';
import { exactUs, logTime } from '../core/time.ts';
import {
  type Column,
  type Detection,
  FORM,
  type Head,
  MAX_DEPTH,
  type Place,
  type RecordHints,
  type RecordReader,
  type RowOut,
  type Value,
} from './source.ts';

/** A stored column and how its value is found in a record. */
export interface JsonField {
  readonly column: Column;
  readonly value: (record: JsonObject, out: RowOut) => Value;
}

/** The value at a path of member names; undefined where one is missing. */
export function valueAt(record: JsonObject, path: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = record;
  for (const name of path) {
    if (!isObject(value)) return undefined;
    value = Object.hasOwn(value, name) ? value[name] : undefined;
  }
  return value;
}

/** The values at some paths as one text, for the identity of a record. */
export function joined(record: JsonObject, ...paths: readonly string[]): string {
  return paths.map((path) => sortedJson(valueAt(record, path.split('.')) ?? null)).join(' ');
}

/** Text; a number where AWS writes one for an identifier is its digits. */
export function textOf(value: JsonValue | undefined, name: string, out: RowOut): string | null {
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return null;
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value))) {
    return value.toString();
  }
  out.anomaly('bad_value', `${name} is not a string`);
  return null;
}

/** A 64-bit integer; some carriers write it as a string of digits. */
export function integerOf(
  value: JsonValue | undefined,
  name: string,
  out: RowOut,
): number | bigint | null {
  if (value === undefined || value === null) return null;
  // 0 + value: -0 is 0.
  if (typeof value === 'number' && Number.isSafeInteger(value)) return 0 + value;
  const big =
    typeof value === 'bigint' || (typeof value === 'string' && /^-?\d{1,19}$/.test(value))
      ? BigInt(value)
      : undefined;
  if (big !== undefined && big === BigInt.asIntN(64, big)) {
    return Number.isSafeInteger(Number(big)) ? Number(big) : big;
  }
  out.anomaly('bad_value', `${name} is not a 64-bit integer`);
  return null;
}

function flagOf(value: JsonValue | undefined, name: string, out: RowOut): number | null {
  if (value === undefined || value === null) return null;
  if (value === true || value === 'true') return 1;
  if (value === false || value === 'false') return 0;
  out.anomaly('bad_value', `${name} is neither true nor false`);
  return null;
}

function timeOf(
  value: JsonValue | undefined,
  name: string,
  out: RowOut,
  unit?: TimeUnit,
): number | null {
  if (value === undefined || value === null) return null;
  const time = anyTime(value, unit);
  if (time === undefined) out.anomaly('bad_value', `${name} is not a time`);
  return time ?? null;
}

/** A unit of Unix times. */
export type TimeUnit = 's' | 'ms';

const MICROSECONDS: Readonly<Record<TimeUnit, number>> = { s: 1_000_000, ms: 1000 };

/**
 * A time as AWS's JSON writes it: RFC 3339, the same without a zone or with a space for the T (then UTC), or a Unix time,
 * as a number or a string of digits. Undefined for what is none, and for times that microseconds cannot hold exactly.
 * @param unit of Unix times, where the documentation of the field says so; else {@link guessedTime}.
 */
export function anyTime(value: JsonValue | undefined, unit?: TimeUnit): number | undefined {
  if (typeof value === 'string') {
    if (/^\d{1,19}$/.test(value)) return unixTime(BigInt(value), unit);
    return (
      logTime(value) ??
      (/^\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?$/.test(value)
        ? (logTime(value.replace(' ', 'T')) ?? logTime(`${value.replace(' ', 'T')}Z`))
        : undefined)
    );
  }
  if (typeof value === 'bigint') return unixTime(value, unit);
  if (typeof value !== 'number' || value < 0) return undefined;
  if (Number.isSafeInteger(value)) return unixTime(BigInt(value), unit);
  // The CLI's version 1 writes seconds with a fraction.
  const known = unit ?? (value >= LEAST_SECONDS && value <= MOST_SECONDS ? 's' : undefined);
  return known === undefined ? undefined : exactUs(Math.round(value * MICROSECONDS[known]));
}

function unixTime(value: bigint, unit: TimeUnit | undefined): number | undefined {
  if (value < 0n) return undefined;
  if (unit === undefined) return guessedTime(value);
  return exactUs(Number(value * BigInt(MICROSECONDS[unit])));
}

/** 1990, and the last second that microseconds hold exactly, in 2255. */
const LEAST_SECONDS = 631_152_000;
const MOST_SECONDS = 9_007_199_254;

/**
 * A Unix time whose unit nothing says: seconds, milliseconds, microseconds or nanoseconds, told apart by its size, which is
 * sure from 1990 to 2255 alone. Any other number may be a time of another unit, and is none.
 */
function guessedTime(value: bigint): number | undefined {
  if (value === 0n) return 0;
  for (const perSecond of [1n, 1000n, 1_000_000n, 1_000_000_000n]) {
    const seconds = value / perSecond;
    if (seconds >= LEAST_SECONDS && seconds <= MOST_SECONDS) {
      return exactUs(Number((value * 1_000_000n) / perSecond));
    }
  }
  return undefined;
}

function field(
  column: Column,
  path: string,
  read: (value: JsonValue | undefined, name: string, out: RowOut) => Value,
): JsonField {
  const names = path.split('.');
  return { column, value: (record, out) => read(valueAt(record, names), path, out) };
}

/** A text column; `path` names the member, dots between nested ones. */
export function text(name: string, path: string, about: string): JsonField {
  return field({ name, type: 'TEXT', about }, path, textOf);
}

/** An integer column in the given unit. */
export function integer(name: string, unit: string, path: string, about: string): JsonField {
  return field({ name, type: 'INTEGER', unit, about }, path, integerOf);
}

/** A port; what is none is noted and NULL. */
export function portOf(
  value: JsonValue | undefined,
  name: string,
  out: RowOut,
): number | bigint | null {
  const number = integerOf(value, name, out);
  if (number === null || (number >= 0 && number <= 65_535)) return number;
  out.anomaly('bad_value', `${name} is no port`);
  return null;
}

/** A column of a port. */
export function port(name: string, path: string, about: string): JsonField {
  return field({ name, type: 'INTEGER', unit: 'port', about }, path, portOf);
}

/** The same field where it has to be an IP address: what is none is noted and NULL. */
export function address({ column, value }: JsonField): JsonField {
  return {
    column,
    value: (record, out) => {
      const text = value(record, out);
      if (text === null || text === '' || text === '-') return null;
      if (typeof text === 'string' && isAddress(text)) return text;
      out.anomaly('bad_value', `${column.name} is not an IP address`);
      return null;
    },
  };
}

/** A truth value, stored as 0 or 1. */
export function flag(name: string, path: string, about: string): JsonField {
  return field({ name, type: 'INTEGER', unit: '0 or 1', about }, path, flagOf);
}

/** A time besides the one of the record; the name ends in `_us`. @param unit of a Unix time, where it is known. */
export function time(name: string, path: string, about: string, unit?: TimeUnit): JsonField {
  return field({ name, type: 'INTEGER', unit: 'us', about }, path, (value, told, out) =>
    timeOf(value, told, out, unit),
  );
}

/** An object or array, stored as JSON text with sorted keys, for SQLite's JSON functions. */
export function json(name: string, path: string, about: string): JsonField {
  return field({ name, type: 'TEXT', about }, path, (value) =>
    value === undefined || value === null ? null : sortedJson(value),
  );
}

/** A text column that is worked out from the record. */
export function derived(
  name: string,
  about: string,
  value: (record: JsonObject, out: RowOut) => string | null,
): JsonField {
  return { column: { name, type: 'TEXT', about }, value };
}

/** The region of an availability, local or wavelength zone: `us-west-2` of `us-west-2-lax-1a`; null where it is none. */
export function regionOfZone(zone: JsonValue | undefined): string | null {
  return typeof zone === 'string' ? (/^[a-z]{2}(?:-[a-z]+)+-\d+/.exec(zone)?.[0] ?? null) : null;
}

/** Account and region from the key of a file; `pattern` finds them as its groups 1 and 2. */
export function ownerFields(path: string, pattern: RegExp): readonly JsonField[] {
  const match = pattern.exec(path);
  return [
    derived(
      'account_id',
      'Account in the key of the file; NULL where the key has none.',
      () => match?.[1] ?? null,
    ),
    derived(
      'region',
      'Region in the key of the file; NULL where the key has none.',
      () => match?.[2] ?? null,
    ),
  ];
}

/** The columns of a source: its time and its fields. */
export function columnsOf(timeAbout: string, fields: readonly JsonField[]): readonly Column[] {
  const first: Column = { name: 'time_us', type: 'INTEGER', unit: 'us', about: timeAbout };
  return [first, ...fields.map(({ column }) => column)];
}

/** How the files of a source with JSON records look and are read. */
export interface JsonFormat {
  /** Names of the record, for messages: `a GuardDuty finding`. */
  readonly what: string;
  /** One of these stands near the start of every file of the source: looked for before anything is parsed. */
  readonly marks: readonly string[];
  /** Members of an outermost object whose array holds records. */
  readonly wrappers: readonly string[];
  /** True for a record of this source. */
  readonly is: (record: JsonObject) => boolean;
  /** Outer members that tell a record of which the head shows no end: all of one of these lists. */
  readonly keys: readonly (readonly string[])[];
  /** The time of a record, if it has a readable one. */
  readonly time: (record: JsonObject) => number | undefined;
  /** Name of that time, for the reject; the way to it where records may have none. */
  readonly timeName: string;
  /** Text that two copies of a record share. */
  readonly identity: (record: JsonObject) => string;
  readonly fields: readonly JsonField[];
  /** The record in the spelling that {@link JsonFormat.fields} expects, where files spell it in more than one way. */
  readonly normal?: (record: JsonObject) => JsonObject;
  /** Member of a wrapped object whose array holds the records. */
  readonly inside?: string;
  /** True if EventBridge events themselves are the records, not what they carry. */
  readonly envelopes?: true;
  /** False if records may have no time; then the source is no part of the timeline. */
  readonly timed?: false;
  /**
   * Other ways to the record through members of what carries it, each member an object or a JSON string: a notification
   * in SNS, an event in a Lambda invocation. A way that ends at no record of this source is not taken.
   */
  readonly ways?: readonly (readonly string[])[];
  /** What stands beside a record at the end of such a way and is handed on to its own source, and what tells whose it is. */
  readonly beside?: {
    readonly member: string;
    readonly path: (record: JsonObject) => string;
  };
  /** True if a record may be a JSON string that holds it. */
  readonly strings?: true;
  /** Members that hold identifiers of 64 bits in every record: integers beyond 2^53 are nothing odd there. */
  readonly longNumbers?: readonly (readonly string[])[];
}

/** True for an EventBridge event. */
export function isEnvelope(record: JsonObject): boolean {
  return 'detail-type' in record && 'detail' in record && 'source' in record;
}

/** One of the marks of a source stands in this much of a file’s start: longer than nearly every record. */
const MARKED = 24_576;

/** The claim of a source with JSON records on a file. */
export function detectJson(head: Head, format: JsonFormat): Detection | undefined {
  // What CloudTrail delivers, most files of most cases, begins so: nobody else need look at it.
  if (head.text.startsWith('{"Records":[{"eventVersion"')) return undefined;
  const start = head.text.slice(0, MARKED);
  if (!format.marks.some((mark) => start.includes(mark))) return undefined;
  const peek = peekJson(head.text, format.wrappers);
  if (peek === undefined || peek.records.length === 0) return undefined;
  const seen = peek.records.map(({ keys, value }) => {
    if (value === undefined) {
      const told = format.keys.some((list) => list.every((key) => keys.includes(key)));
      return told ? 'bare' : '';
    }
    if (isEnvelope(value) && format.envelopes === undefined) return '';
    if (format.ways?.some((way) => follow(value, way, format) !== undefined) === true)
      return 'carried';
    const list = format.inside === undefined ? undefined : value[format.inside];
    const inner = Array.isArray(list) ? (list as readonly JsonValue[]) : [value];
    return inner.some((one) => isObject(one) && format.is(one)) ? 'bare' : '';
  });
  const own = seen.filter((carrier) => carrier !== '').length;
  if (own === 0) return undefined;
  const shape = seen.includes('carried') ? 'carried' : peek.container;
  return {
    confidence: Math.round(50 + (40 * own) / peek.records.length),
    reason: `${String(own)} of the first ${String(peek.records.length)} records are ${format.what} (${shape})`,
    shape,
  };
}

/** A reader for one file of a source with JSON records. */
export function jsonReader(head: Head, format: JsonFormat): RecordReader {
  const firsts =
    peekJson(head.text, format.wrappers)?.records.flatMap(({ keys }) => keys.slice(0, 1)) ?? [];
  const openers = [...new Set([...format.keys.flatMap((list) => list.slice(0, 1)), ...firsts])];
  return {
    framing: { kind: 'json', wrappers: format.wrappers, openers },
    read: (bytes, start, end, offset, hints, out) => {
      if (format.strings === true && bytes[start] === 0x22) {
        const place = { offset, length: end - start, form: FORM.jsonString };
        readString(bytes.subarray(start, end), hints, format, place, out);
        return;
      }
      const read = readObject(bytes, start, end, hints, out);
      if (read === undefined) return;
      const { value, text } = read;
      const carried = carriedBy(value, bytes, start, end, offset, format);
      if (carried.length === 0)
        out.reject('not_this_source', `an EventBridge event is not ${format.what}`);
      // Of many records in one text each would be looked at with all of it.
      const odd = carried.length > 1 ? oddities(text) : text;
      for (const { record, place, beside } of carried) {
        emit(record, odd, hints.escaped, format, place, out);
        if (beside !== undefined && isObject(record)) {
          const path = format.beside?.path(record) ?? '';
          out.inner(beside.text, { place: beside.place, path, timeUs: format.time(record) });
        }
      }
    },
  };
}

/** A framed record as text and value; undefined after it was rejected. */
export function readObject(
  bytes: Buffer,
  start: number,
  end: number,
  hints: RecordHints,
  out: RowOut,
): { readonly value: JsonObject; readonly text: string } | undefined {
  if (!hints.ascii && !isUtf8(bytes.subarray(start, end))) {
    out.reject('invalid_utf8', 'the record is not valid UTF-8');
    return undefined;
  }
  const text = bytes.toString(hints.ascii ? 'latin1' : 'utf8', start, end);
  const value = hints.bigNumber ? parseExact(text) : parseJson(text);
  if (value === undefined) {
    out.reject('not_json', 'the record is not JSON');
    return undefined;
  }
  if (hints.members !== countMembers(value)) {
    out.anomaly('duplicate_key', 'an object names a key twice');
  }
  if (!isObject(value)) {
    out.reject('not_an_object', 'the record is not an object');
    return undefined;
  }
  return { value, text };
}

/** A record that is a JSON string. */
function readString(
  bytes: Buffer,
  hints: RecordHints,
  format: JsonFormat,
  place: Place,
  out: RowOut,
): void {
  if (!hints.ascii && !isUtf8(bytes)) {
    out.reject('invalid_utf8', 'the record is not valid UTF-8');
    return;
  }
  const text = parseJson(bytes.toString('utf8'));
  const outline = outlineJson(typeof text === 'string' ? text : '');
  if (outline.depth > MAX_DEPTH) {
    out.reject('too_deep', 'the JSON in the string is nested too deep');
    return;
  }
  const value = typeof text === 'string' ? innerJson(text) : undefined;
  if (typeof text !== 'string' || value === undefined) {
    out.reject('not_json', 'the string does not hold JSON');
    return;
  }
  if (outline.members !== countMembers(value)) {
    out.anomaly('duplicate_key', 'an object names a key twice');
  }
  emit(value, text, text.includes('\\'), format, place, out);
}

/** A text at the end of a way. */
interface Placed {
  readonly place: Place;
  /** Decoded. */
  readonly text: Buffer;
}

interface Carried {
  readonly record: JsonValue;
  readonly place?: Place | undefined;
  readonly beside?: Placed | undefined;
}

/** The records in an object: itself, or what it carries. None in an EventBridge event, which another source reads and whose content the importer hands on. */
function carriedBy(
  value: JsonObject,
  bytes: Buffer,
  start: number,
  end: number,
  offset: number,
  format: JsonFormat,
): readonly Carried[] {
  if (isEnvelope(value) && format.envelopes === undefined) return [];
  for (const way of format.ways ?? []) {
    const record = follow(value, way, format);
    if (record === undefined) continue;
    const at = (to: readonly string[]): Placed | undefined =>
      placeOfWay(value, to, bytes, { start, end }, offset - start);
    const { beside } = format;
    return [
      {
        record,
        place: at(way)?.place,
        beside: beside === undefined ? undefined : at([...way.slice(0, -1), beside.member]),
      },
    ];
  }
  const placeOf = (one: Span): Place => ({
    offset: offset + one.start - start,
    length: one.end - one.start,
    form: FORM.plain,
  });
  const name = format.inside;
  const list = name === undefined ? undefined : value[name];
  if (name !== undefined && Array.isArray(list)) {
    const listSpan = memberSpan(bytes, start, end, name);
    const spans = listSpan === undefined ? [] : elementSpans(bytes, listSpan);
    const items = (list as readonly JsonValue[]).flatMap((record, index): Carried[] => {
      const one = spans[index];
      return one === undefined ? [] : [{ record, place: placeOf(one) }];
    });
    if (items.length > 0) return items;
  }
  return [{ record: value }];
}

/** The record at the end of a way; undefined if there is none of this source. */
function follow(
  carrier: JsonObject,
  way: readonly string[],
  format: JsonFormat,
): JsonObject | undefined {
  let value: JsonObject = carrier;
  for (const name of way) {
    const member = Object.hasOwn(value, name) ? value[name] : undefined;
    const inner = onlyOne(typeof member === 'string' ? innerJson(member) : member);
    if (!isObject(inner)) return undefined;
    value = inner;
  }
  return format.is(value) ? value : undefined;
}

/** The element of a list of one, as early notifications of AWS Config hold their item; else the value itself. */
function onlyOne(value: JsonValue | undefined): JsonValue | undefined {
  const list = Array.isArray(value) ? (value as readonly JsonValue[]) : undefined;
  return list?.length === 1 ? list[0] : value;
}

/** The value of a JSON string that holds JSON; undefined for what is none, or nested too deep to walk. */
export function innerJson(text: string): JsonValue | undefined {
  if (outlineJson(text).depth > MAX_DEPTH) return undefined;
  return /\d{16}/.test(text) ? parseExact(text) : parseJson(text);
}

/** Place of the record at the end of a way, through JSON strings on it. */
function placeOfWay(
  carrier: JsonObject,
  way: readonly string[],
  bytes: Buffer,
  whole: Span,
  base: number,
): Placed | undefined {
  let value: JsonObject = carrier;
  let text = bytes;
  let span: Span = whole;
  let outer: Span | undefined;
  const steps: Step[] = [];
  for (const name of way) {
    const found = memberSpan(text, span.start, span.end, name);
    if (found === undefined) return undefined;
    span = found;
    const member = value[name];
    if (typeof member === 'string') {
      if (outer === undefined) outer = span;
      else steps.push([span.start, span.end - span.start]);
      steps.push('string');
      text = Buffer.from(member);
      span = { start: 0, end: text.length };
    }
    const said = typeof member === 'string' ? innerJson(member) : member;
    const inner = onlyOne(said);
    if (inner !== said) {
      const [only] = elementSpans(text, span);
      if (only === undefined) return undefined;
      span = only;
    }
    if (!isObject(inner)) return undefined;
    value = inner;
  }
  const own = text.subarray(span.start, span.end);
  const place = ({ start, end }: Span): { offset: number; length: number } => ({
    offset: base + start,
    length: end - start,
  });
  if (outer === undefined) return { place: { ...place(span), form: FORM.plain }, text: own };
  if (span.start > 0 || span.end < text.length) steps.push([span.start, span.end - span.start]);
  return {
    place:
      steps.length === 1
        ? { ...place(outer), form: FORM.jsonString }
        : { ...place(outer), form: FORM.steps, steps },
    text: own,
  };
}

/** Where the elements of an array stand. The bytes must be one valid JSON array. */
export function elementSpans(bytes: Buffer, array: Span): readonly Span[] {
  const spans: Span[] = [];
  let depth = 0;
  let from = -1;
  let last = -1;
  for (let at = array.start; at < array.end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte <= 0x20) continue;
    const ends = depth === 1 && (byte === 0x2c || byte === 0x5d);
    if (ends && from >= 0) {
      spans.push({ start: from, end: last + 1 });
      from = -1;
    } else if (depth === 1 && from < 0 && !ends) {
      from = at;
    }
    if (byte === 0x22) {
      at++;
      while (at < array.end && bytes[at] !== 0x22) at += bytes[at] === 0x5c ? 2 : 1;
    } else if (byte === 0x5b || byte === 0x7b) {
      depth++;
    } else if (byte === 0x5d || byte === 0x7d) {
      depth--;
    }
    last = at;
  }
  return spans;
}

function emit(
  raw: JsonValue,
  text: string,
  escaped: boolean,
  format: JsonFormat,
  place: Place | undefined,
  out: RowOut,
): void {
  if (!isObject(raw) || !format.is(raw)) {
    out.reject('not_this_source', `the record is not ${format.what}`);
    return;
  }
  const record = format.normal?.(raw) ?? raw;
  const timeUs = format.time(record);
  if (timeUs === undefined && format.timed !== false) {
    out.reject('bad_time', `${format.timeName} is missing or not a time`);
    return;
  }
  noteOddities(raw, text, escaped, out, format.longNumbers);
  if (timeUs === undefined && (valueAt(record, format.timeName.split('.')) ?? null) !== null) {
    out.anomaly('bad_value', `${format.timeName} is not a time`);
  }
  const values: Value[] = [timeUs ?? null];
  for (const { value } of format.fields) values.push(value(record, out));
  if (escaped) cleanTexts(values, text, out);
  out.row(values, hash53(format.identity(record)), place);
}

/** A short text with the same oddities as a long one: digits beyond 2^53, __proto__, escapes of NUL and surrogates. */
export function oddities(text: string): string {
  return [
    /\d{16}/.test(text) ? '0'.repeat(16) : '',
    /"(?:_|\\u005f){2}proto/i.test(text) ? '"__proto__"' : '',
    /\\u(?:0000|d[89a-f])/i.test(text) ? '\\u0000' : '',
  ].join('');
}

/** Notes a member named __proto__, and integers beyond 2^53 that stand elsewhere than in `longNumbers`. */
export function noteOddities(
  record: JsonObject,
  text: string,
  escaped: boolean,
  out: RowOut,
  longNumbers: readonly (readonly string[])[] = [],
): void {
  const expected = (): number =>
    longNumbers.filter((path) => typeof valueAt(record, path) === 'bigint').length;
  if (/\d{16}/.test(text) && bigIntegers(record) > expected()) {
    out.anomaly('big_number', 'an integer is beyond 2^53');
  }
  if (
    (escaped ? /"(?:_|\\u005f){2}proto/i.test(text) : text.includes('"__proto__"')) &&
    holdsProto(record)
  ) {
    out.anomaly('proto_key', 'an object has a member named __proto__');
  }
}

/** Only escapes can bring U+0000 and lone surrogates into a value. */
export function cleanTexts(values: Value[], text: string, out: RowOut): void {
  if (!/\\u(?:0000|d[89a-f])/i.test(text)) return;
  for (const [index, value] of values.entries()) {
    if (typeof value !== 'string') continue;
    if (value.includes('\0')) out.anomaly('nul_character', 'a value contains U+0000');
    if (value.isWellFormed()) continue;
    values[index] = value.toWellFormed();
    out.anomaly('bad_value', 'a lone surrogate was replaced by U+FFFD');
  }
}

function bigIntegers(value: JsonValue | undefined): number {
  if (typeof value === 'bigint') return 1;
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce<number>((sum, one) => sum + bigIntegers(one), 0);
}

function holdsProto(value: JsonValue | undefined): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.hasOwn(value, '__proto__') || Object.values(value).some(holdsProto);
}

/** Canonical text of a record, in which copies that other carriers rewrote are equal. */
export function canonicalRecord(text: string): string {
  const value = /\d{16}/.test(text) ? parseExact(text) : parseJson(text);
  return value === undefined ? text : sortedJson(value);
}

/** Region and account of an ARN, `arn:partition:service:region:account:resource`; null where it has none. */
export function arnParts(arn: JsonValue | undefined): {
  readonly region: string | null;
  readonly account: string | null;
} {
  const parts = typeof arn === 'string' && arn.startsWith('arn:') ? arn.split(':', 5) : [];
  const filled = (part: string | undefined): string | null => (part === '' ? null : (part ?? null));
  return { region: filled(parts[3]), account: filled(parts[4]) };
}
