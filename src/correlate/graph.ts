/** What a value touches: its neighbours by the records that hold both, over one hop or several. */
import type { Database } from '../db/open.ts';
import { wanted, type EntityKind, type Wanted } from './kinds.ts';
import { findTraces, inTime, type EntityTable, type Trace, type Window } from './traces.ts';

/** How far a question goes. */
export interface Reach {
  readonly hops: number;
  /** Neighbours of one value that are followed to the next hop. */
  readonly fanOut: number;
  /** Kinds of neighbours that are told and followed; all if empty. */
  readonly kinds: ReadonlySet<EntityKind>;
  readonly deep: boolean;
}

/** Since when, until when and in how many records. */
export interface Range {
  records: number;
  first_us: number | null;
  last_us: number | null;
}

/** A value that was looked up. */
export interface Node extends Range {
  readonly value: string;
  readonly kind: EntityKind;
  /** 0 for a value that was asked for. */
  readonly hop: number;
  /** By `table.column`. */
  readonly places: ReadonlyMap<string, Range>;
}

/** Two values in the same records; `from` was looked up. */
export interface Edge extends Range {
  readonly from: string;
  readonly to: string;
  readonly kind: EntityKind;
  /** Hop of `to`. */
  readonly hop: number;
  readonly tables: ReadonlySet<string>;
}

/** The whole answer. */
export interface Neighbourhood {
  readonly nodes: readonly Node[];
  /** By hop, then the value that was looked up, then the most records. */
  readonly edges: readonly Edge[];
  /** Records of the values that were asked for. */
  readonly traces: readonly Trace[];
  readonly notSearched: readonly string[];
  /** What was left out, and why. */
  readonly cut: readonly string[];
}

/** Values looked up for one question. */
const MOST_NODES = 100;
/** Neighbours of one value that are kept. */
const MOST_NEIGHBOURS = 2000;
/** Kinds that nearly everything shares, or that name one record only: told, and not followed. */
const ENDS: ReadonlySet<EntityKind> = new Set([
  'account',
  'user_agent',
  'service',
  'request_id',
  'event_id',
  'object',
]);

/** Looks the values up, then what they touch, as far as `reach` says. */
export function neighbourhood(
  db: Database,
  tables: readonly EntityTable[],
  values: readonly string[],
  window: Window,
  reach: Reach,
  stop: () => void,
): Neighbourhood {
  const nodes = new Map<string, Node>();
  const edges: Edge[] = [];
  const traces = new Map<string, Trace>();
  const notSearched = new Set<string>();
  const cut: string[] = [];
  let front: readonly Wanted[] = [...new Set(values)].map(wanted);
  for (let hop = 0; hop < Math.max(1, reach.hops) && front.length > 0; hop++) {
    const next = new Map<string, Wanted>();
    for (const value of front) {
      stop();
      if (nodes.has(value.value)) continue;
      if (nodes.size >= MOST_NODES) {
        cut.push(`only ${String(MOST_NODES)} values are looked up`);
        break;
      }
      const found = findTraces(db, tables, value, window, reach.deep);
      for (const place of found.notSearched) notSearched.add(place);
      for (const table of found.cut)
        cut.push(
          `${value.value}: more than 100000 records of ${table}, the first of them in the evidence were read`,
        );
      nodes.set(value.value, nodeOf(value, hop, found.traces));
      if (hop === 0)
        for (const trace of found.traces) traces.set(`${trace.table}:${String(trace.id)}`, trace);
      const all = edgesOf(value, hop + 1, found.traces, reach.kinds);
      if (all.length > MOST_NEIGHBOURS)
        cut.push(
          `${value.value}: ${String(all.length)} neighbours, ${String(MOST_NEIGHBOURS)} kept`,
        );
      const kept = all.slice(0, MOST_NEIGHBOURS);
      edges.push(...kept);
      if (hop + 1 >= reach.hops) continue;
      const follow = kept.filter(({ kind }) => !ENDS.has(kind));
      if (follow.length > reach.fanOut)
        cut.push(
          `${value.value}: ${String(reach.fanOut)} of ${String(follow.length)} neighbours are followed`,
        );
      for (const edge of follow.slice(0, reach.fanOut))
        next.set(edge.to, { ...wanted(edge.to), kind: edge.kind });
    }
    front = [...next.values()];
  }
  return {
    nodes: [...nodes.values()],
    edges,
    traces: [...traces.values()].sort(inTime),
    notSearched: [...notSearched].sort(),
    cut: [...new Set(cut)],
  };
}

function nodeOf(value: Wanted, hop: number, traces: readonly Trace[]): Node {
  const places = new Map<string, Range>();
  const whole = emptyRange();
  let kind = value.kind;
  const kinds = new Map<EntityKind, number>();
  for (const trace of traces) {
    extend(whole, trace.time_us);
    for (const column of trace.columns) {
      const place = column.includes('.') ? column : `${trace.table}.${column}`;
      const range = places.get(place) ?? emptyRange();
      places.set(place, range);
      extend(range, trace.time_us);
      for (const [name, one] of trace.entities)
        if (name === column) kinds.set(one, (kinds.get(one) ?? 0) + 1);
    }
  }
  // A word may be of several kinds: where it stands most often says which.
  if (value.kinds.size > 3)
    kind = [...kinds].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))[0]?.[0] ?? kind;
  const ordered = new Map([...places].sort(([a], [b]) => (a < b ? -1 : 1)));
  return { value: value.value, kind, hop, places: ordered, ...whole };
}

function edgesOf(
  value: Wanted,
  hop: number,
  traces: readonly Trace[],
  kinds: ReadonlySet<EntityKind>,
): readonly Edge[] {
  const edges = new Map<string, Edge & { readonly tables: Set<string> }>();
  const own = new Set([value.value, ...value.spellings]);
  for (const trace of traces) {
    const seen = new Set<string>();
    for (const [, kind, to] of trace.entities) {
      if (own.has(to) || (kinds.size > 0 && !kinds.has(kind))) continue;
      // Two columns may hold the same (the ARN of a caller and of an issuer): one record counts once.
      const key = `${kind}\0${to}`;
      if (seen.has(key)) continue;
      seen.add(key);
      const edge = edges.get(key) ?? {
        from: value.value,
        to,
        kind,
        hop,
        tables: new Set<string>(),
        ...emptyRange(),
      };
      edges.set(key, edge);
      edge.tables.add(trace.table);
      extend(edge, trace.time_us);
    }
  }
  return [...edges.values()].sort(
    (a, b) =>
      b.records - a.records ||
      (a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : a.to < b.to ? -1 : a.to > b.to ? 1 : 0),
  );
}

function emptyRange(): Range {
  return { records: 0, first_us: null, last_us: null };
}

function extend(range: Range, timeUs: number | null): void {
  range.records++;
  if (timeUs === null) return;
  if (range.first_us === null || timeUs < range.first_us) range.first_us = timeUs;
  if (range.last_us === null || timeUs > range.last_us) range.last_us = timeUs;
}
