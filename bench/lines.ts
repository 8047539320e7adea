/**
 * Writes line logs of any size as S3 would hold them: VPC flow logs, S3 access logs, ALB access logs. The same seed gives
 * the same lines; memory does not grow with the size. Addresses outside are those that RFC 2544 keeps for benchmarks.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ACCOUNTS, AGENTS, objectKey } from './apis.ts';
import { ALNUM, Chance } from './chance.ts';

/** How a set came out. Sizes in bytes. */
export interface LineSet {
  readonly lines: number;
  readonly inflated: number;
  readonly stored: number;
}

/** A kind of log. */
export interface LineLog {
  readonly name: string;
  /** Lines of a file. */
  readonly perFile: number;
  /** First line of each file. */
  readonly header?: string;
  readonly gzipped: boolean;
  /** Path of the next file, which begins at a time in milliseconds. */
  readonly path: (chance: Chance, at: number) => string;
  /** Writes lines, given where the time stands. */
  readonly lines: (chance: Chance) => (at: number) => string;
}

const START = Date.UTC(2026, 0, 5);
const MINUTES_5 = 300_000;
const REGION = 'eu-central-1';

function outside(c: Chance): string {
  return c.below(25) === 0
    ? `2001:db8:${c.hex(4)}:${c.hex(4)}::${c.hex(4)}`
    : `198.${String(18 + c.below(2))}.${String(c.below(256))}.${String(c.below(256))}`;
}

const inside = (c: Chance): string =>
  `10.${String(c.below(4))}.${String(c.below(64))}.${String(4 + c.below(250))}`;
const day = (at: number): string => new Date(at).toISOString().slice(0, 10).replaceAll('-', '/');
const stamp = (at: number): string =>
  `${new Date(at).toISOString().slice(0, 16).replaceAll(/[-:]/g, '')}Z`;

/** Each file is of one account. */
const accountAt = (at: number): string =>
  ACCOUNTS[Math.floor((at - START) / MINUTES_5) % ACCOUNTS.length] ?? '';

const SERVICES = [443, 443, 443, 80, 5432, 3306, 6379, 53, 8080, 22, 123, 2049];

/** Flows of 60 network interfaces in each account with 20,000 peers, of which few are busy; one in a hundred lines has no traffic. */
const FLOWS: LineLog = {
  name: 'vpc_flow',
  perFile: 50_000,
  header:
    'version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status',
  gzipped: true,
  path: (c, at) => {
    const account = accountAt(at);
    return `AWSLogs/${account}/vpcflowlogs/${REGION}/${day(at)}/${account}_vpcflowlogs_${REGION}_fl-0${c.hex(16)}_${stamp(at)}_${c.hex(8)}.log.gz`;
  },
  lines: (c) => {
    const interfaces = ACCOUNTS.map((account) =>
      Array.from({ length: 60 }, () => ({ account, id: `eni-0${c.hex(16)}`, address: inside(c) })),
    );
    const peers = Array.from({ length: 20_000 }, () => (c.below(3) === 0 ? inside(c) : outside(c)));
    return (at) => {
      const own = c.skewed(interfaces[ACCOUNTS.indexOf(accountAt(at))] ?? []);
      const start = Math.floor(at / 1000) + c.below(240);
      const end = start + 1 + c.below(59);
      if (c.below(100) === 0)
        return `2 ${own.account} ${own.id} - - - - - - - ${String(start)} ${String(end)} - NODATA`;
      const peer = c.skewed(peers);
      const [service, client] = [c.pick(SERVICES), 1024 + c.below(64_512)];
      const incoming = c.below(2) === 0;
      const [from, to] = incoming ? [peer, own.address] : [own.address, peer];
      const [fromPort, toPort] = c.below(3) === 0 ? [service, client] : [client, service];
      const packets = 1 + Math.floor((c.below(65_536) / 65_536) ** 6 * 50_000);
      const bytes = packets * (40 + c.below(1400));
      const refused = incoming && c.below(4) === 0;
      return `2 ${own.account} ${own.id} ${from} ${to} ${String(fromPort)} ${String(toPort)} ${toPort === 53 || toPort === 123 ? '17' : '6'} ${String(packets)} ${String(bytes)} ${String(start)} ${String(end)} ${refused ? 'REJECT' : 'ACCEPT'} OK`;
    };
  },
};

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

function clf(at: number): string {
  const iso = new Date(at).toISOString();
  return `${iso.slice(8, 10)}/${MONTHS[Number(iso.slice(5, 7)) - 1] ?? ''}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`;
}

/** Requests of 400 principals to 30 buckets. */
const ACCESS: LineLog = {
  name: 's3_access',
  perFile: 5000,
  gzipped: false,
  path: (c, at) => {
    const name = new Date(at).toISOString().slice(0, 19).replaceAll(/[T:]/g, '-');
    return `access/${name}-${c.hex(16).toUpperCase()}`;
  },
  lines: (c) => {
    const owners = ACCOUNTS.map(() => c.hex(64));
    const buckets = Array.from({ length: 30 }, (_, i) => ({
      name: `data-${String(i)}-${c.hex(6)}`,
      owner: c.pick(owners),
    }));
    const callers = Array.from({ length: 400 }, () => ({
      address: outside(c),
      agent: c.pick(AGENTS),
      name:
        c.below(3) === 0
          ? `arn:aws:iam::${c.pick(ACCOUNTS)}:user/u${String(c.below(40))}`
          : `arn:aws:sts::${c.pick(ACCOUNTS)}:assumed-role/service-${String(c.below(60))}/i-0${c.hex(16)}`,
    }));
    return (at) => {
      const [bucket, caller, key] = [c.skewed(buckets), c.skewed(callers), objectKey(c)];
      const put = c.below(4) === 0;
      const [method, size] = [put ? 'PUT' : 'GET', c.below(9_000_000)];
      const [status, error, sent] =
        c.below(30) === 0 ? ['403', 'AccessDenied', '243'] : ['200', '-', put ? '-' : String(size)];
      const milliseconds = c.below(900);
      return `${bucket.owner} ${bucket.name} [${clf(at)}] ${caller.address} ${caller.name} ${c.text(ALNUM, 16).toUpperCase()} REST.${method}.OBJECT ${key} "${method} /${key}?x-id=${put ? 'PutObject' : 'GetObject'} HTTP/1.1" ${status} ${error} ${sent} ${String(size)} ${String(milliseconds + 4)} ${String(milliseconds)} "-" "${caller.agent}" - ${c.text(ALNUM, 75)}= SigV4 TLS_AES_128_GCM_SHA256 AuthHeader ${bucket.name}.s3.${REGION}.amazonaws.com TLSv1.3 - -`;
    };
  },
};

/** Requests of 20,000 clients to one load balancer with 12 targets. */
const BALANCER: LineLog = {
  name: 'alb_access',
  perFile: 20_000,
  gzipped: true,
  path: (c, at) =>
    `AWSLogs/${ACCOUNTS[0] ?? ''}/elasticloadbalancing/${REGION}/${day(at)}/${ACCOUNTS[0] ?? ''}_elasticloadbalancing_${REGION}_app.shop.50dc6c495c0c9188_${stamp(at)}_198.18.0.9_${c.hex(8)}.log.gz`,
  lines: (c) => {
    const clients = Array.from({ length: 20_000 }, () => ({
      address: outside(c),
      agent: c.pick(AGENTS),
    }));
    const targets = Array.from({ length: 12 }, () => `${inside(c)}:8080`);
    const account = ACCOUNTS[0] ?? '';
    const group = `arn:aws:elasticloadbalancing:${REGION}:${account}:targetgroup/shop/73e2d6bc24d8a067`;
    const certificate = `arn:aws:acm:${REGION}:${account}:certificate/${c.guid()}`;
    return (at) => {
      const [client, target] = [c.skewed(clients), c.pick(targets)];
      const micro = (): string => String(c.below(1000)).padStart(3, '0');
      const time = `${new Date(at).toISOString().slice(0, -1)}${micro()}Z`;
      const created = `${new Date(at - c.below(90)).toISOString().slice(0, -1)}${micro()}Z`;
      const status = c.below(12) === 0 ? '404' : '200';
      return `https ${time} app/shop/50dc6c495c0c9188 ${client.address}:${String(1024 + c.below(64_512))} ${target} 0.${micro()} 0.0${micro()} 0.000 ${status} ${status} ${String(c.below(2000))} ${String(c.below(90_000))} "${c.pick(['GET', 'GET', 'GET', 'POST'])} https://shop.example.com:443/item/${c.hex(6)}?page=${String(c.below(50))} HTTP/1.1" "${client.agent}" TLS_AES_128_GCM_SHA256 TLSv1.3 ${group} "Root=1-${c.hex(8)}-${c.hex(24)}" "shop.example.com" "${certificate}" ${String(c.below(5))} ${created} "waf,forward" "-" "-" "${target}" "${status}" "-" "-" TID_${c.hex(32)} "-" "-" "-"`;
    };
  },
};

/** The logs there are. */
export const LINE_LOGS: readonly LineLog[] = [FLOWS, ACCESS, BALANCER];

/** Writes `lines` lines of a log below `folder`. */
export function generateLines(log: LineLog, folder: string, lines: number, seed = 7): LineSet {
  const chance = new Chance(seed);
  const line = log.lines(chance);
  let [made, inflated, stored, at] = [0, 0, 0, START];
  while (made < lines) {
    const path = join(folder, log.path(chance, at));
    const texts = log.header === undefined ? [] : [log.header];
    for (let left = Math.min(log.perFile, lines - made); left > 0; left -= 1) {
      texts.push(line(at));
      made += 1;
    }
    const text = Buffer.from(`${texts.join('\n')}\n`);
    const bytes = log.gzipped ? gzipSync(text) : text;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
    inflated += text.length;
    stored += bytes.length;
    at += MINUTES_5;
  }
  return { lines: made, inflated, stored };
}
