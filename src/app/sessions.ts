/** `sessions`: which key came from whom, how it was used, and what stands out. */
import type { Effects } from '../core/effects.ts';
import { ExhibitError } from '../core/errors.ts';
import { formatUs, parseRfc3339 } from '../core/time.ts';
import { birthState, chainOf, type BirthState, type Known, type Step } from '../correlate/chain.ts';
import { lineage, type Credential, type Found, type Link } from '../correlate/lineage.ts';
import { instanceMarks, marksOf, type Mark, type MarkKind } from '../correlate/marks.ts';
import { scopeOf } from '../correlate/scope.ts';
import { Trail, type SignIn } from '../correlate/trail.ts';
import { travelMarks } from '../correlate/travel.ts';
import { firstSeen, isAddress, type Point, type Seen } from '../correlate/use.ts';
import { openDatabase, sourceTables } from '../db/open.ts';
import { spanIn, spanQuestion, textIn, textsIn, type Question } from '../query/question.ts';
import type { RunRecord } from '../query/run-record.ts';
import { recordAnswer, rowsOf, type Answerer, type VerbAnswer } from './answer.ts';
import type { Case } from './case.ts';
import { sameImport } from './imported-content.ts';
import { NO_FILES, type Labels } from './labels.ts';

/** What is asked. */
export interface SessionsQuestion {
  /** Keys, ARNs or names: the chains they belong to. None: all. */
  readonly names: readonly string[];
  /** Only chains that begin with this identity. */
  readonly root?: string;
  /** Only credentials that were given out or used at or after, microseconds UTC. */
  readonly fromUs?: number;
  /** Before. */
  readonly toUs?: number;
  /** Only credentials with marks (other than `unborn` and `unused`), and what they came from. */
  readonly marked: boolean;
  /** What is known of addresses. */
  readonly labels: Labels;
}

/** A record that a session points at. */
export interface ShownPoint {
  readonly time: string;
  /** For `show`. */
  readonly row: string;
}

/** A step of a chain. */
export interface ShownStep {
  readonly arn: string | null;
  readonly via: string;
  readonly time: string | null;
  readonly event_id: string | null;
  readonly row: string | null;
  readonly key_id: string | null;
}

/** A mark. */
export interface ShownMark {
  readonly kind: MarkKind;
  readonly time: string | null;
  readonly row: string | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly detail: string;
}

/** How often a value was seen, since and until when. */
export interface ShownSeen {
  readonly value: string;
  readonly events: number;
  readonly first_seen: string;
  readonly last_seen: string;
}

/** A key or a sign-in. */
export interface Session {
  readonly key_id: string | null;
  /** Of a sign-in, for `parent_id` of its keys. */
  readonly id: string;
  readonly kind: Credential['kind'];
  readonly arn: string | null;
  readonly root_arn: string | null;
  readonly chain: readonly ShownStep[];
  readonly parent_id: string | null;
  readonly link: Link;
  readonly birth: BirthState;
  /** Further records of the birth: the same call in another account. */
  readonly birth_copies: readonly string[];
  readonly session_name: string | null;
  readonly source_identity: string | null;
  readonly expires: string | null;
  readonly first_seen: string | null;
  readonly last_seen: string | null;
  readonly events: number;
  readonly failures: number;
  /** Calls that AWS services made for it. */
  readonly forwarded: number;
  readonly addresses: readonly (ShownSeen & { readonly labels: readonly string[] })[];
  readonly agents: readonly ShownSeen[];
  readonly regions: readonly ShownSeen[];
  readonly services: readonly ShownSeen[];
  readonly last_call:
    (ShownPoint & { readonly action: string | null; readonly target: string | null }) | null;
  readonly marks: readonly ShownMark[];
}

/** The answer: sessions in the order of a tree, parents before their children, each by time. */
export interface SessionsAnswer {
  readonly sessions: readonly Session[];
  readonly counts: SessionCounts;
}

/** Keys by what is known of them; sign-ins apart. */
export interface SessionCounts {
  readonly keys: number;
  /** Birth in evidence and used. */
  readonly linked: number;
  /** Birth in evidence, never used. */
  readonly unused: number;
  /** Used; the birth is not in evidence, but something of the same moment and principal is. */
  readonly inferred: number;
  /** Used; nothing of its birth is in evidence. */
  readonly unborn: number;
  readonly sign_ins: number;
}

/**
 * Answers a question about sessions.
 * @throws ExhibitError `E_NOT_IMPORTED`, `E_NOT_FOUND` when the case has no CloudTrail or knows none of the names.
 */
export function sessions(target: Case, fx: Effects, question: SessionsQuestion): SessionsAnswer {
  return withSessions(target, fx, question, (shownWith) => shownWith(question.labels));
}

/** Reads the sessions, which may take long, and gives them with whatever labels are asked for. */
function withSessions<T>(
  target: Case,
  fx: Effects,
  question: SessionsQuestion,
  use: (shownWith: (labels: Labels) => SessionsAnswer) => T,
): T {
  const db = openDatabase(target.paths.database, { readonly: true });
  try {
    if (!sourceTables(db).includes('cloudtrail'))
      throw new ExhibitError('E_NOT_FOUND', 'the case has no CloudTrail records', {
        hint: 'sessions are read from CloudTrail alone',
      });
    const trail = new Trail(db);
    const scope = question.names.length === 0 ? undefined : scopeOf(trail, question.names);
    fx.signal.throwIfAborted();
    const births = trail.births(scope?.keys);
    const ends = new Map(
      births.flatMap(({ key, expires_us: end }) => (end === null ? [] : [[key, end] as const])),
    );
    const found: Found = {
      births,
      signIns: trail.signIns(),
      passwords: trail.passwords(),
      tokens: trail.tokens(),
      uses: trail.uses(ends, scope?.keys),
    };
    fx.signal.throwIfAborted();
    const all = lineage(found);
    const wanted = scope === undefined ? all : scope.related(all);
    const known = { startUs: trail.start(), fromConsole: trail.fromConsole };
    const instances = instanceMarks(all.values());
    return use((labels) => {
      const roots = new Map<string, Step>();
      const shown = inTree(wanted)
        .map((one) => show(one, { all, known, trail, roots, labels, instances }))
        .filter((one) => keep(one, question));
      const kept = question.marked ? marked(shown) : shown;
      return { sessions: kept, counts: countsOf(kept) };
    });
  } finally {
    db.close();
  }
}

function keep(one: Session, { root, fromUs, toUs }: SessionsQuestion): boolean {
  if (root !== undefined && one.root_arn !== root) return false;
  const times = [one.chain.at(-1)?.time ?? null, one.first_seen, one.last_seen]
    .map((time) => (time === null ? undefined : parseRfc3339(time)))
    .filter((timeUs) => timeUs !== undefined);
  if (times.length === 0) return true;
  if (fromUs !== undefined && Math.max(...times) < fromUs) return false;
  return toUs === undefined || Math.min(...times) < toUs;
}

function marked(all: readonly Session[]): readonly Session[] {
  const byId = new Map(all.map((one) => [one.id, one]));
  const kept = new Set<string>();
  for (const one of all) {
    if (one.marks.every(({ kind }) => kind === 'unborn' || kind === 'unused')) continue;
    for (let at: Session | undefined = one; at !== undefined && !kept.has(at.id);) {
      kept.add(at.id);
      at = at.parent_id === null ? undefined : byId.get(at.parent_id);
    }
  }
  return all.filter((one) => kept.has(one.id));
}

function countsOf(all: readonly Session[]): SessionCounts {
  const keys = all.filter((one) => one.key_id !== null);
  const count = (good: (one: Session) => boolean): number => keys.filter(good).length;
  return {
    keys: keys.length,
    linked: count((one) => one.birth === 'in_evidence' && one.events > 0),
    unused: count((one) => one.birth === 'in_evidence' && one.events === 0),
    inferred: count((one) => one.birth === 'inferred'),
    unborn: count((one) => one.birth === 'not_in_evidence'),
    sign_ins: all.length - keys.length,
  };
}

// Depth first; brothers in the order of their first record, then id.
function inTree(all: ReadonlyMap<string, Credential>): readonly Credential[] {
  const below = Map.groupBy(all.values(), (one) =>
    one.parent !== undefined && all.has(one.parent) ? one.parent : '',
  );
  const start = (one: Credential): number =>
    (one.birth ?? one.signIn ?? one.use?.first)?.time_us ?? 0;
  const ordered: Credential[] = [];
  const waiting: Credential[] = [];
  const push = (parent: string): void => {
    const children = [...(below.get(parent) ?? [])].sort(
      (a, b) => start(b) - start(a) || (a.id < b.id ? 1 : -1),
    );
    for (const child of children) waiting.push(child);
  };
  push('');
  for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
    ordered.push(one);
    push(one.id);
  }
  return ordered;
}

interface Shown {
  readonly all: ReadonlyMap<string, Credential>;
  readonly known: Known;
  readonly trail: Trail;
  /** First step of the chain of each credential that was shown: parents come first. */
  readonly roots: Map<string, Step>;
  readonly labels: Labels;
  readonly instances: ReadonlyMap<string, readonly Mark[]>;
}

function show(one: Credential, { all, known, trail, roots, labels, instances }: Shown): Session {
  const parent = one.parent === undefined ? undefined : all.get(one.parent);
  const chain = chainOf(one, all, known, roots.get(one.parent ?? ''));
  if (chain[0] !== undefined) roots.set(one.id, chain[0]);
  const { use, birth, signIn } = one;
  const last = use?.last;
  return {
    key_id: one.key,
    id: one.id,
    kind: one.kind,
    arn: one.arn,
    root_arn: chain[0]?.arn ?? null,
    chain: chain.map(shownStep),
    parent_id: one.parent ?? null,
    link: one.link,
    birth: birthState(one),
    birth_copies: one.copies.map(({ id }) => rowName(id)),
    session_name: birth?.session_name ?? null,
    source_identity:
      birth?.source_identity ?? firstSeen(use?.sourceIdentities ?? new Map())[0]?.[0] ?? null,
    expires: timeText(birth?.expires_us ?? null),
    first_seen:
      use?.first === undefined
        ? signIn === undefined
          ? null
          : formatUs(signIn.time_us)
        : formatUs(use.first.time_us),
    last_seen:
      last === undefined
        ? signIn === undefined
          ? null
          : formatUs(signIn.time_us)
        : formatUs(last.time_us),
    events: use?.events ?? 0,
    failures: use?.failures ?? 0,
    forwarded: use?.forwarded ?? 0,
    addresses: (signIn === undefined ? shownSeen(use?.addresses) : signedInFrom(signIn)).map(
      (seen) => ({ ...seen, labels: labels.of(seen.value) }),
    ),
    agents: shownSeen(use?.agents),
    regions: shownSeen(use?.regions),
    services: shownSeen(use?.services),
    last_call: last === undefined ? null : { ...shownPoint(last), ...trail.call(last.id) },
    marks: [
      ...(instances.get(one.id) ?? []),
      ...marksOf(one, parent),
      ...travel(one, trail, labels),
    ].map(({ time_us: timeUs, id, ...mark }) => ({
      kind: mark.kind,
      time: timeUs === null ? null : formatUs(timeUs),
      row: id === null ? null : rowName(id),
      from: mark.from,
      to: mark.to,
      detail: mark.detail,
    })),
  };
}

function travel(one: Credential, trail: Trail, labels: Labels): readonly Mark[] {
  if (!labels.placed || one.key === null || (one.use?.addresses.size ?? 0) < 2) return [];
  return travelMarks(trail.calls(one.key), labels.place);
}

function shownStep({ arn, via, time_us: timeUs, event_id: eventId, id, key }: Step): ShownStep {
  return {
    arn,
    via,
    time: timeUs === null ? null : formatUs(timeUs),
    event_id: eventId,
    row: id === null ? null : rowName(id),
    key_id: key,
  };
}

function shownSeen(seen: ReadonlyMap<string, Seen> | undefined): readonly ShownSeen[] {
  return firstSeen(seen ?? new Map()).map(([value, { first, last, count }]) => ({
    value,
    events: count,
    first_seen: formatUs(first.time_us),
    last_seen: formatUs(last.time_us),
  }));
}

function signedInFrom({ address, time_us: timeUs }: SignIn): readonly ShownSeen[] {
  const time = formatUs(timeUs);
  return isAddress(address)
    ? [{ value: address, events: 1, first_seen: time, last_seen: time }]
    : [];
}

function timeText(timeUs: number | null): string | null {
  return timeUs === null ? null : formatUs(timeUs);
}

function shownPoint({ time_us: timeUs, id }: Point): ShownPoint {
  return { time: formatUs(timeUs), row: rowName(id) };
}

function rowName(id: number): string {
  return `cloudtrail:${String(id)}`;
}

/** Members of a session in a recorded answer. */
const RECORDED = [
  ...(['id', 'key_id', 'kind', 'arn', 'root_arn', 'chain', 'parent_id', 'link', 'birth'] as const),
  ...([
    'birth_copies',
    'session_name',
    'source_identity',
    'expires',
    'first_seen',
    'last_seen',
  ] as const),
  ...(['events', 'failures', 'forwarded', 'addresses', 'agents', 'regions', 'services'] as const),
  ...(['last_call', 'marks'] as const),
] satisfies readonly (keyof Session)[];

/**
 * Answers, and records the answer as a run of the case. Labels of files that the user gave are no part of it.
 * @throws ExhibitError as {@link sessions} and `recordAnswer`.
 */
export async function recordSessions(
  target: Case,
  fx: Effects,
  question: SessionsQuestion,
): Promise<{ readonly answer: SessionsAnswer; readonly record: RunRecord }> {
  const { names, root, marked, labels } = question;
  const checkImport = sameImport(target);
  const [plain, answer] = withSessions(target, fx, question, (shownWith) => {
    const first = shownWith(NO_FILES);
    return [first, labels === NO_FILES ? first : shownWith(labels)] as const;
  });
  const record = await recordAnswer(target, fx, {
    verb: 'sessions',
    question: {
      names,
      marked,
      ...(root === undefined ? {} : { root }),
      ...spanQuestion(question),
    },
    answer: () => {
      checkImport();
      return answerOf(plain);
    },
  });
  return { answer, record };
}

/** Asks a recorded question about sessions again. */
export const askSessions: Answerer = (target, fx, question) =>
  Promise.resolve(answerOf(sessions(target, fx, questionIn(question))));

function answerOf({ sessions: all, counts }: SessionsAnswer): VerbAnswer {
  return { columns: RECORDED, rows: rowsOf(RECORDED, all), details: { ...counts } };
}

function questionIn(question: Question): SessionsQuestion {
  const root = textIn(question, 'root');
  return {
    names: textsIn(question, 'names') ?? [],
    marked: question['marked'] === true,
    labels: NO_FILES,
    ...(root === undefined ? {} : { root }),
    ...spanIn(question),
  };
}
