/** The quick way through lines: what it takes, it reads as the reader of strings does. */
import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Source } from '#src/sources/source.ts';
import { alb_access } from '#src/sources/alb_access.ts';
import { clb_access } from '#src/sources/clb_access.ts';
import { nlb_access } from '#src/sources/nlb_access.ts';
import { s3_access } from '#src/sources/s3_access.ts';
import { tgw_flow } from '#src/sources/tgw_flow.ts';
import { vpc_flow } from '#src/sources/vpc_flow.ts';
import { fuzzRuns } from '../helpers/fuzz.ts';
import { read, type Result } from './run.ts';

/** A source, a file of its usual lines, and words that its lines are damaged with. */
interface Quick {
  readonly source: Source;
  readonly text: string;
  readonly words: readonly string[];
}

const FLOW =
  '2 111122223333 eni-0a1b2c3d4e5f60718 198.51.100.7 10.0.1.20 51514 22 6 12 2096 1762592400 1762592460 ACCEPT OK';

const HTTP = [
  ...[
    '-',
    '"-"',
    '""',
    '-1',
    '70000',
    '0.5',
    '1.1234567',
    '1.',
    '200',
    '403',
    '"a b"',
    '"a',
    'b"',
    'é',
  ],
  ...[
    '198.51.100.7:1',
    '[2001:db8::7]:70000',
    '[::1]:5',
    'fe80::1%eth0:5',
    '2025-11-08T09:00:05.1Z',
  ],
  ...['1969-12-31T23:59:59Z', '"GET  /"', '"GET - HTTP/1.1"', '"GET /x "', '"GET"', '"- - -"'],
];

/** The first line of a source's first sample, some times over. */
function plainLines(source: Source): string {
  const [line = ''] = (source.samples[0]?.text ?? '').split('\n');
  return `${line}\n`.repeat(3);
}

const QUICK: readonly Quick[] = [
  {
    source: vpc_flow,
    text: [
      FLOW,
      FLOW.replace('198.51.100.7', '2001:db8::7'),
      '2 unknown - - - - - - - - 1762592460 1762592520 - NODATA',
      FLOW.replace('2096', '009007199254740993'),
      'version vpc-id srcaddr pkt-dstaddr dstport tcp-flags action bytes end region',
      '4 vpc-0a1b2c3d4e5f60718 10.0.0.1 10.0.0.2 443 19 REJECT 1 1762592460 eu-central-1',
      '4 - - - - - - - 1762592461 -',
      'interface-id vpc-id start future',
      'eni-0a1b2c3d4e5f60718 vpc-0a1b2c3d4e5f60718 1762592460 x',
      'eni-0a1b2c3d4e5f60718 - 1762592461 -',
      'interface-id vpc-id start ecs-task-id',
      'eni-0a1b2c3d4e5f60718 vpc-0a1b2c3d4e5f60718 1762592460 x',
      '',
    ].join('\n'),
    words: [
      '70000',
      '65535',
      '256',
      '255',
      '-1',
      '-',
      '1',
      'OK',
      'ACCEPT',
      '::',
      '1.1',
      ':',
      '%',
      'é',
    ],
  },
  {
    source: tgw_flow,
    text: tgw_flow.samples[0]?.text ?? '',
    words: ['70000', '256', '-1', '-', '1', 'OK', 'TransitGateway', '::', 'tgw-id', 'é'],
  },
  { source: alb_access, text: plainLines(alb_access), words: [...HTTP, 'arn:', 'Root=1', 'TID_x'] },
  {
    source: nlb_access,
    text: plainLines(nlb_access).replaceAll('"h2","http/1.1"', '-'),
    words: HTTP,
  },
  { source: clb_access, text: plainLines(clb_access), words: HTTP },
  {
    source: s3_access,
    text: plainLines(s3_access),
    words: [
      ...HTTP,
      '[08/Nov/2025:09:00:05',
      '[31/Dec/1969:09:00:05',
      '+0100]',
      '+0000]',
      '"GET /?X-amz-credential=AKIAIOSFODNN7EXAMPLE%2F HTTP/1.1"',
      '"GET /?AWSAccessKeyId=AKIA&awsaccesskeyid=AKIAIOSFODNN7EXAMPLE HTTP/1.1"',
    ],
  },
];

function both({ source }: Quick, bytes: Buffer, cuts: readonly number[] = []): Result {
  const quick = read(source, 'x.log', bytes, cuts);
  const framed = read(source, 'x.log', bytes, [], 'framed');
  expect({ ...quick, quick: 0 }).toEqual(framed);
  return quick;
}

describe.each(QUICK.map((quick) => [quick.source.id, quick] as const))('%s', (_id, quick) => {
  const whole = Buffer.from(quick.text);

  it('takes lines as AWS writes them', () => {
    const result = both(quick, whole);
    expect(result.quick).toBeGreaterThan(result.records / 2);
    expect(result.rejects).toEqual([]);
  });

  it('leaves lines that end in another way to be framed', () => {
    const taken = both(quick, Buffer.from(quick.text.replaceAll('\n', '\r\n')));
    expect(taken.quick).toBe(0);
    expect(taken.records).toBe(both(quick, whole).records);
  });

  it('reads whatever bytes as the other way does', () => {
    const insert = fc.constantFrom(
      ...['', ' ', '  ', '\n', '\r', '\t', '\0', '"', '[', ']', '\\', '0', '9', 'a', 'Z', '/', '.'],
      ...quick.words.flatMap((word) => [word, ` ${word} `]),
    );
    const edit = fc.record({
      at: fc.nat(whole.length),
      remove: fc.oneof(fc.nat(2), fc.nat(100)),
      insert,
    });
    // A word in the place of another, which only a look at what it says can tell from the right one.
    const swap = fc.record({ field: fc.nat(200), word: fc.constantFrom(...quick.words) });
    fc.assert(
      fc.property(
        fc.array(edit, { maxLength: 3 }),
        fc.array(swap, { maxLength: 2 }),
        fc.nat(whole.length),
        (edits, swaps, cut) => {
          const fields = quick.text.split(' ');
          for (const { field, word } of swaps) fields[field % fields.length] = word;
          let bytes = Buffer.from(fields.join(' '));
          for (const { at, remove, insert: text } of edits) {
            bytes = Buffer.concat([
              bytes.subarray(0, at),
              Buffer.from(text),
              bytes.subarray(at + remove),
            ]);
          }
          both(quick, bytes);
          both(quick, bytes, [cut]);
        },
      ),
      { numRuns: fuzzRuns(400) },
    );
  });

  it('reads flipped bits as the other way does', () => {
    for (let at = 0; at < whole.length; at += 3) {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
      both(quick, bytes);
    }
  });
});
