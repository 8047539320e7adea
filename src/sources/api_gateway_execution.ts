/** API Gateway execution logs: the steps that a REST or WebSocket API took for each request. */
import { logTime } from '../core/time.ts';
import { blockReader, type BlockRow, detectBlocks } from './_blocks.ts';
import { integerField, orNull } from './_lines.ts';
import type { Column, Head, RecordReader, RowOut, Source } from './source.ts';

function text(name: string, about: string): Column {
  return { name, type: 'TEXT', about };
}

const COLUMNS: readonly Column[] = [
  {
    name: 'time_us',
    type: 'INTEGER',
    unit: 'us',
    about: 'Time of the log event around the line; of a test in the console its own time.',
  },
  text('api_id', 'API in the log group; NULL where the file has another name.'),
  text('stage', 'Stage in the log group.'),
  text('request_id', 'Request: joins the lines of one, and table api_gateway_access.'),
  text(
    'step',
    'What the line tells of, up to its colon: Method request headers, Endpoint response body, ...',
  ),
  text('message', 'The whole line without its request; AWS cuts values at 1,024 bytes.'),
  text('http_method', 'Method of the request, where the line names it.'),
  text('resource_path', 'Resource of the request, where the line names it.'),
  {
    name: 'http_status',
    type: 'INTEGER',
    unit: 'status',
    about: 'Status that the method ended with.',
  },
  text(
    'endpoint_request_id',
    'Request id of the endpoint, of Lambda for example, where the line names it.',
  ),
];

/** `(0a1b2c3d-…) Starting execution for request: …` */
const LINE = /^\(([0-9a-f]{8}-[0-9a-f-]{27})\) /;
/** `Sat Nov 08 09:00:05 UTC 2025 : Starting execution for request: …`, of a test of a method. */
const TEST =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (\d\d) (\d\d:\d\d:\d\d) UTC (\d{4}) : /;
const TEST_HEAD = /^Execution log for request ([0-9a-f-]{36})$/;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function reader(head: Head): RecordReader {
  const group = /API-Gateway-Execution-Logs_([^/]+)\/([^/]+)/.exec(head.path);
  let tested: string | null = null;

  function map(record: string, out: RowOut): BlockRow | undefined {
    const opened = TEST_HEAD.exec(record)?.[1];
    if (opened !== undefined) {
      tested = opened;
      out.notARecord();
      return undefined;
    }
    const line = LINE.exec(record);
    const test = TEST.exec(record);
    const start = line?.[0] ?? test?.[0];
    if (start === undefined) {
      out.reject('bad_fields', 'the line names no request');
      return undefined;
    }
    const month = String(MONTHS.indexOf(test?.[1] ?? '') + 1).padStart(2, '0');
    const timeUs =
      test === null
        ? head.carrierUs
        : logTime(`${String(test[4])}-${month}-${String(test[2])}T${String(test[3])}Z`);
    if (timeUs === undefined) {
      const none = 'the line has no time, and nothing around it names one';
      out.reject('bad_time', test === null ? none : 'the time of the line is not a time');
      return undefined;
    }
    const message = record.slice(start.length);
    const colon = message.indexOf(': ');
    const called = /^HTTP Method: ([A-Z]+), Resource Path: (.*)$/s.exec(message);
    const status = /^Method completed with status: (\S+)/.exec(message)?.[1];
    const endpoint =
      /(?:x-amzn-RequestId|X-Amzn-RequestId|AWS Integration Endpoint RequestId ?)[=:] ?([0-9a-f-]{36})/i.exec(
        message,
      )?.[1];
    return {
      values: [
        timeUs,
        group?.[1] ?? null,
        group?.[2] ?? null,
        line?.[1] ?? tested,
        orNull(colon < 0 ? message : message.slice(0, colon)),
        message,
        called?.[1] ?? null,
        called?.[2] ?? null,
        integerField(status, 'http_status', out),
        endpoint ?? null,
      ],
      identity: `${String(timeUs)} ${record}`,
    };
  }
  return blockReader((line) => LINE.test(line) || TEST.test(line) || TEST_HEAD.test(line), map);
}

const ID = '0a1b2c3d-0001-4000-8000-00000000000c';

export const api_gateway_execution: Source = {
  id: 'api_gateway_execution',
  title: 'API Gateway execution logs',
  version: 1,
  clock:
    'API Gateway’s clock, UTC, to the millisecond: that of the log event, for the lines hold none; logs of tests name it to the second.',
  about: [
    'What API Gateway logs of a request while it runs, where the stage asks for it: method and resource, headers, body, what was sent to the endpoint and came back, the status; each step is a line of its own that names the request. API Gateway makes the log group, API-Gateway-Execution-Logs_<api>/<stage>. The log that a test of a method returns is read too.',
    'The lines hold no time: they take that of the CloudWatch log event around them, and are rejects without one. Values are cut at 1,024 bytes; authorization headers are masked unless full logging is on, bodies and keys may stand in clear text. HTTP APIs have no execution log.',
  ].join('\n\n'),
  references: [
    'Amazon API Gateway Developer Guide, "Set up CloudWatch logging for REST APIs in API Gateway"',
    'Amazon API Gateway API Reference, "TestInvokeMethod"',
  ],
  columns: COLUMNS,
  common: {
    actor: 'api_id',
    action: 'step',
    target: "api_id || '/' || stage",
    outcome:
      "CASE WHEN http_status < 400 THEN 'success' WHEN http_status >= 400 THEN 'failure' END",
  },
  indexes: [['request_id']],
  timeline: true,
  repeatsInFile: 'distinct',
  inside: true,
  detect: (head) =>
    detectBlocks(
      head,
      'lines of an API Gateway execution log',
      (line) => LINE.test(line) || TEST_HEAD.test(line),
    ),
  reader,
  samples: [
    {
      name: 'a line in a log event',
      path: 'API-Gateway-Execution-Logs_a1b2c3d4e5/prod/0a1b',
      facts: { carrierUs: 1_762_592_405_123_000 },
      text: `(${ID}) HTTP Method: GET, Resource Path: /orders\n(${ID}) Endpoint response headers: {x-amzn-RequestId=0a1b2c3d-0001-4000-8000-00000000000a}\n(${ID}) Method completed with status: 403\n`,
      rows: [
        {
          time_us: 1_762_592_405_123_000,
          target: 'a1b2c3d4e5/prod',
          request_id: ID,
          http_method: 'GET',
          resource_path: '/orders',
          action: 'HTTP Method',
        },
        { endpoint_request_id: '0a1b2c3d-0001-4000-8000-00000000000a' },
        { http_status: 403, outcome: 'failure' },
      ],
    },
    {
      name: 'the log of a test, with a body of two lines, a day that is none',
      path: 'x',
      text: [
        `Execution log for request ${ID}`,
        `Sat Nov 08 09:00:05 UTC 2025 : Starting execution for request: ${ID}`,
        'Sat Nov 08 09:00:06 UTC 2025 : Method request body before transformations: {',
        '}',
        'Sun Nov 31 09:00:06 UTC 2025 : Method completed with status: 200',
        'Sat Nov 08 09:00:07 UTC 2025 : Method completed with status: ok',
        '',
      ].join('\n'),
      rows: [
        { time_us: 1_762_592_405_000_000, request_id: ID, step: 'Starting execution for request' },
        { message: 'Method request body before transformations: {\n}' },
        { http_status: null },
      ],
      rejects: ['bad_time'],
      anomalies: ['bad_value'],
    },
    {
      name: 'lines without a time around them, and one of another kind',
      path: 'x',
      text: `no request\n(${ID}) Method completed with status: 200\n`,
      rows: [],
      rejects: ['bad_fields', 'bad_time'],
    },
  ],
  example: {
    question: 'Which requests failed, and what did they call?',
    sql: 'SELECT min(time_us) AS first_us, api_id, stage, request_id, max(http_method) AS http_method, max(resource_path) AS resource_path, max(http_status) AS http_status FROM api_gateway_execution GROUP BY api_id, stage, request_id HAVING max(http_status) >= 400 ORDER BY first_us, request_id LIMIT 20',
  },
};
