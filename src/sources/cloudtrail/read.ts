/** Framed bytes to a CloudTrail row: peels the carrier, checks the text, maps. */
import { type Buffer, isUtf8 } from 'node:buffer';
import { hash53 } from '../../core/hash53.ts';
import {
  countMembers,
  isObject,
  type JsonObject,
  memberSpan,
  outlineJson,
  parseExact,
  parseJson,
  sortedJson,
} from '../../core/json.ts';
import { peekJson } from '../../core/peek.ts';
import {
  FORM,
  type Head,
  MAX_DEPTH,
  type RecordHints,
  type RecordReader,
  type RowOut,
} from '../source.ts';
import { anyTime, cleanTexts, noteOddities } from '../_json.ts';
import { isBareEntry, isCloudTrailRecord, WRAPPERS } from './detect.ts';
import { mapRecord, recordTime } from './map.ts';
import { RecordScan } from './scan.ts';

/** Holds nothing from record to record, and much memory: one for all readers of a thread. */
let scan: RecordScan | undefined;

/** A reader for one CloudTrail file, whatever carries its records. */
export function cloudTrailReader(head: Head): RecordReader {
  const firsts =
    peekJson(head.text, WRAPPERS)?.records.flatMap(({ keys }) => keys.slice(0, 1)) ?? [];
  const openers = [...new Set(['eventVersion', ...firsts])];
  scan ??= new RecordScan();
  const own = scan;
  const quick = (bytes: Buffer, start: number, end: number, out: RowOut): number => {
    const stop = own.scan(bytes, start, end);
    if (stop > 0) out.byteRow(own.row, stop - start);
    return stop;
  };
  return { framing: { kind: 'json', wrappers: WRAPPERS, openers }, read, quick };
}

type Place = Parameters<RowOut['row']>[2];

function read(
  bytes: Buffer,
  start: number,
  end: number,
  offset: number,
  hints: RecordHints,
  out: RowOut,
): void {
  if (!hints.ascii && !isUtf8(bytes.subarray(start, end))) {
    out.reject('invalid_utf8', 'the record is not valid UTF-8');
    return;
  }
  const text = bytes.toString(hints.ascii ? 'latin1' : 'utf8', start, end);
  const value = hints.bigNumber ? parseExact(text) : parseJson(text);
  if (value === undefined) {
    out.reject('not_json', 'the record is not JSON');
    return;
  }
  if (hints.members !== countMembers(value)) {
    out.anomaly('duplicate_key', 'an object names a key twice');
  }
  if (typeof value === 'string') {
    // An array of CloudTrailEvent strings, as `--query 'Events[].CloudTrailEvent'` prints it.
    readInner(value, { offset, length: end - start, form: FORM.jsonString }, out);
    return;
  }
  if (!isObject(value)) {
    out.reject('not_an_object', 'the record is not an object');
    return;
  }
  const inner = value['CloudTrailEvent'];
  if (typeof inner === 'string') {
    const span = memberSpan(bytes, start, end, 'CloudTrailEvent');
    if (span !== undefined) {
      const place = {
        offset: offset + span.start - start,
        length: span.end - span.start,
        form: FORM.jsonString,
      };
      readInner(inner, place, out);
      return;
    }
  }
  if (isBareEntry(value)) {
    readEntry(value, text, hints.escaped, out);
    return;
  }
  if (!emit(value, text, hints.escaped, undefined, out)) return;
  // An item of AWS Config that Lake keeps is one of that source too.
  const span =
    value['eventCategory'] === 'ConfigurationItem'
      ? memberSpan(bytes, start, end, 'eventData')
      : undefined;
  if (span === undefined) return;
  const place = {
    offset: offset + span.start - start,
    length: span.end - span.start,
    form: FORM.plain,
  };
  out.inner(bytes.subarray(span.start, span.end), {
    place,
    path: '',
    timeUs: recordTime(value),
  });
}

/** An entry of `lookup-events` that lost the event: what it says itself. */
function readEntry(entry: JsonObject, text: string, escaped: boolean, out: RowOut): void {
  const timeUs = anyTime(entry['EventTime']);
  if (timeUs === undefined) {
    out.reject('bad_time', 'EventTime is missing or not a time');
    return;
  }
  noteOddities(entry, text, escaped, out);
  const readOnly = entry['ReadOnly'];
  const record: JsonObject = {
    eventID: entry['EventId'] ?? null,
    eventName: entry['EventName'] ?? null,
    eventSource: entry['EventSource'] ?? null,
    readOnly: readOnly === 'true' ? true : readOnly === 'false' ? false : (readOnly ?? null),
    userIdentity: {
      accessKeyId: entry['AccessKeyId'] ?? null,
      userName: entry['Username'] ?? null,
    },
  };
  const values = mapRecord(record, timeUs, out);
  if (escaped) cleanTexts(values, text, out);
  const id = entry['EventId'];
  out.row(values, hash53(typeof id === 'string' ? id : text));
}

/** A record that was the value of a JSON string. */
function readInner(text: string, place: Place, out: RowOut): void {
  const outline = outlineJson(text);
  if (outline.depth > MAX_DEPTH) {
    out.reject('too_deep', `nested deeper than ${String(MAX_DEPTH)}`);
    return;
  }
  const bigNumber = /\d{16}/.test(text);
  const value = bigNumber ? parseExact(text) : parseJson(text);
  if (value === undefined) {
    out.reject('not_json', 'the string that should hold the record is not JSON');
  } else if (!isObject(value)) {
    out.reject('not_an_object', 'the string that should hold the record holds no object');
  } else {
    if (outline.members !== countMembers(value)) {
      out.anomaly('duplicate_key', 'an object names a key twice');
    }
    emit(value, text, text.includes('\\'), place, out);
  }
}

/** @returns true if it became a row. */
function emit(
  record: JsonObject,
  text: string,
  escaped: boolean,
  place: Place,
  out: RowOut,
): boolean {
  if (!isCloudTrailRecord(record)) {
    out.reject('not_this_source', 'the record is not one of CloudTrail');
    return false;
  }
  const timeUs = recordTime(record);
  if (timeUs === undefined) {
    out.reject('bad_time', 'eventTime is missing or not a time');
    return false;
  }
  noteOddities(record, text, escaped, out);
  const values = mapRecord(record, timeUs, out);
  if (escaped) cleanTexts(values, text, out);
  const id = record['eventID'] ?? record['eventId'];
  // Version 1.0 has no eventID: the record itself is its identity.
  out.row(values, hash53(typeof id === 'string' ? id : sortedJson(record)), place);
  return true;
}
