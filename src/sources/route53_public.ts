/** Route 53 public DNS query logs: one line for each query that Route 53 answered for a public hosted zone. */
import { isAddress } from '../core/address.ts';
import { detectLines, isoTime, lineReader, orNull } from './_lines.ts';
import type { Column, RowOut, Source, Value } from './source.ts';

function text(name: string, about: string): Column {
  return { name, type: 'TEXT', about };
}

const COLUMNS: readonly Column[] = [
  {
    name: 'time_us',
    type: 'INTEGER',
    unit: 'us',
    about: 'When Route 53 answered, by the millisecond.',
  },
  text('log_version', 'Version of the format, 1.0.'),
  text('hosted_zone_id', 'Hosted zone.'),
  text(
    'query_name',
    'Name that was asked for, without the last dot; other characters than letters, digits, hyphens and underscores as octal escapes, such as \\052 for *.',
  ),
  text('query_type', 'Type of the record that was asked for.'),
  text('rcode', 'DNS response code: NOERROR, NXDOMAIN, SERVFAIL, REFUSED, ...'),
  text('transport', 'UDP or TCP.'),
  text('edge_location', 'Route 53 edge location, such as FRA6.'),
  text('resolver_ip', 'Address of the DNS resolver that asked, which is not the client.'),
  text('edns_client_subnet', 'Part of the client’s address, where the resolver passes it on.'),
];

const FIELDS = 10;
const RESOLVER = 8;
/** `1.0`, a time, a hosted zone. */
const LINE = /^1\.0 \d{4}-\d\d-\d\dT[\d:.]+Z Z[0-9A-Z]+ \S+ \S+ \S+ (?:UDP|TCP) /;

function map(line: string, out: RowOut): readonly Value[] | undefined {
  // A name may hold any byte that is no space: a quote in it opens nothing.
  const fields = line.trimEnd().split(' ');
  if (fields.length < FIELDS) {
    out.reject('bad_fields', `the line does not have ${String(FIELDS)} fields`);
    return undefined;
  }
  const timeUs = isoTime(fields[1]);
  if (timeUs === undefined) {
    out.reject('bad_time', 'the time of the line is not a time');
    return undefined;
  }
  if (fields.length > FIELDS) {
    out.anomaly('extra_fields', `${String(fields.length - FIELDS)} more fields than are known`);
  }
  const resolver = fields[RESOLVER] ?? '-';
  if (resolver !== '-' && !isAddress(resolver)) {
    out.reject('bad_fields', 'the resolver is not an address');
    return undefined;
  }
  const values: Value[] = [timeUs, orNull(fields[0])];
  for (let index = 2; index < FIELDS; index++) values.push(orNull(fields[index]));
  return values;
}

const LINE_1 =
  '1.0 2025-11-08T09:00:05.130Z Z0123456789ABCDEFGHIJ shop.example.com A NOERROR UDP FRA6 198.51.100.53 198.51.100.0/24';

export const route53_public: Source = {
  id: 'route53_public',
  title: 'Route 53 public DNS query logs',
  version: 3,
  clock: 'The edge location’s clock, UTC, to the millisecond.',
  about: [
    'A line for each DNS query that Route 53 answered for a public hosted zone, which it writes to CloudWatch Logs in us-east-1. Answers are not logged.',
    'The address is that of a resolver, not of the client behind it, and what a resolver answers from its cache is not seen here at all: counts say little, absence says nothing. The same line twice in a file is two queries.',
  ].join('\n\n'),
  references: [
    'Amazon Route 53 Developer Guide, "Public DNS query logging", section "Values that appear in DNS query logs"',
    'Amazon Route 53 Developer Guide, "Public DNS query logging", section "Query log example"',
  ],
  columns: COLUMNS,
  common: {
    actor: 'resolver_ip',
    action: 'query_type',
    target: 'query_name',
    src_ip: 'resolver_ip',
    outcome: "CASE WHEN rcode = 'NOERROR' THEN 'success' WHEN rcode IS NOT NULL THEN 'failure' END",
  },
  indexes: [['query_name']],
  timeline: true,
  repeatsInFile: 'distinct',
  inside: true,
  detect: (head) => detectLines(head, 'DNS query log lines', (line) => LINE.test(line)),
  reader: () => lineReader(map),
  samples: [
    {
      name: 'an answer, a name that is not there, over IPv6 and TCP, a field from the future',
      path: 'zone.log',
      text: `${LINE_1}\n1.0 2025-11-08T09:00:06Z Z0123456789ABCDEFGHIJ dev.example.com AAAA NXDOMAIN TCP AMS1-C1 2001:db8::53 -\n${LINE_1} new\n`,
      rows: [
        {
          time_us: 1_762_592_405_130_000,
          log_version: '1.0',
          hosted_zone_id: 'Z0123456789ABCDEFGHIJ',
          target: 'shop.example.com',
          action: 'A',
          rcode: 'NOERROR',
          outcome: 'success',
          edge_location: 'FRA6',
          src_ip: '198.51.100.53',
          edns_client_subnet: '198.51.100.0/24',
        },
        {
          time_us: 1_762_592_406_000_000,
          transport: 'TCP',
          outcome: 'failure',
          resolver_ip: '2001:db8::53',
          edns_client_subnet: null,
        },
        { query_name: 'shop.example.com' },
      ],
      anomalies: ['extra_fields'],
    },
    {
      name: 'names with escapes and with quotes, a type without a name, a code of refusal, a subnet of IPv6',
      path: 'zone.log',
      text: [
        LINE_1.replace('shop.', '\\052.'),
        LINE_1.replace('shop.', '"shop'),
        LINE_1.replace(' A NOERROR', ' TYPE65 REFUSED').replace('198.51.100.0/24', '2001:db8::/48'),
      ].join('\r\n'),
      rows: [
        { target: '\\052.example.com' },
        { target: '"shopexample.com' },
        {
          action: 'TYPE65',
          rcode: 'REFUSED',
          outcome: 'failure',
          edns_client_subnet: '2001:db8::/48',
        },
      ],
    },
    {
      name: 'broken lines',
      path: 'zone.log',
      text: `${LINE_1}\n${LINE_1.slice(0, 60)}\n${LINE_1.replace('11-08', '02-31')}\n${LINE_1.replace('100.53', '100.530')}\n${LINE_1}\n`,
      rows: [{ rcode: 'NOERROR' }, { rcode: 'NOERROR' }],
      rejects: ['bad_fields', 'bad_time', 'bad_fields'],
    },
  ],
  example: {
    question: 'Which names that do not exist were asked for most?',
    sql: "SELECT query_name, count(*) AS queries, count(DISTINCT resolver_ip) AS resolvers FROM route53_public WHERE rcode = 'NXDOMAIN' GROUP BY query_name ORDER BY queries DESC, query_name LIMIT 20",
  },
};
