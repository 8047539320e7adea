/** Access logs of Network Load Balancers: one line for each TLS connection, written when it ends. */
import {
  formReader,
  integer,
  OWNER_COLUMNS,
  ownerBytes,
  ownerOf,
  text,
  timeField,
} from './_elb.ts';
import { type Fields, withFields } from './_fields.ts';
import { Forms } from './_forms.ts';
import { addressField, detectLines, integerField, orNull } from './_lines.ts';
import type { Column, Head, RecordReader, RowOut, Source, Value } from './source.ts';

const COLUMNS: readonly Column[] = [
  integer('time_us', 'us', 'time: end of the connection, by the second.'),
  ...OWNER_COLUMNS,
  text('type', 'tls.'),
  text('log_version', 'Version of the format, 2.0.'),
  text('elb', 'Load balancer, net/name/id.'),
  text('listener', 'Listener.'),
  text('client_ip', 'Address of the client.'),
  integer('client_port', 'port', 'Port of the client.'),
  text(
    'destination_ip',
    'Address that the client connected to: the load balancer, or its VPC endpoint.',
  ),
  integer('destination_port', 'port', 'Port that the client connected to.'),
  integer('connection_time', 'ms', 'Length of the connection.'),
  integer('tls_handshake_time', 'ms', 'Length of the TLS handshake; NULL if it was not completed.'),
  integer('received_bytes', 'bytes', 'Bytes from the client, after decryption.'),
  integer('sent_bytes', 'bytes', 'Bytes to the client, before encryption.'),
  text('incoming_tls_alert', 'TLS alert that the client sent, hexadecimal.'),
  text('chosen_cert_arn', 'Certificate that was shown; NULL if no valid client hello came.'),
  text('chosen_cert_serial', 'Reserved.'),
  text('tls_cipher', 'TLS cipher suite.'),
  text('tls_protocol_version', 'TLS version, such as tlsv12.'),
  text('tls_named_group', 'Key exchange.'),
  text('domain_name', 'Name that the client asked for in TLS (SNI), URL-encoded.'),
  text('alpn_fe_protocol', 'Protocol agreed with the client.'),
  text('alpn_be_protocol', 'Protocol agreed with the target.'),
  text('alpn_client_preference_list', 'Protocols the client offered, with commas.'),
  integer(
    'tls_connection_creation_time_us',
    'us',
    'tls_connection_creation_time: start of the connection.',
  ),
];

/** The first form ended with the domain name; then came the three fields of ALPN, then the time of the connection. */
const FORMS = [18, 21, 22];
const FIELDS = 22;
const LINE = /^tls \d\.\d \d{4}-\d\d-\d\dT[\d:.]+Z? \S+ \S+ \S+:\d+ \S+:\d+ /;

function reader(head: Head): RecordReader {
  const owner = ownerOf(head);
  const given = ownerBytes(owner);
  const forms = new Forms(FORMS);
  const lines = formReader(forms, 2, (fields, timeUs, out) => map(fields, timeUs, owner, out));
  return withFields(lines, COLUMNS.length, (fields, out) => take(fields, given, forms, out));
}

const NAMES = COLUMNS.map(({ name }) => name);
/** Places of values in a row. */
const AT = {
  account: NAMES.indexOf('account_id'),
  region: NAMES.indexOf('region'),
  type: NAMES.indexOf('type'),
  elb: NAMES.indexOf('elb'),
  client: NAMES.indexOf('client_ip'),
  destination: NAMES.indexOf('destination_ip'),
  counts: NAMES.indexOf('connection_time'),
  alert: NAMES.indexOf('incoming_tls_alert'),
  created: NAMES.indexOf('tls_connection_creation_time_us'),
};

/** The quick way: puts the fields of a usual line into the row. */
function take(
  fields: Fields,
  given: ReturnType<typeof ownerBytes>,
  forms: Forms,
  out: RowOut,
): boolean {
  const { count, row } = fields;
  if (!forms.usual(count) || !fields.isoTime(2, 0)) return false;
  if (given.account !== undefined) row.setConstant(AT.account, given.account);
  if (given.region !== undefined) row.setConstant(AT.region, given.region);
  fields.texts(0, 2, AT.type);
  fields.texts(3, 5, AT.elb);
  if (!fields.endpoint(5, AT.client, AT.client + 1)) return false;
  if (!fields.endpoint(6, AT.destination, AT.destination + 1)) return false;
  for (let index = 0; index < 4; index++) {
    if (!fields.integer(7 + index, AT.counts + index)) return false;
  }
  fields.texts(11, 21, AT.alert);
  if (count === FIELDS && !fields.isDash(21) && !fields.isoTime(21, AT.created)) return false;
  forms.seen(count, out);
  return true;
}

function map(
  fields: readonly string[],
  timeUs: number,
  owner: ReturnType<typeof ownerOf>,
  out: RowOut,
): readonly Value[] {
  const client = addressField(fields[5], 'client:port', out);
  const destination = addressField(fields[6], 'destination:port', out);
  const createdUs = timeField(fields[21], 'tls_connection_creation_time', out);
  return [
    timeUs,
    owner.account,
    owner.region,
    orNull(fields[0]),
    orNull(fields[1]),
    orNull(fields[3]),
    orNull(fields[4]),
    client.address,
    client.port,
    destination.address,
    destination.port,
    integerField(fields[7], 'connection_time', out),
    integerField(fields[8], 'tls_handshake_time', out),
    integerField(fields[9], 'received_bytes', out),
    integerField(fields[10], 'sent_bytes', out),
    orNull(fields[11]),
    orNull(fields[12]),
    orNull(fields[13]),
    orNull(fields[14]),
    orNull(fields[15]),
    orNull(fields[16]),
    orNull(fields[17]),
    orNull(fields[18]),
    orNull(fields[19]),
    // `"h2","http/1.1"` is one field.
    orNull(fields[20]?.replaceAll('"', '')),
    createdUs,
  ];
}

const LINE_1 =
  'tls 2.0 2025-11-08T09:00:05 net/edge/c6e77e28c25b2234 g3d4b5e8bb8464cd 198.51.100.7:51341 10.0.1.9:443 5000 2 98 246 - arn:aws:acm:eu-central-1:111122223333:certificate/2a108f19-aded-46b0-8493-c63eb1ef4a99 - ECDHE-RSA-AES128-SHA tlsv12 - api.example.com h2 h2 "h2","http/1.1" 2025-11-08T09:00:00';

export const nlb_access: Source = {
  id: 'nlb_access',
  title: 'Network Load Balancer access logs',
  version: 3,
  clock:
    'The load balancer’s clock, to the second; the log names no zone, UTC is assumed as documented.',
  about: [
    'A Network Load Balancer writes a line for each TLS connection to a TLS listener, when the connection ends. Connections of plain TCP and UDP listeners leave no line here: VPC flow logs have them.',
    'Times carry no zone in the file and are UTC. Delivery is on a best-effort basis: a missing line proves nothing. A line has the 18, 21 or 22 fields of a documented form; those behind the 22nd stay in the raw text, any other count is a reject. A line of an older form than one before it in the file is kept and noted: it may have been cut.',
  ].join('\n\n'),
  references: [
    'Elastic Load Balancing, User Guide for Network Load Balancers, "Access logs for your Network Load Balancer", section "Access log entries"',
  ],
  columns: COLUMNS,
  common: {
    actor: 'client_ip',
    action: 'type',
    target: 'coalesce(domain_name, elb)',
    src_ip: 'client_ip',
    dst_ip: 'destination_ip',
    outcome: "CASE WHEN tls_handshake_time IS NULL THEN 'failure' ELSE 'success' END",
  },
  indexes: [['client_ip']],
  timeline: true,
  repeatsInFile: 'distinct',
  detect: (head) => detectLines(head, 'NLB access log lines', (line) => LINE.test(line)),
  reader,
  samples: [
    {
      name: 'a connection, one whose handshake failed, a field from the future',
      path: 'AWSLogs/111122223333/elasticloadbalancing/eu-central-1/2025/11/08/111122223333_elasticloadbalancing_eu-central-1_net.edge.c6e77e28c25b2234_20251108T0905Z_0a1b2c3d.log.gz',
      text: `${LINE_1}\ntls 2.0 2025-11-08T09:00:06 net/edge/c6e77e28c25b2234 g3d4b5e8bb8464cd [2001:db8::7]:51342 10.0.1.9:443 12 - 0 0 28 - - - - - - - - - 2025-11-08T09:00:06\n${LINE_1} new\n`,
      rows: [
        {
          time_us: 1_762_592_405_000_000,
          account_id: '111122223333',
          region: 'eu-central-1',
          action: 'tls',
          src_ip: '198.51.100.7',
          destination_port: 443,
          connection_time: 5000,
          domain_name: 'api.example.com',
          alpn_client_preference_list: 'h2,http/1.1',
          tls_connection_creation_time_us: 1_762_592_400_000_000,
          outcome: 'success',
        },
        {
          client_ip: '2001:db8::7',
          incoming_tls_alert: '28',
          tls_cipher: null,
          outcome: 'failure',
        },
        {},
      ],
      anomalies: ['extra_fields'],
    },
    {
      name: 'broken lines',
      path: 'x.log',
      text: [
        LINE_1,
        LINE_1.slice(0, 120),
        LINE_1.slice(0, LINE_1.indexOf(' h2 "h2"')),
        LINE_1.replace('2.0 2025-11', '2.0 2025-13'),
        LINE_1.replace(' 5000 ', ' long '),
        LINE_1.replace('T09:00:00', 'T09:00:xx'),
        LINE_1.replace(':51341', ':70000'),
        LINE_1,
      ].join('\n'),
      rows: [{}, {}],
      rejects: ['bad_fields', 'bad_fields', 'bad_time', 'bad_fields', 'bad_fields', 'bad_fields'],
    },
  ],
  example: {
    question: 'Which clients failed the TLS handshake most often?',
    sql: 'SELECT client_ip, incoming_tls_alert, count(*) AS connections FROM nlb_access WHERE tls_handshake_time IS NULL GROUP BY client_ip, incoming_tls_alert ORDER BY connections DESC, client_ip, incoming_tls_alert LIMIT 20',
  },
};
