/** Connection log of AWS Client VPN: who connected to which endpoint, from where, with which address inside. */
import type { JsonObject } from '../core/json.ts';
import {
  address,
  anyTime,
  canonicalRecord,
  columnsOf,
  detectJson,
  integer,
  joined,
  type JsonFormat,
  jsonReader,
  port,
  text,
  time,
} from './_json.ts';
import type { Source } from './source.ts';

/** The record without the members that say NA, which is how the log writes "none". */
function withoutNa(record: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== 'NA'));
}

const FORMAT: JsonFormat = {
  what: 'Client VPN connection records',
  marks: ['"client-vpn-endpoint-id"'],
  wrappers: [],
  is: (record) =>
    'connection-log-type' in record &&
    'connection-id' in record &&
    'client-vpn-endpoint-id' in record,
  keys: [['connection-log-type', 'connection-id', 'client-vpn-endpoint-id']],
  time: (record) =>
    anyTime(record['connection-last-update-time'] ?? record['connection-start-time']),
  timeName: 'connection-last-update-time',
  identity: (record) =>
    joined(
      record,
      'connection-id',
      'connection-log-type',
      'connection-last-update-time',
      'connection-start-time',
    ),
  normal: withoutNa,
  fields: [
    text(
      'connection_log_type',
      'connection-log-type',
      'connection-log-type: connection-attempt or connection-reset.',
    ),
    text(
      'connection_attempt_status',
      'connection-attempt-status',
      'connection-attempt-status: successful, failed or waiting-for-assertion.',
    ),
    text(
      'connection_attempt_failure_reason',
      'connection-attempt-failure-reason',
      'connection-attempt-failure-reason.',
    ),
    text('connection_reset_status', 'connection-reset-status', 'connection-reset-status.'),
    text('connection_id', 'connection-id', 'connection-id: joins the records of a connection.'),
    text('client_vpn_endpoint_id', 'client-vpn-endpoint-id', 'client-vpn-endpoint-id.'),
    text('transport_protocol', 'transport-protocol', 'transport-protocol: udp or tcp.'),
    time('connection_start_time_us', 'connection-start-time', 'connection-start-time.'),
    time('connection_end_time_us', 'connection-end-time', 'connection-end-time.'),
    integer(
      'connection_duration_seconds',
      's',
      'connection-duration-seconds',
      'connection-duration-seconds.',
    ),
    address(
      text(
        'client_ip',
        'client-ip',
        'client-ip: address that the client got in the VPN; flow logs do not show it where the endpoint translates addresses.',
      ),
    ),
    address(text('device_ip', 'device-ip', 'device-ip: public address that the device came from.')),
    port('device_port', 'port', 'port that the device came from.'),
    text('device_type', 'device-type', 'device-type, as the client names itself.'),
    text('common_name', 'common-name', 'common-name of the client’s certificate.'),
    text('username', 'username', 'username, where users authenticate by directory or SAML.'),
    integer('ingress_bytes', 'bytes', 'ingress-bytes', 'ingress-bytes: from the client.'),
    integer('egress_bytes', 'bytes', 'egress-bytes', 'egress-bytes: to the client.'),
    integer('ingress_packets', 'packets', 'ingress-packets', 'ingress-packets.'),
    integer('egress_packets', 'packets', 'egress-packets', 'egress-packets.'),
    text(
      'posture_compliance_statuses',
      'posture-compliance-statuses',
      'posture-compliance-statuses: what the client connect handler of the endpoint found of the device.',
    ),
  ],
};

const ATTEMPT = {
  'connection-log-type': 'connection-attempt',
  'connection-attempt-status': 'successful',
  'connection-reset-status': 'NA',
  'connection-attempt-failure-reason': 'NA',
  'connection-id': 'cvpn-connection-0a1b2c3d4e5f60718',
  'client-vpn-endpoint-id': 'cvpn-endpoint-0a1b2c3d4e5f60718',
  'transport-protocol': 'udp',
  'connection-start-time': '2025-11-08 09:00:05',
  'connection-last-update-time': '2025-11-08 09:00:05',
  'client-ip': '10.9.0.2',
  'common-name': 'ann',
  'device-type': 'mac',
  'device-ip': '198.51.100.7',
  port: '50096',
  'ingress-bytes': '0',
  'egress-bytes': '0',
  'ingress-packets': '0',
  'egress-packets': '0',
  'connection-end-time': 'NA',
  'connection-duration-seconds': '0',
};
const RESET = {
  ...ATTEMPT,
  'connection-log-type': 'connection-reset',
  'connection-attempt-status': 'NA',
  'connection-reset-status': 'NA',
  'connection-last-update-time': '2025-11-08 10:00:05',
  'connection-end-time': '2025-11-08 10:00:05',
  'connection-duration-seconds': '3600',
  'egress-bytes': '5368709120',
};
const FAILED = {
  ...ATTEMPT,
  'connection-attempt-status': 'failed',
  'connection-attempt-failure-reason': 'authentication-failed',
  'connection-id': 'cvpn-connection-1a1b2c3d4e5f60718',
  'client-ip': 'NA',
};

export const client_vpn: Source = {
  id: 'client_vpn',
  title: 'AWS Client VPN connection logs',
  version: 4,
  clock: 'The endpoint’s clock, to the second; the log names no zone, UTC is assumed.',
  about: [
    'The connection log of a Client VPN endpoint: attempts to connect, whether they succeeded and why not, and the end of connections with the bytes that went through. device_ip is where the person was; client_ip is the address that the device got in the VPN. AWS writes it to CloudWatch Logs; read are its records as JSON lines, arrays and one after another.',
    'Logging must be switched on at the endpoint. Times have no zone and are UTC. NA is the log’s word for none and becomes NULL, so a person named NA is seen in the raw text alone. The records name neither account nor region. What went where inside the VPN is in flow logs.',
  ].join('\n\n'),
  references: [
    'AWS Client VPN Administrator Guide, "Connection logging for an AWS Client VPN endpoint", section "Connection log entries"',
  ],
  columns: columnsOf(
    'connection-last-update-time; connection-start-time where that is missing.',
    FORMAT.fields,
  ),
  common: {
    actor: 'coalesce(username, common_name)',
    action: 'connection_log_type',
    target: 'client_vpn_endpoint_id',
    src_ip: 'device_ip',
    outcome:
      "CASE connection_attempt_status WHEN 'successful' THEN 'success' WHEN 'failed' THEN 'failure' END",
  },
  indexes: [['device_ip'], ['client_ip']],
  timeline: true,
  repeatsInFile: 'duplicate',
  inside: true,
  detect: (head) => detectJson(head, FORMAT),
  reader: (head) => jsonReader(head, FORMAT),
  sameText: canonicalRecord,
  samples: [
    {
      name: 'a connection, its end, an attempt that failed',
      path: 'vpn',
      text: [ATTEMPT, RESET, FAILED].map((record) => JSON.stringify(record)).join('\n'),
      rows: [
        {
          time_us: 1_762_592_405_000_000,
          actor: 'ann',
          action: 'connection-attempt',
          target: 'cvpn-endpoint-0a1b2c3d4e5f60718',
          src_ip: '198.51.100.7',
          client_ip: '10.9.0.2',
          device_port: 50_096,
          connection_end_time_us: null,
          connection_attempt_failure_reason: null,
          outcome: 'success',
        },
        {
          time_us: 1_762_596_005_000_000,
          connection_start_time_us: 1_762_592_405_000_000,
          connection_duration_seconds: 3600,
          egress_bytes: 5_368_709_120,
          outcome: null,
        },
        { client_ip: null, outcome: 'failure' },
      ],
    },
    {
      name: 'no time, a count that is none, something else, a name twice, a cut record',
      path: 'vpn',
      text: [
        JSON.stringify(ATTEMPT),
        JSON.stringify({
          ...ATTEMPT,
          'connection-start-time': 'NA',
          'connection-last-update-time': 'NA',
        }),
        JSON.stringify({ ...RESET, 'egress-bytes': 'many', 'connection-end-time': 'late' }),
        '{"connection-id":"x"}',
        JSON.stringify(FAILED).replace('{', '{"username":"x","username":"bob",'),
        JSON.stringify(ATTEMPT).slice(0, 200),
      ].join('\n'),
      rows: [
        {},
        { egress_bytes: null, connection_end_time_us: null },
        { actor: 'bob', outcome: 'failure' },
      ],
      rejects: ['bad_time', 'not_this_source', 'truncated'],
      anomalies: ['bad_value', 'duplicate_key'],
    },
  ],
  example: {
    question: 'Who connected to the VPN from which addresses, and who failed to?',
    sql: 'SELECT actor, device_ip, outcome, count(*) AS attempts, min(time_us) AS first_us FROM client_vpn WHERE outcome IS NOT NULL GROUP BY actor, device_ip, outcome ORDER BY attempts DESC, actor, device_ip LIMIT 20',
  },
};
