import { createHash } from 'node:crypto';
import Sqlite from 'better-sqlite3';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  canonicalCell,
  canonicalChunks,
  canonicalResult,
  canonicalRow,
  cellOf,
  type CanonicalCell,
  type Cell,
} from '#src/query/canonical.ts';
import { parseRow } from '#src/query/compare.ts';
import { execute } from '#src/query/execute.ts';

const wellFormed = fc.string({ unit: 'binary' }).map((text) => text.toWellFormed());
const cell: fc.Arbitrary<Cell> = fc.oneof(
  fc.constant(null),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.double(),
  wellFormed,
  fc.uint8Array({ maxLength: 20 }),
  fc.uint8Array({ maxLength: 20 }).map((badText) => ({ badText })),
);

test('a value and its canonical form determine each other', () => {
  fc.assert(
    fc.property(cell, (value) => {
      const form = JSON.parse(JSON.stringify(canonicalCell(value))) as CanonicalCell;
      expect(canonicalCell(cellOf(form))).toEqual(form);
    }),
  );
});

test('different rows have different lines, the same row the same line', () => {
  const row = fc.array(cell, { maxLength: 4 });
  fc.assert(
    fc.property(row, row, (left, right) => {
      const same =
        JSON.stringify(left.map(canonicalCell)) === JSON.stringify(right.map(canonicalCell));
      expect(canonicalRow(left) === canonicalRow(right)).toBe(same);
      expect(parseRow(canonicalRow(left))).toEqual(
        JSON.parse(JSON.stringify(left.map(canonicalCell))),
      );
    }),
  );
});

test.each<[string, Cell, string]>([
  ['an integer beyond 2^53', 9_007_199_254_740_993n, '{"i":"9007199254740993"}'],
  ['a real', 0.1 + 0.2, '{"r":"3fd3333333333334"}'],
  ['minus zero', -0, '{"r":"8000000000000000"}'],
  ['infinity', Infinity, '{"r":"7ff0000000000000"}'],
  ['a blob', Buffer.from([0, 255]), '{"b":"00ff"}'],
  ['text that is not UTF-8', { badText: Buffer.from([255]) }, '{"t":"ff"}'],
  ['NULL', null, 'null'],
])('%s is written in its one form', (_, value, line) => {
  expect(canonicalRow([value])).toBe(`[${line}]`);
});

test('the ordered hash is that of the file, the multiset hash that of its sorted lines', () => {
  const rows = ['["b"]', '["\u{10000}"]', '["\uffff"]', '["a"]'];
  const result = canonicalResult(['x'], rows);
  const text = [...canonicalChunks(result)].join('');
  expect(result.ordered_sha256).toBe(createHash('sha256').update(text).digest('hex'));
  // Bytes of UTF-8: U+FFFF before U+10000, although UTF-16 has it the other way.
  const sorted = '["x"]\n["a"]\n["b"]\n["\uffff"]\n["\u{10000}"]\n';
  expect(result.multiset_sha256).toBe(createHash('sha256').update(sorted).digest('hex'));
});

test('a result does not depend on the order in which rows were inserted', () => {
  const value = fc.oneof(fc.bigInt({ min: -5n, max: 5n }), wellFormed, fc.constant(null));
  fc.assert(
    fc.property(fc.array(value, { maxLength: 8 }), fc.infiniteStream(fc.nat()), (values, keys) => {
      const shuffled = values
        .map((one) => [keys.next().value, one] as const)
        .sort(([a], [b]) => a - b)
        .map(([, one]) => one);
      const sql = 'SELECT x, count(*) FROM t GROUP BY x ORDER BY x';
      const [a, b] = [values, shuffled].map((rows) => {
        const db = new Sqlite(':memory:');
        db.exec('CREATE TABLE t (x)');
        for (const one of rows) db.prepare('INSERT INTO t VALUES (?)').run(one);
        const answer = execute(db, sql, {});
        db.close();
        return answer;
      });
      expect(a?.ordered_sha256).toBe(b?.ordered_sha256);
    }),
    { numRuns: 30 },
  );
});
