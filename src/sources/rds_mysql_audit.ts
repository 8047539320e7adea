/** Audit logs of Aurora MySQL and of the MariaDB audit plugin on RDS: connections and statements. */
import { exactUs, logTime } from '../core/time.ts';
import { blockReader, type BlockRow, detectBlocks } from './_blocks.ts';
import { integerField, orNull } from './_lines.ts';
import type { Column, RowOut, Source } from './source.ts';

function text(name: string, about: string): Column {
  return { name, type: 'TEXT', about };
}

const COLUMNS: readonly Column[] = [
  {
    name: 'time_us',
    type: 'INTEGER',
    unit: 'us',
    about: 'timestamp: microseconds in Aurora, seconds in RDS.',
  },
  text('server_host', 'serverhost: instance that wrote the line.'),
  text('username', 'Database user.'),
  text('client_host', 'host: address or name of the client.'),
  {
    name: 'connectionid',
    type: 'INTEGER',
    unit: 'number',
    about: 'Connection: joins the lines of one.',
  },
  {
    name: 'queryid',
    type: 'INTEGER',
    unit: 'number',
    about: 'Statement: joins the lines of one statement.',
  },
  text(
    'operation',
    'CONNECT, FAILED_CONNECT, DISCONNECT, QUERY, QUERY_DDL, READ, WRITE, CREATE, ALTER, DROP, ...',
  ),
  text('database_name', 'database.'),
  text('object', 'SQL statement of a query, without its quotes; table of READ and WRITE.'),
  { name: 'retcode', type: 'INTEGER', unit: 'number', about: 'Return code: 0 for success.' },
];

/** A time; or what stands for one before all that an audit line has, so that no line with a broken time goes on the one before. */
const BEGIN =
  /^(?:(?:\d{16}|\d{8} \d\d:\d\d:\d\d),|[^,']{0,32},[^,']*,[^,']*,[^,']*,\d+,\d+,[A-Z_]+,)/;
const LINE = /^(?:\d{16}|\d{8} \d\d:\d\d:\d\d),[^,]*,[^,]*,[^,]*,\d+,\d+,[A-Z_]+,/;
const LEFT = 8;

/** `20251108 09:00:05`, or microseconds since 1970. */
function timeOf(field: string): number | undefined {
  if (field.length === 17 && field.charCodeAt(8) === 0x20) {
    const day = `${field.slice(0, 4)}-${field.slice(4, 6)}-${field.slice(6, 8)}`;
    return logTime(`${day}T${field.slice(9)}Z`);
  }
  return field.length === 16 && /^\d+$/.test(field) ? exactUs(Number(field)) : undefined;
}

/** The statement without its quotes and the backslashes before quotes in it. */
function unquoted(object: string): string | null {
  if (object.length < 2 || !object.startsWith("'") || !object.endsWith("'")) return orNull(object);
  return object.slice(1, -1).replaceAll("\\'", "'");
}

function map(line: string, out: RowOut): BlockRow | undefined {
  const left: string[] = [];
  let at = 0;
  while (left.length < LEFT) {
    const comma = line.indexOf(',', at);
    if (comma < 0) break;
    left.push(line.slice(at, comma));
    at = comma + 1;
  }
  // The statement may hold commas; nothing behind it does.
  const last = line.lastIndexOf(',');
  if (left.length < LEFT || last < at) {
    out.reject('bad_fields', 'the line does not have the ten fields of an audit line');
    return undefined;
  }
  const timeUs = timeOf(left[0] ?? '');
  if (timeUs === undefined) {
    out.reject('bad_time', 'the time of the line is not a time');
    return undefined;
  }
  const values = [
    timeUs,
    orNull(left[1]),
    orNull(left[2]),
    orNull(left[3]),
    integerField(left[4], 'connectionid', out),
    integerField(left[5], 'queryid', out),
    orNull(left[6]),
    orNull(left[7]),
    unquoted(line.slice(at, last)),
    integerField(line.slice(last + 1), 'retcode', out),
  ];
  return { values, identity: line };
}

const CONNECT = '1762592405123456,shop-db-1,app,10.0.1.20,77,0,CONNECT,shop,,0';
const QUERY =
  "1762592406000000,shop-db-1,app,10.0.1.20,77,991,QUERY,shop,'SELECT \\'a\\', b FROM cards WHERE n IN (1,2)',0";

export const rds_mysql_audit: Source = {
  id: 'rds_mysql_audit',
  title: 'RDS and Aurora MySQL audit logs',
  version: 2,
  clock:
    'The database machine’s clock, UTC, to the microsecond (Aurora) or second; the RDS plugin names no zone, UTC is assumed.',
  about: [
    'Audit logs of Aurora MySQL (advanced auditing) and of the MariaDB audit plugin on RDS for MySQL and MariaDB: connections, statements and the tables they touched. Aurora writes times in microseconds, RDS in seconds, both UTC.',
    'What is logged depends on the parameters of the cluster or plugin; long statements are cut. Lines are not in order of time. The file names the instance, the account only where its key does. PostgreSQL’s are the source rds_pgaudit; activity streams, which are encrypted, are not read. A statement that runs over several lines is one record.',
  ].join('\n\n'),
  references: [
    'Amazon Aurora User Guide, "Using Advanced Auditing with an Amazon Aurora MySQL DB cluster", section "Audit log details"',
    'Amazon RDS User Guide, "MariaDB Audit Plugin support"',
  ],
  columns: COLUMNS,
  common: {
    actor: 'username',
    action: 'operation',
    target: "coalesce(database_name, '') || '@' || coalesce(server_host, '')",
    src_ip:
      "CASE WHEN client_host GLOB '[0-9]*.[0-9]*.[0-9]*.[0-9]*' OR client_host GLOB '*:*:*' THEN client_host END",
    outcome:
      "CASE WHEN operation = 'FAILED_CONNECT' OR retcode <> 0 THEN 'failure' WHEN retcode = 0 THEN 'success' END",
  },
  indexes: [['client_host'], ['username']],
  timeline: true,
  repeatsInFile: 'distinct',
  originAround: true,
  inside: true,
  detect: (head) => detectBlocks(head, 'MySQL audit records', (line) => LINE.test(line)),
  reader: () => blockReader((line) => BEGIN.test(line), map),
  samples: [
    {
      name: 'a connection, a statement with quotes and commas, a failed connection as RDS writes it',
      path: 'audit.log.0',
      text: `${CONNECT}\n${QUERY}\n20251108 09:00:07,shop-db-2,root,evil.example.org,78,0,FAILED_CONNECT,,,1045\n`,
      rows: [
        {
          time_us: 1_762_592_405_123_456,
          actor: 'app',
          action: 'CONNECT',
          target: 'shop@shop-db-1',
          src_ip: '10.0.1.20',
          object: null,
          outcome: 'success',
        },
        { object: "SELECT 'a', b FROM cards WHERE n IN (1,2)", queryid: 991 },
        { time_us: 1_762_592_407_000_000, src_ip: null, retcode: 1045, outcome: 'failure' },
      ],
    },
    {
      name: 'a statement over several lines',
      path: 'x',
      text: `${QUERY.replace(', b FROM', ',\n  b,\n\n  c FROM')}\n${CONNECT}\n`,
      rows: [
        { object: "SELECT 'a',\n  b,\n\n  c FROM cards WHERE n IN (1,2)", retcode: 0 },
        { action: 'CONNECT' },
      ],
    },
    {
      name: 'broken lines',
      path: 'x',
      text: `${QUERY}\n${QUERY.slice(0, 40)}\n${QUERY.replace('1762592406000000', '9999999999999999')}\n${QUERY.replace(/,0$/, ',ok')}\n${QUERY}\n`,
      rows: [{}, { retcode: null }, { retcode: 0 }],
      rejects: ['bad_fields', 'bad_time'],
      anomalies: ['bad_value'],
    },
  ],
  example: {
    question: 'Who failed to connect to which database, and from where?',
    sql: "SELECT username, client_host, server_host, count(*) AS attempts FROM rds_mysql_audit WHERE operation = 'FAILED_CONNECT' OR (operation = 'CONNECT' AND retcode <> 0) GROUP BY username, client_host, server_host ORDER BY attempts DESC, username, client_host LIMIT 20",
  },
};
