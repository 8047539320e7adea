/** What each principal did, by CloudTrail: one pass over the calls, counted by what responders look at first. */
import type { Database } from '../db/open.ts';
import { ExhibitError } from '../core/errors.ts';
import { filterSql, type EventFilter } from './events.ts';

/** How often a value was seen, and when. */
export interface Tally {
  events: number;
  /** Microseconds UTC. */
  firstUs: number;
  lastUs: number;
}

/** Lists of a principal, in the order in which they are printed. */
export const FACETS = [
  'type',
  'region',
  'source_ip',
  'user_agent',
  'access_key',
  'api_succeeded',
  'api_failed',
  'error',
  'role_assumed',
  'console',
  'mfa',
] as const;

/** One of {@link FACETS}. */
export type Facet = (typeof FACETS)[number];

/** One principal. */
export interface Principal extends Tally {
  /** NULL where the record names nobody. */
  readonly principal: string | null;
  failed: number;
  readonly facets: Readonly<Record<Facet, Map<string, Tally>>>;
}

interface CallRow {
  readonly principal: string | null;
  readonly time_us: number;
  readonly failed: 0 | 1;
  readonly type: string | null;
  readonly region: string | null;
  readonly source_ip: string | null;
  readonly user_agent: string | null;
  readonly access_key: string | null;
  readonly api: string;
  readonly error: string | null;
  readonly role_assumed: string | null;
  readonly console: string | null;
  readonly mfa: string | null;
}

// Whoever sends a million user agents must not fill the memory: then the question has to be a narrower one.
const MAX_VALUES = 2_000_000;

/**
 * Adds up the calls; hands over after each batch, so that the caller can stop.
 * @param byIssuer sessions of one role count as that role.
 * @returns principals in the order of their events, most first, then of their names.
 * @throws ExhibitError `E_QUERY_REFUSED` for more than 2,000,000 different values.
 */
export async function summarise(
  db: Database,
  filter: EventFilter,
  byIssuer: boolean,
  breathe: () => Promise<void>,
): Promise<readonly Principal[]> {
  const { where, params } = filterSql(filter);
  const rows = db
    .prepare<[typeof params], CallRow>(
      `SELECT ${byIssuer ? 'coalesce(session_issuer_arn, actor)' : 'actor'} AS principal, time_us,
         outcome IS 'failure' AS failed, user_identity_type AS type, aws_region AS region,
         source_ip_address AS source_ip, user_agent, user_identity_access_key_id AS access_key,
         coalesce(event_source, '?') || ' ' || coalesce(event_name, '?') AS api,
         coalesce(error_code, CASE WHEN outcome = 'failure' THEN error_message END) AS error,
         CASE WHEN event_name GLOB 'AssumeRole*' AND outcome IS NOT 'failure' THEN role_arn END AS role_assumed,
         CASE WHEN event_name = 'ConsoleLogin' THEN coalesce(console_result, outcome, '?')
           || CASE mfa_used WHEN 1 THEN ' with MFA' WHEN 0 THEN ' without MFA' ELSE '' END END AS console,
         CASE mfa_authenticated WHEN 1 THEN 'session with MFA' WHEN 0 THEN 'session without MFA' END AS mfa
       FROM main.cloudtrail WHERE ${where} ORDER BY id`,
    )
    .iterate(params);
  const principals = new Map<string | null, Principal>();
  let values = 0;
  let seen = 0;
  for (const row of rows) {
    const one = principals.get(row.principal) ?? empty(row.principal);
    principals.set(row.principal, one);
    count(one, row.time_us);
    one.failed += row.failed;
    for (const [facet, value] of valuesOf(row)) {
      const tallies = one.facets[facet];
      const tally = tallies.get(value) ?? { events: 0, firstUs: Infinity, lastUs: -Infinity };
      if (tally.events === 0) {
        values += 1;
        tallies.set(value, tally);
      }
      count(tally, row.time_us);
    }
    if (values > MAX_VALUES) throw tooMany();
    seen += 1;
    if (seen % 2000 === 0) await breathe();
  }
  return [...principals.values()].sort(
    (a, b) => b.events - a.events || compare(a.principal ?? '', b.principal ?? ''),
  );
}

/** Values of a list, the most frequent first, then in the order of their letters. */
export function ranked(tallies: ReadonlyMap<string, Tally>): readonly (readonly [string, Tally])[] {
  return [...tallies].sort(([a, x], [b, y]) => y.events - x.events || compare(a, b));
}

function valuesOf(row: CallRow): readonly (readonly [Facet, string])[] {
  const pairs: readonly (readonly [Facet, string | null])[] = [
    ['type', row.type],
    ['region', row.region],
    ['source_ip', row.source_ip],
    ['user_agent', row.user_agent],
    ['access_key', row.access_key],
    [row.failed === 1 ? 'api_failed' : 'api_succeeded', row.api],
    ['error', row.error],
    ['role_assumed', row.role_assumed],
    ['console', row.console],
    ['mfa', row.mfa],
  ];
  return pairs.filter((pair): pair is readonly [Facet, string] => pair[1] !== null);
}

function empty(principal: string | null): Principal {
  const maps = FACETS.map((facet) => [facet, new Map<string, Tally>()] as const);
  return {
    ...{ principal, events: 0, failed: 0, firstUs: Infinity, lastUs: -Infinity },
    facets: Object.fromEntries(maps) as unknown as Principal['facets'],
  };
}

function count(tally: Tally, timeUs: number): void {
  tally.events += 1;
  tally.firstUs = Math.min(tally.firstUs, timeUs);
  tally.lastUs = Math.max(tally.lastUs, timeUs);
}

function tooMany(): ExhibitError {
  return new ExhibitError(
    'E_QUERY_REFUSED',
    `the principals have more than ${String(MAX_VALUES)} different values`,
    { hint: 'narrow it by --actor, --from and --to' },
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
