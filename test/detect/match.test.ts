/** Matching: AWS's own cases where they are, a naive reading of the language, and what a matcher must survive. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '#src/core/json.ts';
import { matchingBranch } from '#src/detect/match.ts';
import { readPattern } from '#src/detect/pattern.ts';
import { ROOT } from '../helpers/exhibit.ts';
import { naiveMatch } from './naive.ts';

function matches(pattern: unknown, event: unknown): boolean {
  return matchingBranch(readPattern(JSON.stringify(pattern)), event as JsonObject) !== undefined;
}

const SAMPLES = join(ROOT, '../shared/real-samples/eventbridge-patterns/aws_event-ruler');
const here = existsSync(SAMPLES);
const title = (text: string): string => (here ? text : `${text} (SKIPPED: the samples are absent)`);

describe('cases of event-ruler', () => {
  const read = (file: string): unknown =>
    JSON.parse(readFileSync(join(SAMPLES, file), 'utf8')) as unknown;

  test.skipIf(!here)(title('51 correctness cases end as their names say'), () => {
    const cases = read('resources/correctness-cases.json') as {
      readonly name: string;
      readonly rule: unknown;
      readonly event: unknown;
    }[];
    expect(cases).toHaveLength(51);
    const no = /mismatch|split|no match|one missing|fail$|empty|-false: present$/;
    const wrong = cases.filter(({ name, rule, event }) => matches(rule, event) === no.test(name));
    expect(wrong.map(({ name }) => name)).toEqual([]);
    const differ = cases.filter(
      ({ rule, event }) => matches(rule, event) !== naiveMatch(rule as never, event as never),
    );
    expect(differ.map(({ name }) => name)).toEqual([]);
  });

  test.skipIf(!here)(title('arrays of objects and a large event'), () => {
    const pairs: readonly (readonly [string, string, boolean])[] = [
      ['arrayRule1', 'arrayEvent1', true],
      ['arrayRule2', 'arrayEvent1', true],
      ['arrayRule1', 'arrayEvent2', false],
      ['arrayRule3', 'arrayEvent3', false],
      ['arrayRule3', 'arrayEvent4', true],
      ['arrayRule4', 'arrayEvent3', true],
      ['bigEventRule', 'bigEvent', true],
    ];
    for (const [rule, event, expected] of pairs)
      expect(
        matches(read(`data/${rule}.json`), read(`data/${event}.json`)),
        `${rule} ${event}`,
      ).toBe(expected);
  });

  test.skipIf(!here)(title('$or that combines, $or that is a field, $or that is neither'), () => {
    const list = (file: string): readonly unknown[] => read(`data/${file}.json`) as unknown[];
    const sizes = list('orRelationshipRules').map(
      (rule) => readPattern(JSON.stringify(rule)).branches.length,
    );
    expect(sizes).toEqual([2, 4, 3, 4, 2]);
    for (const rule of list('normalRulesWithOrWording'))
      expect(readPattern(JSON.stringify(rule)).branches).toHaveLength(1);
    for (const rule of list('wrongOrRelationshipRules'))
      expect(() => readPattern(JSON.stringify(rule))).toThrow(/expected/);
  });
});

describe('operators', () => {
  const cases: readonly (readonly [unknown, unknown, boolean])[] = [
    [300, 300.0, true],
    [300, '300', false],
    [null, null, true],
    [null, [], false],
    ['', '', true],
    [true, 'true', false],
    [{ prefix: '' }, 'x', true],
    [{ prefix: '' }, 5, false],
    [{ prefix: { 'equals-ignore-case': 'EventB' } }, 'eVENTbridge', true],
    [{ suffix: { 'equals-ignore-case': '.PNG' } }, 'a.png', true],
    [{ suffix: { 'equals-ignore-case': '\u{1f600}' } }, 'a\u{1f600}', true],
    [{ suffix: { 'equals-ignore-case': '' } }, 'a', true],
    [{ 'equals-ignore-case': 'STRASSE' }, 'straße', false],
    [{ 'equals-ignore-case': 'ÄB' }, 'äb', true],
    [{ wildcard: 'a*b' }, 'ab', true],
    [{ wildcard: 'a*a' }, 'a', false],
    [{ wildcard: '*' }, '', true],
    [{ wildcard: '' }, 'x', false],
    [{ wildcard: '' }, '', true],
    [{ wildcard: String.raw`a\*b\\*` }, String.raw`a*b\c`, true],
    [{ wildcard: String.raw`a\*b` }, 'axb', false],
    [{ 'anything-but': 'a' }, 'b', true],
    [{ 'anything-but': 'a' }, null, true],
    [{ 'anything-but': ['a', 'b'] }, ['a', 'b'], false],
    [{ 'anything-but': 5 }, 5.0, false],
    [{ 'anything-but': { prefix: ['a', 'b'] } }, 'bc', false],
    [{ 'anything-but': { prefix: 'a' } }, 7, true],
    [{ 'anything-but': { wildcard: '*x*' } }, 'axb', false],
    [{ 'anything-but': { 'equals-ignore-case': ['A'] } }, 'a', false],
    [{ numeric: ['>', 0, '<=', 5] }, 5, true],
    [{ numeric: ['>', 0, '<=', 5] }, '5', false],
    [{ numeric: ['=', 3.018e2] }, 301.8, true],
    [{ exists: true }, { a: 1 }, false],
    [{ exists: false }, { a: 1 }, true],
    [{ exists: false }, [], true],
    [{ exists: true }, null, true],
    [{ cidr: '10.0.0.0/24' }, '10.0.0.255', true],
    [{ cidr: '10.0.0.0/24' }, '10.0.1.0', false],
    [{ cidr: '10.0.0.0/24' }, 'host', false],
    [{ cidr: '0.0.0.0/0' }, '::1', false],
    [{ cidr: '2001:db8::/32' }, '2001:DB8:0:1::9', true],
    [{ cidr: '::ffff:0:0/96' }, '::ffff:10.0.0.1', true],
  ];
  test.each(cases)('%j of %j is %s', (entry, value, expected) => {
    expect(matches({ a: [entry] }, { a: value })).toBe(expected);
  });

  test('a path may be spelled with dots; a name with dots in the event is its own', () => {
    expect(matches({ a: { 'b.c': ['x'] } }, { a: { b: { c: 'x' } } })).toBe(true);
    expect(matches({ a: { b: { c: ['x'] } } }, { a: { 'b.c': { c: 'x' } } })).toBe(false);
    expect(matches({ 'a.b': ['x'] }, { a: { b: 'y' }, 'a.b': 'x' })).toBe(true);
  });

  test('integers beyond 2^53 are told apart', () => {
    const pattern = readPattern('{"a":[9007199254740993]}');
    expect(matchingBranch(pattern, { a: 9007199254740993n })).toBeDefined();
    expect(matchingBranch(pattern, { a: 9007199254740992 })).toBeUndefined();
  });

  test('members that every object inherits are not there', () => {
    expect(matches({ constructor: { name: [{ exists: true }] } }, {})).toBe(false);
    expect(matches({ toString: [{ exists: false }] }, {})).toBe(true);
  });
});

const word = fc.constantFrom('', 'a', 'b', 'ab', 'Ab', 'ba', 'aab');
const scalar = fc.oneof(word, fc.integer({ min: 0, max: 3 }), fc.constantFrom(null, true));
const name = fc.constantFrom('x', 'y', 'z');
const { event } = fc.letrec<{ value: unknown; event: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(name, tie('value'), { maxKeys: 3 }),
  ),
  event: fc.dictionary(name, tie('value'), { minKeys: 1, maxKeys: 3 }),
}));
const some = fc.constantFrom('a', 'b', 'ab');
const entry = fc.oneof(
  scalar,
  fc.constantFrom({ exists: true }, { exists: false }),
  fc.record({ prefix: word }),
  fc.record({ suffix: word }),
  fc.record({ prefix: fc.record({ 'equals-ignore-case': word }) }),
  fc.record({ suffix: fc.record({ 'equals-ignore-case': word }) }),
  fc.record({ 'equals-ignore-case': word }),
  fc.record({ wildcard: fc.constantFrom('*', 'a*', '*b', 'a*b', '*a*', 'a*a*b', '') }),
  fc.record({ numeric: fc.constantFrom(['=', 1], ['<', 2], ['>=', 1], ['>', 0, '<=', 2]) }),
  fc.record({
    'anything-but': fc.oneof(some, fc.constantFrom(1, [1, 2]), fc.constant(['a', 'b'])),
  }),
  fc.record({
    'anything-but': fc.oneof(
      fc.record({ prefix: some }),
      fc.record({ suffix: fc.array(some, { minLength: 1, maxLength: 2 }) }),
      fc.record({ wildcard: fc.constant('*a') }),
      fc.record({ 'equals-ignore-case': some }),
    ),
  }),
);
const entries = fc.array(entry, { minLength: 1, maxLength: 2 });
const { pattern } = fc.letrec<{ pattern: unknown; node: unknown }>((tie) => ({
  node: fc.oneof({ depthSize: 'small' }, { weight: 3, arbitrary: entries }, tie('pattern')),
  pattern: fc.oneof(
    { weight: 5, arbitrary: fc.dictionary(name, tie('node'), { minKeys: 1, maxKeys: 3 }) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(
          fc.dictionary(name, entries, { minKeys: 1, maxKeys: 2 }),
          fc.dictionary(name, entries, { minKeys: 1, maxKeys: 2 }),
          fc.record({ w: entries }),
        )
        .map(([one, two, more]) => ({ ...more, $or: [one, two] })),
    },
  ),
}));

test('the matcher agrees with a naive reading', () => {
  let yes = 0;
  fc.assert(
    fc.property(pattern, event, (rule, given) => {
      const answer = matches(rule, given);
      if (answer) yes += 1;
      expect(answer).toBe(naiveMatch(rule as never, given as never));
    }),
    { numRuns: 4000 },
  );
  expect(yes).toBeGreaterThan(100);
});

describe('bounded', () => {
  test('wildcards and choices that are many are no work', () => {
    const stars = `${'*a'.repeat(500)}*b`;
    expect(matches({ a: [{ wildcard: stars }] }, { a: 'a'.repeat(200_000) })).toBe(false);
    const names = Array.from({ length: 12 }, (_, at) => `n${String(at)}`);
    const rule = Object.fromEntries(names.map((one) => [one, { x: [1], y: [2] }]));
    const list = Array.from({ length: 200 }, (_, at) => (at % 2 === 0 ? { x: 1 } : { y: 2 }));
    expect(matches(rule, Object.fromEntries(names.map((one) => [one, list])))).toBe(false);
  });

  test('an event nested beyond reason does not match, and does no harm', () => {
    let deep: unknown = 'x';
    for (let at = 0; at < 100_000; at++) deep = [deep];
    expect(matchingBranch(readPattern('{"a":["x"]}'), { a: deep } as JsonObject)).toBeUndefined();
  });
});
