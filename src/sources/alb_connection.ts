/** Connection logs of Application Load Balancers: one line for each connection that a client tried to open. */
import { formReader, integer, OWNER_COLUMNS, ownerOf, text } from './_elb.ts';
import { detectFields, fieldsReader, jsonNames } from './_elb_json.ts';
import { Forms } from './_forms.ts';
import { addressText, decimalUs, detectLines, isoTime, orNull, portField } from './_lines.ts';
import type { Column, Head, RecordReader, RowOut, Source, Value } from './source.ts';

const COLUMNS: readonly Column[] = [
  integer('time_us', 'us', 'timestamp: when the connection was established, or failed to be.'),
  ...OWNER_COLUMNS,
  text('client_ip', 'Address of the client.'),
  integer('client_port', 'port', 'Port of the client.'),
  integer('listener_port', 'port', 'Port of the listener.'),
  text('tls_protocol', 'TLS version; NULL without TLS.'),
  text('tls_cipher', 'TLS cipher suite; NULL without TLS.'),
  integer('tls_handshake_latency_us', 'us', 'tls_handshake_latency; NULL if the handshake failed.'),
  text('leaf_client_cert_subject', 'Subject of the client’s certificate.'),
  text('leaf_client_cert_validity', 'NotBefore=...;NotAfter=... of the client’s certificate.'),
  text('leaf_client_cert_serial_number', 'Serial number of the client’s certificate.'),
  text('tls_verify_status', 'Success, or Failed: and why.'),
  text('conn_trace_id', 'Joins conn_trace_id of alb_access.'),
  text('tls_keyexchange', 'Key exchange.'),
  text('elb', 'Load balancer, app/name/id.'),
  text('ip_address', 'Address of the load balancer’s node.'),
];

/** The first form ended with the id of the connection; then came key exchange, load balancer and node. */
const FORMS = [12, 15];
/** Place of the address of the node. */
const NODE = 14;
const LINE =
  /^\d{4}-\d\d-\d\dT[\d:.]+Z [\da-fA-F.:]+ \d+ \d+ (?:TLS\S+|-) \S+ (?:-|\d+(?:\.\d+)?) /;

/** Names of the fields where CloudWatch Logs delivers them as JSON. */
const JSON_NAMES = jsonNames(
  'timestamp|time client_ip client_port listener_port tls_protocol tls_cipher tls_handshake_latency leaf_client_cert_subject leaf_client_cert_validity leaf_client_cert_serial_number tls_verify_status conn_trace_id tls_keyexchange elb ip_address',
);
const JSON_TELLING = ['listener_port', 'tls_handshake_latency', 'tls_verify_status'];

function reader(head: Head, shape: string): RecordReader {
  const owner = ownerOf(head);
  const map = (fields: readonly string[], timeUs: number, out: RowOut): readonly Value[] => {
    return [
      timeUs,
      owner.account,
      owner.region,
      addressText(fields[1], 'client_ip', out),
      portField(fields[2], 'the client', out),
      portField(fields[3], 'the listener', out),
      orNull(fields[4]),
      orNull(fields[5]),
      decimalUs(fields[6], 'tls_handshake_latency', out),
      ...fields.slice(7, NODE).map(orNull),
      ...new Array<null>(Math.max(0, NODE - fields.length)).fill(null),
      addressText(fields[NODE], 'ip_address', out),
    ];
  };
  if (shape !== 'json') return formReader(new Forms(FORMS), 0, map);
  return fieldsReader(JSON_NAMES, JSON_TELLING, (fields, out) => {
    const timeUs = isoTime(fields[0]);
    if (timeUs !== undefined && timeUs >= 0) return map(fields, timeUs, out);
    out.reject('bad_time', 'the time of the record is not a time after 1970');
    return undefined;
  });
}

const LINE_1 =
  '2025-11-08T09:00:05.173721Z 198.51.100.7 51514 443 TLSv1.3 TLS_AES_128_GCM_SHA256 0.011 "CN=pos 7,O=Example" NotBefore=2025-01-01T00:00:00Z;NotAfter=2026-01-01T00:00:00Z 0A1B2C Success TID_1234abcd5678ef90';

export const alb_connection: Source = {
  id: 'alb_connection',
  title: 'Application Load Balancer connection logs',
  version: 2,
  clock:
    'The load balancer’s clock, UTC, to the microsecond: when the connection was made or failed.',
  about: [
    'An Application Load Balancer with connection logs writes a line for each connection of a client, with the TLS handshake and the certificate that the client showed, also where the handshake failed and no request ever came.',
    'Delivery is on a best-effort basis: a missing line proves nothing. A line has the 12 or 15 fields of a documented form; those behind the 15th stay in the raw text, any other count is a reject. A line of an older form than one before it in the file is kept and noted: it may have been cut. conn_trace_id leads to the requests of a connection in alb_access. Delivered through CloudWatch Logs the fields are members of JSON, which is read too.',
  ].join('\n\n'),
  references: [
    'Elastic Load Balancing, User Guide for Application Load Balancers, "Connection logs for your Application Load Balancer", section "Connection log entries"',
  ],
  columns: COLUMNS,
  common: {
    actor: 'coalesce(leaf_client_cert_subject, client_ip)',
    target: "coalesce(elb, '') || ':' || listener_port",
    src_ip: 'client_ip',
    dst_ip: 'ip_address',
    action:
      "CASE WHEN tls_protocol IS NOT NULL OR tls_verify_status IS NOT NULL THEN 'TLS handshake' ELSE 'connection' END",
    // Without certificates of clients only the latency says that a handshake came to its end.
    outcome:
      "CASE WHEN tls_verify_status LIKE 'Failed%' THEN 'failure' WHEN tls_verify_status = 'Success' OR tls_handshake_latency_us IS NOT NULL THEN 'success' WHEN tls_protocol IS NOT NULL THEN 'failure' END",
  },
  indexes: [['client_ip'], ['conn_trace_id']],
  timeline: true,
  repeatsInFile: 'distinct',
  detect: (head) =>
    detectLines(head, 'ALB connection log lines', (line) => LINE.test(line)) ??
    detectFields(head, 'ALB connection log records', JSON_TELLING),
  reader,
  samples: [
    {
      name: 'a client with a certificate, one whose certificate failed, one with today’s fields and more',
      path: 'AWSLogs/111122223333/elasticloadbalancing/eu-central-1/2025/11/08/conn_log.111122223333_elasticloadbalancing_eu-central-1_app.shop.50dc6c495c0c9188_20251108T0905Z_203.0.113.1_0a1b2c3d.log.gz',
      text: `${LINE_1}\n2025-11-08T09:00:06Z 2001:db8::7 40000 443 - - - "-" - - Failed:UnmappedConnectionError TID_2234abcd5678ef90\n${LINE_1} x25519 app/shop/50dc6c495c0c9188 203.0.113.1 new\n`,
      rows: [
        {
          time_us: 1_762_592_405_173_721,
          account_id: '111122223333',
          actor: 'CN=pos 7,O=Example',
          src_ip: '198.51.100.7',
          client_port: 51_514,
          listener_port: 443,
          tls_handshake_latency_us: 11_000,
          outcome: 'success',
          action: 'TLS handshake',
          conn_trace_id: 'TID_1234abcd5678ef90',
          elb: null,
        },
        { actor: '2001:db8::7', outcome: 'failure', leaf_client_cert_subject: null },
        { elb: 'app/shop/50dc6c495c0c9188', dst_ip: '203.0.113.1' },
      ],
      anomalies: ['extra_fields'],
    },
    {
      name: 'as JSON, one without a time, something else, a cut record',
      path: 'x',
      text: [
        {
          timestamp: '2025-11-08T09:00:05.173721Z',
          client_ip: '198.51.100.7',
          client_port: 51_514,
          listener_port: '443',
          tls_handshake_latency: 0.011,
          tls_verify_status: 'Success',
          leaf_client_cert_subject: 'CN=pos 7',
          elb: 'app/shop/50dc6c495c0c9188',
        },
        { listener_port: 1, tls_handshake_latency: 1, tls_verify_status: 'x' },
        { a: 1 },
        { listener_port: 1, tls_handshake_latency: 1, tls_verify_status: 'x' },
      ]
        .map((one) => JSON.stringify(one))
        .join('\n')
        .slice(0, -20),
      rows: [
        {
          time_us: 1_762_592_405_173_721,
          actor: 'CN=pos 7',
          listener_port: 443,
          tls_handshake_latency_us: 11_000,
          elb: 'app/shop/50dc6c495c0c9188',
          tls_protocol: null,
        },
      ],
      rejects: ['bad_time', 'not_this_source', 'truncated'],
    },
    {
      name: 'broken lines',
      path: 'x.log',
      text: [
        LINE_1,
        LINE_1.slice(0, 100),
        LINE_1.slice(0, LINE_1.lastIndexOf(' ')),
        `${LINE_1} x25519`,
        LINE_1.replace('09:00', '09:60'),
        LINE_1.replace(' 443 ', ' 70000 '),
        LINE_1.replace('198.51.100.7', '999.1.2.3'),
        LINE_1.replace(' 0.011 ', ' slow '),
        LINE_1,
      ].join('\n'),
      rows: [{}, { tls_keyexchange: null }],
      rejects: [
        'bad_fields',
        'bad_fields',
        'bad_fields',
        'bad_time',
        'bad_fields',
        'bad_fields',
        'bad_fields',
      ],
    },
  ],
  example: {
    question: 'Whose TLS handshakes failed, and why?',
    sql: "SELECT client_ip, tls_verify_status, count(*) AS connections FROM alb_connection WHERE tls_verify_status LIKE 'Failed%' GROUP BY client_ip, tls_verify_status ORDER BY connections DESC, client_ip, tls_verify_status LIMIT 20",
  },
};
