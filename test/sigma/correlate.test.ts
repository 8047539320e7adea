/** Correlations against a slow reading that looks at every window, and what each kind means. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Bounds, Correlation } from '#src/sigma/correlation-rule.ts';
import { correlate, type Correlated, type Occurrence } from '#src/sigma/correlate.ts';
import { fuzzRuns } from '../helpers/fuzz.ts';

const SECOND = 1_000_000;

interface Drawn {
  readonly at: number;
  readonly who: string | null;
  readonly value: string;
}

const occurrence = ({ at, who, value }: Drawn, id: number): Occurrence => ({
  timeUs: at * SECOND,
  firstUs: at * SECOND,
  rows: [{ table: 't', id }],
  values: (field) => {
    if (field === 'value') return [value];
    return who === null ? [] : [who];
  },
});

const correlation = (more: Partial<Correlation>): Correlation => ({
  type: 'event_count',
  rules: ['a'],
  groupBy: ['who'],
  timespanUs: 10 * SECOND,
  bounds: undefined,
  expression: undefined,
  fields: [],
  percentile: 50,
  aliases: new Map(),
  generate: false,
  ...more,
});

const ask = (asked: Correlation, ...lists: (readonly Drawn[])[]): readonly Correlated[] => {
  let id = 0;
  const occurrences = lists.map((list) => list.map((one) => occurrence(one, (id += 1))));
  return correlate(asked, occurrences, (_rule, name) => name);
};

const rowsOf = (found: readonly Correlated[]): number[][] =>
  found.map(({ rows }) => rows.map(({ id }) => id));

const drawn: fc.Arbitrary<Drawn> = fc.record({
  at: fc.nat({ max: 60 }),
  who: fc.constantFrom('ann', 'bob', null),
  value: fc.constantFrom('1', '2', '3', 'x'),
});
const list = fc.array(drawn, { maxLength: 20 });

test('counts of events and values: some window of the length holds enough, exactly for the rows that are named', () => {
  fc.assert(
    fc.property(
      list,
      fc.constantFrom('event_count' as const, 'value_count' as const),
      fc.integer({ min: 1, max: 4 }),
      (events, type, least) => {
        const asked = correlation({ type, bounds: { gte: least }, fields: ['value'] });
        const found = rowsOf(ask(asked, events)).flat();
        const numbered = events.map((one, at) => ({ ...one, id: at + 1 }));
        const wanted = numbered.filter(({ who, at: time }) => {
          if (who === null) return false;
          // Every window that ends with an event and holds this one.
          return numbered.some(({ who: other, at: end }) => {
            if (other !== who || end < time || end - time > 10) return false;
            const inside = numbered.filter(
              (one) => one.who === who && one.at <= end && end - one.at <= 10,
            );
            const count =
              type === 'event_count'
                ? inside.length
                : new Set(inside.map(({ value }) => value)).size;
            return count >= least;
          });
        });
        expect([...new Set(found)].sort((a, b) => a - b)).toEqual(wanted.map(({ id }) => id));
      },
    ),
    { numRuns: fuzzRuns(150) },
  );
});

test('temporal: all rules in one window; temporal_ordered: in their order', () => {
  fc.assert(
    fc.property(list, list, list, (a, b, c) => {
      const lists = [a, b, c];
      for (const who of ['ann', 'bob']) {
        const times = lists.map((events) =>
          events.filter((one) => one.who === who).map(({ at }) => at),
        );
        const [first = [], second = [], third = []] = times;
        const chains = first.flatMap((x) =>
          second.flatMap((y) => third.map((z) => [x, y, z] as const)),
        );
        const within = (chain: readonly number[]): boolean =>
          Math.max(...chain) - Math.min(...chain) <= 10;
        const has = (type: 'temporal' | 'temporal_ordered'): boolean =>
          ask(correlation({ type, rules: ['a', 'b', 'c'] }), ...lists).some(
            ({ group }) => group[0]?.value === who,
          );
        expect(has('temporal')).toBe(chains.some(within));
        expect(has('temporal_ordered')).toBe(
          chains.some((chain) => within(chain) && chain[0] <= chain[1] && chain[1] <= chain[2]),
        );
      }
    }),
    { numRuns: fuzzRuns(150) },
  );
});

const at = (...times: number[]): Drawn[] =>
  times.map((time) => ({ at: time, who: 'ann', value: String(time % 7) }));

test('windows that follow one another are one finding, and a pause makes two', () => {
  const asked = correlation({ bounds: { gte: 3 } });
  expect(rowsOf(ask(asked, at(0, 1, 2, 8, 9, 30, 31, 32)))).toEqual([
    [1, 2, 3, 4, 5],
    [6, 7, 8],
  ]);
  expect(ask(asked, at(0, 5, 10))).toMatchObject([{ count: 3, timeUs: 10 * SECOND, firstUs: 0 }]);
  expect(ask(asked, at(0, 5, 11))).toEqual([]);
});

test.each<[Bounds, readonly (readonly number[])[]]>([
  [{ lte: 2 }, [[4, 5]]],
  [{ eq: 3 }, [[1, 2, 3]]],
  [{ gt: 2, lte: 3 }, [[1, 2, 3]]],
  [{ neq: 3 }, [[4, 5]]],
])('%j is asked of windows that begin with an event outside the one before', (bounds, wanted) => {
  expect(rowsOf(ask(correlation({ bounds }), at(0, 1, 2, 30, 31)))).toEqual(wanted);
});

test.each([
  ['value_sum', { gt: 9 }, 10],
  ['value_avg', { gte: 2.5 }, 2.5],
  ['value_median', { lt: 3 }, 2],
  ['value_percentile', { lte: 2 }, 2],
] as const)('%s of what the field holds', (type, bounds, count) => {
  const values = ['1', '2', '3', '4', 'no number'].map((value, time) => ({
    at: time,
    who: 'ann',
    value,
  }));
  const found = ask(correlation({ type, bounds, fields: ['value'], percentile: 40 }), values);
  expect(found).toMatchObject([{ count }]);
});

test('an expression says which rules must have matched', () => {
  const leaf = (name: string) => ({ kind: 'leaf', leaf: name }) as const;
  const expression = {
    kind: 'and',
    items: [leaf('a'), { kind: 'or', items: [leaf('b'), leaf('c')] }],
  } as const;
  const asked = correlation({ type: 'temporal', rules: ['a', 'b', 'c'], expression });
  expect(rowsOf(ask(asked, at(0), [], at(5)))).toEqual([[1, 2]]);
  expect(ask(asked, [], at(0), at(5))).toEqual([]);
});
