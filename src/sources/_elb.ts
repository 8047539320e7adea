/** What the access logs of the three kinds of load balancer share. */
import { Buffer } from 'node:buffer';
import type { Fields } from './_fields.ts';
import type { Forms } from './_forms.ts';
import { isoTime, lineReader, orNull, splitQuoted, strictly } from './_lines.ts';
import type { Column, Head, RecordReader, RowOut, Value } from './source.ts';

/** A text column. */
export function text(name: string, about: string): Column {
  return { name, type: 'TEXT', about };
}

/** An integer column. */
export function integer(name: string, unit: string, about: string): Column {
  return { name, type: 'INTEGER', unit, about };
}

const KEY = /(\d{12})_elasticloadbalancing_([a-z0-9-]+)_/;

/** Account and region in the name that Elastic Load Balancing gives its files; null where the file has another name. */
export function ownerOf(head: Head): {
  readonly account: string | null;
  readonly region: string | null;
} {
  const match = KEY.exec(head.path);
  return { account: match?.[1] ?? null, region: match?.[2] ?? null };
}

/** The same as bytes, for rows of bytes. */
export function ownerBytes({ account, region }: ReturnType<typeof ownerOf>): {
  readonly account: Buffer | undefined;
  readonly region: Buffer | undefined;
} {
  return {
    account: account === null ? undefined : Buffer.from(account),
    region: region === null ? undefined : Buffer.from(region),
  };
}

/**
 * A reader of lines that have the fields of one of the forms, each of them what its format says.
 * @param time field of the time; a line without one after 1970 is a reject.
 * @param map values of the fields of a line; undefined after it rejected them.
 */
export function formReader(
  forms: Forms,
  time: number,
  map: (fields: readonly string[], timeUs: number, out: RowOut) => readonly Value[] | undefined,
  split: (line: string) => readonly string[] | undefined = splitQuoted,
): RecordReader {
  return lineReader((line, out) => {
    const fields = split(line);
    if (fields === undefined) {
      out.reject(
        'bad_fields',
        'a quote of the line stays open, or its fields cannot be told apart',
      );
      return undefined;
    }
    if (!forms.allow(fields.length, out)) return undefined;
    const timeUs = isoTime(fields[time]);
    if (timeUs === undefined || timeUs < 0) {
      out.reject('bad_time', 'the time of the line is not a time after 1970');
      return undefined;
    }
    const values = strictly(out, (noted) => map(fields, timeUs, noted));
    if (values !== undefined) forms.seen(fields.length, out);
    return values;
  });
}

/** A second time of a line, microseconds UTC: NULL for a dash, and with an anomaly for what is no time. */
export function timeField(field: string | undefined, name: string, out: RowOut): number | null {
  const written = orNull(field);
  if (written === null) return null;
  const timeUs = isoTime(written);
  if (timeUs === undefined) out.anomaly('bad_value', `${name} is not a time`);
  return timeUs ?? null;
}

const SPACE = 0x20;

/**
 * Puts a request line, its method and its URL into three places, as {@link requestLine} takes it apart.
 * @returns false if the URL has blanks at its ends, which only the reader of strings takes away.
 */
export function takeRequest(fields: Fields, field: number, place: number): boolean {
  const { bytes, row } = fields;
  const from = fields.from(field);
  const to = fields.to(field);
  if (to === from || fields.isDash(field)) return true;
  row.setText(place, from, to);
  let first = from;
  while (first < to && bytes[first] !== SPACE) first++;
  let last = to - 1;
  while (last >= from && bytes[last] !== SPACE) last--;
  const urlFrom = first === to ? from : first + 1;
  const urlTo = last > first ? last : to;
  if (last > first && (bytes[urlFrom] === SPACE || bytes[urlTo - 1] === SPACE)) return false;
  if (first < to) takePart(fields, place + 1, from, first);
  takePart(fields, place + 2, urlFrom, urlTo);
  return true;
}

function takePart({ bytes, row }: Fields, place: number, from: number, to: number): void {
  const dash = to - from === 1 && bytes[from] === 0x2d;
  if (to > from && !dash) row.setText(place, from, to);
}

/** Method and URL of a request line, `GET http://host:80/path HTTP/1.1`. */
export interface RequestLine {
  readonly method: string | null;
  readonly url: string | null;
}

/** Takes a request line apart at its first and last space; a malformed request has dashes for what could not be read. */
export function requestLine(line: string | undefined): RequestLine {
  if (line === undefined || line === '-') return { method: null, url: null };
  const first = line.indexOf(' ');
  const last = line.lastIndexOf(' ');
  if (first < 0) return { method: null, url: orNull(line) };
  return {
    method: orNull(line.slice(0, first)),
    url: orNull(last > first ? line.slice(first + 1, last).trim() : line.slice(first + 1)),
  };
}

/** Columns of account and region. */
export const OWNER_COLUMNS: readonly Column[] = [
  text('account_id', 'Account in the name of the file; NULL where the file has another name.'),
  text('region', 'Region in the name of the file; NULL where the file has another name.'),
];

/** Common columns of the logs of HTTP requests. */
export const REQUEST_OUTCOME =
  "CASE WHEN elb_status_code < 400 THEN 'success' WHEN elb_status_code >= 400 THEN 'failure' END";
