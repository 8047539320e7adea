/** A row of bytes becomes the same cell as its values. */
import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ByteRow } from '#src/core/byte-row.ts';
import { CellBuffer } from '#src/db/record.ts';

const number = fc.oneof(
  fc.constantFrom(0, 1, -1, 2, 127, 128, -128, -129, 32_767, 32_768, -32_769, 8_388_607, 8_388_608),
  fc.constantFrom(2 ** 31 - 1, 2 ** 31, -(2 ** 31) - 1, 2 ** 47 - 1, 2 ** 47, -(2 ** 47) - 1),
  fc.maxSafeInteger(),
);
const value = fc.oneof(
  fc.constant(null),
  number,
  fc.string({ unit: 'binary-ascii', maxLength: 70 }),
  fc.constantFrom(57, 58, 126, 8185, 70_000).map((length) => 'x'.repeat(length)),
);

it('a row of bytes becomes the same cell as its values', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(value, { maxLength: 140 }), { maxLength: 4 }),
      fc.oneof(fc.nat(300), fc.maxSafeInteger().map(Math.abs)),
      (rows, id) => {
        const [cells, expected] = [new CellBuffer(), new CellBuffer()];
        for (const values of rows) {
          const row = new ByteRow(values.length);
          row.reset(Buffer.from(values.join('|')));
          let at = 0;
          for (const [place, one] of values.entries()) {
            if (typeof one === 'number') row.setNumber(place, one);
            const length = String(one ?? '').length;
            if (typeof one === 'string') {
              if (place % 3 === 0) row.setConstant(place, Buffer.from(one));
              else row.setText(place, at, at + length);
            }
            at += length + 1;
          }
          cells.byteRow(row, Int32Array.from(values.keys()), id);
          expected.begin();
          expected.null();
          for (const one of values) expected.value(one);
          expected.end(id);
          expect(cells.recordLength).toBe(expected.recordLength);
        }
        expect(cells.bytes.subarray(0, cells.length)).toEqual(
          expected.bytes.subarray(0, expected.length),
        );
      },
    ),
  );
});
