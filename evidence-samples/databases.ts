/** What the databases wrote down: ordinary work, and the customers leaving. */
import { ADDRESS, ANALYTICS, HOME } from './cast.ts';
import { MORE, SHELL, WAREHOUSE } from './estate.ts';
import { at } from './night.ts';
import { guid, randomStream } from './random.ts';
import { lines, plain, zipped, type SampleFile } from './sample-file.ts';
import { isoSeconds } from './trail.ts';

const random = randomStream('databases');

/** The tracking database: ordinary reads, then a user that guesses its password and takes what it may see. */
function trackingDatabase(): SampleFile {
  const rows: string[] = [];
  const say = (
    when: number,
    user: string,
    host: string,
    connection: number,
    query: number,
    operation: string,
    object: string,
    code = 0,
  ): void => {
    rows.push(
      `${String(when * 1000)},tracking-db,${user},${host},${String(connection)},${String(query)},${operation},${code === 0 ? 'tracking' : ''},${object},${String(code)}`,
    );
  };
  let query = 500;
  const next = (): number => (query += 3);
  for (let when = at('17 20:00:00'); when < at('18 01:00:00'); when += random.int(15, 40) * 60_000)
    say(
      when + random.int(0, 999),
      'tracking_app',
      SHELL.address,
      71,
      next(),
      'QUERY',
      "'SELECT status, place FROM parcels WHERE id = ?'",
    );
  say(at('18 01:32:21'), 'tracking_ro', SHELL.address, 902, 0, 'FAILED_CONNECT', '', 1045);
  say(at('18 01:32:29'), 'tracking_ro', SHELL.address, 903, 0, 'FAILED_CONNECT', '', 1045);
  say(at('18 01:32:37'), 'tracking_ro', SHELL.address, 904, 0, 'CONNECT', '');
  say(at('18 01:32:45'), 'tracking_ro', SHELL.address, 904, next(), 'QUERY', "'SHOW TABLES'");
  say(
    at('18 01:32:51'),
    'tracking_ro',
    SHELL.address,
    904,
    next(),
    'QUERY',
    "'SELECT name, street, \\'x\\' FROM recipients'",
  );
  say(at('18 01:32:58'), 'tracking_ro', SHELL.address, 904, 0, 'DISCONNECT', '');
  return plain(
    'harborline-ir-workspace/rds/tracking-db/audit/audit.log.0.2026-09-18-02-00',
    lines(rows),
  );
}

/** The orders database: connections and audit records; the dump is one COPY and one line of it says everything. */
function ordersDatabase(): SampleFile {
  const rows: string[] = [];
  const say = (when: number, who: string, pid: number, text: string): void => {
    rows.push(
      `${isoSeconds(when).replace('T', ' ').slice(0, 19)} UTC:${SHELL.address}(${String(50_000 + (pid % 999))}):${who}:[${String(pid)}]:LOG:  ${text}`,
    );
  };
  let pid = 20_100;
  for (
    let when = at('17 20:00:00');
    when < at('18 01:00:00');
    when += random.int(20, 45) * 60_000
  ) {
    pid += 7;
    say(
      when,
      'orders_app@orders',
      pid,
      'connection authorized: user=orders_app database=orders SSL enabled',
    );
    say(
      when + 1000,
      'orders_app@orders',
      pid,
      'AUDIT: SESSION,1,1,READ,SELECT,TABLE,public.orders,"SELECT id, state FROM orders WHERE id = $1",<not logged>',
    );
  }
  const dump = 20_777;
  say(
    at('18 01:30:01'),
    'orders_app@orders',
    dump,
    'connection authorized: user=orders_app database=orders application_name=pg_dump SSL enabled',
  );
  say(
    at('18 01:30:01'),
    'orders_app@orders',
    dump,
    'AUDIT: SESSION,1,1,READ,SELECT,TABLE,pg_catalog.pg_class,"SELECT c.oid, c.relname\n\tFROM pg_catalog.pg_class c",<not logged>',
  );
  say(
    at('18 01:30:02'),
    'orders_app@orders',
    dump,
    'AUDIT: SESSION,2,1,READ,SELECT,TABLE,public.customers,"COPY public.customers (id, name, street, city, phone, email) TO stdout;",<not logged>',
  );
  say(
    at('18 01:31:33'),
    'orders_app@orders',
    dump,
    `disconnection: session time: 0:01:32.114 user=orders_app database=orders host=${SHELL.address} port=50776`,
  );
  return plain(
    'harborline-ir-workspace/rds/aws/rds/instance/orders-db/postgresql/postgresql.log.2026-09-18-01',
    lines(rows),
  );
}

/** The warehouse in the analytics account: nightly work, and three doors that stayed shut. */
function warehouse(): SampleFile {
  const weekday = (when: number): string => {
    const text = new Date(when).toUTCString();
    return `${text.slice(0, 4)} ${text.slice(5, 16)} ${text.slice(17, 25)}:${String(when % 1000).padStart(3, '0')}`.replace(
      / {2}/g,
      ' ',
    );
  };
  const rows: string[] = [];
  const say = (
    event: string,
    when: number,
    host: string,
    port: number,
    pid: number,
    user: string,
    method: string,
    guidText: string,
    agent: string,
  ): void => {
    rows.push(
      `${event} |${weekday(when)}|::ffff:${host} |${String(port)} |${String(pid)}|dw |${user} |${method} |0|TLSv1.2 |ECDHE-RSA-AES128-GCM-SHA256|0| | |${guidText} |${agent}`,
    );
  };
  for (const day of [14, 15, 16, 17, 18]) {
    const when = at(`${String(day)} 02:10:04`) + random.int(0, 999);
    const pid = 1_073_742_000 + day;
    const auth = guid(random);
    say(
      'initiating session',
      when,
      MORE.analyticsLambda,
      40_000 + day,
      pid,
      'IAMR:export-nightly-role',
      'IAM AssumeUser',
      auth,
      'export-nightly',
    );
    say(
      'authenticated',
      when + 61,
      MORE.analyticsLambda,
      40_000 + day,
      pid,
      'IAMR:export-nightly-role',
      'IAM AssumeUser',
      auth,
      'export-nightly',
    );
  }
  ['admin', 'awsuser', 'export_nightly'].forEach((user, i) => {
    say(
      'authentication failure',
      at('18 00:04:11') + i * 7000,
      ADDRESS.attacker,
      52_110 + i,
      1_073_742_300 + i,
      user,
      'password',
      '',
      'psql',
    );
  });
  return zipped(
    `harborline-redshift-logs/AWSLogs/${ANALYTICS}/redshift/${HOME}/2026/09/18/${ANALYTICS}_redshift_${HOME}_${WAREHOUSE}_connectionlog_2026-09-18T03:00.gz`,
    lines(rows),
  );
}

/** Users of the warehouse, and what ran in it. */
function warehouseWork(): SampleFile[] {
  const name = (kind: string): string =>
    `harborline-redshift-logs/AWSLogs/${ANALYTICS}/redshift/${HOME}/2026/09/18/${ANALYTICS}_redshift_${HOME}_${WAREHOUSE}_${kind}_2026-09-18T03:00.gz`;
  const activity = [14, 15, 16, 17, 18].flatMap((day) => {
    const when = at(`${String(day)} 02:10:05`);
    const prefix = (later: number, xid: number): string =>
      `'${isoSeconds(when + later)} UTC [ db=dw user=export_nightly pid=${String(1_073_742_000 + day)} userid=104 xid=${String(xid)} ]' LOG: `;
    return [
      `${prefix(0, 7000 + day)}set query_group to 'nightly';`,
      `${prefix(1000, 7100 + day)}copy customers_stage\nfrom 's3://harborline-customer-exports/exports/2026/09/${String(day)}/'\niam_role '' csv gzip;`,
      // Mondays' list of late parcels.
      ...(day === 14
        ? [
            `${prefix(48_000, 7200)}unload ('select * from late_parcels')\nto 's3://harborline-reports/late/2026/09/14/'\niam_role '' csv gzip;`,
          ]
        : []),
    ];
  });
  return [
    zipped(
      name('userlog'),
      lines([
        '104 |export_nightly | |create |0 |0 |0 | |1073741900 |6100 |Mon, 14 Sep 2026 07:41:02:118',
        '101 |analyst_lena | |alter |0 |0 |0 |2027-01-01 00:00:00 |1073741944 |6188 |Tue, 15 Sep 2026 08:12:44:902',
      ]),
    ),
    zipped(name('useractivitylog'), lines(activity)),
  ];
}

/** Files of the databases. */
export function databaseFiles(): SampleFile[] {
  return [trackingDatabase(), ordersDatabase(), warehouse(), ...warehouseWork()];
}
