/**
 * Logs of load balancers that CloudWatch Logs delivers as JSON: the fields of the text form as members. A record becomes
 * the list of fields that the text form would have, and is read as that.
 */
import { hash53 } from '../core/hash53.ts';
import { type JsonObject, sortedJson } from '../core/json.ts';
import {
  cleanTexts,
  detectJson,
  type JsonFormat,
  noteOddities,
  readObject,
  valueAt,
} from './_json.ts';
import type { Detection, Head, RecordReader, RowOut, Value } from './source.ts';

/** Fields of the text form in order, by their JSON names; some are named in two ways. */
export type JsonNames = readonly (readonly string[])[];

/** One text for a list of names apart by blanks; `a|b` is a field with two names. */
export function jsonNames(list: string): JsonNames {
  return list.split(' ').map((names) => names.split('|'));
}

function formatOf(what: string, telling: readonly string[]): JsonFormat {
  return {
    what,
    marks: telling.map((name) => `"${name}"`),
    wrappers: [],
    is: (record) => telling.every((name) => name in record),
    keys: [],
    time: () => undefined,
    timeName: 'time',
    identity: () => '',
    fields: [],
  };
}

function fieldOf(record: JsonObject, names: readonly string[], out: RowOut): string {
  for (const name of names) {
    const value = valueAt(record, [name]);
    if (value === undefined || value === null) continue;
    if (typeof value === 'object') out.anomaly('bad_value', `${name} is not a string`);
    else return String(value);
  }
  return '-';
}

/** Claim on a file of such records. @param telling members that every record has, and no other log. */
export function detectFields(
  head: Head,
  what: string,
  telling: readonly string[],
): Detection | undefined {
  const claim = detectJson(head, formatOf(what, telling));
  return claim === undefined ? undefined : { ...claim, shape: 'json' };
}

/**
 * A reader for such a file.
 * @param row values of a list of fields, or undefined after it rejected them.
 */
export function fieldsReader(
  names: JsonNames,
  telling: readonly string[],
  row: (fields: readonly string[], out: RowOut) => readonly Value[] | undefined,
): RecordReader {
  return {
    framing: { kind: 'json', wrappers: [], openers: names.flatMap((list) => list.slice(0, 1)) },
    read: (bytes, start, end, _offset, hints, out) => {
      const object = readObject(bytes, start, end, hints, out);
      if (object === undefined) return;
      const { value, text } = object;
      if (!telling.every((name) => name in value)) {
        out.reject('not_this_source', `the record has no ${telling.join(' and ')}`);
        return;
      }
      const given = row(
        names.map((list) => fieldOf(value, list, out)),
        out,
      );
      if (given === undefined) return;
      noteOddities(value, text, hints.escaped, out);
      const values = [...given];
      if (hints.escaped) cleanTexts(values, text, out);
      out.row(values, hash53(sortedJson(value)));
    },
  };
}
