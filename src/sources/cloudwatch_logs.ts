/** CloudWatch Logs in the shapes in which log events leave it: whatever was logged, as text with its group and stream. */
import { Buffer } from 'node:buffer';
import { gunzipSync } from 'node:zlib';
import { hash53 } from '../core/hash53.ts';
import { isObject, type JsonObject, type JsonValue, memberSpan, sortedJson } from '../core/json.ts';
import { peekJson } from '../core/peek.ts';
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
import { detectLines, isoTime, lineReader } from './_lines.ts';
import {
  type Column,
  type Detection,
  FORM,
  type Head,
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
  {
    name: 'continuation',
    type: 'INTEGER',
    unit: '0 or 1',
    about:
      '1 for a line of an export that goes on a message of several lines; it has the time of its first.',
  },
];

/** A subscription payload is inflated up to this: a hundred times what AWS sends. */
const MOST_INFLATED = 64 * 2 ** 20;

function isPayload(record: JsonObject): boolean {
  return typeof record['messageType'] === 'string' && Array.isArray(record['logEvents']);
}

/** Base64 of a gzipped payload, as a Lambda function or a reader of Kinesis gets it. */
function packedData(record: JsonObject): string | undefined {
  const data = valueAt(record, ['awslogs', 'data']) ?? valueAt(record, ['kinesis', 'data']);
  return typeof data === 'string' && data.startsWith('H4sI') ? data : undefined;
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
    isPayload(record) || packedData(record) !== undefined || isEvent(record) || isInsights(record),
  keys: [['messageType', 'logEvents']],
  time: () => undefined,
  timeName: 'timestamp',
  identity: () => '',
  fields: [],
};

type Place = NonNullable<Parameters<RowOut['row']>[2]>;

/** What the carrier says of a log event. */
interface Origin {
  readonly account: string | null;
  readonly group: string | null;
  readonly stream: string | null;
}

function emit(
  event: JsonValue | undefined,
  origin: Origin,
  raw: string,
  place: Place | undefined,
  out: RowOut,
): void {
  const record = isObject(event) ? event : {};
  const message = record['message'] ?? record['@message'];
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
  const values: Value[] = [
    timeUs,
    log === null ? origin.account : log.slice(0, Math.max(0, log.indexOf(':'))),
    log === null ? origin.group : log.slice(log.indexOf(':') + 1),
    textOf(record['logStreamName'] ?? record['@logStream'], 'logStreamName', out) ?? origin.stream,
    id,
    message,
    ingestionUs,
    extracted === undefined || extracted === null ? null : sortedJson(extracted),
    0,
  ];
  if (raw.includes('\\')) cleanTexts(values, raw, out);
  const own = `${String(values[1])} ${String(values[2])} ${String(values[3])} ${String(timeUs)} ${message}`;
  out.row(values, hash53(id ?? own), place);
}

/** The log events of a payload; `bytes` hold it unless it was packed. */
function emitPayload(
  payload: JsonObject,
  raw: string,
  where:
    | {
        readonly bytes: Buffer;
        readonly start: number;
        readonly end: number;
        readonly offset: number;
      }
    | undefined,
  out: RowOut,
): void {
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
  const list =
    where === undefined ? undefined : memberSpan(where.bytes, where.start, where.end, 'logEvents');
  const spans = where === undefined || list === undefined ? [] : elementSpans(where.bytes, list);
  for (const [index, event] of events.entries()) {
    const span = spans[index];
    const place =
      where === undefined || span === undefined
        ? undefined
        : {
            offset: where.offset + span.start - where.start,
            length: span.end - span.start,
            form: FORM.plain,
          };
    emit(event, origin, raw, place, out);
  }
}

/** The payload in base64 of gzip; undefined if it is none. */
function unpack(data: string): { readonly payload: JsonObject; readonly raw: string } | undefined {
  let raw: string;
  try {
    raw = gunzipSync(Buffer.from(data, 'base64'), { maxOutputLength: MOST_INFLATED }).toString(
      'utf8',
    );
  } catch {
    // Cut, damaged or too large: the reject says so.
    return undefined;
  }
  const payload = innerJson(raw);
  return isObject(payload) && isPayload(payload) ? { payload, raw } : undefined;
}

const NO_ORIGIN: Origin = { account: null, group: null, stream: null };

const read: RecordReader['read'] = (bytes, start, end, offset, hints, out) => {
  const object = readObject(bytes, start, end, hints, out);
  if (object === undefined) return;
  const { value, text: raw } = object;
  noteOddities(value, raw, hints.escaped, out);
  if (isPayload(value)) {
    emitPayload(value, raw, { bytes, start, end, offset }, out);
    return;
  }
  const data = packedData(value);
  if (data !== undefined) {
    const unpacked = unpack(data);
    if (unpacked === undefined)
      out.reject('not_json', 'the data is not base64 of a gzipped payload');
    else emitPayload(unpacked.payload, unpacked.raw, undefined, out);
    return;
  }
  if (isEvent(value) || isInsights(value)) {
    emit(value, NO_ORIGIN, raw, undefined, out);
    return;
  }
  out.reject('not_this_source', 'the record is not a log event');
};

/** Time of a line of an export: by the millisecond, then a space. */
const EXPORT_LINE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /;
const STAMP = 24;

/** Reader of the files that an export task writes: each log event begins with its time. */
function exportReader(head: Head): RecordReader {
  // <prefix>/<task id>/<stream, slashes as dashes>/000000.gz
  const stream = /\/([^/]+)\/\d{6}(?:\.gz)?$/.exec(head.path)?.[1] ?? null;
  let last: number | undefined;
  return lineReader((line, out) => {
    const own = line.charCodeAt(STAMP) === 0x20 && line.charCodeAt(STAMP - 1) === 0x5a;
    const timeUs = own ? isoTime(line.slice(0, STAMP)) : undefined;
    if (timeUs === undefined && last === undefined) {
      out.reject('bad_time', 'the line has no time, and no line before it has one');
      return undefined;
    }
    last = timeUs ?? last;
    const message = timeUs === undefined ? line : line.slice(STAMP + 1);
    return [
      last ?? null,
      null,
      null,
      stream,
      null,
      message,
      null,
      null,
      Number(timeUs === undefined),
    ];
  });
}

function detect(head: Head): Detection | undefined {
  const json = detectJson(head, FORMAT);
  if (json !== undefined) return json;
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
const PACKED =
  'H4sIAAAAAAACA6tWyk0tLk5MTw2pLEhVslJycQxxjPd1DQ52dHdV0lHKL89LLQIKGwKBERAYAwFQOCc/3b0ov7QAKJMO4QaXFKUm5gL5xRC+a1lqXkmxklV0tVJmCsgAoHBJJtCuksRcoDZDczMjU0sjEwNTQyNjHZgbgOpylWpjawHVpTnUlQAAAA==';

export const cloudwatch_logs: Source = {
  id: 'cloudwatch_logs',
  title: 'CloudWatch Logs',
  version: 1,
  clock:
    'Time that the sender gave each log event, UTC, to the millisecond: the machine’s own clock where an agent sent it; Logs Insights names no zone, UTC is assumed.',
  about: [
    'Log events of Amazon CloudWatch Logs in the shapes in which they leave it: payloads of subscriptions (as Firehose and Kinesis write them, and packed in base64 of gzip as functions get them), the output of `aws logs get-log-events` and `filter-log-events`, JSON that the console of Logs Insights exports, and the text files of export tasks. The message is kept as text.',
    'A line of an export that has no time of its own goes on the message before it: it is a row of its own, with continuation = 1. Exports name neither account nor group; the folder names the stream. Control messages of subscriptions are no records. Identical lines of one stream are separate events, unless they share an id. Logs inside the messages do not land in tables of their own; results of the Logs Insights API, whose rows are lists of fields, are not read.',
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
        { awslogs: { data: PACKED } },
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
      text: JSON.stringify({ Records: [{ kinesis: { sequenceNumber: '7', data: PACKED } }] }),
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
        { log_stream: 'i-0a1b', message: 'START RequestId: 1', continuation: 0 },
        { message: 'Traceback:' },
        { time_us: 1_762_592_406_000_000, message: '  line 2', continuation: 1 },
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
