/** RDS and Aurora PostgreSQL logs: connections, errors, statements, and the audit records of pgAudit in them. */
import type { Buffer } from 'node:buffer';
import { exactUs } from '../core/time.ts';
import { blockReader, type BlockRow, detectBlocks } from './_blocks.ts';
import { csvFields, quotedJoins } from './_csv.ts';
import { integerField, isoTime, orNull, portField } from './_lines.ts';
import type { Column, Detection, Head, RecordReader, RowOut, Source } from './source.ts';

function text(name: string, about: string): Column {
  return { name, type: 'TEXT', about };
}

function integer(name: string, unit: string, about: string): Column {
  return { name, type: 'INTEGER', unit, about };
}

const COLUMNS: readonly Column[] = [
  integer('time_us', 'us', 'Time of the line, by the second or millisecond.'),
  text(
    'db_instance',
    'Instance or cluster in the log group; NULL where the file has another name.',
  ),
  text('client_host', 'Address or name of the client; [local] for the machine itself.'),
  integer('client_port', 'port', 'Port of the client.'),
  text('username', 'Database user; NULL for the server’s own lines.'),
  text('database_name', 'Database.'),
  integer('pid', 'number', 'Process: joins the lines of a session.'),
  text('log_level', 'LOG, ERROR, FATAL, WARNING, DETAIL, HINT, STATEMENT, ...'),
  text(
    'event',
    'audit, connection received, connection authenticated, connection authorized, disconnection, authentication failed, statement, error; NULL for other lines.',
  ),
  text('message', 'The text of the line, and of those that go on it.'),
  text('audit_type', 'SESSION or OBJECT, of pgAudit.'),
  integer('statement_id', 'number', 'Number of the statement in its session.'),
  integer('substatement_id', 'number', 'Number of the part of the statement.'),
  text('audit_class', 'READ, WRITE, FUNCTION, ROLE, DDL, MISC, MISC_SET.'),
  text('command', 'SELECT, CREATE TABLE, GRANT ROLE, ...'),
  text('object_type', 'TABLE, INDEX, VIEW, ...'),
  text('object_name', 'Object with its schema.'),
  text('statement', 'The statement: of an audit record, or of a line that logs one.'),
  text('parameter', 'Parameters of the statement; <not logged>, <none>.'),
  text('sql_state_code', 'SQLSTATE of an error, of the CSV form; NULL for 00000, which is none.'),
  text('application_name', 'application_name of the client, of the CSV form.'),
];

const LEVELS: ReadonlySet<string> = new Set([
  ...['LOG', 'ERROR', 'FATAL', 'PANIC', 'WARNING', 'NOTICE', 'INFO', 'DEBUG'],
  ...['DEBUG1', 'DEBUG2', 'DEBUG3', 'DEBUG4', 'DEBUG5'],
  ...['DETAIL', 'HINT', 'QUERY', 'CONTEXT', 'LOCATION', 'STATEMENT'],
]);

/** A time with its zone, then client, user and database, then the process. */
const BEGIN = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? [A-Z]{3,5}:[^\n]*?:\[\d+\]:/;
const STAMP = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/;

/** What the CSV form says besides. */
interface CsvRest {
  readonly query: string | null;
  readonly state: string | null;
  readonly application: string | null;
}

interface Prefix {
  readonly timeUs: number | undefined;
  readonly host: string | null;
  readonly port: string | undefined;
  readonly user: string | null;
  readonly database: string | null;
  readonly pid: string;
  readonly level: string;
  readonly message: string;
  readonly rest?: CsvRest;
}

/** `10.0.0.1(5432):ann@shop`, `[local]:ann@shop`, `::ann@shop`; empty parts where the server itself speaks. */
function clientOf(text_: string): Pick<Prefix, 'host' | 'port' | 'user' | 'database'> {
  const paren = text_.indexOf('):');
  const open = paren < 0 ? -1 : text_.lastIndexOf('(', paren);
  const colon = open < 0 ? text_.indexOf(':') : paren + 1;
  const remote = text_.slice(0, Math.max(0, colon));
  const who = text_.slice(colon + 1);
  const at = who.lastIndexOf('@');
  const known = (value: string): string | null => (value === '[unknown]' ? null : orNull(value));
  return {
    host: orNull(open < 0 ? remote : remote.slice(0, open)),
    port: open < 0 ? undefined : remote.slice(open + 1, -1),
    user: known(who.slice(0, Math.max(0, at))),
    database: known(who.slice(at + 1)),
  };
}

/** Columns of the CSV form up to version 12, of which newer ones add backend_type, leader_pid and query_id. */
const CSV_FIELDS = 23;
const CSV_MOST_FIELDS = 26;
/** Time with its zone, user, database, process, client, session. */
const CSV_BEGIN =
  /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} [A-Z]{3,5},(?:"(?:[^"]|"")*")?,(?:"(?:[^"]|"")*")?,\d+,(?:"(?:[^"]|"")*")?,[0-9a-f]+\.[0-9a-f]+,\d+,/;

/** Names of users and databases have 63 bytes at most. */
const CSV_BEGIN_BYTES = 512;

/** Host and port of `10.0.0.1:5432`, `[local]`, an empty field. */
function csvClient(field: string | undefined): Pick<Prefix, 'host' | 'port'> {
  const colon = field?.lastIndexOf(':') ?? -1;
  // A port that is none is noted; the machine itself has none.
  if (field === undefined || colon < 0) {
    return {
      host: orNull(field),
      port: orNull(field) === null || field === '[local]' ? undefined : field,
    };
  }
  return { host: orNull(field.slice(0, colon)), port: field.slice(colon + 1) };
}

/** A record of the CSV form; undefined if it has not its fields. */
function csvPrefix(record: string): Prefix | undefined {
  const fields = csvFields(record);
  if (fields === undefined || fields.length < CSV_FIELDS || fields.length > CSV_MOST_FIELDS)
    return undefined;
  const [stamp = '', user, database, pid = '', client, , , , , , , level = '', state] = fields;
  if (!LEVELS.has(level) || !/^\d+$/.test(pid)) return undefined;
  return {
    timeUs: timeOf(stamp, stamp.indexOf(' ', 11), stamp.length),
    ...csvClient(client),
    user: orNull(user),
    database: orNull(database),
    pid,
    level,
    message: fields[13] ?? '',
    rest: {
      query: orNull(fields[19]),
      state: state === '00000' ? null : orNull(state),
      application: orNull(fields[22]),
    },
  };
}

const NO_REST: CsvRest = { query: null, state: null, application: null };

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** The time that begins a line, its zone from `zone` to `end`; undefined if it is none, or one of another zone than UTC. */
function timeOf(line: string, zone: number, end: number): number | undefined {
  const name = line.slice(zone + 1, end);
  const timeUs = isoTime(`${line.slice(0, 10)}T${line.slice(11, zone)}`);
  return (name === 'UTC' || name === 'GMT') && timeUs !== undefined ? exactUs(timeUs) : undefined;
}

/** The line apart; undefined if it is not of the form that RDS sets. */
function prefixOf(record: string): Prefix | undefined {
  const zone = record.indexOf(' ', 11);
  const colon = record.indexOf(':', zone);
  if (zone < 19 || colon < 0) return undefined;
  // A client that said nothing yet is `[unknown]@[unknown]`: the process is the first number in brackets.
  let bracket = record.indexOf(':[', colon);
  while (bracket >= 0 && !isDigit(record.charCodeAt(bracket + 2))) {
    bracket = record.indexOf(':[', bracket + 2);
  }
  const close = record.indexOf(']:', bracket);
  if (bracket < 0 || close < 0) return undefined;
  const pid = record.slice(bracket + 2, close);
  // Between the process and the level a longer prefix has line number, state, session and more.
  let at = close + 2;
  let level = '';
  for (let part = 0; part < 8; part++) {
    const end = record.indexOf(':', at);
    if (end < 0) return undefined;
    const word = record.slice(at, end).trim();
    at = end + 1;
    if (!LEVELS.has(word)) continue;
    level = word;
    break;
  }
  if (level === '' || !/^\d+$/.test(pid)) return undefined;
  return {
    timeUs: timeOf(record, zone, colon),
    ...clientOf(record.slice(colon + 1, bracket)),
    pid,
    level,
    message: record.slice(at).trim(),
  };
}

const EVENTS: readonly (readonly [start: string, event: string])[] = [
  ['AUDIT: ', 'audit'],
  ['connection received: ', 'connection received'],
  ['connection authenticated: ', 'connection authenticated'],
  ['connection authorized: ', 'connection authorized'],
  ['disconnection: ', 'disconnection'],
  ['statement: ', 'statement'],
  ['execute ', 'statement'],
  ['password authentication failed ', 'authentication failed'],
  ['no pg_hba.conf entry ', 'authentication failed'],
  ['pg_hba.conf rejects connection ', 'authentication failed'],
  ['PAM authentication failed ', 'authentication failed'],
];

const ERRORS: ReadonlySet<string> = new Set(['ERROR', 'FATAL', 'PANIC']);

function eventOf({ level, message }: Prefix): string | null {
  const known = EVENTS.find(([start]) => message.startsWith(start))?.[1];
  if (known !== undefined) return known;
  if (level === 'STATEMENT' || /^duration: [\d.]+ ms {2}(?:statement|execute)/.test(message)) {
    return 'statement';
  }
  return ERRORS.has(level) ? 'error' : null;
}

/** The statement that a line logs: all of STATEMENT, else what follows `statement: ` or `execute <name>: `. */
function statementOf({ level, message }: Prefix): string | null {
  if (level === 'STATEMENT') return message;
  const at = /^(?:duration: [\d.]+ ms {2})?(?:statement|execute [^:]*): /.exec(message);
  return at === null ? null : message.slice(at[0].length);
}

/** Value behind `name=` in a message; for lines whose prefix does not know the client yet. */
function said(message: string, name: string): string | undefined {
  return new RegExp(`(?:^|[ ])${name}=([^ ]+)`).exec(message)?.[1];
}

const AUDIT = 'AUDIT: ';
const AUDIT_FIELDS = 9;

function reader(head: Head, shape: string): RecordReader {
  const instance = /(?:^|\/)aws\/rds\/(?:instance|cluster)\/([^/]+)\//.exec(head.path)?.[1] ?? null;

  function map(record: string, out: RowOut): BlockRow | undefined {
    const prefix = !STAMP.test(record)
      ? undefined
      : shape === 'csv'
        ? csvPrefix(record)
        : prefixOf(record);
    if (prefix === undefined) {
      const what = shape === 'csv' ? 'the fields of a CSV log' : 'the prefix that RDS sets';
      out.reject('bad_fields', `the line does not have ${what}`);
      return undefined;
    }
    const { rest = NO_REST } = prefix;
    if (prefix.timeUs === undefined) {
      out.reject('bad_time', 'the time of the line is not one in UTC');
      return undefined;
    }
    const audit = prefix.message.startsWith(AUDIT);
    const fields = audit ? csvFields(prefix.message.slice(AUDIT.length)) : [];
    if (fields === undefined || (audit && fields.length < AUDIT_FIELDS)) {
      out.reject('bad_fields', 'the audit record does not have its nine fields');
      return undefined;
    }
    const event = eventOf(prefix);
    const received = event === 'connection received' || event === 'disconnection';
    const port = prefix.port ?? (received ? said(prefix.message, 'port') : undefined);
    return {
      values: [
        prefix.timeUs,
        instance,
        prefix.host ?? (received ? orNull(said(prefix.message, 'host')) : null),
        portField(port, 'the client', out),
        prefix.user,
        prefix.database,
        integerField(prefix.pid, 'pid', out),
        prefix.level,
        event,
        prefix.message,
        orNull(fields[0]),
        integerField(fields[1], 'statement_id', out),
        integerField(fields[2], 'substatement_id', out),
        orNull(fields[3]),
        orNull(fields[4]),
        orNull(fields[5]),
        orNull(fields[6]),
        audit ? orNull(fields[7]) : (statementOf(prefix) ?? rest.query),
        orNull(fields[8]),
        rest.state,
        rest.application,
      ],
      identity: record,
    };
  }
  // PostgreSQL puts a tab before each further line of a message (log_destination stderr); a log event is one message.
  const blocks = blockReader(
    (line) => STAMP.test(line) || (head.inside !== true && /^\S/.test(line)),
    map,
  );
  if (shape !== 'csv') return blocks;
  const begins = (bytes: Buffer, start: number, end: number): boolean =>
    CSV_BEGIN.test(bytes.toString('latin1', start, Math.min(end, start + CSV_BEGIN_BYTES)));
  return { ...blocks, framing: { kind: 'blocks', joins: quotedJoins(begins) } };
}

/** The CSV form, told by its first line. */
function detectCsv(head: Head): Detection | undefined {
  return CSV_BEGIN.test(head.text.slice(0, CSV_BEGIN_BYTES))
    ? { confidence: 90, reason: 'a PostgreSQL log as CSV', shape: 'csv' }
    : undefined;
}

const AT = '2025-11-08 09:00:05 UTC:198.51.100.7(52834):app@shop:[20175]:';
const CSV =
  '2025-11-08 09:00:05.123 UTC,"app","shop",20175,"198.51.100.7:52834",690f0a05.4ecf,3,"SELECT",2025-11-08 09:00:00 UTC,3/14,0,';
const CSV_END = ',,,,,,,,,"psql"';
const READ = `${AT}LOG:  AUDIT: SESSION,3,1,READ,SELECT,TABLE,public.cards,"select ""pan"",\n\tcvv from cards",<not logged>`;

export const rds_pgaudit: Source = {
  id: 'rds_pgaudit',
  title: 'RDS and Aurora PostgreSQL logs, with pgAudit',
  version: 3,
  clock:
    'The database machine’s clock with its zone in the line, to the second or millisecond; other zones than UTC are rejects.',
  about: [
    'The log of PostgreSQL on RDS and Aurora, with the prefix that RDS sets (%t:%r:%u@%d:[%p]:, and the longer one): connections and their end, failed authentication, errors and the statements behind them, logged statements, and the audit records of the pgAudit extension with class, command, object, statement and parameters. Lines that begin with white space go on the record before them, as PostgreSQL writes them; any other line without a time of its own is a reject. Every line is a row; event says which kind it is.',
    'What is logged depends on log_connections, log_statement and pgaudit.log. An error and its statement are two lines that share pid. The zone stands in each line: other zones than UTC, the default, are rejects, for their names are not unique. The CSV form (log_destination csvlog) goes into the same table: there an error and its statement are one row. Activity streams, which are encrypted, are not read.',
  ].join('\n\n'),
  references: [
    'Amazon RDS User Guide, "RDS for PostgreSQL database log files"',
    'Amazon RDS User Guide, "Using pgAudit to log database activity"',
    'pgAudit, README, section "Format"',
    'PostgreSQL documentation, "Error Reporting and Logging"',
  ],
  columns: COLUMNS,
  common: {
    actor: 'username',
    action: 'coalesce(command, event, log_level)',
    target: "coalesce(object_name, database_name || coalesce('@' || db_instance, ''))",
    src_ip:
      "CASE WHEN client_host GLOB '[0-9]*.[0-9]*.[0-9]*.[0-9]*' OR client_host GLOB '*:*:*' THEN client_host END",
    outcome:
      "CASE WHEN log_level IN ('ERROR', 'FATAL', 'PANIC') OR event = 'authentication failed' THEN 'failure' WHEN event IN ('connection authenticated', 'connection authorized') THEN 'success' END",
  },
  indexes: [['client_host'], ['username']],
  timeline: true,
  repeatsInFile: 'distinct',
  originAround: true,
  inside: true,
  detect: (head) =>
    detectCsv(head) ?? detectBlocks(head, 'PostgreSQL log records', (line) => BEGIN.test(line)),
  reader,
  samples: [
    {
      name: 'a connection, an audit record over two lines, an error with its statement, the server itself',
      path: 'aws/rds/instance/shop-db-1/postgresql/x',
      text: [
        '2025-11-08 09:00:04 UTC:198.51.100.7(52834):[unknown]@[unknown]:[20175]:LOG:  connection received: host=198.51.100.7 port=52834',
        `${AT}LOG:  connection authorized: user=app database=shop SSL enabled`,
        READ,
        `${AT}ERROR:  column "x" does not exist at character 8`,
        `${AT}STATEMENT:  SELECT x`,
        '\tFROM cards;',
        '2025-11-08 09:00:06 UTC::@:[381]:LOG:  checkpoint starting: time',
        '2025-11-08 09:00:07.250 UTC:2001:db8::7(52835):root@shop:[20176]:3:28P01:690f0a05.4ecf:::0:psql:FATAL:  password authentication failed for user "root"',
        '',
      ].join('\n'),
      rows: [
        {
          event: 'connection received',
          client_host: '198.51.100.7',
          client_port: 52_834,
          username: null,
        },
        {
          time_us: 1_762_592_405_000_000,
          actor: 'app',
          action: 'connection authorized',
          target: 'shop@shop-db-1',
          src_ip: '198.51.100.7',
          outcome: 'success',
          pid: 20_175,
        },
        {
          action: 'SELECT',
          target: 'public.cards',
          audit_type: 'SESSION',
          statement_id: 3,
          audit_class: 'READ',
          statement: 'select "pan",\n\tcvv from cards',
          parameter: '<not logged>',
          outcome: null,
        },
        { event: 'error', outcome: 'failure', statement: null },
        { event: 'statement', statement: 'SELECT x\n\tFROM cards;' },
        { username: null, database_name: null, client_host: null, action: 'LOG' },
        {
          time_us: 1_762_592_407_250_000,
          client_host: '2001:db8::7',
          username: 'root',
          event: 'authentication failed',
          outcome: 'failure',
        },
      ],
    },
    {
      name: 'as CSV: an audit record over two lines, an error with its statement, a failed sign-in, the server itself',
      path: 'aws/rds/instance/shop-db-1/postgresql.log.2025-11-08-0900.csv',
      text: [
        `${CSV}LOG,00000,"AUDIT: SESSION,3,1,READ,SELECT,TABLE,public.cards,""select \n cvv from cards"",<not logged>"${CSV_END},"client backend",,0`,
        `${CSV}ERROR,42703,"column ""x"" does not exist",,,,,,"SELECT x\nFROM cards;",8,,"psql","client backend",,0`,
        '2025-11-08 09:00:06.000 UTC,"root","shop",20176,"2001:db8::7:52835",690f0a06.4ed0,2,"authentication",2025-11-08 09:00:06 UTC,3/15,0,FATAL,28P01,"password authentication failed for user ""root""",,,,,,,,,""',
        '2025-11-08 09:00:07.000 UTC,,,381,,690f0a05.17d,7,,2025-11-08 08:00:00 UTC,,0,LOG,00000,"checkpoint starting: time",,,,,,,,,"","checkpointer",,0',
        '',
      ].join('\n'),
      rows: [
        {
          time_us: 1_762_592_405_123_000,
          actor: 'app',
          action: 'SELECT',
          target: 'public.cards',
          src_ip: '198.51.100.7',
          client_port: 52_834,
          pid: 20_175,
          statement: 'select \n cvv from cards',
          sql_state_code: null,
          application_name: 'psql',
        },
        { event: 'error', statement: 'SELECT x\nFROM cards;', sql_state_code: '42703' },
        {
          event: 'authentication failed',
          outcome: 'failure',
          username: 'root',
          client_port: 52_835,
        },
        { username: null, client_host: null, action: 'LOG', statement: null },
      ],
    },
    {
      name: 'as CSV: another zone, too few fields, a quote left open, something else, a port that is none',
      path: 'x',
      text: [
        `${CSV}LOG,00000,"statement: select 1"${CSV_END}`,
        `${CSV}LOG,00000,"statement: select 1"${CSV_END}`.replace('UTC', 'CET'),
        `${CSV}LOG,00000,"statement: select 1"`,
        `${CSV}LOG,00000,"statement: select 1`,
        `${CSV}LOG,00000,"statement: select 2"${CSV_END}`.replace('52834', '70000'),
        'something else',
        '',
      ].join('\n'),
      rows: [{ statement: 'select 1' }, { statement: 'select 2', client_port: null }],
      rejects: ['bad_time', 'bad_fields', 'bad_fields', 'bad_fields'],
      anomalies: ['bad_value'],
    },
    {
      name: 'another zone, no prefix, an audit record without its fields, a port that is none',
      path: 'x',
      text: [
        READ,
        READ.replace('UTC', 'CET'),
        '2025-11-08 09:00:05 UTC whatever',
        READ.replace('2025-11', '2025-1x'),
        'something else',
        `${AT}LOG:  AUDIT: SESSION,3,1,READ`,
        `${AT}LOG:  AUDIT: SESSION,3,1,READ,SELECT,,,"select`,
        AT.replace('52834', '70000') + 'LOG:  statement: select 1',
        '',
      ].join('\n'),
      rows: [{ action: 'SELECT' }, { client_port: null, statement: 'select 1' }],
      rejects: ['bad_time', ...new Array<'bad_fields'>(5).fill('bad_fields')],
      anomalies: ['bad_value'],
    },
  ],
  example: {
    question: 'Who read which tables, and from which address?',
    sql: "SELECT username, client_host, object_name, count(*) AS reads, min(time_us) AS first_us FROM rds_pgaudit WHERE audit_class = 'READ' GROUP BY username, client_host, object_name ORDER BY reads DESC, username, client_host, object_name LIMIT 20",
  },
};
