/** Access logs of Application Load Balancers: one line for each request, also the ones that reached no target. */
import { Buffer } from 'node:buffer';
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
  timeField,
} from './_elb.ts';
import { detectFields, fieldsReader, jsonNames } from './_elb_json.ts';
import { type Fields, withFields } from './_fields.ts';
import { Forms } from './_forms.ts';
import {
  addressField,
  decimalUs,
  detectLines,
  firstLines,
  integerField,
  isoTime,
  orNull,
  splitQuoted,
} from './_lines.ts';
import type { Column, Detection, Head, RecordReader, RowOut, Source, Value } from './source.ts';

const COLUMNS: readonly Column[] = [
  integer('time_us', 'us', 'time: when the load balancer answered the client.'),
  ...OWNER_COLUMNS,
  text('type', 'http, https, h2, grpcs, ws or wss.'),
  text('elb', 'Load balancer, app/name/id.'),
  text('client_ip', 'Address of the client.'),
  integer('client_port', 'port', 'Port of the client.'),
  text('target_ip', 'Address of the target; NULL where the request reached none.'),
  integer('target_port', 'port', 'Port of the target.'),
  integer(
    'request_processing_time_us',
    'us',
    'request_processing_time: until the request went to the target; NULL if it did not.',
  ),
  integer(
    'target_processing_time_us',
    'us',
    'target_processing_time: until the target began to answer; NULL if it did not.',
  ),
  integer(
    'response_processing_time_us',
    'us',
    'response_processing_time: until the answer went to the client; NULL if none came.',
  ),
  integer('elb_status_code', 'status', 'HTTP status that the load balancer sent.'),
  integer('target_status_code', 'status', 'HTTP status that the target sent.'),
  integer('received_bytes', 'bytes', 'Bytes from the client.'),
  integer('sent_bytes', 'bytes', 'Bytes to the client.'),
  text('request_line', 'Request line as sent: method, URL with host and port, HTTP version.'),
  text('http_method', 'Method in request_line.'),
  text('url', 'URL in request_line.'),
  text('user_agent', 'User-Agent, the first 8 KB.'),
  text('ssl_cipher', 'TLS cipher suite.'),
  text('ssl_protocol', 'TLS version.'),
  text('target_group_arn', 'Target group.'),
  text('trace_id', 'X-Amzn-Trace-Id; joins request_id of WAF.'),
  text('domain_name', 'Name that the client asked for in TLS (SNI).'),
  text('chosen_cert_arn', 'Certificate that was shown; session-reused for a resumed session.'),
  integer(
    'matched_rule_priority',
    'number',
    'Priority of the rule that matched; 0 default, -1 error.',
  ),
  integer('request_creation_time_us', 'us', 'request_creation_time: when the request arrived.'),
  text('actions_executed', 'Actions taken, with commas: waf, authenticate, forward, ...'),
  text('redirect_url', 'Where the request was redirected to.'),
  text('error_reason', 'Why the request failed.'),
  text('target_port_list', 'Targets that processed the request, address:port with spaces.'),
  text('target_status_code_list', 'Their HTTP statuses, with spaces.'),
  text('classification', 'Acceptable, Ambiguous or Severe: desync mitigation.'),
  text('classification_reason', 'Why the request was so classified.'),
  text('conn_trace_id', 'Joins alb_connection.'),
  text('transformed_host', 'Host after transforms.'),
  text('transformed_uri', 'URI after transforms.'),
  text('request_transform_status', 'Whether transforms succeeded.'),
  text('ip_address', 'Address of the load balancer’s node.'),
];

/**
 * Fields of the documented forms, by what was new at their end: trace id; domain name and certificate; rule, time of
 * creation and actions; redirect URL; error reason; lists of targets and statuses; classification; id of the connection;
 * transforms; address of the node.
 */
const FORMS = [18, 20, 23, 24, 25, 27, 29, 30, 33, 34];
const MOST = 34;
/** Fields before the request line. */
const LEFT = 12;

const LINE =
  /^(?:https?|h2|grpcs?|wss?) \d{4}-\d\d-\d\dT[\d:.]+Z \S+ \S+:\d+ (?:\S+:\d+|-) -?[\d.]+ /;

/** Target group, then trace id: the anchor behind what the client wrote. */
function isTail(group: string | undefined, trace: string | undefined): boolean {
  if (group === undefined || trace === undefined) return false;
  return (
    (group === '-' || group.startsWith('arn:')) &&
    (trace === '-' || trace.includes('=') || trace.startsWith('TID_'))
  );
}

const TAIL = / (\S{1,200}) (\S{1,200}) (?:-|arn:\S{1,300}) "(?:-"|Root=|Self=|TID_)/y;
/** A line longer than this is not searched for its parts. */
const MOST_SEARCHED = 65_536;

/**
 * Fields of a line. The request line and the user agent are the client’s and may hold quotes that nothing escapes: then
 * the user agent ends where ciphers, target group and trace id follow.
 */
function split(line: string): readonly string[] | undefined {
  const fields = splitQuoted(line);
  // Of too few fields the count says what is wrong.
  if (fields !== undefined && (fields.length < 18 || isTail(fields[16], fields[17]))) return fields;
  if (line.length > MOST_SEARCHED) return undefined;
  let at = 0;
  for (let field = 0; field < LEFT; field++) {
    at = line.indexOf(' ', at) + 1;
    if (at === 0) return undefined;
  }
  if (line[at] !== '"') return undefined;
  const between = line.indexOf('" "', at + 1);
  if (between < 0) return undefined;
  for (
    let quote = line.lastIndexOf('"');
    quote > between + 2;
    quote = line.lastIndexOf('"', quote - 1)
  ) {
    TAIL.lastIndex = quote + 1;
    if (!TAIL.test(line)) continue;
    const left = line.slice(0, at - 1).split(' ');
    const right = splitQuoted(line.slice(quote + 2));
    if (right === undefined) return undefined;
    return [...left, line.slice(at + 1, between), line.slice(between + 3, quote), ...right];
  }
  return undefined;
}

/** Names of the fields where CloudWatch Logs delivers them as JSON. */
const JSON_NAMES = jsonNames(
  'type time elb client_port|client:port target_port|target:port request_processing_time target_processing_time response_processing_time elb_status_code target_status_code received_bytes sent_bytes request_line|request user_agent ssl_cipher ssl_protocol target_group_arn trace_id domain_name chosen_cert_arn matched_rule_priority request_creation_time actions_executed redirect_url error_reason target_port_list|target:port_list target_status_code_list classification classification_reason conn_trace_id transformed_host transformed_uri request_transform_status ip_address',
);
const JSON_TELLING = ['elb', 'elb_status_code', 'target_status_code', 'trace_id'];

function reader(head: Head, shape: string): RecordReader {
  const owner = ownerOf(head);
  const row = (fields: readonly string[], out: RowOut): readonly Value[] | undefined => {
    const timeUs = isoTime(fields[1]);
    if (timeUs === undefined || timeUs < 0) {
      out.reject('bad_time', 'the time of the record is not a time after 1970');
      return undefined;
    }
    return map(fields, timeUs, owner, out);
  };
  if (shape === 'json') return fieldsReader(JSON_NAMES, JSON_TELLING, row);
  const given = ownerBytes(owner);
  const forms = new Forms(FORMS);
  const map_ = (fields: readonly string[], timeUs: number, out: RowOut): readonly Value[] =>
    map(fields, timeUs, owner, out);
  const lines = formReader(forms, 1, map_, split);
  return withFields(lines, COLUMNS.length, (fields, out) => take(fields, given, forms, out));
}

const NAMES = COLUMNS.map(({ name }) => name);
/** Places of values in a row. */
const AT = {
  time: 0,
  account: NAMES.indexOf('account_id'),
  region: NAMES.indexOf('region'),
  type: NAMES.indexOf('type'),
  elb: NAMES.indexOf('elb'),
  client: NAMES.indexOf('client_ip'),
  target: NAMES.indexOf('target_ip'),
  times: NAMES.indexOf('request_processing_time_us'),
  counts: NAMES.indexOf('elb_status_code'),
  request: NAMES.indexOf('request_line'),
  agent: NAMES.indexOf('user_agent'),
  priority: NAMES.indexOf('matched_rule_priority'),
  created: NAMES.indexOf('request_creation_time_us'),
  actions: NAMES.indexOf('actions_executed'),
};
const ARN = Buffer.from('arn:');
const TRACES = ['Root=', 'Self=', 'TID_'].map((text) => Buffer.from(text));

/** The quick way: puts the fields of a usual line into the row. */
function take(
  fields: Fields,
  given: ReturnType<typeof ownerBytes>,
  forms: Forms,
  out: RowOut,
): boolean {
  const { count, row } = fields;
  if (!forms.usual(count)) return false;
  // Where the client's texts end is sure only if what follows them is in its place.
  if (!(fields.isDash(16) || fields.begins(16, ARN))) return false;
  if (!(fields.isDash(17) || TRACES.some((text) => fields.begins(17, text)))) return false;
  if (!fields.isoTime(1, AT.time)) return false;
  if (given.account !== undefined) row.setConstant(AT.account, given.account);
  if (given.region !== undefined) row.setConstant(AT.region, given.region);
  fields.text(0, AT.type);
  fields.text(2, AT.elb);
  if (!fields.endpoint(3, AT.client, AT.client + 1)) return false;
  if (!fields.endpoint(4, AT.target, AT.target + 1)) return false;
  for (let index = 0; index < 3; index++) {
    if (!fields.microseconds(5 + index, AT.times + index)) return false;
  }
  for (let index = 0; index < 4; index++) {
    if (!fields.integer(8 + index, AT.counts + index)) return false;
  }
  if (!takeRequest(fields, 12, AT.request)) return false;
  fields.texts(13, 20, AT.agent);
  if (count > 20 && !fields.integer(20, AT.priority)) return false;
  if (count > 21 && !fields.isDash(21) && !fields.isoTime(21, AT.created)) return false;
  fields.texts(22, MOST, AT.actions);
  forms.seen(count, out);
  return true;
}
function map(
  fields: readonly string[],
  timeUs: number,
  owner: ReturnType<typeof ownerOf>,
  out: RowOut,
): readonly Value[] {
  const client = addressField(fields[3], 'client:port', out);
  const target = addressField(fields[4], 'target:port', out);
  const request = requestLine(fields[12]);
  const createdUs = timeField(fields[21], 'request_creation_time', out);
  const values: Value[] = [
    timeUs,
    owner.account,
    owner.region,
    orNull(fields[0]),
    orNull(fields[2]),
    client.address,
    client.port,
    target.address,
    target.port,
    decimalUs(fields[5], 'request_processing_time', out),
    decimalUs(fields[6], 'target_processing_time', out),
    decimalUs(fields[7], 'response_processing_time', out),
    integerField(fields[8], 'elb_status_code', out),
    integerField(fields[9], 'target_status_code', out),
    integerField(fields[10], 'received_bytes', out),
    integerField(fields[11], 'sent_bytes', out),
    orNull(fields[12]),
    request.method,
    request.url,
    orNull(fields[13]),
    orNull(fields[14]),
    orNull(fields[15]),
    orNull(fields[16]),
    orNull(fields[17]),
    orNull(fields[18]),
    orNull(fields[19]),
    integerField(fields[20], 'matched_rule_priority', out),
    createdUs,
  ];
  for (let index = 22; index < MOST; index++) values.push(orNull(fields[index]));
  return values;
}

function detect(head: Head): Detection | undefined {
  const claim = detectLines(head, 'ALB access log lines', (line) => LINE.test(line));
  if (claim !== undefined) return claim;
  const json = detectFields(head, 'ALB access log records', JSON_TELLING);
  if (json !== undefined) return json;
  return firstLines(head)[0]?.startsWith('Enable AccessLog for ELB') === true
    ? {
        confidence: 0,
        reason: 'the test file that Elastic Load Balancing writes when logging is turned on',
        shape: 'test-file',
      }
    : undefined;
}

const GROUP =
  'arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/shop/73e2d6bc24d8a067';
const LINE_1 = `https 2025-11-08T09:00:05.186641Z app/shop/50dc6c495c0c9188 198.51.100.7:51514 10.0.1.20:8080 0.086 0.048 0.037 200 200 0 57 "GET https://shop.example.com:443/item?id=1%20OR%201=1 HTTP/1.1" "curl/8.5.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 ${GROUP} "Root=1-690f0a55-0123456789abcdef01234567" "shop.example.com" "arn:aws:acm:eu-central-1:111122223333:certificate/12345678-1234-1234-1234-123456789012" 1 2025-11-08T09:00:05.100000Z "waf,forward" "-" "-" "10.0.1.20:8080" "200" "-" "-" TID_1234abcd5678ef90`;

const JSON_RECORD = {
  type: 'https',
  time: '2025-11-08T09:00:05.186641Z',
  elb: 'app/shop/50dc6c495c0c9188',
  client_port: '198.51.100.7:51514',
  target_port: '10.0.1.20:8080',
  request_processing_time: 0.086,
  target_processing_time: '0.048',
  response_processing_time: 0.037,
  elb_status_code: 200,
  target_status_code: '200',
  received_bytes: 0,
  sent_bytes: 57,
  request_line: 'GET https://shop.example.com:443/ HTTP/1.1',
  user_agent: 'curl/8.5.0',
  trace_id: 'Root=1-690f0a55-0123456789abcdef01234567',
  redirect_url: null,
  ip_address: '203.0.113.1',
};

export const alb_access: Source = {
  id: 'alb_access',
  title: 'Application Load Balancer access logs',
  version: 3,
  clock: 'The load balancer’s clock, UTC, to the microsecond: when the response was sent.',
  about: [
    'An Application Load Balancer writes a line for each request, every five minutes a gzipped file for each of its nodes. Lines have grown: one has the 18, 20, 23, 24, 25, 27, 29, 30, 33 or 34 fields of a documented form. Fields that an older form lacks are NULL, those behind the 34th stay in the raw text, any other count is a reject. A line of an older form than one before it in the file is kept and noted: it may have been cut. Times in seconds are stored as microseconds.',
    'Delivery is on a best-effort basis. Requests to targets that the load balancer makes for itself (health checks) are not logged. Client, request line and user agent are what the client sent; a proxy in front shows as the client. Delivered through CloudWatch Logs the fields are members of JSON, which is read too.',
  ].join('\n\n'),
  references: [
    'Elastic Load Balancing, User Guide for Application Load Balancers, "Access logs for your Application Load Balancer", section "Access log entries"',
    'Elastic Load Balancing, User Guide for Application Load Balancers, "Access log files"',
  ],
  columns: COLUMNS,
  common: {
    actor: 'client_ip',
    action: 'http_method',
    target: 'url',
    src_ip: 'client_ip',
    dst_ip: 'target_ip',
    outcome: REQUEST_OUTCOME,
  },
  indexes: [['client_ip'], ['trace_id']],
  timeline: true,
  repeatsInFile: 'distinct',
  detect,
  reader,
  samples: [
    {
      name: 'a request, one over IPv6 that reached no target, the oldest form, one with fields from the future',
      path: 'AWSLogs/111122223333/elasticloadbalancing/eu-central-1/2025/11/08/111122223333_elasticloadbalancing_eu-central-1_app.shop.50dc6c495c0c9188_20251108T0905Z_203.0.113.1_0a1b2c3d.log.gz',
      text: [
        LINE_1,
        `h2 2025-11-08T09:00:06Z app/shop/50dc6c495c0c9188 [2001:db8::7]:40000 - -1 -1 -1 403 - 34 366 "GET https://shop.example.com:443/.env HTTP/2.0" "-" - - - "Root=1-690f0a56-0123456789abcdef01234568" "-" "-" 0 2025-11-08T09:00:06.000000Z "waf" "-" "WAFRuleError" "-" "-" "Severe" "BadContentLength"`,
        LINE_1.slice(0, LINE_1.indexOf(' "shop.example.com" "arn')),
        `${LINE_1} "-" "-" "-" 203.0.113.1 new "newer one"`,
        '',
      ].join('\n'),
      rows: [
        {
          time_us: 1_762_592_405_186_641,
          account_id: '111122223333',
          region: 'eu-central-1',
          type: 'https',
          client_ip: '198.51.100.7',
          client_port: 51_514,
          dst_ip: '10.0.1.20',
          target_port: 8080,
          request_processing_time_us: 86_000,
          elb_status_code: 200,
          action: 'GET',
          target: 'https://shop.example.com:443/item?id=1%20OR%201=1',
          user_agent: 'curl/8.5.0',
          trace_id: 'Root=1-690f0a55-0123456789abcdef01234567',
          request_creation_time_us: 1_762_592_405_100_000,
          actions_executed: 'waf,forward',
          conn_trace_id: 'TID_1234abcd5678ef90',
          outcome: 'success',
        },
        {
          client_ip: '2001:db8::7',
          target_ip: null,
          request_processing_time_us: null,
          user_agent: null,
          classification: 'Severe',
          outcome: 'failure',
        },
        { domain_name: null, request_creation_time_us: null, conn_trace_id: null },
        { ip_address: '203.0.113.1', transformed_host: null },
      ],
      anomalies: ['extra_fields', 'fewer_fields'],
    },
    {
      name: 'quotes inside quotes: escaped, and as the client sent them; a malformed request',
      path: 'x.log',
      text: [
        LINE_1.replace('curl/8.5.0', 'a \\"b\\" c'),
        LINE_1.replace('curl/8.5.0', 'a "b" c'),
        LINE_1.replace(/"GET .* HTTP\/1.1"/, '"- http://203.0.113.1:80- -"'),
      ].join('\n'),
      rows: [
        { user_agent: 'a \\"b\\" c', account_id: null, elb_status_code: 200 },
        { user_agent: 'a "b" c', trace_id: 'Root=1-690f0a55-0123456789abcdef01234567' },
        { http_method: null, url: 'http://203.0.113.1:80-' },
      ],
    },
    {
      name: 'as JSON: a request, one without a time, something else, a status that is none, a cut record',
      path: 'x',
      text: [
        JSON_RECORD,
        { ...JSON_RECORD, time: 'x' },
        { type: 'https' },
        { ...JSON_RECORD, elb_status_code: 'ok', target_port: ['x'] },
        JSON_RECORD,
      ]
        .map((one) => JSON.stringify(one))
        .join('\n')
        .slice(0, -20),
      rows: [
        {
          time_us: 1_762_592_405_186_641,
          client_ip: '198.51.100.7',
          client_port: 51_514,
          target_ip: '10.0.1.20',
          request_processing_time_us: 86_000,
          elb_status_code: 200,
          url: 'https://shop.example.com:443/',
          redirect_url: null,
          ip_address: '203.0.113.1',
        },
        { elb_status_code: null, target_ip: null },
      ],
      rejects: ['bad_time', 'not_this_source', 'truncated'],
      anomalies: ['bad_value'],
    },
    {
      name: 'broken lines',
      path: 'x.log',
      text: [
        LINE_1,
        LINE_1.slice(0, 150),
        LINE_1.slice(0, LINE_1.indexOf(' "-" TID_')),
        LINE_1.replace('11-08T', '13-08T'),
        LINE_1.replace(':51514', ':70000'),
        LINE_1.replace('200 200', 'ok 200'),
        LINE_1.replace('198.51.100.7', '[fe80::1%eth0]'),
        LINE_1.replace('2025-11-08T', '1969-12-31T'),
        LINE_1,
      ].join('\n'),
      rows: [{ client_port: 51_514 }, {}],
      rejects: [
        'bad_fields',
        'bad_fields',
        'bad_time',
        'bad_fields',
        'bad_fields',
        'bad_fields',
        'bad_time',
      ],
    },
  ],
  example: {
    question: 'Which clients got the most errors, and how many pages did they try?',
    sql: 'SELECT client_ip, count(*) AS requests, count(DISTINCT url) AS urls, min(time_us) AS first_us FROM alb_access WHERE elb_status_code >= 400 GROUP BY client_ip ORDER BY requests DESC, client_ip LIMIT 20',
  },
};
