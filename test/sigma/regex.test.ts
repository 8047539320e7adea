/** Regular expressions: what they match, in which time, and what is refused. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileRegex, RegexProblem } from '#src/sigma/regex.ts';
import { fuzzRuns } from '../helpers/fuzz.ts';

const NONE = { i: false, m: false, s: false };

test('matches what the engine’s own expressions match', () => {
  const atom = fc.constantFrom(
    'a',
    'b',
    '.',
    '[ab]',
    '[^a]',
    '\\d',
    '\\w',
    '\\s',
    '\\n',
    '1',
    ' ',
    '-',
    'é',
    '\\.',
    '\\b',
    '\\B',
    '^',
    '$',
    '[a-c1]',
  );
  const tree = fc.letrec<{ part: string; more: string }>((tie) => ({
    part: fc.oneof(
      { maxDepth: 3 },
      atom,
      fc
        .tuple(tie('more'), fc.constantFrom('', '*', '+', '?', '{2}', '{0,2}', '{1,}', '*?'))
        .map(([inner, times]) => `(?:${inner})${times}`),
    ),
    more: fc.oneof(
      { maxDepth: 3 },
      fc.array(tie('part'), { minLength: 1, maxLength: 3 }).map((parts) => parts.join('')),
      fc.tuple(tie('part'), tie('part')).map((parts) => parts.join('|')),
    ),
  })).more;
  const text = fc.string({
    unit: fc.constantFrom('a', 'b', 'A', '1', ' ', '\n', 'é', '-', '.', 'c'),
    maxLength: 12,
  });
  fc.assert(
    fc.property(
      tree,
      text,
      fc.boolean(),
      fc.boolean(),
      fc.boolean(),
      (source, subject, i, m, s) => {
        const flags = `${i ? 'i' : ''}${m ? 'm' : ''}${s ? 's' : ''}`;
        // PCRE's "$" also stands before a line feed that ends the text, and its "^" with m not behind it.
        const own = m
          ? source.replaceAll(/(?<![\\[])\^/g, '(?:^(?!(?<=\\n)(?![^])))')
          : source.replaceAll(/(?<!\\)\$/g, '(?=\\n?$(?![^]))');
        expect(compileRegex(source, { i, m, s }).test(subject)).toBe(
          new RegExp(own, flags).test(subject),
        );
      },
    ),
    { numRuns: fuzzRuns(500) },
  );
});

test.each([
  ['(?i)ABC', 'xabcx', true],
  ['(?i:A)B', 'aB', true],
  ['(?i:A)B', 'ab', false],
  ['(?P<name>a+)b', 'aab', true],
  ['[[:alpha:]]{3}', 'a1bcd', true],
  ['[]x]', ']', true],
  ['\\x41\\u0042\\x{1F600}', 'AB😀', true],
  ['^a{2,}$', 'aaa\n', true],
  ['\\Aa\\z', 'a\n', false],
  ['a{,2}b', 'aab', true],
  ['a{x}', 'a{x}', true],
  ['', 'anything', true],
])('%s in %j: %s', (source, text, wanted) => {
  expect(compileRegex(source, NONE).test(text)).toBe(wanted);
});

test.each(['(a)\\1', '(?=a)', '(?<!a)b', '(?>a)', 'a++', '\\pL'])(
  '%s is not supported',
  (source) => {
    expect(() => compileRegex(source, NONE)).toThrow(/not supported/);
  },
);

test.each([
  '(',
  ')',
  '[a',
  'a**',
  '*a',
  'a{3,2}',
  '[b-a]',
  'a\\',
  '[[:no:]]',
  '\\x',
  '(((a{99}){99}){99}){99}',
])('%s is no expression, or too large a one', (source) => {
  expect(() => compileRegex(source, NONE)).toThrow(RegexProblem);
});

test('expressions that take others for ever are decided at once', () => {
  const long = 'a'.repeat(50_000);
  for (const source of ['(a+)+$', '(a|a)*b', '(a|aa)+$', '(.*)*x', '^(([a-z])+.)+[A-Z]([a-z])+$']) {
    // Exponential for an engine that tries one way after the other: it would not end in a lifetime.
    expect(compileRegex(`^${source}!`, NONE).test(long)).toBe(false);
  }
  expect(compileRegex('.*.*.*.*.*.*.*=.*', NONE).test(long)).toBe(false);
});

test('what is remembered of a text with many characters stays within bounds', () => {
  const text = Array.from({ length: 150_000 }, (_, at) =>
    String.fromCodePoint(0x4e00 + (at % 20_000)),
  ).join('');
  expect(compileRegex('[一-鿿]{3}!', NONE).test(text)).toBe(false);
  expect(compileRegex('.{50}Q', NONE).test(text)).toBe(false);
});
