/** CloudWatch Logs in the shapes in which log events leave it: whatever was logged, as text with its group and stream. */
import { Buffer, isUtf8 } from 'node:buffer';
import { hash53, hash53Bytes } from '../core/hash53.ts';
import {
  isObject,
  type JsonObject,
  type JsonValue,
  memberSpan,
  sortedJson,
  type Span,
} from '../core/json.ts';
import { peekJson } from '../core/peek.ts';
import { followSteps, type Step } from '../core/steps.ts';
import {
  anyTime,
  cleanTexts,
  detectJson,
  elementSpans,
  innerJson,
  type JsonFormat,
  noteOddities,
  readObject,
  textOf,
  valueAt,
} from './_json.ts';
import { detectLines, isoTime } from './_lines.ts';
import {
  type Column,
  type Detection,
  FORM,
  type Head,
  type Place,
  type RecordReader,
  type RowOut,
  type Source,
  type Value,
} from './source.ts';

function text(name: string, about: string): Column {
  return { name, type: 'TEXT', about };
}

const COLUMNS: readonly Column[] = [
  {
    name: 'time_us',
    type: 'INTEGER',
    unit: 'us',
    about: 'timestamp of the log event, by the millisecond.',
  },
  text('account_id', 'owner of the log group; NULL where the shape does not name it.'),
  text('log_group', 'Log group; NULL where the shape does not name it.'),
  text('log_stream', 'Log stream; of an export, the folder of the file.'),
  text('event_id', 'id or eventId of the log event, unique; NULL where the shape has none.'),
  text('message', 'What was logged.'),
  {
    name: 'ingestion_time_us',
    type: 'INTEGER',
    unit: 'us',
    about: 'ingestionTime: when CloudWatch Logs got it.',
  },
  text('extracted_fields', 'extractedFields of a subscription as JSON.'),
];

function isPayload(record: JsonObject): boolean {
  return typeof record['messageType'] === 'string' && Array.isArray(record['logEvents']);
}

/** Members that lead to base64 of a gzipped payload, as a Lambda function or a reader of Kinesis gets it. */
const PACKED_WAYS = [['awslogs', 'data'], ['kinesis', 'data'], ['data'], ['Data']] as const;

function packedWay(record: JsonObject): readonly string[] | undefined {
  return PACKED_WAYS.find((way) => {
    const data = valueAt(record, way);
    return typeof data === 'string' && data.startsWith('H4sI');
  });
}

/** A log event of get-log-events or filter-log-events. */
function isEvent(record: JsonObject): boolean {
  return (
    typeof record['message'] === 'string' &&
    'timestamp' in record &&
    ('ingestionTime' in record || 'logStreamName' in record || 'eventId' in record)
  );
}

/** A row that the console of Logs Insights exports. */
function isInsights(record: JsonObject): boolean {
  return typeof record['@message'] === 'string' && '@timestamp' in record;
}

const FORMAT: JsonFormat = {
  what: 'CloudWatch Logs events',
  marks: [
    '"logEvents"',
    '"awslogs"',
    '"kinesis"',
    '"ingestionTime"',
    '"logStreamName"',
    '"@message"',
  ],
  wrappers: ['events', 'Records'],
  is: (record) =>
    isPayload(record) || packedWay(record) !== undefined || isEvent(record) || isInsights(record),
  keys: [['messageType', 'logEvents']],
  time: () => undefined,
  timeName: 'timestamp',
  identity: () => '',
  fields: [],
};

/** What the carrier says of a log event. */
interface Origin {
  readonly account: string | null;
  readonly group: string | null;
  readonly stream: string | null;
}

/** Bytes of one or more log events, and how they are found in the file. */
interface Text {
  readonly bytes: Buffer;
  /** Of what place the bytes from 0 on are; undefined for bytes that stand in the file, `shift` further on. */
  readonly packed: Place | undefined;
  readonly shift: number;
}

function placeOf(text: Text, span: Span, steps: readonly Step[] = []): Place {
  const length = span.end - span.start;
  if (text.packed === undefined) {
    const form = steps.length === 0 ? FORM.plain : FORM.jsonString;
    return { offset: span.start + text.shift, length, form };
  }
  const way: readonly Step[] = [...(text.packed.steps ?? []), [span.start, length], ...steps];
  return { ...text.packed, steps: way };
}

function emit(
  event: JsonValue | undefined,
  origin: Origin,
  raw: string,
  text: Text,
  span: Span,
  out: RowOut,
): void {
  const record = isObject(event) ? event : {};
  const name = typeof record['message'] === 'string' ? 'message' : '@message';
  const message = record[name];
  if (typeof message !== 'string') {
    out.reject('not_this_source', 'the log event has no message');
    return;
  }
  const timeUs = anyTime(record['timestamp'] ?? record['@timestamp']);
  if (timeUs === undefined) {
    out.reject('bad_time', 'timestamp is missing or not a time');
    return;
  }
  const ingestion = record['ingestionTime'] ?? record['@ingestionTime'];
  const ingestionUs =
    ingestion === undefined || ingestion === null ? null : (anyTime(ingestion) ?? null);
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
  if (raw.includes('\\')) cleanTexts(values, raw, out);
  const own = `${String(values[1])} ${String(values[2])} ${String(values[3])} ${String(timeUs)} ${message}`;
  out.row(values, hash53(id ?? own), placeOf(text, span));
  const inner = memberSpan(text.bytes, span.start, span.end, name);
  if (inner === undefined) return;
  const path = `${group ?? ''}/${stream ?? ''}`;
  out.inner(Buffer.from(message), { place: placeOf(text, inner, ['string']), path, timeUs });
}

/** The log events of a payload that fills a span of the bytes. */
function emitPayload(payload: JsonObject, raw: string, text: Text, whole: Span, out: RowOut): void {
  const events = payload['logEvents'] as readonly JsonValue[];
  if (payload['messageType'] === 'CONTROL_MESSAGE' || events.length === 0) {
    // A check of the destination: it was delivered, and nobody logged it.
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
  for (const [index, event] of events.entries())
    emit(event, origin, raw, text, spans[index] ?? whole, out);
}

/** The payload in base64 of gzip; undefined if it is none. */
function unpack(
  token: Buffer,
): { readonly payload: JsonObject; readonly bytes: Buffer } | undefined {
  const bytes = followSteps(token, PACKED);
  if (bytes === undefined || !isUtf8(bytes)) return undefined;
  const payload = innerJson(bytes.toString('utf8'));
  return isObject(payload) && isPayload(payload) ? { payload, bytes } : undefined;
}

const PACKED: readonly Step[] = ['string', 'base64', 'gzip'];
const NO_ORIGIN: Origin = { account: null, group: null, stream: null };

const read: RecordReader['read'] = (bytes, start, end, offset, hints, out) => {
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
    const unpacked = span === undefined ? undefined : unpack(bytes.subarray(span.start, span.end));
    if (span === undefined || unpacked === undefined) {
      out.reject('not_json', 'the data is not base64 of a gzipped payload');
      return;
    }
    const inside = unpacked.bytes;
    const place = { ...placeOf(text, span), form: FORM.steps, steps: PACKED };
    const all = { start: 0, end: inside.length };
    emitPayload(
      unpacked.payload,
      inside.toString('utf8'),
      { bytes: inside, packed: place, shift: 0 },
      all,
      out,
    );
    return;
  }
  if (isEvent(value) || isInsights(value)) {
    emit(value, NO_ORIGIN, raw, text, whole, out);
    return;
  }
  out.reject('not_this_source', 'the record is not a log event');
};

/** Time of a line of an export: by the millisecond, then a space. */
const EXPORT_LINE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /;
const STAMP = 24;

/** Reader of the files that an export task writes: each log event begins with its time, and may have several lines. */
function exportReader(head: Head): RecordReader {
  // <prefix>/<task id>/<stream, slashes as dashes>/000000.gz
  const stream = /\/([^/]+)\/\d{6}(?:\.gz)?$/.exec(head.path)?.[1] ?? null;
  const begins = (bytes: Buffer, start: number, end: number): boolean =>
    end - start > STAMP &&
    bytes[start + STAMP] === 0x20 &&
    bytes[start + STAMP - 1] === 0x5a &&
    EXPORT_LINE.test(bytes.toString('latin1', start, start + STAMP + 1));
  return {
    framing: { kind: 'blocks', joins: (bytes, start, end) => !begins(bytes, start, end) },
    read: (bytes, start, end, offset, hints, out) => {
      if (!hints.ascii && !isUtf8(bytes.subarray(start, end))) {
        out.reject('invalid_utf8', 'the log event is not valid UTF-8');
        return;
      }
      if (bytes.subarray(start, end).every((byte) => byte <= 0x20)) {
        out.notARecord();
        return;
      }
      const timeUs = begins(bytes, start, end)
        ? isoTime(bytes.toString('latin1', start, start + STAMP))
        : undefined;
      if (timeUs === undefined) {
        out.reject('bad_time', 'the log event does not begin with a time');
        return;
      }
      const from = start + STAMP + 1;
      const message = bytes.toString(hints.ascii ? 'latin1' : 'utf8', from, end);
      if (message.includes('\0')) out.anomaly('nul_character', 'the message contains NUL');
      const values = [timeUs, null, null, stream, null, message, null, null];
      out.row(values, hash53Bytes(bytes, start, end));
      const place = { offset: offset + from - start, length: end - from, form: FORM.plain };
      out.inner(bytes.subarray(from, end), { place, path: head.path, timeUs });
    },
  };
}

function detect(head: Head): Detection | undefined {
  const json = detectJson(head, FORMAT);
  if (json !== undefined || head.inside === true) return json;
  const lines = detectLines(head, 'log events as an export task writes them', (line) =>
    EXPORT_LINE.test(line),
  );
  return lines === undefined ? undefined : { ...lines, confidence: 30, shape: 'export' };
}

function reader(head: Head, shape: string): RecordReader {
  if (shape === 'export') return exportReader(head);
  const firsts =
    peekJson(head.text, FORMAT.wrappers)?.records.flatMap(({ keys }) => keys.slice(0, 1)) ?? [];
  const openers = [...new Set(['messageType', 'timestamp', ...firsts])];
  return { framing: { kind: 'json', wrappers: FORMAT.wrappers, openers }, read };
}

const PAYLOAD = {
  messageType: 'DATA_MESSAGE',
  owner: '111122223333',
  logGroup: '/var/log/secure',
  logStream: 'i-0a1b2c3d4e5f60718',
  subscriptionFilters: ['all'],
  logEvents: [
    {
      id: '1',
      timestamp: 1_762_592_405_123,
      message: 'Nov  8 09:00:05 web sshd[7]: Accepted publickey for ec2-user',
    },
    {
      id: '2',
      timestamp: 1_762_592_406_000,
      message: 'a "quoted" [message]',
      extractedFields: { a: 'b' },
    },
  ],
};

const EVENT = {
  logStreamName: 'i-0a1b2c3d4e5f60718',
  timestamp: 1_762_592_405_123,
  message: 'm',
  ingestionTime: 1_762_592_407_000,
  eventId: '36',
};

/** base64 of gzip of {"messageType":"DATA_MESSAGE","owner":"111122223333","logGroup":"g","logStream":"s","logEvents":[{"id":"1","timestamp":1762592405123,"message":"m"}]} */
const PACKED_DATA =
  'H4sIAAAAAAACA6tWyk0tLk5MTw2pLEhVslJycQxxjPd1DQ52dHdV0lHKL89LLQIKGwKBERAYAwFQOCc/3b0ov7QAKJMO4QaXFKUm5gL5xRC+a1lqXkmxklV0tVJmCsgAoHBJJtCuksRcoDZDczMjU0sjEwNTQyNjHZgbgOpylWpjawHVpTnUlQAAAA==';

export const cloudwatch_logs: Source = {
  id: 'cloudwatch_logs',
  title: 'CloudWatch Logs',
  version: 2,
  clock:
    'Time that the sender gave each log event, UTC, to the millisecond: the machine’s own clock where an agent sent it; Logs Insights names no zone, UTC is assumed.',
  about: [
    'Log events of Amazon CloudWatch Logs in the shapes in which they leave it: payloads of subscriptions (as Firehose and Kinesis write them, and packed in base64 of gzip as functions get them), the output of `aws logs get-log-events` and `filter-log-events`, JSON that the console of Logs Insights exports, and the text files of export tasks. The message is kept as text. A message that another source knows (CloudTrail, VPC flow logs, Lambda, syslog and others) is also a record of that source, in its table, and table `inner_record` leads from there to the log event.',
    'A line of an export that has no time of its own goes on the message before it. Exports name neither account nor group; the folder names the stream. Control messages of subscriptions are no records. Identical lines of one stream are separate events, unless they share an id. Results of the Logs Insights API, whose rows are lists of fields, are not read.',
  ].join('\n\n'),
  references: [
    'Amazon CloudWatch Logs User Guide, "Real-time processing of log data with subscriptions"',
    'Amazon CloudWatch Logs User Guide, "Exporting log data to Amazon S3"',
    'Amazon CloudWatch Logs API Reference, "GetLogEvents", "FilterLogEvents"',
  ],
  columns: COLUMNS,
  common: { actor: 'log_stream', target: 'log_group' },
  indexes: [['log_group'], ['event_id']],
  timeline: true,
  repeatsInFile: 'distinct',
  inside: true,
  detect,
  reader,
  samples: [
    {
      name: 'payloads of a subscription, plain and packed, one of them a check',
      path: 'x',
      text: [
        PAYLOAD,
        {
          messageType: 'CONTROL_MESSAGE',
          owner: 'CloudwatchLogs',
          logEvents: [{ id: '', timestamp: 1, message: 'CWL CONTROL MESSAGE' }],
        },
        { awslogs: { data: PACKED_DATA } },
        { awslogs: { data: 'H4sIAAAA' } },
      ]
        .map((one) => JSON.stringify(one))
        .join(''),
      rows: [
        {
          time_us: 1_762_592_405_123_000,
          account_id: '111122223333',
          target: '/var/log/secure',
          actor: 'i-0a1b2c3d4e5f60718',
          event_id: '1',
          message: 'Nov  8 09:00:05 web sshd[7]: Accepted publickey for ec2-user',
        },
        { message: 'a "quoted" [message]', extracted_fields: '{"a":"b"}' },
        { time_us: 1_762_592_405_123_000, log_group: 'g', message: 'm' },
      ],
      rejects: ['not_json'],
    },
    {
      name: 'records of Kinesis',
      path: 'x',
      text: JSON.stringify({ Records: [{ kinesis: { sequenceNumber: '7', data: PACKED_DATA } }] }),
      rows: [{ log_group: 'g' }],
    },
    {
      name: 'filter-log-events; no time, no message, a time of ingestion that is none, a cut record',
      path: 'x',
      text: JSON.stringify({
        events: [
          EVENT,
          { ...EVENT, timestamp: 'x' },
          { ...EVENT, message: 7 },
          { ...EVENT, eventId: '37', ingestionTime: 'x' },
          EVENT,
        ],
      }).slice(0, -20),
      rows: [
        { log_stream: 'i-0a1b2c3d4e5f60718', ingestion_time_us: 1_762_592_407_000_000 },
        { ingestion_time_us: null },
      ],
      rejects: ['bad_time', 'not_this_source', 'truncated'],
      anomalies: ['bad_value'],
    },
    {
      name: 'Logs Insights, from the console',
      path: 'x',
      text: JSON.stringify([
        {
          '@timestamp': '2025-11-08 09:00:05.123',
          '@message': 'm\n',
          '@logStream': 's',
          '@log': '111122223333:/aws/lambda/shop',
          '@ptr': 'Cl0',
        },
      ]),
      rows: [
        {
          time_us: 1_762_592_405_123_000,
          account_id: '111122223333',
          log_group: '/aws/lambda/shop',
          event_id: 'Cl0',
        },
      ],
    },
    {
      name: 'an export, with a message of two lines',
      path: 'exports/0a1b2c3d-0001-4000-8000-000000000001/i-0a1b/000000.gz',
      text: 'no time\n2025-11-08T09:00:05.123Z START RequestId: 1\n2025-11-08T09:00:06.000Z Traceback:\n  line 2\n2025-11-08T09:00:07.000Z END\n',
      rows: [
        { log_stream: 'i-0a1b', message: 'START RequestId: 1' },
        { time_us: 1_762_592_406_000_000, message: 'Traceback:\n  line 2' },
        { message: 'END' },
      ],
      rejects: ['bad_time'],
    },
  ],
  example: {
    question: 'Who logged in over SSH, by the logs of the machines?',
    sql: "SELECT time_us, log_stream, message FROM cloudwatch_logs WHERE message GLOB '*sshd*Accepted*' ORDER BY time_us, id LIMIT 20",
  },
};
