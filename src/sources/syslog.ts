/** System logs of machines (/var/log/secure, auth.log, messages): RFC 3164, RFC 5424 and rsyslog with full times. */
import { logTime } from '../core/time.ts';
import { blockReader, type BlockRow } from './_blocks.ts';
import { firstLines, orNull } from './_lines.ts';
import { structuredData } from './_structured_data.ts';
import { AUTH_COLUMNS, AUTH_OUTCOME, authValues } from './_syslog_auth.ts';
import { YEAR_FROM, type YearFrom, Years } from './_year.ts';
import type { Column, Detection, Head, RecordReader, RowOut, Source } from './source.ts';

function text(name: string, about: string): Column {
  return { name, type: 'TEXT', about };
}

const COLUMNS: readonly Column[] = [
  {
    name: 'time_us',
    type: 'INTEGER',
    unit: 'us',
    about: 'Time of the line; RFC 3164 names neither year nor zone: see the notes above.',
  },
  {
    name: 'priority',
    type: 'INTEGER',
    unit: 'number',
    about: 'Facility times eight plus severity, where the line has it.',
  },
  text('hostname', 'Machine that logged.'),
  text('app_name', 'Program that logged: sshd, sudo, ...'),
  text('procid', 'Its process.'),
  text('message', 'What was logged.'),
  text('msgid', 'MSGID of RFC 5424: kind of message.'),
  text(
    'structured_data',
    'Structured data of RFC 5424 as JSON: elements by name, their parameters without escapes; one that stands more than once is a list.',
  ),
  YEAR_FROM,
  ...AUTH_COLUMNS,
];

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const OLD =
  /^(?:<\d{1,3}>)?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d\d:\d\d:\d\d \S/;
const NEW = /^<\d{1,3}>1 \d{4}-\d\d-\d\dT\S+ \S+ \S+ \S+ \S+ (?:-|\[)/;
// With a Z to the microsecond alone: CloudWatch Logs exports messages of any kind behind a time to the millisecond. Lines
// of a Classic Load Balancer begin alike, with the client's port behind the colon.
const FULL =
  /^(?:<\d{1,3}>)?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:(?:\.\d+)?[+-]\d\d:\d\d|\.\d{6}Z(?=[^:]*: )) \S+ [^\s:[]+(?:\[\d+\])?:/;

interface Parsed {
  readonly timeUs: number;
  readonly yearFrom: YearFrom;
  readonly host: string;
  readonly app: string | null;
  readonly pid: string | null;
  readonly message: string;
  readonly msgid?: string | null;
  readonly data?: string | null;
}

/** `tag[pid]: message` */
function tagged(rest: string): Pick<Parsed, 'app' | 'pid' | 'message'> {
  const colon = rest.indexOf(':');
  if (colon < 0 || rest.slice(0, colon).includes(' '))
    return { app: null, pid: null, message: rest };
  const tag = rest.slice(0, colon);
  const bracket = tag.endsWith(']') ? tag.indexOf('[') : -1;
  return {
    app: bracket < 0 ? tag : tag.slice(0, bracket),
    pid: bracket < 0 ? null : tag.slice(bracket + 1, -1),
    message: rest.slice(colon + 1).trimStart(),
  };
}

/** Largest priority: 23 facilities above the first, 8 severities each (RFC 5424, section 6.2.1). */
const MOST_PRIORITY = 191;

function reader(head: Head): RecordReader {
  const years = new Years(head, 'RFC 3164');

  /** Microseconds of `Nov  8 09:00:05`. */
  function oldTime(stamp: string, out: RowOut): number | undefined {
    const month = String(MONTHS.indexOf(stamp.slice(0, 3)) + 1).padStart(2, '0');
    return years.timeOf(`${month}-${stamp.slice(4, 6).replace(' ', '0')}`, stamp.slice(7), out);
  }

  function parse(line: string, out: RowOut): Parsed | undefined {
    const space = line.indexOf(' ');
    const old = line.length > 16 && MONTHS.includes(line.slice(0, 3));
    const timeUs = old
      ? oldTime(line.slice(0, 15), out)
      : logTime(line.slice(0, Math.max(0, space)));
    if (timeUs === undefined) {
      const known = years.from !== undefined || !old;
      out.reject(
        'bad_time',
        known
          ? 'the line has no readable time'
          : 'neither the line nor a log event, the name of the file or its time names a year',
      );
      return undefined;
    }
    const rest = old ? line.slice(16) : line.slice(space + 1);
    const yearFrom = old ? (years.from ?? 'line') : 'line';
    // `--- last message repeated 2 times ---` names no machine.
    if (rest.startsWith('--- ')) {
      return { timeUs, yearFrom, host: '', app: null, pid: null, message: rest };
    }
    const end = rest.indexOf(' ');
    if (end <= 0) {
      out.reject('bad_fields', 'the line names no machine');
      return undefined;
    }
    return { timeUs, yearFrom, host: rest.slice(0, end), ...tagged(rest.slice(end + 1)) };
  }

  /** RFC 5424, behind `<priority>1 `. */
  function parseNew(line: string, out: RowOut): Parsed | undefined {
    const fields = line.split(' ', 5);
    const [stamp = '', host = '', app, pid, msgid] = fields;
    const timeUs = logTime(stamp);
    if (timeUs === undefined) {
      out.reject('bad_time', 'the line has no readable time');
      return undefined;
    }
    const rest = line.slice(fields.join(' ').length + 1);
    const data = structuredData(rest);
    if (fields.length < 5 || 'fault' in data) {
      const fault = 'fault' in data ? data.fault : 'the line does not have the fields of RFC 5424';
      out.reject(
        'bad_fields',
        fields.length < 5 ? 'the line does not have the fields of RFC 5424' : fault,
      );
      return undefined;
    }
    const message = rest.slice(data.end + 1).replace(/^\ufeff/, '');
    return {
      timeUs,
      yearFrom: 'line',
      host,
      app: orNull(app),
      pid: orNull(pid),
      message,
      msgid: orNull(msgid),
      data: data.json,
    };
  }

  function map(record: string, out: RowOut): BlockRow | undefined {
    const close = record.startsWith('<') ? record.indexOf('>') : -1;
    const written = close > 0 && close < 5 ? record.slice(1, close) : '';
    const known = /^\d{1,3}$/.test(written);
    const priority = Number(written);
    if (known && priority > MOST_PRIORITY) {
      out.reject('bad_fields', `the priority ${written} is beyond ${String(MOST_PRIORITY)}`);
      return undefined;
    }
    const body = known ? record.slice(close + 1) : record;
    const parsed = known && body.startsWith('1 ') ? parseNew(body.slice(2), out) : parse(body, out);
    if (parsed === undefined) return undefined;
    const { timeUs, yearFrom, host, app, pid, message, msgid = null, data = null } = parsed;
    const values = [
      timeUs,
      known ? priority : null,
      orNull(host),
      app,
      pid,
      message,
      msgid,
      data,
      yearFrom,
      ...authValues(app, message, out),
    ];
    return { values, identity: `${String(timeUs)} ${record}` };
  }
  // Lines that begin with white space go on the message before them.
  return blockReader((line) => line !== '' && line.charCodeAt(0) > 0x20, map);
}

/** Most of the first lines, those left out that go on one before them. */
function detect(head: Head): Detection | undefined {
  const lines = firstLines(head).filter((line) => line.charCodeAt(0) > 0x20);
  const own = lines.filter((line) => OLD.test(line) || NEW.test(line) || FULL.test(line)).length;
  const reason = `${String(own)} of the first ${String(lines.length)} lines are syslog lines`;
  return own * 2 > lines.length ? { confidence: 90, reason, shape: 'lines' } : undefined;
}

export const syslog: Source = {
  id: 'syslog',
  title: 'System logs (syslog)',
  version: 5,
  clock:
    'The machine’s own clock. RFC 3164 names neither year nor zone: the year is inferred (year_from, and the list of files below), UTC is assumed; other forms name both.',
  about: [
    'Lines of syslog as machines keep them and agents forward them: the old form (RFC 3164), the new one (RFC 5424) and rsyslog’s with full times, with or without a priority. Lines that begin with white space belong to the line before them. What sshd, sudo, su, PAM, cron and the tools for accounts say of people is taken apart: who signed in from where and how, who ran which command as whom, which account was made.',
    'The old form names neither year nor zone. The zone is taken as UTC, as machines of AWS run unless somebody changed it. The year is the last one in which the line is not after, in this order: the CloudWatch log event that carries it; the last date in the path, as log rotation and exports write it (secure-20251108); the time of the file as it was collected, which copies made by `aws s3` take from S3’s LastModified. A day is allowed for clocks and zones. So a file may run over a new year; one that holds more than twelve months cannot be dated and gets an anomaly. year_from says for each line which it was; each file has an anomaly assumed_time that `status` lists. Where nothing names a year the lines are rejects, with their place and text.',
    'Structured data of RFC 5424 are taken apart into structured_data; where they are malformed, and where a priority is beyond 191, the line is a reject.',
    'What an attacker with root could change on the machine proves little: compare CloudWatch Logs and flow logs. Names that a client chose stand in messages as it sent them: addresses are read from the right of a message, where sshd writes them.',
  ].join('\n\n'),
  references: [
    'RFC 3164, "The BSD syslog Protocol", section 4.1',
    'RFC 5424, "The Syslog Protocol", section 6',
    'rsyslog documentation, "Templates", section "Reserved Template Names"',
  ],
  columns: COLUMNS,
  common: {
    actor: 'coalesce(user_name, app_name)',
    action: 'coalesce(auth_event, app_name)',
    target: "hostname || coalesce(' ' || target_user, '')",
    src_ip: 'source_ip',
    outcome: AUTH_OUTCOME,
  },
  indexes: [['source_ip'], ['user_name']],
  timeline: true,
  repeatsInFile: 'distinct',
  originAround: true,
  inside: true,
  detect,
  reader,
  samples: [
    {
      name: 'the old form in a rotated file, across a new year',
      path: 'secure-20251109.gz',
      text: [
        'Dec 31 23:59:59 web sshd[7]: Invalid user admin from 198.51.100.7 port 51514',
        'Nov  8 09:00:05 web sshd[7]: Accepted publickey for ec2-user from 198.51.100.7 port 51514 ssh2: RSA SHA256:abc',
        '<86>Nov  8 09:00:06 web sshd[8]: Failed password for invalid user root from 2001:db8::7 port 1 ssh2',
        'Nov  8 09:00:07 web sudo: ec2-user : TTY=pts/0 ; PWD=/home ; USER=root ; COMMAND=/bin/cat /etc/shadow',
        '',
      ].join('\n'),
      rows: [
        { time_us: 1_735_689_599_000_000, auth_event: 'invalid user', user_name: 'admin' },
        {
          time_us: 1_762_592_405_000_000,
          target: 'web',
          actor: 'ec2-user',
          action: 'accepted',
          src_ip: '198.51.100.7',
          procid: '7',
          outcome: 'success',
        },
        { priority: 86, user_name: 'root', source_ip: '2001:db8::7', outcome: 'failure' },
        {
          user_name: 'ec2-user',
          target_user: 'root',
          tty: 'pts/0',
          command: '/bin/cat /etc/shadow',
          action: 'sudo',
        },
      ],
      anomalies: ['assumed_time'],
    },
    {
      name: 'the old form in a file whose time alone is known, over a new year, with a message of two lines',
      path: 'messages',
      facts: { changedUs: 1_735_862_400_000_000 },
      text: [
        'Dec 31 23:59:59 web kernel: a',
        '\tb',
        'Jan  2 23:59:59 web kernel: c',
        'Jan  3 12:00:00 web kernel: of a zone to the east',
        'Jan  5 00:00:00 web kernel: d',
        'Feb 29 12:00:00 web kernel: e',
        'Jan  3 14:26:01 --- last message repeated 2 times ---',
        '',
      ].join('\n'),
      rows: [
        { time_us: 1_735_689_599_000_000, year_from: 'file time', message: 'a\n\tb' },
        { time_us: 1_735_862_399_000_000 },
        { time_us: 1_735_905_600_000_000 },
        { time_us: 1_704_412_800_000_000 },
        { time_us: 1_709_208_000_000_000 },
        { hostname: null, app_name: null, message: '--- last message repeated 2 times ---' },
      ],
      anomalies: ['assumed_time'],
    },
    {
      name: 'the old form in a log event',
      path: 'exports/2025-12-24/x',
      facts: { carrierUs: 1_762_592_405_000_000, changedUs: 1_735_862_400_000_000 },
      text: 'Nov  8 09:00:04 web sshd[7]: Invalid user a from 10.0.0.1 port 2 from 198.51.100.7 port 51514',
      rows: [
        {
          time_us: 1_762_592_404_000_000,
          year_from: 'log event',
          user_name: 'a from 10.0.0.1 port 2',
          source_ip: '198.51.100.7',
          client_port: 51_514,
        },
      ],
    },
    {
      name: 'what is said of people',
      path: 'auth.log',
      text: [
        'sshd[7]: Accepted publickey for ec2-user from 198.51.100.7 port 51514 ssh2: RSA SHA256:abc',
        'sshd[7]: pam_unix(sshd:session): session opened for user ec2-user(uid=1000) by (uid=0)',
        'sshd[7]: pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=198.51.100.7  user=root',
        'sshd-session[7]: Connection closed by invalid user eve 198.51.100.7 port 1 [preauth]',
        'sshd[7]: Disconnected from user ec2-user 198.51.100.7 port 51514',
        'sshd[7]: Received disconnect from 198.51.100.7 port 51514:11: disconnected by user',
        'sshd[7]: Received disconnect from 2001:db8::7 port 51515:11: my port 9:',
        'sshd[7]: Received disconnect from 198.51.100.7: 11: disconnected by user',
        'sudo: eve : user NOT in sudoers ; TTY=pts/1 ; PWD=/ ; USER=root ; COMMAND=/bin/sh',
        'CRON[9]: (root) CMD (run-parts /etc/cron.hourly)',
        'useradd[9]: new user: name=eve, UID=1001, GID=1001, home=/home/eve, shell=/bin/bash',
        "usermod[9]: add 'eve' to group 'wheel'",
        'passwd[9]: pam_unix(passwd:chauthtok): password changed for eve',
        'su: (to root) eve on pts/1',
        'su[9]: FAILED SU (to root) eve on pts/1',
        'sshd[9]: Server listening on 0.0.0.0 port 22.',
        'sshd[7]: Failed password for root from 198.51.100.7 port 70000 ssh2',
        'sshd[7]: Connection from 198.51.100.7 port 51514 on 10.0.1.20 port 22 rdomain ""',
        'sshd[7]: Connection reset by 198.51.100.7 port 51514 [preauth]',
        'sshd[7]: Connection reset by authenticating user root 198.51.100.7 port 51514 [preauth]',
        'sshd[7]: Did not receive identification string from 198.51.100.7 port 51514',
        'sshd[7]: error: maximum authentication attempts exceeded for invalid user eve from 198.51.100.7 port 51514 ssh2 [preauth]',
        'sshd[7]: Unable to negotiate with 198.51.100.7 port 51514: no matching host key type found',
        'sshd[7]: Accepted password for ann from fe80::1%eth0 port 1 ssh2',
        'sshd[7]: Accepted password for ann from 999.1.2.3 port 1 ssh2',
        '',
      ]
        .map((line) => (line === '' ? '' : `2025-11-08T09:00:05+00:00 web ${line}`))
        .join('\n'),
      rows: [
        {
          auth_event: 'accepted',
          auth_method: 'publickey',
          key_fingerprint: 'SHA256:abc',
          year_from: 'line',
        },
        { auth_event: 'session opened', target_user: 'ec2-user', user_name: null },
        { auth_event: 'authentication failure', user_name: 'root', source_ip: '198.51.100.7' },
        { auth_event: 'connection closed', user_name: 'eve', source_ip: '198.51.100.7' },
        { auth_event: 'disconnected', user_name: 'ec2-user', client_port: 51_514 },
        { auth_event: 'disconnected', source_ip: '198.51.100.7', client_port: 51_514 },
        { auth_event: 'disconnected', source_ip: '2001:db8::7', client_port: 51_515 },
        { auth_event: 'disconnected', source_ip: '198.51.100.7', client_port: null },
        { auth_event: 'sudo refused', user_name: 'eve', command: '/bin/sh', outcome: 'failure' },
        { auth_event: 'cron', user_name: 'root', command: 'run-parts /etc/cron.hourly' },
        { auth_event: 'new user', target_user: 'eve', target: 'web eve' },
        { auth_event: 'added to group', target_user: 'eve', command: 'wheel' },
        { auth_event: 'password changed', target_user: 'eve' },
        { auth_event: 'su', user_name: 'eve', target_user: 'root', tty: 'pts/1' },
        { auth_event: 'su refused', outcome: 'failure' },
        { auth_event: null, source_ip: null },
        { auth_event: 'failed', client_port: null },
        { auth_event: 'connection', src_ip: '198.51.100.7', client_port: 51_514 },
        { auth_event: 'connection closed', src_ip: '198.51.100.7' },
        { auth_event: 'connection closed', src_ip: '198.51.100.7', user_name: 'root' },
        { auth_event: 'no identification', src_ip: '198.51.100.7' },
        {
          auth_event: 'too many attempts',
          user_name: 'eve',
          src_ip: '198.51.100.7',
          client_port: 51_514,
          outcome: 'failure',
        },
        { auth_event: 'no common method', src_ip: '198.51.100.7', outcome: 'failure' },
        { src_ip: 'fe80::1%eth0' },
        { src_ip: null, client_port: 1 },
      ],
      anomalies: ['bad_value'],
    },
    {
      name: 'RFC 5424, and rsyslog with full times',
      path: 'messages',
      text: [
        '<34>1 2025-11-08T09:00:05.123Z web su 7 ID47 [a@1 x="\\"]" y="z"][b@1] \ufeff\'su root\' failed',
        '<34>1 2025-11-08T09:00:06Z web - - - - plain',
        '<191>1 2025-11-08T09:00:06Z web - - - [a x="1" x="\\\\\\n" y=""]',
        '2025-11-08T10:00:07.123456+01:00 web systemd[1]: Started',
        '2025-11-08T09:00:08.123456Z web systemd[1]: Stopped',
        '',
      ].join('\n'),
      rows: [
        {
          time_us: 1_762_592_405_123_000,
          app_name: 'su',
          procid: '7',
          message: "'su root' failed",
          msgid: 'ID47',
          structured_data: '{"a@1":{"x":"\\"]","y":"z"},"b@1":{}}',
        },
        { app_name: null, procid: null, message: 'plain', structured_data: null },
        { priority: 191, message: '', structured_data: '{"a":{"x":["1","\\\\\\\\n"],"y":""}}' },
        { time_us: 1_762_592_407_123_456, app_name: 'systemd', message: 'Started' },
        { time_us: 1_762_592_408_123_456, app_name: 'systemd', message: 'Stopped' },
      ],
    },
    {
      name: 'no year anywhere, no machine, structured data that is none, a priority beyond all',
      path: 'secure',
      text: [
        '2025-11-08T10:00:07+01:00 web kernel: a',
        '2025-11-08T10:00:08+01:00 web kernel: b',
        '2025-11-08T10:00:09+01:00 web kernel: c',
        'Nov  8 09:00:05 web kernel: d',
        '2025-11-08T10:00:10+01:00 web',
        '<34>1 2025-11-08T09:00:06Z web a b c [x',
        '<34>1 2025-11-31T09:00:06Z web a b c - x',
        '<34>1 2025-11-08T09:00:06Z web a b c [x y] m',
        '<34>1 2025-11-08T09:00:06Z web a b c [x][x] m',
        '<34>1 2025-11-08T09:00:06Z web a b c [x]m',
        '<34>1 2025-11-08T09:00:06Z web a b c x m',
        '<34>1 2025-11-08T09:00:06Z web a',
        '<192>1 2025-11-08T09:00:06Z web a b c - x',
        '<999>Nov  8 09:00:05 web kernel: d',
      ].join('\n'),
      rows: [{ message: 'a' }, { message: 'b' }, { message: 'c' }],
      rejects: [
        'bad_time',
        'bad_fields',
        'bad_fields',
        'bad_time',
        ...new Array<'bad_fields'>(7).fill('bad_fields'),
      ],
    },
  ],
  example: {
    question: 'Which addresses tried to sign in, and did one succeed?',
    sql: "SELECT source_ip, sum(auth_event = 'accepted') AS accepted, sum(auth_event IN ('failed', 'invalid user', 'authentication failure')) AS refused, min(time_us) AS first_us FROM syslog WHERE source_ip IS NOT NULL GROUP BY source_ip ORDER BY accepted DESC, refused DESC, source_ip LIMIT 20",
  },
};
