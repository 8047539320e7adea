/**
 * Every source's reader against its own samples, damaged: whatever the bytes, no exception, no record without an answer, and
 * the same answer however the bytes are cut into chunks. Few cases here; `npm run fuzz` makes as many as wanted.
 */
import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SOURCES } from '#src/sources/_registry.ts';
import { fuzzRuns } from '../helpers/fuzz.ts';
import { claims, headOf, read } from './run.ts';

const SAMPLES = SOURCES.flatMap((source) => source.samples.map(({ text }) => text));

/** Pieces that mean something to some reader. */
const TOKENS = [
  ...['', ' ', '\n', '\r\n', '\t', '"', '""', "'", '\\', '\\u0000', '\\ud800', '\0', '\ufeff', '-'],
  ...[
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    'null',
    'true',
    '0',
    '-0',
    '1e999',
    '9007199254740993',
    '{}',
    '[]',
  ],
  ...[
    '"a":1,',
    '"__proto__":{"a":1},',
    '"toString":',
    '#',
    '#Fields: ',
    'version ',
    '|',
    '=',
    '%',
    '%zz',
  ],
  ...[
    '2025-02-30',
    '9999-12-31T23:59:59Z',
    '1969-12-31T23:59:59.999Z',
    '00:00',
    '::ffff:1.2.3.4',
    '-',
  ],
  ...['é', '\u202e', '\u2028', '🙂'],
];

const edit = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  remove: fc.oneof(fc.nat(3), fc.nat(400)),
  put: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...TOKENS).map((text) => Buffer.from(text)) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes)) },
    // A piece of this or another source's sample.
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.constantFrom(...SAMPLES), fc.nat(), fc.nat(300))
        .map(([text, from, length]) => {
          const start = from % text.length;
          return Buffer.from(text.slice(start, start + length));
        }),
    },
  ),
});

const cases = fc.record({
  sample: fc.nat(),
  edits: fc.array(edit, { minLength: 1, maxLength: 4 }),
  cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 3 }),
});

test.each(SOURCES.map((source) => [source.id, source] as const))('%s', (_id, source) => {
  fc.assert(
    fc.property(cases, ({ sample, edits, cuts }) => {
      const chosen = source.samples[sample % source.samples.length];
      if (chosen === undefined) return;
      let bytes = Buffer.from(chosen.text);
      for (const { at, remove, put } of edits) {
        const place = Math.floor(at * bytes.length);
        bytes = Buffer.concat([bytes.subarray(0, place), put, bytes.subarray(place + remove)]);
      }
      // Detection looks at everything that comes, for all sources.
      for (const { detection } of claims(headOf(chosen.path, bytes)))
        // 0 is no claim, but a reason that `status` gives.
        expect(detection.confidence).toBeGreaterThanOrEqual(0);
      const whole = read(source, chosen.path, bytes);
      expect(whole.rows.length + whole.rejects.length).toBe(whole.records);
      for (const { values, identity } of whole.rows) {
        expect(values).toHaveLength(source.columns.length);
        expect(Number.isSafeInteger(identity)).toBe(true);
      }
      const places = cuts.map((cut) => Math.floor(cut * bytes.length));
      expect({ ...read(source, chosen.path, bytes, places), quick: 0 }).toEqual({
        ...whole,
        quick: 0,
      });
    }),
    { numRuns: fuzzRuns(20) },
  );
});
