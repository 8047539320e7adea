/** Reading rules: what each modifier makes of a value, and where a mistake is pointed at. */
import { expect, test } from 'vitest';
import { leavesOf } from '#src/sigma/model.ts';
import { patternText } from '#src/sigma/pattern.ts';
import { KNOWN_TABLES, scopesOf } from '#src/sigma/tables.ts';
import { readSigmaFile, type SigmaFile } from '#src/sigma/rules.ts';
import { SOURCES } from '#src/sources/_registry.ts';

const read = (detection: string, more = ''): SigmaFile =>
  readSigmaFile(
    `title: T\nlogsource:\n    product: aws\n    service: cloudtrail\ndetection:\n${detection}\n${more}`,
    'rule.yml',
    new Map([['admins', ['ann', 'b*']]]),
  );

/** Patterns that the one field of a rule becomes. */
function patterns(item: string): readonly string[] {
  const { detections, notAsked } = read(`    s:\n        ${item}\n    condition: s`);
  expect(notAsked).toEqual([]);
  return [...leavesOf(detections[0]!.tree)].flatMap(({ tests }) =>
    tests.map((one) => (one.kind === 'match' ? patternText(one.pattern) : one.kind)),
  );
}

test.each<[string, readonly string[]]>([
  ["f: 'a'", ['a']],
  ["f|contains: 'a*b'", ['*a*b*']],
  ["f|startswith: ['a', 'b']", ['a*', 'b*']],
  ["f|endswith: 'a'", ['*a']],
  ['f: 5', ['5']],
  ['f: 0x1F', ['31']],
  ['f: 9007199254740993', ['9007199254740993']],
  ['f: true', ['true']],
  ['f: NO', ['NO']],
  ['f: 2024-01-01', ['2024-01-01']],
  ['f: null', ['null']],
  ['f:', ['null']],
  ["f: 'a\\b'", ['a\\\\b']],
  ["f: 'a\\\\b'", ['a\\\\b']],
  ["f: 'a\\*b'", ['a\\*b']],
  ["f: 'a\\\\*b'", ['a\\\\*b']],
  ["f: 'a\\\\\\*b'", ['a\\\\\\*b']],
  ["f|base64: 'foo'", ['Zm9v']],
  ["f|base64offset|contains: 'foobar'", ['*Zm9vYmFy*', '*Zvb2Jhc*', '*mb29iYX*']],
  ["f|utf16le|base64: 'cmd'", ['YwBtAGQA']],
  ["f|wide|base64: 'cmd'", ['YwBtAGQA']],
  ["f|utf16be|base64: 'cmd'", ['AGMAbQBk']],
  ["f|utf16|base64: 'cmd'", ['//5jAG0AZAA=']],
  ["f|windash: '-a'", ['-a', '/a', '–a', '—a', '―a']],
  ["f|windash|contains: ' -f-g'", ['* -f-g*', '* /f-g*', '* –f-g*', '* —f-g*', '* ―f-g*']],
  ["f|expand: '%admins%'", ['ann', 'b*']],
  ["f|expand|contains: 'x\\%%admins%'", ['*x%ann*', '*x%b*']],
  ["f: '%admins%'", ['%admins%']],
  ["f|re: 'a+'", ['regex']],
  ["f|re|i|m|s: 'a+'", ['regex']],
  ["f|cidr: '10.0.0.0/8'", ['cidr']],
  ['f|gt: 5', ['compare']],
  ['f|exists: true', ['exists']],
  ["f|fieldref: 'g'", ['field']],
  ['f|hour: 3', ['part']],
])('%s', (item, wanted) => {
  expect(patterns(item)).toEqual(wanted);
});

/** Rule, and what is said of it: its line and the words. */
test.each<[string, number, string]>([
  [
    '    s:\n        f|containz: x\n    condition: s',
    7,
    'line 7, column 9: expected a modifier of the Sigma specification, found "containz"',
  ],
  [
    '    s:\n        f: x\n    condition: t',
    8,
    'line 8, column 16: expected the name of a search identifier at character 1 of the condition, found "t"',
  ],
  [
    '    s:\n        f: x\n    condition: s and',
    8,
    'line 8, column 16: expected the name of a search identifier at character 6 of the condition, found its end',
  ],
  [
    '    s:\n        f: x\n    condition: (s',
    8,
    'line 8, column 16: expected ")" at character 3 of the condition, found its end',
  ],
  [
    '    s:\n        f: x\n    condition: 1 of t*',
    8,
    'line 8, column 16: expected a pattern of search identifiers at character 6 of the condition, found "t*"',
  ],
  ['    s:\n        f: x', 6, 'line 6, column 5: expected a condition, found none'],
  [
    '    s: {}\n    condition: s',
    6,
    'line 6, column 8: expected a field or more, found an empty map',
  ],
  [
    '    s:\n        f|gt: x\n    condition: s',
    7,
    'line 7, column 15: expected a number, found a string',
  ],
  [
    '    s:\n        f|cidr: 10.0.0.0/33\n    condition: s',
    7,
    'line 7, column 17: expected an address, "/" and the length of the mask, found "10.0.0.0/33"',
  ],
  [
    "    s:\n        f|base64: 'a*'\n    condition: s",
    7,
    'line 7, column 19: expected a string without wildcards to encode, found another',
  ],
  [
    '    s:\n        f|exists: 1\n    condition: s',
    7,
    'line 7, column 19: expected a field, and true or false, found a number',
  ],
  [
    '    s:\n        f: x\n        f: y\n    condition: s',
    8,
    'line 8, column 9: expected YAML, found Map keys must be unique',
  ],
  ['    s: [a\n    condition: s', 7, 'line 7, column 5: expected YAML, found '],
])('a mistake is pointed at: %j', (detection, line, reason) => {
  const { detections, notAsked } = read(detection);
  expect(detections).toEqual([]);
  expect(notAsked).toHaveLength(1);
  expect(notAsked[0]?.mistake).toEqual({ file: 'rule.yml', line });
  expect(notAsked[0]?.reason.slice(0, reason.length)).toBe(reason);
});

test.each([
  ['    s:\n        f|re: (a)\\1\n    condition: s', 'backreferences are not supported'],
  [
    '    s:\n        f|expand: "%nobody%"\n    condition: s',
    'the placeholder %nobody% has no values',
  ],
  ['    s:\n        f: x\n    condition: s | count() by g > 5', 'correlation rules took its place'],
  ['    s:\n        f|wide: é\n    condition: s', 'put base64 behind it'],
])('what is not supported is listed, and is no mistake: %j', (detection, reason) => {
  const { notAsked } = read(detection);
  expect(notAsked).toMatchObject([{ title: 'T', mistake: undefined }]);
  expect(notAsked[0]?.reason).toContain(reason);
});

test('U+0000 and halves of characters in a rule do not reach SQL', () => {
  const { detections } = read('    s:\n        "a\\0b|contains": "c\\0\\ud800"\n    condition: s');
  const [leaf] = [...leavesOf(detections[0]!.tree)];
  expect(leaf).toMatchObject({ field: 'a\ufffdb' });
  expect(JSON.stringify(leaf)).not.toMatch(/\\u0000|\\ud800/);
});

test('one broken document does not hide those beside it, and aliases make no bomb', () => {
  const text =
    'title: A\nlogsource: {product: aws}\ndetection: {s: {f: 1}, condition: s}\n---\ntitle: B\n---\ntitle: C\nlogsource: {product: aws}\ndetection: {s: {f: 1}, condition: s}\n';
  const { detections, notAsked } = readSigmaFile(text, 'x', new Map());
  expect(detections.map(({ title }) => title)).toEqual(['A', 'C']);
  expect(notAsked).toMatchObject([{ title: 'B', mistake: { line: 5 } }]);
  const bomb = `a0: &a0 x\n${Array.from(
    { length: 9 },
    (_, at) =>
      `a${String(at + 1)}: &a${String(at + 1)} [${Array(10)
        .fill(`*a${String(at)}`)
        .join(', ')}]`,
  ).join('\n')}\n`;
  expect(readSigmaFile(bomb, 'x', new Map()).notAsked[0]?.reason).toContain('too many values');
});

test('every source is known to the log sources, and can be named', () => {
  expect(SOURCES.map(({ id }) => id).filter((id) => !KNOWN_TABLES.includes(id))).toEqual([]);
  const named = (
    category: string | undefined,
    product: string | undefined,
    service: string | undefined,
  ): readonly string[] => scopesOf({ category, product, service }).map(({ table }) => table);
  expect(named(undefined, 'aws', 'cloudtrail')).toEqual(['cloudtrail']);
  expect(named('webserver', undefined, undefined)).toContain('alb_access');
  expect(named('dns', undefined, undefined)).toEqual(['route53_public', 'route53_resolver']);
  expect(named(undefined, 'linux', 'sshd')).toEqual(['journald', 'syslog']);
  expect(named(undefined, 'windows', 'security')).toEqual(['windows_event']);
  // Sysmon's event, and that of the Security log.
  expect(named('process_creation', 'windows', undefined)).toEqual([
    'windows_event',
    'windows_event',
  ]);
  expect(named('process_creation', 'linux', undefined)).toEqual(['auditd', 'auditd']);
  expect(named('application', 'kubernetes', 'audit')).toEqual(['eks_audit']);
  expect(named(undefined, 'azure', undefined)).toEqual([]);
  const all = new Set([
    ...named(undefined, 'aws', undefined),
    ...named(undefined, 'linux', undefined),
    'windows_event',
    ...named(undefined, 'windows', 'powershell_transcript'),
  ]);
  expect([...all].sort()).toEqual([...KNOWN_TABLES].sort());
});
