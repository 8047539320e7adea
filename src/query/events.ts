/** Events of all sources on one time line, narrowed by the common columns. */
import type { Database } from '../db/open.ts';

/** What to keep. Texts are compared as their comments say; absent means all. */
export interface EventFilter {
  /** Inclusive, microseconds UTC. */
  readonly fromUs?: number;
  /** Exclusive. */
  readonly toUs?: number;
  /** Source table. */
  readonly source?: string;
  /** Equal. */
  readonly account?: string;
  /** Equal. */
  readonly region?: string;
  /** Contained, A to Z in either case. */
  readonly actor?: string;
  /** Equal to the source or the destination address. */
  readonly ip?: string;
  /** Equal, or a GLOB pattern if it holds `*` or `?`; A to Z in either case. */
  readonly action?: string;
  /** `success` or `failure`. */
  readonly outcome?: string;
}

/** One event by its common columns. */
export interface EventRow {
  readonly id: number;
  readonly source: string;
  readonly time_us: number;
  readonly account_id: string | null;
  readonly region: string | null;
  readonly actor: string | null;
  readonly action: string | null;
  readonly target: string | null;
  readonly src_ip: string | null;
  readonly dst_ip: string | null;
  readonly outcome: string | null;
}

/** Condition and bound values of a filter, over the common columns. */
export function filterSql(filter: EventFilter): {
  readonly where: string;
  readonly params: Readonly<Record<string, string | number>>;
} {
  const pattern = /[*?]/.test(filter.action ?? '');
  const parts: readonly (readonly [string, string, string | number | undefined])[] = [
    ['from', 'time_us >= :from', filter.fromUs],
    ['to', 'time_us < :to', filter.toUs],
    ['account', 'account_id = :account', filter.account],
    ['region', 'region = :region', filter.region],
    ['actor', 'instr(lower(actor), :actor) > 0', filter.actor?.toLowerCase()],
    ['ip', '(src_ip = :ip OR dst_ip = :ip)', filter.ip],
    ['action', `lower(action) ${pattern ? 'GLOB' : '='} :action`, filter.action?.toLowerCase()],
    ['outcome', 'outcome = :outcome', filter.outcome],
  ];
  const used = parts.filter(([, , value]) => value !== undefined);
  return {
    where: used.length === 0 ? '1' : used.map(([, condition]) => condition).join(' AND '),
    params: Object.fromEntries(used.map(([name, , value]) => [name, value ?? ''])),
  };
}

/** Events in the order of time, source, id: the same for any import of the same evidence. */
export function* timelineRows(
  db: Database,
  filter: EventFilter,
  limit: number,
): Generator<EventRow> {
  const { where, params } = filterSql(filter);
  const source = filter.source === undefined ? '' : ' AND source = :source';
  const cut = limit > 0 ? ` LIMIT ${String(limit)}` : '';
  yield* db
    .prepare<[Readonly<Record<string, string | number>>], EventRow>(
      `SELECT * FROM timeline WHERE ${where}${source} ORDER BY time_us, source, id${cut}`,
    )
    .iterate({ ...params, ...(filter.source === undefined ? {} : { source: filter.source }) });
}
