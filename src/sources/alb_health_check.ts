/** Health check logs of Application Load Balancers: one line for each check of a target. */
import { integer, OWNER_COLUMNS, ownerOf, text } from './_elb.ts';
import { detectFields, fieldsReader, jsonNames } from './_elb_json.ts';
import { Forms } from './_forms.ts';
import {
  addressField,
  decimalUs,
  detectLines,
  integerField,
  isoTime,
  lineReader,
  orNull,
  splitQuoted,
} from './_lines.ts';
import type { Column, Head, RecordReader, RowOut, Source, Value } from './source.ts';

const COLUMNS: readonly Column[] = [
  integer('time_us', 'us', 'time: when the check began, or ended by a failure.'),
  ...OWNER_COLUMNS,
  text('type', 'How the target was asked: http, https, h2, grpc, lambda.'),
  integer('latency_us', 'us', 'latency: how long the check took; NULL for -.'),
  text('target_ip', 'Address of the target; NULL for a function.'),
  integer('target_port', 'port', 'Port of the target.'),
  text('target_addr', 'target_addr as it is written: address and port, or the ARN of a function.'),
  text('target_group', 'target_group_id: name of the target group.'),
  text('check_status', 'status: PASS or FAIL.'),
  integer('target_status_code', 'status', 'Code that the target answered; NULL without an answer.'),
  text(
    'reason_code',
    'Why the check failed: RequestTimedOut, ConnectionRefused, ResponseCodeMismatch, TargetError, ...; NULL if it did not.',
  ),
  text('elb', 'Load balancer, app/name/id; NULL in files of S3.'),
  text('ip_address', 'Address of the load balancer’s node; NULL in files of S3.'),
];

/** The first form ended with the reason; then came load balancer and node. */
const FORMS = [8, 10];
const LINE = /^[a-z0-9]+ \d{4}-\d\d-\d\dT[\d:.]+Z (?:-|\d+(?:\.\d+)?) \S+ \S+ (?:PASS|FAIL) /;

/** Names of the fields where CloudWatch Logs delivers them as JSON. */
const JSON_NAMES = jsonNames(
  'type time|timestamp latency target_addr target_group_id status status_code reason_code elb ip_address',
);
const JSON_TELLING = ['target_addr', 'target_group_id', 'reason_code'];

/** An address with a port, or something else that is asked. */
function isEndpoint(target: string): boolean {
  return target.includes(':') && !target.startsWith('arn:');
}

function reader(head: Head, shape: string): RecordReader {
  const owner = ownerOf(head);
  const row = (fields: readonly string[], out: RowOut): readonly Value[] | undefined => {
    const timeUs = isoTime(fields[1]);
    if (timeUs === undefined) {
      out.reject('bad_time', 'the time of the record is not a time');
      return undefined;
    }
    const target = fields[3] ?? '-';
    const endpoint = isEndpoint(target)
      ? addressField(target, 'target_addr', out)
      : { address: null, port: null };
    return [
      timeUs,
      owner.account,
      owner.region,
      orNull(fields[0]),
      decimalUs(fields[2], 'latency', out),
      endpoint.address,
      endpoint.port,
      orNull(target),
      orNull(fields[4]),
      orNull(fields[5]),
      integerField(fields[6], 'status_code', out),
      orNull(fields[7]),
      orNull(fields[8]),
      orNull(fields[9]),
    ];
  };
  if (shape === 'json') return fieldsReader(JSON_NAMES, JSON_TELLING, row);
  const forms = new Forms(FORMS);
  return lineReader((line, out) => {
    const fields = splitQuoted(line);
    if (fields === undefined) {
      out.reject('bad_fields', 'a quote of the line stays open');
      return undefined;
    }
    if (!forms.allow(fields.length, out)) return undefined;
    const values = row(fields, out);
    if (values !== undefined) forms.seen(fields.length, out);
    return values;
  });
}

const PASSED = 'http 2025-11-08T09:00:05.875678Z 0.019584011 10.0.1.20:80 shop PASS 200 -';
const FAILED =
  'http 2025-11-08T09:00:06.901409Z 1.121980746 [2001:db8::9]:80 shop FAIL 502 TargetError';

export const alb_health_check: Source = {
  id: 'alb_health_check',
  title: 'Application Load Balancer health check logs',
  version: 2,
  clock: 'The load balancer’s clock, UTC, to the microsecond: when the target was asked.',
  about: [
    'An Application Load Balancer with health check logs (since November 2025) writes a line for each check of a target: how long it took, what the target answered, and why it failed. It shows when a machine was taken down, isolated or came back, also where its own logs are gone.',
    'Each node of the load balancer asks by itself, so one target has several lines at about the same time. Delivery is on a best-effort basis: a missing line proves nothing. Account and region come from the key of the file. A line has the 8 or 10 fields of a documented form; those behind the 10th stay in the raw text, any other count is a reject. Delivered through CloudWatch Logs the fields are members of JSON, which is read too.',
  ].join('\n\n'),
  references: [
    'Elastic Load Balancing, User Guide for Application Load Balancers, "Health check logs", section "Health check log entries"',
  ],
  columns: COLUMNS,
  common: {
    action: "'health check'",
    target: 'target_addr',
    dst_ip: 'target_ip',
    outcome: "CASE check_status WHEN 'PASS' THEN 'success' WHEN 'FAIL' THEN 'failure' END",
  },
  indexes: [['target_ip']],
  timeline: true,
  repeatsInFile: 'distinct',
  detect: (head) =>
    detectLines(head, 'ALB health check log lines', (line) => LINE.test(line)) ??
    detectFields(head, 'ALB health check log records', JSON_TELLING),
  reader,
  samples: [
    {
      name: 'a check that passed, one over IPv6 that failed, one of a function, one with fields from the future',
      path: 'AWSLogs/111122223333/elasticloadbalancing/eu-central-1/2025/11/08/health_check_log_111122223333_elasticloadbalancing_eu-central-1_app.shop.50dc6c495c0c9188_20251108T0905Z_203.0.113.1_0a1b2c3d.log.gz',
      text: `${PASSED}\n${FAILED}\nlambda 2025-11-08T09:00:07Z - arn:aws:lambda:eu-central-1:111122223333:function:shop:7 fns FAIL - RequestTimedOut\n${PASSED} app/shop/50dc6c495c0c9188 203.0.113.1 new\n`,
      rows: [
        {
          time_us: 1_762_592_405_875_678,
          account_id: '111122223333',
          region: 'eu-central-1',
          latency_us: 19_584,
          target_ip: '10.0.1.20',
          target_port: 80,
          target_group: 'shop',
          target_status_code: 200,
          reason_code: null,
          outcome: 'success',
        },
        { dst_ip: '2001:db8::9', outcome: 'failure', reason_code: 'TargetError' },
        {
          latency_us: null,
          target_ip: null,
          target: 'arn:aws:lambda:eu-central-1:111122223333:function:shop:7',
          target_status_code: null,
        },
        { elb: 'app/shop/50dc6c495c0c9188', ip_address: '203.0.113.1' },
      ],
      anomalies: ['extra_fields'],
    },
    {
      name: 'as JSON, one without a time, something else, a cut record',
      path: 'x',
      text: [
        {
          type: 'https',
          time: '2025-11-08T09:00:05.875678Z',
          latency: '0.019584011',
          target_addr: '10.0.1.20:443',
          target_group_id: 'shop',
          status: 'FAIL',
          status_code: 503,
          reason_code: 'ResponseCodeMismatch',
          elb: 'app/shop/50dc6c495c0c9188',
          ip_address: '203.0.113.1',
        },
        { target_addr: '10.0.1.20:443', target_group_id: 'x', reason_code: '-' },
        { a: 1 },
        { target_addr: '10.0.1.20:443', target_group_id: 'x', reason_code: '-', type: 'http' },
      ]
        .map((one) => JSON.stringify(one))
        .join('\n')
        .slice(0, -9),
      rows: [
        {
          time_us: 1_762_592_405_875_678,
          target_port: 443,
          target_status_code: 503,
          outcome: 'failure',
          elb: 'app/shop/50dc6c495c0c9188',
        },
      ],
      rejects: ['bad_time', 'not_this_source', 'truncated'],
    },
    {
      name: 'broken lines',
      path: 'x.log',
      text: [
        PASSED,
        PASSED.slice(0, 60),
        PASSED.replace('09:00', '09:60'),
        PASSED.replace(':80 ', ':70000 '),
        PASSED.replace(' 200 ', ' ok '),
        PASSED,
      ].join('\n'),
      rows: [{}, { target_port: null }, { target_status_code: null }, {}],
      rejects: ['bad_fields', 'bad_time'],
      anomalies: ['bad_value'],
    },
  ],
  example: {
    question: 'Which targets stopped answering, when, and why?',
    sql: "SELECT target_addr, reason_code, count(*) AS checks, min(time_us) AS first_us, max(time_us) AS last_us FROM alb_health_check WHERE check_status = 'FAIL' GROUP BY target_addr, reason_code ORDER BY checks DESC, target_addr, reason_code LIMIT 20",
  },
};
