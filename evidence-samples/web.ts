/** The web before the break-in: a robot looks for open doors, and finds the CI system's key in a forgotten file. */
import { ADDRESS, AGENT, HOME, HOST, PROD } from './cast.ts';
import { DISTRIBUTION, DOMAIN, LOAD_BALANCER, MORE, WEB_ACL } from './estate.ts';
import { at } from './night.ts';
import { hexText, randomStream, type Random } from './random.ts';
import {
  folder,
  isoMicros,
  isoMillis,
  jsonLines,
  lines,
  stampMinute,
  zipped,
  type SampleFile,
} from './sample-file.ts';
import { isoSeconds } from './trail.ts';

/** One request to the orders web site, seen by WAF, by the load balancer and as a connection. */
interface Request {
  readonly at: number;
  readonly ip: string;
  readonly port: number;
  readonly path: string;
  readonly agent: string;
  readonly status: number;
  readonly bytes: number;
  readonly trace: string;
  readonly connection: string;
  /** Rule of the web ACL that ended it. */
  readonly rule?: string;
}

const SCANNER = 'Mozilla/5.0 (compatible; gobuster/3.6)';
const SQLMAP = 'sqlmap/1.8.4#stable (https://sqlmap.org)';
const MINUTE = 60_000;
/** The file that held the key. */
export const LEAK = '/build/.env.ci';

const PROBES: readonly (readonly [path: string, agent: string, rule?: string])[] = [
  ['/.git/HEAD', SCANNER],
  ['/.env', SCANNER, 'RestrictedExtensions_URIPATH'],
  ['/admin/', SCANNER],
  ['/wp-login.php', SCANNER],
  ['/server-status', SCANNER],
  ['/actuator/env', SCANNER],
  ['/build/', SCANNER],
  ['/build/app.js.map', SCANNER],
  ['/..%2f..%2fetc/passwd', SCANNER, 'GenericLFI_URIPATH'],
  ['/track?id=1%27%20OR%20%271%27=%271', SQLMAP, 'SQLi_QUERYARGUMENTS'],
  ['/track?id=1%20UNION%20SELECT%20NULL--', SQLMAP, 'SQLi_QUERYARGUMENTS'],
  ['/track?id=1;WAITFOR%20DELAY%20%270:0:5%27', SQLMAP, 'SQLi_QUERYARGUMENTS'],
  ['/login?next=%3Cscript%3E', SCANNER, 'CrossSiteScripting_QUERYARGUMENTS'],
];

function request(random: Random, base: Omit<Request, 'port' | 'trace' | 'connection'>): Request {
  return {
    ...base,
    port: random.int(32_768, 60_999),
    trace: `1-${Math.floor(base.at / 1000).toString(16)}-${hexText(random, 24)}`,
    connection: `TID_${hexText(random, 16)}`,
  };
}

/** Everything that came to the orders web site from 16 September on, in order. */
function requests(): readonly Request[] {
  const random = randomStream('web requests');
  const all: Request[] = [];
  for (
    let when = at('16 06:03:00');
    when < at('18 09:00:00');
    when += random.int(25, 70) * MINUTE
  ) {
    const missing = random.chance(0.06);
    all.push(
      request(random, {
        at: when + random.int(0, 59_999),
        ip: random.pick([
          ADDRESS.officeLena,
          `198.51.100.${String(random.int(120, 180))}`,
          `2001:db8:77::${String(random.int(1, 99))}`,
        ]),
        path: missing
          ? '/old/price-list.pdf'
          : random.pick(['/', '/track?id=HP4711', '/login', '/api/quote']),
        agent: random.pick([AGENT.chrome, AGENT.attackerBrowser, 'HarborlineApp/4.2 (iOS)']),
        status: missing ? 404 : 200,
        bytes: random.int(900, 14_000),
      }),
    );
  }
  PROBES.forEach(([path, agent, rule], i) => {
    for (const again of [0, 1]) {
      all.push(
        request(random, {
          at: at('17 19:05:10') + i * 61_000 + again * 17_000 + random.int(0, 9000),
          ip: MORE.scanner,
          path,
          agent,
          status: rule === undefined ? 404 : 403,
          bytes: rule === undefined ? 312 : 118,
          ...(rule === undefined ? {} : { rule }),
        }),
      );
    }
  });
  for (const [when, ip, agent] of [
    ['17 20:31:18', MORE.scanner, SCANNER],
    ['17 22:12:40', ADDRESS.attacker, 'curl/8.5.0'],
  ] as const)
    all.push(
      request(random, { at: at(when) + 412, ip, path: LEAK, agent, status: 200, bytes: 1204 }),
    );
  return all.sort((a, b) => a.at - b.at);
}

const bracketed = (ip: string): string => (ip.includes(':') ? `[${ip}]` : ip);
const CERTIFICATE = `arn:aws:acm:${HOME}:${PROD}:certificate/0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9`;
const GROUP = `arn:aws:elasticloadbalancing:${HOME}:${PROD}:targetgroup/orders/6d0ecf831eec9f09`;

function albLine(one: Request, i: number): string {
  const blocked = one.rule !== undefined;
  const target = `${HOST.orders[i % 2]?.address ?? ''}:8080`;
  return [
    'h2',
    isoMicros(one.at + 71),
    LOAD_BALANCER.orders.name,
    `${bracketed(one.ip)}:${String(one.port)}`,
    blocked ? '-' : target,
    ...(blocked ? ['-1', '-1', '-1'] : ['0.001', `0.0${String(20 + (i % 60))}`, '0.000']),
    String(one.status),
    blocked ? '-' : String(one.status),
    String(140 + one.path.length),
    String(one.bytes),
    `"GET https://${DOMAIN.orders}:443${one.path} HTTP/2.0"`,
    `"${one.agent}"`,
    'TLS_AES_128_GCM_SHA256',
    'TLSv1.3',
    blocked ? '-' : GROUP,
    `"Root=${one.trace}"`,
    `"${DOMAIN.orders}"`,
    `"${CERTIFICATE}"`,
    blocked ? '-1' : '0',
    isoMicros(one.at),
    blocked ? '"waf"' : '"waf,forward"',
    '"-"',
    '"-"',
    blocked ? '"-"' : `"${target}"`,
    blocked ? '"-"' : `"${String(one.status)}"`,
    '"-"',
    '"-"',
    one.connection,
  ].join(' ');
}

function connectionLine(one: Request): string {
  return `${isoMicros(one.at - 38)} ${one.ip} ${String(one.port)} 443 TLSv1.3 TLS_AES_128_GCM_SHA256 0.0${String(10 + (one.port % 80))} "-" - - - ${one.connection}`;
}

/** The drivers' listener asks for a certificate; the attacker shows one of its own making. */
function refusedCertificates(): readonly string[] {
  const random = randomStream('certificates');
  return [0, 1, 2].map(
    (i) =>
      `${isoMicros(at('17 22:18:31') + i * 9000)} ${ADDRESS.attacker} ${String(50_210 + i)} 8443 TLSv1.3 TLS_AES_128_GCM_SHA256 - "CN=driver" NotBefore=2026-09-17T22:15:00Z;NotAfter=2027-09-17T22:15:00Z 01 Failed:ClientCertUntrusted TID_${hexText(random, 16)}`,
  );
}

function wafRecord(one: Request): object {
  const [path = '', args = ''] = one.path.split('?');
  const group = one.rule?.startsWith('SQLi') === true ? 'SQLiRuleSet' : 'CommonRuleSet';
  const label = `awswaf:managed:aws:${group === 'SQLiRuleSet' ? 'sql-database' : 'core-rule-set'}:${one.rule ?? ''}`;
  return {
    timestamp: one.at,
    formatVersion: 1,
    webaclId: WEB_ACL,
    terminatingRuleId: one.rule === undefined ? 'Default_Action' : `AWS-AWSManagedRules${group}`,
    terminatingRuleType: one.rule === undefined ? 'REGULAR' : 'MANAGED_RULE_GROUP',
    action: one.rule === undefined ? 'ALLOW' : 'BLOCK',
    terminatingRuleMatchDetails: [],
    httpSourceName: 'ALB',
    httpSourceId: `${PROD}-${LOAD_BALANCER.orders.name}`,
    ruleGroupList:
      one.rule === undefined
        ? []
        : [
            {
              ruleGroupId: `AWS#AWSManagedRules${group}`,
              terminatingRule: { ruleId: one.rule, action: 'BLOCK', ruleMatchDetails: null },
              nonTerminatingMatchingRules: [],
              excludedRules: null,
              customerConfig: null,
            },
          ],
    rateBasedRuleList: [],
    nonTerminatingMatchingRules: [],
    requestHeadersInserted: null,
    responseCodeSent: one.rule === undefined ? null : 403,
    httpRequest: {
      clientIp: one.ip,
      country: '-',
      headers: [
        { name: 'host', value: DOMAIN.orders },
        { name: 'user-agent', value: one.agent },
      ],
      uri: path,
      args,
      httpVersion: 'HTTP/2.0',
      httpMethod: 'GET',
      requestId: one.trace,
      fragment: '',
      scheme: 'https',
      host: DOMAIN.orders,
    },
    ...(one.rule === undefined ? {} : { labels: [{ name: label }] }),
    ja3Fingerprint:
      one.agent === SCANNER
        ? '4e5f6a7b8c9d0e1f2a3b4c5d6e7f8091'
        : '773906b0efdefa24a7f2b8eb6985bf37',
  };
}

/** The orders web site: a file a day. */
function ordersSite(): SampleFile[] {
  const random = randomStream('web files');
  const all = requests();
  const days = [16, 17, 18].map((day) =>
    all.filter((one) => new Date(one.at).getUTCDate() === day),
  );
  const name = LOAD_BALANCER.orders.name.replaceAll('/', '.');
  return days.flatMap((day) => {
    const end = (day.at(-1)?.at ?? 0) + 300_000;
    const place = `AWSLogs/${PROD}/elasticloadbalancing/${HOME}/${folder(end)}`;
    const file = `${PROD}_elasticloadbalancing_${HOME}_${name}_${stampMinute(end)}_${LOAD_BALANCER.orders.address}_${hexText(random, 8)}.log.gz`;
    const waf = `AWSLogs/${PROD}/WAFLogs/${HOME}/orders-edge/${folder(end)}/${isoSeconds(end).slice(11, 13)}/00/${PROD}_waflogs_${HOME}_orders-edge_${stampMinute(end)}_${hexText(random, 8)}.log.gz`;
    return [
      zipped(`harborline-elb-logs/${place}/${file}`, lines(day.map(albLine))),
      zipped(
        `harborline-elb-logs/${place}/conn_log.${file}`,
        lines([...day.map(connectionLine), ...(day === days[1] ? refusedCertificates() : [])]),
      ),
      zipped(`aws-waf-logs-harborline/${waf}`, jsonLines(day.map(wafRecord))),
    ];
  });
}

/** Partners' connections through the network load balancer, and the old tracking page behind a classic one. */
function olderBalancers(): SampleFile[] {
  const random = randomStream('older balancers');
  const edi: string[] = [];
  const old: string[] = [];
  for (
    let when = at('17 06:10:00');
    when < at('18 06:00:00');
    when += random.int(50, 90) * MINUTE
  ) {
    const partner = random.pick(['198.51.100.61', '198.51.100.62']);
    edi.push(
      `tls 2.0 ${isoSeconds(when).slice(0, 19)} ${LOAD_BALANCER.edi.name} ${LOAD_BALANCER.edi.listener} ${partner}:${String(random.int(32_768, 60_999))} 10.20.10.21:8443 ${String(random.int(900, 9000))} ${String(random.int(2, 9))} ${String(random.int(2000, 90_000))} ${String(random.int(400, 4000))} - ${CERTIFICATE} - TLS_AES_128_GCM_SHA256 tlsv13 - ${DOMAIN.edi} - - - ${isoSeconds(when - 4000).slice(0, 19)}`,
    );
    old.push(
      `${isoMicros(when)} ${LOAD_BALANCER.old.name} 198.51.100.${String(random.int(120, 180))}:${String(random.int(32_768, 60_999))} 10.20.10.22:80 0.000051 0.00${String(random.int(1000, 9000))} 0.000030 200 200 0 ${String(random.int(600, 4000))} "GET https://old.harborline.example:443/track HTTP/1.1" "${AGENT.chrome}" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2`,
    );
  }
  // The robot was here as well: handshakes that fail, and a few files that are not there.
  for (let i = 0; i < 4; i += 1) {
    const when = at('17 19:24:00') + i * 40_000;
    edi.push(
      `tls 2.0 ${isoSeconds(when).slice(0, 19)} ${LOAD_BALANCER.edi.name} ${LOAD_BALANCER.edi.listener} ${MORE.scanner}:${String(41_000 + i)} 10.20.10.21:8443 31 - 0 0 28 - - - - - - - - - ${isoSeconds(when).slice(0, 19)}`,
    );
    old.push(
      `${isoMicros(when)} ${LOAD_BALANCER.old.name} ${MORE.scanner}:${String(42_000 + i)} 10.20.10.22:80 0.000049 0.000871 0.000028 404 404 0 196 "GET https://old.harborline.example:443/${['.env', 'backup.zip', '.git/HEAD', 'admin/'][i] ?? ''} HTTP/1.1" "${SCANNER}" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2`,
    );
  }
  const end = at('18 06:05:00');
  const place = `harborline-elb-logs/AWSLogs/${PROD}/elasticloadbalancing/${HOME}/${folder(end)}/${PROD}_elasticloadbalancing_${HOME}_`;
  return [
    zipped(
      `${place}net.edi.0f8d4c3b2a190817_${stampMinute(end)}_${hexText(random, 8)}.log.gz`,
      lines(edi),
    ),
    zipped(
      `${place}${LOAD_BALANCER.old.name}_${stampMinute(end)}_198.51.100.31_${hexText(random, 8)}.log`,
      lines(old),
    ),
  ].map((file) => (file.path.endsWith('.log') ? { ...file, bytes: file.text } : file));
}

/**
 * Health checks of the orders site's machines, three files of five minutes: while the database was dumped through the
 * first machine it did not answer, and in the morning Lena stopped it for an image of its disk.
 */
function healthChecks(): SampleFile[] {
  const random = randomStream('health checks');
  const dump = [at('18 01:30:02'), at('18 01:31:33')] as const;
  const stopped = at('18 09:06:44');
  return [at('18 01:30:00'), at('18 01:35:00'), at('18 09:10:00')].map((end) => {
    const rows: string[] = [];
    for (let when = end - 5 * MINUTE; when < end; when += MINUTE / 2)
      HOST.orders.forEach((host, i) => {
        const asked = when + 4000 + i * 1700 + random.int(0, 900);
        const busy = i === 0 && asked > dump[0] && asked < dump[1];
        const gone = i === 0 && asked > stopped;
        const [latency, answer] = busy
          ? ['5.000812044', 'FAIL - RequestTimedOut']
          : gone
            ? ['0.000402915', 'FAIL - ConnectionRefused']
            : [`0.00${String(random.int(2_000_000, 9_000_000))}`, 'PASS 200 -'];
        rows.push(`http ${isoMicros(asked)} ${latency} ${host.address}:8080 orders ${answer}`);
      });
    const name = LOAD_BALANCER.orders.name.replaceAll('/', '.');
    return zipped(
      `harborline-elb-logs/AWSLogs/${PROD}/elasticloadbalancing/${HOME}/${folder(end)}/health_check_log_${PROD}_elasticloadbalancing_${HOME}_${name}_${stampMinute(end)}_${LOAD_BALANCER.orders.address}_${hexText(random, 8)}.log.gz`,
      lines(rows),
    );
  });
}

const V1 =
  'date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version fle-status fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len sc-range-start sc-range-end';

/** The public web site as CloudFront served it. */
function distribution(): SampleFile {
  const random = randomStream('cloudfront');
  const rows: (readonly [number, string])[] = [];
  const row = (when: number, ip: string, path: string, status: number, agent: string): void => {
    const text = isoSeconds(when);
    const bytes = status === 200 ? random.int(2000, 40_000) : 919;
    const result = status === 200 ? random.pick(['Hit', 'Miss']) : 'Error';
    rows.push([
      when,
      [
        text.slice(0, 10),
        text.slice(11, 19),
        'DUB56-P1',
        String(bytes),
        ip,
        'GET',
        'd111111abcdef8.cloudfront.net',
        path,
        String(status),
        '-',
        encodeURI(agent),
        '-',
        '-',
        result,
        `${hexText(random, 52)}==`,
        DOMAIN.www,
        'https',
        String(random.int(80, 400)),
        `0.0${String(random.int(10, 99))}`,
        '-',
        'TLSv1.3',
        'TLS_AES_128_GCM_SHA256',
        result,
        'HTTP/2.0',
        '-',
        '-',
        String(random.int(32_768, 60_999)),
        `0.0${String(random.int(10, 99))}`,
        result,
        status === 200 ? 'text/html' : 'application/xml',
        '-',
        '-',
        '-',
      ].join('\t'),
    ]);
  };
  for (let when = at('17 06:20:00'); when < at('18 06:00:00'); when += random.int(20, 45) * MINUTE)
    row(
      when,
      random.pick([
        `198.51.100.${String(random.int(120, 180))}`,
        `192.0.2.${String(random.int(100, 180))}`,
      ]),
      random.pick(['/index.html', '/track.html', '/css/site.css']),
      200,
      AGENT.chrome,
    );
  PROBES.forEach(([path], i) => {
    row(at('17 18:58:00') + i * 9000, MORE.scanner, path.split('?')[0] ?? '', 403, SCANNER);
  });
  const body = rows.sort((a, b) => a[0] - b[0]).map(([, text]) => text);
  return zipped(
    `harborline-cloudfront-logs/www/${DISTRIBUTION}.2026-09-18-06.${hexText(random, 8)}.gz`,
    lines(['#Version: 1.0', `#Fields: ${V1}`, ...body]),
  );
}

/** Questions to the public zone: visitors, and a list of names that might exist. */
function publicZone(): SampleFile {
  const random = randomStream('public zone');
  const rows: (readonly [number, string])[] = [];
  const row = (
    when: number,
    name: string,
    type: string,
    rcode: string,
    by: string,
    subnet: string,
  ): void => {
    rows.push([
      when,
      `1.0 ${isoMillis(when)} ${DOMAIN.zone} ${name} ${type} ${rcode} UDP DUB56-P1 ${by} ${subnet}`,
    ]);
  };
  for (let when = at('17 06:00:00'); when < at('18 06:00:00'); when += random.int(40, 80) * MINUTE)
    row(
      when + random.int(0, 999),
      random.pick([DOMAIN.www, DOMAIN.orders, DOMAIN.edi]),
      random.pick(['A', 'AAAA']),
      'NOERROR',
      random.pick(['198.51.100.53', '2001:db8:77::53']),
      '-',
    );
  const guesses = [
    'admin',
    'api',
    'build',
    'ci',
    'dev',
    'edi',
    'ftp',
    'git',
    'jenkins',
    'mail',
    'old',
    'orders',
    'staging',
    'test',
    'vpn',
    'www',
  ];
  guesses.forEach((name, i) => {
    row(
      at('17 18:41:05') + i * 1700 + random.int(0, 999),
      `${name}.harborline.example`,
      'A',
      ['edi', 'old', 'orders', 'vpn', 'www'].includes(name) ? 'NOERROR' : 'NXDOMAIN',
      MORE.scannerResolver,
      '203.0.113.0/24',
    );
  });
  const text = lines(rows.sort((a, b) => a[0] - b[0]).map(([, line]) => line));
  return zipped(`harborline-dns-logs/public/${DOMAIN.zone}/2026-09-18.log.gz`, text);
}

/** Files of the web. */
export function webFiles(): SampleFile[] {
  return [...ordersSite(), ...healthChecks(), ...olderBalancers(), distribution(), publicZone()];
}
