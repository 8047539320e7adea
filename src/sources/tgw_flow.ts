/** Transit gateway flow logs as text: one row for each flow between attachments in a window. */
import { exactUs } from '../core/time.ts';
import { firstLines, integerField, lineReader, orNull } from './_lines.ts';
import type { Column, Detection, Head, RecordReader, Source, Value } from './source.ts';

function text(name: string, about: string): Column {
  return { name: name.replaceAll('-', '_'), type: 'TEXT', about };
}

function integer(name: string, unit: string, about: string): Column {
  return { name: name.replaceAll('-', '_'), type: 'INTEGER', unit, about };
}

/** Every field, in the order of a format that selects all. */
const FIELDS: readonly Column[] = [
  integer('version', 'number', 'Version of the format, 6.'),
  text('resource-type', 'TransitGateway or TransitGatewayAttachment.'),
  text(
    'account-id',
    'Account that owns the transit gateway. From the path where the format lacks the field.',
  ),
  text('tgw-id', 'Transit gateway.'),
  text('tgw-attachment-id', 'Attachment the traffic came through.'),
  text('tgw-src-vpc-account-id', 'Account of the source VPC.'),
  text('tgw-dst-vpc-account-id', 'Account of the destination VPC.'),
  text('tgw-src-vpc-id', 'Source VPC.'),
  text('tgw-dst-vpc-id', 'Destination VPC.'),
  text('tgw-src-subnet-id', 'Subnet of the source.'),
  text('tgw-dst-subnet-id', 'Subnet of the destination.'),
  text('tgw-src-eni', 'Network interface of the attachment on the side of the source.'),
  text('tgw-dst-eni', 'Network interface of the attachment on the side of the destination.'),
  text('tgw-src-az-id', 'Availability zone of the source.'),
  text('tgw-dst-az-id', 'Availability zone of the destination.'),
  text('tgw-pair-attachment-id', 'The other attachment, by the direction of the flow.'),
  text('srcaddr', 'Source address.'),
  text('dstaddr', 'Destination address.'),
  integer('srcport', 'port', 'Source port.'),
  integer('dstport', 'port', 'Destination port.'),
  integer('protocol', 'IANA number', 'IP protocol: 1 ICMP, 6 TCP, 17 UDP.'),
  integer('packets', 'packets', 'Packets in the window.'),
  integer('bytes', 'bytes', 'Bytes in the window.'),
  integer('start', 's', 'Start of the window, seconds since 1970 UTC.'),
  integer('end', 's', 'End of the window, seconds since 1970 UTC.'),
  text(
    'log-status',
    'OK; NODATA: no traffic in the window; SKIPDATA: records were skipped, a gap.',
  ),
  text('type', 'IPv4, IPv6 or EFA.'),
  integer('packets-lost-no-route', 'packets', 'Packets lost because no route was there.'),
  integer('packets-lost-blackhole', 'packets', 'Packets lost to a blackhole route.'),
  integer('packets-lost-mtu-exceeded', 'packets', 'Packets lost because they were too large.'),
  integer('packets-lost-ttl-expired', 'packets', 'Packets lost because their time to live ended.'),
  integer(
    'tcp-flags',
    'bit mask',
    'TCP flags or-ed over the window: FIN 1, SYN 2, RST 4, SYN-ACK 18.',
  ),
  text('region', 'Region of the transit gateway. From the path where the format lacks the field.'),
  text('flow-direction', 'ingress or egress, as the attachment sees it.'),
  text('pkt-src-aws-service', 'AWS service whose address range holds srcaddr.'),
  text('pkt-dst-aws-service', 'AWS service whose address range holds dstaddr.'),
];

const COLUMNS: readonly Column[] = [
  {
    name: 'time_us',
    type: 'INTEGER',
    unit: 'us',
    about: 'start of the window; its end where the format has no start.',
  },
  ...FIELDS,
];

const NAMES = FIELDS.map(({ name }) => name.replaceAll('_', '-'));
const INDEX: ReadonlyMap<string, number> = new Map(NAMES.map((name, index) => [name, index]));
const ACCOUNT = INDEX.get('account-id') ?? -1;
const REGION = INDEX.get('region') ?? -1;
const START = INDEX.get('start') ?? -1;
const END = INDEX.get('end') ?? -1;

/** `AWSLogs/ACCOUNT/vpcflowlogs/REGION/`, or its Hive form: transit gateways share it. */
const PATH =
  /(?:\/|^)AWSLogs\/(?:aws-account-id=)?(\d{12})\/(?:aws-service=)?vpcflowlogs\/(?:aws-region=)?([a-z0-9-]+)\//;
/** A row of the format of all fields. */
const ROW = /^6 (?:TransitGateway|TransitGatewayAttachment) (?:\d{12}|-) tgw-\S+ /;

/** Names in a header line; undefined if the line is none of a transit gateway. */
function headerFields(line: string): readonly string[] | undefined {
  const first = line.charCodeAt(0);
  if (!(first >= 0x61 && first <= 0x7a)) return undefined;
  const names = line.trimEnd().split(/ +/);
  const known = names.filter((name) => INDEX.has(name)).length;
  return known * 2 > names.length && names.some((name) => name.startsWith('tgw-'))
    ? names
    : undefined;
}

function detect(head: Head): Detection | undefined {
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

function reader(head: Head): RecordReader {
  const path = PATH.exec(head.path);
  let names: readonly string[] = NAMES;
  let unknown = '';
  return lineReader((line, out) => {
    const header = headerFields(line);
    if (header !== undefined) {
      names = header;
      unknown = names.filter((name) => !INDEX.has(name)).join(' ');
      out.notARecord();
      return undefined;
    }
    const parts = line.split(' ').filter((part) => part !== '');
    if (parts.length !== names.length) {
      const detail = `${String(parts.length)} fields where the format has ${String(names.length)}`;
      out.reject('bad_fields', detail);
      return undefined;
    }
    const values = new Array<Value>(COLUMNS.length).fill(null);
    for (const [place, name] of names.entries()) {
      const index = INDEX.get(name);
      if (index === undefined) continue;
      const integral = FIELDS[index]?.type === 'INTEGER';
      values[index + 1] = integral ? integerField(parts[place], name, out) : orNull(parts[place]);
    }
    const seconds = values[START + 1] ?? values[END + 1];
    const timeUs = exactUs(typeof seconds === 'number' ? seconds * 1_000_000 : NaN);
    if (timeUs === undefined) {
      out.reject('bad_time', 'the row has no start and no end within the years that are read');
      return undefined;
    }
    values[0] = timeUs;
    values[ACCOUNT + 1] ??= path?.[1] ?? null;
    values[REGION + 1] ??= path?.[2] ?? null;
    if (unknown !== '') {
      // Once for each header is enough.
      out.anomaly('extra_fields', `the header names fields that are not known: ${unknown}`);
      unknown = '';
    }
    return values;
  });
}

const HEADER = NAMES.join(' ');
const ROW_1 =
  '6 TransitGateway 111122223333 tgw-0a1b2c3d4e5f60718 tgw-attach-0a1b2c3d4e5f60718 111122223333 444455556666 vpc-0a1b2c3d4e5f60718 vpc-0b1b2c3d4e5f60718 subnet-0a1b2c3d4e5f60718 subnet-0b1b2c3d4e5f60718 eni-0a1b2c3d4e5f60718 eni-0b1b2c3d4e5f60718 euc1-az1 euc1-az2 tgw-attach-0b1b2c3d4e5f60718 10.0.1.20 10.1.1.5 40000 5432 6 10 4200 1762592400 1762592460 OK IPv4 1 0 0 0 2 eu-central-1 egress - -';

export const tgw_flow: Source = {
  id: 'tgw_flow',
  title: 'Transit gateway flow logs',
  version: 1,
  about: [
    'Flow logs of transit gateways and their attachments, as text: flows between VPCs, VPNs and peers, with packets that were lost and why. The header line names the fields; without one, the format of all fields is assumed.',
    'There is no ACCEPT or REJECT: a transit gateway routes, it does not filter. Rows with log_status NODATA and SKIPDATA are kept. Times are those of a window. An identical row of the same file is a second flow, not a copy. Parquet files are not read.',
  ].join('\n\n'),
  references: [
    'Amazon VPC Transit Gateways guide, "Transit Gateway Flow Log records", section "Available fields"',
  ],
  columns: COLUMNS,
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
  detect,
  reader,
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
        { dstport: null },
      ],
      rejects: ['bad_fields', 'bad_time'],
      anomalies: ['extra_fields', 'bad_value'],
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
