/** CloudFront access logs: one record for each request of a viewer, as tab-separated text, JSON or Parquet. */
import { type JsonObject, type JsonValue, sortedJson } from '../core/json.ts';
import { exactUs } from '../core/time.ts';
import {
  anyTime,
  canonicalRecord,
  detectJson,
  type JsonField,
  type JsonFormat,
  jsonReader,
} from './_json.ts';
import { Forms } from './_forms.ts';
import {
  addressText,
  decimalUs,
  firstLines,
  integerField,
  isoTime,
  lineReader,
  orNull,
  portField,
  strictly,
} from './_lines.ts';
import type { Column, Detection, Head, RecordReader, RowOut, Source, Value } from './source.ts';

type Kind = 'text' | 'address' | 'integer' | 'seconds';

interface Field {
  readonly column: Column;
  readonly kind: Kind;
  /** Names of the field in `#Fields`, JSON and the lists of real-time logs. */
  readonly names: readonly string[];
}

function text(name: string, about: string, ...others: readonly string[]): Field {
  const column = columnName(name);
  return { column: { name: column, type: 'TEXT', about }, kind: 'text', names: [name, ...others] };
}

function address(name: string, about: string): Field {
  return { ...text(name, about), kind: 'address' };
}

function integer(name: string, unit: string, about: string): Field {
  const column: Column = { name: columnName(name), type: 'INTEGER', unit, about };
  return { column, kind: 'integer', names: [name] };
}

/** A duration: decimal seconds in the log. */
function seconds(name: string, about: string): Field {
  const column: Column = { name: `${columnName(name)}_us`, type: 'INTEGER', unit: 'us', about };
  return { column, kind: 'seconds', names: [name] };
}

/** `cs(User-Agent)` is cs_user_agent, as real-time logs name it. */
function columnName(name: string): string {
  return name.toLowerCase().replaceAll(/[-(]/g, '_').replaceAll(')', '');
}

const FIELDS: readonly Field[] = [
  text('x-edge-location', 'Edge location that served the request, such as FRA56-P4.'),
  integer('sc-bytes', 'bytes', 'Bytes to the viewer, with headers.'),
  address('c-ip', 'Address of the viewer, or of the proxy in front of it.'),
  integer('c-port', 'port', 'Port of the viewer.'),
  address('s-ip', 'Address of the CloudFront server.'),
  text('cs-method', 'HTTP method.'),
  text('cs(Host)', 'Domain name of the distribution.', 'cs-host'),
  text('cs-uri-stem', 'Path, URL-encoded as in the log.'),
  integer('sc-status', 'status', 'HTTP status; 0 where the viewer went away before the answer.'),
  text('cs(Referer)', 'Referer, URL-encoded as in the log.', 'cs-referer'),
  text('cs(User-Agent)', 'User-Agent, URL-encoded as in the log.', 'cs-user-agent'),
  text('cs-uri-query', 'Query string, URL-encoded as in the log.'),
  text('cs(Cookie)', 'Cookies, where the distribution logs them.', 'cs-cookie'),
  text(
    'x-edge-result-type',
    'Hit, RefreshHit, Miss, LimitExceeded, CapacityExceeded, Error, Redirect.',
  ),
  text('x-edge-request-id', 'Id of the request; joins request_id of WAF.'),
  text('x-host-header', 'Host that the viewer asked for.'),
  text('cs-protocol', 'http, https, ws, wss or grpcs.'),
  integer('cs-bytes', 'bytes', 'Bytes from the viewer, with headers.'),
  seconds('time-taken', 'time-taken: from receiving the request to the last byte of the answer.'),
  text('x-forwarded-for', 'Header X-Forwarded-For: the viewer as a proxy reports it.'),
  text('ssl-protocol', 'TLS version.'),
  text('ssl-cipher', 'TLS cipher suite.'),
  text('x-edge-response-result-type', 'How the answer was classified just before it went out.'),
  text('cs-protocol-version', 'HTTP version.'),
  text('fle-status', 'Whether field-level encryption succeeded.'),
  integer('fle-encrypted-fields', 'number', 'Fields that field-level encryption encrypted.'),
  seconds('time-to-first-byte', 'time-to-first-byte: until the first byte of the answer.'),
  text('x-edge-detailed-result-type', 'x-edge-result-type in more detail.'),
  text('sc-content-type', 'Content-Type of the answer.'),
  integer('sc-content-len', 'bytes', 'Content-Length of the answer.'),
  text('sc-range-start', 'Start of the range of the answer.'),
  text('sc-range-end', 'End of the range of the answer.'),
  text('c-ip-version', 'IPv4 or IPv6.'),
  text('c-country', 'Country code of c-ip.'),
  text('cs-accept-encoding', 'Header Accept-Encoding.'),
  text('cs-accept', 'Header Accept.'),
  text('cache-behavior-path-pattern', 'Cache behaviour that matched.'),
  text('cs-headers', 'Request headers, names and values.'),
  text('cs-header-names', 'Names of the request headers.'),
  integer('cs-headers-count', 'number', 'Number of request headers.'),
  text('primary-distribution-id', 'Primary distribution of a continuous deployment.'),
  text('primary-distribution-dns-name', 'Its domain name.'),
  seconds('origin-fbl', 'origin-fbl: first-byte latency between CloudFront and the origin.'),
  seconds('origin-lbl', 'origin-lbl: last-byte latency between CloudFront and the origin.'),
  integer('asn', 'number', 'Autonomous system of c-ip.'),
  text('r-host', 'Domain of the origin.'),
  text('sr-reason', 'Why an origin was chosen.'),
  text('x-edge-mqcs', 'Media quality score.'),
  text('distribution-tenant-id', 'Tenant of a multi-tenant distribution.'),
  text('connection-id', 'Id of the TLS connection.'),
];

const TIME: Column = {
  name: 'time_us',
  type: 'INTEGER',
  unit: 'us',
  about:
    'date and time, or timestamp: when CloudFront finished answering; by the second in standard logs.',
};
const ACCOUNT: Column = {
  name: 'account_id',
  type: 'TEXT',
  about:
    'Account in the key of the file; NULL where the key has none, as with standard logs of version 1.',
};
const DISTRIBUTION: Column = {
  name: 'distribution_id',
  type: 'TEXT',
  about: 'Distribution as the record names it, or in the name of the file.',
};
const AGENT: Column = {
  name: 'user_agent',
  type: 'TEXT',
  about: 'cs(User-Agent), URL-decoded.',
};

const COLUMNS: readonly Column[] = [
  TIME,
  ACCOUNT,
  DISTRIBUTION,
  AGENT,
  ...FIELDS.map(({ column }) => column),
];

const USER_AGENT = FIELDS.find(({ column }) => column.name === 'cs_user_agent');
/** Names of the fields that become time_us and distribution_id. */
const TIME_NAMES = ['date', 'time', 'timestamp', 'timestamp(ms)', 'timestamp(s)'];
const DISTRIBUTION_NAMES = ['DistributionId', 'distributionid', 'distribution-id'];
const KNOWN: ReadonlySet<string> = new Set([
  ...TIME_NAMES,
  ...DISTRIBUTION_NAMES,
  ...FIELDS.flatMap((field) => field.names),
]);

/** Fields of standard logs of version 1, for files that lost their header. */
const STANDARD =
  'date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version fle-status fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len sc-range-start sc-range-end'.split(
    ' ',
  );

/** Fields of a real-time log configuration that selects all, in the order in which CloudFront writes them. */
const REAL_TIME =
  'timestamp c-ip s-ip time-to-first-byte sc-status sc-bytes cs-method cs-protocol cs-host cs-uri-stem cs-bytes x-edge-location x-edge-request-id x-host-header time-taken cs-protocol-version c-ip-version cs-user-agent cs-referer cs-cookie cs-uri-query x-edge-response-result-type x-forwarded-for ssl-protocol ssl-cipher x-edge-result-type fle-encrypted-fields fle-status sc-content-type sc-content-len sc-range-start sc-range-end c-port x-edge-detailed-result-type c-country cs-accept-encoding cs-accept cache-behavior-path-pattern cs-headers cs-header-names cs-headers-count primary-distribution-id primary-distribution-dns-name origin-fbl origin-lbl asn'.split(
    ' ',
  );

/** Text with %xx decoded; as it stands where that is not UTF-8. */
function decoded(value: string | null): string | null {
  if (!value?.includes('%')) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    // A viewer may send any bytes: then the encoded form is all there is.
    return value;
  }
}

/** The first of some names that a record has. */
function first(
  pick: (name: string) => string | undefined,
  names: readonly string[],
): string | undefined {
  for (const name of names) {
    const value = pick(name);
    if (value !== undefined) return value;
  }
  return undefined;
}

function convert({ kind, names, column }: Field, value: string | undefined, out: RowOut): Value {
  if (kind === 'text') return orNull(value);
  const name = names[0] ?? '';
  if (kind === 'address') return addressText(value, name, out);
  if (column.unit === 'port') return portField(value, name, out);
  if (kind === 'integer') return integerField(value, name, out);
  return decimalUs(value, name, out);
}

/** Seconds since 1970, with decimals or without. */
function unixTime(field: string | undefined): number | undefined {
  if (field === undefined || field === '') return undefined;
  const point = field.indexOf('.');
  if (point < 0) return anyTime(field, 's');
  const whole = field.slice(0, point);
  const fraction = field.slice(point + 1);
  if (!/^\d{1,10}$/.test(whole) || !/^\d{1,9}$/.test(fraction)) return undefined;
  return exactUs(Number(whole) * 1_000_000 + Number(fraction.slice(0, 6).padEnd(6, '0')));
}

/** Time of a record whose fields `pick` gives by name. */
function timeOf(pick: (name: string) => string | undefined): number | undefined {
  const date = pick('date');
  if (date !== undefined) return isoTime(`${date}T${pick('time') ?? ''}Z`);
  const seconds = pick('timestamp') ?? pick('timestamp(s)');
  return seconds === undefined ? anyTime(pick('timestamp(ms)'), 'ms') : unixTime(seconds);
}

function ownerOf(head: Head): {
  readonly account: string | null;
  readonly distribution: string | null;
} {
  return {
    account: /AWSLogs\/(?:aws-account-id=)?(\d{12})\/CloudFront\//.exec(head.path)?.[1] ?? null,
    distribution: /(?:^|[/_=])(E[0-9A-Z]{11,14})[./]/.exec(head.path)?.[1] ?? null,
  };
}

const FIELDS_LINE = '#Fields:';

/**
 * Names after `#Fields:`; undefined if the line is none of CloudFront’s: other servers write such headers too, with names
 * that CloudFront has not.
 */
function headerFields(line: string): readonly string[] | undefined {
  if (!line.startsWith(FIELDS_LINE)) return undefined;
  const names = line.slice(FIELDS_LINE.length).trim().split(/\s+/);
  return names.some((name) => name.startsWith('x-edge-')) ||
    (names.length > 2 && names.every((name) => KNOWN.has(name)))
    ? names
    : undefined;
}

/** Fields of standard logs of version 1 in the documented forms, by which files without a header are read. */
const STANDARD_FORMS = [24, 26, 33];

/** What a field of text has to look like where a line is read by the place of its fields. */
const LOOKS: Readonly<Record<string, RegExp>> = {
  'x-edge-location': /^[A-Z]{3}\d/,
  'cs-method': /^[^\s./:\d]+$/,
};

/** The first field of a line that is not what the header says; undefined if none is seen to be. */
function contradiction(pick: (name: string) => string | undefined): string | undefined {
  return Object.entries(LOOKS).find(([name, looks]) => {
    const value = pick(name) ?? '-';
    return value !== '-' && !looks.test(value);
  })?.[0];
}

const STANDARD_LINE =
  /^\d{4}-\d\d-\d\d\t\d\d:\d\d:\d\d\t[A-Z]{3}\d+[-\w]*\t\d+\t[\da-fA-F.:]+\t[A-Z]+\t/;
const REAL_TIME_LINE =
  /^\d{10}(?:\.\d{1,6})?\t[\da-fA-F.:]+\t[\da-fA-F.:]+\t[\d.]+\t\d{1,3}\t\d+\t[A-Z]+\t/;

function detect(head: Head): Detection | undefined {
  const lines = firstLines(head);
  const names = lines.slice(0, 2).flatMap((line) => headerFields(line) ?? []);
  if (names.length > 0) {
    return {
      confidence: 90,
      reason: `a header with ${String(names.length)} CloudFront fields`,
      shape: 'w3c',
    };
  }
  for (const [shape, pattern, fields] of [
    ['standard', STANDARD_LINE, 20],
    ['real-time', REAL_TIME_LINE, REAL_TIME.length],
  ] as const) {
    const own = lines.filter(
      (line) => pattern.test(line) && line.split('\t').length >= fields,
    ).length;
    if (own * 2 > lines.length) {
      const reason = `${String(own)} of the first ${String(lines.length)} lines are CloudFront’s (${shape}, without header)`;
      return { confidence: 80, reason, shape };
    }
  }
  return detectJson(head, JSON_FORMAT);
}

/** Member of a record by the name of its field: as it stands, or as Parquet's columns spell it. */
function memberOf(record: JsonObject, name: string): JsonValue | undefined {
  if (Object.hasOwn(record, name)) return record[name];
  const column = columnName(name);
  return Object.hasOwn(record, column) ? record[column] : undefined;
}

function pickFrom(record: JsonObject): (name: string) => string | undefined {
  return (name) => {
    const value = memberOf(record, name);
    if (value === undefined || value === null) return undefined;
    return typeof value === 'object' ? undefined : String(value);
  };
}

function fieldOf(field: Field): JsonField {
  return {
    column: field.column,
    value: (record, out) => {
      for (const name of field.names) {
        const value = memberOf(record, name);
        if (typeof value === 'object' && value !== null) {
          out.anomaly('bad_value', `${name} is not a string`);
        }
      }
      return convert(field, first(pickFrom(record), field.names), out);
    },
  };
}

const JSON_FIELDS = FIELDS.map(fieldOf);

const JSON_FORMAT: JsonFormat = {
  what: 'CloudFront requests',
  marks: ['"x-edge-', '"cs-uri-stem"', '"sc-status"', '"x_edge_', '"cs_uri_stem"', '"sc_status"'],
  wrappers: [],
  is: (record) => {
    const names = [
      'x-edge-location',
      'x-edge-request-id',
      'c-ip',
      'cs-method',
      'cs-uri-stem',
      'sc-status',
    ];
    return names.filter((name) => memberOf(record, name) !== undefined).length >= 3;
  },
  keys: [
    ['c-ip', 'cs-method', 'sc-status'],
    ['c_ip', 'cs_method', 'sc_status'],
  ],
  time: (record) => timeOf(pickFrom(record)),
  timeName: 'timestamp',
  identity: sortedJson,
  fields: JSON_FIELDS,
};

function reader(head: Head, shape: string): RecordReader {
  const owner = ownerOf(head);
  if (!['w3c', 'standard', 'real-time'].includes(shape)) {
    const fields: readonly JsonField[] = [
      { column: ACCOUNT, value: () => owner.account },
      {
        column: DISTRIBUTION,
        value: (record) => first(pickFrom(record), DISTRIBUTION_NAMES) ?? owner.distribution,
      },
      {
        column: AGENT,
        value: (record) => decoded(orNull(first(pickFrom(record), USER_AGENT?.names ?? []))),
      },
      ...JSON_FIELDS,
    ];
    return jsonReader(head, { ...JSON_FORMAT, fields });
  }
  let names: readonly string[] = shape === 'real-time' ? REAL_TIME : STANDARD;
  let places = new Map(names.map((name, index) => [name, index]));
  let unknown = '';
  /** Why no line can be read until another header comes. */
  let fault: string | undefined;
  /** While no header was there. */
  let forms: Forms | undefined = new Forms(shape === 'standard' ? STANDARD_FORMS : [names.length]);

  function takeHeader(line: string, out: RowOut): void {
    const header = headerFields(line) ?? [];
    const twice = header.find((name, index) => header.indexOf(name) < index);
    if (header.length === 0) fault = 'the #Fields line names no fields of CloudFront';
    else fault = twice === undefined ? undefined : `the #Fields line names ${twice} twice`;
    names = header;
    places = new Map(names.map((name, index) => [name, index]));
    unknown = names.filter((name) => !KNOWN.has(name)).join(' ');
    forms = undefined;
    if (fault === undefined) out.notARecord();
    else out.reject('bad_fields', fault);
  }

  function row(line: string, out: RowOut): readonly Value[] | undefined {
    if (fault !== undefined) {
      out.reject('bad_fields', fault);
      return undefined;
    }
    const parts = line.split('\t');
    if (forms === undefined && parts.length !== names.length) {
      const detail = `${String(parts.length)} fields where the header names ${String(names.length)}`;
      out.reject('bad_fields', detail);
      return undefined;
    }
    if (forms?.allow(parts.length, out) === false) return undefined;
    const pick = (name: string): string | undefined => parts[places.get(name) ?? -1];
    const timeUs = timeOf(pick);
    if (timeUs === undefined) {
      out.reject('bad_time', 'date and time of the line are no time');
      return undefined;
    }
    const wrong = contradiction(pick);
    if (wrong !== undefined) {
      out.reject('bad_fields', `what stands for ${wrong} is none`);
      return undefined;
    }
    const values = strictly(out, (noted) => [
      timeUs,
      owner.account,
      first(pick, DISTRIBUTION_NAMES) ?? owner.distribution,
      decoded(orNull(first(pick, USER_AGENT?.names ?? []))),
      ...FIELDS.map((field) => convert(field, first(pick, field.names), noted)),
    ]);
    if (values === undefined) return undefined;
    forms?.seen(parts.length, out);
    if (unknown !== '') {
      // Once for each header is enough.
      out.anomaly('extra_fields', `the header names fields that are not known: ${unknown}`);
      unknown = '';
    }
    return values;
  }

  return lineReader((line, out) => {
    if (!line.startsWith('#')) return row(line, out);
    if (line.startsWith(FIELDS_LINE)) takeHeader(line, out);
    else if (/^#Version:\s*\S/.test(line)) out.notARecord();
    else out.reject('bad_fields', 'a line with # that is neither #Version nor #Fields');
    return undefined;
  });
}

const HEADER = `#Version: 1.0\n#Fields: ${STANDARD.join(' ')}\n`;
const LINE_1 = [
  '2025-11-08',
  '09:00:05',
  'FRA56-P4',
  '122254',
  '198.51.100.7',
  'GET',
  'd111111abcdef8.cloudfront.net',
  '/item%20list',
  '200',
  'https://shop.example.com/',
  'curl/8%205%2520x',
  'id=1',
  '-',
  'Miss',
  'vKIiZi4-0_M3vVWN37wUKhQ3GSHWUnWIDXuZV1sHp-Xun2lLWNrwyB==',
  'shop.example.com',
  'https',
  '1051',
  '0.199',
  '203.0.113.9,\\x20203.0.113.10',
  'TLSv1.3',
  'TLS_AES_128_GCM_SHA256',
  'Miss',
  'HTTP/2.0',
  '-',
  '-',
  '41649',
  '0.182',
  'Miss',
  'text/html',
  '121630',
  '-',
  '-',
].join('\t');

const RECORD = {
  'timestamp(ms)': '1762592405123',
  DistributionId: 'E2EXAMPLE12345',
  date: '2025-11-08',
  time: '09:00:05',
  'x-edge-location': 'FRA56-P4',
  'c-ip': '2001:db8::7',
  'cs-method': 'POST',
  'cs(Host)': 'd111111abcdef8.cloudfront.net',
  'cs-uri-stem': '/login',
  'sc-status': '403',
  'cs(User-Agent)': 'Mozilla/5.0%20(X11)',
  'x-edge-request-id': 'abc==',
  'time-taken': '0.010',
  asn: '64496',
};

const PARQUET_ROW = {
  date: '2025-11-08',
  time: '09:00:05',
  x_edge_location: 'FRA56-P4',
  c_ip: '2001:db8::7',
  cs_method: 'POST',
  cs_host: 'd111111abcdef8.cloudfront.net',
  cs_uri_stem: '/login',
  sc_status: 403,
  cs_user_agent: 'Mozilla/5.0%20(X11)',
  x_edge_request_id: 'abc==',
  time_taken: 0.01,
};

const REAL_TIME_1 = REAL_TIME.map((name) => {
  const values: Readonly<Record<string, string>> = {
    timestamp: '1762592405.123',
    'c-ip': '198.51.100.7',
    's-ip': '203.0.113.1',
    'time-to-first-byte': '0.001',
    'sc-status': '0',
    'sc-bytes': '17',
    'cs-method': 'GET',
    'cs-host': 'd111111abcdef8.cloudfront.net',
    'cs-uri-stem': '/',
    'c-country': 'NL',
  };
  return values[name] ?? '-';
}).join('\t');

export const cloudfront: Source = {
  id: 'cloudfront',
  title: 'CloudFront access logs',
  version: 3,
  clock:
    'The edge location’s clock, UTC, to the second (real-time logs to the millisecond): when the response ended.',
  about: [
    'CloudFront writes a record for each request of a viewer: standard logs of version 1 as tab-separated text whose header names the fields, standard logs of version 2 as the same, as JSON lines or as Parquet with the fields the owner chose, in any order, and real-time logs as tab-separated text without a header. Fields are mapped by name. Under a header each line has as many fields as it names, and each is what its name says, else the line is a reject; so is a line with # that is neither #Version nor #Fields. Without a header, the field list of version 1 is assumed, with the 24, 26 or 33 fields of its documented forms, or for real-time logs the list of all fields in CloudFront’s order; other real-time lists are read where a line `#Fields:` with their names stands before them, and are not recognised without.',
    'Delivery is on a best-effort basis, within an hour for most requests, up to a day for some: a missing request proves nothing. Values are URL-encoded, sometimes twice, and stored so; user_agent is decoded once. c_ip is a proxy where one stands in front. Standard logs of version 1 name neither account nor distribution: the distribution comes from the name of the file. In Parquet a column may be named as its field or with `_` for `-` and brackets.',
  ].join('\n\n'),
  references: [
    'Amazon CloudFront Developer Guide, "Standard log file fields"',
    'Amazon CloudFront Developer Guide, "Configure standard logging (v2)"',
    'Amazon Athena User Guide, "Create a table for CloudFront logs in Athena using partition projection with Parquet"',
    'Amazon CloudFront Developer Guide, "Use real-time access logs", section "Fields"',
  ],
  columns: COLUMNS,
  common: {
    actor: 'c_ip',
    action: 'cs_method',
    target: "coalesce(x_host_header, cs_host, '') || coalesce(cs_uri_stem, '')",
    src_ip: 'c_ip',
    dst_ip: 's_ip',
    outcome:
      "CASE WHEN sc_status BETWEEN 100 AND 399 THEN 'success' WHEN sc_status IS NOT NULL THEN 'failure' END",
  },
  indexes: [['c_ip'], ['x_edge_request_id']],
  timeline: true,
  repeatsInFile: 'distinct',
  detect,
  reader,
  sameText: canonicalRecord,
  samples: [
    {
      name: 'version 1 with its header, another header in the same file with an unknown field, a line that it contradicts',
      path: 'logs/E2EXAMPLE12345.2025-11-08-09.0a1b2c3d.gz',
      text: `${HEADER}${LINE_1}\n${HEADER.replace(' sc-range-end', '').replace('sc-range-start', 'future-field')}${LINE_1.slice(0, -2)}\n${LINE_1}\n`,
      rows: [
        {
          time_us: 1_762_592_405_000_000,
          account_id: null,
          distribution_id: 'E2EXAMPLE12345',
          user_agent: 'curl/8 5%20x',
          cs_user_agent: 'curl/8%205%2520x',
          src_ip: '198.51.100.7',
          c_port: 41_649,
          action: 'GET',
          target: 'shop.example.com/item%20list',
          sc_status: 200,
          outcome: 'success',
          time_taken_us: 199_000,
          time_to_first_byte_us: 182_000,
          x_forwarded_for: '203.0.113.9,\\x20203.0.113.10',
          cs_cookie: null,
          sc_content_len: 121_630,
        },
        { sc_range_start: null },
      ],
      rejects: ['bad_fields'],
      anomalies: ['extra_fields'],
    },
    {
      name: 'version 2 as JSON lines, no time, something else, a cut record',
      path: 'AWSLogs/111122223333/CloudFront/x.gz',
      text: `${JSON.stringify(RECORD)}\n${JSON.stringify({ ...RECORD, date: undefined, time: undefined, 'c-port': 70, asn: { a: 1 } })}\n${JSON.stringify({ ...RECORD, date: 'x' })}\n{"a":1}\n${JSON.stringify(RECORD).slice(0, -9)}`,
      rows: [
        {
          time_us: 1_762_592_405_000_000,
          account_id: '111122223333',
          distribution_id: 'E2EXAMPLE12345',
          c_ip: '2001:db8::7',
          sc_status: 403,
          outcome: 'failure',
          user_agent: 'Mozilla/5.0 (X11)',
          time_taken_us: 10_000,
          asn: 64_496,
        },
        { time_us: 1_762_592_405_123_000, c_port: 70, asn: null },
      ],
      rejects: ['bad_time', 'not_this_source', 'truncated'],
      anomalies: ['bad_value'],
    },
    {
      name: 'version 2 as rows of a Parquet file, columns of either spelling',
      path: 'AWSLogs/aws-account-id=111122223333/CloudFront/DistributionId=E2EXAMPLE12345/year=2025/x.parquet',
      text: `${[
        PARQUET_ROW,
        { ...PARQUET_ROW, date: undefined, time: undefined, 'timestamp(ms)': 1_762_592_405_123 },
        { 'c-ip': '2001:db8::7', 'cs-method': 'GET', 'sc-status': 200, timestamp: 1_762_592_405 },
        { ...PARQUET_ROW, sc_status: true },
        { ...PARQUET_ROW, date: 'x' },
      ]
        .map((row) => JSON.stringify(row))
        .join('\n')}\n`,
      rows: [
        {
          time_us: 1_762_592_405_000_000,
          account_id: '111122223333',
          distribution_id: 'E2EXAMPLE12345',
          c_ip: '2001:db8::7',
          sc_status: 403,
          cs_host: 'd111111abcdef8.cloudfront.net',
          user_agent: 'Mozilla/5.0 (X11)',
          time_taken_us: 10_000,
          target: 'd111111abcdef8.cloudfront.net/login',
        },
        { time_us: 1_762_592_405_123_000 },
        { time_us: 1_762_592_405_000_000, sc_status: 200, outcome: 'success' },
        { sc_status: null },
      ],
      rejects: ['bad_time'],
      anomalies: ['bad_value'],
    },
    {
      name: 'real-time, all fields',
      path: 'stream-1',
      text: `${REAL_TIME_1}\n${REAL_TIME_1.replace('1762592405.123', '1762592405')}\n${REAL_TIME_1.slice(0, 90)}\n`,
      rows: [
        {
          time_us: 1_762_592_405_123_000,
          dst_ip: '203.0.113.1',
          sc_status: 0,
          outcome: 'failure',
          c_country: 'NL',
        },
        { time_us: 1_762_592_405_000_000 },
      ],
      rejects: ['bad_fields'],
    },
    {
      name: 'real-time, chosen fields under a header that somebody put before them',
      path: 'stream-2',
      text: '#Fields: timestamp c-ip sc-status cs-method cs-uri-stem c-country\n1762592405.123\t198.51.100.7\t200\tGET\t/\tNL\n1762592405.123\t198.51.100.7\t200\tGET\t/\n1762592405.123\t198.51.100.7\tok\tGET\t/\tNL\n',
      rows: [{ time_us: 1_762_592_405_123_000, src_ip: '198.51.100.7', c_country: 'NL' }],
      rejects: ['bad_fields', 'bad_fields'],
    },
    {
      name: 'without header, broken lines',
      path: 'x',
      text: [
        LINE_1,
        LINE_1,
        LINE_1,
        LINE_1.replace('2025-11-08', '2025-11-31'),
        LINE_1.replace('\t122254\t', '\tmany\t'),
      ].join('\n'),
      rows: [{ sc_bytes: 122_254 }, {}, {}],
      rejects: ['bad_time', 'bad_fields'],
    },
    {
      name: 'headers that the lines contradict, that say a field twice, that are cut; comments',
      path: 'logs/E2EXAMPLE12345.2025-11-08-10.0a1b2c3d.gz',
      text: [
        `${HEADER}${LINE_1}`,
        '#Software: something',
        '#',
        `${LINE_1}\tmore`,
        LINE_1.slice(0, LINE_1.lastIndexOf('\t')),
        `#Fields: ${STANDARD.join(' ').replace('c-ip cs-method', 'cs-method c-ip')}`,
        LINE_1,
        `#Fields: ${STANDARD.join(' ').replace('x-edge-location sc-bytes', 'sc-bytes x-edge-location')}`,
        LINE_1,
        `#Fields: ${STANDARD.join(' ').replace('c-port', 'sc-bytes')}`,
        LINE_1,
        '#Fields: date ti',
        LINE_1,
        '#Fields: date time cs-method',
        '2025-11-08\t09:00:05\tPUT',
        '',
      ].join('\n'),
      rows: [{ sc_bytes: 122_254 }, { cs_method: 'PUT', c_ip: null }],
      rejects: [
        'bad_fields',
        'bad_fields',
        'bad_fields',
        'bad_fields',
        'bad_fields',
        'bad_fields',
        'bad_fields',
        'bad_fields',
        'bad_fields',
        'bad_fields',
      ],
    },
  ],
  example: {
    question: 'Which viewers tried the most paths that gave an error?',
    sql: 'SELECT c_ip, c_country, count(DISTINCT cs_uri_stem) AS paths, count(*) AS requests, min(time_us) AS first_us FROM cloudfront WHERE sc_status >= 400 GROUP BY c_ip, c_country ORDER BY paths DESC, c_ip LIMIT 20',
  },
};
