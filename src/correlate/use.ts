/** What one key did, folded from its calls in any order: counts, seen-ranges, first and last call. */

/** A call made with a key. */
export interface UseRow {
  readonly id: number;
  readonly time_us: number;
  readonly key: string;
  readonly arn: string | null;
  readonly type: string | null;
  readonly address: string | null;
  readonly user_agent: string | null;
  readonly region: string | null;
  readonly mfa: number | null;
  readonly made_us: number | null;
  readonly source_identity: string | null;
  readonly invoked_by: string | null;
  readonly event_source: string | null;
  readonly failed: number;
}

/** A record by time and row. */
export interface Point {
  readonly time_us: number;
  readonly id: number;
}

/** Since when, until when and how often a value was seen. */
export interface Seen {
  first: Point;
  last: Point;
  count: number;
}

/** Addresses only: IPv4 and IPv6, as the common column `src_ip` takes them. */
const ADDRESS = /^(?:\d+\.\d+\.\d+\.\d+|[\da-fA-F:.]*:[\da-fA-F:.]*:[\da-fA-F:.]*)$/;

/**
 * Services whose calls are recorded in us-east-1 wherever they are made (CloudTrail User Guide, "Global service events").
 */
const GLOBAL_SERVICES = new Set(
  [
    ...[
      'iam',
      'sts',
      'organizations',
      'cloudfront',
      'route53',
      'route53domains',
      'support',
      'health',
    ],
    ...['signin', 'account', 'billing', 'ce', 'budgets', 'globalaccelerator', 'waf', 'shield'],
    ...['trustedadvisor', 'artifact', 'networkmanager', 'importexport'],
  ].map((name) => `${name}.amazonaws.com`),
);

/** The use of one key. */
export class Use {
  readonly key: string;
  events = 0;
  failures = 0;
  /** Calls that AWS services made for the principal. */
  forwarded = 0;
  first: Point | undefined;
  /** First call that no service made for the principal. */
  own: Point | undefined;
  last: Point | undefined;
  made_us: number | undefined;
  readonly types = new Map<string, Seen>();
  readonly arns = new Map<string, Seen>();
  readonly services = new Map<string, Seen>();
  readonly addresses = new Map<string, Seen>();
  readonly agents = new Map<string, Seen>();
  readonly regions = new Map<string, Seen>();
  readonly mfa = new Map<string, Seen>();
  readonly sourceIdentities = new Map<string, Seen>();
  /** Calls after the key's end. */
  readonly late = new Map<string, Seen>();
  readonly #endUs: number | undefined;

  constructor(key: string, endUs: number | undefined) {
    this.key = key;
    this.#endUs = endUs;
  }

  /** Takes a call; the order of calls makes no difference. */
  add(row: UseRow): void {
    const point = { time_us: row.time_us, id: row.id };
    this.events++;
    if (row.failed === 1) this.failures++;
    if (this.first === undefined || before(point, this.first)) this.first = point;
    if (this.last === undefined || before(this.last, point)) this.last = point;
    if (row.made_us !== null && (this.made_us === undefined || row.made_us < this.made_us))
      this.made_us = row.made_us;
    see(this.types, row.type, point);
    see(this.arns, row.arn, point);
    see(this.sourceIdentities, row.source_identity, point);
    if (row.mfa !== null) see(this.mfa, String(row.mfa), point);
    if (this.#endUs !== undefined && row.time_us > this.#endUs) see(this.late, 'late', point);
    if (row.invoked_by !== null) {
      // Address, agent and region are then those of the service.
      this.forwarded++;
      see(this.services, row.invoked_by, point);
      return;
    }
    if (this.own === undefined || before(point, this.own)) this.own = point;
    if (isAddress(row.address)) see(this.addresses, row.address, point);
    see(this.agents, agentFamily(row.user_agent), point);
    if (!GLOBAL_SERVICES.has(row.event_source ?? '')) see(this.regions, row.region, point);
  }

  /** Who used the key: the ARN that was there first. */
  get arn(): string | null {
    return firstSeen(this.arns)[0]?.[0] ?? null;
  }
}

/** True for an IP address, false for the name of a service. */
export function isAddress(text: string | null): text is string {
  return text !== null && ADDRESS.test(text);
}

/** The product that a user agent names first: `aws-cli`, `Boto3`, `Mozilla`; null for none. */
export function agentFamily(agent: string | null): string | null {
  const [, family] = /^\[?([^\s/;(\]]+)/.exec(agent ?? '') ?? [];
  return family === undefined || family.endsWith('.amazonaws.com') || agent === 'AWS Internal'
    ? null
    : family;
}

/** Values with their ranges, the one that was seen first first. */
export function firstSeen(seen: ReadonlyMap<string, Seen>): readonly (readonly [string, Seen])[] {
  return [...seen].sort(
    ([a, one], [b, other]) =>
      one.first.time_us - other.first.time_us ||
      one.first.id - other.first.id ||
      (a < b ? -1 : a > b ? 1 : 0),
  );
}

function see(map: Map<string, Seen>, value: string | null, point: Point): void {
  if (value === null) return;
  const seen = map.get(value);
  if (seen === undefined) {
    map.set(value, { first: point, last: point, count: 1 });
    return;
  }
  seen.count++;
  if (before(point, seen.first)) seen.first = point;
  if (before(seen.last, point)) seen.last = point;
}

function before(a: Point, b: Point): boolean {
  return a.time_us < b.time_us || (a.time_us === b.time_us && a.id < b.id);
}
