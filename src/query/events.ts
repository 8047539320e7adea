/** Events of all sources on one time line, narrowed by the common columns. */
import type { CommonCells } from '../core/columns.ts';
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
export interface EventRow extends CommonCells {
  readonly id: number;
  readonly source: string;
  readonly time_us: number;
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

/** Sources whose rows are events, in bytewise order, as the view of the time line names them. */
function timelineSources(db: Database): readonly string[] {
  const sql = db
    .prepare<[], string>("SELECT sql FROM main.sqlite_schema WHERE name = 'timeline'")
    .pluck()
    .get();
  const names = Array.from((sql ?? '').matchAll(/'([a-z0-9_]+)' AS source/g), ([, name]) => name);
  return names.filter((name) => name !== undefined).sort();
}

type Bound = Readonly<Record<string, string | number>>;

/**
 * Events in the order of time, source, id: the same for any import of the same evidence. Each source is read by its index
 * of time and the streams are merged here, so that memory does not grow with the number of events.
 */
export function* timelineRows(
  db: Database,
  filter: EventFilter,
  limit: number,
): Generator<EventRow> {
  const { where, params } = filterSql(filter);
  const cut = limit > 0 ? ` LIMIT ${String(limit)}` : '';
  const sources = timelineSources(db).filter((name) => [name, undefined].includes(filter.source));
  const streams = sources.map((name) =>
    db
      .prepare<[Bound], EventRow>(
        `SELECT id, '${name}' AS source, time_us, account_id, region, actor, action, target,
                src_ip, dst_ip, outcome
           FROM main."${name}" WHERE ${where} ORDER BY time_us, id${cut}`,
      )
      .iterate(params),
  );
  try {
    // Those of equal time keep the order of their sources: the list is bytewise sorted, and only what is earlier wins.
    const heads = streams.map((stream) => stream.next());
    for (let count = 0; limit === 0 || count < limit; count += 1) {
      let best = -1;
      let bestUs = Infinity;
      for (let at = 0; at < heads.length; at += 1) {
        const head = heads[at];
        if (head === undefined || head.done === true || head.value.time_us >= bestUs) continue;
        best = at;
        bestUs = head.value.time_us;
      }
      const [head, stream] = [heads[best], streams[best]];
      if (head === undefined || head.done === true || stream === undefined) return;
      yield head.value;
      heads[best] = stream.next();
    }
  } finally {
    for (const stream of streams) stream.return?.();
  }
}
