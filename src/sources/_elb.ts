/** What the access logs of the three kinds of load balancer share. */
import { orNull } from './_lines.ts';
import type { Column, Head } from './source.ts';

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
