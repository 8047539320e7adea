/** Access logs of Classic Load Balancers: one line for each request or TCP connection. */
import {
  formReader,
  integer,
  OWNER_COLUMNS,
  ownerBytes,
  ownerOf,
  REQUEST_OUTCOME,
  requestLine,
  takeRequest,
  text,
} from './_elb.ts';
import { type Fields, withFields } from './_fields.ts';
import { Forms } from './_forms.ts';
import { addressField, decimalUs, detectLines, integerField, orNull } from './_lines.ts';
import type { Column, Head, RecordReader, RowOut, Source, Value } from './source.ts';

const COLUMNS: readonly Column[] = [
  integer('time_us', 'us', 'timestamp: when the load balancer received the request.'),
  ...OWNER_COLUMNS,
  text('elb', 'Load balancer.'),
  text('client_ip', 'Address of the client.'),
  integer('client_port', 'port', 'Port of the client.'),
  text('backend_ip', 'Address of the instance; NULL where the request reached none.'),
  integer('backend_port', 'port', 'Port of the instance.'),
  integer(
    'request_processing_time_us',
    'us',
    'request_processing_time; NULL if it did not happen.',
  ),
  integer(
    'backend_processing_time_us',
    'us',
    'backend_processing_time; NULL if it did not happen.',
  ),
  integer(
    'response_processing_time_us',
    'us',
    'response_processing_time; NULL if it did not happen.',
  ),
  integer('elb_status_code', 'status', 'HTTP status that the load balancer sent; NULL for TCP.'),
  integer('backend_status_code', 'status', 'HTTP status that the instance sent; NULL for TCP.'),
  integer('received_bytes', 'bytes', 'Bytes from the client.'),
  integer('sent_bytes', 'bytes', 'Bytes to the client.'),
  text('request_line', 'Request line; NULL for TCP.'),
  text('http_method', 'Method in request_line.'),
  text('url', 'URL in request_line.'),
  text('user_agent', 'User-Agent; NULL for TCP.'),
  text('ssl_cipher', 'TLS cipher suite.'),
  text('ssl_protocol', 'TLS version.'),
];

/** The first form ended with the request; then came the user agent and TLS. */
const FORMS = [12, 15];
const FIELDS = 15;
const REQUEST = 11;
const LINE =
  /^\d{4}-\d\d-\d\dT[\d:.]+Z [\w.-]+ [\d.a-fA-F:[\]]+:\d+ (?:\S+:\d+|-) (?:-1|\d+\.\d+) (?:-1|\d+\.\d+) (?:-1|\d+\.\d+) (?:\d{3}|-) /;

function reader(head: Head): RecordReader {
  const owner = ownerOf(head);
  const given = ownerBytes(owner);
  const forms = new Forms(FORMS);
  const lines = formReader(forms, 0, (fields, timeUs, out) => map(fields, timeUs, owner, out));
  return withFields(lines, COLUMNS.length, (fields, out) => take(fields, given, forms, out));
}

const NAMES = COLUMNS.map(({ name }) => name);
/** Places of values in a row. */
const AT = {
  account: NAMES.indexOf('account_id'),
  region: NAMES.indexOf('region'),
  elb: NAMES.indexOf('elb'),
  client: NAMES.indexOf('client_ip'),
  backend: NAMES.indexOf('backend_ip'),
  times: NAMES.indexOf('request_processing_time_us'),
  counts: NAMES.indexOf('elb_status_code'),
  request: NAMES.indexOf('request_line'),
  agent: NAMES.indexOf('user_agent'),
};

/** The quick way: puts the fields of a usual line into the row. */
function take(
  fields: Fields,
  given: ReturnType<typeof ownerBytes>,
  forms: Forms,
  out: RowOut,
): boolean {
  const { bytes, count, row } = fields;
  if (!forms.usual(count) || !fields.isoTime(0, 0)) return false;
  // The dashes of a TCP connection are for the reader of strings.
  if (bytes[fields.from(REQUEST)] === 0x2d) return false;
  if (given.account !== undefined) row.setConstant(AT.account, given.account);
  if (given.region !== undefined) row.setConstant(AT.region, given.region);
  fields.text(1, AT.elb);
  if (!fields.endpoint(2, AT.client, AT.client + 1)) return false;
  if (!fields.endpoint(3, AT.backend, AT.backend + 1)) return false;
  for (let index = 0; index < 3; index++) {
    if (!fields.microseconds(4 + index, AT.times + index)) return false;
  }
  for (let index = 0; index < 4; index++) {
    if (!fields.integer(7 + index, AT.counts + index)) return false;
  }
  if (!takeRequest(fields, REQUEST, AT.request)) return false;
  fields.texts(REQUEST + 1, FIELDS, AT.agent);
  forms.seen(count, out);
  return true;
}

function map(
  fields: readonly string[],
  timeUs: number,
  owner: ReturnType<typeof ownerOf>,
  out: RowOut,
): readonly Value[] {
  const client = addressField(fields[2], 'client:port', out);
  const backend = addressField(fields[3], 'backend:port', out);
  const line_ = fields[REQUEST]?.trim() === '- - -' ? undefined : fields[REQUEST];
  const request = requestLine(line_);
  return [
    timeUs,
    owner.account,
    owner.region,
    orNull(fields[1]),
    client.address,
    client.port,
    backend.address,
    backend.port,
    decimalUs(fields[4], 'request_processing_time', out),
    decimalUs(fields[5], 'backend_processing_time', out),
    decimalUs(fields[6], 'response_processing_time', out),
    integerField(fields[7], 'elb_status_code', out),
    integerField(fields[8], 'backend_status_code', out),
    integerField(fields[9], 'received_bytes', out),
    integerField(fields[10], 'sent_bytes', out),
    orNull(line_),
    request.method,
    request.url,
    orNull(fields[12]),
    orNull(fields[13]),
    orNull(fields[14]),
  ];
}

const LINE_1 =
  '2025-11-08T09:00:05.945958Z old-shop 198.51.100.7:2817 10.0.1.20:80 0.000086 0.001048 0.001337 200 200 0 57 "GET https://old.example.com:443/ HTTP/1.1" "curl/8.5.0" DHE-RSA-AES128-SHA TLSv1.2';

export const clb_access: Source = {
  id: 'clb_access',
  title: 'Classic Load Balancer access logs',
  version: 3,
  clock: 'The load balancer’s clock, UTC, to the microsecond: when the request was received.',
  about: [
    'A Classic Load Balancer writes a line for each HTTP request and each TCP connection, into uncompressed files. Times in seconds are stored as microseconds.',
    'Delivery is on a best-effort basis: a missing line proves nothing. Requests that were malformed, and health checks, may be missing. A line for a TCP listener has no request. A line has the 15 fields of today, or the 12 of the first form, without user agent and TLS; those behind the 15th stay in the raw text, any other count is a reject. A line of an older form than one before it in the file is kept and noted: it may have been cut.',
  ].join('\n\n'),
  references: [
    'Elastic Load Balancing, User Guide for Classic Load Balancers, "Access logs for your Classic Load Balancer", section "Access log entries"',
  ],
  columns: COLUMNS,
  common: {
    actor: 'client_ip',
    action: 'http_method',
    target: 'coalesce(url, elb)',
    src_ip: 'client_ip',
    dst_ip: 'backend_ip',
    outcome: REQUEST_OUTCOME,
  },
  indexes: [['client_ip']],
  timeline: true,
  repeatsInFile: 'distinct',
  detect: (head) => detectLines(head, 'Classic Load Balancer lines', (line) => LINE.test(line)),
  reader,
  samples: [
    {
      name: 'a request, a TCP connection, an oldest line',
      path: 'AWSLogs/111122223333/elasticloadbalancing/eu-central-1/2025/11/08/111122223333_elasticloadbalancing_eu-central-1_old-shop_20251108T0905Z_203.0.113.1_0a1b2c3d.log',
      text: [
        LINE_1,
        '2025-11-08T09:00:06Z old-shop 198.51.100.7:2818 - -1 -1 -1 - - 82 305 "- - - " "-" - -',
        LINE_1.slice(0, LINE_1.indexOf(' "curl')),
        `${LINE_1} new`,
        '',
      ].join('\n'),
      rows: [
        {
          time_us: 1_762_592_405_945_958,
          account_id: '111122223333',
          elb: 'old-shop',
          src_ip: '198.51.100.7',
          dst_ip: '10.0.1.20',
          backend_port: 80,
          request_processing_time_us: 86,
          response_processing_time_us: 1337,
          action: 'GET',
          target: 'https://old.example.com:443/',
          outcome: 'success',
          ssl_protocol: 'TLSv1.2',
        },
        {
          backend_ip: null,
          request_line: null,
          target: 'old-shop',
          outcome: null,
          user_agent: null,
        },
        { user_agent: null, http_method: 'GET' },
        { ssl_protocol: 'TLSv1.2' },
      ],
      anomalies: ['extra_fields', 'fewer_fields'],
    },
    {
      name: 'broken lines',
      path: 'x.log',
      text: [
        LINE_1,
        LINE_1.slice(0, 120),
        LINE_1.slice(0, LINE_1.indexOf(' DHE-')),
        LINE_1.replace('T09:', 'T29:'),
        LINE_1.replace('0.001048', 'slow'),
        LINE_1,
      ].join('\n'),
      rows: [{}, { backend_processing_time_us: 1048 }],
      rejects: ['bad_fields', 'bad_fields', 'bad_time', 'bad_fields'],
    },
  ],
  example: {
    question: 'Which clients moved the most bytes?',
    sql: 'SELECT client_ip, count(*) AS requests, sum(sent_bytes) AS sent, sum(received_bytes) AS received FROM clb_access GROUP BY client_ip ORDER BY sent DESC, client_ip LIMIT 20',
  },
};
