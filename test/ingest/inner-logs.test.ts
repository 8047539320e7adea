/** Logs that lie in CloudWatch Logs, one message at a time: each lands in its own table, with what its log group says. */
import { expect, test } from 'vitest';
import { SOURCES } from '#src/sources/_registry.ts';
import { importCase, sealedCase, withDatabase } from './world.ts';

const AT = 1_762_592_405_000;

interface Message {
  readonly table: string;
  readonly group: string;
  readonly stream?: string;
  readonly text: string;
  /** Columns worth reading. */
  readonly row: Readonly<Record<string, unknown>>;
}

/** The first line of a source's sample. */
function line(id: string, sample = 0, at = 0): string {
  const source = SOURCES.find((one) => one.id === id);
  return source?.samples[sample]?.text.split('\n')[at] ?? '';
}

const ID = '0a1b2c3d-0001-4000-8000-00000000000a';

const MESSAGES: readonly Message[] = [
  {
    table: 'syslog',
    group: '/var/log/secure',
    stream: 'i-0a1b2c3d4e5f60718',
    text: 'Nov  8 09:00:04 web sshd[7]: Accepted publickey for ann from 198.51.100.7 port 51514 ssh2: RSA SHA256:abc',
    row: { time_us: 1_762_592_404_000_000, year_from: 'log event', source_ip: '198.51.100.7' },
  },
  {
    table: 'lambda',
    group: '/aws/lambda/shop',
    stream: '2025/11/08/[$LATEST]0a1b2c3d4e5f60718293a4b5c6d7e8f9',
    text: `REPORT RequestId: ${ID}\tDuration: 1.50 ms\tBilled Duration: 2 ms\tMemory Size: 128 MB\tMax Memory Used: 64 MB\t\n`,
    row: {
      account_id: '111122223333',
      time_from: 'carrier',
      function_name: 'shop',
      invocation_duration_us: 1500,
    },
  },
  {
    table: 'api_gateway_access',
    group: 'shop-access',
    text: line('api_gateway_access'),
    row: { account_id: '111122223333', http_status: 403, source_ip: '198.51.100.7' },
  },
  {
    table: 'api_gateway_access',
    group: 'shop-access',
    text: `{"requestId":"${ID}","ip":"198.51.100.7","httpMethod":"GET","resourcePath":"/","status":"200"}`,
    row: { time_us: AT * 1000, http_status: 200, resource_path: '/' },
  },
  {
    table: 'api_gateway_execution',
    group: 'API-Gateway-Execution-Logs_a1b2c3d4e5/prod',
    text: `(${ID}) HTTP Method: GET, Resource Path: /orders`,
    row: { time_us: AT * 1000, api_id: 'a1b2c3d4e5', stage: 'prod', resource_path: '/orders' },
  },
  {
    table: 'windows_event',
    group: 'windows',
    text: '[Security] [INFORMATION] [4625] [Microsoft-Windows-Security-Auditing] [EC2AMAZ-0A1B] [An account failed to log on.\r\n\r\nSubject:]',
    row: { time_us: AT * 1000, windows_event_id: 4625, computer: 'EC2AMAZ-0A1B' },
  },
  {
    table: 'windows_event',
    group: 'windows',
    text: line('windows_event', 0, 0) + '\n' + line('windows_event', 0, 1),
    row: { windows_event_id: 4624, source_ip: '198.51.100.7' },
  },
  {
    table: 'rds_pgaudit',
    group: '/aws/rds/instance/shop-db-1/postgresql',
    text: '2025-11-08 09:00:05 UTC:198.51.100.7(52834):app@shop:[20175]:LOG:  AUDIT: SESSION,1,1,READ,SELECT,,,"select\n1",<none>',
    row: { db_instance: 'shop-db-1', statement: 'select\n1', client_host: '198.51.100.7' },
  },
  {
    table: 'rds_mysql_audit',
    group: '/aws/rds/cluster/shop/audit',
    text: line('rds_mysql_audit'),
    row: { username: 'app', operation: 'CONNECT' },
  },
  {
    table: 'redshift_connection',
    group: '/aws/redshift/cluster/shop/connectionlog',
    text: line('redshift_connection'),
    row: { cluster: 'shop', remotehost: '198.51.100.7' },
  },
  {
    table: 'redshift_user',
    group: '/aws/redshift/cluster/shop/userlog',
    text: line('redshift_user'),
    row: { cluster: 'shop', username: 'intruder' },
  },
  {
    table: 'redshift_user_activity',
    group: '/aws/redshift/cluster/shop/useractivitylog',
    text: line('redshift_user_activity'),
    row: { cluster: 'shop', command: 'SELECT' },
  },
  {
    table: 'eks_control_plane',
    group: '/aws/eks/shop/cluster',
    stream: 'authenticator-0a1b2c3d',
    text: line('eks_control_plane'),
    row: { cluster: 'shop', component: 'authenticator', username: 'admin' },
  },
  {
    table: 'eks_control_plane',
    group: '/aws/eks/shop/cluster',
    stream: 'kube-apiserver-0a1b2c3d',
    text: 'I1108 09:00:05.123456      11 httplog.go:132] "HTTP"',
    row: { time_us: 1_762_592_405_123_456, component: 'kube-apiserver', year_from: 'log event' },
  },
  {
    table: 'auditd',
    group: '/var/log/audit/audit.log',
    text: line('auditd', 0, 1),
    row: { audit_serial: 456, command_line: 'cat /etc/shadow a b c' },
  },
  {
    table: 'client_vpn',
    group: 'vpn',
    text: line('client_vpn'),
    row: { device_ip: '198.51.100.7' },
  },
];

test('each message is a row of its own log, dated and named by what carries it', async () => {
  const payloads = MESSAGES.map(({ group, stream = 's', text }, index) =>
    JSON.stringify({
      messageType: 'DATA_MESSAGE',
      owner: '111122223333',
      logGroup: group,
      logStream: stream,
      logEvents: [{ id: String(index), timestamp: AT, message: text }],
    }),
  );
  const dir = await sealedCase({ 'payloads.json': payloads.join('') });
  await importCase(dir);
  withDatabase(dir, (db) => {
    const found = MESSAGES.map(({ table, row }) => {
      const names = Object.keys(row);
      const rows = db
        .prepare<[], Record<string, unknown>>(
          `SELECT ${names.join(', ')} FROM ${table} ORDER BY id`,
        )
        .all();
      const nth = MESSAGES.filter((one) => one.table === table).findIndex((one) => one.row === row);
      return { table, row: rows[nth] };
    });
    expect(found).toEqual(MESSAGES.map(({ table, row }) => ({ table, row })));
  });
});
