/**
 * VPC flow logs as text: one row for each flow of a network interface in a window of up to ten minutes.
 * The first line names the fields; files that came through CloudWatch Logs lack it and have the default format.
 */
import { exactUs } from '../core/time.ts';
import { firstLines, lineReader } from './_lines.ts';
import type { Column, Detection, Head, RecordReader, RowOut, Source, Value } from './source.ts';

/** Fields of the default format, version 2, in its order. */
const DEFAULT_FIELDS =
  'version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status'.split(
    ' ',
  );

interface Field {
  readonly name: string;
  readonly unit?: string;
  readonly about: string;
}

function integer(name: string, unit: string, about: string): Field {
  return { name, unit, about };
}

function text(name: string, about: string): Field {
  return { name, about };
}

/** Every field of versions 2 to 10. */
const FIELDS: readonly Field[] = [
  integer('version', 'number', 'Highest version among the fields of the format.'),
  text(
    'account-id',
    'Account that owns the source network interface; "unknown" for some interfaces of services. From the path where the format lacks the field.',
  ),
  text('interface-id', 'Network interface.'),
  text(
    'srcaddr',
    'Source address; the primary private address of the interface for outgoing traffic.',
  ),
  text(
    'dstaddr',
    'Destination address; the primary private address of the interface for incoming traffic.',
  ),
  integer('srcport', 'port', 'Source port; 0 for ICMP.'),
  integer('dstport', 'port', 'Destination port; 0 for ICMP.'),
  integer('protocol', 'IANA number', 'IP protocol: 1 ICMP, 6 TCP, 17 UDP.'),
  integer('packets', 'packets', 'Packets in the window.'),
  integer('bytes', 'bytes', 'Bytes in the window.'),
  integer('start', 's', 'Start of the window, seconds since 1970 UTC.'),
  integer('end', 's', 'End of the window, seconds since 1970 UTC.'),
  text('action', 'ACCEPT or REJECT by security groups and network ACLs.'),
  text(
    'log-status',
    'OK; NODATA: no traffic in the window; SKIPDATA: records were skipped, a gap.',
  ),
  text('vpc-id', 'VPC of the interface.'),
  text('subnet-id', 'Subnet of the interface.'),
  text('instance-id', 'Instance the interface is attached to.'),
  integer(
    'tcp-flags',
    'bit mask',
    'TCP flags or-ed over the window: FIN 1, SYN 2, RST 4, SYN-ACK 18.',
  ),
  text('type', 'IPv4, IPv6 or EFA.'),
  text(
    'pkt-srcaddr',
    'Source address of the packets themselves, behind NAT or an intermediate interface.',
  ),
  text('pkt-dstaddr', 'Destination address of the packets themselves.'),
  text('region', 'Region of the interface. From the path where the format lacks the field.'),
  text('az-id', 'Availability zone id.'),
  text('sublocation-type', 'wavelength, outpost or localzone.'),
  text('sublocation-id', 'Id of the sublocation.'),
  text('pkt-src-aws-service', 'AWS service whose address range holds pkt-srcaddr.'),
  text('pkt-dst-aws-service', 'AWS service whose address range holds pkt-dstaddr.'),
  text('flow-direction', 'ingress or egress, as the interface sees it.'),
  integer('traffic-path', 'code', 'Way that egress traffic takes, 1 to 8.'),
  text('ecs-cluster-arn', 'ECS cluster ARN.'),
  text('ecs-cluster-name', 'ECS cluster name.'),
  text('ecs-container-instance-arn', 'ECS container instance ARN.'),
  text('ecs-container-instance-id', 'ECS container instance id.'),
  text('ecs-container-id', 'Runtime id of the first container.'),
  text('ecs-second-container-id', 'Runtime id of the second container.'),
  text('ecs-service-name', 'ECS service name.'),
  text('ecs-task-definition-arn', 'ECS task definition ARN.'),
  text('ecs-task-arn', 'ECS task ARN.'),
  text('ecs-task-id', 'ECS task id.'),
  text('reject-reason', 'Why traffic was rejected, such as BPA (VPC block public access).'),
  text('resource-id', 'Resource the traffic belongs to, such as a regional NAT gateway.'),
  text('encryption-status', 'Whether VPC encryption controls saw the traffic encrypted.'),
];

const COLUMNS: readonly Column[] = [
  {
    name: 'time_us',
    type: 'INTEGER',
    unit: 'us',
    about: 'start of the window; its end where the format has no start.',
  },
  ...FIELDS.map(({ name, unit, about }): Column => {
    const column = name.replaceAll('-', '_');
    return unit === undefined
      ? { name: column, type: 'TEXT', about }
      : { name: column, type: 'INTEGER', unit, about };
  }),
];

const IS_INTEGER: readonly boolean[] = FIELDS.map(({ unit }) => unit !== undefined);
const FIELD_INDEX: ReadonlyMap<string, number> = new Map(
  FIELDS.map(({ name }, index) => [name, index]),
);
const ACCOUNT = FIELD_INDEX.get('account-id') ?? -1;
const REGION = FIELD_INDEX.get('region') ?? -1;
const START = FIELD_INDEX.get('start') ?? -1;
const END = FIELD_INDEX.get('end') ?? -1;

/** A row of the default format, or of a format that begins like it. */
const DEFAULT_ROW =
  /^(?:[2-9]|10) (?:\d{12}|unknown) (?:eni-\S+|-) \S+ \S+ \S+ \S+ \S+ \S+ \S+ (?:\d+|-) (?:\d+|-) (?:ACCEPT|REJECT|-) (?:OK|NODATA|SKIPDATA)(?: |$)/;
const FIELD_NAME = /^[a-z][a-z0-9-]*$/;

/** Names in a header line; undefined if the line is none. */
function headerFields(line: string): readonly string[] | undefined {
  if (!/^[a-z][a-z-]* [a-z]/.test(line)) return undefined;
  const names = line.trimEnd().split(/ +/);
  const known = names.filter((name) => FIELD_INDEX.has(name)).length;
  return names.every((name) => FIELD_NAME.test(name)) && known * 2 > names.length
    ? names
    : undefined;
}

function detect(head: Head): Detection | undefined {
  const lines = firstLines(head);
  const names = headerFields(lines[0] ?? '');
  if (names !== undefined) {
    // A transit gateway’s, another source.
    if (names.some((name) => name.startsWith('tgw-'))) return undefined;
    return {
      confidence: 90,
      reason: `a header line with ${String(names.length)} flow log fields`,
      shape: 'header',
    };
  }
  const rows = lines.filter((line) => DEFAULT_ROW.test(line)).length;
  return rows * 2 > lines.length
    ? {
        confidence: 80,
        reason: `${String(rows)} of the first ${String(lines.length)} lines have the default format`,
        shape: 'default',
      }
    : undefined;
}

/** `AWSLogs/ACCOUNT/vpcflowlogs/REGION/`, or its Hive form. */
const PATH =
  /(?:\/|^)AWSLogs\/(?:aws-account-id=)?(\d{12})\/(?:aws-service=)?vpcflowlogs\/(?:aws-region=)?([a-z0-9-]+)\//;

/** Reader of one file; it keeps the fields that the last header line named. */
function reader(head: Head): RecordReader {
  const path = PATH.exec(head.path);
  let names: readonly string[] = DEFAULT_FIELDS;
  let targets = targetsOf(names);
  let headerSeen = false;
  let unknown = '';

  const map = (line: string, out: RowOut): readonly Value[] | undefined => {
    // Rows begin with a digit unless the format puts another field first.
    const first = line.charCodeAt(0);
    const header = first >= 0x61 && first <= 0x7a ? headerFields(line) : undefined;
    if (header !== undefined) {
      names = header;
      targets = targetsOf(names);
      headerSeen = true;
      unknown = names.filter((name) => !FIELD_INDEX.has(name)).join(' ');
      out.notARecord();
      return undefined;
    }
    let parts = line.split(' ');
    if (parts.length !== names.length) parts = parts.filter((part) => part !== '');
    const extra = !headerSeen && parts.length > names.length;
    if (parts.length === 0 || (parts.length !== names.length && !extra)) {
      out.reject(
        'bad_fields',
        `${String(parts.length)} fields where the format has ${String(names.length)}`,
      );
      return undefined;
    }
    return row(parts, extra, out);
  };

  function row(
    parts: readonly string[],
    extra: boolean,
    out: RowOut,
  ): readonly Value[] | undefined {
    const values = new Array<Value>(COLUMNS.length).fill(null);
    for (let index = 0; index < targets.length; index++) {
      const target = targets[index] ?? -1;
      const part = parts[index] ?? '-';
      if (target < 0 || part === '-') continue;
      if (IS_INTEGER[target] === true) {
        const value = integerOf(part);
        if (value === undefined) out.anomaly('bad_value', `${names[index] ?? ''} is not a number`);
        else values[target + 1] = value;
      } else {
        values[target + 1] = part;
      }
    }
    const seconds = values[START + 1] ?? values[END + 1];
    const timeUs = exactUs(typeof seconds === 'number' ? seconds * 1_000_000 : NaN);
    if (timeUs === undefined) {
      out.reject(
        'bad_time',
        seconds === null || seconds === undefined
          ? 'the row has no start and no end'
          : `${String(seconds)} s is beyond the year 2255`,
      );
      return undefined;
    }
    values[0] = timeUs;
    values[ACCOUNT + 1] ??= path?.[1] ?? null;
    values[REGION + 1] ??= path?.[2] ?? null;
    if (extra)
      out.anomaly(
        'extra_fields',
        `${String(parts.length)} fields, of which the first ${String(names.length)} are known`,
      );
    if (unknown !== '') {
      // Once for each header is enough.
      out.anomaly('extra_fields', `the header names fields that are not known: ${unknown}`);
      unknown = '';
    }
    return values;
  }

  return lineReader(map);
}

function targetsOf(names: readonly string[]): readonly number[] {
  return names.map((name) => FIELD_INDEX.get(name) ?? -1);
}

/** Exact: above 2^53 as bigint. Undefined if the text is no 64-bit integer. */
function integerOf(part: string): number | bigint | undefined {
  if (!/^\d{1,19}$/.test(part)) return undefined;
  if (part.length < 16) return Number(part);
  const value = BigInt(part);
  return value === BigInt.asIntN(64, value) ? value : undefined;
}

const ROW_1 =
  '2 111122223333 eni-0a1b2c3d4e5f60718 198.51.100.7 10.0.1.20 51514 22 6 12 2096 1762592400 1762592460 ACCEPT OK';

export const vpc_flow: Source = {
  id: 'vpc_flow',
  title: 'VPC flow logs',
  version: 1,
  about: [
    'Flow logs of a VPC, subnet or network interface, as text: in S3 gzipped with a header line that names the fields, from CloudWatch Logs without one (then the default format, version 2, is assumed). Fields are mapped by name; a dash is NULL; a field that the header names and exhibit does not know stays in the raw text.',
    'Flow logs do not record traffic to the Amazon DNS server, to instance metadata, DHCP, Windows licence activation and mirrored traffic. Windows are up to ten minutes (one minute on Nitro instances), so times are those of a window, not of a packet. Rows with log_status NODATA and SKIPDATA are kept: they show that nothing was seen, and that something was skipped. An identical row of the same file is a second flow, not a copy; identical rows in different files come from overlapping flow logs and are reported as duplicates.',
    'Transit gateway flow logs are the source tgw_flow. Parquet files are not read.',
  ].join('\n\n'),
  references: [
    'Amazon VPC User Guide, "Flow log records", section "Available fields"',
    'Amazon VPC User Guide, "Flow log limitations"',
    'Amazon VPC User Guide, "Flow log files"',
  ],
  columns: COLUMNS,
  common: {
    actor: 'interface_id',
    target:
      "CASE WHEN dstaddr GLOB '*:*' THEN '[' || dstaddr || ']:' || dstport ELSE dstaddr || ':' || dstport END",
    src_ip: 'srcaddr',
    dst_ip: 'dstaddr',
    outcome: "CASE action WHEN 'ACCEPT' THEN 'success' WHEN 'REJECT' THEN 'failure' END",
  },
  indexes: [['srcaddr'], ['dstaddr']],
  timeline: true,
  repeatsInFile: 'distinct',
  detect,
  reader,
  samples: [
    {
      name: 'default format without header',
      path: 'flows.log',
      text: `${ROW_1}\n2 111122223333 eni-0a1b2c3d4e5f60718 - - - - - - - 1762592460 1762592520 - NODATA\n`,
      rows: [
        {
          time_us: 1_762_592_400_000_000,
          account_id: '111122223333',
          srcport: 51514,
          dstport: 22,
          protocol: 6,
          packets: 12,
          bytes: 2096,
          start: 1762592400,
          end: 1762592460,
          action: 'ACCEPT',
          src_ip: '198.51.100.7',
          dst_ip: '10.0.1.20',
          target: '10.0.1.20:22',
          outcome: 'success',
          region: null,
        },
        {
          time_us: 1_762_592_460_000_000,
          srcaddr: null,
          bytes: null,
          action: null,
          log_status: 'NODATA',
          outcome: null,
        },
      ],
    },
    {
      name: 'custom header in any order, an unknown field, region from the path',
      path: 'AWSLogs/111122223333/vpcflowlogs/eu-central-1/2025/11/08/111122223333_vpcflowlogs_eu-central-1_fl-0123456789abcdef0_20251108T0900Z_1a2b3c4d.log.gz',
      text: [
        'version interface-id pkt-srcaddr srcaddr dstaddr dstport bytes start end action tcp-flags flow-direction future-field',
        '5 eni-0a1b2c3d4e5f60718 10.0.9.9 10.0.1.20 2001:db8::7 443 9007199254740993 1762592400 1762592460 REJECT 2 egress x',
        '5 eni-0a1b2c3d4e5f60718 10.0.9.9 10.0.1.20 2001:db8::7 443 1 1762592401 1762592460 REJECT 2 egress x',
        '',
      ].join('\r\n'),
      rows: [
        {
          account_id: '111122223333',
          region: 'eu-central-1',
          version: 5,
          bytes: 9007199254740993n,
          pkt_srcaddr: '10.0.9.9',
          tcp_flags: 2,
          flow_direction: 'egress',
          target: '[2001:db8::7]:443',
          outcome: 'failure',
          interface_id: 'eni-0a1b2c3d4e5f60718',
        },
        { bytes: 1 },
      ],
      anomalies: ['extra_fields'],
    },
    {
      name: 'broken rows',
      path: 'flows.log',
      text: `${ROW_1}\n2 111122223333 eni-0a1b2c3d4e5f60718 198.51.100.7\n${ROW_1.replace('1762592400 1762592460', '- -')}\n${ROW_1.replace(' 2096 ', ' many ')}\n${ROW_1}\n${ROW_1.replace('1762592400', '111122223333')}\n`,
      rows: [{ bytes: 2096 }, { bytes: null }, { bytes: 2096 }],
      rejects: ['bad_fields', 'bad_time', 'bad_time'],
      anomalies: ['bad_value'],
    },
  ],
  example: {
    question: 'Which addresses were turned away at which port most often?',
    sql: "SELECT srcaddr, dstport, count(*) AS flows, sum(packets) AS packets FROM vpc_flow WHERE action = 'REJECT' GROUP BY srcaddr, dstport ORDER BY flows DESC, srcaddr, dstport LIMIT 20",
  },
};
