import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffJson, flattenJson, type JsonChange } from '#src/core/json-diff.ts';
import { type JsonValue, sortedJson } from '#src/core/json.ts';

const short = (changes: readonly JsonChange[]): string[] =>
  changes.map((one) => {
    const from = one.old_pointer === undefined ? '' : ` from ${one.old_pointer}`;
    return `${one.kind} ${one.pointer}${from} ${sortedJson(one.old ?? null)} ${sortedJson(one.new ?? null)}`;
  });

describe('differences of JSON', () => {
  it('are told by pointer, members by name', () => {
    const before = { b: 1, a: { 'x/y': 1, '~': null }, gone: [] };
    const after = { a: { '~': false, 'x/y': 2 }, b: 1, new: null };
    expect(short(diffJson(before, after))).toEqual([
      'changed /a/x~1y 1 2',
      'changed /a/~0 null false',
      'removed /gone [] null',
      'added /new null null',
    ]);
  });

  it('match elements by content, then by name', () => {
    const rule = (id: string, port: number): JsonValue => ({ ruleId: id, port });
    const before = [rule('a', 1), rule('b', 2), rule('c', 3)];
    expect(short(diffJson(before, [rule('new', 9), ...before]))).toEqual([
      'added /0 null {"port":9,"ruleId":"new"}',
    ]);
    expect(short(diffJson(before, [rule('a', 1), rule('c', 3)]))).toEqual([
      'removed /1 {"port":2,"ruleId":"b"} null',
    ]);
    expect(short(diffJson(before, [rule('a', 1), rule('c', 4), rule('b', 2)]))).toEqual([
      'changed /1/port from /2/port 3 4',
    ]);
    expect(short(diffJson(['a', 'b'], ['b', 'a']))).toEqual(['moved /1 from /0 "a" "a"']);
    expect(short(diffJson([1, { x: 1 }], [{ x: 2 }, 2]))).toEqual([
      'removed /0 1 null',
      'changed /0/x from /1/x 1 2',
      'added /1 null 2',
    ]);
  });

  it('look into text that holds JSON, plain or URL-encoded', () => {
    const policy = (text: string): JsonValue => ({ policy: text });
    expect(short(diffJson(policy('{"a":[1]}'), policy('{"a":[1,2]}')))).toEqual([
      'added /policy/a/1 null 2',
    ]);
    expect(short(diffJson(policy('%7B%22a%22%3A1%7D'), policy('%7B%22a%22%3A2%7D')))).toEqual([
      'changed /policy/a 1 2',
    ]);
    // The same JSON, written otherwise: the text differs.
    expect(short(diffJson(policy('{"a":1}'), policy('{ "a":1}')))).toEqual([
      'changed /policy "{\\"a\\":1}" "{ \\"a\\":1}"',
    ]);
    expect(diffJson(policy('%7Bbad'), policy('{bad'))).toHaveLength(1);
  });

  it('keep numbers beyond 2^53 apart', () => {
    expect(short(diffJson({ n: 9007199254740993n }, { n: 9007199254740992n }))).toEqual([
      'changed /n 9007199254740993 9007199254740992',
    ]);
  });

  it('bear long and deep values', () => {
    const long = (first: number): JsonValue => Array.from({ length: 2000 }, (_, at) => at + first);
    expect(diffJson(long(0), long(1))).toHaveLength(2000);
    let deep: JsonValue = 1;
    let other: JsonValue = 2;
    for (let at = 0; at < 500; at++) [deep, other] = [[deep], [other]];
    expect(diffJson(deep, other)).toHaveLength(1);
  });

  it('are none for equal values, and all stand where their pointers say', () => {
    const value = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<JsonValue>;
    fc.assert(
      fc.property(value, value, (before, after) => {
        expect(diffJson(before, before)).toEqual([]);
        const changes = diffJson(before, after);
        expect(changes.length === 0).toBe(sortedJson(before) === sortedJson(after));
        for (const one of changes) {
          if (one.new !== undefined)
            expect(sortedJson(at(after, one.pointer))).toBe(sortedJson(one.new));
          if (one.old !== undefined)
            expect(sortedJson(at(before, one.old_pointer ?? one.pointer))).toBe(
              sortedJson(one.old),
            );
        }
      }),
      { numRuns: 300 },
    );
  });

  it('flat values have every leaf once', () => {
    const value = { b: [1, { c: [] }], a: {}, 'x/y': null };
    expect([...flattenJson(value)]).toEqual([
      ['/a', {}],
      ['/b/0', 1],
      ['/b/1/c', []],
      ['/x~1y', null],
    ]);
  });
});

/** The value at a pointer of RFC 6901, looking into text that holds JSON. */
function at(value: JsonValue, pointer: string): JsonValue {
  return pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<JsonValue>((inner, name) => {
      const open: unknown = typeof inner === 'string' ? JSON.parse(inner) : inner;
      return (open as Record<string, JsonValue>)[name] ?? null;
    }, value);
}
