/**
 * What a field cannot hold (a port of 70000, an address with a zone, a time of 1969 or 9999) is a reject, is noted, or
 * is kept as text: in no source does a value that was read become NULL without a word, and none is read as another.
 */
import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { isAddress } from '#src/core/address.ts';
import { SOURCES } from '#src/sources/_registry.ts';
import type { Sample, Source, Value } from '#src/sources/source.ts';
import { headOf, read, type Result, type Row } from './run.ts';

/** A value as logs write it, and what is put in its place. */
interface Change {
  readonly what: string;
  readonly found: RegExp;
  readonly put: readonly string[];
}

const DAY = '(?:2025-11-08|2025/11/08|20251108|08/Nov/2025|08 Nov 2025|Nov {1,2}8,? 2025)';
const CHANGES: readonly Change[] = [
  {
    what: 'address',
    found:
      /(?<![\w.:-])(?:\d{1,3}\.){3}\d{1,3}(?![\w.-])|(?<![\w.:-])2001:db8:[0-9a-f:]*[0-9a-f](?![\w.:])/g,
    put: ['fe80::1%eth0', '999.1.2.3'],
  },
  { what: 'day', found: new RegExp(DAY, 'g'), put: [] },
  {
    what: 'Unix time',
    found: /(?<![\w.-])17\d{8}(?:\d{3}|\d{6})?(?![\w])/g,
    put: ['-1'],
  },
];

/** The same day of another year, in the form of the one that stands there. */
function otherYears(day: string): readonly string[] {
  return ['1969', '9999'].map((year) => day.replace('2025', year));
}

/** The last second of the year 9999 in the unit of a Unix time of this year. */
function lastYear(time: string): string {
  return `253402300799${'0'.repeat(time.length - 10)}`;
}

/** Columns with a time that was not there before, where one beyond what they hold was put: it was read as another. */
function misread(source: Source, before: Result, after: Result): readonly string[] {
  return source.columns.flatMap(({ name, unit }, at) => {
    if (unit !== 'us') return [];
    const known = new Set(before.rows.map(({ values }) => values[at] ?? null));
    const wrong = after.rows.some(({ values }) => {
      const value = values[at] ?? null;
      // 1969 is exact where it is kept.
      return value !== null && Number(value) >= 0 && !known.has(value);
    });
    return wrong ? [name] : [];
  });
}

/** Values of columns that hold ports, as a sample writes them. */
function portsOf(source: Source, result: Result): readonly string[] {
  const places = source.columns.flatMap(({ unit }, at) => (unit === 'port' ? [at] : []));
  const seen = result.rows.flatMap(({ values }) => places.map((at) => values[at]));
  return [...new Set(seen.filter((value) => typeof value === 'number' && value > 99))].map(String);
}

function* changed(source: Source, sample: Sample, before: Result): Generator<[string, Buffer]> {
  const ports = portsOf(source, before).map((port): Change => ({
    what: `port ${port}`,
    found: new RegExp(`(?<![\\w.])${port}(?![\\w.])`, 'g'),
    put: ['70000', '-5'],
  }));
  for (const { what, found, put } of [...CHANGES, ...ports]) {
    for (const match of sample.text.matchAll(found)) {
      const others =
        what === 'day'
          ? otherYears(match[0])
          : what === 'Unix time'
            ? [...put, lastYear(match[0])]
            : put;
      for (const other of others) {
        const { text } = sample;
        const bytes =
          text.slice(0, match.index) + other + text.slice(match.index + match[0].length);
        yield [
          `${what} at ${String(match.index)}: ${match[0]} becomes ${other}`,
          Buffer.from(bytes),
        ];
      }
    }
  }
}

const zoned = ['journald', 'syslog'];

/** Columns that are the source or destination of traffic, with a value that is no address. */
function noAddress(source: Source, { rows }: Result): readonly string[] {
  return source.columns.flatMap(({ name }, at) => {
    if (name !== source.common.src_ip && name !== source.common.dst_ip) return [];
    const wrong = rows.map(({ values }) => values[at] ?? null).filter((value) => value !== null);
    // Names stand in the column of Redshift; machines write link-local addresses with their zone.
    const allowed = (value: Value): boolean =>
      isAddress(String(value).replace(zoned.includes(source.id) ? /%eth0$/ : '', ''));
    return wrong.every(allowed) ? [] : [name];
  });
}

/** Names of columns that lost their value while nothing was said of it. */
function silent(source: Source, before: Result, after: Result): readonly string[] {
  // A record more that is rejected, or something more that is noted, says so.
  if (after.rows.length !== before.rows.length)
    return after.rejects.length > before.rejects.length ? [] : ['rows'];
  if (after.anomalies.length > before.anomalies.length) return [];
  return source.columns.flatMap(({ name, unit }, at) => {
    const wrong = ({ values }: Row): boolean => {
      const value = values[at] ?? null;
      return unit === 'port' && value !== null && !(Number(value) >= 0 && Number(value) <= 65_535);
    };
    if (after.rows.some(wrong)) return [name];
    const lost = before.rows.some(
      ({ values }, row) => values[at] !== null && (after.rows[row]?.values[at] ?? null) === null,
    );
    return lost ? [name] : [];
  });
}

test.each(SOURCES.map((source) => [source.id, source] as const))('%s', (_id, source) => {
  const found: string[] = [];
  for (const sample of source.samples) {
    const before = read(source, sample.path, Buffer.from(sample.text), [], 'quick', sample.facts);
    for (const [change, bytes] of changed(source, sample, before)) {
      // A file that nobody recognises any more is listed by `status`.
      if (source.detect(headOf(sample.path, bytes, sample.facts)) === undefined) continue;
      const after = read(source, sample.path, bytes, [], 'quick', sample.facts);
      expect(after.rows.length + after.rejects.length).toBe(after.records);
      const lost = [...silent(source, before, after), ...noAddress(source, after)];
      if (/^(?:day|Unix time)/.test(change)) lost.push(...misread(source, before, after));
      if (lost.length > 0) found.push(`${sample.name}: ${change}: ${lost.join(', ')}`);
    }
  }
  expect(found).toEqual([]);
});
