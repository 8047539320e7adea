/** Transit gateway flow logs, text or Parquet: one row for each flow between attachments in a window. */
import {
  addressField,
  flowColumns,
  FLOW_PATH,
  type FlowField,
  type FlowLog,
  flowReader,
  mayBeHeader,
  MOST_OCTET,
  MOST_PORT,
  numberField,
  secondsField,
  textField,
  wordField,
} from './_flow.ts';
import { detectRows, rowReader, ROWS } from './_flow_rows.ts';
import { firstLines } from './_lines.ts';
import type { Detection, Head, Source } from './source.ts';

const FIELDS: readonly FlowField[] = [
  numberField('version', 'number', 'Version of the format, 6.'),
  wordField(
    'resource-type',
    ['TransitGateway', 'TransitGatewayAttachment'],
    'TransitGateway or TransitGatewayAttachment.',
  ),
  textField(
    'account-id',
    'Account that owns the transit gateway. From the path where the format lacks the field.',
  ),
  textField('tgw-id', 'Transit gateway.'),
  textField('tgw-attachment-id', 'Attachment the traffic came through.'),
  textField('tgw-src-vpc-account-id', 'Account of the source VPC.'),
  textField('tgw-dst-vpc-account-id', 'Account of the destination VPC.'),
  textField('tgw-src-vpc-id', 'Source VPC.'),
  textField('tgw-dst-vpc-id', 'Destination VPC.'),
  textField('tgw-src-subnet-id', 'Subnet of the source.'),
  textField('tgw-dst-subnet-id', 'Subnet of the destination.'),
  textField('tgw-src-eni', 'Network interface of the attachment on the side of the source.'),
  textField('tgw-dst-eni', 'Network interface of the attachment on the side of the destination.'),
  textField('tgw-src-az-id', 'Availability zone of the source.'),
  textField('tgw-dst-az-id', 'Availability zone of the destination.'),
  textField('tgw-pair-attachment-id', 'The other attachment, by the direction of the flow.'),
  addressField('srcaddr', 'Source address.'),
  addressField('dstaddr', 'Destination address.'),
  numberField('srcport', 'port', 'Source port.', MOST_PORT),
  numberField('dstport', 'port', 'Destination port.', MOST_PORT),
  numberField('protocol', 'IANA number', 'IP protocol: 1 ICMP, 6 TCP, 17 UDP.', MOST_OCTET),
  numberField('packets', 'packets', 'Packets in the window.'),
  numberField('bytes', 'bytes', 'Bytes in the window.'),
  secondsField('start', 'Start of the window, seconds since 1970 UTC.'),
  secondsField('end', 'End of the window, seconds since 1970 UTC.'),
  wordField(
    'log-status',
    ['OK', 'NODATA', 'SKIPDATA'],
    'OK; NODATA: no traffic in the window; SKIPDATA: records were skipped, a gap.',
  ),
  textField('type', 'IPv4, IPv6 or EFA.'),
  numberField('packets-lost-no-route', 'packets', 'Packets lost because no route was there.'),
  numberField('packets-lost-blackhole', 'packets', 'Packets lost to a blackhole route.'),
  numberField('packets-lost-mtu-exceeded', 'packets', 'Packets lost because they were too large.'),
  numberField(
    'packets-lost-ttl-expired',
    'packets',
    'Packets lost because their time to live ended.',
  ),
  numberField(
    'tcp-flags',
    'bit mask',
    'TCP flags or-ed over the window: FIN 1, SYN 2, RST 4, SYN-ACK 18.',
    MOST_OCTET,
  ),
  textField(
    'region',
    'Region of the transit gateway. From the path where the format lacks the field.',
  ),
  textField('flow-direction', 'ingress or egress, as the attachment sees it.'),
  textField('pkt-src-aws-service', 'AWS service whose address range holds srcaddr.'),
  textField('pkt-dst-aws-service', 'AWS service whose address range holds dstaddr.'),
];

const NAMES = FIELDS.map(({ name }) => name);

/** A row of the format of all fields. */
const ROW = /^6 (?:TransitGateway|TransitGatewayAttachment) (?:\d{12}|-) tgw-\S+ /;

/** Names in a header line; undefined if the line is none of a transit gateway. */
function headerFields(line: string): readonly string[] | undefined {
  if (!mayBeHeader(line)) return undefined;
  const names = line.trimEnd().split(/ +/);
  const known = names.filter((name) => NAMES.includes(name)).length;
  return known * 2 > names.length && names.some((name) => name.startsWith('tgw-'))
    ? names
    : undefined;
}

function detect(head: Head): Detection | undefined {
  const ofRows = detectRows(head, FIELDS, true);
  if (ofRows !== undefined) return ofRows;
  const lines = firstLines(head);
  const names = headerFields(lines[0] ?? '');
  if (names !== undefined) {
    const reason = `a header line with ${String(names.length)} transit gateway flow log fields`;
    return { confidence: 90, reason, shape: 'header' };
  }
  const rows = lines.filter((line) => ROW.test(line)).length;
  return rows * 2 > lines.length
    ? {
        confidence: 80,
        reason: `${String(rows)} of the first ${String(lines.length)} lines have the format of all fields`,
        shape: 'default',
      }
    : undefined;
}

const LOG: FlowLog = {
  fields: FIELDS,
  columns: flowColumns(FIELDS),
  defaults: NAMES,
  header: headerFields,
  path: FLOW_PATH,
};

const HEADER = NAMES.join(' ');
const ROW_1 =
  '6 TransitGateway 111122223333 tgw-0a1b2c3d4e5f60718 tgw-attach-0a1b2c3d4e5f60718 111122223333 444455556666 vpc-0a1b2c3d4e5f60718 vpc-0b1b2c3d4e5f60718 subnet-0a1b2c3d4e5f60718 subnet-0b1b2c3d4e5f60718 eni-0a1b2c3d4e5f60718 eni-0b1b2c3d4e5f60718 euc1-az1 euc1-az2 tgw-attach-0b1b2c3d4e5f60718 10.0.1.20 10.1.1.5 40000 5432 6 10 4200 1762592400 1762592460 OK IPv4 1 0 0 0 2 eu-central-1 egress - -';

export const tgw_flow: Source = {
  id: 'tgw_flow',
  title: 'Transit gateway flow logs',
  version: 3,
  clock:
    'The gateway’s clock, UTC, to the second: start of the window of aggregation, which may be off by a minute.',
  about: [
    'Flow logs of transit gateways and their attachments, as text or Parquet: flows between VPCs, VPNs and peers, with packets that were lost and why. The header line names the fields; without one, the format of all fields is assumed.',
    'There is no ACCEPT or REJECT: a transit gateway routes, it does not filter. Rows with log_status NODATA and SKIPDATA are kept. Times are those of a window. An identical row of the same file is a second flow, not a copy. In Parquet files the columns are named as the fields, with `_` for `-`.',
  ].join('\n\n'),
  references: [
    'Amazon VPC Transit Gateways guide, "Transit Gateway Flow Log records", section "Available fields"',
  ],
  columns: LOG.columns,
  common: {
    actor: 'coalesce(tgw_src_eni, tgw_attachment_id)',
    target:
      "CASE WHEN dstaddr GLOB '*:*' THEN '[' || dstaddr || ']:' || dstport ELSE dstaddr || ':' || dstport END",
    src_ip: 'srcaddr',
    dst_ip: 'dstaddr',
    outcome:
      "CASE WHEN packets_lost_no_route + packets_lost_blackhole + packets_lost_mtu_exceeded + packets_lost_ttl_expired >= packets THEN 'failure' WHEN packets > 0 THEN 'success' END",
  },
  indexes: [['srcaddr'], ['dstaddr']],
  timeline: true,
  repeatsInFile: 'distinct',
  inside: true,
  detect,
  reader: (head, shape) => (shape === ROWS ? rowReader(LOG, head) : flowReader(LOG, head)),
  samples: [
    {
      name: 'all fields under a header',
      path: 'x.log.gz',
      text: `${HEADER}\n${ROW_1}\n${ROW_1.replace(' 10 4200 ', ' 1 42 ')}\n`,
      rows: [
        {
          time_us: 1_762_592_400_000_000,
          account_id: '111122223333',
          region: 'eu-central-1',
          actor: 'eni-0a1b2c3d4e5f60718',
          target: '10.1.1.5:5432',
          packets_lost_no_route: 1,
          outcome: 'success',
        },
        { outcome: 'failure' },
      ],
    },
    {
      name: 'fields in another order, an unknown one, account from the path; then broken rows',
      path: 'AWSLogs/111122223333/vpcflowlogs/eu-central-1/2025/11/08/x.log.gz',
      text: [
        'tgw-id srcaddr dstaddr dstport bytes start future log-status',
        'tgw-0a1b2c3d4e5f60718 2001:db8::7 2001:db8::8 443 9007199254740993 1762592400 x OK',
        'tgw-0a1b2c3d4e5f60718 - - - - 1762592460 x NODATA',
        'tgw-0a1b2c3d4e5f60718 2001:db8::7 2001:db8::8 443',
        'tgw-0a1b2c3d4e5f60718 2001:db8::7 2001:db8::8 443 1 - x OK',
        'tgw-0a1b2c3d4e5f60718 2001:db8::7 2001:db8::8 https 1 1762592400 x OK',
      ].join('\n'),
      rows: [
        {
          account_id: '111122223333',
          region: 'eu-central-1',
          bytes: 9007199254740993n,
          target: '[2001:db8::8]:443',
          outcome: null,
        },
        { log_status: 'NODATA', bytes: null },
      ],
      rejects: ['bad_fields', 'bad_time', 'bad_fields'],
      anomalies: ['extra_fields'],
    },
    {
      name: 'rows of a Parquet file',
      path: 'x.log.parquet',
      text: [
        '{"version":6,"resource_type":"TransitGateway","tgw_id":"tgw-0a1b2c3d4e5f60718","srcaddr":"10.0.1.20","dstaddr":"10.1.1.5","dstport":5432,"packets":10,"bytes":4200,"start":1762592400,"log_status":"OK","packets_lost_no_route":0}',
        '{"version":6,"resource_type":"Gate","tgw_id":"tgw-0a1b2c3d4e5f60718","srcaddr":"10.0.1.20","start":1762592400}',
        '',
      ].join('\n'),
      rows: [{ target: '10.1.1.5:5432', packets_lost_no_route: 0, bytes: 4200 }],
      rejects: ['bad_fields'],
    },
    {
      name: 'all fields without a header',
      path: 'x',
      text: `${ROW_1}\n`,
      rows: [{ srcport: 40_000 }],
    },
  ],
  example: {
    question: 'Which machines of one VPC talked to another VPC?',
    sql: 'SELECT tgw_src_vpc_id, srcaddr, tgw_dst_vpc_id, dstaddr, dstport, sum(bytes) AS bytes FROM tgw_flow WHERE tgw_src_vpc_id <> tgw_dst_vpc_id GROUP BY tgw_src_vpc_id, srcaddr, tgw_dst_vpc_id, dstaddr, dstport ORDER BY bytes DESC, srcaddr, dstaddr, dstport LIMIT 20',
  },
};
