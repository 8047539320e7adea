import { expect, test } from 'vitest';
import { csvText } from '#src/report/csv.ts';

const ROW = [
  '=1+1',
  '+x',
  '-x',
  '@x',
  '\tx',
  '\rx',
  'a,"b"\nc',
  '',
  null,
  { i: '-5' },
  { b: '00ff' },
  { t: 'ff' },
  { r: '3fd3333333333334' },
];

test('canonical CSV keeps every byte of a text', () => {
  expect(
    csvText(
      ['a', 'b'],
      [
        ['=1+1', null],
        ['', 'x'],
      ],
    ),
  ).toBe('a,b\n=1+1,\n"",x\n');
  expect(csvText(['c'], [ROW.slice(6, 7)])).toBe('c\n"a,""b""\nc"\n');
  expect(csvText(['c'], [['\rx']])).toBe('c\n"\rx"\n');
});

test('values that are no text are written plainly', () => {
  expect(csvText(['i', 'b', 't', 'r'], [ROW.slice(9)])).toBe(
    'i,b,t,r\n-5,00ff,ff,0.30000000000000004\n',
  );
});

test("the copy for spreadsheets puts ' before what they would run, and changes nothing else", () => {
  const safe = csvText(
    ['=h'],
    ROW.map((cell) => [cell]),
    { excelSafe: true },
  );
  expect(safe).toBe(
    `'=h\n'=1+1\n'+x\n'-x\n'@x\n'\tx\n"'\rx"\n"a,""b""\nc"\n""\n\n-5\n00ff\nff\n0.30000000000000004\n`,
  );
});
