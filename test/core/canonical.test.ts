/** Canonical JSON against RFC 8785's own examples and an independent way to sort. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson, canonicalLine, type CanonicalValue } from '#src/core/canonical.ts';
import { parseCanonicalLine } from '#src/core/canonical-read.ts';

const text = fc.string({ unit: 'binary', maxLength: 12 }).filter((value) => value.isWellFormed());
const value = fc.letrec<{ any: CanonicalValue }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    text,
    fc.array(tie('any'), { maxLength: 5 }),
    fc.dictionary(fc.oneof(text, fc.constant('__proto__')), tie('any'), { maxKeys: 5 }),
  ),
})).any;

/** The same order found another way: by comparing UTF-16BE bytes, as RFC 8785 section 3.2.3 defines it. */
function reference(one: CanonicalValue): string {
  if (Array.isArray(one)) return `[${(one as CanonicalValue[]).map(reference).join(',')}]`;
  if (typeof one !== 'object' || one === null) return JSON.stringify(one);
  const utf16 = (key: string): Buffer => Buffer.from(key, 'utf16le').swap16();
  const members = Object.entries(one as Record<string, CanonicalValue>)
    .sort(([a], [b]) => Buffer.compare(utf16(a), utf16(b)))
    .map(([key, member]) => `${JSON.stringify(key)}:${reference(member)}`);
  return `{${members.join(',')}}`;
}

describe('canonical JSON', () => {
  test('sorts keys as RFC 8785 section 3.2.3 shows', () => {
    const keys = ['\u20ac', '\r', '\ufb33', '1', '\u{1f600}', '\u0080', '\u00f6'];
    const written = canonicalJson(Object.fromEntries(keys.map((key) => [key, 0])));
    expect(Object.keys(JSON.parse(written) as object)).toContain('\r');
    expect(written).toBe(
      '{"\\r":0,"1":0,"\u0080":0,"\u00f6":0,"\u20ac":0,"\u{1f600}":0,"\ufb33":0}',
    );
  });

  test('writes strings as RFC 8785 section 3.2.2.2 shows', () => {
    expect(canonicalJson('\u20ac$\u000f\nA\'B"\\\\"/')).toBe(
      '"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"',
    );
    expect(canonicalJson('\u2028\u007f')).toBe('"\u2028\u007f"');
  });

  test('agrees with the reference and reads back as the same value', () => {
    fc.assert(
      fc.property(value, (one) => {
        const written = canonicalJson(one);
        expect(written).toBe(reference(one));
        expect(parseCanonicalLine(canonicalLine(one))).toEqual(JSON.parse(written));
        expect(canonicalJson(JSON.parse(written) as CanonicalValue)).toBe(written);
      }),
    );
  });

  test('does not depend on the order in which keys were set', () => {
    fc.assert(
      fc.property(fc.dictionary(text, fc.maxSafeInteger()), (one) => {
        const turned = Object.fromEntries(Object.entries(one).reverse());
        expect(canonicalJson(turned)).toBe(canonicalJson(one));
      }),
    );
  });

  test('leaves undefined members out and writes -0 as 0', () => {
    expect(canonicalJson({ b: undefined, a: -0 })).toBe('{"a":0}');
  });

  test.for([0.5, NaN, Infinity, 2 ** 53, '\ud800', { '\udfff': 1 }, [[1e300]]])(
    'refuses to write %j',
    (one) => {
      expect(() => canonicalJson(one as CanonicalValue)).toThrow(TypeError);
    },
  );
});

describe('reading canonical JSON', () => {
  test.for<[string, string | Uint8Array]>([
    ['nothing', ''],
    ['no line feed', '{"a":1}'],
    ['two line feeds', '{"a":1}\n\n'],
    ['CRLF', '{"a":1}\r\n'],
    ['a blank', '{"a": 1}\n'],
    ['keys out of order', '{"b":1,"a":2}\n'],
    ['a key twice', '{"a":1,"a":1}\n'],
    ['an escape that is not needed', '{"\\u0061":1}\n'],
    ['another form of a number', '{"a":1.0}\n'],
    ['an exponent', '{"a":1e0}\n'],
    ['minus zero', '{"a":-0}\n'],
    ['a fraction', '{"a":0.5}\n'],
    ['an integer beyond 2^53', '{"a":9007199254740993}\n'],
    ['a number beyond doubles', '{"a":1e999}\n'],
    ['a lone surrogate', '{"a":"\\ud800"}\n'],
    ['a BOM', '\ufeff{"a":1}\n'],
    ['two documents', '{"a":1}{"a":1}\n'],
    ['invalid UTF-8', Buffer.from([0x22, 0xff, 0x22, 0x0a])],
    ['overlong UTF-8', Buffer.from([0x22, 0xc0, 0x80, 0x22, 0x0a])],
    ['nesting beyond any stack', `${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}\n`],
  ])('%s is refused', ([, bytes]) => {
    expect(parseCanonicalLine(Buffer.from(bytes as string))).toBeUndefined();
  });

  test('__proto__ is a key like others', () => {
    const line = '{"__proto__":{"admin":true},"a":1}\n';
    const read = parseCanonicalLine(Buffer.from(line));
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
    expect((read as Record<string, unknown>)['admin']).toBeUndefined();
  });

  test('any bytes are read as themselves or not at all', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const read = parseCanonicalLine(bytes);
        if (read !== undefined) expect(canonicalLine(read).equals(bytes)).toBe(true);
      }),
    );
  });
});
