/**
 * S3 server access logs: one line for each request that a bucket with logging received, delivered on a best-effort
 * basis some hours later.
 */
import { Buffer } from 'node:buffer';
import { isAddress } from '../core/address.ts';
import { exactUs } from '../core/time.ts';
import { detectFields, fieldsReader, jsonNames } from './_elb_json.ts';
import { type Fields, withFields } from './_fields.ts';
import { Forms } from './_forms.ts';
import { addressText, integerField, isoTime, lineReader } from './_lines.ts';
import type { Column, Detection, Head, RecordReader, RowOut, Source, Value } from './source.ts';

function text(name: string, about: string): Column {
  return { name, type: 'TEXT', about };
}

function integer(name: string, unit: string, about: string): Column {
  return { name, type: 'INTEGER', unit, about };
}

const COLUMNS: readonly Column[] = [
  integer('time_us', 'us', 'Time the request was received.'),
  text('bucket_owner_id', 'Canonical user id of the owner of the bucket.'),
  text('bucket_name', 'Bucket.'),
  text('remote_ip', 'Apparent address of the requester; NULL for operations of S3 itself.'),
  text(
    'requester',
    'Canonical user id, ARN of an IAM user or session, or service; NULL for anonymous requests.',
  ),
  text('request_id', 'Request id: equals request_id of the CloudTrail data event.'),
  text(
    'operation',
    'REST.GET.OBJECT and the like; S3.EXPIRE.OBJECT and the like for lifecycle; BATCH.DELETE.OBJECT.',
  ),
  text('key_name', 'Key, URL-encoded as in the log.'),
  text('request_uri', 'Request line: method, URI, HTTP version.'),
  integer('http_status', 'status', 'HTTP status of the answer.'),
  text('error_code', 'S3 error code.'),
  integer(
    'bytes_sent_size',
    'bytes',
    'Bytes of the answer without protocol overhead; NULL for zero.',
  ),
  integer('object_size', 'bytes', 'Size of the object.'),
  integer('total_duration', 'ms', 'From receiving the request to sending the last byte.'),
  integer('turn_around_duration', 'ms', 'From the last byte received to the first byte sent.'),
  text('referer', 'HTTP Referer.'),
  text('user_agent', 'HTTP User-Agent.'),
  text('version_id', 'versionId of the request.'),
  text('host_id', 'x-amz-id-2, S3 extended request id.'),
  text('signature_version', 'SigV2 or SigV4; NULL for unsigned requests.'),
  text('cipher_suite', 'TLS cipher suite; NULL for HTTP.'),
  text(
    'authentication_type',
    'AuthHeader, QueryString (presigned URL), or NULL for unsigned requests.',
  ),
  text('host_header', 'Endpoint that was called.'),
  text('tls_version', 'TLS version.'),
  text('access_point_arn', 'ARN of the access point.'),
  text('acl_required', '"Yes" if an ACL was needed to allow the request.'),
  text('source_region', 'Region the request came from.'),
  text(
    'presigned_access_key_id',
    'Access key id in the query string of the request: the key that signed a presigned URL.',
  ),
];

/** Fields behind the user agent, in the order of the line; none holds a space or a quote. */
const TAIL_FIELDS = 10;
/** Fields up to the user agent. */
const BEFORE_TAIL = 17;
/**
 * Fields of the documented forms, by what was new at their end: version id; host id and signature version; up to the TLS
 * version; access point; aclRequired; source region.
 */
const FORMS = [18, 20, 24, 25, 26, 27];

/** Owner, bucket, time, address, requester, request id, operation, key; then the request line follows. */
const LEFT = /^(\S+) (\S+) \[([^\]\s]+ [^\]\s]+)\] (\S+) (\S+) (\S+) (\S+) (\S+) /;
/** Status, error, sizes and times between the request line and the referer. Bounded, so that no line takes long. */
const MIDDLE =
  / (\d{3}|-) (\S{1,200}) (\d{1,19}|-) (\d{1,19}|-) (\d{1,19}|-) (\d{1,19}|-) (?=["-])/y;

const LINE = /^[0-9a-f]{64} \S+ \[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] /;

function detect(head: Head): Detection | undefined {
  const lines = head.text
    .split('\n', 6)
    .filter((line) => line.trimEnd() !== '')
    .slice(0, 5);
  const json = detectFields(head, 'S3 access log records', JSON_TELLING);
  if (json !== undefined) return json;
  const matching = lines.filter((line) => LINE.test(line)).length;
  return matching > 0 && matching * 2 >= lines.length
    ? {
        confidence: 90,
        reason: `${String(matching)} of the first ${String(lines.length)} lines are access log lines`,
        shape: 'lines',
      }
    : undefined;
}

const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec';

/** `06/Feb/2019:00:00:38 +0000` to microseconds UTC. */
function parseTime(value: string): number | undefined {
  const match = /^(\d\d)\/([A-Z][a-z]{2})\/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)$/.exec(
    value,
  );
  if (match === null) return undefined;
  const month = MONTHS.indexOf(match[2] ?? '');
  const [day, year, hour, minute, second, zoneHour, zoneMinute] = [1, 3, 4, 5, 6, 8, 9].map(
    (index) => Number(match[index]),
  ) as [number, number, number, number, number, number, number];
  if (month < 0 || month % 3 !== 0 || hour > 23 || minute > 59 || second > 60) return undefined;
  const midnight = new Date(Date.UTC(year, month / 3, day));
  if (year < 100 || midnight.getUTCDate() !== day) return undefined;
  const zone = (zoneHour * 60 + zoneMinute) * 60 * (match[7] === '-' ? -1 : 1);
  return exactUs(
    (midnight.getTime() / 1000 + hour * 3600 + minute * 60 + second - zone) * 1_000_000,
  );
}

interface Line {
  readonly left: readonly string[];
  readonly uri: string;
  readonly middle: readonly string[];
  readonly referer: string;
  readonly agent: string;
  readonly tail: readonly string[];
}

/**
 * The fields of a line. Request line, referer and user agent are quoted, or a bare dash; what the client sent may
 * itself hold quotes. So fields are taken from the left up to the key, and the request line ends at the first quote
 * that status, sizes and times follow; the user agent ends at the last quote of the line.
 */
function split(line: string): Line | undefined {
  const left = LEFT.exec(line);
  if (left === null) return undefined;
  const uriStart = left[0].length;
  let uriEnd = -1;
  let middle: RegExpExecArray | null = null;
  if (line.startsWith('- ', uriStart)) {
    uriEnd = uriStart + 1;
    MIDDLE.lastIndex = uriEnd;
    middle = MIDDLE.exec(line);
  } else if (line.startsWith('"', uriStart)) {
    for (
      let quote = line.indexOf('"', uriStart + 1);
      quote >= 0;
      quote = line.indexOf('"', quote + 1)
    ) {
      MIDDLE.lastIndex = uriEnd = quote + 1;
      middle = MIDDLE.exec(line);
      if (middle !== null) break;
    }
  }
  if (middle === null) return undefined;

  const refererStart = uriEnd + middle[0].length;
  const refererEnd = quotedEnd(line, refererStart);
  if (refererEnd < 0 || line[refererEnd] !== ' ') return undefined;
  const agentStart = refererEnd + 1;
  let agentEnd = agentStart + 1;
  if (line.startsWith('"', agentStart)) {
    agentEnd = line.lastIndexOf('"') + 1;
    if (agentEnd <= agentStart + 1) return undefined;
  } else if (!line.startsWith('-', agentStart)) {
    return undefined;
  }
  const rest = line.slice(agentEnd);
  if (rest !== '' && !rest.startsWith(' ')) return undefined;
  return {
    left: left.slice(1),
    uri: line.slice(uriStart, uriEnd),
    middle: middle.slice(1),
    referer: line.slice(refererStart, refererEnd),
    agent: line.slice(agentStart, agentEnd),
    tail: rest.trim() === '' ? [] : rest.trim().split(' '),
  };
}

/** One past a quoted field or bare dash that another quoted field or dash follows; -1 if there is none. */
function quotedEnd(line: string, start: number): number {
  if (line.startsWith('- ', start)) return start + 1;
  if (!line.startsWith('"', start)) return -1;
  for (let quote = line.indexOf('"', start + 1); quote >= 0; quote = line.indexOf('"', quote + 1)) {
    if (
      line.startsWith(' "', quote + 1) ||
      line.startsWith(' - ', quote + 1) ||
      (line.endsWith('" -') && quote === line.length - 3)
    )
      return quote + 1;
  }
  return -1;
}

function orNull(value: string | undefined): string | null {
  return value === undefined || value === '-' ? null : value;
}

/** A quoted field without its quotes; a dash, bare or quoted, is NULL. */
function unquoted(value: string): string | null {
  return value === '-' || value === '"-"' ? null : value.slice(1, -1);
}

function integerOf(value: string | undefined): number | bigint | null {
  if (value === undefined || value === '-') return null;
  return value.length < 16 ? Number(value) : BigInt(value);
}

/** Key id of a presigned URL: SigV4 `X-Amz-Credential=<key>/...`, SigV2 `AWSAccessKeyId=<key>`. */
const PRESIGNED = /[?&](?:X-Amz-Credential|AWSAccessKeyId)=([A-Z0-9]{16,128})/i;

function row(line: string, forms: Forms, out: RowOut): readonly Value[] | undefined {
  const fields = split(line);
  if (fields === undefined) {
    out.reject('bad_fields', 'the line does not have the fields of an access log line');
    return undefined;
  }
  const count = BEFORE_TAIL + fields.tail.length;
  if (!forms.allow(count, out)) return undefined;
  const timeUs = parseTime(fields.left[2] ?? '');
  if (timeUs === undefined || timeUs < 0) {
    out.reject('bad_time', 'the time of the line is not a time after 1970');
    return undefined;
  }
  const address = fields.left[3] ?? '-';
  if (address !== '-' && !isAddress(address)) {
    out.reject('bad_fields', 'the remote IP is not an address');
    return undefined;
  }
  forms.seen(count, out);
  return map(fields, timeUs);
}

const NAMES = COLUMNS.map(({ name }) => name);
/** Places of values in a row. */
const AT = {
  time: 0,
  owner: NAMES.indexOf('bucket_owner_id'),
  address: NAMES.indexOf('remote_ip'),
  requester: NAMES.indexOf('requester'),
  request: NAMES.indexOf('request_uri'),
  status: NAMES.indexOf('http_status'),
  error: NAMES.indexOf('error_code'),
  sizes: NAMES.indexOf('bytes_sent_size'),
  referer: NAMES.indexOf('referer'),
  agent: NAMES.indexOf('user_agent'),
  tail: NAMES.indexOf('version_id'),
  presigned: NAMES.indexOf('presigned_access_key_id'),
};
/** Fields of a line as bytes; the time is two of them. */
const FIELD = { time: 2, zone: 3, address: 4, requester: 5, request: 9, status: 10, error: 11 };
const SIZES = 12;
const REFERER = 16;
const AGENT = 17;
const TAIL = 18;
/** `[dd/Mon/yyyy` without the bracket. */
const CLF_DAY = 11;
const UTC = Buffer.from('+0000]');
const NO_ERROR = 200;

/** The quick way: puts the fields of a usual line into the row. */
function take(fields: Fields, forms: Forms, out: RowOut): boolean {
  const { bytes, row, count } = fields;
  // As fields between spaces, the time is two.
  if (!forms.usual(count - 1)) return false;
  for (let field = 0; field < count; field++) {
    const mayQuote = field === FIELD.request || field === REFERER || field === AGENT;
    if (mayQuote ? !(fields.isQuoted(field) || fields.isDash(field)) : fields.isQuoted(field))
      return false;
  }
  if (!takeTime(fields)) return false;
  fields.text(0, AT.owner);
  fields.text(1, AT.owner + 1);
  const from = fields.from(FIELD.address);
  if (!fields.isDash(FIELD.address) && !fields.address(from, fields.to(FIELD.address), AT.address))
    return false;
  // Requester, request id, operation, key.
  fields.texts(FIELD.requester, FIELD.request, AT.requester);
  takeQuoted(fields, FIELD.request, AT.request);
  const status = fields.to(FIELD.status) - fields.from(FIELD.status);
  if (!(status === 3 || fields.isDash(FIELD.status))) return false;
  if (fields.to(FIELD.error) - fields.from(FIELD.error) > NO_ERROR) return false;
  fields.text(FIELD.error, AT.error);
  for (let index = -1; index < 4; index++) {
    const field = index < 0 ? FIELD.status : SIZES + index;
    if (bytes[fields.from(field)] === 0x2d && !fields.isDash(field)) return false;
    if (!fields.integer(field, index < 0 ? AT.status : AT.sizes + index)) return false;
  }
  takeQuoted(fields, REFERER, AT.referer);
  takeQuoted(fields, AGENT, AT.agent);
  fields.texts(TAIL, count, AT.tail);
  if (row.isText(AT.request)) takePresigned(fields);
  forms.seen(count - 1, out);
  return true;
}

/** What was quoted, be it nothing; a dash, bare or quoted, is NULL. */
function takeQuoted(fields: Fields, field: number, place: number): void {
  if (!fields.isDash(field)) fields.row.setText(place, fields.from(field), fields.to(field));
}

/** `[06/Feb/2019:00:00:38 +0000]`. */
function takeTime(fields: Fields): boolean {
  const { bytes } = fields;
  const from = fields.from(FIELD.time);
  if (fields.to(FIELD.time) - from !== 21 || bytes[from] !== 0x5b) return false;
  const zone = fields.to(FIELD.zone) - fields.from(FIELD.zone);
  if (zone !== UTC.length || !fields.begins(FIELD.zone, UTC)) return false;
  if (bytes[from + 1 + CLF_DAY] !== 0x3a) return false;
  const clock = fields.clock(from + 2 + CLF_DAY);
  const time = fields.day(from + 1, CLF_DAY, clfDay) + clock * 1_000_000;
  if (!(time >= 0) || !Number.isSafeInteger(time)) return false;
  fields.row.setNumber(AT.time, time);
  return true;
}

function clfDay(day: string): number | undefined {
  return parseTime(`${day}:00:00:00 +0000`);
}

const KEY_NAMES = ['x-amz-credential=', 'awsaccesskeyid='].map((text) => Buffer.from(text));
const LEAST_KEY = 16;
const MOST_KEY = 128;

/** As {@link PRESIGNED} finds it. */
function takePresigned({ bytes, row }: Fields): void {
  const to = row.stop(AT.request);
  for (let at = row.start(AT.request); at < to; at++) {
    const byte = bytes[at];
    if (byte !== 0x3f && byte !== 0x26) continue;
    for (const name of KEY_NAMES) {
      let index = 0;
      while (index < name.length && ((bytes[at + 1 + index] ?? 0) | 0x20) === name[index]) index++;
      if (index < name.length) continue;
      const from = at + 1 + name.length;
      let end = from;
      while (end < to && end - from < MOST_KEY && isAlphanumeric(bytes[end] ?? 0)) end++;
      if (end - from < LEAST_KEY) continue;
      row.setText(AT.presigned, from, end);
      return;
    }
  }
}

function isAlphanumeric(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a);
}

function map({ left, uri, middle, referer, agent, tail }: Line, timeUs: number): Value[] {
  const request = unquoted(uri);
  const values: Value[] = [
    timeUs,
    orNull(left[0]),
    orNull(left[1]),
    orNull(left[3]),
    orNull(left[4]),
    orNull(left[5]),
    orNull(left[6]),
    orNull(left[7]),
    request,
    integerOf(middle[0]),
    orNull(middle[1]),
    integerOf(middle[2]),
    integerOf(middle[3]),
    integerOf(middle[4]),
    integerOf(middle[5]),
    unquoted(referer),
    unquoted(agent),
  ];
  for (let index = 0; index < TAIL_FIELDS; index++) values.push(orNull(tail[index]));
  values.push(request === null ? null : (PRESIGNED.exec(request)?.[1] ?? null));
  return values;
}

/** Names of the fields where CloudWatch Logs delivers them as JSON, in the order of the text form. */
const JSON_NAMES = jsonNames(
  'bucket_owner_id bucket_name request_time remote_ip requester request_id operation key_name request_uri http_status error_code bytes_sent_size object_size total_duration turn_around_duration referer user_agent version_id host_id signature_version cipher_suite authentication_type host_header tls_version access_point_arn acl_required source_region',
);
const JSON_TELLING = ['bucket_owner_id', 'request_uri', 'operation'];
const JSON_NUMBERS: readonly number[] = [9, 11, 12, 13, 14];

/** Fields of a JSON record as those of a line. */
function mapJson(fields: readonly string[], out: RowOut): readonly Value[] | undefined {
  const timeUs = isoTime(fields[2]);
  if (timeUs === undefined || timeUs < 0) {
    out.reject('bad_time', 'request_time is not a time after 1970');
    return undefined;
  }
  const known = fields.map((field, index) => {
    const name = JSON_NAMES[index]?.[0] ?? '';
    if (JSON_NUMBERS.includes(index)) return String(integerField(field, name, out) ?? '-');
    return name === 'remote_ip' ? (addressText(field, name, out) ?? '-') : field;
  });
  const quoted = (index: number): string => {
    const field = known[index] ?? '-';
    return field === '-' ? field : `"${field}"`;
  };
  return map(
    {
      left: known.slice(0, 8),
      uri: quoted(8),
      middle: known.slice(9, 15),
      referer: quoted(15),
      agent: quoted(16),
      tail: known.slice(BEFORE_TAIL),
    },
    timeUs,
  );
}

function reader(_head: Head, shape: string): RecordReader {
  if (shape === 'json') return fieldsReader(JSON_NAMES, JSON_TELLING, mapJson);
  const forms = new Forms(FORMS);
  const lines = lineReader((line, out) => row(line, forms, out));
  return withFields(lines, COLUMNS.length, (fields, out) => take(fields, forms, out));
}

const OWNER = '3f1c9b0e5d7a4c2e8b6f0a1d2c3e4f5061728394a5b6c7d8e9f0a1b2c3d4e5f6';
const PUT = `${OWNER} example-invoices [08/Nov/2025:09:00:05 +0000] 198.51.100.7 arn:aws:sts::111122223333:assumed-role/backup/job-7 7B4A0FABBEXAMPLE REST.PUT.OBJECT 2025/q4+plan.pdf "PUT /example-invoices/2025/q4%20plan.pdf HTTP/1.1" 200 - - 83211 71 12 "-" "aws-cli/2.31.0" - s9lzHYrFp76ZVxRcpX9+5cjAnEH2ROuNkd2BHfIa6UkFVdtjf5mKR3/eTPFvsiP/XV/VLi31234= SigV4 TLS_AES_128_GCM_SHA256 AuthHeader example-invoices.s3.eu-central-1.amazonaws.com TLSv1.3 - -`;

const JSON_RECORD = {
  schema_version_id: 'V_1_0',
  bucket_owner_id: OWNER,
  bucket_name: 'example-invoices',
  bucket_arn: 'arn:aws:s3:::example-invoices',
  request_time: '2025-11-08T09:00:05.123Z',
  remote_ip: '198.51.100.7',
  requester: null,
  request_id: '7B4A0FABBEXAMPLE',
  operation: 'REST.GET.OBJECT',
  key_name: 'plan.pdf',
  request_uri: 'GET /plan.pdf?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE HTTP/1.1',
  http_status: 200,
  bytes_sent_size: '83211',
  object_size: 83_211,
  user_agent: 'a "quoted" agent',
  source_region: 'eu-central-1',
};

export const s3_access: Source = {
  id: 's3_access',
  title: 'S3 server access logs',
  version: 3,
  clock:
    'S3’s clock with its zone in the line (+0000), to the second: when the request was received.',
  about: [
    'S3 writes a line for each request to a bucket with server access logging, into a target bucket, uncompressed. Lines have grown over the years: one has the 18, 20, 24, 25, 26 or 27 fields of a documented form. Fields that an older form lacks are NULL, those behind the 27th stay in the raw text, any other count is a reject. A line of an older form than one before it in the file is kept and noted: it may have been cut.',
    'Delivery is on a best-effort basis: most lines come within a few hours, some late, some twice, a few never. So a missing line proves nothing. A copy writes two lines with one request id. Requests that S3 makes for itself (lifecycle) have no address. Delivered through CloudWatch Logs the fields are members of JSON, which is read too.',
  ].join('\n\n'),
  references: [
    'Amazon S3 User Guide, "Amazon S3 server access log format"',
    'Amazon S3 User Guide, "Logging requests with server access logging", section "Best-effort server log delivery"',
  ],
  columns: COLUMNS,
  common: {
    actor: 'requester',
    action: 'operation',
    target:
      "CASE WHEN key_name IS NULL THEN 's3://' || bucket_name ELSE 's3://' || bucket_name || '/' || key_name END",
    src_ip: 'remote_ip',
    outcome:
      "CASE WHEN http_status < 400 THEN 'success' WHEN http_status >= 400 THEN 'failure' WHEN error_code IS NOT NULL THEN 'failure' END",
  },
  indexes: [['remote_ip'], ['request_id']],
  timeline: true,
  repeatsInFile: 'duplicate',
  inside: true,
  detect,
  reader,
  samples: [
    {
      name: 'today’s fields, a copy of a line, a presigned URL, a lifecycle row, a bare dash for the request line',
      path: 'logs/2025-11-08-09-15-22-0123456789ABCDEF',
      text: [
        PUT,
        PUT,
        `${OWNER} example-invoices [08/Nov/2025:11:00:06 +0200] 2001:db8::7 - 3E57427F3EXAMPLE REST.GET.OBJECT 2025/q4+plan.pdf "GET /2025/q4%20plan.pdf?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20251108%2Feu-central-1%2Fs3%2Faws4_request HTTP/1.1" 206 - 1024 83211 9 8 "-" "curl/8 "quoted" agent" - abc= SigV4 TLS_AES_128_GCM_SHA256 QueryString example-invoices.s3.eu-central-1.amazonaws.com TLSv1.3 - Yes eu-central-1`,
        `${OWNER} example-invoices [08/Nov/2025:09:00:07 +0000] - AmazonS3 A1B2C3D4E5EXAMPLE S3.EXPIRE.OBJECT old.txt "-" - - - 12 - - "-" "-" - host= - - - - - - -`,
        `${OWNER} example-invoices [08/Nov/2025:09:00:08 +0000] 198.51.100.7 arn:aws:iam::111122223333:user/ann B1B2C3D4E5EXAMPLE BATCH.DELETE.OBJECT old2.txt - 204 - - 344017 - - - - - host= SigV4 - AuthHeader h - - - -`,
        '',
      ].join('\n'),
      rows: [
        {
          time_us: 1_762_592_405_000_000,
          bucket_name: 'example-invoices',
          actor: 'arn:aws:sts::111122223333:assumed-role/backup/job-7',
          action: 'REST.PUT.OBJECT',
          key_name: '2025/q4+plan.pdf',
          http_status: 200,
          bytes_sent_size: null,
          object_size: 83211,
          referer: null,
          user_agent: 'aws-cli/2.31.0',
          host_header: 'example-invoices.s3.eu-central-1.amazonaws.com',
          tls_version: 'TLSv1.3',
          outcome: 'success',
          target: 's3://example-invoices/2025/q4+plan.pdf',
        },
        { request_id: '7B4A0FABBEXAMPLE' },
        {
          time_us: 1_762_592_406_000_000,
          requester: null,
          user_agent: 'curl/8 "quoted" agent',
          presigned_access_key_id: 'AKIAIOSFODNN7EXAMPLE',
          acl_required: 'Yes',
          source_region: 'eu-central-1',
          remote_ip: '2001:db8::7',
          bytes_sent_size: 1024,
        },
        {
          operation: 'S3.EXPIRE.OBJECT',
          http_status: null,
          request_uri: null,
          remote_ip: null,
          outcome: null,
        },
        {
          operation: 'BATCH.DELETE.OBJECT',
          http_status: 204,
          request_uri: null,
          object_size: 344017,
          user_agent: null,
          host_id: 'host=',
        },
      ],
      anomalies: ['fewer_fields'],
    },
    {
      name: 'the oldest form, and one from the future',
      path: 'access.log',
      text: `${PUT.slice(0, PUT.indexOf(' s9lz'))}\n${PUT} eu-central-1 new1 new2\n`,
      rows: [
        { version_id: null, host_id: null, source_region: null },
        { source_region: 'eu-central-1', acl_required: null },
      ],
      anomalies: ['extra_fields'],
    },
    {
      name: 'as JSON: a request, one of S3 itself, one without a time, a status that is none, something else, a cut record',
      path: 'x',
      text: [
        JSON_RECORD,
        { ...JSON_RECORD, remote_ip: null, request_uri: null, user_agent: null },
        { ...JSON_RECORD, request_time: 'x' },
        { ...JSON_RECORD, http_status: 'ok' },
        { operation: 'x' },
        JSON_RECORD,
      ]
        .map((one) => JSON.stringify(one))
        .join('\n')
        .slice(0, -20),
      rows: [
        {
          time_us: 1_762_592_405_123_000,
          bucket_name: 'example-invoices',
          http_status: 200,
          object_size: 83_211,
          request_uri: 'GET /plan.pdf?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE HTTP/1.1',
          presigned_access_key_id: 'AKIAIOSFODNN7EXAMPLE',
          user_agent: 'a "quoted" agent',
          source_region: 'eu-central-1',
        },
        { remote_ip: null, request_uri: null, user_agent: null },
        { http_status: null },
      ],
      rejects: ['bad_time', 'not_this_source', 'truncated'],
      anomalies: ['bad_value'],
    },
    {
      name: 'broken lines',
      path: 'access.log',
      text: [
        PUT,
        PUT.slice(0, 200),
        PUT.slice(0, PUT.indexOf(' AuthHeader')),
        PUT.replace('08/Nov', '31/Feb'),
        PUT.replace('08/Nov/2025', '31/Dec/1969'),
        PUT.replace('198.51.100.7', 'fe80::1%eth0'),
        '',
      ].join('\n'),
      rows: [{ http_status: 200 }],
      rejects: ['bad_fields', 'bad_fields', 'bad_time', 'bad_time', 'bad_fields'],
    },
  ],
  example: {
    question: 'Who took how many bytes out of which bucket?',
    sql: "SELECT bucket_name, requester, remote_ip, count(*) AS requests, sum(bytes_sent_size) AS bytes FROM s3_access WHERE operation GLOB '*.GET.OBJECT' AND http_status < 300 GROUP BY bucket_name, requester, remote_ip ORDER BY bytes DESC, bucket_name, requester, remote_ip LIMIT 20",
  },
};
