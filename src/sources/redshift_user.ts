/** Redshift user log: users of the database that were made, changed, renamed and dropped. */
import { Forms } from './_forms.ts';
import { detectLines, integerField, lineReader, orNull, strictly } from './_lines.ts';
import { ownerOf, REDSHIFT_OWNER, redshiftTime } from './_redshift.ts';
import type { Column, Head, RecordReader, RowOut, Source } from './source.ts';

function text(name: string, about: string): Column {
  return { name, type: 'TEXT', about };
}

function integer(name: string, unit: string, about: string): Column {
  return { name, type: 'INTEGER', unit, about };
}

const COLUMNS: readonly Column[] = [
  integer('time_us', 'us', 'recordtime, UTC: when the statement began.'),
  ...REDSHIFT_OWNER,
  integer('userid', 'number', 'userid: the user that was changed.'),
  text('username', 'username of the user that was changed.'),
  text('oldusername', 'oldusername: the name before a rename.'),
  text('user_action', 'action: create, alter, rename or drop.'),
  integer('usecreatedb', '0 or 1', 'usecreatedb: may make databases.'),
  integer('usesuper', '0 or 1', 'usesuper: is a superuser.'),
  integer('usecatupd', '0 or 1', 'usecatupd: may change system catalogs.'),
  integer('valuntil_us', 'us', 'valuntil: when the password ends; NULL for never.'),
  integer('pid', 'number', 'Process: joins redshift_user_activity and redshift_connection.'),
  integer('xid', 'number', 'Transaction: joins redshift_user_activity.'),
];

const FIELDS = 11;
const ACTIONS: ReadonlySet<string> = new Set(['create', 'alter', 'rename', 'drop']);

function fieldsOf(line: string): readonly string[] {
  return line.split('|').map((field) => field.trim());
}

function isOwn(line: string): boolean {
  const fields = fieldsOf(line);
  return (
    fields.length >= FIELDS &&
    /^\d+$/.test(fields[0] ?? '') &&
    ACTIONS.has((fields[3] ?? '').toLowerCase())
  );
}

/** valuntil is empty, NULL or infinity where the password never ends. */
function untilOf(field: string | undefined, out: RowOut): number | null {
  if (field === undefined || field === '' || /^(?:null|infinity|-)$/i.test(field)) return null;
  const timeUs = redshiftTime(field);
  if (timeUs === undefined) out.anomaly('bad_value', 'valuntil is not a time');
  return timeUs ?? null;
}

/** Redshift writes 0 and 1; copies of the system table true and false. */
function flagOf(field: string | undefined, name: string, out: RowOut): number | null {
  if (field === undefined || field === '') return null;
  if (field === '1' || field === 't' || field === 'true') return 1;
  if (field === '0' || field === 'f' || field === 'false') return 0;
  out.anomaly('bad_value', `${name} is neither true nor false`);
  return null;
}

function reader(head: Head): RecordReader {
  const owner = ownerOf(head);
  const forms = new Forms([FIELDS]);
  return lineReader((line, out) => {
    const fields = fieldsOf(line);
    if (!forms.allow(fields.length, out)) return undefined;
    const timeUs = redshiftTime(fields[10] ?? '');
    if (timeUs === undefined) {
      out.reject('bad_time', 'recordtime is not a time');
      return undefined;
    }
    const values = strictly(out, (noted) => [
      timeUs,
      ...owner,
      integerField(fields[0], 'userid', noted),
      orNull(fields[1]),
      orNull(fields[2]),
      orNull(fields[3]),
      flagOf(fields[4], 'usecreatedb', noted),
      flagOf(fields[5], 'usesuper', noted),
      flagOf(fields[6], 'usecatupd', noted),
      untilOf(fields[7], noted),
      integerField(fields[8], 'pid', noted),
      integerField(fields[9], 'xid', noted),
    ]);
    if (values !== undefined) forms.seen(fields.length, out);
    return values;
  });
}

const CREATE = '108 |intruder | |create |0 |1 |0 | |1073742111 |456 |Sat, 08 Nov 2025 09:00:05:123';

export const redshift_user: Source = {
  id: 'redshift_user',
  title: 'Redshift user logs',
  version: 2,
  clock:
    'The cluster’s clock, to the millisecond; the log names no zone, UTC is assumed as documented.',
  about: [
    'The user log of Amazon Redshift: each change of a database user, with the rights it had afterwards. The log names the user that was changed, not who changed it: the statement and its author are in redshift_user_activity under the same pid and xid.',
    'Audit logging must be switched on. Files come hourly to S3 or continuously to CloudWatch Logs. Times are UTC.',
  ].join('\n\n'),
  references: [
    'Amazon Redshift Management Guide, "Database audit logging", section "User log"',
    'Amazon Redshift Database Developer Guide, "STL_USERLOG"',
  ],
  columns: COLUMNS,
  common: {
    action: "user_action || ' user'",
    target: 'username',
  },
  indexes: [['username']],
  timeline: true,
  repeatsInFile: 'distinct',
  inside: true,
  detect: (head) => detectLines(head, 'Redshift user log lines', isOwn),
  reader,
  samples: [
    {
      name: 'a superuser that was made, renamed and given an end',
      path: 'AWSLogs/111122223333/redshift/eu-central-1/2025/11/08/111122223333_redshift_eu-central-1_shop_userlog_2025-11-08T09:00.gz',
      text: `${CREATE}\n108 |helper |intruder |rename |0 |1 |0 |2026-01-01 00:00:00 |1073742111 |457 |2025-11-08 09:00:06.5\n`,
      rows: [
        {
          time_us: 1_762_592_405_123_000,
          account_id: '111122223333',
          region: 'eu-central-1',
          cluster: 'shop',
          userid: 108,
          target: 'intruder',
          action: 'create user',
          usesuper: 1,
          valuntil_us: null,
          xid: 456,
        },
        { oldusername: 'intruder', valuntil_us: 1_767_225_600_000_000 },
      ],
    },
    {
      name: 'broken lines',
      path: 'x',
      text: `${CREATE}\n${CREATE.slice(0, 40)}\n${CREATE.replace('08 Nov', '31 Nov')}\n${CREATE.replace('|0 |1 |0', '|maybe |1 |0')}\n${CREATE}\n`,
      rows: [{}, {}],
      rejects: ['bad_fields', 'bad_time', 'bad_fields'],
    },
  ],
  example: {
    question: 'Which users were made or became superusers?',
    sql: "SELECT time_us, user_action, username, oldusername, usesuper FROM redshift_user WHERE usesuper = 1 OR user_action = 'create' ORDER BY time_us, id LIMIT 20",
  },
};
