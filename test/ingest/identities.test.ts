/** Which rows share their identity, and how many there are in an hour: as a plain count says. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ByteRow } from '#src/core/byte-row.ts';
import { RowMarker } from '#src/db/row-marks.ts';
import { hourCoverage } from '#src/ingest/coverage.ts';
import { Identities } from '#src/ingest/identities.ts';

const SHAPE = {
  id: 's',
  columns: [
    { name: 'time_us', type: 'INTEGER' },
    { name: 'region', type: 'TEXT' },
    { name: 'one', type: 'TEXT' },
    { name: 'two', type: 'TEXT' },
  ],
  common: { account_id: 'coalesce(one, two)' },
  indexes: [],
  timeline: true,
} as const;

const text = fc.option(fc.constantFrom('1111', '1112', '2111', 'a"b', 'x'), { nil: null });
const row = fc.record({
  gap: fc.constantFrom(1, 1, 1, 5, 2 ** 28),
  // Some share the 32 bits of their mark and no more.
  identity: fc.oneof(
    fc.nat(20),
    fc.nat(20).map((low) => 7 * 2 ** 32 + low),
    fc.nat(),
  ),
  time: fc.integer({ min: -4, max: 4 }).map((half) => half * 1_800_000_000 + 5),
  texts: fc.tuple(text, text, text),
  asBytes: fc.boolean(),
});

it('finds all that share their identity, and counts rows by hour', () => {
  fc.assert(
    fc.property(fc.array(fc.array(row, { maxLength: 30 }), { maxLength: 5 }), (parts) => {
      const all = new Identities();
      const marker = new RowMarker(SHAPE);
      const byteRow = new ByteRow(SHAPE.columns.length);
      const ids = new Map<number, number[]>();
      const hours = new Map<string, number>();
      let id = 0;
      for (const rows of parts) {
        for (const { gap, identity, time, texts, asBytes } of rows) {
          id += gap;
          ids.set(identity, [...(ids.get(identity) ?? []), id]);
          const [region, one, two] = texts;
          const key = JSON.stringify([
            's',
            one ?? two ?? '',
            region ?? '',
            Math.floor(time / 3.6e9),
          ]);
          hours.set(key, (hours.get(key) ?? 0) + 1);
          if (!asBytes) {
            marker.row(id, identity, [time, ...texts]);
            continue;
          }
          byteRow.reset(Buffer.from(texts.join(' ')));
          byteRow.setNumber(0, time);
          let at = 0;
          for (const [place, value] of texts.entries()) {
            const length = value?.length ?? 0;
            if (value !== null) byteRow.setText(place + 1, at, at + length);
            at += length + 1;
          }
          byteRow.identity = identity;
          marker.byteRow(id, byteRow);
        }
        all.add([marker.take()]);
      }
      const shared = [...ids.values()].filter(({ length }) => length > 1).flat();
      const found = [...(all.shared('s') ?? [])];
      expect(found).toEqual([...found].sort((a, b) => a - b));
      expect(found).toEqual(expect.arrayContaining(shared));
      const counted = hourCoverage('s', all.hours('s') ?? []).map(
        ([source, account, region, hourUs, rows]) =>
          [JSON.stringify([source, account, region, hourUs / 3.6e9]), rows] as const,
      );
      expect(new Map(counted)).toEqual(hours);
    }),
  );
});

it('leaves to SQL what is no choice of stored columns', () => {
  const marker = new RowMarker({ ...SHAPE, common: { account_id: 'substr(one, 1, 2)' } });
  marker.row(1, 1, [0, null, 'x', null]);
  expect(marker.take().hours).toBeUndefined();
});
