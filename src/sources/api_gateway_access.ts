/** API Gateway access logs: one record a request, in whichever of the documented forms the stage was set to. */
import { isObject, type JsonObject, type JsonValue, sortedJson } from '../core/json.ts';
import { logTime } from '../core/time.ts';
import { blockReader, type BlockRow, detectBlocks } from './_blocks.ts';
import {
  address,
  anyTime,
  columnsOf,
  derived,
  detectJson,
  integerOf,
  type JsonField,
  type JsonFormat,
  jsonReader,
  textOf,
} from './_json.ts';
import { decoded, elementsOf } from './_xml.ts';
import type { Detection, Head, RecordReader, RowOut, Source } from './source.ts';

/**
 * Names under which formats keep a context variable, in small letters without anything else: of the examples in the
 * guide, and the variable's own name. Whoever sets up a stage chooses the names.
 */
const NAMES = {
  request_id: ['requestid', 'contextrequestid', 'apirequestid'],
  extended_request_id: ['extendedrequestid'],
  account_id: ['accountid', 'owneraccountid'],
  api_id: ['apiid'],
  stage: ['stage'],
  domain_name: ['domainname', 'host'],
  source_ip: ['ip', 'sourceip', 'identitysourceip', 'clientip', 'remoteip'],
  caller: ['caller', 'identitycaller'],
  user_identity: ['user', 'identityuser', 'identityuserarn', 'userarn'],
  principal_id: ['principalid', 'authorizerprincipalid'],
  user_agent: ['useragent', 'identityuseragent'],
  request_time: ['requesttime', 'time', 'timestamp'],
  request_time_epoch: ['requesttimeepoch', 'timeepoch', 'epoch'],
  http_method: ['httpmethod', 'method'],
  resource_path: ['resourcepath', 'routekey', 'resource'],
  request_path: ['path', 'requestpath', 'uri'],
  request_protocol: ['protocol'],
  http_status: ['status', 'statuscode', 'httpstatus'],
  response_bytes: ['responselength', 'bytes', 'responsebytes'],
  response_latency_ms: ['responselatency', 'latency'],
  integration_status: ['integrationstatus', 'integrationstatuscode'],
  integration_latency_ms: ['integrationlatency'],
  integration_error: ['integrationerror', 'integrationerrormessage'],
  error_message: ['errormessage', 'errormessagestring', 'error'],
  error_response_type: ['errorresponsetype', 'responsetype'],
  authorizer_error: ['authorizererror', 'authorizeerror'],
  waf_response: ['wafresponsecode', 'wafstatus', 'wafresponse'],
  webacl_arn: ['webaclarn'],
  trace_id: ['xraytraceid', 'traceid'],
  connection_id: ['connectionid'],
  event_type: ['eventtype'],
} as const;

type Name = keyof typeof NAMES;

/** `$context.identity.sourceIp`, `source_ip` and `sourceIp` are one name. */
function plainName(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

/** The value of a variable; a dash, which stands for none, is none. Members of members count by their whole name. */
function find(record: JsonObject, name: Name): JsonValue | undefined {
  const names: readonly string[] = NAMES[name];
  for (const [key, value] of Object.entries(record)) {
    if (isObject(value)) {
      for (const [inner, deep] of Object.entries(value)) {
        if (deep !== '-' && names.includes(plainName(key + inner))) return deep;
      }
    } else if (value !== '-' && value !== '' && names.includes(plainName(key))) {
      return value;
    }
  }
  return undefined;
}

function text(name: Name, about: string): JsonField {
  return derived(name, about, (record, out) => textOf(find(record, name), name, out));
}

function integer(name: Name, unit: string, about: string): JsonField {
  return {
    column: { name, type: 'INTEGER', unit, about },
    value: (record, out) => integerOf(find(record, name), name, out),
  };
}

const OWNER = text(
  'account_id',
  'accountId: owner of the API, where the format names it, else of the log group.',
);

const FIELDS: readonly JsonField[] = [
  OWNER,
  text('api_id', 'apiId.'),
  text('stage', 'stage.'),
  text('domain_name', 'domainName: host that was called.'),
  text('request_id', 'requestId.'),
  text('extended_request_id', 'extendedRequestId.'),
  address(text('source_ip', 'identity.sourceIp: address of the client.')),
  text('caller', 'identity.caller: principal that signed the request.'),
  text('user_identity', 'identity.user or identity.userArn.'),
  text('principal_id', 'authorizer.principalId.'),
  text('user_agent', 'identity.userAgent.'),
  text('http_method', 'httpMethod.'),
  text('resource_path', 'resourcePath, or routeKey of HTTP and WebSocket APIs.'),
  text('request_path', 'path: as it was called, with the stage.'),
  text('request_protocol', 'protocol.'),
  integer('http_status', 'status', 'status that was sent to the client.'),
  integer('response_bytes', 'bytes', 'responseLength.'),
  integer('response_latency_ms', 'ms', 'responseLatency.'),
  integer('integration_status', 'status', 'integration.status: of what stands behind the API.'),
  integer('integration_latency_ms', 'ms', 'integrationLatency.'),
  text('integration_error', 'integration.error.'),
  text('error_message', 'error.message.'),
  text('error_response_type', 'error.responseType: kind of the gateway response.'),
  text('authorizer_error', 'authorizer.error.'),
  text('waf_response', 'wafResponseCode: WAF_ALLOW or WAF_BLOCK.'),
  text('webacl_arn', 'webaclArn: joins table waf.'),
  text('trace_id', 'xrayTraceId.'),
  text('connection_id', 'connectionId of a WebSocket API.'),
  text('event_type', 'eventType of a WebSocket API: CONNECT, MESSAGE, DISCONNECT.'),
  derived(
    'members',
    'All members of the record as JSON, also those that the columns do not know.',
    (record) => sortedJson(record),
  ),
];

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const CLF_TIME = /^(\d\d)\/([A-Z][a-z]{2})\/(\d{4}):(\d\d:\d\d:\d\d) ([+-]\d{4})$/;

/** `08/Nov/2025:09:00:05 +0000` */
function clfTime(stamp: string): number | undefined {
  const [, day = '', name = '', year = '', clock = '', zone = ''] = CLF_TIME.exec(stamp) ?? [];
  const month = MONTHS.indexOf(name) + 1;
  if (month === 0) return undefined;
  return logTime(`${year}-${String(month).padStart(2, '0')}-${day}T${clock}${zone}`);
}

/** The request’s time: milliseconds where they are there, else by the second. */
function timeOf(record: JsonObject): number | undefined {
  const epoch = find(record, 'request_time_epoch');
  if (epoch !== undefined) return anyTime(epoch, 'ms');
  const stamp = find(record, 'request_time');
  return (typeof stamp === 'string' ? clfTime(stamp) : undefined) ?? anyTime(stamp);
}

/**
 * True for a record that only an API Gateway access log is likely to be: the guide's variables, not any log of HTTP.
 * @param dated something around the record has a time, so it needs none itself.
 */
function isAccess(record: JsonObject, dated: boolean): boolean {
  const keys = new Set(Object.keys(record).map(plainName));
  const has = (...names: readonly string[]): boolean => names.some((name) => keys.has(name));
  return (
    has('requestid', 'extendedrequestid') &&
    (dated || has('requesttime', 'requesttimeepoch')) &&
    has(...NAMES.http_status) &&
    has('httpmethod', 'routekey', 'resourcepath', 'eventtype') &&
    (has(...NAMES.source_ip) || 'identity' in record)
  );
}

/** Time and account are those of the log event around a record whose format leaves them out. */
function formatOf({
  carrierUs,
  carrierAccount,
}: Pick<Head, 'carrierUs' | 'carrierAccount'>): JsonFormat {
  return {
    what: 'API Gateway access log records',
    marks: ['"requestTime', '"request_time', '"RequestTime', '"requestId"', '"request_id"'],
    wrappers: [],
    is: (record) => isAccess(record, carrierUs !== undefined),
    keys: [['requestId', 'ip', 'requestTime']],
    time: (record) => {
      const own =
        find(record, 'request_time_epoch') ?? find(record, 'request_time') ?? carrierUs ?? null;
      return own === carrierUs ? carrierUs : timeOf(record);
    },
    timeName: 'requestTime',
    identity: (record) => sortedJson(record),
    fields: FIELDS.map((field) =>
      field === OWNER
        ? {
            ...field,
            value: (record, out) => field.value(record, out) ?? carrierAccount ?? null,
          }
        : field,
    ),
  };
}

/** Common log format: address, caller, user, time in brackets, request in quotes, status, length, request ids. */
const CLF =
  /^(\S+) (\S+) (\S+) \[([^\]]+)\] ?"([^"]*)" (\S+) (\S+) ([0-9A-Za-z_=+/-]{12,40})(?: (\S+))?$/;
const CLF_START = /^\S+ \S+ \S+ \[\d\d\/[A-Z][a-z]{2}\/\d{4}:/;

function fromClf(line: string): JsonObject | undefined {
  const match = CLF.exec(line);
  if (match === null) return undefined;
  const [, ip = '', caller = '', user = '', time = '', request = ''] = match;
  const [, , , , , , status = '', length = '', id = '', extended = '-'] = match;
  const first = request.indexOf(' ');
  const last = request.lastIndexOf(' ');
  return {
    ip,
    caller,
    user,
    requestTime: time,
    httpMethod: request.slice(0, Math.max(0, first)),
    resourcePath: request.slice(first + 1, Math.max(first + 1, last)),
    protocol: last > first ? request.slice(last + 1) : '-',
    status,
    responseLength: length,
    requestId: id,
    extendedRequestId: extended,
  };
}

const CSV_NAMES = [
  ...['ip', 'caller', 'user', 'requestTime', 'httpMethod', 'resourcePath', 'protocol', 'status'],
  ...['responseLength', 'requestId', 'extendedRequestId'],
];
const CSV_START = /^[^,\s]*,[^,]*,[^,]*,\d\d\/[A-Z][a-z]{2}\/\d{4}:[^,]*,[A-Z]+,/;

function fromCsv(line: string): JsonObject | undefined {
  const fields = line.split(',').map((field) => field.trim());
  if (fields.length < CSV_NAMES.length - 1 || fields.length > CSV_NAMES.length) return undefined;
  return Object.fromEntries(CSV_NAMES.map((name, at) => [name, fields[at] ?? '-']));
}

const XML_START = /^<request id="[^"<]*">/;

/** Elements without elements in them, as the guide’s example has them. */
function fromXml(record: string): JsonObject | undefined {
  const start = XML_START.exec(record)?.[0];
  if (start === undefined || !record.endsWith('</request>')) return undefined;
  const elements = elementsOf(record.slice(start.length, -'</request>'.length));
  if (elements === undefined) return undefined;
  const members = elements.map(({ name, inside }): [string, string] => [
    name,
    decoded(inside.trim()),
  ]);
  return { requestId: decoded(start.slice(13, -2)), ...Object.fromEntries(members) };
}

function begins(line: string): boolean {
  return XML_START.test(line) || CLF_START.test(line) || CSV_START.test(line);
}

function textReader(head: Head): RecordReader {
  const format = formatOf(head);
  // Only XML runs over lines.
  let inXml = false;
  return blockReader(
    (line) => {
      const starts = begins(line) || !inXml;
      if (starts) inXml = XML_START.test(line);
      if (line.includes('</request>')) inXml = false;
      return starts;
    },
    (text_: string, out: RowOut): BlockRow | undefined => {
      const record = text_.startsWith('<')
        ? fromXml(text_)
        : CLF_START.test(text_)
          ? fromClf(text_)
          : fromCsv(text_);
      if (record === undefined) {
        out.reject('bad_fields', 'the record has none of the documented forms');
        return undefined;
      }
      const timeUs = format.time(record);
      if (timeUs === undefined) {
        out.reject('bad_time', 'requestTime is missing or not a time');
        return undefined;
      }
      const values = [timeUs, ...format.fields.map((field) => field.value(record, out))];
      return { values, identity: text_ };
    },
  );
}

/** A line of a form that other servers do not write: their common log format has no request id. */
function isOwn(line: string): boolean {
  return (
    XML_START.test(line) || CLF.test(line) || (CSV_START.test(line) && fromCsv(line) !== undefined)
  );
}

function detect(head: Head): Detection | undefined {
  const format = formatOf(head);
  return detectJson(head, format) ?? detectBlocks(head, 'API Gateway access log records', isOwn);
}

const ID = '0a1b2c3d-0001-4000-8000-00000000000b';
const AT = '08/Nov/2025:09:00:05 +0000';
const RECORD = {
  requestId: ID,
  extendedRequestId: 'JKJaXmPLvHcESHA=',
  ip: '198.51.100.7',
  caller: '-',
  user: '-',
  requestTime: AT,
  httpMethod: 'GET',
  resourcePath: '/orders/{id}',
  status: '403',
  protocol: 'HTTP/1.1',
  responseLength: '36',
};
const CLF_LINE = `198.51.100.7 - ann [${AT}]"GET /orders/{id} HTTP/1.1" 200 1043 ${ID} JKJaXmPLvHcESHA=`;
const CSV_LINE = `198.51.100.7,-,-,${AT},GET,/orders/{id},HTTP/1.1,200,1043,${ID},JKJaXmPLvHcESHA=`;
const XML = `<request id="${ID}"> <extendedRequestId>JKJaXmPLvHcESHA=</extendedRequestId> <ip>198.51.100.7</ip> <caller>-</caller> <user>-</user> <requestTime>${AT}</requestTime> <httpMethod>GET</httpMethod> <resourcePath>/a&amp;b</resourcePath> <status>200</status> <protocol>HTTP/1.1</protocol> <responseLength>1043</responseLength> </request>`;

export const api_gateway_access: Source = {
  id: 'api_gateway_access',
  title: 'API Gateway access logs',
  version: 2,
  clock:
    'API Gateway’s clock with the zone in the record, to the millisecond or second as the format has it; a format without a time takes that of the log event.',
  about: [
    'Access logs of REST, HTTP and WebSocket APIs of Amazon API Gateway: who called which resource from where, and with what result. Whoever sets up a stage writes the format. Read are the four forms of the guide (JSON, common log format, CSV, XML) and JSON of any own format that keeps the guide’s names for request id, time, method or route, status and address, however they are spelled (sourceIp, source_ip, identity.sourceIp); members has the whole record.',
    'The common log format is told from that of other servers by the request id at its end; CSV and XML only in the guide’s order and names. Own formats beyond that stay in table cloudwatch_logs. A format without a time takes that of the CloudWatch log event around it. source_ip is the peer of the connection: behind CloudFront or a proxy that is not the client.',
  ].join('\n\n'),
  references: [
    'Amazon API Gateway Developer Guide, "Set up CloudWatch logging for REST APIs in API Gateway", section "CloudWatch log formats for API Gateway"',
    'Amazon API Gateway Developer Guide, "Configure logging for HTTP APIs in API Gateway", "Customize HTTP API access logs"',
    'Amazon API Gateway Developer Guide, "Variables for access logging for API Gateway"',
  ],
  columns: columnsOf('requestTimeEpoch, else requestTime: by the second.', FIELDS),
  common: {
    actor: 'coalesce(user_identity, caller, principal_id)',
    action: 'coalesce(http_method, event_type)',
    target: "coalesce(domain_name, api_id, '') || coalesce(request_path, resource_path, '')",
    src_ip: 'source_ip',
    outcome:
      "CASE WHEN http_status < 400 THEN 'success' WHEN http_status >= 400 THEN 'failure' END",
  },
  indexes: [['source_ip'], ['request_id']],
  timeline: true,
  repeatsInFile: 'distinct',
  inside: true,
  detect,
  reader: (head, shape) => (shape === 'text' ? textReader(head) : jsonReader(head, formatOf(head))),
  samples: [
    {
      name: 'JSON of the guide, and of an own format',
      path: 'x',
      text: [
        RECORD,
        {
          request_id: ID,
          requestTimeEpoch: '1762592405123',
          identity: { sourceIp: '2001:db8::7', userAgent: 'curl/8.5.0' },
          routeKey: 'GET /orders',
          status: 200,
          'integration.status': '200',
          responseLatency: 12,
          apiId: 'a1b2c3d4e5',
          own: { x: 1 },
        },
      ]
        .map((one) => JSON.stringify(one))
        .join('\n'),
      rows: [
        {
          time_us: 1_762_592_405_000_000,
          src_ip: '198.51.100.7',
          action: 'GET',
          target: '/orders/{id}',
          actor: null,
          outcome: 'failure',
          http_status: 403,
          response_bytes: 36,
        },
        {
          time_us: 1_762_592_405_123_000,
          source_ip: '2001:db8::7',
          user_agent: 'curl/8.5.0',
          resource_path: 'GET /orders',
          integration_status: 200,
          response_latency_ms: 12,
          outcome: 'success',
        },
      ],
    },
    {
      name: 'common log format',
      path: 'x',
      facts: { carrierAccount: '111122223333' },
      text: `${CLF_LINE}\n${CLF_LINE.replace('"GET /orders/{id} HTTP', ' "GET GET /orders HTTP').replace(' JKJaXmPLvHcESHA=', '')}\n`,
      rows: [
        {
          account_id: '111122223333',
          time_us: 1_762_592_405_000_000,
          actor: 'ann',
          http_method: 'GET',
          resource_path: '/orders/{id}',
          request_protocol: 'HTTP/1.1',
          request_id: ID,
          extended_request_id: 'JKJaXmPLvHcESHA=',
        },
        { resource_path: 'GET /orders', extended_request_id: null },
      ],
    },
    {
      name: 'CSV',
      path: 'x',
      text: `${CSV_LINE}\n`,
      rows: [{ http_status: 200, response_bytes: 1043, request_id: ID }],
    },
    {
      name: 'XML, on one line and on several',
      path: 'x',
      text: `${XML}\n${XML.replaceAll('> <', '>\n  <')}\n`,
      rows: [
        { resource_path: '/a&b', request_id: ID, http_status: 200 },
        { resource_path: '/a&b', request_id: ID, source_ip: '198.51.100.7' },
      ],
    },
    {
      name: 'no time, something else, a status that is none, a cut record',
      path: 'x',
      text: [
        JSON.stringify(RECORD),
        JSON.stringify({ ...RECORD, requestTime: '31/Nov/2025:09:00:05 +0000' }),
        '{"requestId":"x"}',
        JSON.stringify({ ...RECORD, status: 'ok' }),
        JSON.stringify(RECORD).slice(0, 60),
      ].join('\n'),
      rows: [{}, { http_status: null }],
      rejects: ['bad_time', 'not_this_source', 'truncated'],
      anomalies: ['bad_value'],
    },
    {
      name: 'broken lines',
      path: 'x',
      text: [
        CLF_LINE,
        CLF_LINE.replace('08/Nov', '31/Nov'),
        CLF_LINE.replace(ID, 'x'),
        XML.replace('</ip>', '</up>'),
        CSV_LINE.slice(0, 60),
        '',
      ].join('\n'),
      rows: [{}],
      rejects: ['bad_time', 'bad_fields', 'bad_fields', 'bad_fields'],
    },
  ],
  example: {
    question: 'Which addresses were refused, and by what?',
    sql: 'SELECT source_ip, http_status, error_response_type, count(*) AS requests FROM api_gateway_access WHERE http_status IN (401, 403, 429) GROUP BY source_ip, http_status, error_response_type ORDER BY requests DESC, source_ip, http_status, error_response_type LIMIT 20',
  },
};
