/** AWS Network Firewall alert, flow and TLS logs: Suricata events in an envelope of the firewall. */
import { isObject, type JsonObject, sortedJson } from '../core/json.ts';
import {
  address,
  anyTime,
  canonicalRecord,
  columnsOf,
  detectJson,
  integer,
  json,
  type JsonFormat,
  jsonReader,
  ownerFields,
  port,
  text,
  time,
  valueAt,
} from './_json.ts';
import type { Source } from './source.ts';

const KEY = /(\d{12})_network-firewall_[a-z]+_([a-z0-9-]+)_/;

const FORMAT: JsonFormat = {
  what: 'Network Firewall events',
  marks: ['"firewall_name"'],
  wrappers: [],
  is: (record: JsonObject) => 'firewall_name' in record && isObject(record['event']),
  keys: [['firewall_name', 'event']],
  time: (record) =>
    anyTime(valueAt(record, ['event', 'timestamp']) ?? record['event_timestamp'], 's'),
  timeName: 'event.timestamp',
  // Nothing names a record: a flow has one for each direction, an alert one for each signature.
  identity: sortedJson,
  // Suricata's flow_id is a hash of 64 bits.
  longNumbers: [['event', 'flow_id']],
  fields: [
    text('firewall_name', 'firewall_name', 'Firewall.'),
    text('availability_zone', 'availability_zone', 'Availability zone of the firewall’s endpoint.'),
    time(
      'event_timestamp_us',
      'event_timestamp',
      'event_timestamp: when the firewall wrote the record.',
    ),
    text('event_type', 'event.event_type', 'alert, netflow, tls, http, dns, ...'),
    text('flow_id', 'event.flow_id', 'event.flow_id, all its digits: joins alerts and flows.'),
    address(text('src_ip', 'event.src_ip', 'Source address.')),
    port('src_port', 'event.src_port', 'Source port.'),
    address(text('dest_ip', 'event.dest_ip', 'Destination address.')),
    port('dest_port', 'event.dest_port', 'Destination port.'),
    text('proto', 'event.proto', 'TCP, UDP, ICMP, ...'),
    text('app_proto', 'event.app_proto', 'Application protocol that was recognised.'),
    integer('icmp_type', 'number', 'event.icmp_type', 'ICMP type.'),
    integer('icmp_code', 'number', 'event.icmp_code', 'ICMP code.'),
    text('alert_action', 'event.alert.action', 'event.alert.action: allowed or blocked.'),
    text(
      'verdict_action',
      'event.verdict.action',
      'event.verdict.action: what became of the packet.',
    ),
    integer('signature_id', 'number', 'event.alert.signature_id', 'event.alert.signature_id.'),
    integer('alert_rev', 'number', 'event.alert.rev', 'event.alert.rev.'),
    integer('alert_gid', 'number', 'event.alert.gid', 'event.alert.gid.'),
    text('signature', 'event.alert.signature', 'event.alert.signature: message of the rule.'),
    text('alert_category', 'event.alert.category', 'event.alert.category.'),
    integer('alert_severity', 'number', 'event.alert.severity', 'event.alert.severity, 1 gravest.'),
    json('alert_metadata', 'event.alert.metadata', 'event.alert.metadata as JSON.'),
    integer('packets', 'packets', 'event.netflow.pkts', 'event.netflow.pkts, in one direction.'),
    integer('bytes', 'bytes', 'event.netflow.bytes', 'event.netflow.bytes, in one direction.'),
    time('flow_start_us', 'event.netflow.start', 'event.netflow.start.'),
    time('flow_end_us', 'event.netflow.end', 'event.netflow.end.'),
    integer('flow_age', 's', 'event.netflow.age', 'event.netflow.age.'),
    integer('min_ttl', 'number', 'event.netflow.min_ttl', 'event.netflow.min_ttl.'),
    integer('max_ttl', 'number', 'event.netflow.max_ttl', 'event.netflow.max_ttl.'),
    text('flow_tcp_flags', 'event.tcp.tcp_flags', 'event.tcp.tcp_flags, hexadecimal.'),
    text('tls_sni', 'event.tls.sni', 'event.tls.sni: name the client asked for.'),
    text('tls_version', 'event.tls.version', 'event.tls.version.'),
    text('tls_subject', 'event.tls.subject', 'event.tls.subject of the server’s certificate.'),
    text('tls_issuerdn', 'event.tls.issuerdn', 'event.tls.issuerdn of the server’s certificate.'),
    text('tls_serial', 'event.tls.serial', 'event.tls.serial of the server’s certificate.'),
    text('tls_fingerprint', 'event.tls.fingerprint', 'event.tls.fingerprint, SHA-1.'),
    text('ja3_fingerprint', 'event.tls.ja3.hash', 'event.tls.ja3.hash of the client hello.'),
    text('ja3s_fingerprint', 'event.tls.ja3s.hash', 'event.tls.ja3s.hash of the server hello.'),
    text('ja4_fingerprint', 'event.tls.ja4', 'event.tls.ja4 of the client hello.'),
    text(
      'tls_error_message',
      'event.tls_error.error_message',
      'event.tls_error.error_message of TLS inspection.',
    ),
    json(
      'revocation_check',
      'event.revocation_check',
      'event.revocation_check of TLS inspection, as JSON.',
    ),
    text('http_hostname', 'event.http.hostname', 'event.http.hostname.'),
    text('http_url', 'event.http.url', 'event.http.url.'),
    text('http_method', 'event.http.http_method', 'event.http.http_method.'),
    text('http_user_agent', 'event.http.http_user_agent', 'event.http.http_user_agent.'),
    integer('http_status', 'status', 'event.http.status', 'event.http.status.'),
    json('dns', 'event.dns', 'event.dns as JSON.'),
  ],
};

const ALERT = {
  firewall_name: 'edge',
  availability_zone: 'eu-central-1a',
  event_timestamp: '1762592406',
  event: {
    timestamp: '2025-11-08T09:00:05.404578+0000',
    event_type: 'alert',
    flow_id: 0,
    src_ip: '10.0.1.20',
    src_port: 40_000,
    dest_ip: '198.51.100.66',
    dest_port: 4444,
    proto: 'TCP',
    alert: {
      action: 'blocked',
      signature_id: 1001,
      rev: 1,
      gid: 1,
      signature: 'outbound to 4444',
      category: '',
      severity: 3,
    },
    tls: {
      sni: 'c2.example.org',
      version: 'TLS 1.3',
      ja3: { hash: 'e7d705a3286e19ea42f587b344ee6865' },
    },
  },
};
/** Longer than a double holds. */
const FLOW_ID = '1640296396940812345';
const ALERT_TEXT = JSON.stringify(ALERT).replace('"flow_id":0', `"flow_id":${FLOW_ID}`);

const FLOW = {
  firewall_name: 'edge',
  availability_zone: 'eu-central-1a',
  event_timestamp: '1762592410',
  event: {
    timestamp: '2025-11-08T09:00:10.000000+0000',
    event_type: 'netflow',
    flow_id: 7,
    src_ip: '2001:db8::7',
    src_port: 443,
    dest_ip: '2001:db8::8',
    dest_port: 50_000,
    proto: 'TCP',
    netflow: {
      pkts: 5,
      bytes: 420,
      start: '2025-11-08T09:00:00.000001+0000',
      end: '2025-11-08T09:00:09.000000+0000',
      age: 9,
      min_ttl: 60,
      max_ttl: 64,
    },
    tcp: { tcp_flags: '1b', syn: true },
  },
};

export const network_firewall: Source = {
  id: 'network_firewall',
  title: 'AWS Network Firewall logs',
  version: 3,
  clock: 'The firewall’s clock with the zone in the record, to the microsecond.',
  about: [
    'Alert, flow and TLS logs of AWS Network Firewall: Suricata’s events (EVE JSON), one on a line, with the name and zone of the firewall around each. A flow has one record for each direction.',
    'Only what the firewall’s stateful engine sees is logged; stateless rules that pass or drop packets leave nothing. event.timestamp, to the microsecond, is the time of the row. Suricata itself may name a key twice in one object (subject, issuerdn): then the last is mapped and the record is marked. Account and region come from the key of the file.',
  ].join('\n\n'),
  references: [
    'AWS Network Firewall Developer Guide, "Contents of an AWS Network Firewall log"',
    'Suricata User Guide, "EVE JSON Format"',
  ],
  columns: columnsOf('event.timestamp; event_timestamp where that is missing.', [
    ...ownerFields('', KEY),
    ...FORMAT.fields,
  ]),
  common: {
    actor: 'src_ip',
    action: "CASE WHEN event_type = 'alert' THEN coalesce(signature, 'alert') ELSE event_type END",
    target:
      "coalesce(tls_sni, http_hostname, CASE WHEN dest_ip GLOB '*:*' THEN '[' || dest_ip || ']' ELSE dest_ip END) || coalesce(':' || dest_port, '')",
    dst_ip: 'dest_ip',
    outcome:
      "CASE WHEN alert_action = 'blocked' THEN 'failure' WHEN alert_action = 'allowed' THEN 'success' END",
  },
  indexes: [['src_ip'], ['dest_ip'], ['flow_id']],
  timeline: true,
  repeatsInFile: 'distinct',
  inside: true,
  detect: (head) => detectJson(head, FORMAT),
  reader: (head) =>
    jsonReader(head, { ...FORMAT, fields: [...ownerFields(head.path, KEY), ...FORMAT.fields] }),
  sameText: canonicalRecord,
  samples: [
    {
      name: 'an alert with a flow id beyond 2^53, a flow over IPv6',
      path: 'AWSLogs/111122223333/network-firewall/alert/eu-central-1/edge/2025/11/08/09/111122223333_network-firewall_alert_eu-central-1_edge_202511080900_0a1b2c3d.log.gz',
      text: `${ALERT_TEXT}\n${JSON.stringify(FLOW)}\n`,
      rows: [
        {
          time_us: 1_762_592_405_404_578,
          account_id: '111122223333',
          region: 'eu-central-1',
          event_timestamp_us: 1_762_592_406_000_000,
          flow_id: FLOW_ID,
          src_ip: '10.0.1.20',
          dst_ip: '198.51.100.66',
          action: 'outbound to 4444',
          target: 'c2.example.org:4444',
          outcome: 'failure',
          signature_id: 1001,
          ja3_fingerprint: 'e7d705a3286e19ea42f587b344ee6865',
        },
        {
          action: 'netflow',
          flow_id: '7',
          target: '[2001:db8::8]:50000',
          packets: 5,
          bytes: 420,
          flow_start_us: 1_762_592_400_000_001,
          flow_tcp_flags: '1b',
          outcome: null,
        },
      ],
    },
    {
      name: 'a key twice, no time, ports that are none, a number too long, something else, a cut record',
      path: 'x',
      text: [
        JSON.stringify(FLOW).replace('"pkts":5', '"pkts":4,"pkts":5'),
        JSON.stringify({
          ...FLOW,
          event_timestamp: 'x',
          event: { ...FLOW.event, timestamp: 1e30 },
        }),
        JSON.stringify({ ...FLOW, event: { ...FLOW.event, src_port: 'https' } }),
        JSON.stringify({ ...FLOW, event: { ...FLOW.event, dest_port: 70_000 } }),
        JSON.stringify(FLOW).replace('"bytes":420', `"bytes":${FLOW_ID}`),
        '{"firewall_name":"edge"}',
        JSON.stringify(FLOW).slice(0, 200),
      ].join('\n'),
      rows: [
        { packets: 5, account_id: null },
        { src_port: null },
        { dest_port: null, target: '[2001:db8::8]' },
        { bytes: BigInt(FLOW_ID) },
      ],
      rejects: ['bad_time', 'not_this_source', 'truncated'],
      anomalies: ['bad_value', 'big_number', 'duplicate_key'],
    },
  ],
  example: {
    question: 'Which machines set off which signatures?',
    sql: "SELECT src_ip, dest_ip, dest_port, signature, alert_action, count(*) AS alerts, min(time_us) AS first_us FROM network_firewall WHERE event_type = 'alert' GROUP BY src_ip, dest_ip, dest_port, signature, alert_action ORDER BY alerts DESC, src_ip, dest_ip, signature LIMIT 20",
  },
};
