/**
 * What else Harborline Parcel runs, beyond what the CloudTrail records need: networks, load balancers, clusters,
 * databases, names. Choices come from a stream of their own, so that the records of the trail stay as they were.
 */
import { ANALYTICS, FAR, HOME, HOST, PROD } from './cast.ts';
import { hexText, randomStream, resourceId } from './random.ts';

const random = randomStream('estate');

export const DOMAIN = {
  zone: 'Z0HARBORLINE00EXAMPLE',
  orders: 'orders.harborline.example',
  www: 'www.harborline.example',
  edi: 'edi.harborline.example',
  api: 'api.harborline.example',
  /** Where the instance in sa-east-1 sends what it copied. */
  drop: 'cdn.parcels-mirror.example',
  dropEdge: 'edge7.parcels-mirror.example',
  ordersDb: `orders-db.c1example.${HOME}.rds.amazonaws.com`,
  trackingDb: `tracking-db.c1example.${HOME}.rds.amazonaws.com`,
} as const;

/** Addresses that only the other logs know. */
export const MORE = {
  /** Looks for open doors for the attacker: web sites, ports, names. */
  scanner: '203.0.113.41',
  /** Resolver of the scanner's provider. */
  scannerResolver: '203.0.113.53',
  loadBalancer: '10.20.1.44',
  trackingDb: '10.20.20.9',
  windows: '10.20.10.30',
  analyticsLambda: '10.20.40.15',
} as const;

export const NET = {
  vpc: resourceId(random, 'vpc'),
  subnet: resourceId(random, 'subnet'),
  group: resourceId(random, 'sg'),
  analyticsVpc: resourceId(random, 'vpc'),
  gateway: resourceId(random, 'tgw'),
  attachment: resourceId(random, 'tgw-attach'),
  analyticsAttachment: resourceId(random, 'tgw-attach'),
  vpnEndpoint: resourceId(random, 'cvpn-endpoint'),
  windowsInstance: resourceId(random, 'i'),
} as const;

export const LOAD_BALANCER = {
  orders: { name: 'app/orders/6d0ecf831eec9f09', address: '198.51.100.30' },
  edi: { name: 'net/edi/0f8d4c3b2a190817', listener: hexText(random, 16) },
  old: { name: 'tracking-classic' },
} as const;

export const WEB_ACL = `arn:aws:wafv2:${HOME}:${PROD}:regional/webacl/orders-edge/1d2c3b4a-5968-4776-8594-a3b2c1d0e0f1`;
export const DISTRIBUTION = 'E2HARBORLINE01';
export const CLUSTER = 'harborline';
export const WAREHOUSE = 'harborline-dw';
export const FIREWALL = 'edge-home';

/** Session Manager session on the first order server, opened while the trail was off. */
export const SHELL = {
  id: 'svc-backup-0c4be1e77d0a91f52',
  instance: HOST.orders[0]?.instance ?? '',
  address: HOST.orders[0]?.address ?? '',
} as const;

/** GuardDuty's detectors by account and region. */
export const DETECTOR: Readonly<Record<string, string>> = {
  [`${PROD} ${HOME}`]: hexText(random, 32),
  [`${PROD} us-east-1`]: hexText(random, 32),
  [`${PROD} ${FAR}`]: hexText(random, 32),
  [`${ANALYTICS} ${HOME}`]: hexText(random, 32),
};

/** The account that may write to the web site's bucket since 01:37. */
export const STRANGER = '999988887777';

/** The copy of the orders server's disk that was shared with that account. */
export const COPY = {
  volume: resourceId(random, 'vol'),
  snapshot: resourceId(random, 'snap'),
} as const;

/** Fields of the VPC flow logs of both regions: the default, and a custom order of version 5. */
export const FLOW_FIELDS = {
  home: 'version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status',
  far: 'version account-id interface-id instance-id vpc-id subnet-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status tcp-flags type pkt-srcaddr pkt-dstaddr region az-id pkt-src-aws-service pkt-dst-aws-service flow-direction traffic-path',
} as const;
