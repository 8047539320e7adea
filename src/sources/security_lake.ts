/** Security Lake: events of many AWS logs in the one schema OCSF, as Parquet in S3. */
import type { JsonObject } from '../core/json.ts';
import { sortedJson } from '../core/json.ts';
import {
  address,
  anyTime,
  canonicalRecord,
  columnsOf,
  derived,
  detectJson,
  flag,
  integer,
  json,
  type JsonField,
  type JsonFormat,
  jsonReader,
  port,
  text,
  textOf,
  time,
  valueAt,
} from './_json.ts';
import type { Head, Source } from './source.ts';

/** The first of some members that is there, as text. */
function either(name: string, paths: readonly string[], about: string): JsonField {
  return derived(name, about, (record, out) => {
    for (const path of paths) {
      const value = valueAt(record, path.split('.'));
      if (value !== undefined && value !== null) return textOf(value, path, out);
    }
    return null;
  });
}

/** Account, region and day in the key of an object: partition values stand in the path alone. */
const KEY = /(?:\/|^)region=([a-z0-9-]+)\/(?:accountId|accountid)=(\d{12})\//;

const FIELDS: readonly JsonField[] = [
  integer(
    'class_uid',
    'OCSF number',
    'class_uid',
    'Class: 6003 API activity, 4001 network activity, 4003 DNS activity, 4002 HTTP activity, 3002 authentication, 3001 account change, 2001 to 2004 findings.',
  ),
  text('class_name', 'class_name', 'Name of the class.'),
  integer('category_uid', 'OCSF number', 'category_uid', 'Category: the thousands of the class.'),
  integer(
    'activity_id',
    'OCSF number',
    'activity_id',
    'What was done, by the numbers of the class; 99 is other.',
  ),
  text(
    'activity_name',
    'activity_name',
    'Its name: Create, Read, Update, Delete, Traffic, Query, ...',
  ),
  integer('type_uid', 'OCSF number', 'type_uid', 'Class and activity in one number.'),
  integer(
    'severity_id',
    'OCSF number',
    'severity_id',
    '1 informational to 6 fatal; 0 unknown, 99 other.',
  ),
  text('severity', 'severity', 'Name of the severity.'),
  integer('status_id', 'OCSF number', 'status_id', '1 success, 2 failure, 0 unknown, 99 other.'),
  text('status', 'status', 'Name of the status.'),
  text('status_code', 'status_code', 'Code as the original log gives it.'),
  text('message', 'message', 'What happened, in words.'),
  text(
    'ocsf_version',
    'metadata.version',
    'Version of OCSF: 1.0.0-rc.2 in sources of version 1, 1.1.0 in those of version 2.',
  ),
  text(
    'product_name',
    'metadata.product.name',
    'What wrote the original log: CloudTrail, Amazon VPC, Route 53, Security Hub, Amazon EKS, AWS WAF.',
  ),
  text('log_name', 'metadata.log_name', 'Name of the original log.'),
  text('event_code', 'metadata.event_code', 'Kind of the original event.'),
  text('event_uid', 'metadata.uid', 'Id of the original event: the eventID of CloudTrail.'),
  time('start_us', 'start_time', 'Start of what the event spans.'),
  time('end_us', 'end_time', 'Its end.'),
  either(
    'actor_user_type',
    ['actor.user.type', 'user.type'],
    'Kind of the caller, as userIdentity.type of CloudTrail.',
  ),
  either('actor_user_name', ['actor.user.name', 'user.name'], 'Name of the caller.'),
  either(
    'actor_user_uid',
    ['actor.user.uid', 'actor.user.uuid', 'user.uid', 'user.uuid'],
    'ARN or principal id of the caller.',
  ),
  either(
    'actor_user_account',
    ['actor.user.account.uid', 'actor.user.account_uid', 'user.account.uid', 'user.account_uid'],
    'Account of the caller.',
  ),
  either(
    'actor_access_key',
    ['actor.user.credential_uid', 'user.credential_uid'],
    'Access key of the caller.',
  ),
  text(
    'actor_session_issuer',
    'actor.session.issuer',
    'Role that issued the session of the caller.',
  ),
  flag('actor_session_mfa', 'actor.session.mfa', 'Whether the session was begun with MFA.'),
  text('actor_invoked_by', 'actor.invoked_by', 'AWS service that called for the caller.'),
  text('actor_idp', 'actor.idp.name', 'Identity provider of the caller.'),
  text('api_operation', 'api.operation', 'API that was called.'),
  text('api_service', 'api.service.name', 'Service that was called.'),
  text('api_request_uid', 'api.request.uid', 'Id of the request.'),
  text('api_error', 'api.response.error', 'Error code of the answer.'),
  text('api_error_message', 'api.response.message', 'Error message of the answer.'),
  address(text('src_endpoint_ip', 'src_endpoint.ip', 'Source address.')),
  text('src_endpoint_domain', 'src_endpoint.domain', 'Source, where it is a name: an AWS service.'),
  port('src_endpoint_port', 'src_endpoint.port', 'Source port.'),
  text('src_interface_uid', 'src_endpoint.interface_uid', 'Network interface of the source.'),
  either('src_instance_uid', ['src_endpoint.instance_uid'], 'Instance of the source.'),
  either('src_vpc_uid', ['src_endpoint.vpc_uid'], 'VPC of the source.'),
  address(text('dst_endpoint_ip', 'dst_endpoint.ip', 'Destination address.')),
  text('dst_endpoint_domain', 'dst_endpoint.domain', 'Destination, where it is a name.'),
  port('dst_endpoint_port', 'dst_endpoint.port', 'Destination port.'),
  text('dst_interface_uid', 'dst_endpoint.interface_uid', 'Network interface of the destination.'),
  text('dst_instance_uid', 'dst_endpoint.instance_uid', 'Instance of the destination.'),
  integer('protocol_num', 'IANA number', 'connection_info.protocol_num', 'IP protocol.'),
  text('direction', 'connection_info.direction', 'Inbound or Outbound.'),
  integer('tcp_flags', 'bit mask', 'connection_info.tcp_flags', 'TCP flags or-ed over the window.'),
  integer('traffic_bytes', 'bytes', 'traffic.bytes', 'Bytes of the flow.'),
  integer('traffic_packets', 'packets', 'traffic.packets', 'Packets of the flow.'),
  either(
    'disposition',
    ['disposition', 'firewall_rule.condition'],
    'What was done with the traffic: Allowed, Blocked, ...',
  ),
  text('http_method', 'http_request.http_method', 'HTTP method.'),
  either('http_host', ['http_request.url.hostname'], 'Host of the request.'),
  text('http_path', 'http_request.url.path', 'Path of the request.'),
  text('user_agent', 'http_request.user_agent', 'User agent of the caller.'),
  text('query_hostname', 'query.hostname', 'Name that was asked for in DNS.'),
  text('query_type', 'query.type', 'Type of the question.'),
  text('rcode', 'rcode', 'Answer code of DNS.'),
  json('answers', 'answers', 'Answers of DNS as JSON.'),
  either('finding_uid', ['finding_info.uid', 'finding.uid'], 'Id of a finding.'),
  either('finding_title', ['finding_info.title', 'finding.title'], 'Title of a finding.'),
  json('resources', 'resources', 'Resources of the event as JSON.'),
  json('observables', 'observables', 'What OCSF pulls out of the event to search by, as JSON.'),
  json('unmapped', 'unmapped', 'What the schema has no place for, as JSON.'),
];

/** Outermost members that have columns; the rest is kept together. */
const TAKEN: ReadonlySet<string> = new Set([
  ...'time time_dt class_uid class_name category_uid activity_id activity_name type_uid severity_id severity status_id status status_code message metadata start_time end_time actor api src_endpoint dst_endpoint connection_info traffic disposition http_request query rcode answers resources observables unmapped cloud'.split(
    ' ',
  ),
]);

const REST: JsonField = {
  column: {
    name: 'other',
    type: 'TEXT',
    about:
      'Outermost members of the event that no column is made of, as JSON; the raw text of the row has all of it.',
  },
  value: (record) => {
    const rest = Object.entries(record).filter(
      ([name, value]) => !TAKEN.has(name) && value !== null,
    );
    return rest.length === 0 ? null : sortedJson(Object.fromEntries(rest));
  },
};

/** `time` is milliseconds since 1970, `time_dt` the same as a timestamp, in events of version 2 to the microsecond. */
function timeOf(record: JsonObject): number | undefined {
  return anyTime(record['time_dt'] ?? record['time']);
}

function format(head: Pick<Head, 'path'>): JsonFormat {
  const [, region, account] = KEY.exec(head.path) ?? [];
  return {
    what: 'OCSF events',
    marks: ['"class_uid"'],
    // Security Hub's findings in OCSF: its answers, and the details of its events.
    wrappers: ['Findings', 'findings'],
    inside: 'findings',
    is: (record) =>
      record['class_uid'] !== undefined &&
      (record['metadata'] !== undefined || record['category_uid'] !== undefined),
    keys: [
      ['class_uid', 'metadata'],
      ['class_uid', 'category_uid'],
    ],
    time: timeOf,
    timeName: 'time',
    identity: sortedJson,
    fields: [
      derived(
        'account_id',
        'Account of the event (cloud.account); in the key of the file where the event has none.',
        (record, out) =>
          textOf(
            valueAt(record, ['cloud', 'account', 'uid']) ??
              valueAt(record, ['cloud', 'account_uid']) ??
              record['accountId'] ??
              record['accountid'],
            'cloud.account.uid',
            out,
          ) ??
          account ??
          null,
      ),
      derived(
        'region',
        'Region of the event; in the key of the file where the event has none.',
        (record, out) =>
          textOf(valueAt(record, ['cloud', 'region']) ?? record['region'], 'cloud.region', out) ??
          region ??
          null,
      ),
      ...FIELDS,
      REST,
    ],
  };
}

const BARE: Pick<Head, 'path'> = { path: '' };

const API_CALL = {
  metadata: {
    product: { name: 'CloudTrail', vendor_name: 'AWS', feature: { name: 'Management' } },
    version: '1.1.0',
    uid: '0a1b2c3d-1111-4222-8333-444455556666',
    event_code: 'AwsApiCall',
  },
  time: 1_762_592_405_000,
  time_dt: '2025-11-08T09:00:05.000000Z',
  cloud: { account: { uid: '111122223333' }, region: 'eu-central-1', provider: 'AWS' },
  api: {
    operation: 'CreateAccessKey',
    service: { name: 'iam.amazonaws.com' },
    request: { uid: '9a8b7c6d' },
    response: { error: 'AccessDenied', message: 'not authorized' },
  },
  actor: {
    user: {
      type: 'IAMUser',
      name: 'alice',
      uid: 'arn:aws:iam::111122223333:user/alice',
      account: { uid: '111122223333' },
      credential_uid: 'AKIAIOSFODNN7EXAMPLE',
    },
    session: { mfa: false },
  },
  src_endpoint: { ip: '198.51.100.7' },
  http_request: { user_agent: 'aws-cli/2.15' },
  class_uid: 6003,
  class_name: 'API Activity',
  category_uid: 6,
  activity_id: 1,
  activity_name: 'Create',
  type_uid: 600_301,
  severity_id: 1,
  status: 'Failure',
  status_id: 2,
  observables: [{ name: 'src_endpoint.ip', value: '198.51.100.7', type_id: 2 }],
  unmapped: { recipientAccountId: '111122223333' },
  is_mfa: false,
};

const FLOW = {
  metadata: { product: { name: 'Amazon VPC' }, version: '1.0.0-rc.2' },
  time: 1_762_592_400_000,
  start_time: 1_762_592_400_000,
  end_time: 1_762_592_460_000,
  class_uid: 4001,
  category_uid: 4,
  activity_name: 'Refuse',
  src_endpoint: { ip: '203.0.113.9', port: 41_000 },
  dst_endpoint: { ip: '10.0.1.20', port: 22, interface_uid: 'eni-0a1b2c3d4e5f60718' },
  connection_info: { protocol_num: 6, tcp_flags: 2, direction: 'Inbound' },
  traffic: { bytes: 9_007_199_254_740_991, packets: 1 },
  disposition: 'Blocked',
};

const DNS = {
  metadata: { product: { name: 'Route 53' }, version: '1.0.0-rc.2' },
  time: 1_762_592_401_500,
  class_uid: 4003,
  category_uid: 4,
  activity_name: 'Query',
  cloud: { account_uid: '111122223333', region: 'eu-central-1' },
  src_endpoint: { ip: '10.0.1.20', instance_uid: 'i-0a1b2c3d4e5f60718' },
  query: { hostname: 'updates.example.net.', type: 'A', class: 'IN' },
  answers: [{ type: 'A', rdata: '203.0.113.9' }],
  rcode: 'NOERROR',
};

export const security_lake: Source = {
  id: 'security_lake',
  title: 'Security Lake',
  version: 4,
  clock:
    'The clock of the AWS log that the event was made of, in UTC: to the millisecond in OCSF 1.0, to the microsecond in time_dt of 1.1.',
  about: [
    'Amazon Security Lake turns CloudTrail events (management, S3 and Lambda data), VPC flow logs, Route 53 resolver queries, Security Hub findings, EKS audit logs and WAF logs into events of one schema, OCSF 1.0 (sources of version 1) or 1.1 (version 2), and stores them as Parquet. A row of the table is an event of any class; class_uid says of which. The raw text of a row is the whole event as JSON (docs/import.md says how it is made of the file), with every member that has no column; other holds the outermost of these.',
    'Events are translations: what the translation leaves out is in the original log alone, and an event that Security Lake did not write says nothing of what happened. Account, region and day of a file stand in its key; where the event names account and region itself, that was taken. Copies of one event in two files (after a compaction) are duplicates if all of the event is equal. Events of custom sources are read if they are OCSF; JSON of the same form is too, and so are Security Hub’s findings in OCSF: the output of `aws securityhub get-findings-v2`, and EventBridge events "Findings Imported V2", whose detail holds a list of them.',
  ].join('\n\n'),
  references: [
    'Amazon Security Lake User Guide, "Open Cybersecurity Schema Framework (OCSF) in Security Lake"',
    'Amazon Security Lake User Guide, "Collecting data from AWS services in Security Lake"',
    'OCSF, "Open Cybersecurity Schema Framework", versions 1.0.0-rc.2 and 1.1.0, classes 6003, 4001, 4002, 4003, 3001, 3002, 2001 to 2004',
  ],
  columns: columnsOf(
    'time_dt, or time: when it happened, as the original log says.',
    format(BARE).fields,
  ),
  common: {
    actor: 'coalesce(actor_user_uid, actor_user_name, actor_invoked_by, src_interface_uid)',
    action: 'coalesce(api_operation, activity_name)',
    target:
      "coalesce(api_service, query_hostname, http_host || coalesce(http_path, ''), CASE WHEN dst_endpoint_ip GLOB '*:*' THEN '[' || dst_endpoint_ip || ']:' || dst_endpoint_port ELSE dst_endpoint_ip || ':' || dst_endpoint_port END, finding_title, dst_endpoint_ip)",
    src_ip: 'src_endpoint_ip',
    dst_ip: 'dst_endpoint_ip',
    outcome:
      "CASE WHEN status_id = 1 OR disposition IN ('Allowed', 'ALLOW', 'ACCEPT') THEN 'success' WHEN status_id = 2 OR disposition IN ('Blocked', 'BLOCK', 'REJECT') THEN 'failure' END",
  },
  indexes: [['src_endpoint_ip'], ['actor_access_key'], ['event_uid']],
  timeline: true,
  repeatsInFile: 'distinct',
  inside: true,
  detect: (head) => detectJson(head, format(head)),
  reader: (head) => jsonReader(head, format(head)),
  sameText: canonicalRecord,
  samples: [
    {
      name: 'an API call of version 2',
      path: 'aws-security-data-lake-eu-central-1-x/aws/CLOUD_TRAIL_MGMT/2.0/region=eu-central-1/accountId=111122223333/eventDay=20251108/0123456789abcdef0123456789abcdef.gz.parquet',
      text: `${JSON.stringify(API_CALL)}\n`,
      rows: [
        {
          time_us: 1_762_592_405_000_000,
          account_id: '111122223333',
          region: 'eu-central-1',
          class_uid: 6003,
          actor: 'arn:aws:iam::111122223333:user/alice',
          actor_access_key: 'AKIAIOSFODNN7EXAMPLE',
          action: 'CreateAccessKey',
          target: 'iam.amazonaws.com',
          src_ip: '198.51.100.7',
          outcome: 'failure',
          api_error: 'AccessDenied',
          actor_session_mfa: 0,
          unmapped: '{"recipientAccountId":"111122223333"}',
          other: '{"is_mfa":false}',
        },
      ],
    },
    {
      name: 'a flow, a DNS query and findings, account from the path; broken ones',
      path: 'ext/region=eu-central-1/accountId=111122223333/eventDay=20251108/x.parquet',
      text: [
        FLOW,
        DNS,
        {
          ...FLOW,
          class_uid: 2004,
          disposition: undefined,
          finding_info: { uid: 'f-1', title: 'Bad' },
          dst_endpoint: undefined,
        },
        { ...FLOW, class_uid: 'x', time: 1_762_592_400_000_123 },
        { ...FLOW, time: 'yesterday' },
        { hello: 'world' },
      ]
        .map((event) => JSON.stringify(event))
        .join('\n'),
      rows: [
        {
          time_us: 1_762_592_400_000_000,
          account_id: '111122223333',
          region: 'eu-central-1',
          target: '10.0.1.20:22',
          src_endpoint_port: 41_000,
          traffic_bytes: 9_007_199_254_740_991,
          outcome: 'failure',
          end_us: 1_762_592_460_000_000,
        },
        {
          time_us: 1_762_592_401_500_000,
          action: 'Query',
          target: 'updates.example.net.',
          rcode: 'NOERROR',
          answers: '[{"rdata":"203.0.113.9","type":"A"}]',
          outcome: null,
        },
        { target: 'Bad', finding_uid: 'f-1' },
        { class_uid: null, time_us: 1_762_592_400_000_123 },
      ],
      rejects: ['bad_time', 'not_this_source'],
      anomalies: ['bad_value'],
    },
    {
      name: 'findings of Security Hub as EventBridge events carry them, a cut record',
      path: 'x',
      text: `${JSON.stringify({
        findings: [
          { ...FLOW, class_uid: 2003, finding_info: { uid: 'f-2', title: 'Public bucket' } },
          { a: 1 },
          { ...FLOW, class_uid: 2004, finding_info: { uid: 'f-3', title: 'Odd call' } },
        ],
      })}\n${JSON.stringify(FLOW).slice(0, -9)}`,
      rows: [{ finding_uid: 'f-2' }, { finding_uid: 'f-3' }],
      rejects: ['not_this_source', 'truncated'],
    },
  ],
  example: {
    question: 'Which calls were refused, to whom?',
    sql: 'SELECT actor_user_uid, src_endpoint_ip, api_service, api_operation, api_error, count(*) AS calls FROM security_lake WHERE class_uid = 6003 AND api_error IS NOT NULL GROUP BY actor_user_uid, src_endpoint_ip, api_service, api_operation, api_error ORDER BY calls DESC, api_operation LIMIT 20',
  },
};
