/** Times of JSON: exact in the unit that the documentation names, and none where another could be meant. */
import { expect, test } from 'vitest';
import { anyTime, type TimeUnit } from '#src/sources/_json.ts';

const NOW = 1_762_592_405_123_000;
/** 9999-12-31T23:59:59Z in seconds. */
const LAST = 253_402_300_799;

test.each<[string | number | bigint, TimeUnit | undefined, number | undefined]>([
  ['2025-11-08T09:00:05.123Z', undefined, NOW],
  ['2025-11-08 09:00:05.123', 'ms', NOW],
  ['1969-12-31T23:59:59Z', undefined, undefined],
  ['9999-12-31T23:59:59Z', undefined, undefined],
  // Told apart by its size.
  [1_762_592_405, undefined, 1_762_592_405_000_000],
  [1_762_592_405.123, undefined, NOW],
  [1_762_592_405_123, undefined, NOW],
  ['1762592405123000', undefined, NOW],
  [1_762_592_405_123_000_000n, undefined, NOW],
  [0, undefined, 0],
  [LAST, undefined, undefined],
  [LAST * 1000, undefined, undefined],
  [LAST * 1_000_000, undefined, undefined],
  [86_400, undefined, undefined],
  [-1, undefined, undefined],
  // In the unit of the field.
  [1_762_592_405_123, 'ms', NOW],
  ['1762592405123', 'ms', NOW],
  [86_400_000, 'ms', 86_400_000_000],
  [LAST * 1000, 'ms', undefined],
  [LAST, 'ms', 253_402_300_799_000],
  [1_762_592_405, 's', 1_762_592_405_000_000],
  [1_762_592_405.123456, 's', 1_762_592_405_123_456],
  [1_762_592_405_123, 's', undefined],
  [LAST, 's', undefined],
  [-1, 's', undefined],
  ['-1', 'ms', undefined],
])('%s in %s', (value, unit, expected) => {
  expect(anyTime(value, unit)).toBe(expected);
});
