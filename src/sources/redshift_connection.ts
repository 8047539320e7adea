/** Redshift connection log: sessions, and who failed to open one. */
import { isAddress } from '../core/address.ts';
import { Forms } from './_forms.ts';
import { detectLines, integerField, lineReader, orNull, portField, strictly } from './_lines.ts';
import { ownerOf, REDSHIFT_OWNER, redshiftTime } from './_redshift.ts';
import type { Column, Head, RecordReader, Source } from './source.ts';

function text(name: string, about: string): Column {
  return { name, type: 'TEXT', about };
}

const COLUMNS: readonly Column[] = [
  { name: 'time_us', type: 'INTEGER', unit: 'us', about: 'recordtime, by the millisecond, UTC.' },
  ...REDSHIFT_OWNER,
  text(
    'event',
    'initiating session, authenticated, authentication failure, disconnecting session, set application_name.',
  ),
  text('remotehost', 'Address or name of the client, without the IPv6 form of an IPv4 address.'),
  { name: 'remoteport', type: 'INTEGER', unit: 'port', about: 'Port of the client.' },
  { name: 'pid', type: 'INTEGER', unit: 'number', about: 'Process: joins the lines of a session.' },
  text('database_name', 'dbname.'),
  text('username', 'username; IAM: before it for IAM authentication.'),
  text('authmethod', 'How the user authenticated.'),
  { name: 'session_duration_us', type: 'INTEGER', unit: 'us', about: 'duration of the session.' },
  text('ssl_protocol', 'sslversion.'),
  text('ssl_cipher', 'sslcipher.'),
  text('iamauthguid', 'Joins the CloudTrail event of GetClusterCredentials.'),
  text('application_name', 'application_name as the client names itself.'),
  text('os_version', 'Operating system of the client.'),
  text('driver_version', 'Driver of the client.'),
  text('plugin_name', 'Authentication plugin.'),
  text('sessionid', 'Session.'),
];

const LINE =
  /^(?:initiating session|authenticated|authentication failure|disconnecting session|set application_name)\s*\|[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} /;
/** The first form ended with iamauthguid; then came application_name, then what the client says of itself and the session. */
const FORMS = [15, 16, 22];

function reader(head: Head): RecordReader {
  const owner = ownerOf(head);
  const forms = new Forms(FORMS);
  return lineReader((line, out) => {
    const fields = line.split('|').map((field) => field.trim());
    if (!forms.allow(fields.length, out)) return undefined;
    const timeUs = redshiftTime(fields[1] ?? '');
    if (timeUs === undefined) {
      out.reject('bad_time', 'recordtime is not a time');
      return undefined;
    }
    const remote = orNull(fields[2]);
    const host = remote?.startsWith('::ffff:') === true ? remote.slice(7) : remote;
    if (host !== null && /^[\d.]*$|:/.test(host) && !isAddress(host)) {
      out.reject('bad_fields', 'remotehost is neither an address nor a name');
      return undefined;
    }
    const values = strictly(out, (noted) => [
      timeUs,
      ...owner,
      orNull(fields[0]),
      host,
      portField(fields[3], 'the client', noted),
      integerField(fields[4], 'pid', noted),
      orNull(fields[5]),
      orNull(fields[6]),
      orNull(fields[7]),
      integerField(fields[8], 'duration', noted),
      orNull(fields[9]),
      orNull(fields[10]),
      orNull(fields[14]),
      orNull(fields[15]),
      orNull(fields[16]),
      orNull(fields[17]),
      orNull(fields[18]),
      orNull(fields[20]),
    ]);
    if (values !== undefined) forms.seen(fields.length, out);
    return values;
  });
}

const LINE_1 =
  'authenticated |Sat, 08 Nov 2025 09:00:05:123|::ffff:198.51.100.7 |51514 |1073742111|dev |IAM:ann |IAM AssumeUser |0|TLSv1.2 |ECDHE-RSA-AES128-GCM-SHA256|0| | |0a1b2c3d-0001-4000-8000-000000000001 |psql';

export const redshift_connection: Source = {
  id: 'redshift_connection',
  title: 'Redshift connection logs',
  version: 2,
  clock:
    'The cluster’s clock, to the millisecond; the log names no zone, UTC is assumed as documented.',
  about: [
    'The connection log of Amazon Redshift: each attempt to authenticate, each session and its end, with the client’s address. A line has the 15, 16 or 22 fields of one of the documented forms; those that an older form lacks are NULL, more than 22 stay in the raw text, and any other count is a reject.',
    'Audit logging must be switched on; files come hourly, and only those of the leader node. Changes of users are in redshift_user, statements in redshift_user_activity.',
  ].join('\n\n'),
  references: [
    'Amazon Redshift Management Guide, "Database audit logging", section "Connection log"',
  ],
  columns: COLUMNS,
  common: {
    actor: 'username',
    action: 'event',
    target: "coalesce(cluster || '/', '') || coalesce(database_name, '')",
    src_ip:
      "CASE WHEN remotehost GLOB '*:*' OR remotehost NOT GLOB '*[^0-9.]*' THEN remotehost END",
    outcome:
      "CASE event WHEN 'authentication failure' THEN 'failure' WHEN 'authenticated' THEN 'success' END",
  },
  indexes: [['remotehost'], ['username']],
  timeline: true,
  repeatsInFile: 'distinct',
  inside: true,
  detect: (head) => detectLines(head, 'Redshift connection log lines', (line) => LINE.test(line)),
  reader,
  samples: [
    {
      name: 'a session by IAM, a failure of the oldest form',
      path: 'AWSLogs/111122223333/redshift/eu-central-1/2025/11/08/111122223333_redshift_eu-central-1_shop_connectionlog_2025-11-08T09:00.gz',
      text: `${LINE_1}\n${LINE_1.replace('authenticated ', 'authentication failure ').slice(0, LINE_1.lastIndexOf('|') + 9)}\n`,
      rows: [
        {
          time_us: 1_762_592_405_123_000,
          account_id: '111122223333',
          region: 'eu-central-1',
          actor: 'IAM:ann',
          target: 'shop/dev',
          src_ip: '198.51.100.7',
          remoteport: 51_514,
          iamauthguid: '0a1b2c3d-0001-4000-8000-000000000001',
          application_name: 'psql',
          outcome: 'success',
        },
        { outcome: 'failure' },
      ],
      anomalies: ['fewer_fields'],
    },
    {
      name: 'broken lines',
      path: 'x',
      text: `${LINE_1}\n${LINE_1.slice(0, 70)}\n${LINE_1} | |\n${LINE_1.replace('08 Nov', '31 Nov')}\n${LINE_1.replace('51514', '70000')}\n${LINE_1.replace('198.51', '999.51')}\n${LINE_1}\n`,
      rows: [{}, {}],
      rejects: ['bad_fields', 'bad_fields', 'bad_time', 'bad_fields', 'bad_fields'],
    },
  ],
  example: {
    question: 'Who failed to log in, and from where?',
    sql: "SELECT username, remotehost, count(*) AS attempts, min(time_us) AS first_us FROM redshift_connection WHERE event = 'authentication failure' GROUP BY username, remotehost ORDER BY attempts DESC, username, remotehost LIMIT 20",
  },
};
