/** The audit log of the Linux kernel (auditd): system calls, commands, files, sign-ins, by the rules of the machine. */
import { Buffer } from 'node:buffer';
import { sortedJson } from '../core/json.ts';
import { exactUs } from '../core/time.ts';
import { detectLines, integerField, lineReader, orNull, portField } from './_lines.ts';
import type { Column, RowOut, Source, Value } from './source.ts';

function text(name: string, about: string): Column {
  return { name, type: 'TEXT', about };
}

function integer(name: string, unit: string, about: string): Column {
  return { name, type: 'INTEGER', unit, about };
}

const COLUMNS: readonly Column[] = [
  integer('time_us', 'us', 'Time of the event, by the millisecond, as the kernel wrote it.'),
  text('hostname', 'node: machine, where the daemon names it.'),
  text('record_type', 'type: SYSCALL, EXECVE, PATH, CWD, PROCTITLE, USER_LOGIN, USER_CMD, ...'),
  integer('audit_serial', 'number', 'Serial of the event: joins its records, with time_us.'),
  integer('pid', 'number', 'Process.'),
  integer('parent_pid', 'number', 'ppid: its parent.'),
  text(
    'login_uid',
    'auid: user who signed in, whatever became of the process since; NULL if unset.',
  ),
  integer('uid', 'number', 'User of the process.'),
  integer('euid', 'number', 'Effective user of the process.'),
  text('audit_session', 'ses: session of the sign-in.'),
  text('tty', 'Terminal.'),
  text('comm', 'Name of the process.'),
  text('exe', 'Program of the process.'),
  text('syscall', 'Number of the system call, of its architecture.'),
  text('audit_key', 'key: name of the rule that matched.'),
  text('command_line', 'Arguments of EXECVE, PROCTITLE or cmd, decoded and apart by blanks.'),
  text('working_directory', 'cwd.'),
  text('path_name', 'name of PATH, decoded.'),
  text('name_type', 'nametype of PATH: NORMAL, CREATE, DELETE, PARENT.'),
  text('account', 'acct: account of a sign-in or a change of accounts, decoded.'),
  text('operation', 'op: what was done.'),
  text('source_ip', 'addr: where a sign-in came from.'),
  integer('client_port', 'port', 'Port of it.'),
  text('audit_result', 'res or success: success, failed, yes, no.'),
  text('members', 'All members as JSON, as they stand.'),
];

const LINE = /^(?:node=\S+ )?type=[A-Z0-9_[\]]+ msg=audit\(\d+\.\d{3}:\d+\): ?/;

/** Group separator, behind which the daemon adds interpreted values. */
const SEPARATOR = '\u001d';

/**
 * Members of a line: `name=value`, `name="value"`, and one level of them in single quotes behind msg. What the daemon
 * adds of interpreted values has names in capitals.
 */
function members(text_: string, inside = false): ReadonlyMap<string, string> {
  const line = text_.replaceAll(SEPARATOR, ' ');
  const found = new Map<string, string>();
  let at = 0;
  while (at < line.length) {
    const equals = line.indexOf('=', at);
    if (equals < 0) break;
    const name = line.slice(line.lastIndexOf(' ', equals) + 1, equals);
    const quote = line[equals + 1];
    if (quote === "'" && !inside) {
      // Members of their own, up to the last quote.
      const close = line.lastIndexOf("'");
      const inner = line.slice(equals + 2, close > equals + 1 ? close : undefined);
      for (const [key, value] of members(inner, true)) if (!found.has(key)) found.set(key, value);
      at = close > equals + 1 ? close + 1 : line.length;
      continue;
    }
    const close = quote === '"' ? line.indexOf('"', equals + 2) : -1;
    const space = line.indexOf(' ', equals);
    const end = close >= 0 ? close + 1 : space < 0 ? line.length : space;
    if (name !== '' && !found.has(name)) found.set(name, line.slice(equals + 1, end));
    at = end + 1;
  }
  return found;
}

/** A value that a user could choose: in quotes, or in hexadecimal where it holds blanks, quotes or control characters. */
function decoded(value: string | undefined): string | null {
  if (value === undefined || value === '?' || value === '(null)' || value === '""') return null;
  if (value.startsWith('"')) return value.endsWith('"') ? value.slice(1, -1) : value.slice(1);
  if (value.length < 2 || value.length % 2 !== 0 || !/^[0-9A-F]+$/.test(value)) return value;
  return Buffer.from(value, 'hex').toString('utf8').replaceAll('\0', ' ').trimEnd();
}

/** Arguments of EXECVE in order: a0, a1, ...; long ones come in pieces, a1[0], a1[1]. */
function argumentsOf(found: ReadonlyMap<string, string>): string | null {
  const parts = new Map<number, string>();
  for (const [name, value] of found) {
    const match = /^a(\d{1,6})(?:\[\d+\])?$/.exec(name);
    if (match === null) continue;
    const index = Number(match[1]);
    parts.set(index, (parts.get(index) ?? '') + (decoded(value) ?? ''));
  }
  if (parts.size === 0) return null;
  return [...parts.entries()]
    .sort(([a], [b]) => a - b)
    .map(([, part]) => part)
    .join(' ');
}

/** 4294967295 is -1: no user signed in, or no session. */
function unset(value: string | undefined): string | null {
  return value === '4294967295' || value === '-1' || value === 'unset' ? null : orNull(value);
}

function map(line: string, out: RowOut): readonly Value[] | undefined {
  const start = LINE.exec(line)?.[0];
  const stamp = /type=(\S+) msg=audit\((\d+)\.(\d{3}):(\d+)\):/.exec(start ?? '');
  if (start === undefined || stamp === null) {
    out.reject('bad_fields', 'the line is no record of the audit log');
    return undefined;
  }
  const [, type = '', seconds = '', millis = '', serial] = stamp;
  const timeUs = exactUs(Number(seconds) * 1_000_000 + Number(millis) * 1000);
  if (timeUs === undefined) {
    out.reject('bad_time', 'the time of the record is not a time');
    return undefined;
  }
  const found = members(line.slice(start.length));
  const get = (name: string): string | undefined => found.get(name);
  const number = (name: string): number | bigint | null => {
    const value = get(name);
    return value === undefined || value === '?' || value === '4294967295'
      ? null
      : integerField(value, name, out);
  };
  const command =
    type === 'EXECVE' ? argumentsOf(found) : (decoded(get('proctitle')) ?? decoded(get('cmd')));
  const address = get('addr');
  return [
    timeUs,
    orNull(/^node=(\S+) /.exec(line)?.[1]),
    type,
    integerField(serial, 'audit_serial', out),
    number('pid'),
    number('ppid'),
    unset(get('auid')),
    number('uid'),
    number('euid'),
    unset(get('ses')),
    decoded(get('tty') ?? get('terminal')),
    decoded(get('comm')),
    decoded(get('exe')),
    orNull(get('syscall')),
    decoded(get('key')),
    command,
    decoded(get('cwd')),
    decoded(get('name')),
    orNull(get('nametype')),
    decoded(get('acct')),
    decoded(get('op')),
    address === '?' || address === undefined ? null : decoded(address),
    portField(get('rport'), 'the client', out),
    orNull(get('res') ?? get('success')),
    sortedJson(Object.fromEntries(found)),
  ].map((value) => (typeof value === 'string' ? value.toWellFormed() : value));
}

const AT = 'msg=audit(1762592405.123:456):';
const SYSCALL = `type=SYSCALL ${AT} arch=c000003e syscall=59 success=yes exit=0 a0=55d0 ppid=700 pid=712 auid=1000 uid=0 gid=0 euid=0 tty=pts0 ses=3 comm="cat" exe="/usr/bin/cat" key="root-commands"`;
const EXECVE = `type=EXECVE ${AT} argc=3 a0="cat" a1="/etc/shadow" a2=6120622063`;
const LOGIN =
  'node=web type=USER_LOGIN msg=audit(1762592406.500:457): pid=900 uid=0 auid=4294967295 ses=4294967295 msg=\'op=login acct="eve" exe="/usr/sbin/sshd" hostname=? addr=198.51.100.7 terminal=ssh res=failed\'';

export const auditd: Source = {
  id: 'auditd',
  title: 'Linux audit log (auditd)',
  version: 1,
  clock: 'The machine’s own clock, UTC, to the millisecond.',
  about: [
    'Records of the audit log of Linux, /var/log/audit/audit.log, as the daemon writes them and agents forward them: system calls by rule, commands with their arguments, files, sign-ins and changes of accounts. An event is several records that share audit_serial and time: SYSCALL says who and with what result, EXECVE what was run, PATH on what file. login_uid stays the same through sudo and su: it names who signed in.',
    'Values that a user could choose are in hexadecimal where they hold blanks or quotes, and are decoded; members has all as they stand. Without rules the log holds sign-ins and little more. Serials restart at boot; gaps in them show lost or removed records. What an attacker with root could change on the machine proves little: compare CloudWatch Logs.',
  ].join('\n\n'),
  references: [
    'Linux Audit documentation, "Audit event fields", "SPEC Writing Good Events"',
    'auditd manual, "auditd(8)", "ausearch(8)"',
  ],
  columns: COLUMNS,
  common: {
    actor: "coalesce(account, 'uid ' || coalesce(login_uid, uid))",
    action: 'coalesce(operation, record_type)',
    target: 'coalesce(command_line, path_name, exe)',
    src_ip:
      "CASE WHEN source_ip GLOB '[0-9]*.[0-9]*.[0-9]*.[0-9]*' OR source_ip GLOB '*:*:*' THEN source_ip END",
    outcome:
      "CASE WHEN audit_result IN ('success', 'yes', '1') THEN 'success' WHEN audit_result IN ('failed', 'no', '0') THEN 'failure' END",
  },
  indexes: [['audit_serial'], ['source_ip']],
  timeline: true,
  repeatsInFile: 'distinct',
  originAround: true,
  inside: true,
  detect: (head) => detectLines(head, 'records of the Linux audit log', (line) => LINE.test(line)),
  reader: () => lineReader(map),
  samples: [
    {
      name: 'a command as root, with an argument in hexadecimal; a sign-in that failed; a title with NUL',
      path: 'x',
      text: [
        SYSCALL,
        EXECVE,
        `type=CWD ${AT} cwd="/home/ann"`,
        `type=PATH ${AT} item=0 name="/etc/shadow" inode=7 nametype=NORMAL`,
        `type=PROCTITLE ${AT} proctitle=636174002F6574632F736861646F77`,
        LOGIN,
        '',
      ].join('\n'),
      rows: [
        {
          time_us: 1_762_592_405_123_000,
          audit_serial: 456,
          actor: 'uid 1000',
          action: 'SYSCALL',
          target: '/usr/bin/cat',
          uid: 0,
          comm: 'cat',
          audit_key: 'root-commands',
          outcome: 'success',
        },
        { command_line: 'cat /etc/shadow a b c' },
        { working_directory: '/home/ann' },
        { path_name: '/etc/shadow', name_type: 'NORMAL' },
        { command_line: 'cat /etc/shadow' },
        {
          hostname: 'web',
          actor: 'eve',
          action: 'login',
          src_ip: '198.51.100.7',
          login_uid: null,
          tty: 'ssh',
          outcome: 'failure',
        },
      ],
    },
    {
      name: 'broken lines',
      path: 'x',
      text: [
        SYSCALL,
        SYSCALL.slice(0, 30),
        SYSCALL.replace('1762592405', '9999999999999'),
        SYSCALL.replace('pid=712', 'pid=x'),
        SYSCALL,
        '',
      ].join('\n'),
      rows: [{}, { pid: null }, {}],
      rejects: ['bad_fields', 'bad_time'],
      anomalies: ['bad_value'],
    },
  ],
  example: {
    question: 'Which commands were run as root by somebody who signed in as another user?',
    sql: "SELECT call.time_us, call.login_uid, run.command_line FROM auditd AS call JOIN auditd AS run ON run.audit_serial = call.audit_serial AND run.time_us = call.time_us AND run.record_type = 'EXECVE' WHERE call.record_type = 'SYSCALL' AND call.uid = 0 AND call.login_uid NOT IN ('0') ORDER BY call.time_us, call.id LIMIT 20",
  },
};
