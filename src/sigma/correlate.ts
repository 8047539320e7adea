/**
 * Correlations: what several matches mean together. Windows slide: every span of the length asked for is looked at, not
 * only whole hours. Sigma Correlation Rules Specification, "Correlation Types"; docs/sigma.md says what it leaves open.
 */
import type { Bounds, Correlation } from './correlation-rule.ts';
import { settle } from './model.ts';
import { numberOf } from './values.ts';

/** A row of a table. */
export interface RowKey {
  readonly table: string;
  readonly id: number;
}

/** A match of a rule: of an event, or of another correlation. */
export interface Occurrence {
  /** Of the last event: when a correlation is complete, it happens. */
  readonly timeUs: number;
  readonly firstUs: number;
  readonly rows: readonly RowKey[];
  /** Values of a field of the event, or of the last one. */
  readonly values: (field: string) => readonly string[];
}

/** A match of a correlation. */
export interface Correlated extends Occurrence {
  readonly group: readonly { readonly field: string; readonly value: string }[];
  /** What was counted: events, values, rules; or the sum, mean or percentile. */
  readonly count: number;
}

/** Combinations of values of one event in lists, each a group of its own. */
const MAX_GROUPS = 100;

interface Event {
  readonly rule: number;
  readonly occurrence: Occurrence;
}

/**
 * Matches of a correlation, in the order of time.
 * @param occurrences matches of each rule that it names, in its order.
 * @param fieldOf the field that an alias or a field of `group-by` is for a rule.
 */
export function correlate(
  correlation: Correlation,
  occurrences: readonly (readonly Occurrence[])[],
  fieldOf: (rule: number, name: string) => string,
): readonly Correlated[] {
  const found: Correlated[] = [];
  for (const [key, events] of grouped(correlation, occurrences, fieldOf)) {
    const values = JSON.parse(key) as readonly string[];
    const group = correlation.groupBy.map((field, at) => ({ field, value: values[at] ?? '' }));
    events.sort(
      (a, b) =>
        a.occurrence.timeUs - b.occurrence.timeUs ||
        a.rule - b.rule ||
        compareRows(a.occurrence.rows.at(-1), b.occurrence.rows.at(-1)),
    );
    for (const { part, count } of episodes(correlation, events, fieldOf)) {
      found.push(correlated(group, part, count));
    }
  }
  return found.sort(
    (a, b) =>
      a.timeUs - b.timeUs || compareRows(a.rows.at(-1), b.rows.at(-1)) || compareGroups(a, b),
  );
}

function correlated(
  group: Correlated['group'],
  events: readonly Event[],
  count: number,
): Correlated {
  const rows = new Map<string, RowKey>();
  for (const { occurrence } of events) {
    for (const row of occurrence.rows) rows.set(`${row.table}:${String(row.id)}`, row);
  }
  const last = events.at(-1)?.occurrence;
  const named = new Map(group.map(({ field, value }) => [field, value]));
  return {
    timeUs: last?.timeUs ?? 0,
    firstUs: events.reduce(
      (first, { occurrence }) => Math.min(first, occurrence.firstUs),
      Infinity,
    ),
    rows: [...rows.values()],
    group,
    count,
    values: (field) => {
      const own = named.get(field);
      return own === undefined ? (last?.values(field) ?? []) : [own];
    },
  };
}

/** Events by the values of their group, as JSON; an event without one of them belongs to none. */
function grouped(
  { groupBy }: Correlation,
  occurrences: readonly (readonly Occurrence[])[],
  fieldOf: (rule: number, name: string) => string,
): ReadonlyMap<string, Event[]> {
  const groups = new Map<string, Event[]>();
  for (const [rule, list] of occurrences.entries()) {
    for (const occurrence of list) {
      let keys: (readonly string[])[] = [[]];
      for (const name of groupBy) {
        const values = [...new Set(occurrence.values(fieldOf(rule, name)))];
        keys = keys.flatMap((key) => values.map((value) => [...key, value])).slice(0, MAX_GROUPS);
      }
      for (const key of keys) {
        const text = JSON.stringify(key);
        const group = groups.get(text);
        if (group === undefined) groups.set(text, [{ rule, occurrence }]);
        else group.push({ rule, occurrence });
      }
    }
  }
  return groups;
}

interface Episode {
  readonly part: readonly Event[];
  readonly count: number;
}

function episodes(
  correlation: Correlation,
  events: readonly Event[],
  fieldOf: (rule: number, name: string) => string,
): readonly Episode[] {
  if (correlation.type === 'temporal_ordered') return ordered(correlation, events);
  const { bounds, type } = correlation;
  const slides =
    (type === 'event_count' ||
      type === 'value_count' ||
      type === 'value_sum' ||
      type === 'temporal') &&
    (bounds === undefined || !hasTop(bounds));
  const measure = new Measure(correlation, fieldOf);
  return slides ? sliding(correlation, events, measure) : anchored(correlation, events, measure);
}

function hasTop({ lt, lte, eq, neq }: Bounds): boolean {
  return lt !== undefined || lte !== undefined || eq !== undefined || neq !== undefined;
}

/** True if a number is within the bounds. */
export function within(number: number, { gt, gte, lt, lte, eq, neq }: Bounds): boolean {
  return (
    (gt === undefined || number > gt) &&
    (gte === undefined || number >= gte) &&
    (lt === undefined || number < lt) &&
    (lte === undefined || number <= lte) &&
    (eq === undefined || number === eq) &&
    (neq === undefined || number !== neq)
  );
}

/** Every window that ends with an event; windows that hold and follow one another are one match. */
function sliding(
  { timespanUs }: Correlation,
  events: readonly Event[],
  measure: Measure,
): readonly Episode[] {
  const found: Episode[] = [];
  let low = 0;
  let open: { from: number; to: number; count: number } | undefined;
  const close = (): void => {
    if (open !== undefined)
      found.push({ part: events.slice(open.from, open.to), count: open.count });
    open = undefined;
  };
  for (const [at, event] of events.entries()) {
    measure.add(event);
    for (; ; low += 1) {
      const first = events[low];
      if (first === undefined || event.occurrence.timeUs - first.occurrence.timeUs <= timespanUs)
        break;
      measure.remove(first);
    }
    const { holds, count } = measure.now();
    if (!holds || low > at) close();
    else if (open === undefined) open = { from: low, to: at + 1, count };
    else open = { from: open.from, to: at + 1, count: Math.max(open.count, count) };
  }
  close();
  return found;
}

/** Windows that begin with an event that is in none before: for numbers that must not be exceeded. */
function anchored(
  { timespanUs }: Correlation,
  events: readonly Event[],
  measure: Measure,
): readonly Episode[] {
  const found: Episode[] = [];
  for (let from = 0; from < events.length;) {
    const start = events[from]?.occurrence.timeUs ?? 0;
    let to = from;
    for (let event = events[to]; event !== undefined; event = events[to]) {
      if (to > from && event.occurrence.timeUs - start > timespanUs) break;
      measure.add(event);
      to += 1;
    }
    const { holds, count } = measure.now();
    const part = events.slice(from, to);
    if (holds) found.push({ part, count });
    for (const event of part) measure.remove(event);
    from = to;
  }
  return found;
}

/** What the events of a window come to. */
class Measure {
  readonly #correlation: Correlation;
  readonly #fieldOf: (rule: number, name: string) => string;
  readonly #counts = new Map<string | number, number>();
  #events = 0;

  constructor(correlation: Correlation, fieldOf: (rule: number, name: string) => string) {
    this.#correlation = correlation;
    this.#fieldOf = fieldOf;
  }

  add(event: Event): void {
    this.#events += 1;
    for (const key of this.#keys(event)) this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  remove(event: Event): void {
    this.#events -= 1;
    for (const key of this.#keys(event)) {
      const left = (this.#counts.get(key) ?? 0) - 1;
      if (left > 0) this.#counts.set(key, left);
      else this.#counts.delete(key);
    }
  }

  now(): { readonly holds: boolean; readonly count: number } {
    const { type, bounds, expression, rules } = this.#correlation;
    const count = this.#count();
    if (count === undefined) return { holds: false, count: 0 };
    if (expression !== undefined) {
      const tree = settle(expression, (rule) => this.#counts.has(rules.indexOf(rule)));
      return { holds: tree.kind === 'fixed' && tree.value, count };
    }
    if (bounds !== undefined) return { holds: within(count, bounds), count };
    return { holds: type === 'temporal' && count === rules.length, count };
  }

  #count(): number | undefined {
    switch (this.#correlation.type) {
      case 'event_count':
        return this.#events;
      case 'value_count':
      case 'temporal':
      case 'temporal_ordered':
        return this.#counts.size;
      case 'value_sum':
        return this.#numbers().reduce((sum, number) => sum + number, 0);
      case 'value_avg': {
        const numbers = this.#numbers();
        return numbers.length === 0
          ? undefined
          : numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
      }
      case 'value_median':
        return rank(this.#numbers(), 50);
      case 'value_percentile':
        return rank(this.#numbers(), this.#correlation.percentile);
    }
  }

  /** Numbers among the values, each as often as it occurs, the smallest first. */
  #numbers(): readonly number[] {
    const numbers: number[] = [];
    for (const [text, times] of this.#counts) {
      const number = typeof text === 'string' ? numberOf(text) : undefined;
      if (number !== undefined) for (let at = 0; at < times; at += 1) numbers.push(Number(number));
    }
    return numbers.sort((a, b) => a - b);
  }

  /** What of an event is counted. */
  #keys({ rule, occurrence }: Event): readonly (string | number)[] {
    const { type, fields } = this.#correlation;
    if (type === 'event_count') return [];
    if (type === 'temporal') return [rule];
    const lists = fields.map((field) => occurrence.values(this.#fieldOf(rule, field)));
    const [only] = lists;
    if (lists.length === 1 && only !== undefined) return [...new Set(only)];
    return lists.some((list) => list.length === 0) ? [] : [JSON.stringify(lists)];
  }
}

/** The smallest number that so many hundredths of the numbers do not exceed (nearest rank). */
function rank(numbers: readonly number[], hundredths: number): number | undefined {
  const at = Math.ceil((hundredths / 100) * numbers.length) - 1;
  return numbers[Math.max(0, at)];
}

/** A link of a chain of events in the order of their rules. */
interface Link {
  readonly startUs: number;
  readonly event: Event;
  readonly before: Link | undefined;
}

/** Chains in the order of the rules, the latest beginning first; no event serves two of them. Equal times are in order. */
function ordered({ timespanUs, rules }: Correlation, events: readonly Event[]): readonly Episode[] {
  const found: Episode[] = [];
  let best: (Link | undefined)[] = [];
  for (const event of events) {
    const { rule, occurrence } = event;
    const before = rule === 0 ? undefined : best[rule - 1];
    if (rule > 0 && before === undefined) continue;
    const startUs = before?.startUs ?? occurrence.timeUs;
    if (occurrence.timeUs - startUs > timespanUs) continue;
    const link: Link = { startUs, event, before };
    if (rule < rules.length - 1) {
      const known = best[rule];
      if (known === undefined || known.startUs <= startUs) best[rule] = link;
      continue;
    }
    const part: Event[] = [];
    for (let one: Link | undefined = link; one !== undefined; one = one.before)
      part.unshift(one.event);
    found.push({ part, count: part.length });
    best = [];
  }
  return found;
}

function compareRows(a: RowKey | undefined, b: RowKey | undefined): number {
  if (a === undefined || b === undefined) return 0;
  return a.table < b.table ? -1 : a.table > b.table ? 1 : a.id - b.id;
}

function compareGroups(a: Correlated, b: Correlated): number {
  const [left, right] = [JSON.stringify(a.group), JSON.stringify(b.group)];
  return left < right ? -1 : left > right ? 1 : 0;
}
