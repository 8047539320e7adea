/** Route 53 Resolver query logs: one record for each DNS query of a VPC that its resolver did not answer from cache. */
import {
  address,
  anyTime,
  canonicalRecord,
  columnsOf,
  detectJson,
  json,
  type JsonFormat,
  jsonReader,
  port,
  text,
} from './_json.ts';
import { sortedJson } from '../core/json.ts';
import type { Source } from './source.ts';

const FORMAT: JsonFormat = {
  what: 'Resolver queries',
  marks: ['"query_timestamp"'],
  wrappers: [],
  is: (record) => 'query_name' in record && 'query_timestamp' in record,
  keys: [['query_name', 'query_timestamp']],
  time: (record) => anyTime(record['query_timestamp']),
  timeName: 'query_timestamp',
  // Nothing in a record names it.
  identity: sortedJson,
  fields: [
    text('account_id', 'account_id', 'Account that owns the VPC.'),
    text('region', 'region', 'Region of the VPC.'),
    text('log_version', 'version', 'version of the format.'),
    text('vpc_id', 'vpc_id', 'VPC the query came from.'),
    text('query_name', 'query_name', 'Name that was asked for, with its last dot.'),
    text('query_type', 'query_type', 'Type of the record that was asked for.'),
    text('query_class', 'query_class', 'Class of the query, IN.'),
    text(
      'rcode',
      'rcode',
      'DNS response code; empty or NULL where the query was blocked without an answer.',
    ),
    json(
      'answers',
      'answers',
      'answers as JSON: Rdata, Type and Class of each; a chain of CNAMEs is several answers.',
    ),
    address(text('srcaddr', 'srcaddr', 'Address the query came from.')),
    port('srcport', 'srcport', 'Port the query came from.'),
    text('transport', 'transport', 'UDP, TCP or DOH.'),
    text('instance_id', 'srcids.instance', 'srcids.instance: instance the query came from.'),
    text(
      'resolver_endpoint',
      'srcids.resolver_endpoint',
      'srcids.resolver_endpoint: inbound endpoint the query came through.',
    ),
    text(
      'resolver_network_interface',
      'srcids.resolver_network_interface',
      'srcids.resolver_network_interface: network interface of that endpoint.',
    ),
    text(
      'firewall_rule_group_id',
      'firewall_rule_group_id',
      'DNS Firewall rule group that matched.',
    ),
    text('firewall_rule_action', 'firewall_rule_action', 'ALERT or BLOCK.'),
    text(
      'firewall_domain_list_id',
      'firewall_domain_list_id',
      'DNS Firewall domain list that matched.',
    ),
    text(
      'firewall_protection',
      'firewall_protection',
      'Protection of DNS Firewall Advanced that matched: DGA, DNS_TUNNELING, ...',
    ),
    text(
      'firewall_threat_confidence',
      'firewall_threat_confidence',
      'Confidence of DNS Firewall Advanced: LOW, MEDIUM, HIGH.',
    ),
  ],
};

const QUERY = {
  version: '1.100000',
  account_id: '111122223333',
  region: 'eu-central-1',
  vpc_id: 'vpc-0a1b2c3d4e5f60718',
  query_timestamp: '2025-11-08T09:00:05Z',
  query_name: 'www.example.com.',
  query_type: 'A',
  query_class: 'IN',
  rcode: 'NOERROR',
  answers: [
    { Rdata: 'cdn.example.net.', Type: 'CNAME', Class: 'IN' },
    { Rdata: '203.0.113.9', Type: 'A', Class: 'IN' },
  ],
  srcaddr: '10.0.1.20',
  srcport: '56067',
  transport: 'UDP',
  srcids: { instance: 'i-0a1b2c3d4e5f60718' },
};

const BLOCKED = {
  ...QUERY,
  query_timestamp: '2025-11-08T09:00:06Z',
  query_name: 'c2.example.org.',
  rcode: '',
  answers: [],
  firewall_rule_group_id: 'rslvr-frg-0123456789abcdef',
  firewall_rule_action: 'BLOCK',
  firewall_domain_list_id: 'rslvr-fdl-0123456789abcdef',
};

export const route53_resolver: Source = {
  id: 'route53_resolver',
  title: 'Route 53 Resolver query logs',
  version: 3,
  clock: 'The resolver’s clock, UTC, to the second: when the query was made.',
  about: [
    'A record for each DNS query that instances and other resources of a VPC made, with the answers they got and what DNS Firewall made of it; delivered to S3, CloudWatch Logs or Firehose as JSON lines.',
    'The resolver logs only what it did not answer from its cache: a second query for a name within its time to live leaves no record. Times are those of the query, by the second. Queries to other resolvers (a public one, DNS over HTTPS) do not pass here. Nothing names a record, so equal records of one file are two queries, and equal records of different files copies.',
  ].join('\n\n'),
  references: [
    'Amazon Route 53 Developer Guide, "Resolver query logging", section "Values that appear in VPC Resolver query logs"',
    'Amazon Route 53 Developer Guide, "Resolver query log example"',
  ],
  columns: columnsOf('query_timestamp: when the query was made.', FORMAT.fields),
  common: {
    actor: 'coalesce(instance_id, resolver_endpoint, srcaddr)',
    action: 'query_type',
    target: 'query_name',
    src_ip: 'srcaddr',
    outcome:
      "CASE WHEN firewall_rule_action = 'BLOCK' THEN 'failure' WHEN rcode = 'NOERROR' THEN 'success' WHEN rcode <> '' THEN 'failure' END",
  },
  indexes: [['query_name'], ['srcaddr']],
  children: [
    {
      id: 'route53_resolver_answer',
      list: 'answers',
      items: 'array',
      about: 'The answers of a query, in their order; a chain of CNAMEs is several.',
      columns: [
        { name: 'rdata', type: 'TEXT', from: '$.Rdata', about: 'Rdata: address or name.' },
        { name: 'type', type: 'TEXT', from: '$.Type', about: 'Type of the record.' },
        { name: 'class', type: 'TEXT', from: '$.Class', about: 'Class of the record, IN.' },
      ],
      indexes: [['rdata']],
    },
  ],
  timeline: true,
  repeatsInFile: 'distinct',
  inside: true,
  detect: (head) => detectJson(head, FORMAT),
  reader: (head) => jsonReader(head, FORMAT),
  sameText: canonicalRecord,
  samples: [
    {
      name: 'a query with its answers, one that DNS Firewall blocked',
      path: 'AWSLogs/111122223333/vpcdnsquerylogs/vpc-0a1b2c3d4e5f60718/2025/11/08/vpc-0a1b2c3d4e5f60718_vpcdnsquerylogs_111122223333_20251108T0900Z_0a1b2c3d.log.gz',
      text: `${JSON.stringify(QUERY)}\n${JSON.stringify(BLOCKED)}\n`,
      rows: [
        {
          time_us: 1_762_592_405_000_000,
          account_id: '111122223333',
          region: 'eu-central-1',
          actor: 'i-0a1b2c3d4e5f60718',
          target: 'www.example.com.',
          src_ip: '10.0.1.20',
          srcport: 56_067,
          outcome: 'success',
          answers:
            '[{"Class":"IN","Rdata":"cdn.example.net.","Type":"CNAME"},{"Class":"IN","Rdata":"203.0.113.9","Type":"A"}]',
          firewall_rule_action: null,
        },
        { outcome: 'failure', answers: '[]', firewall_rule_action: 'BLOCK' },
      ],
      items: {
        route53_resolver_answer: [
          { parent_id: 1, position: 0, rdata: 'cdn.example.net.', type: 'CNAME', class: 'IN' },
          { parent_id: 1, position: 1, rdata: '203.0.113.9', type: 'A', class: 'IN' },
        ],
      },
    },
    {
      name: 'what other versions and DNS Firewall write: no code, no instance, an endpoint, DoH, a type without a name, an alert',
      path: 'dns.json',
      text: [
        { ...BLOCKED, version: '1.000000', rcode: undefined, answers: undefined },
        {
          ...QUERY,
          transport: 'DOH',
          query_type: 'TYPE65',
          srcids: {
            resolver_endpoint: 'rslvr-in-0123456789abcdef',
            resolver_network_interface: 'rni-0123456789abcdef',
          },
          answers: [{ Rdata: '2001:db8::9', Type: 'AAAA', Class: 'IN' }],
        },
        {
          ...QUERY,
          srcids: {},
          firewall_rule_action: 'ALERT',
          firewall_protection: 'DGA',
          firewall_threat_confidence: 'HIGH',
          rcode: 'NXDOMAIN',
          answers: [],
        },
        // As tools that rewrote it leave it.
        {
          ...QUERY,
          query_timestamp: '2025-11-08 09:00:05',
          srcport: 56_067,
          answers: { Rdata: '203.0.113.9', Type: 'A', Class: 'IN' },
        },
      ]
        .map((record) => JSON.stringify(record))
        .join(''),
      rows: [
        { log_version: '1.000000', rcode: null, answers: null, outcome: 'failure' },
        {
          transport: 'DOH',
          query_type: 'TYPE65',
          actor: 'rslvr-in-0123456789abcdef',
          resolver_network_interface: 'rni-0123456789abcdef',
        },
        {
          actor: '10.0.1.20',
          outcome: 'failure',
          firewall_rule_action: 'ALERT',
          firewall_protection: 'DGA',
          firewall_threat_confidence: 'HIGH',
        },
        { time_us: 1_762_592_405_000_000, srcport: 56_067, outcome: 'success' },
      ],
      items: {
        route53_resolver_answer: [
          { parent_id: 2, position: 0, rdata: '2001:db8::9', type: 'AAAA', class: 'IN' },
        ],
      },
    },
    {
      name: 'the same query twice, ports that are none, no time, something else, a cut record',
      path: 'dns.json',
      text: [
        QUERY,
        QUERY,
        { ...QUERY, srcport: 'dns' },
        { ...QUERY, srcport: '70000' },
        { ...QUERY, query_timestamp: '2025-02-31T00:00:00Z' },
        { hello: 'world' },
      ]
        .map((record) => JSON.stringify(record))
        .concat(JSON.stringify(QUERY).slice(0, 90))
        .join('\n'),
      rows: [{ srcport: 56_067 }, { srcport: 56_067 }, { srcport: null }, { srcport: null }],
      rejects: ['bad_time', 'not_this_source', 'truncated'],
      anomalies: ['bad_value'],
    },
  ],
  example: {
    question: 'Which instance asked for names that DNS Firewall matched?',
    sql: 'SELECT instance_id, srcaddr, query_name, firewall_rule_action, count(*) AS queries, min(time_us) AS first_us FROM route53_resolver WHERE firewall_rule_action IS NOT NULL GROUP BY instance_id, srcaddr, query_name, firewall_rule_action ORDER BY queries DESC, query_name, srcaddr LIMIT 20',
  },
};
