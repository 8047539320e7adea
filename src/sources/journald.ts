/** The systemd journal as JSON (journalctl -o json): what the services and the kernel of a machine logged. */
import { Buffer, isUtf8 } from 'node:buffer';
import type { JsonObject, JsonValue } from '../core/json.ts';
import { exactUs } from '../core/time.ts';
import {
  canonicalRecord,
  columnsOf,
  derived,
  detectJson,
  integer,
  joined,
  json,
  type JsonField,
  type JsonFormat,
  jsonReader,
  textOf,
} from './_json.ts';
import { AUTH_COLUMNS, AUTH_OUTCOME, authValues } from './_syslog_auth.ts';
import type { RowOut, Source, Value } from './source.ts';

/** Text of a list of byte values, as which the journal writes what is no printable UTF-8; undefined for another list. */
function bytesText(list: readonly JsonValue[], name: string, out: RowOut): string | undefined {
  const values: number[] = [];
  for (const one of list) {
    if (typeof one !== 'number' || !Number.isInteger(one) || one < 0 || one > 255) return undefined;
    values.push(one);
  }
  const bytes = Buffer.from(values);
  if (!isUtf8(bytes)) out.anomaly('bad_value', `bytes of ${name} that are not UTF-8 were replaced`);
  if (bytes.includes(0)) out.anomaly('nul_character', `${name} contains U+0000`);
  return bytes.toString('utf8');
}

/** A field of the journal: text, bytes, or a list of both where an entry has the field more than once. */
function journalText(value: JsonValue | undefined, name: string, out: RowOut): string | null {
  if (!Array.isArray(value)) return textOf(value, name, out);
  const list = value as readonly JsonValue[];
  const bytes = bytesText(list, name, out);
  if (bytes !== undefined) return bytes;
  const texts: string[] = [];
  for (const one of list) {
    const text =
      Array.isArray(one) && one.length > 0
        ? bytesText(one as readonly JsonValue[], name, out)
        : one;
    if (typeof text !== 'string') {
      out.anomaly('bad_value', `${name} is neither text nor bytes`);
      return null;
    }
    texts.push(text);
  }
  return texts.join('\n');
}

function entry(name: string, member: string, about: string): JsonField {
  return derived(name, about, (record, out) => journalText(record[member], member, out));
}

/** Microseconds in decimal digits, which is how the journal writes its times. */
function micros(value: JsonValue | undefined): number | undefined {
  return typeof value === 'string' && /^\d{1,16}$/.test(value) ? exactUs(Number(value)) : undefined;
}

function source(record: JsonObject, out: RowOut): number | null {
  const value = record['_SOURCE_REALTIME_TIMESTAMP'];
  if (value === undefined || value === null) return null;
  const timeUs = micros(value);
  if (timeUs === undefined) out.anomaly('bad_value', '_SOURCE_REALTIME_TIMESTAMP is not a time');
  return timeUs ?? null;
}

/** What sshd, sudo and others say of people, in columns as those of syslog; worked out once a record. */
function authFields(): readonly JsonField[] {
  let last: JsonObject | undefined;
  let values: readonly Value[] = [];
  // What is odd of these members is noted where their own columns are read.
  const quiet = { anomaly: () => undefined } as unknown as RowOut;
  const read = (record: JsonObject): string | null =>
    journalText(record['SYSLOG_IDENTIFIER'] ?? record['_COMM'], 'SYSLOG_IDENTIFIER', quiet);
  return AUTH_COLUMNS.map((column, at) => ({
    column,
    value: (record, out) => {
      if (record !== last) {
        last = record;
        const message = journalText(record['MESSAGE'], 'MESSAGE', quiet);
        values = authValues(read(record), message ?? '', out);
      }
      return values[at] ?? null;
    },
  }));
}

const FORMAT: JsonFormat = {
  what: 'entries of the systemd journal',
  marks: ['"__REALTIME_TIMESTAMP"'],
  wrappers: [],
  is: (record) =>
    '__REALTIME_TIMESTAMP' in record &&
    ('__CURSOR' in record || '_BOOT_ID' in record || '__MONOTONIC_TIMESTAMP' in record),
  keys: [
    ['__REALTIME_TIMESTAMP', '__CURSOR'],
    ['__REALTIME_TIMESTAMP', '_BOOT_ID'],
  ],
  time: (record) => micros(record['__REALTIME_TIMESTAMP']),
  timeName: '__REALTIME_TIMESTAMP',
  identity: (record) =>
    joined(record, '__CURSOR', '_BOOT_ID', '__REALTIME_TIMESTAMP', '_PID', 'MESSAGE'),
  fields: [
    entry('hostname', '_HOSTNAME', '_HOSTNAME: machine that logged.'),
    entry('message', 'MESSAGE', 'MESSAGE: what was logged; NULL where it was too long for JSON.'),
    integer('priority', 'number', 'PRIORITY', 'PRIORITY: 0 (emergency) to 7 (debug).'),
    integer(
      'facility',
      'number',
      'SYSLOG_FACILITY',
      'SYSLOG_FACILITY: 4 and 10 are authentication.',
    ),
    entry(
      'syslog_identifier',
      'SYSLOG_IDENTIFIER',
      'SYSLOG_IDENTIFIER: name that the program gives itself.',
    ),
    entry('comm', '_COMM', '_COMM: name of the process, as the journal saw it.'),
    entry('exe', '_EXE', '_EXE: path of the program, as the journal saw it.'),
    entry('command_line', '_CMDLINE', '_CMDLINE: command line of the process.'),
    integer('pid', 'number', '_PID', '_PID: process that logged.'),
    integer('uid', 'number', '_UID', '_UID: user that the process ran as.'),
    integer(
      'audit_login_uid',
      'number',
      '_AUDIT_LOGINUID',
      '_AUDIT_LOGINUID: user that logged in.',
    ),
    entry('audit_session', '_AUDIT_SESSION', '_AUDIT_SESSION: session of the login.'),
    entry('systemd_unit', '_SYSTEMD_UNIT', '_SYSTEMD_UNIT: unit of the process.'),
    entry('transport', '_TRANSPORT', '_TRANSPORT: journal, syslog, stdout, kernel, audit.'),
    entry('boot_id', '_BOOT_ID', '_BOOT_ID: one for each boot of the machine.'),
    entry(
      'machine_id',
      '_MACHINE_ID',
      '_MACHINE_ID: of the installation; images share it if copied.',
    ),
    entry('message_id', 'MESSAGE_ID', 'MESSAGE_ID: kind of message, as its program names it.'),
    entry('cursor', '__CURSOR', '__CURSOR: place of the entry in the journal.'),
    {
      column: {
        name: 'source_realtime_us',
        type: 'INTEGER',
        unit: 'us',
        about: '_SOURCE_REALTIME_TIMESTAMP: when the program logged, by what it says itself.',
      },
      value: source,
    },
    json('message_json', 'MESSAGE', 'MESSAGE as JSON: its bytes where it is no text.'),
    ...authFields(),
  ],
};

const SSH = {
  __CURSOR: 's=a;i=1;b=b;m=1;t=1;x=1',
  __REALTIME_TIMESTAMP: '1762592405123456',
  __MONOTONIC_TIMESTAMP: '5000000',
  _BOOT_ID: '0a1b2c3d000140008000000000000001',
  _MACHINE_ID: '1a1b2c3d000140008000000000000001',
  _HOSTNAME: 'web',
  PRIORITY: '6',
  SYSLOG_FACILITY: '10',
  SYSLOG_IDENTIFIER: 'sshd',
  _COMM: 'sshd',
  _EXE: '/usr/sbin/sshd',
  _PID: '4711',
  _UID: '0',
  _TRANSPORT: 'syslog',
  _SYSTEMD_UNIT: 'sshd.service',
  _SOURCE_REALTIME_TIMESTAMP: '1762592405123400',
  MESSAGE: 'Accepted publickey for ec2-user from 198.51.100.7 port 51514 ssh2',
};

export const journald: Source = {
  id: 'journald',
  title: 'systemd journal (JSON)',
  version: 4,
  clock: 'The machine’s own clock, UTC, to the microsecond.',
  about: [
    'Entries of the systemd journal as `journalctl -o json` writes them and agents forward them: JSON lines, pretty-printed (`-o json-pretty`), arrays and one after another. Amazon Linux 2023 logs sign-ins and sudo there alone. What sshd, sudo, su, PAM, cron and the tools for accounts say of people is taken apart as in syslog. Columns of members that begin with an underscore are what the journal itself saw of the process; the others are what the process says.',
    'A field that is no printable UTF-8 comes as a list of bytes, which is read as text; one that an entry has more than once becomes one text of several lines; one beyond 4096 bytes is null unless journalctl ran with --all. MESSAGE has its bytes in message_json. Times are the machine’s own clock. Binary journal files, and the forms export and short, are not read. What an attacker with root could change on the machine proves little: compare CloudWatch Logs and flow logs.',
  ].join('\n\n'),
  references: [
    'systemd documentation, "Journal Export Formats", section "Journal JSON Format"',
    'systemd manual, "systemd.journal-fields(7)"',
    'systemd manual, "journalctl(1)", option --output',
  ],
  columns: columnsOf(
    '__REALTIME_TIMESTAMP: when the journal got the entry, by the machine’s clock.',
    FORMAT.fields,
  ),
  common: {
    actor: 'coalesce(user_name, syslog_identifier, comm)',
    action: 'coalesce(auth_event, systemd_unit, syslog_identifier, comm)',
    target: "hostname || coalesce(' ' || target_user, '')",
    src_ip: 'source_ip',
    outcome: AUTH_OUTCOME,
  },
  indexes: [['syslog_identifier'], ['source_ip']],
  timeline: true,
  repeatsInFile: 'duplicate',
  inside: true,
  detect: (head) => detectJson(head, FORMAT),
  reader: (head) => jsonReader(head, FORMAT),
  sameText: canonicalRecord,
  samples: [
    {
      name: 'text, bytes, a field twice, one too long for JSON',
      path: 'journal',
      text: [
        SSH,
        { ...SSH, __CURSOR: 'b', MESSAGE: [27, 91, 109, 195, 164] },
        {
          ...SSH,
          __CURSOR: 'c',
          MESSAGE: ['one', [116, 119, 111]],
          _HOSTNAME: ['a', 'b'],
        },
        { ...SSH, __CURSOR: 'd', MESSAGE: null },
      ]
        .map((record) => `${JSON.stringify(record)}\n`)
        .join(''),
      rows: [
        {
          time_us: 1_762_592_405_123_456,
          source_realtime_us: 1_762_592_405_123_400,
          actor: 'ec2-user',
          action: 'accepted',
          target: 'web',
          src_ip: '198.51.100.7',
          client_port: 51_514,
          auth_method: 'publickey',
          outcome: 'success',
          systemd_unit: 'sshd.service',
          pid: 4711,
          priority: 6,
          facility: 10,
          message: 'Accepted publickey for ec2-user from 198.51.100.7 port 51514 ssh2',
        },
        { message: '\u001b[mä', message_json: '[27,91,109,195,164]' },
        { message: 'one\ntwo', hostname: 'a\nb' },
        { message: null, message_json: null },
      ],
    },
    {
      name: 'bytes that are no text, NUL, a byte beyond 255, times that are none, something else, a cut record',
      path: 'x',
      text: [
        JSON.stringify(SSH),
        JSON.stringify({ ...SSH, MESSAGE: [255, 0] }),
        JSON.stringify({
          ...SSH,
          MESSAGE: [256],
          _SOURCE_REALTIME_TIMESTAMP: '-1',
        }),
        JSON.stringify({
          ...SSH,
          __REALTIME_TIMESTAMP: '99999999999999999999',
        }),
        JSON.stringify({
          ...SSH,
          __REALTIME_TIMESTAMP: '2025-11-08T09:00:05Z',
        }),
        '{"MESSAGE":"x"}',
        JSON.stringify(SSH).slice(0, 200),
      ].join('\n'),
      rows: [{}, { message: '\ufffd\0' }, { message: null, source_realtime_us: null }],
      rejects: ['bad_time', 'bad_time', 'not_this_source', 'truncated'],
      anomalies: ['bad_value', 'nul_character'],
    },
  ],
  example: {
    question: 'Who signed in or became root on which machine?',
    sql: "SELECT time_us, hostname, auth_event, user_name, target_user, source_ip, command FROM journald WHERE auth_event IN ('accepted', 'sudo', 'su') ORDER BY time_us, id LIMIT 20",
  },
};
