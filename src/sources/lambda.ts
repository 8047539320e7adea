/** AWS Lambda: what the platform says of invocations, and what functions log in a form that names request and level. */
import { isObject, type JsonObject, parseJson } from '../core/json.ts';
import { logTime } from '../core/time.ts';
import { blockReader, type BlockRow, detectBlocks } from './_blocks.ts';
import {
  anyTime,
  arnParts,
  canonicalRecord,
  columnsOf,
  derived,
  detectJson,
  integer,
  json,
  type JsonField,
  type JsonFormat,
  jsonReader,
  text,
  valueAt,
} from './_json.ts';
import { decimalUs, isoTime } from './_lines.ts';
import type { Detection, Head, RecordReader, RowOut, Source, Value } from './source.ts';

/** A text member of one of the places where the shapes keep it. */
function either(name: string, paths: readonly string[], about: string): JsonField {
  return derived(name, about, (record) => {
    for (const path of paths) {
      const value = valueAt(record, path.split('.'));
      if (typeof value === 'string' && value !== '') return value;
    }
    return null;
  });
}

/** A decimal of milliseconds, kept in microseconds. */
function duration(name: string, path: string, about: string): JsonField {
  const names = path.split('.');
  return {
    column: { name, type: 'INTEGER', unit: 'us', about },
    value: (record: JsonObject, out: RowOut): Value => {
      const value = valueAt(record, names);
      return typeof value === 'number' || typeof value === 'string'
        ? decimalUs(String(value), path, out, 3)
        : null;
    },
  };
}

/** Fields of a record in the JSON form; the text form is brought into it. */
const FIELDS: readonly JsonField[] = [
  text(
    'time_from',
    'timeFrom',
    'Where the time stands: line (in the record), carrier (the CloudWatch log event), line before (the last time of the file).',
  ),
  either(
    'event_type',
    ['type'],
    'start, end, report, init_start, init_report, runtime_done, extension, ... of the platform; function for what code logged.',
  ),
  either(
    'request_id',
    ['record.requestId', 'requestId', 'AWSRequestId'],
    'Request id of the invocation: joins its records.',
  ),
  text('level', 'level', 'Level that the code named: INFO, ERROR, ...'),
  either('message', ['message', 'errorMessage'], 'What the code logged.'),
  either('logger', ['logger'], 'Logger of the code.'),
  either('error_type', ['record.errorType', 'errorType'], 'Type of the error.'),
  either('error_message', ['record.errorMessage', 'errorMessage'], 'Message of the error.'),
  either(
    'invocation_status',
    ['record.status'],
    'success, failure, error or timeout; the text form names it where it is no success.',
  ),
  either('account_id', ['carrierAccount'], 'Account of the log group, where its carrier names it.'),
  derived('region', 'Region of the runtime, of records that name its ARN.', (record) => {
    return arnParts(valueAt(record, ['record', 'runtimeVersionArn'])).region;
  }),
  either('function_name', ['record.functionName', 'functionName'], 'Function, where named.'),
  either(
    'function_version',
    ['record.version', 'record.functionVersion', 'functionVersion'],
    'Version of the function.',
  ),
  either('runtime_version', ['record.runtimeVersion'], 'Version of the runtime.'),
  either('runtime_version_arn', ['record.runtimeVersionArn'], 'ARN of the version of the runtime.'),
  either('init_phase', ['record.phase'], 'Phase of the initialisation: init, invoke, snap-start.'),
  either('extension_name', ['record.name'], 'Extension that registered or subscribed.'),
  either('extension_state', ['record.state'], 'Its state.'),
  duration('invocation_duration_us', 'record.metrics.durationMs', 'Duration of the invocation.'),
  duration('billed_duration_us', 'record.metrics.billedDurationMs', 'Duration that is billed.'),
  duration('init_duration_us', 'record.metrics.initDurationMs', 'Duration of the initialisation.'),
  duration('restore_duration_us', 'record.metrics.restoreDurationMs', 'Duration of a restore.'),
  integer('memory_size_mb', 'MB', 'record.metrics.memorySizeMB', 'Memory of the function.'),
  integer('max_memory_used_mb', 'MB', 'record.metrics.maxMemoryUsedMB', 'Memory that it used.'),
  either(
    'trace_id',
    ['record.tracing.value', 'record.traceId', 'traceId', 'xrayTraceId'],
    'X-Ray trace, as it stands.',
  ),
  either('segment_id', ['record.segmentId'], 'X-Ray segment.'),
  json('record', 'record', 'The platform’s record as JSON; of the text form its fields.'),
];

/** `platform.initStart` as `init_start`. */
function eventName(type: string): string {
  const name = type.startsWith('platform.') ? type.slice(9) : type;
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function isPlatform(record: JsonObject): boolean {
  const { type } = record;
  return (
    typeof type === 'string' &&
    'time' in record &&
    'record' in record &&
    (type.startsWith('platform.') || type === 'function' || type === 'extension')
  );
}

/** A log entry of the JSON format of a managed runtime. */
function isEntry(record: JsonObject): boolean {
  return (
    'timestamp' in record &&
    typeof record['level'] === 'string' &&
    ('requestId' in record || 'AWSRequestId' in record) &&
    ('message' in record || 'errorMessage' in record || 'errorType' in record)
  );
}

function normal(record: JsonObject): JsonObject {
  if (!isPlatform(record)) return { ...record, type: 'function', timeFrom: 'line' };
  const type = eventName(typeof record['type'] === 'string' ? record['type'] : '');
  const inner = record['record'];
  // The Telemetry API gives what code logged as text, or as its own JSON.
  if (typeof inner === 'string') {
    return { time: record['time'] ?? null, type, message: inner, timeFrom: 'line' };
  }
  const own = type === 'function' && isObject(inner) ? inner : {};
  return { ...own, ...record, type, timeFrom: 'line' };
}

const FORMAT: JsonFormat = {
  what: 'Lambda log records',
  marks: ['"platform.', '"level"', '"type"'],
  wrappers: [],
  is: (record) => isPlatform(record) || isEntry(record),
  keys: [
    ['time', 'type', 'record'],
    ['timestamp', 'level', 'requestId', 'message'],
  ],
  time: (record) => anyTime(record['time'] ?? record['timestamp']),
  timeName: 'time',
  identity: canonicalOf,
  fields: FIELDS,
  normal,
};

/** Two records of one moment differ in their text, copies do not. */
function canonicalOf(record: JsonObject): string {
  return canonicalRecord(JSON.stringify(record));
}

const ID_LENGTH = 36;

/** The request id at a place of a line; undefined if none stands there. */
function idAt(line: string, at: number): string | undefined {
  const id = line.slice(at, at + ID_LENGTH);
  if (id.length < ID_LENGTH || id[8] !== '-' || id[13] !== '-' || id[23] !== '-') return undefined;
  const next = line.charAt(at + ID_LENGTH);
  return next === '' || next <= ' ' ? id : undefined;
}

const PLATFORM: readonly (readonly [start: string, type: string])[] = [
  ['START RequestId: ', 'start'],
  ['END RequestId: ', 'end'],
  ['REPORT RequestId: ', 'report'],
  ['INIT_START Runtime Version: ', 'init_start'],
  ['INIT_REPORT Init Duration: ', 'init_report'],
  ['RESTORE_START Runtime Version: ', 'restore_start'],
  ['RESTORE_REPORT Restore Duration: ', 'restore_report'],
  ['EXTENSION\tName: ', 'extension'],
  ['TELEMETRY\tName: ', 'telemetry_subscription'],
  ['LOGS\tName: ', 'telemetry_subscription'],
];

function platformType(line: string): (typeof PLATFORM)[number] | undefined {
  return PLATFORM.find(([start]) => line.startsWith(start));
}

/** Names of the fields in a platform line, and where the JSON form keeps them; durations end in ms, sizes in MB. */
const LABELS: Readonly<Record<string, string>> = {
  RequestId: 'requestId',
  Version: 'version',
  Duration: 'durationMs',
  'Billed Duration': 'billedDurationMs',
  'Memory Size': 'memorySizeMB',
  'Max Memory Used': 'maxMemoryUsedMB',
  'Init Duration': 'initDurationMs',
  'Restore Duration': 'restoreDurationMs',
  'Billed Restore Duration': 'billedRestoreDurationMs',
  Status: 'status',
  'Error Type': 'errorType',
  Phase: 'phase',
  'XRAY TraceId': 'traceId',
  SegmentId: 'segmentId',
  Sampled: 'sampled',
  'Runtime Version': 'runtimeVersion',
  'Runtime Version ARN': 'runtimeVersionArn',
  Name: 'name',
  State: 'state',
  Events: 'events',
  Types: 'types',
};

/** The fields of a platform line. Between them stand tabs, in copies for people two blanks or more, before Version one. */
function platformRecord(line: string, type: string): JsonObject {
  const record: Record<string, string> = {};
  const metrics: Record<string, string> = {};
  const word = line.search(/[ \t]/);
  const body = line.slice(word + 1).replace(/ Version: /, '\tVersion: ');
  for (const part of (type.endsWith('_start') ? line.slice(word + 1) : body).split(/\t|\n| {2,}/)) {
    const colon = part.indexOf(': ');
    const name = LABELS[part.slice(0, Math.max(0, colon)).trim()];
    if (name === undefined) continue;
    const value = part.slice(colon + 2).trim();
    if (name.endsWith('Ms') || name.endsWith('MB')) metrics[name] = value.split(' ', 1)[0] ?? '';
    else record[name] = value;
  }
  return Object.keys(metrics).length === 0 ? record : { ...record, metrics };
}

const LEVELS: ReadonlySet<string> = new Set([
  'TRACE',
  'DEBUG',
  'INFO',
  'WARN',
  'WARNING',
  'ERROR',
  'FATAL',
  'CRITICAL',
]);

const STAMP = /^\d{4}([-/])\d\d\1\d\d[T ]\d\d:\d\d:\d\d/;

/**
 * Time at the start of a text: `2025-11-08T09:00:05.123Z`, with a space for the T, or with slashes as Go writes it; without
 * a zone it is UTC, as Lambda's machines run. `timeUs` is undefined for what has that form and is no time.
 */
function timeAt(
  line: string,
): { readonly timeUs: number | undefined; readonly end: number } | undefined {
  if (!STAMP.test(line)) return undefined;
  const space = line.charCodeAt(10) === 0x54 ? line.search(/[ \t]/) : 19;
  const stamp = space < 0 ? line : line.slice(0, space);
  const iso = `${stamp.slice(0, 10).replaceAll('/', '-')}T${stamp.slice(11)}`;
  return { timeUs: isoTime(iso) ?? logTime(iso), end: stamp.length };
}

/** A record in the JSON form, and its time where it has one: undefined if that is none. */
interface Read {
  readonly record: JsonObject;
  readonly time?: { readonly timeUs: number | undefined };
}

/** What a line of a function says. */
function functionRecord(line: string): Read {
  let rest = line;
  let level: string | undefined;
  if (rest.startsWith('[')) {
    const close = rest.indexOf(']');
    if (LEVELS.has(rest.slice(1, close))) {
      level = rest.slice(1, close);
      rest = rest.slice(close + 1).trimStart();
    }
  }
  const time = timeAt(rest);
  if (time !== undefined) rest = rest.slice(time.end).trimStart();
  if (rest.startsWith('RequestId: ')) rest = rest.slice(11);
  const requestId = idAt(rest, 0);
  if (requestId !== undefined) rest = rest.slice(ID_LENGTH).trimStart();
  else if (rest.startsWith('undefined\t')) rest = rest.slice(10);
  const word = /^[A-Z]+(?=[\s])/.exec(rest)?.[0];
  if (level === undefined && word !== undefined && LEVELS.has(word)) {
    level = word;
    rest = rest.slice(word.length).trimStart();
  }
  const record = {
    type: 'function',
    message: rest,
    ...(requestId === undefined ? {} : { requestId }),
    ...(level === undefined ? {} : { level }),
    ...(rest.startsWith('Task timed out after ') ? { record: { status: 'timeout' } } : {}),
    ...(requestId !== undefined && rest.startsWith('Error: ')
      ? { record: { status: 'error' } }
      : {}),
  };
  return time === undefined ? { record } : { record, time };
}

/** True for a line that can only be Lambda's. */
function isOwn(line: string): boolean {
  const platform = platformType(line);
  if (platform !== undefined) {
    const [start, type] = platform;
    return type.length > 6 || idAt(line, start.length) !== undefined;
  }
  if (line.startsWith('RequestId: ')) return idAt(line, 11) !== undefined;
  const bracket = line.startsWith('[') ? line.indexOf(']') : -1;
  const from = bracket > 0 && LEVELS.has(line.slice(1, bracket)) ? bracket + 1 : 0;
  const rest = line.slice(from).trimStart();
  const time = timeAt(rest);
  if (time === undefined) return false;
  const behind = rest.slice(time.end).trimStart();
  const id = idAt(behind, 0);
  if (id === undefined) return /^(?:undefined\t)[A-Z]+\t/.test(behind);
  const next = behind.slice(ID_LENGTH).trimStart();
  return (
    from > 0 ||
    next.startsWith('Task timed out after ') ||
    LEVELS.has(/^[A-Z]+(?=\s)/.exec(next)?.[0] ?? '')
  );
}

function begins(line: string): boolean {
  return (
    isOwn(line) ||
    line.startsWith('{"time":') ||
    line.startsWith('{"timestamp":') ||
    timeAt(line) !== undefined
  );
}

/** A record with what its carrier says: the function in the path, where the record names none, and the account. */
function carriedBy({ path, carrierAccount }: Head, record: JsonObject): JsonObject {
  const functionName = /(?:^|\/)aws\/lambda\/([^/]+)/.exec(path)?.[1];
  return {
    ...(functionName === undefined ? {} : { functionName }),
    ...record,
    // Whatever the record says: what code logs is no account.
    carrierAccount: carrierAccount ?? null,
  };
}

function entryReader(head: Head): RecordReader {
  return jsonReader(head, { ...FORMAT, normal: (record) => carriedBy(head, normal(record)) });
}

function textReader(head: Head): RecordReader {
  let last: number | undefined;
  // What follows a line of the platform is a record of its own; a report goes on with its trace.
  let before: string | undefined;

  function map(line: string, out: RowOut): BlockRow | undefined {
    let own: Read;
    if (line.startsWith('{')) {
      const value = parseJson(line);
      if (!isObject(value) || !FORMAT.is(value)) {
        out.reject('not_this_source', `the line is not one of ${FORMAT.what}`);
        return undefined;
      }
      own = { record: normal(value), time: { timeUs: FORMAT.time(value) } };
    } else {
      const platform = platformType(line);
      own =
        platform === undefined
          ? functionRecord(line)
          : { record: { type: platform[1], record: platformRecord(line, platform[1]) } };
    }
    const timeUs = own.time === undefined ? (head.carrierUs ?? last) : own.time.timeUs;
    if (timeUs === undefined) {
      const none = 'neither the line nor one before it names a time';
      out.reject('bad_time', own.time === undefined ? none : 'the time of the line is not a time');
      return undefined;
    }
    last = timeUs;
    const timeFrom =
      own.time !== undefined ? 'line' : head.carrierUs !== undefined ? 'carrier' : 'line before';
    const record = carriedBy(head, { ...own.record, timeFrom });
    const values = [timeUs, ...FIELDS.map((field) => field.value(record, out))];
    return { values, identity: `${String(timeUs)} ${line}` };
  }

  const { framing, read } = blockReader((line) => {
    const own = begins(line);
    const trace = before === 'report' && line.startsWith('XRAY TraceId: ');
    const starts = own || (before !== undefined && !trace && line.trim() !== '');
    if (starts) before = platformType(line)?.[1];
    return starts;
  }, map);
  return { framing, read };
}

function detect(head: Head): Detection | undefined {
  return detectJson(head, FORMAT) ?? detectBlocks(head, 'Lambda’s records', isOwn);
}

const ID = '0a1b2c3d-0001-4000-8000-00000000000a';
const START = `START RequestId: ${ID} Version: $LATEST`;
const REPORT = `REPORT RequestId: ${ID}\tDuration: 619.31 ms\tBilled Duration: 700 ms\tMemory Size: 128 MB\tMax Memory Used: 118 MB\tInit Duration: 203.69 ms\t`;
const TRACE =
  'XRAY TraceId: 1-690f0a05-0a1b2c3d4e5f60718293a4b5\tSegmentId: 42ff00000645f474\tSampled: true\t';
const NODE = `2025-11-08T09:00:05.123Z\t${ID}\tINFO\torder of ann`;

const PLATFORM_REPORT = {
  time: '2025-11-08T09:00:06.000Z',
  type: 'platform.report',
  record: {
    requestId: ID,
    metrics: { durationMs: 619.31, billedDurationMs: 700, memorySizeMB: 128, maxMemoryUsedMB: 118 },
    tracing: { type: 'X-Amzn-Trace-Id', value: 'Root=1-690f0a05-0a1b2c3d4e5f60718293a4b5' },
    status: 'timeout',
  },
};
const ENTRY = {
  timestamp: '2025-11-08T09:00:05.123Z',
  level: 'ERROR',
  message: 'no such order',
  logger: 'root',
  requestId: ID,
  errorType: 'KeyError',
};

export const lambda: Source = {
  id: 'lambda',
  title: 'AWS Lambda logs',
  version: 2,
  clock:
    'The clock of Lambda’s machine, UTC, to the millisecond; lines without a time take that of the log event or of the line before (time_from).',
  about: [
    'Logs of Lambda functions as they lie in CloudWatch Logs: what the platform says of initialisation, invocations and their cost, in the text form (START, END, REPORT, INIT_START, EXTENSION) and as JSON (platform.start, platform.report, ...), and what code logs in a form that names its request or level: the text of the managed runtimes for Node.js, Python, Java and Go, and their JSON. Text that a runtime writes without such a form is read where it stands between lines that have one; alone in a CloudWatch log event nothing tells it from any other text, and it stays in table cloudwatch_logs.',
    'Lines of the platform’s text form hold no time. They take the time of the CloudWatch log event that carries them, else that of the last line before them that has one; time_from says which. Lines before any time are rejects. A log names its function in the log group alone: function_name is there where the path or the record names it. Whether and what is logged is up to the function’s role and code: an attacker’s code logs what it likes.',
  ].join('\n\n'),
  references: [
    'AWS Lambda Developer Guide, "Lambda Telemetry API Event schema reference"',
    'AWS Lambda Developer Guide, "Configuring JSON and plain text log formats"',
    'AWS Lambda Developer Guide, "Log and monitor Python Lambda functions", and the pages of the other runtimes',
  ],
  columns: columnsOf('Time of the record; time_from says where it stands.', FIELDS),
  common: {
    actor: 'function_name',
    action: 'coalesce(error_type, event_type)',
    target: 'request_id',
    outcome:
      "CASE WHEN invocation_status IN ('failure', 'error', 'timeout') THEN 'failure' WHEN invocation_status = 'success' THEN 'success' END",
  },
  indexes: [['request_id']],
  timeline: true,
  repeatsInFile: 'distinct',
  originAround: true,
  inside: true,
  detect,
  reader: (head, shape) => (shape === 'text' ? textReader(head) : entryReader(head)),
  samples: [
    {
      name: 'one invocation as text, with a trace and a message of two lines',
      path: 'aws/lambda/shop/x',
      facts: { carrierAccount: '111122223333' },
      text: [
        'INIT_START Runtime Version: nodejs:22.v50\tRuntime Version ARN: arn:aws:lambda:eu-central-1::runtime:0a1b',
        NODE,
        '{',
        '  "order": 7',
        '}',
        START,
        `[WARNING]\t2025-11-08T09:00:05.500Z\t${ID}\tslow`,
        `2025-11-08T09:00:05.600Z ${ID} Task timed out after 3.00 seconds`,
        '',
        `END RequestId: ${ID}`,
        REPORT,
        TRACE,
        'EXTENSION\tName: cloudwatch_lambda_agent\tState: Ready\tEvents: [INVOKE,SHUTDOWN]',
        'printed by the code',
        '',
      ].join('\n'),
      rows: [
        {
          time_us: 1_762_592_405_123_000,
          time_from: 'line',
          account_id: '111122223333',
          actor: 'shop',
          event_type: 'function',
          level: 'INFO',
          message: 'order of ann\n{\n  "order": 7\n}',
          target: ID,
        },
        { time_from: 'line before', action: 'start', function_version: '$LATEST' },
        { level: 'WARNING', message: 'slow' },
        { invocation_status: 'timeout', outcome: 'failure', request_id: ID },
        { action: 'end', message: null },
        {
          action: 'report',
          invocation_duration_us: 619_310,
          billed_duration_us: 700_000,
          init_duration_us: 203_690,
          memory_size_mb: 128,
          max_memory_used_mb: 118,
          trace_id: '1-690f0a05-0a1b2c3d4e5f60718293a4b5',
          segment_id: '42ff00000645f474',
        },
        {
          action: 'extension',
          extension_name: 'cloudwatch_lambda_agent',
          extension_state: 'Ready',
        },
        { event_type: 'function', message: 'printed by the code', request_id: null },
      ],
      rejects: ['bad_time'],
    },
    {
      name: 'one line of the platform, alone',
      path: 'x',
      text: `${START}\n`,
      rows: [],
      rejects: ['bad_time'],
    },
    {
      name: 'one line of the platform, in a log event',
      path: 'x',
      text: `${START}\n`,
      facts: { carrierUs: 1_762_592_405_000_000 },
      rows: [{ time_us: 1_762_592_405_000_000, time_from: 'carrier', request_id: ID }],
    },
    {
      name: 'the JSON format: platform and code',
      path: 'x',
      text: [
        PLATFORM_REPORT,
        ENTRY,
        {
          time: '2025-11-08T09:00:04Z',
          type: 'platform.initStart',
          record: { functionName: 'shop', runtimeVersion: 'python:3.13.v7', phase: 'init' },
        },
        { time: '2025-11-08T09:00:07Z', type: 'function', record: 'printed' },
      ]
        .map((one) => JSON.stringify(one))
        .join('\n'),
      rows: [
        {
          time_us: 1_762_592_406_000_000,
          action: 'report',
          target: ID,
          outcome: 'failure',
          invocation_duration_us: 619_310,
          memory_size_mb: 128,
          trace_id: 'Root=1-690f0a05-0a1b2c3d4e5f60718293a4b5',
        },
        { action: 'KeyError', event_type: 'function', level: 'ERROR', message: 'no such order' },
        { action: 'init_start', actor: 'shop', runtime_version: 'python:3.13.v7' },
        { event_type: 'function', message: 'printed' },
      ],
    },
    {
      name: 'no time, something else, a duration that is none, a cut record',
      path: 'x',
      text: [
        JSON.stringify(ENTRY),
        JSON.stringify({ ...PLATFORM_REPORT, time: 'x' }),
        '{"level":"INFO"}',
        JSON.stringify({ ...PLATFORM_REPORT, record: { metrics: { durationMs: 'long' } } }),
        JSON.stringify(ENTRY).slice(0, 60),
      ].join('\n'),
      rows: [{}, { invocation_duration_us: null }],
      rejects: ['bad_time', 'not_this_source', 'truncated'],
      anomalies: ['bad_value'],
    },
    {
      name: 'text with a line of JSON, one that is no record, a size that is none',
      path: 'x',
      text: [NODE, JSON.stringify(ENTRY), '{"time":1}', REPORT.replace('128 MB', 'x MB'), ''].join(
        '\n',
      ),
      rows: [{}, { action: 'KeyError' }, { memory_size_mb: null }],
      rejects: ['not_this_source'],
      anomalies: ['bad_value'],
    },
  ],
  example: {
    question: 'Which invocations failed, and how long did they run?',
    sql: "SELECT time_us, function_name, request_id, invocation_status, error_type, invocation_duration_us FROM lambda WHERE invocation_status IN ('failure', 'error', 'timeout') OR error_type IS NOT NULL ORDER BY time_us, id LIMIT 20",
  },
};
