/** DNS, the firewall and the transit gateway: what the network itself wrote down. */
import { ADDRESS, ANALYTICS, BUCKET, FAR, HOME, HOST, PROD } from './cast.ts';
import { DOMAIN, FIREWALL, MORE, NET } from './estate.ts';
import { MOMENT, at } from './night.ts';
import { hexText, randomStream } from './random.ts';
import {
  folder,
  isoMicros,
  jsonLines,
  lines,
  stampMinute,
  zipped,
  type SampleFile,
} from './sample-file.ts';
import { isoSeconds } from './trail.ts';
import type { World } from './world.ts';

const MINUTE = 60_000;

interface Place {
  readonly region: string;
  readonly vpc: string;
  readonly address: string;
  readonly instance: string;
}

interface Answer {
  readonly Rdata: string;
  readonly Type: string;
  readonly Class: 'IN';
}

const a = (address: string): Answer => ({ Rdata: address, Type: 'A', Class: 'IN' });
const cname = (name: string): Answer => ({ Rdata: `${name}.`, Type: 'CNAME', Class: 'IN' });

const NAMES: Readonly<Record<string, readonly Answer[]>> = {
  [`${BUCKET.exports}.s3.${HOME}.amazonaws.com`]: [a(ADDRESS.s3)],
  [DOMAIN.drop]: [cname(DOMAIN.dropEdge), a(ADDRESS.drop)],
  [DOMAIN.ordersDb]: [a(ADDRESS.database)],
  [DOMAIN.trackingDb]: [a(MORE.trackingDb)],
};

/** Resolver query logs of both regions. The names give the flows' addresses their meaning. */
function resolver(): SampleFile[] {
  const random = randomStream('resolver');
  const rows: { readonly at: number; readonly region: string; readonly record: object }[] = [];
  const ask = (when: number, place: Place, name: string, more: object = {}, type = 'A'): void => {
    const known = type === 'A' ? NAMES[name] : [];
    rows.push({
      at: when,
      region: place.region,
      record: {
        version: '1.100000',
        account_id: PROD,
        region: place.region,
        vpc_id: place.vpc,
        query_timestamp: isoSeconds(when),
        query_name: `${name}.`,
        query_type: type,
        query_class: 'IN',
        rcode: known === undefined ? 'NXDOMAIN' : 'NOERROR',
        answers: known ?? [],
        srcaddr: place.address,
        srcport: String(random.int(32_768, 60_999)),
        transport: 'UDP',
        srcids: { instance: place.instance },
        ...more,
      },
    });
  };
  const far: Place = {
    region: FAR,
    vpc: HOST.far.vpc,
    address: ADDRESS.farPrivate,
    instance: HOST.far.instance,
  };
  ask(MOMENT.instanceUp + 21_000, far, '2.amazon.pool.ntp.example');
  ask(MOMENT.instanceUp + 144_000, far, 'archive.parcels-mirror.example');
  ask(at('18 00:29:12'), far, DOMAIN.drop, {}, 'AAAA');
  for (let when = MOMENT.copyStart - 3000; when < MOMENT.copyEnd; when += 5 * MINUTE) {
    ask(when, far, `${BUCKET.exports}.s3.${HOME}.amazonaws.com`);
    ask(when + 2000, far, DOMAIN.drop);
  }
  for (const host of HOST.orders) {
    const place: Place = { region: HOME, vpc: NET.vpc, ...host };
    for (
      let when = at('17 20:00:00');
      when < at('18 02:00:00');
      when += random.int(20, 40) * MINUTE
    )
      ask(when + random.int(0, 59_000), place, DOMAIN.ordersDb);
  }
  const [orders] = HOST.orders;
  if (orders !== undefined) {
    const place: Place = { region: HOME, vpc: NET.vpc, ...orders };
    ask(at('18 01:32:10'), place, DOMAIN.trackingDb);
    // The upload. DNS Firewall knew the name was new, and was told to let such names pass.
    ask(at('18 01:35:20'), place, DOMAIN.drop, {
      firewall_rule_group_id: 'rslvr-frg-5d0c9a41e7b2f386',
      firewall_rule_action: 'ALERT',
      firewall_domain_list_id: 'rslvr-fdl-2b8e61f09c3d74a5',
    });
  }
  return [HOME, FAR].map((region) => {
    const mine = rows.filter((row) => row.region === region).sort((x, y) => x.at - y.at);
    const end = (mine.at(-1)?.at ?? 0) + 5 * MINUTE;
    const vpc = region === HOME ? NET.vpc : HOST.far.vpc;
    return zipped(
      `harborline-dns-logs/AWSLogs/${PROD}/vpcdnsquerylogs/${vpc}/${folder(end)}/${vpc}_vpcdnsquerylogs_${PROD}_${stampMinute(end)}_${hexText(random, 8)}.log.gz`,
      jsonLines(mine.map((row) => row.record)),
    );
  });
}

/** The firewall of the home region sees the same knocking as the flow logs, port for port. */
function firewall(world: World): SampleFile[] {
  const random = randomStream('firewall');
  const knocks = world.flows.filter(
    (flow) =>
      flow.action === 'REJECT' && flow.region === HOME && flow.source.startsWith('203.0.113.'),
  );
  const flowId = (i: number): string => `16402963969408${String(10_000 + i * 37)}`;
  const eve = (when: number): string => isoMicros(when).replace('Z', '+0000');
  const record = (i: number, event: string): string => {
    const flow = knocks[i];
    if (flow === undefined) throw new Error('no such knock');
    return `{"firewall_name":"${FIREWALL}","availability_zone":"eu-west-1a","event_timestamp":"${String(flow.start)}","event":{"timestamp":"${eve(flow.start * 1000 + 127)}","flow_id":${flowId(i)},"src_ip":"${flow.source}","src_port":${String(flow.sourcePort)},"dest_ip":"${flow.target}","dest_port":${String(flow.targetPort)},"proto":"TCP",${event}}}`;
  };
  const alerts = knocks.map((flow, i) =>
    record(
      i,
      `"event_type":"alert","alert":{"action":"allowed","signature_id":${flow.targetPort === 22 ? '2001' : '2002'},"rev":2,"gid":1,"signature":"harborline: ${flow.targetPort === 22 ? 'ssh' : 'rdp'} from outside","category":"Attempted Information Leak","severity":2}`,
    ),
  );
  const flows = knocks.map((flow, i) =>
    record(
      i,
      `"event_type":"netflow","netflow":{"pkts":${String(flow.packets)},"bytes":${String(flow.bytes)},"start":"${eve(flow.start * 1000)}","end":"${eve(flow.end * 1000)}","age":${String(flow.end - flow.start)},"min_ttl":49,"max_ttl":49},"tcp":{"tcp_flags":"02","syn":true}`,
    ),
  );
  const end = at('17 22:25:00');
  const file = (kind: string, rows: readonly string[]): SampleFile =>
    zipped(
      `harborline-firewall-logs/AWSLogs/${PROD}/network-firewall/${kind}/${HOME}/${FIREWALL}/${folder(end)}/22/${PROD}_network-firewall_${kind}_${HOME}_${FIREWALL}_202609172225_${hexText(random, 8)}.log.gz`,
      lines(rows),
    );
  return [file('alert', alerts), file('flow', flows)];
}

const GATEWAY_FIELDS =
  'version resource-type account-id tgw-id tgw-attachment-id tgw-src-vpc-account-id tgw-dst-vpc-account-id tgw-src-vpc-id tgw-dst-vpc-id tgw-pair-attachment-id srcaddr dstaddr srcport dstport protocol packets bytes start end log-status type packets-lost-no-route packets-lost-blackhole packets-lost-mtu-exceeded packets-lost-ttl-expired tcp-flags region flow-direction';

/** Through the gateway between the two accounts: the nightly export at work, and three tries from an order server. */
function gateway(): SampleFile {
  const random = randomStream('gateway');
  const row = (
    when: number,
    source: string,
    target: string,
    port: number,
    bytes: number,
    lost: number,
  ): string => {
    const start = Math.floor(when / 1000);
    const packets = Math.max(1, Math.ceil(bytes / 1400));
    return `6 TransitGateway ${PROD} ${NET.gateway} ${NET.attachment} ${PROD} ${ANALYTICS} ${NET.vpc} ${NET.analyticsVpc} ${NET.analyticsAttachment} ${source} ${target} ${String(random.int(32_768, 60_999))} ${String(port)} 6 ${String(packets)} ${String(bytes)} ${String(start)} ${String(start + 58)} OK IPv4 ${String(lost === 0 ? 0 : packets)} 0 0 0 ${lost === 0 ? '3' : '2'} ${HOME} egress`;
  };
  const rows = [14, 15, 16, 17, 18].map((day) =>
    row(
      at(`${String(day)} 01:30:20`),
      ADDRESS.database,
      MORE.analyticsLambda,
      443,
      random.int(150_000_000, 190_000_000),
      0,
    ),
  );
  for (let i = 0; i < 3; i += 1)
    rows.push(
      row(
        at('18 01:33:05') + i * 20_000,
        HOST.orders[0]?.address ?? '',
        '10.20.40.80',
        [5439, 22, 3389][i] ?? 0,
        120,
        1,
      ),
    );
  return zipped(
    `harborline-vpc-flow-logs/AWSLogs/${PROD}/vpcflowlogs/${HOME}/2026/09/18/${PROD}_vpcflowlogs_${HOME}_fl-0${hexText(random, 16)}_20260918T0205Z_${hexText(random, 8)}.log.gz`.replace(
      'harborline-vpc-flow-logs',
      'harborline-tgw-flow-logs',
    ),
    lines([GATEWAY_FIELDS, ...rows]),
  );
}

/** Files of the network. */
export function networkFiles(world: World): SampleFile[] {
  return [...resolver(), ...firewall(world), gateway()];
}
