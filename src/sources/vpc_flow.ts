/**
 * VPC flow logs, text or Parquet: one row for each flow of a network interface in a window of up to ten minutes.
 * The first line names the fields; files that came through CloudWatch Logs lack it and have the default format.
 */
import { ExhibitError } from '../core/errors.ts';
import {
  addressField,
  flowColumns,
  flowReader,
  FLOW_PATH,
  type FlowField,
  type FlowLog,
  hasFields,
  unnamedRows,
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
import { detectMessages, MESSAGES, messageReader } from './_messages.ts';
import type { Detection, Head, RecordReader, Source } from './source.ts';

/** Fields of the default format, version 2, in its order. */
const DEFAULT_FIELDS =
  'version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status'.split(
    ' ',
  );

/** The default format as LogFormat of `describe-flow-logs` writes it. */
export const DEFAULT_VPC_FORMAT = DEFAULT_FIELDS.map((name) => `\${${name}}`).join(' ');

/** Fields that a version of the format brought. */
function since(version: number, fields: readonly FlowField[]): readonly FlowField[] {
  return fields.map((field) => ({ ...field, since: version }));
}

/** Every field of versions 2 to 10. From version 7 on AWS does not say everywhere which version brought a field. */
const FIELDS: readonly FlowField[] = [
  ...since(2, [
    numberField('version', 'number', 'Highest version among the fields of the format.'),
    textField(
      'account-id',
      'Account that owns the source network interface; "unknown" for some interfaces of services. From the path where the format lacks the field.',
    ),
    textField('interface-id', 'Network interface.'),
    addressField(
      'srcaddr',
      'Source address; the primary private address of the interface for outgoing traffic.',
    ),
    addressField(
      'dstaddr',
      'Destination address; the primary private address of the interface for incoming traffic.',
    ),
    numberField('srcport', 'port', 'Source port; 0 for ICMP.', MOST_PORT),
    numberField('dstport', 'port', 'Destination port; 0 for ICMP.', MOST_PORT),
    numberField('protocol', 'IANA number', 'IP protocol: 1 ICMP, 6 TCP, 17 UDP.', MOST_OCTET),
    numberField('packets', 'packets', 'Packets in the window.'),
    numberField('bytes', 'bytes', 'Bytes in the window.'),
    secondsField('start', 'Start of the window, seconds since 1970 UTC.'),
    secondsField('end', 'End of the window, seconds since 1970 UTC.'),
    wordField(
      'action',
      ['ACCEPT', 'REJECT'],
      'ACCEPT or REJECT by security groups and network ACLs.',
    ),
    wordField(
      'log-status',
      ['OK', 'NODATA', 'SKIPDATA'],
      'OK; NODATA: no traffic in the window; SKIPDATA: records were skipped, a gap.',
    ),
  ]),
  ...since(3, [
    textField('vpc-id', 'VPC of the interface.'),
    textField('subnet-id', 'Subnet of the interface.'),
    textField('instance-id', 'Instance the interface is attached to.'),
    numberField(
      'tcp-flags',
      'bit mask',
      'TCP flags or-ed over the window: FIN 1, SYN 2, RST 4, SYN-ACK 18.',
      MOST_OCTET,
    ),
    textField('type', 'IPv4, IPv6 or EFA.'),
    addressField(
      'pkt-srcaddr',
      'Source address of the packets themselves, behind NAT or an intermediate interface.',
    ),
    addressField('pkt-dstaddr', 'Destination address of the packets themselves.'),
  ]),
  ...since(4, [
    textField('region', 'Region of the interface. From the path where the format lacks the field.'),
    textField('az-id', 'Availability zone id.'),
    textField('sublocation-type', 'wavelength, outpost or localzone.'),
    textField('sublocation-id', 'Id of the sublocation.'),
  ]),
  ...since(5, [
    textField('pkt-src-aws-service', 'AWS service whose address range holds pkt-srcaddr.'),
    textField('pkt-dst-aws-service', 'AWS service whose address range holds pkt-dstaddr.'),
    textField('flow-direction', 'ingress or egress, as the interface sees it.'),
    numberField('traffic-path', 'code', 'Way that egress traffic takes, 1 to 8.'),
  ]),
  textField('ecs-cluster-arn', 'ECS cluster ARN.'),
  textField('ecs-cluster-name', 'ECS cluster name.'),
  textField('ecs-container-instance-arn', 'ECS container instance ARN.'),
  textField('ecs-container-instance-id', 'ECS container instance id.'),
  textField('ecs-container-id', 'Runtime id of the first container.'),
  textField('ecs-second-container-id', 'Runtime id of the second container.'),
  textField('ecs-service-name', 'ECS service name.'),
  textField('ecs-task-definition-arn', 'ECS task definition ARN.'),
  textField('ecs-task-arn', 'ECS task ARN.'),
  textField('ecs-task-id', 'ECS task id.'),
  textField('reject-reason', 'Why traffic was rejected, such as BPA (VPC block public access).'),
  textField('resource-id', 'Resource the traffic belongs to, such as a regional NAT gateway.'),
  textField('encryption-status', 'Whether VPC encryption controls saw the traffic encrypted.'),
];

const NAMES: ReadonlySet<string> = new Set(FIELDS.map(({ name }) => name));

/** A row of the default format, or of a format that begins like it. */
const DEFAULT_ROW =
  /^(?:[2-9]|10) (?:\d{12}|unknown) (?:eni-\S+|-) \S+ \S+ \S+ \S+ \S+ \S+ \S+ (?:\d+|-) (?:\d+|-) (?:ACCEPT|REJECT|-) (?:OK|NODATA|SKIPDATA)(?: |$)/;
const FIELD_NAME = /^[a-z][a-z0-9-]*$/;

/** Names in a header line; undefined if the line is none. */
function headerFields(line: string): readonly string[] | undefined {
  if (!mayBeHeader(line)) return undefined;
  const names = line.trimEnd().split(/ +/);
  const known = names.filter((name) => NAMES.has(name)).length;
  return names.every((name) => FIELD_NAME.test(name)) && known * 2 > names.length
    ? names
    : undefined;
}

function detect(head: Head): Detection | undefined {
  const { flowFields } = head;
  const isDeclared = (line: string): boolean =>
    flowFields !== undefined && hasFields(LOG, flowFields, line);
  const ofRows =
    detectRows(head, FIELDS, false) ??
    detectMessages(head, 'rows of the declared format', `${MESSAGES}-declared`, isDeclared) ??
    detectMessages(head, 'rows of flow logs', MESSAGES, (line) => DEFAULT_ROW.test(line));
  if (ofRows !== undefined) return ofRows;
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
  const declared = lines.filter(isDeclared).length;
  if (declared * 2 > lines.length) {
    return {
      confidence: 85,
      reason: `${String(declared)} of the first ${String(lines.length)} lines have the declared format`,
      shape: 'declared',
    };
  }
  const rows = lines.filter((line) => DEFAULT_ROW.test(line)).length;
  return rows * 2 > lines.length
    ? {
        confidence: 80,
        reason: `${String(rows)} of the first ${String(lines.length)} lines have the default format`,
        shape: 'default',
      }
    : unnamedRows(head, lines);
}

const LOG: FlowLog = {
  fields: FIELDS,
  columns: flowColumns(FIELDS),
  defaults: DEFAULT_FIELDS,
  header: headerFields,
  path: FLOW_PATH,
};

function reader(head: Head, shape: string): RecordReader {
  if (shape === ROWS) return rowReader(LOG, head);
  if (shape === MESSAGES) return messageReader(flowReader(LOG, head));
  // A file that has the default format, and not the declared one, is read by what it is.
  const lines = flowReader(LOG, head, shape === 'default' ? undefined : head.flowFields);
  return shape === `${MESSAGES}-declared` ? messageReader(lines) : lines;
}

/**
 * Fields of a declared format: as AWS writes it (`${version} ${srcaddr} ...`), or the names alone.
 * @throws ExhibitError `E_USAGE` for a name that is none or stands twice, and for a format without a time.
 */
export function parseVpcFormat(text: string): readonly string[] {
  const names = text
    .trim()
    .split(/\s+/)
    .map((name) => /^\$\{([a-z0-9-]+)\}$/.exec(name)?.[1] ?? name);
  const reason = formatFault(names);
  if (reason === undefined) return names;
  throw new ExhibitError('E_USAGE', `the format of VPC flow logs is none: ${reason}`, {
    hint: "write it as `aws ec2 describe-flow-logs` prints LogFormat: '${version} ${account-id} ${interface-id} ...'",
  });
}

function formatFault(names: readonly string[]): string | undefined {
  const unknown = names.find((name) => !NAMES.has(name));
  if (unknown !== undefined) return `"${unknown}" is no field of VPC flow logs`;
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) return `it names ${twice} twice`;
  return names.includes('start') || names.includes('end')
    ? undefined
    : 'it names neither start nor end, and rows without a time cannot be read';
}

const ROW_1 =
  '2 111122223333 eni-0a1b2c3d4e5f60718 198.51.100.7 10.0.1.20 51514 22 6 12 2096 1762592400 1762592460 ACCEPT OK';

export const vpc_flow: Source = {
  id: 'vpc_flow',
  title: 'VPC flow logs',
  version: 3,
  clock:
    'The network’s clock, UTC, to the second: start of the window of aggregation, which may be off by a minute.',
  about: [
    'Flow logs of a VPC, subnet or network interface: in S3 gzipped with a header line that names the fields, from CloudWatch Logs without one, also each row as the message of an object as Firehose may write it (then the default format, version 2, is assumed, or the one that `import --vpc-format` declares). Fields are mapped by name; a dash is NULL; a field that the header names and exhibit does not know stays in the raw text. Parquet files, with plain or Hive-compatible prefixes, go into the same table: their columns are named as the fields, with `_` for `-`, and the raw text of a row is its JSON (docs/import.md).',
    'Flow logs do not record traffic to the Amazon DNS server, to instance metadata, DHCP, Windows licence activation and mirrored traffic. Windows are up to ten minutes (one minute on Nitro instances), so times are those of a window, not of a packet. Rows with log_status NODATA and SKIPDATA are kept: they show that nothing was seen, and that something was skipped. An identical row of the same file is a second flow, not a copy; identical rows in different files come from overlapping flow logs and are reported as duplicates.',
    'Transit gateway flow logs are the source tgw_flow.',
  ].join('\n\n'),
  references: [
    'Amazon VPC User Guide, "Flow log records", section "Available fields"',
    'Amazon VPC User Guide, "Flow log limitations"',
    'Amazon VPC User Guide, "Flow log files", section "Flow log file format" (Parquet)',
  ],
  columns: LOG.columns,
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
  inside: true,
  detect,
  reader,
  samples: [
    {
      name: 'rows as messages of objects; a row too short, an object without a message, a cut one',
      path: 'x',
      text: [
        JSON.stringify({ message: ROW_1 }),
        JSON.stringify({ message: `${ROW_1}\n` }),
        JSON.stringify({ message: ROW_1.slice(0, 60) }),
        '{"a":1}',
        JSON.stringify({ message: ROW_1 }).slice(0, -9),
      ].join('\n'),
      rows: [{ src_ip: '198.51.100.7', dstport: 22 }, { action: 'ACCEPT' }],
      rejects: ['bad_fields', 'not_this_source', 'truncated'],
    },
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
      text: [
        ROW_1,
        ROW_1.slice(0, 60),
        ROW_1.replace('1762592400 1762592460', '- -'),
        ROW_1.replace(' 2096 ', ' many '),
        ROW_1.replace(' 51514 ', ' 70000 '),
        ROW_1.replace('198.51.100.7', 'fe80::1%eth0'),
        ROW_1.replace('ACCEPT OK', 'OK ACCEPT'),
        ROW_1.replace('1762592400', '111122223333'),
        ROW_1.replace('1762592400', '-1'),
        ROW_1.replace('2 1111', '5 1111'),
        ROW_1,
        '',
      ].join('\n'),
      rows: [{ bytes: 2096 }, { bytes: 2096 }],
      rejects: [
        'bad_fields',
        'bad_time',
        'bad_fields',
        'bad_fields',
        'bad_fields',
        'bad_fields',
        'bad_time',
        'bad_time',
        'bad_fields',
      ],
    },
    {
      name: 'rows of a Parquet file, broken ones among them, Hive-compatible prefix',
      path: 'AWSLogs/aws-account-id=111122223333/aws-service=vpcflowlogs/aws-region=eu-central-1/year=2025/month=11/day=08/111122223333_vpcflowlogs_eu-central-1_fl-0123456789abcdef0_20251108T0900Z_1a2b3c4d.log.parquet',
      text: [
        '{"version":5,"interface_id":"eni-0a1b2c3d4e5f60718","srcaddr":"10.0.1.20","dstaddr":"198.51.100.7","dstport":443,"bytes":9007199254740993,"start":1762592400,"end":1762592460,"action":"ACCEPT","log_status":"OK","instance_id":"-","pkt_dst_aws_service":"S3","future_column":1}',
        '{"version":5,"interface_id":"eni-0a1b2c3d4e5f60718","start":1762592460,"end":1762592520,"log_status":"NODATA"}',
        '{"version":5,"srcaddr":"10.0.1.20","dstaddr":"198.51.100.7","start":"2025-11-08T09:00:00.000000Z"}',
        '{"version":5,"srcaddr":"10.0.1.20","dstaddr":"198.51.100.7","dstport":70000,"start":1762592400}',
        '{"version":5,"srcaddr":"10.0.1.20","dstaddr":"198.51.100.7","dstport":4.5,"start":1762592400}',
        '{"version":5,"srcaddr":"10.0.1.20","dstaddr":"198.51.100.7","start":"2025-11-08T09:00:00.500Z"}',
        '{"version":5,"srcaddr":"10.0.1.20","dstaddr":"198.51.100.7"}',
        '{"hello":"world"}',
        '',
      ].join('\n'),
      rows: [
        {
          time_us: 1_762_592_400_000_000,
          account_id: '111122223333',
          region: 'eu-central-1',
          bytes: 9007199254740993n,
          instance_id: null,
          pkt_dst_aws_service: 'S3',
          target: '198.51.100.7:443',
          outcome: 'success',
        },
        { srcaddr: null, log_status: 'NODATA', outcome: null },
        { time_us: 1_762_592_400_000_000, start: 1762592400 },
      ],
      rejects: ['bad_fields', 'bad_fields', 'bad_time', 'bad_time', 'not_this_source'],
      anomalies: ['big_number', 'extra_fields'],
    },
    {
      name: 'mixed versions in one file, a header that the rows contradict, one that names a field twice',
      path: 'flows.log',
      text: [
        'version srcaddr dstaddr start action vpc-id',
        '3 198.51.100.7 10.0.1.20 1762592400 ACCEPT vpc-0a1b2c3d4e5f60718',
        '2 198.51.100.7 10.0.1.20 1762592400 ACCEPT vpc-0a1b2c3d4e5f60718',
        ROW_1,
        'version srcaddr srcaddr start action vpc-id',
        '3 198.51.100.7 10.0.1.20 1762592400 ACCEPT vpc-0a1b2c3d4e5f60718',
        'version srcaddr dstaddr end action',
        '2 198.51.100.7  10.0.1.20 1762592460 REJECT',
        '',
      ].join('\n'),
      rows: [
        { vpc_id: 'vpc-0a1b2c3d4e5f60718' },
        { time_us: 1_762_592_460_000_000, action: 'REJECT' },
      ],
      rejects: ['bad_fields', 'bad_fields', 'bad_fields', 'bad_fields'],
    },
  ],
  example: {
    question: 'Which addresses were turned away at which port most often?',
    sql: "SELECT srcaddr, dstport, count(*) AS flows, sum(packets) AS packets FROM vpc_flow WHERE action = 'REJECT' GROUP BY srcaddr, dstport ORDER BY flows DESC, srcaddr, dstport LIMIT 20",
  },
};
