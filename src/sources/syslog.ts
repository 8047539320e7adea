/** System logs of machines (/var/log/secure, auth.log, messages): RFC 3164, RFC 5424 and rsyslog with full times. */
import { parseRfc3339 } from '../core/time.ts';
import { detectLines, lineReader, orNull } from './_lines.ts';
import type { Column, Head, RecordReader, RowOut, Source, Value } from './source.ts';

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
  text('auth_event', 'accepted, failed or invalid user, of sshd; sudo, of sudo.'),
  text('user_name', 'User that signed in, or ran sudo.'),
  text('source_ip', 'Address that sshd names.'),
  text('command', 'COMMAND of sudo.'),
];

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const OLD =
  /^(?:<\d{1,3}>)?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d\d:\d\d:\d\d \S+ [^\s:[]+(?:\[\d+\])?:/;
const NEW = /^<\d{1,3}>1 \d{4}-\d\d-\d\dT\S+ \S+ \S+ \S+ \S+ (?:-|\[)/;
const FULL =
  /^(?:<\d{1,3}>)?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?[+-]\d\d:\d\d \S+ [^\s:[]+(?:\[\d+\])?:/;

/** A date in the name of a file, as log rotation adds it: the lines are not later than it. */
const ROTATED = /(?:^|[^0-9])(20\d\d)-?(0[1-9]|1[0-2])-?(0[1-9]|[12]\d|3[01])(?![0-9])/;

/** What sshd and sudo say, in a message of theirs. */
function authOf(app: string | null, message: string): readonly [Value, Value, Value, Value] {
  if (app === 'sudo') {
    const command = message.indexOf('COMMAND=');
    const colon = message.indexOf(' : ');
    if (command >= 0 && colon > 0) {
      return ['sudo', message.slice(0, colon).trim(), null, message.slice(command + 8)];
    }
  }
  if (app === 'sshd') {
    const words = message.split(' ', 12);
    const from = words.indexOf('from');
    const source = from > 0 ? orNull(words[from + 1]) : null;
    const user = from > 0 ? orNull(words[from - 1]) : null;
    if (words[0] === 'Accepted') return ['accepted', user, source, null];
    if (words[0] === 'Failed') return ['failed', user, source, null];
    if (words[0] === 'Invalid' && words[1] === 'user') return ['invalid user', user, source, null];
  }
  return [null, null, null, null];
}

interface Parsed {
  readonly timeUs: number;
  readonly host: string;
  readonly app: string | null;
  readonly pid: string | null;
  readonly message: string;
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

/** End of the structured data at the start of a text: a dash, or elements in brackets; -1 if it does not end. */
function structuredEnd(rest: string): number {
  if (rest.startsWith('-')) return 1;
  let at = 0;
  while (rest[at] === '[') {
    let quoted = false;
    for (at++; at < rest.length; at++) {
      const character = rest[at];
      if (quoted && character === '\\') at++;
      else if (character === '"') quoted = !quoted;
      else if (!quoted && character === ']') break;
    }
    if (rest[at] !== ']') return -1;
    at++;
  }
  return at === 0 ? -1 : at;
}

function reader(head: Head): RecordReader {
  const rotated = ROTATED.exec(head.path);

  /** Microseconds of `Nov  8 09:00:05` in the year before the file was rotated. */
  function oldTime(stamp: string): number | undefined {
    if (rotated === null) return undefined;
    const month = MONTHS.indexOf(stamp.slice(0, 3)) + 1;
    const day = stamp.slice(4, 6).replace(' ', '0');
    const monthDay = `${String(month).padStart(2, '0')}-${day}`;
    const later = monthDay > `${String(rotated[2])}-${String(rotated[3])}`;
    const year = Number(rotated[1]) - Number(later);
    return parseRfc3339(`${String(year)}-${monthDay}T${stamp.slice(7)}Z`);
  }

  function parse(line: string, out: RowOut): Parsed | undefined {
    const space = line.indexOf(' ');
    const first = line.slice(0, Math.max(0, space));
    const old = line.length > 16 && MONTHS.includes(line.slice(0, 3));
    const timeUs = old ? oldTime(line.slice(0, 15)) : parseRfc3339(first);
    if (timeUs === undefined) {
      const known = rotated !== null || !old;
      out.reject(
        'bad_time',
        known
          ? 'the line has no readable time'
          : 'neither the line nor the name of the file names a year',
      );
      return undefined;
    }
    const rest = old ? line.slice(16) : line.slice(space + 1);
    const end = rest.indexOf(' ');
    if (end <= 0) {
      out.reject('bad_fields', 'the line names no machine');
      return undefined;
    }
    return { timeUs, host: rest.slice(0, end), ...tagged(rest.slice(end + 1)) };
  }

  /** RFC 5424, behind `<priority>1 `. */
  function parseNew(line: string, out: RowOut): Parsed | undefined {
    const fields = line.split(' ', 5);
    const [stamp = '', host = '', app, pid] = fields;
    const timeUs = parseRfc3339(stamp);
    if (timeUs === undefined) {
      out.reject('bad_time', 'the line has no readable time');
      return undefined;
    }
    const rest = line.slice(fields.join(' ').length + 1);
    const end = structuredEnd(rest);
    if (fields.length < 5 || end < 0) {
      out.reject('bad_fields', 'the line does not have the fields of RFC 5424');
      return undefined;
    }
    const message = rest.slice(end + 1).replace(/^\ufeff/, '');
    return { timeUs, host, app: orNull(app), pid: orNull(pid), message };
  }

  return lineReader((line, out) => {
    const close = line.startsWith('<') ? line.indexOf('>') : -1;
    const priority = close > 0 && close < 5 ? Number(line.slice(1, close)) : NaN;
    const known = Number.isSafeInteger(priority);
    const body = known ? line.slice(close + 1) : line;
    const parsed = known && body.startsWith('1 ') ? parseNew(body.slice(2), out) : parse(body, out);
    if (parsed === undefined) return undefined;
    const { timeUs, host, app, pid, message } = parsed;
    return [
      timeUs,
      known ? priority : null,
      orNull(host),
      app,
      pid,
      message,
      ...authOf(app, message),
    ];
  });
}

export const syslog: Source = {
  id: 'syslog',
  title: 'System logs (syslog)',
  version: 1,
  about: [
    'Lines of syslog as machines keep them and agents forward them: the old form (RFC 3164), the new one (RFC 5424) and rsyslog’s with full times, with or without a priority. What sshd and sudo say of people is taken apart: who signed in from where, who ran which command.',
    'The old form names neither year nor zone. The zone is taken as UTC, as machines of AWS run unless somebody changed it. The year comes from a date in the name of the file, as log rotation adds it (secure-20251108): lines are of the twelve months before that date. Without such a date the lines are rejects, with their place and text, rather than rows with a year that nobody wrote. What an attacker with root could change on the machine proves little: compare CloudWatch Logs and flow logs.',
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
    target: 'hostname',
    src_ip: 'source_ip',
    outcome:
      "CASE WHEN auth_event IN ('accepted', 'sudo') THEN 'success' WHEN auth_event IN ('failed', 'invalid user') THEN 'failure' END",
  },
  indexes: [['source_ip'], ['user_name']],
  timeline: true,
  repeatsInFile: 'distinct',
  detect: (head) =>
    detectLines(
      head,
      'syslog lines',
      (line) => OLD.test(line) || NEW.test(line) || FULL.test(line),
    ),
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
        { user_name: 'ec2-user', command: '/bin/cat /etc/shadow', action: 'sudo' },
      ],
    },
    {
      name: 'RFC 5424, and rsyslog with full times',
      path: 'messages',
      text: [
        '<34>1 2025-11-08T09:00:05.123Z web su 7 ID47 [a@1 x="\\"]" y="z"][b@1] \ufeff\'su root\' failed',
        '<34>1 2025-11-08T09:00:06Z web - - - - plain',
        '2025-11-08T10:00:07.123456+01:00 web systemd[1]: Started',
        '',
      ].join('\n'),
      rows: [
        {
          time_us: 1_762_592_405_123_000,
          app_name: 'su',
          procid: '7',
          message: "'su root' failed",
        },
        { app_name: null, procid: null, message: 'plain' },
        { time_us: 1_762_592_407_123_456, app_name: 'systemd', message: 'Started' },
      ],
    },
    {
      name: 'no year anywhere, no machine, structured data without an end',
      path: 'secure',
      text: [
        '2025-11-08T10:00:07+01:00 web kernel: a',
        '2025-11-08T10:00:08+01:00 web kernel: b',
        '2025-11-08T10:00:09+01:00 web kernel: c',
        'Nov  8 09:00:05 web kernel: d',
        '2025-11-08T10:00:10+01:00 web',
        '<34>1 2025-11-08T09:00:06Z web a b c [x',
        '<34>1 2025-11-31T09:00:06Z web a b c - x',
      ].join('\n'),
      rows: [{ message: 'a' }, { message: 'b' }, { message: 'c' }],
      rejects: ['bad_time', 'bad_fields'],
    },
  ],
  example: {
    question: 'Which addresses tried to sign in, and did one succeed?',
    sql: "SELECT source_ip, sum(auth_event = 'accepted') AS accepted, sum(auth_event <> 'accepted') AS refused, min(time_us) AS first_us FROM syslog WHERE source_ip IS NOT NULL GROUP BY source_ip ORDER BY accepted DESC, refused DESC, source_ip LIMIT 20",
  },
};
