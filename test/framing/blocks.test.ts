import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Joins } from '#src/framing/blocks.ts';
import { cuts, frameBlocks, short } from './collect.ts';

/** Lines that begin with a space go on the one before. */
const indented: Joins = (bytes, start, end) => end > start && bytes[start] === 0x20;

function framed(text: string, most?: number): string[] {
  const bytes = Buffer.from(text);
  return short(bytes, frameBlocks(bytes, indented, [], most));
}

describe('records of several lines', () => {
  it.each([
    ['one line each', 'a\nb\n', ['a', 'b']],
    ['lines that go on', 'a\n 1\n 2\nb\n 3', ['a\n 1\n 2', 'b\n 3']],
    ['carriage returns', 'a\r\n 1\r\nb\r\n', ['a\r\n 1', 'b']],
    ['mixed line ends', 'a\n 1\r\n 2\nb', ['a\n 1\r\n 2', 'b']],
    ['a first line that goes on nothing', ' 1\n 2\na\n', [' 1\n 2', 'a']],
    ['empty lines', '\na\n\n', ['', 'a', '']],
    ['a byte order mark', '\ufeffa\n 1', ['! encoding', 'a\n 1']],
    ['nothing', '', []],
  ])('%s', (_name, text, expected) => {
    expect(framed(text)).toEqual(expected);
  });

  it('over the limit are reported whole, not held', () => {
    expect(framed(`a\n${' x\n'.repeat(9)}b\n`, 10)).toEqual([
      `too_long: a\n${' x\n'.repeat(9).trimEnd()}`,
      'b',
    ]);
    expect(framed(`a\n ${'x'.repeat(20)}\nb\n`, 10)).toEqual([
      'a',
      `too_long:  ${'x'.repeat(20)}`,
      'b',
    ]);
  });

  it('are the same however the bytes are chunked, and are the bytes of the file', () => {
    const bytes = fc
      .array(fc.constantFrom('a', ' ', '\n', '\r', '\r\n', 'é', '\0', '\ufeff', 'xxxxxxxx'), {
        maxLength: 40,
      })
      .map((parts) => Buffer.from(parts.join('')));
    fc.assert(
      fc.property(bytes, cuts, (file, places) => {
        const pieces = frameBlocks(file, indented, places, 12);
        expect(pieces).toEqual(frameBlocks(file, indented, [], 12));
        let at = 0;
        for (const piece of pieces) {
          if (piece.kind === 'anomaly') continue;
          expect(file.toString('latin1', at, piece.offset)).toMatch(/^(?:\r?\n|\xef\xbb\xbf)?$/);
          at = piece.offset + piece.length;
          if (piece.kind === 'record')
            expect(piece.text).toBe(file.toString('latin1', piece.offset, at));
        }
        expect(file.toString('latin1', at)).toMatch(/^(?:\xef\xbb\xbf)?\r?\n?$/);
      }),
      { numRuns: 1000 },
    );
  });
});
