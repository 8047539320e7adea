/** Sessions and neighbourhoods as graphs: where each node stands, by their order alone. */
import { Buffer } from 'node:buffer';
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import type { Effects } from '../core/effects.ts';
import { writeNewFile } from '../disk/new-file.ts';
import {
  graphPage,
  NODE_HEIGHT,
  NODE_WIDTH,
  type GraphEdge,
  type GraphNode,
} from '../report/graph.ts';
import type { PivotAnswer, ShownEdge, ShownNode } from './pivot.ts';
import { shortName } from './rows.ts';
import type { Session, SessionsAnswer } from './sessions.ts';

const [STEP_X, STEP_Y] = [NODE_WIDTH + 90, NODE_HEIGHT + 16];
/** Nodes that are drawn, and rows of a table: a browser has to lay them out. */
const MOST_NODES = 500;
const MOST_ROWS = 2000;
/** Neighbours of one value that are drawn: of a busy one, more would hide the others. */
const MOST_DRAWN = 30;
/** Columns of a tree that are drawn apart. */
const DEEPEST = 40;

/**
 * Writes a page into a new file.
 * @param path relative to the folder we were started in.
 * @throws ExhibitError `E_EXISTS`, `E_WRITE`.
 */
export async function writePage(path: string, page: string, fx: Effects): Promise<void> {
  await writeNewFile(resolve(fx.cwd, path), Readable.from([Buffer.from(page, 'utf8')]));
}

/** The sessions, each to the right of what it came from; dashed lines are inferred. */
export function sessionsPage({ sessions, counts }: SessionsAnswer, title: string): string {
  const nodes: GraphNode[] = [];
  const edges: GraphEdge[] = [];
  const places = new Map<string, number>();
  const depths = new Map<string, number>();
  const roots = new Map<string, number>();
  for (const one of sessions.slice(0, MOST_NODES)) {
    const parent = one.parent_id === null ? undefined : places.get(one.parent_id);
    const y = nodes.length * STEP_Y;
    let from = parent;
    let depth = one.parent_id === null ? 1 : (depths.get(one.parent_id) ?? 0) + 1;
    if (parent === undefined) {
      const name = one.root_arn ?? 'not in evidence';
      from = roots.get(name);
      if (from === undefined) {
        from = nodes.push({ ...root(name), x: 0, y }) - 1;
        roots.set(name, from);
      }
      depth = 1;
    }
    depths.set(one.id, depth);
    const at =
      nodes.push({
        ...sessionNode(one),
        x: Math.min(depth, DEEPEST) * STEP_X,
        y: nodes.length * STEP_Y,
      }) - 1;
    places.set(one.id, at);
    if (from !== undefined)
      edges.push({
        from,
        to: at,
        tip: `${one.chain.at(-1)?.via ?? ''} ${one.chain.at(-1)?.time ?? ''}`.trim(),
        dashed: one.link !== 'issued',
      });
  }
  const marks = sessions.flatMap((one) =>
    one.marks.map((mark) => [
      one.key_id ?? one.id,
      mark.kind,
      mark.from,
      mark.to,
      mark.detail,
      mark.time,
      mark.row,
    ]),
  );
  return graphPage({
    title,
    about: [
      `${String(counts.keys)} keys: ${String(counts.linked)} linked to their birth, ${String(counts.unused)} given out and not used, ${String(counts.inferred)} with an inferred birth, ${String(counts.unborn)} without one in evidence; ${String(counts.sign_ins)} sign-ins.`,
      'A solid line is proved by the answer of a call, a dashed one inferred. Boxes in red have marks.',
      ...left(sessions.length, MOST_NODES, 'sessions are drawn'),
      ...left(sessions.length, MOST_ROWS, 'sessions are in the table'),
      ...left(marks.length, MOST_ROWS, 'marks are in the table'),
    ],
    nodes,
    edges,
    tables: [
      {
        title: 'Sessions',
        columns: [
          'key',
          'via',
          'identity',
          'given out',
          'first use',
          'last use',
          'calls',
          'last call',
        ],
        rows: sessions
          .slice(0, MOST_ROWS)
          .map((one) => [
            one.key_id ?? 'console',
            one.chain.at(-1)?.via ?? null,
            one.arn,
            one.chain.at(-1)?.time ?? null,
            one.first_seen,
            one.last_seen,
            one.events,
            one.last_call === null
              ? null
              : `${one.last_call.action ?? '-'} ${one.last_call.target ?? ''} ${one.last_call.row}`,
          ]),
      },
      {
        title: 'Marks',
        columns: ['key', 'mark', 'from', 'to', 'detail', 'time', 'row'],
        rows: marks.slice(0, MOST_ROWS),
      },
    ],
  });
}

function root(name: string): Omit<GraphNode, 'x' | 'y'> {
  return { label: shortName(name) ?? '', note: 'root', tip: name, tone: 'root' };
}

function sessionNode(one: Session): Omit<GraphNode, 'x' | 'y'> {
  const marks = one.marks.filter(({ kind }) => kind !== 'unborn' && kind !== 'unused');
  const kinds = [...new Set(marks.map(({ kind }) => kind))].join(', ');
  return {
    label: one.key_id ?? 'console sign-in',
    note: shortName(one.arn) ?? '-',
    tip: [one.arn ?? '-', one.chain.at(-1)?.via ?? '', `${String(one.events)} calls`, kinds]
      .filter((part) => part !== '')
      .join('\n'),
    tone:
      marks.length > 0 ? 'marked' : one.events === 0 && one.kind !== 'sign_in' ? 'faint' : 'plain',
  };
}

/** The neighbourhood: a column for each hop, from what was asked for to the right. */
export function pivotPage(answer: PivotAnswer, title: string): string {
  const nodes: GraphNode[] = [];
  const edges: GraphEdge[] = [];
  const places = new Map<string, number>();
  const rows: number[] = [];
  const put = (name: string, hop: number, node: Omit<GraphNode, 'x' | 'y'>): number | undefined => {
    const known = places.get(name);
    if (known !== undefined) return known;
    if (nodes.length >= MOST_NODES) return undefined;
    const row = rows[hop] ?? 0;
    rows[hop] = row + 1;
    const at = nodes.push({ ...node, x: hop * STEP_X, y: row * STEP_Y }) - 1;
    places.set(name, at);
    return at;
  };
  for (const one of answer.values.filter(({ hop }) => hop === 0)) put(one.value, 0, valueNode(one));
  const looked = new Map(answer.values.map((one) => [one.value, one]));
  const drawn = new Set<string>();
  const busy = new Map<string, number>();
  for (const edge of answer.neighbours) {
    const from = places.get(edge.from);
    const known = looked.get(edge.value);
    const count = (busy.get(edge.from) ?? 0) + 1;
    busy.set(edge.from, count);
    // What was looked up itself, or hangs on another value too, joins what is drawn.
    if (count > MOST_DRAWN && known === undefined && !places.has(edge.value)) continue;
    const to = put(edge.value, edge.hop, known === undefined ? edgeNode(edge) : valueNode(known));
    if (from === undefined || to === undefined || from === to) continue;
    // Two values that were both looked up are each other's neighbours: one line says it.
    const pair = `${String(Math.min(from, to))} ${String(Math.max(from, to))}`;
    if (drawn.has(pair)) continue;
    drawn.add(pair);
    edges.push({ from, to, tip: edgeTip(edge), dashed: false });
  }
  return graphPage({
    title,
    about: [
      `${String(answer.timeline.length)} records. A line joins two values that stand in the same records; each column is a hop.`,
      ...answer.cut.map((what) => `Left out: ${what}.`),
      ...(answer.not_searched.length === 0 ? [] : [`Not read: ${answer.not_searched.join(', ')}.`]),
      ...[...busy]
        .filter(([, count]) => count > MOST_DRAWN)
        .map(
          ([value, count]) =>
            `Of the ${String(count)} neighbours of ${value} the ${String(MOST_DRAWN)} with the most records are drawn, and those that hang on another value; the table has the others.`,
        ),
      ...left(places.size, MOST_NODES - 1, 'values are drawn'),
      ...left(answer.neighbours.length, MOST_ROWS, 'neighbours are in the table'),
      ...left(answer.timeline.length, MOST_ROWS, 'records are in the time line'),
    ],
    nodes,
    edges,
    tables: [
      {
        title: 'Neighbours',
        columns: ['of', 'value', 'kind', 'what it is', 'records', 'first', 'last', 'logs'],
        rows: answer.neighbours
          .slice(0, MOST_ROWS)
          .map((one) => [
            one.from,
            one.value,
            one.kind,
            one.labels.join(', '),
            one.records,
            one.first_seen,
            one.last_seen,
            one.tables.join(' '),
          ]),
      },
      {
        title: 'Time line',
        columns: ['time', 'source', 'actor', 'action', 'target', 'from', 'to', 'outcome', 'row'],
        rows: answer.timeline
          .slice(0, MOST_ROWS)
          .map((one) => [
            one.time,
            one.source,
            one.actor,
            one.action,
            one.target,
            one.src_ip,
            one.dst_ip,
            one.outcome,
            one.row,
          ]),
      },
    ],
  });
}

function valueNode(one: ShownNode): Omit<GraphNode, 'x' | 'y'> {
  const seen = `${String(one.records)} records`;
  return {
    label: shortName(one.value) ?? '',
    note: [one.kind, ...one.labels, seen].join(', '),
    tip: [
      one.value,
      one.kind,
      ...one.labels,
      seen,
      `${one.first_seen ?? '-'} to ${one.last_seen ?? '-'}`,
    ].join('\n'),
    tone: one.hop === 0 ? 'root' : 'plain',
  };
}

function edgeNode(edge: ShownEdge): Omit<GraphNode, 'x' | 'y'> {
  return {
    label: shortName(edge.value) ?? '',
    note: [edge.kind, ...edge.labels, `${String(edge.records)} together`].join(', '),
    tip: [edge.value, edge.kind, ...edge.labels].join('\n'),
    tone: 'faint',
  };
}

function edgeTip(edge: ShownEdge): string {
  return `${String(edge.records)} records in ${edge.tables.join(', ')}, ${edge.first_seen ?? '-'} to ${edge.last_seen ?? '-'}`;
}

function left(have: number, most: number, what: string): readonly string[] {
  return have > most ? [`The first ${String(most)} ${what}.`] : [];
}
