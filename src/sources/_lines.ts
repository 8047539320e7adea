/**
 * What the sources with one record a line share: splitting at spaces around quoted fields, and fields as numbers,
 * times and addresses. Scanners over characters; no regular expression runs on a line.
 */
import { isUtf8 } from 'node:buffer';
import { isAddress } from '../core/address.ts';
import { hash53Bytes } from '../core/hash53.ts';
import { exactUs, logTime } from '../core/time.ts';
import type { Detection, Head, RecordReader, RowOut, Value } from './source.ts';

const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * A reader whose records are lines; empty lines are none.
 * @param map values of a line, or undefined after it rejected the line or said that it is no record.
 */
export function lineReader(
  map: (line: string, out: RowOut) => readonly Value[] | undefined,
): RecordReader {
  return {
    framing: { kind: 'lines' },
    read: (bytes, start, end, _offset, hints, out) => {
      if (start === end) {
        out.notARecord();
        return;
      }
      if (!hints.ascii && !isUtf8(bytes.subarray(start, end))) {
        out.reject('invalid_utf8', 'the line is not valid UTF-8');
        return;
      }
      const line = bytes.toString(hints.ascii ? 'latin1' : 'utf8', start, end);
      const values = map(line, out);
      if (values === undefined) return;
      if (line.includes('\0')) out.anomaly('nul_character', 'the line contains NUL');
      out.row(values, hash53Bytes(bytes, start, end));
    },
  };
}

/** How many of the first lines a claim looks at: a few of something else may come before. */
const LINES = 40;

const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;

/** The first lines that are not empty; none of a file that begins as JSON does. */
export function firstLines(head: Head): readonly string[] {
  const first = head.text.charCodeAt(0);
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return [];
  return head.text
    .split('\n', LINES + 1)
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
    .slice(0, LINES);
}

/** The claim of a source on a file in which most of the first lines are its own. */
export function detectLines(
  head: Head,
  what: string,
  isOwn: (line: string) => boolean,
): Detection | undefined {
  const lines = firstLines(head);
  const own = lines.filter(isOwn).length;
  return own * 2 > lines.length
    ? {
        confidence: 90,
        reason: `${String(own)} of the first ${String(lines.length)} lines are ${what}`,
        shape: 'lines',
      }
    : undefined;
}

/**
 * Fields of a line, separated by spaces. A field in quotes may hold spaces, and quotes that a backslash escapes; it ends
 * at a quote that a space or the end of the line follows, and comes without its quotes. Undefined if a quote stays open.
 */
export function splitQuoted(line: string): string[] | undefined {
  const fields: string[] = [];
  const end = line.length;
  let at = 0;
  while (at < end) {
    if (line.charCodeAt(at) === SPACE) {
      at++;
      continue;
    }
    if (line.charCodeAt(at) !== QUOTE) {
      const space = line.indexOf(' ', at);
      const to = space < 0 ? end : space;
      fields.push(line.slice(at, to));
      at = to + 1;
      continue;
    }
    let close = at + 1;
    for (;;) {
      close = line.indexOf('"', close);
      if (close < 0) return undefined;
      const next = close + 1;
      if ((next === end || line.charCodeAt(next) === SPACE) && !isEscaped(line, close, at)) break;
      close = next;
    }
    fields.push(line.slice(at + 1, close));
    at = close + 2;
  }
  return fields;
}

/** True if an odd number of backslashes stands before a quote. */
function isEscaped(line: string, quote: number, floor: number): boolean {
  let at = quote - 1;
  while (at > floor && line.charCodeAt(at) === BACKSLASH) at--;
  return (quote - at) % 2 === 0;
}

/** A text field; a dash or nothing is NULL. */
export function orNull(field: string | undefined): string | null {
  return field === undefined || field === '-' || field === '' ? null : field;
}

/** An integer field, exact; a dash is NULL, anything else is noted. */
export function integerField(
  field: string | undefined,
  name: string,
  out: RowOut,
): number | bigint | null {
  if (field === undefined || field === '-' || field === '') return null;
  const value = digits(field);
  if (value === undefined) out.anomaly('bad_value', `${name} is not a number`);
  return value ?? null;
}

function digits(field: string): number | bigint | undefined {
  const negative = field.charCodeAt(0) === 0x2d;
  const from = negative ? 1 : 0;
  if (field.length === from || field.length - from > 19) return undefined;
  let value = 0;
  for (let at = from; at < field.length; at++) {
    const digit = field.charCodeAt(at) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return undefined;
    value = value * 10 + digit;
  }
  if (Number.isSafeInteger(value)) return negative ? 0 - value : value;
  const exact = BigInt(field);
  return exact === BigInt.asIntN(64, exact) ? exact : undefined;
}

/** Decimal seconds (or milliseconds, with `scale` 3) as microseconds; -1, which stands for "did not happen", is NULL. */
export function decimalUs(
  field: string | undefined,
  name: string,
  out: RowOut,
  scale = 6,
): number | null {
  if (field === undefined || field === '-' || field === '' || field === '-1') return null;
  const point = field.indexOf('.');
  const whole = digits(point < 0 ? field : field.slice(0, point));
  const fraction = point < 0 ? '' : field.slice(point + 1);
  const part = fraction === '' ? 0 : digits(fraction.slice(0, scale).padEnd(scale, '0'));
  const value = Number(whole) * 10 ** scale + Number(part);
  if (field.startsWith('-') || part === undefined || !Number.isSafeInteger(value)) {
    out.anomaly('bad_value', `${name} is not a number of seconds`);
    return null;
  }
  return value;
}

/** An address alone; a dash is NULL, anything else is noted. */
export function addressText(field: string | undefined, name: string, out: RowOut): string | null {
  const address = orNull(field);
  if (address === null || isAddress(address)) return address;
  out.anomaly('bad_value', `${name} is not an address`);
  return null;
}

/**
 * Reads a line of which each field has to be what its format says: a value that is not means that the line is none of the
 * format, so what would be noted as `bad_value` makes it a reject.
 */
export function strictly(
  out: RowOut,
  map: (out: RowOut) => readonly Value[] | undefined,
): readonly Value[] | undefined {
  let fault: string | undefined;
  const values = map({
    ...out,
    anomaly: (kind, detail) => {
      if (kind === 'bad_value') fault ??= detail;
      else out.anomaly(kind, detail);
    },
  });
  if (values === undefined || fault === undefined) return values;
  out.reject('bad_fields', fault);
  return undefined;
}

/** {@link endpointField} whose address has to be one. */
export function addressField(field: string | undefined, name: string, out: RowOut): Endpoint {
  const endpoint = endpointField(field, name, out);
  if (endpoint.address !== null && (endpoint.port === null || !isAddress(endpoint.address))) {
    out.anomaly('bad_value', `${name} is not an address and a port`);
    return NO_ENDPOINT;
  }
  return endpoint;
}

/** Address and port of `address:port`; an IPv6 address may stand in brackets or without. */
export interface Endpoint {
  readonly address: string | null;
  readonly port: number | null;
}

const NO_ENDPOINT: Endpoint = { address: null, port: null };

/** Splits `address:port` at its last colon; a port beyond 65535 is noted and NULL. */
function endpointField(field: string | undefined, name: string, out: RowOut): Endpoint {
  if (field === undefined || field === '-' || field === '') return NO_ENDPOINT;
  const colon = field.lastIndexOf(':');
  const bare = colon < 0 ? field : field.slice(0, colon);
  const address = bare.startsWith('[') && bare.endsWith(']') ? bare.slice(1, -1) : bare;
  return {
    address: orNull(address),
    port: colon < 0 ? null : portField(field.slice(colon + 1), name, out),
  };
}

/** A port; what is none is noted and NULL. */
export function portField(field: string | undefined, name: string, out: RowOut): number | null {
  if (field === undefined || field === '-' || field === '') return null;
  const port = digits(field);
  if (typeof port === 'number' && port >= 0 && port <= 65_535) return port;
  out.anomaly('bad_value', `the port of ${name} is not one`);
  return null;
}

/** Days already worked out, by their ten characters; a log has few. */
const days = new Map<string, number>();
const MOST_DAYS = 4096;

/**
 * `yyyy-mm-ddThh:mm:ss` with or without a fraction, with Z or without a zone (then UTC), to microseconds.
 * Undefined for anything else.
 */
export function isoTime(field: string | undefined): number | undefined {
  if (field === undefined || field.length < 19) return undefined;
  const date = field.slice(0, 10);
  let day = days.get(date);
  if (day === undefined) {
    day = logTime(`${date}T00:00:00Z`);
    if (day === undefined) return undefined;
    if (days.size >= MOST_DAYS) days.clear();
    days.set(date, day);
  }
  const hour = twoDigits(field, 11);
  const minute = twoDigits(field, 14);
  const second = twoDigits(field, 17);
  if (
    field.charCodeAt(10) !== 0x54 ||
    field.charCodeAt(13) !== 0x3a ||
    field.charCodeAt(16) !== 0x3a ||
    // NaN, from anything but digits, fails every comparison.
    !(hour < 24 && minute < 60 && second <= 60)
  ) {
    return undefined;
  }
  const end = field.endsWith('Z') ? field.length - 1 : field.length;
  let fraction = 0;
  if (end > 19) {
    if (field.charCodeAt(19) !== 0x2e || end === 20 || end > 29) return undefined;
    let unit = 100_000;
    for (let at = 20; at < end; at++) {
      const digit = field.charCodeAt(at) - 0x30;
      if (!(digit >= 0 && digit <= 9)) return undefined;
      if (unit >= 1) fraction += digit * unit;
      unit /= 10;
    }
  }
  return exactUs(day + (hour * 3600 + minute * 60 + second) * 1_000_000 + fraction);
}

function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 0x30;
  const ones = text.charCodeAt(at + 1) - 0x30;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : NaN;
}
