/** Log events as rows: those of payloads and of the commands that print them. */
import { Buffer, isUtf8 } from 'node:buffer';
import { hash53 } from '../../core/hash53.ts';
import {
  isObject,
  type JsonObject,
  type JsonValue,
  memberSpan,
  sortedJson,
  type Span,
} from '../../core/json.ts';
import { followSteps, type Step } from '../../core/steps.ts';
import {
  anyTime,
  cleanTexts,
  elementSpans,
  innerJson,
  noteOddities,
  oddities,
  readObject,
  textOf,
  valueAt,
} from '../_json.ts';
import { FORM, type Place, type RecordReader, type RowOut, type Value } from '../source.ts';

/** A payload of a subscription. */
export function isPayload(record: JsonObject): boolean {
  return typeof record['messageType'] === 'string' && Array.isArray(record['logEvents']);
}

/** Members that lead to base64 of a gzipped payload, as a Lambda function or a reader of Kinesis gets it. */
const PACKED_WAYS = [['awslogs', 'data'], ['kinesis', 'data'], ['data'], ['Data']] as const;

/** How zlib begins in base64 (RFC 1950): 78 and one of 01, 5e, 9c, da. Functions that pack again write it. */
const ZLIB = /^e(?:A[E-H]|F[4-7]|J[w-z]|N[o-r])/;

/** The way to a packed payload in a record, if there is one. */
export function packedWay(record: JsonObject): readonly string[] | undefined {
  return PACKED_WAYS.find((way) => {
    const data = valueAt(record, way);
    if (typeof data !== 'string') return false;
    // A member that is named data alone may hold anything.
    return data.startsWith('H4sI') || (way.length > 1 && ZLIB.test(data));
  });
}

/** A log event of get-log-events or filter-log-events. */
export function isEvent(record: JsonObject): boolean {
  return (
    typeof record['message'] === 'string' &&
    'timestamp' in record &&
    ('ingestionTime' in record || 'logStreamName' in record || 'eventId' in record)
  );
}

/** A row that the console of Logs Insights exports. */
export function isInsights(record: JsonObject): boolean {
  return typeof record['@message'] === 'string' && '@timestamp' in record;
}

/** What the carrier says of a log event. */
export interface Origin {
  readonly account: string | null;
  readonly group: string | null;
  readonly stream: string | null;
}

/** Bytes of one or more log events, and how they are found in the file. */
export interface Text {
  readonly bytes: Buffer;
  /** Of what place the bytes from 0 on are; undefined for bytes that stand in the file, `shift` further on. */
  readonly packed: Place | undefined;
  readonly shift: number;
}

/** Place of a span of the bytes, and the steps from there. */
export function placeOf(text: Text, span: Span, steps: readonly Step[] = []): Place {
  const length = span.end - span.start;
  if (text.packed === undefined) {
    const form = steps.length === 0 ? FORM.plain : FORM.jsonString;
    return { offset: span.start + text.shift, length, form };
  }
  const way: readonly Step[] = [...(text.packed.steps ?? []), [span.start, length], ...steps];
  return { ...text.packed, steps: way };
}

/**
 * The row of a log event, and its message for whoever knows it.
 * @param escapes what {@link oddities} gives of the text around the event.
 * @param message place of the message, if it is not a member of the event's own text.
 */
export function emit(
  event: JsonValue | undefined,
  origin: Origin,
  escapes: string,
  text: Text,
  span: Span,
  out: RowOut,
  place?: Place,
): void {
  const record = isObject(event) ? event : {};
  const name = typeof record['message'] === 'string' ? 'message' : '@message';
  const message = record[name];
  if (typeof message !== 'string') {
    out.reject('not_this_source', 'the log event has no message');
    return;
  }
  const timeUs = anyTime(record['timestamp'] ?? record['@timestamp'], 'ms');
  if (timeUs === undefined) {
    out.reject('bad_time', 'timestamp is missing or not a time');
    return;
  }
  const ingestion = record['ingestionTime'] ?? record['@ingestionTime'];
  const ingestionUs =
    ingestion === undefined || ingestion === null ? null : (anyTime(ingestion, 'ms') ?? null);
  if (ingestion !== undefined && ingestion !== null && ingestionUs === null) {
    out.anomaly('bad_value', 'ingestionTime is not a time');
  }
  const id = textOf(record['id'] ?? record['eventId'] ?? record['@ptr'], 'id', out);
  const extracted = record['extractedFields'];
  // `@log` of Logs Insights is account:group.
  const log = textOf(record['@log'], '@log', out);
  const group = log === null ? origin.group : log.slice(log.indexOf(':') + 1);
  const stream =
    textOf(record['logStreamName'] ?? record['@logStream'], 'logStreamName', out) ?? origin.stream;
  const values: Value[] = [
    timeUs,
    log === null ? origin.account : log.slice(0, Math.max(0, log.indexOf(':'))),
    group,
    stream,
    id,
    message,
    ingestionUs,
    extracted === undefined || extracted === null ? null : sortedJson(extracted),
  ];
  if (escapes !== '') cleanTexts(values, escapes, out);
  const own = `${String(values[1])} ${String(values[2])} ${String(values[3])} ${String(timeUs)} ${message}`;
  out.row(values, hash53(id ?? own), placeOf(text, span));
  const inner = place === undefined ? memberSpan(text.bytes, span.start, span.end, name) : span;
  if (inner === undefined) return;
  const path = `${group ?? ''}/${stream ?? ''}`;
  const at = place ?? placeOf(text, inner, ['string']);
  const account = typeof values[1] === 'string' ? values[1] : null;
  out.inner(Buffer.from(message), { place: at, path, timeUs, account });
}

/** The log events of a payload that fills a span of the bytes. */
function emitPayload(payload: JsonObject, raw: string, text: Text, whole: Span, out: RowOut): void {
  const events = payload['logEvents'] as readonly JsonValue[];
  const check = payload['messageType'] === 'CONTROL_MESSAGE';
  if (check || events.length === 0) {
    // It was delivered, and nobody logged it: no record, but counted. The place tells one from another.
    const at = String(text.packed?.offset ?? whole.start + text.shift);
    const what = check ? 'CONTROL_MESSAGE' : 'no log events';
    out.anomaly('no_events', `${what}, at byte ${at}`);
    out.notARecord();
    return;
  }
  const origin: Origin = {
    account: textOf(payload['owner'], 'owner', out),
    group: textOf(payload['logGroup'], 'logGroup', out),
    stream: textOf(payload['logStream'], 'logStream', out),
  };
  const list = memberSpan(text.bytes, whole.start, whole.end, 'logEvents');
  const spans = list === undefined ? [] : elementSpans(text.bytes, list);
  const escapes = oddities(raw);
  for (const [index, event] of events.entries())
    emit(event, origin, escapes, text, spans[index] ?? whole, out);
}

/** The payload in base64 of gzip; undefined if it is none. */
function unpack(
  token: Buffer,
  steps: readonly Step[],
): { readonly payload: JsonObject; readonly bytes: Buffer } | undefined {
  const bytes = followSteps(token, steps);
  if (bytes === undefined || !isUtf8(bytes)) return undefined;
  const payload = innerJson(bytes.toString('utf8'));
  return isObject(payload) && isPayload(payload) ? { payload, bytes } : undefined;
}

const PACKED: readonly Step[] = ['string', 'base64', 'gzip'];
const PACKED_ZLIB: readonly Step[] = ['string', 'base64', 'zlib'];
const NOT_PACKED = 'the data is not base64 of a payload in gzip or zlib';

/** The log events of a packed payload. @param steps from the bytes of `token`, which stand at `at`, to the payload. */
export function emitPacked(
  token: Buffer,
  at: Pick<Place, 'offset' | 'length'>,
  steps: readonly Step[],
  out: RowOut,
): void {
  const unpacked = unpack(token, steps);
  if (unpacked === undefined) {
    out.reject('not_json', NOT_PACKED);
    return;
  }
  const { bytes, payload } = unpacked;
  const packed = { offset: at.offset, length: at.length, form: FORM.steps, steps };
  const all = { start: 0, end: bytes.length };
  emitPayload(payload, bytes.toString('utf8'), { bytes, packed, shift: 0 }, all, out);
}
/** Of a log event that stands alone. */
export const NO_ORIGIN: Origin = { account: null, group: null, stream: null };

/** Reads payloads and log events. */
export const readEvents: RecordReader['read'] = (bytes, start, end, offset, hints, out) => {
  const object = readObject(bytes, start, end, hints, out);
  if (object === undefined) return;
  const { value, text: raw } = object;
  noteOddities(value, raw, hints.escaped, out);
  const whole = { start, end };
  const text: Text = { bytes, packed: undefined, shift: offset - start };
  if (isPayload(value)) {
    emitPayload(value, raw, text, whole, out);
    return;
  }
  const way = packedWay(value);
  if (way !== undefined) {
    let span: Span | undefined = whole;
    for (const name of way)
      span = span === undefined ? undefined : memberSpan(bytes, span.start, span.end, name);
    if (span === undefined) out.reject('not_json', NOT_PACKED);
    else {
      const data = valueAt(value, way);
      const zlib = typeof data === 'string' && ZLIB.test(data);
      const token = bytes.subarray(span.start, span.end);
      emitPacked(token, placeOf(text, span), zlib ? PACKED_ZLIB : PACKED, out);
    }
    return;
  }
  if (isEvent(value) || isInsights(value)) {
    emit(value, NO_ORIGIN, oddities(raw), text, whole, out);
    return;
  }
  out.reject('not_this_source', 'the record is not a log event');
};
