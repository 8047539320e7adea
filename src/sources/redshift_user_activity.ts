/** Redshift user activity log: every statement before it runs. */
import { logTime } from '../core/time.ts';
import { blockReader, type BlockRow, detectBlocks } from './_blocks.ts';
import { integerField, orNull } from './_lines.ts';
import { ownerOf, REDSHIFT_OWNER } from './_redshift.ts';
import type { Column, Head, RecordReader, RowOut, Source } from './source.ts';

function text(name: string, about: string): Column {
  return { name, type: 'TEXT', about };
}

function integer(name: string, unit: string, about: string): Column {
  return { name, type: 'INTEGER', unit, about };
}

const COLUMNS: readonly Column[] = [
  integer('time_us', 'us', 'recordtime, by the second, UTC.'),
  ...REDSHIFT_OWNER,
  text('database_name', 'db.'),
  text('username', 'user.'),
  integer('pid', 'number', 'Process: joins redshift_connection.'),
  integer('userid', 'number', 'userid.'),
  integer('xid', 'number', 'Transaction.'),
  text('statement', 'The statement, with its line ends.'),
  text('command', 'First word of the statement, in capitals; comments before it are passed over.'),
];

const BEGIN = /^'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ UTC \[/;
/** A line that would begin a record, were its time whole: no statement goes on so. */
const BROKEN = / UTC \[ db=.*\]' LOG: |^'.* UTC \[ db=/;
const LOG = "]' LOG:";

/** `db=dev user=awsuser pid=123 userid=100 xid=456`; a name may hold a blank, so each ends where the next begins. */
function member(list: string, name: string, next: string | undefined): string | null {
  const at = list.indexOf(`${name}=`);
  if (at < 0) return null;
  const from = at + name.length + 1;
  const to = next === undefined ? -1 : list.indexOf(` ${next}=`, from);
  return orNull(list.slice(from, to < 0 ? undefined : to).trim());
}

/** The first word of a statement, behind its comments. */
function commandOf(statement: string): string | null {
  let rest = statement.trimStart();
  for (;;) {
    const block = rest.startsWith('/*');
    if (!block && !rest.startsWith('--')) break;
    const end = block ? rest.indexOf('*/') : rest.indexOf('\n');
    if (end < 0) return null;
    rest = rest.slice(end + (block ? 2 : 1)).trimStart();
  }
  return /^[A-Za-z]+/.exec(rest)?.[0].toUpperCase() ?? null;
}

function reader(head: Head): RecordReader {
  const owner = ownerOf(head);
  return blockReader(
    (line) => BEGIN.test(line) || BROKEN.test(line),
    (record: string, out: RowOut): BlockRow | undefined => {
      const log = record.indexOf(LOG);
      if (!BEGIN.test(record) || log < 0) {
        out.reject('bad_fields', 'the record does not begin as one of the user activity log');
        return undefined;
      }
      const timeUs = logTime(record.slice(1, 21));
      if (timeUs === undefined) {
        out.reject('bad_time', 'the time of the record is not a time');
        return undefined;
      }
      const list = record.slice(26, log);
      const statement = record.slice(log + LOG.length).trim();
      return {
        values: [
          timeUs,
          ...owner,
          member(list, 'db', 'user'),
          member(list, 'user', 'pid'),
          integerField(member(list, 'pid', 'userid') ?? undefined, 'pid', out),
          integerField(member(list, 'userid', 'xid') ?? undefined, 'userid', out),
          integerField(member(list, 'xid', undefined) ?? undefined, 'xid', out),
          statement,
          commandOf(statement),
        ],
        identity: record,
      };
    },
  );
}

const SELECT =
  "'2025-11-08T09:00:05Z UTC [ db=shop user=app pid=1073742111 userid=108 xid=456 ]' LOG: select * from cards";
const UNLOAD =
  "'2025-11-08T09:00:06Z UTC [ db=shop user=app pid=1073742111 userid=108 xid=457 ]' LOG: /* night */ -- b\nunload ('select *\nfrom cards') to 's3://example-drop/x'\niam_role '';";

export const redshift_user_activity: Source = {
  id: 'redshift_user_activity',
  title: 'Redshift user activity logs',
  version: 2,
  clock: 'The cluster’s clock, UTC, to the second.',
  about: [
    'The user activity log of Amazon Redshift: each statement before it runs, with user, database, process and transaction. A statement that runs over several lines is one record, with its line ends. Whether it succeeded is not in the log. The address of the client is in redshift_connection under the same pid.',
    'Besides audit logging the parameter enable_user_activity_logging must be true. Secrets that stand in statements stand in the log. Times are by the second, UTC.',
  ].join('\n\n'),
  references: [
    'Amazon Redshift Management Guide, "Database audit logging", section "User activity log"',
  ],
  columns: COLUMNS,
  common: {
    actor: 'username',
    action: 'command',
    target: "coalesce(cluster || '/', '') || coalesce(database_name, '')",
  },
  indexes: [['username'], ['pid']],
  timeline: true,
  repeatsInFile: 'distinct',
  inside: true,
  detect: (head) =>
    detectBlocks(head, 'records of a Redshift user activity log', (line) => BEGIN.test(line)),
  reader,
  samples: [
    {
      name: 'a statement of one line, one of several behind comments',
      path: 'AWSLogs/111122223333/redshift/eu-central-1/2025/11/08/111122223333_redshift_eu-central-1_shop_useractivitylog_2025-11-08T09:00.gz',
      text: `${SELECT}\n${UNLOAD}\n`,
      rows: [
        {
          time_us: 1_762_592_405_000_000,
          account_id: '111122223333',
          cluster: 'shop',
          actor: 'app',
          action: 'SELECT',
          target: 'shop/shop',
          pid: 1_073_742_111,
          userid: 108,
          xid: 456,
          statement: 'select * from cards',
        },
        {
          action: 'UNLOAD',
          statement:
            "/* night */ -- b\nunload ('select *\nfrom cards') to 's3://example-drop/x'\niam_role '';",
        },
      ],
    },
    {
      name: 'broken records',
      path: 'x',
      text: `${SELECT}\n${SELECT.replace("]' LOG:", ']')}\n${SELECT.replace('11-08', '11-31')}\n${SELECT.replace('2025-11', '2025-1x')}\n${SELECT.slice(9)}\n${SELECT.replace('xid=456', 'xid=x')}\n`,
      rows: [{}, { xid: null }],
      rejects: ['bad_fields', 'bad_time', 'bad_fields', 'bad_fields'],
      anomalies: ['bad_value'],
    },
  ],
  example: {
    question: 'Who copied data out of the warehouse?',
    sql: "SELECT time_us, username, database_name, pid, statement FROM redshift_user_activity WHERE command = 'UNLOAD' ORDER BY time_us, id LIMIT 20",
  },
};
