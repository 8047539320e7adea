/** Keys keep their numbers from run to run, and come in SQLite's order whenever they are asked for. */
import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KeyTable } from '#src/db/key-table.ts';

type Key = string | number | bigint;

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom('198.18.0.1', '198.18.0.10', '198.18.0', 'eni-0a1b2c3d', 'eni-0a1b2c3e', 'é', ''),
);
const integer = fc.oneof(fc.maxSafeInteger(), fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n));

function inOrder(one: Key, other: Key): number {
  if (typeof one === 'string' && typeof other === 'string')
    return Buffer.compare(Buffer.from(one), Buffer.from(other));
  return BigInt(one) < BigInt(other) ? -1 : BigInt(one) > BigInt(other) ? 1 : 0;
}

/** A key as the table gives it back. */
function written(table: KeyTable, group: number): string {
  const bytes = Buffer.alloc(table.length(group));
  table.put(bytes, 0, group);
  return `${String(table.kind(group))} ${bytes.toString('hex')}`;
}

test.each([
  ['texts', text],
  ['integers', integer],
])('%s, some runs of them', (_name, key) => {
  fc.assert(
    fc.property(fc.array(fc.array<Key>(key, { maxLength: 40 }), { maxLength: 5 }), (runs) => {
      const table = new KeyTable();
      const groups = new Map<string, number>();
      const keys = new Map<number, Key>();
      for (const run of runs) {
        for (const one of run) {
          const group = table.group(one);
          // A text is the same key as its bytes, a large number the same as a small one of its value.
          if (typeof one === 'string') {
            const bytes = Buffer.from(`..${one}.`);
            expect(table.text(bytes, 2, bytes.length - 1)).toBe(group);
          }
          const name = String(one).toWellFormed();
          expect(groups.get(name) ?? group).toBe(group);
          groups.set(name, group);
          keys.set(group, one);
        }
        const [none, ...sorted] = table.sorted();
        expect(none).toBe(0);
        const expected = [...keys.values()].sort(inOrder).map((one) => table.group(one));
        expect(sorted).toEqual(expected);
        expect(new Set(sorted.map((group) => written(table, group))).size).toBe(keys.size);
        table.endRun();
      }
    }),
    { numRuns: 100 },
  );
});

test('many keys are forgotten when a run ends', () => {
  const table = new KeyTable();
  for (let run = 0; run < 3; run++) {
    for (let key = 0; key < 70_000; key++) table.group(`key ${String(key * 7)}`);
    expect(table.size).toBe(70_001);
    expect(table.sorted().length).toBe(70_001);
    table.endRun();
    expect(table.size).toBe(1);
  }
});
