import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cuts, frameJson, jsonFramer, short } from './collect.ts';

function framed(text: string): string[] {
  const bytes = Buffer.from(text);
  return short(bytes, frameJson(bytes));
}

describe('framings', () => {
  it.each([
    ['wrapper object', '{"Records":[{"id":1},{"id":2}]}', ['{"id":1}', '{"id":2}']],
    [
      'wrapper among other members',
      '{"a":{"b":[1]}, "Records" : [ {"id":1} ] ,"n":[{"x":1}]}',
      ['{"id":1}'],
    ],
    ['empty wrapper', '{"Records":[]}', []],
    ['array', ' [{"id":1} , {"id":2}]\n', ['{"id":1}', '{"id":2}']],
    [
      'array of wrappers',
      '[{"Records":[{"id":1}]},{"Records":[{"id":2}]}]',
      ['{"id":1}', '{"id":2}'],
    ],
    ['arrays in an array', '[[{"id":1}],[{"id":2}]]', ['{"id":1}', '{"id":2}']],
    ['lines', '{"id":1}\n{"id":2}\r\n', ['{"id":1}', '{"id":2}']],
    ['concatenated', '{"id":1}{"id":2}', ['{"id":1}', '{"id":2}']],
    [
      'concatenated wrappers',
      '{"Records":[{"id":1}]}{"Records":[{"id":2}]}',
      ['{"id":1}', '{"id":2}'],
    ],
    [
      'pretty-printed, one after another',
      '{\n  "id": 1\n}\n{\n  "id": [\n    2\n  ]\n}',
      ['{\n  "id": 1\n}', '{\n  "id": [\n    2\n  ]\n}'],
    ],
    ['strings', '["{\\"id\\":1}"]', ['"{\\"id\\":1}"']],
    [
      'a wrapper’s name deeper inside is a record’s own',
      '{"Records":[{"id":1,"Records":[{"id":2}]}]}',
      ['{"id":1,"Records":[{"id":2}]}'],
    ],
    [
      'a wrapper’s name whose value is no array',
      '{"id":1,"Records":{"id":2}}',
      ['{"id":1,"Records":{"id":2}}'],
    ],
    [
      'brackets and quotes in strings',
      '{"id":"}{][\\"\\\\"}{"id":2}',
      ['{"id":"}{][\\"\\\\"}', '{"id":2}'],
    ],
    ['byte order mark', '\ufeff{"id":1}', ['! encoding', '{"id":1}']],
    ['nothing', '', []],
    ['white space', ' \n', []],
  ])('%s', (_name, text, expected) => {
    expect(framed(text)).toEqual(expected);
  });
});

describe('broken structure loses one record', () => {
  it.each([
    ['a lost closing quote', '{"id":1,"a":"x,"b":"y"}'],
    ['a lost quote at the end', '{"id":1,"a":"x}'],
    ['a lost opening quote', '{"id":1,"a":x","b":"y"}'],
    ['a lost closing brace', '{"id":1,"a":{"b":1}'],
    ['a brace too many', '{"id":1,"a":{"b":1]}'],
    ['a lost bracket', '{"id":1,"a":[1,2}'],
    ['a line feed in a string', '{"id":1,"a":"x\ny"}'],
    ['NUL in a string', '{"id":1,"a":"x\0y"}'],
    ['NUL outside strings', '{"id":1,\0"a":"x"}'],
    ['a record inside a record', '{"id":1,"a":"x", {"b":"c"}}'],
    ['single quotes', "{'id':1,'a':'x'}"],
    ['high bytes outside strings', '{"id":1,é}'],
    ['a record cut short', '{"id":1,"a":"x'],
    ['text', 'lorem ipsum'],
  ])('%s', (_name, broken) => {
    const expected = [
      '{"id":0,"z":"ok"}',
      `not_json: ${Buffer.from(broken).toString('latin1')}`,
      '{"id":2,"z":"ok"}',
      '{"id":3,"z":"ok"}',
    ];
    const [before, after] = ['{"id":0,"z":"ok"}', '{"id":2,"z":"ok"},{"id":3,"z":"ok"}'];
    expect(framed(`{"Records":[${before},${broken},${after}]}`)).toEqual(expected);
    expect(framed(`[${before} , ${broken} , ${after}]`)).toEqual(expected);
  });

  it('in lines of JSON whose first member varies', () => {
    const text = '{"id":0}\n{"b":"x\n{"c":1}\n{"d":{"e":1}\n{"f":1}\nnonsense\n{"g":1}\n';
    expect(framed(text)).toEqual([
      '{"id":0}',
      'not_json: {"b":"x',
      '{"c":1}',
      'not_json: {"d":{"e":1}',
      '{"f":1}',
      'not_json: nonsense',
      '{"g":1}',
    ]);
  });

  it('numbers and literals where records should be', () => {
    expect(framed('[1,null,{"id":1},-2.5e3,true]')).toEqual([
      'not_an_object: 1',
      'not_an_object: null',
      '{"id":1}',
      'not_an_object: -2.5e3',
      'not_an_object: true',
    ]);
  });

  it('one among a million', () => {
    const records = Array.from(
      { length: 1_000_000 },
      (_, index) => `{"id":${String(index)},"a":{"b":"c"}}`,
    );
    records[499_999] = '{"id":499999,"a":{"b:"c"}}';
    const pieces = frameJson(Buffer.from(`{"Records":[${records.join(',')}]}`));
    expect(pieces.filter((piece) => piece.kind === 'record')).toHaveLength(999_999);
    expect(pieces.filter((piece) => piece.kind === 'problem')).toHaveLength(1);
  });

  it('does not take a member’s object for the next record', () => {
    expect(framed('[{"id":0},{"a":"x\n","n": {"id":9}},{"id":1}]')).toEqual([
      '{"id":0}',
      'not_json: {"a":"x\n","n": {"id":9}}',
      '{"id":1}',
    ]);
  });
});

describe('the end of the file', () => {
  it('inside a record', () => {
    expect(framed('{"Records":[{"id":1},{"id":')).toEqual(['{"id":1}', 'truncated: {"id":']);
    expect(framed('{"id":1}\n{"id":"\\')).toEqual(['{"id":1}', 'truncated: {"id":"\\']);
  });
  it('between records', () => {
    expect(framed('{"Records":[{"id":1},')).toEqual(['{"id":1}', '! unclosed']);
    expect(framed('{"Records":[{"id":1}],"Next":"x')).toEqual(['{"id":1}', '! unclosed']);
    expect(framed('[{"id":1}')).toEqual(['{"id":1}', '! unclosed']);
  });
  it('with bytes behind the document', () => {
    expect(framed('{"Records":[{"id":1}]} trailing, bytes\n')).toEqual([
      '{"id":1}',
      'after_end: trailing, bytes',
    ]);
    expect(framed('[{"id":1}]]')).toEqual(['{"id":1}', 'after_end: ]']);
  });
  it('of a file that is no JSON', () => {
    expect(framed('hello')).toEqual(['not_json: hello']);
  });
});

describe('limits', () => {
  it('of length: reported with place and length, the next record is whole', () => {
    const long = `{"id":1,"a":"${'x'.repeat(5000)}"}`;
    const bytes = Buffer.from(`[{"id":0},${long},{"id":2}]`);
    const pieces = frameJson(bytes, [], { recordBytes: 4096 });
    expect(pieces).toMatchObject([
      { text: '{"id":0}' },
      { kind: 'problem', reason: 'too_long', offset: 10, length: long.length },
      { text: '{"id":2}' },
    ]);
    const every100 = Array.from({ length: 60 }, (_, index) => index * 100);
    expect(frameJson(bytes, every100, { recordBytes: 4096 })).toEqual(pieces);
  });

  it('of length, in a record that is broken far behind it', () => {
    const bytes = Buffer.from(`[{"id":1,"a":"${'x'.repeat(20_000)}\n"},{"id":2}]`);
    const pieces = frameJson(bytes, [], { recordBytes: 4096 });
    expect(pieces).toMatchObject([
      { reason: 'not_json', offset: 1, length: 20_016 },
      { text: '{"id":2}' },
    ]);
    const every100 = Array.from({ length: 210 }, (_, index) => index * 100);
    expect(frameJson(bytes, every100, { recordBytes: 4096 })).toEqual(pieces);
  });

  it('of depth', () => {
    const deep = `{"id":${'['.repeat(600)}${']'.repeat(600)}}`;
    expect(frameJson(Buffer.from(`[${deep},{"id":2}]`))).toMatchObject([
      { reason: 'too_deep', offset: 1, length: deep.length },
      { text: '{"id":2}' },
    ]);
  });

  it('hold no record of 300 MB', () => {
    const chunk = Buffer.alloc(2 ** 20, 0x78);
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    const chunks = function* (): Generator<Buffer> {
      yield Buffer.from('{"Records":[{"id":0},{"id":1,"a":"');
      for (let count = 0; count < 300; count++) {
        most = Math.max(most, process.memoryUsage().arrayBuffers);
        yield chunk;
      }
      yield Buffer.from('"},{"id":2}]}');
    };
    const { framer, pieces } = jsonFramer();
    for (const piece of chunks()) framer.push(piece);
    framer.end();
    expect(pieces).toMatchObject([
      { text: '{"id":0}' },
      { reason: 'too_long', offset: 21, length: 300 * 2 ** 20 + 15 },
      { text: '{"id":2}' },
    ]);
    expect(most - before).toBeLessThan(100 * 2 ** 20);
  });
});

describe('hints', () => {
  it.each([
    [
      '{"a":{"b":1},"a":[{"c":":"}]}',
      { members: 4, bigNumber: false, ascii: true, escaped: false },
    ],
    ['{"a":9007199254740993}', { members: 1, bigNumber: true, ascii: true, escaped: false }],
    [
      '{"a":"9007199254740993","b":123456789012345}',
      { members: 2, bigNumber: false, ascii: true, escaped: false },
    ],
    ['{"a":"é"}', { members: 1, bigNumber: false, ascii: false, escaped: false }],
    ['{"a":"\\u0000"}', { members: 1, bigNumber: false, ascii: true, escaped: true }],
  ])('%s', (text, hints) => {
    const bytes = Buffer.from(text);
    expect(frameJson(bytes)).toMatchObject([{ hints }]);
    const everywhere = Array.from(bytes.keys());
    expect(frameJson(bytes, everywhere)).toMatchObject([{ hints }]);
  });
});

/** Texts that are nearly JSON files: pieces of records, brackets, junk. */
const nearlyJson = fc
  .array(
    fc.oneof(
      {
        weight: 6,
        arbitrary: fc.constantFrom(
          '{"id":1}',
          '{"id":2,"a":[{"b":"c"}]}',
          '{"id":"é"}',
          '{"x":{"id":3}}',
          '"s"',
        ),
      },
      {
        weight: 4,
        arbitrary: fc.constantFrom(
          ',',
          '\n',
          ' ',
          '[',
          ']',
          '{',
          '}',
          '"',
          ':',
          '\\',
          '{"Records":[',
          ']}',
          '{"id"',
          '\0',
        ),
      },
      { weight: 1, arbitrary: fc.string({ maxLength: 5 }) },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          '1234567890',
          '12345678',
          'null',
          'y'.repeat(1300),
          ' '.repeat(300),
          `{"id":"${'z'.repeat(1500)}`,
          'x'.repeat(30),
          '['.repeat(12),
        ),
      },
    ),
    { maxLength: 24 },
  )
  .map((parts) => Buffer.from(parts.join('')));

describe('any bytes', () => {
  const limits = { recordBytes: 60, depth: 8 };

  it('give the same pieces however they are chunked', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          nearlyJson,
          fc.uint8Array({ maxLength: 80 }).map((array) => Buffer.from(array)),
        ),
        cuts,
        (bytes, places) => {
          expect(frameJson(bytes, places, limits)).toEqual(frameJson(bytes, [], limits));
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('are all accounted for, in order, without overlap', () => {
    fc.assert(
      fc.property(nearlyJson, (bytes) => {
        const wrapper = bytes.includes('Records');
        let at = 0;
        for (const piece of frameJson(bytes, [], limits)) {
          if (piece.kind === 'anomaly') continue;
          expect(piece.length).toBeGreaterThan(0);
          expect(piece.offset).toBeGreaterThanOrEqual(at);
          expectContainer(bytes.subarray(at, piece.offset), wrapper);
          at = piece.offset + piece.length;
        }
        expect(at).toBeLessThanOrEqual(bytes.length);
        expectContainer(bytes.subarray(at), wrapper);
      }),
      { numRuns: 3000 },
    );
  });

  it('that are sound JSON give every record', () => {
    const value = fc.jsonValue({ maxDepth: 3 }).map((inner) => ({ id: inner }));
    const layout = fc.constantFrom(
      (all: string[]) => `{"Records":[${all.join(',')}]}`,
      (all: string[]) => `{"a":{"b":[1,"x"]},"Records":[${all.join(', ')}],"z":null}`,
      (all: string[]) => `[${all.join(' ,\n')}]`,
      (all: string[]) => all.join('\n'),
      (all: string[]) => all.join(''),
    );
    const indent = fc.constantFrom(undefined, 2);
    fc.assert(
      fc.property(fc.array(value), layout, indent, cuts, (values, lay, space, places) => {
        const texts = values.map((one) => JSON.stringify(one, null, space));
        const pieces = frameJson(Buffer.from(lay(texts)), places);
        expect(pieces.map((piece) => piece.kind === 'record' && piece.text)).toEqual(
          texts.map((text) => Buffer.from(text).toString('latin1')),
        );
      }),
      { numRuns: 1000 },
    );
  });
});

/** Bytes between pieces belong to the container: brackets, commas, white space, parts of a wrapper object. */
function expectContainer(bytes: Buffer, wrapper: boolean): void {
  let text = bytes.toString('latin1').replace(/^\xef\xbb\xbf/, '');
  // A wrapper object up to its array, and from its array to its end.
  if (wrapper) text = text.replaceAll(/\{[^]*?"Records"\s*:\s*\[|\][^]*/g, '');
  expect(text.replaceAll(/[[\]\s,]/g, '')).toBe('');
}
