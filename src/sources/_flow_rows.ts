/**
 * Flow logs as rows of JSON: what Parquet files of them become, and what tools export. The members are named as the
 * columns of AWS's Parquet files are: the fields of the text with `_` for `-`.
 */
import { hash53 } from '../core/hash53.ts';
import type { JsonObject, JsonValue } from '../core/json.ts';
import { peekJson } from '../core/peek.ts';
import { exactUs, logTime } from '../core/time.ts';
import { expected, fieldValue, type FlowField, type FlowLog, ownerOf } from './_flow.ts';
import { cleanTexts, noteOddities, readObject } from './_json.ts';
import type { Detection, Head, RecordReader, RowOut, Value } from './source.ts';

/** Shape of files of rows. */
export const ROWS = 'rows';

/** One of these is in every row that says where traffic went. */
const MARKS = ['srcaddr', 'dstaddr', 'interface_id', 'tgw_id', 'pkt_srcaddr'];

function keyOf({ name }: FlowField): string {
  return name.replaceAll('-', '_');
}

/** The claim on a file of rows. @param transit whether the log is one of transit gateways. */
export function detectRows(
  head: Head,
  fields: readonly FlowField[],
  transit: boolean,
): Detection | undefined {
  if (!head.text.startsWith('{"')) return undefined;
  const keys = fields.map(keyOf);
  const rows = peekJson(head.text, [])?.records ?? [];
  const own = rows.filter(({ keys: names }) => {
    const known = names.filter((name) => keys.includes(name)).length;
    return (
      known > 3 &&
      known * 2 > names.length &&
      names.some((name) => MARKS.includes(name)) &&
      names.some((name) => name.startsWith('tgw_')) === transit
    );
  }).length;
  if (own === 0) return undefined;
  return {
    confidence: Math.round(50 + (40 * own) / rows.length),
    reason: `${String(own)} of the first ${String(rows.length)} rows have the columns of ${transit ? 'transit gateway ' : ''}flow logs`,
    shape: ROWS,
  };
}

/** A reader for one file of rows. */
export function rowReader(log: FlowLog, head: Head): RecordReader {
  const [account, region] = ownerOf(log, head);
  const keys = log.fields.map(keyOf);
  const known = new Set(keys);
  const place = (name: string): number => keys.indexOf(name) + 1;
  const [start, end] = [place('start'), place('end')];
  const given = [
    [place('account_id'), account],
    [place('region'), region],
  ] as const;
  let noted = false;

  function valuesOf(row: JsonObject, out: RowOut): Value[] | undefined {
    const values = new Array<Value>(log.columns.length).fill(null);
    for (const [index, field] of log.fields.entries()) {
      const member = row[keys[index] ?? ''];
      if (member === undefined || member === null || member === '-') continue;
      const value = valueOf(field, member);
      if (value === undefined) {
        const reason = field.unit === 's' ? 'bad_time' : 'bad_fields';
        out.reject(reason, `${keys[index] ?? ''} is not ${expected(field)}`);
        return undefined;
      }
      values[index + 1] = value;
    }
    const seconds = values[start] ?? values[end];
    const timeUs = exactUs(typeof seconds === 'number' ? seconds * 1_000_000 : NaN);
    if (timeUs === undefined) {
      out.reject('bad_time', 'the row has no start and no end before the year 2255');
      return undefined;
    }
    values[0] = timeUs;
    for (const [column, text] of given) values[column] ??= text ?? null;
    return values;
  }

  function note(row: JsonObject, out: RowOut): void {
    if (noted) return;
    const others = Object.keys(row).filter((name) => !known.has(name));
    if (others.length === 0) return;
    // Once for a file is enough: its rows have the same columns.
    noted = true;
    out.anomaly('extra_fields', `the rows have columns that are not known: ${others.join(' ')}`);
  }

  return {
    framing: { kind: 'json', wrappers: [], openers: keys },
    read: (bytes, from, to, _offset, hints, out) => {
      const read = readObject(bytes, from, to, hints, out);
      if (read === undefined) return;
      if (!Object.keys(read.value).some((name) => known.has(name))) {
        out.reject('not_this_source', 'the record is no row of a flow log');
        return;
      }
      const values = valuesOf(read.value, out);
      if (values === undefined) return;
      note(read.value, out);
      noteOddities(read.value, read.text, hints.escaped, out);
      if (hints.escaped) cleanTexts(values, read.text, out);
      out.row(values, hash53(read.text));
    },
  };
}

function valueOf(field: FlowField, member: JsonValue): Value | undefined {
  if (typeof member === 'object' || typeof member === 'boolean') return undefined;
  if (field.unit === 's' && typeof member === 'string' && member.includes('T')) {
    // A writer other than AWS that made a timestamp of it.
    const us = logTime(member.endsWith('Z') ? member : `${member}Z`);
    return us !== undefined && us % 1_000_000 === 0 ? us / 1_000_000 : undefined;
  }
  return fieldValue(field, String(member));
}
