import { expect, test } from 'vitest';
import { renderFields, renderTable } from '#src/cli/table.ts';

const HOSTILE = 'a\u001b[2J\u202eb\r\nc\u0007\u200bd';

test('hostile text cannot move the cursor, hide or reorder anything', () => {
  const text = renderTable(
    {
      columns: [HOSTILE, 'n'],
      rows: [
        [HOSTILE, 1],
        ['x', 22],
      ],
    },
    100,
  );
  // eslint-disable-next-line no-control-regex -- finding control characters is the purpose
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e]/);
  expect(text.split('\n')).toHaveLength(5);
  expect(text).toContain('a\\u{1b}[2J\\u{202e}b\\u{d}\\u{a}c');
});

test('numbers stand at the right, NULL is a dash', () => {
  const text = renderTable(
    {
      columns: ['name', 'n'],
      rows: [
        ['a', 5],
        [null, 10],
        ['c', null],
      ],
    },
    80,
  );
  expect(text).toBe('name   n\n────  ──\na      5\n-     10\nc      -\n');
});

test('what is the same in every row is told once when room is scarce', () => {
  const rows = Array.from({ length: 3 }, (_, at) => [
    `row ${String(at)}`,
    'always the same long text',
    'x'.repeat(30),
  ]);
  const text = renderTable({ columns: ['name', 'same', 'other'], rows }, 40);
  expect(text).toMatch(/^all rows: same always the same long/);
});

test.each([60, 80, 100, 120])('no line is wider than %d', (width) => {
  const row = [
    '2026-01-02T03:04:05Z',
    `arn:aws:iam::111122223333:user/${'x'.repeat(50)}`,
    'a b '.repeat(40),
    123_456,
  ];
  const other = ['2026-01-02T03:04:06Z', 'short', 'y', 1];
  const text = renderTable(
    { columns: ['time', 'actor_name', 'text', 'calls'], rows: [row, other] },
    width,
  );
  for (const line of text.split('\n')) expect(Array.from(line).length).toBeLessThanOrEqual(width);
  expect(text).toContain('2026-01-02T03:04:05Z');
});

test('fields are aligned and long values wrapped under themselves', () => {
  expect(
    renderFields(
      [
        ['a', 'x'.repeat(30)],
        ['long', null],
      ],
      26,
    ),
  ).toBe(`a     ${'x'.repeat(20)}\n      ${'x'.repeat(10)}\nlong  -\n`);
});

test('a table without rows says so', () => {
  expect(renderTable({ columns: ['a'], rows: [] }, 80)).toBe('no rows\n');
});
