/** `pivot`: every trace of a value through all logs, and what else stands in the same records. */
import { COMMON_CELLS, type CommonCells } from '../core/columns.ts';
import type { Effects } from '../core/effects.ts';
import { ExhibitError } from '../core/errors.ts';
import { formatUs } from '../core/time.ts';
import {
  neighbourhood,
  type Edge,
  type Neighbourhood,
  type Node,
  type Range,
} from '../correlate/graph.ts';
import { ENTITY_KINDS, type EntityKind } from '../correlate/kinds.ts';
import { entityTables, type Trace, type Window } from '../correlate/traces.ts';
import { openDatabase, sourceTables } from '../db/open.ts';
import type { Case } from './case.ts';
import { integerIn, spanIn, spanQuestion, textsIn, type Question } from '../query/question.ts';
import type { RunRecord } from '../query/run-record.ts';
import { recordAnswer, rowsOf, type Answerer, type VerbAnswer } from './answer.ts';
import { sameImport } from './imported-content.ts';
import { NO_FILES, type Labels } from './labels.ts';

export { ENTITY_KINDS } from '../correlate/kinds.ts';

/** What is asked. */
export interface PivotQuestion extends Window {
  readonly values: readonly string[];
  readonly hops: number;
  readonly fanOut: number;
  readonly kinds: readonly string[];
  readonly deep: boolean;
  readonly labels: Labels;
}

/** Since when, until when, how often. */
interface ShownRange {
  readonly records: number;
  readonly first_seen: string | null;
  readonly last_seen: string | null;
}

/** A value that was looked up. */
export interface ShownNode extends ShownRange {
  readonly value: string;
  readonly kind: EntityKind;
  readonly hop: number;
  readonly labels: readonly string[];
  readonly places: readonly (ShownRange & { readonly table: string; readonly column: string })[];
}

/** A neighbour of a value. */
export interface ShownEdge extends ShownRange {
  readonly from: string;
  readonly value: string;
  readonly kind: EntityKind;
  readonly hop: number;
  readonly labels: readonly string[];
  readonly tables: readonly string[];
}

/** A record of the time line. */
export interface ShownTrace extends CommonCells {
  readonly time: string | null;
  readonly source: string;
  readonly found_in: string;
  /** For `show`. */
  readonly row: string;
}

/** The answer. */
export interface PivotAnswer {
  readonly values: readonly ShownNode[];
  readonly neighbours: readonly ShownEdge[];
  readonly timeline: readonly ShownTrace[];
  /** Columns that may hold the value and were not read: large, without an index. */
  readonly not_searched: readonly string[];
  /** What was left out, and why. */
  readonly cut: readonly string[];
}

/**
 * Answers a question about values.
 * @throws ExhibitError `E_USAGE` for an empty value or a kind that is none, `E_NOT_IMPORTED`, `E_FORMAT`.
 */
export function pivot(target: Case, fx: Effects, question: PivotQuestion): PivotAnswer {
  return shown(look(target, fx, question), question.labels);
}

function look(target: Case, fx: Effects, question: PivotQuestion): Neighbourhood {
  const { values, hops, fanOut, deep, fromUs, toUs } = question;
  if (values.includes('')) throw new ExhibitError('E_USAGE', 'a value to look for is empty');
  const kinds = new Set(question.kinds.map(kindNamed));
  const db = openDatabase(target.paths.database, { readonly: true });
  try {
    return neighbourhood(
      db,
      entityTables(db, sourceTables(db)),
      values,
      { ...(fromUs === undefined ? {} : { fromUs }), ...(toUs === undefined ? {} : { toUs }) },
      { hops, fanOut, kinds, deep },
      () => {
        fx.signal.throwIfAborted();
      },
    );
  } finally {
    db.close();
  }
}

function shown(
  { nodes, edges, traces, notSearched, cut }: Neighbourhood,
  labels: Labels,
): PivotAnswer {
  return {
    values: nodes.map((node) => shownNode(node, labels)),
    neighbours: edges.map((edge) => shownEdge(edge, labels)),
    timeline: traces.map(shownTrace),
    not_searched: notSearched,
    cut,
  };
}

function kindNamed(name: string): EntityKind {
  const kind = ENTITY_KINDS.find((one) => one === name);
  if (kind !== undefined) return kind;
  throw new ExhibitError('E_USAGE', `"${name}" is no kind of entity`, {
    hint: `kinds are ${ENTITY_KINDS.join(', ')}`,
  });
}

function shownNode({ value, kind, hop, places, ...range }: Node, labels: Labels): ShownNode {
  return {
    value,
    kind,
    hop,
    labels: labels.of(value),
    ...shownRange(range),
    places: [...places].map(([place, one]) => {
      const dot = place.indexOf('.');
      return { table: place.slice(0, dot), column: place.slice(dot + 1), ...shownRange(one) };
    }),
  };
}

function shownEdge({ from, to, kind, hop, tables, ...range }: Edge, labels: Labels): ShownEdge {
  return {
    from,
    value: to,
    kind,
    hop,
    labels: labels.of(to),
    ...shownRange(range),
    tables: [...tables].sort(),
  };
}

function shownRange({ records, first_us: first, last_us: last }: Range): ShownRange {
  return {
    records,
    first_seen: first === null ? null : formatUs(first),
    last_seen: last === null ? null : formatUs(last),
  };
}

function shownTrace({
  table,
  id,
  time_us: timeUs,
  columns,
  entities: _,
  ...common
}: Trace): ShownTrace {
  return {
    time: timeUs === null ? null : formatUs(timeUs),
    source: table,
    ...common,
    found_in: columns.join(' '),
    row: `${table}:${String(id)}`,
  };
}

/** Columns of the time line, in the order they are printed. */
export const PIVOT_COLUMNS = [
  'time',
  'source',
  ...COMMON_CELLS,
  'found_in',
  'row',
] as const satisfies readonly (keyof ShownTrace)[];

/**
 * Answers, and records the answer as a run of the case: the time line as rows, the rest signed with it. Labels of files
 * that the user gave are no part of it.
 * @throws ExhibitError as {@link pivot} and `recordAnswer`.
 */
export async function recordPivot(
  target: Case,
  fx: Effects,
  question: PivotQuestion,
): Promise<{ readonly answer: PivotAnswer; readonly record: RunRecord }> {
  const { values, hops, fanOut, kinds, deep, labels } = question;
  const checkImport = sameImport(target);
  const found = look(target, fx, question);
  const record = await recordAnswer(target, fx, {
    verb: 'pivot',
    question: {
      values,
      hops,
      fan_out: fanOut,
      kinds,
      deep,
      ...spanQuestion(question),
    },
    answer: () => {
      checkImport();
      return answerOf(shown(found, NO_FILES));
    },
  });
  return { answer: shown(found, labels), record };
}

/** Asks a recorded question about values again. */
export const askPivot: Answerer = (target, fx, question) =>
  Promise.resolve(answerOf(pivot(target, fx, questionIn(question))));

function answerOf({
  timeline,
  values,
  neighbours,
  not_searched: notSearched,
  cut,
}: PivotAnswer): VerbAnswer {
  return {
    columns: PIVOT_COLUMNS,
    rows: rowsOf(PIVOT_COLUMNS, timeline),
    details: {
      values: values.map((one) => ({
        ...one,
        places: one.places.map((place) => ({ ...place })),
      })),
      neighbours: neighbours.map((one) => ({ ...one })),
      not_searched: notSearched,
      cut,
    },
  };
}

function questionIn(question: Question): PivotQuestion {
  return {
    values: textsIn(question, 'values') ?? [],
    hops: integerIn(question, 'hops') ?? 1,
    fanOut: integerIn(question, 'fan_out') ?? 1,
    kinds: textsIn(question, 'kinds') ?? [],
    deep: question['deep'] === true,
    labels: NO_FILES,
    ...spanIn(question),
  };
}
