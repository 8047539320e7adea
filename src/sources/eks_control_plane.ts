/** Logs of the EKS control plane besides the audit log: API server, authenticator, controllers, scheduler. */
import { logTime } from '../core/time.ts';
import { blockReader, type BlockRow, detectBlocks } from './_blocks.ts';
import { addressText, integerField, isoTime, orNull, portField } from './_lines.ts';
import { YEAR_FROM, Years } from './_year.ts';
import type { Column, Head, RecordReader, RowOut, Source, Value } from './source.ts';

function text(name: string, about: string): Column {
  return { name, type: 'TEXT', about };
}

const COLUMNS: readonly Column[] = [
  {
    name: 'time_us',
    type: 'INTEGER',
    unit: 'us',
    about: 'Time of the line; the form of Kubernetes names no year: year_from says what did.',
  },
  YEAR_FROM,
  text('cluster', 'Cluster in the log group; NULL where the file has another name.'),
  text(
    'component',
    'What logged: authenticator, or kube-apiserver, kube-scheduler, kube-controller-manager, cloud-controller-manager where the log stream names it.',
  ),
  text('log_level', 'INFO, WARNING, ERROR or FATAL; level of the authenticator.'),
  { name: 'pid', type: 'INTEGER', unit: 'number', about: 'Process or thread that logged.' },
  text('source_line', 'File and line of the program that logged.'),
  text('message', 'What was logged.'),
  text('user_arn', 'arn: who asked the authenticator.'),
  text('username', 'username: as whom Kubernetes was told to take the caller.'),
  text('user_groups', 'groups, as the authenticator writes them.'),
  text('user_uid', 'uid: of the caller, aws-iam-authenticator:account:id.'),
  text(
    'client_ip',
    'client: address of who asked the authenticator, mostly the API server itself.',
  ),
  { name: 'client_port', type: 'INTEGER', unit: 'port', about: 'Its port.' },
  text('http_method', 'method.'),
  text('request_path', 'path.'),
  text('error_message', 'error.'),
];

const LEVELS: Readonly<Record<string, string>> = {
  I: 'INFO',
  W: 'WARNING',
  E: 'ERROR',
  F: 'FATAL',
};

/** `I1108 09:00:05.123456      11 file.go:123] message` */
const KLOG = /^([IWEF])(\d\d)(\d\d) (\d\d:\d\d:\d\d\.\d{1,6}) +(\d+) ([^\s\]]+:\d+)\] ?/;
const LOGFMT = /^time="[^"]{19,40}" level=[a-z]+ msg=/;

const COMPONENTS = [
  ...['authenticator', 'kube-apiserver', 'kube-scheduler', 'kube-controller-manager'],
  'cloud-controller-manager',
];

/** Members of a line as logrus writes it: `name=value`, quoted where it holds blanks. Undefined if a quote is amiss. */
function logfmt(line: string): ReadonlyMap<string, string> | undefined {
  const members = new Map<string, string>();
  let at = 0;
  while (at < line.length) {
    const equals = line.indexOf('=', at);
    if (equals < 0) return members;
    const name = line.slice(at, equals).trim();
    if (line[equals + 1] !== '"') {
      const space = line.indexOf(' ', equals);
      members.set(name, line.slice(equals + 1, space < 0 ? undefined : space));
      at = space < 0 ? line.length : space + 1;
      continue;
    }
    let close = equals + 2;
    while (close < line.length && line[close] !== '"') close += line[close] === '\\' ? 2 : 1;
    const next = line[close + 1] ?? ' ';
    if (close >= line.length || next !== ' ') return undefined;
    members.set(
      name,
      line
        .slice(equals + 2, close)
        .replaceAll('\\"', '"')
        .replaceAll('\\\\', '\\'),
    );
    at = close + 2;
  }
  return members;
}

function reader(head: Head): RecordReader {
  const cluster = /(?:^|\/)aws\/eks\/([^/]+)\/cluster/.exec(head.path)?.[1] ?? null;
  const named = COMPONENTS.find((name) => head.path.includes(`/${name}-`)) ?? null;
  const years = new Years(head, 'the form of Kubernetes');

  function fromKlog(record: string, out: RowOut): readonly Value[] | undefined {
    const match = KLOG.exec(record);
    if (match === null) {
      out.reject('bad_fields', 'the line has neither form of the control plane');
      return undefined;
    }
    const [start, level = '', month = '', day = '', clock = '', pid, where = ''] = match;
    const timeUs = years.timeOf(`${month}-${day}`, clock, out);
    if (timeUs === undefined) {
      const none = 'neither a log event, the name of the file nor its time names a year';
      out.reject('bad_time', years.from === undefined ? none : 'the line has no readable time');
      return undefined;
    }
    return [
      timeUs,
      years.from ?? null,
      cluster,
      named,
      LEVELS[level] ?? null,
      integerField(pid, 'pid', out),
      where,
      record.slice(start.length),
      ...Array<null>(9).fill(null),
    ];
  }

  function fromLogfmt(record: string, out: RowOut): readonly Value[] | undefined {
    const members = logfmt(record);
    if (members === undefined) {
      out.reject('bad_fields', 'a quote of the line is amiss');
      return undefined;
    }
    const stamp = members.get('time') ?? '';
    const timeUs = logTime(stamp) ?? isoTime(stamp);
    if (timeUs === undefined) {
      out.reject('bad_time', 'the line has no readable time');
      return undefined;
    }
    const value = (name: string): string | null => orNull(members.get(name));
    const client = members.get('client') ?? '';
    const colon = client.lastIndexOf(':');
    const address = (colon < 0 ? client : client.slice(0, colon)).replaceAll(/[[\]]/g, '');
    return [
      timeUs,
      'line',
      cluster,
      named ?? 'authenticator',
      value('level')?.toUpperCase() ?? null,
      null,
      null,
      value('msg'),
      value('arn'),
      value('username'),
      value('groups'),
      value('uid'),
      addressText(address, 'client', out),
      portField(colon < 0 ? undefined : client.slice(colon + 1), 'the client', out),
      value('method'),
      value('path'),
      value('error'),
    ];
  }

  return blockReader(
    (line) => KLOG.test(line) || line.startsWith('time="'),
    (record: string, out: RowOut): BlockRow | undefined => {
      const values = record.startsWith('time="') ? fromLogfmt(record, out) : fromKlog(record, out);
      return values === undefined
        ? undefined
        : { values, identity: `${String(values[0])} ${record}` };
    },
  );
}

const GRANTED =
  'time="2025-11-08T09:00:05Z" level=info msg="access granted" arn="arn:aws:iam::111122223333:role/deploy" client="127.0.0.1:43586" groups="[system:masters]" method=POST path=/authenticate uid="aws-iam-authenticator:111122223333:AROAEXAMPLEROLEID0001" username=admin';
const DENIED =
  'time="2025-11-08T09:00:06Z" level=warning msg="access denied" arn="arn:aws:iam::111122223333:user/eve" client="[::1]:43586" error="ARN is not mapped: \\"eve\\"" method=POST path=/authenticate';
const KLOG_LINE =
  'I1108 09:00:07.123456      11 httplog.go:132] "HTTP" verb="GET" URI="/api" srcIP="10.0.1.20:51514"';

export const eks_control_plane: Source = {
  id: 'eks_control_plane',
  title: 'EKS control plane logs',
  version: 2,
  clock:
    'The control plane’s clock, to the second (authenticator) or microsecond; the form of Kubernetes names neither year nor zone: the year is inferred (year_from), UTC is assumed.',
  about: [
    'What the control plane of an EKS cluster logs besides its audit log, which is the source eks_audit: the authenticator, which turns an IAM identity into a user and groups of Kubernetes or refuses it, and the API server, scheduler and controllers in the form that Kubernetes programs share. Lines that go on one before them belong to it.',
    'Each kind of log must be switched on for the cluster. The form of Kubernetes names no year: it is inferred as that of syslog is. client_ip of the authenticator is the API server’s own; where a caller came from is in the audit log and in CloudTrail.',
  ].join('\n\n'),
  references: [
    'Amazon EKS User Guide, "Send control plane logs to CloudWatch Logs"',
    'Kubernetes documentation, "System Logs", section "Klog"',
    'aws-iam-authenticator, README',
  ],
  columns: COLUMNS,
  common: {
    actor: 'coalesce(user_arn, component)',
    action: 'coalesce(CASE WHEN user_arn IS NOT NULL THEN message END, source_line)',
    target: 'coalesce(username, cluster)',
    src_ip: 'client_ip',
    outcome:
      "CASE message WHEN 'access granted' THEN 'success' WHEN 'access denied' THEN 'failure' END",
  },
  indexes: [['user_arn']],
  timeline: true,
  repeatsInFile: 'distinct',
  inside: true,
  detect: (head) =>
    detectBlocks(
      head,
      'lines of an EKS control plane',
      (line) => KLOG.test(line) || LOGFMT.test(line),
    ),
  reader,
  samples: [
    {
      name: 'the authenticator',
      path: 'aws/eks/shop/cluster/authenticator-0a1b2c3d/x',
      text: `${GRANTED}\n${DENIED}\n`,
      rows: [
        {
          time_us: 1_762_592_405_000_000,
          year_from: 'line',
          cluster: 'shop',
          component: 'authenticator',
          actor: 'arn:aws:iam::111122223333:role/deploy',
          action: 'access granted',
          target: 'admin',
          src_ip: '127.0.0.1',
          client_port: 43_586,
          user_groups: '[system:masters]',
          outcome: 'success',
        },
        {
          error_message: 'ARN is not mapped: "eve"',
          client_ip: '::1',
          log_level: 'WARNING',
          outcome: 'failure',
        },
      ],
    },
    {
      name: 'the API server, with a trace of several lines',
      path: 'aws/eks/shop/cluster/kube-apiserver-0a1b2c3d/x',
      facts: { changedUs: 1_762_600_000_000_000 },
      text: `${KLOG_LINE}\nE1108 09:00:08.000001      11 panic.go:1] panic\n\ngoroutine 1\n`,
      rows: [
        {
          time_us: 1_762_592_407_123_456,
          year_from: 'file time',
          component: 'kube-apiserver',
          log_level: 'INFO',
          source_line: 'httplog.go:132',
          message: '"HTTP" verb="GET" URI="/api" srcIP="10.0.1.20:51514"',
          pid: 11,
        },
        { log_level: 'ERROR', message: 'panic\n\ngoroutine 1' },
      ],
      anomalies: ['assumed_time'],
    },
    {
      name: 'no year, a time that is none, a quote left open, a port that is none',
      path: 'x',
      text: [
        GRANTED,
        KLOG_LINE,
        GRANTED.replace('2025-11-08', '2025-11-31'),
        GRANTED.replace('"access granted"', '"access granted'),
        DENIED.slice(0, 150),
        GRANTED.replace('43586', '70000'),
        '',
      ].join('\n'),
      rows: [{}, { client_port: null }],
      rejects: ['bad_time', 'bad_time', 'bad_fields', 'bad_fields'],
      anomalies: ['bad_value'],
    },
  ],
  example: {
    question: 'Which identities were let into the cluster as whom, and which were refused?',
    sql: 'SELECT cluster, user_arn, username, user_groups, outcome, count(*) AS times, min(time_us) AS first_us FROM eks_control_plane WHERE outcome IS NOT NULL GROUP BY cluster, user_arn, username, user_groups, outcome ORDER BY times DESC, cluster, user_arn, username, user_groups, outcome LIMIT 20',
  },
};
