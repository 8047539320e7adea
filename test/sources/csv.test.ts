/** Comma-separated values, and the lines that go on a record of them. */
import { Buffer } from 'node:buffer';
import { expect, it } from 'vitest';
import { csvFields, csvJoins } from '#src/sources/_csv.ts';
import { frameBlocks, short } from '../framing/collect.ts';

it.each([
  ['a,b,c', ['a', 'b', 'c']],
  ['', ['']],
  ['a,', ['a', '']],
  ['"a,b",c', ['a,b', 'c']],
  ['"a ""b""","\n"', ['a "b"', '\n']],
  ['a"b,c', ['a"b', 'c']],
  ['"a', undefined],
  ['"a"b,c', undefined],
])('%j', (record, fields) => {
  expect(csvFields(record)).toEqual(fields);
});

it('joins lines inside quotes, and begins anew at a whole record', () => {
  const text = 'h1,h2,h3\na,"b\nc",d\ne,"f,g\n1,2,3\nx,y,z\n';
  const bytes = Buffer.from(text);
  expect(short(bytes, frameBlocks(bytes, csvJoins(3)))).toEqual([
    'h1,h2,h3',
    'a,"b\nc",d',
    'e,"f,g',
    '1,2,3',
    'x,y,z',
  ]);
});
