import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cuts, frameLines, short } from './collect.ts';

function framed(text: string, most?: number): string[] {
  const bytes = Buffer.from(text);
  return short(bytes, frameLines(bytes, [], most));
}

describe('lines', () => {
  it.each([
    ['line feeds', 'a\nb\n', ['a', 'b']],
    ['no feed at the end', 'a\nb', ['a', 'b']],
    ['carriage returns', 'a\r\nb\r\n', ['a', 'b']],
    ['empty lines', '\na\n\r\n', ['', 'a', '']],
    ['carriage returns and NUL inside', 'a\rb\0c\n', ['a\rb\0c']],
    ['byte order mark', '\ufeffa\n', ['! encoding', 'a']],
    ['nothing', '', []],
  ])('%s', (_name, text, expected) => {
    expect(framed(text)).toEqual(expected);
  });

  it('over the limit are reported, not held', () => {
    expect(framed(`a\n${'x'.repeat(50)}\r\nb\n${'y'.repeat(51)}`, 10)).toEqual([
      'a',
      `too_long: ${'x'.repeat(50)}`,
      'b',
      `too_long: ${'y'.repeat(51)}`,
    ]);
    expect(framed(`${'x'.repeat(10)}\r\n${'x'.repeat(11)}\n`, 10)).toEqual([
      'x'.repeat(10),
      `too_long: ${'x'.repeat(11)}`,
    ]);
  });

  it('are the same however the bytes are chunked, and account for every byte', () => {
    const bytes = fc
      .array(fc.constantFrom('a', '\n', '\r', '\r\n', 'é', '\0', '\ufeff', 'xxxxxxxx'), {
        maxLength: 40,
      })
      .map((parts) => Buffer.from(parts.join('')));
    fc.assert(
      fc.property(bytes, cuts, (file, places) => {
        const pieces = frameLines(file, places, 10);
        expect(pieces).toEqual(frameLines(file, [], 10));
        let at = 0;
        for (const piece of pieces) {
          if (piece.kind === 'anomaly') continue;
          expect(file.toString('latin1', at, piece.offset)).toMatch(/^(?:\r?\n|\xef\xbb\xbf)?$/);
          at = piece.offset + piece.length;
        }
        expect(file.toString('latin1', at)).toMatch(/^(?:\xef\xbb\xbf)?\r?\n?$/);
      }),
      { numRuns: 2000 },
    );
  });
});
