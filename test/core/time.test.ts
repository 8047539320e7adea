import { describe, expect, it } from 'vitest';
import { exactUs, formatUs, parseRfc3339, parseUserTime } from '../../src/core/time.ts';

describe('parseRfc3339', () => {
  it.each([
    ['1970-01-01T00:00:00Z', 0],
    ['1969-12-31T23:59:59.999999Z', -1],
    ['2026-11-24T09:00:00.25+01:00', 1_795_507_200_250_000],
    ['2026-11-24T08:00:00.1234567Z', 1_795_507_200_123_456],
    ['2255-06-05T23:47:34.740991Z', Number.MAX_SAFE_INTEGER],
  ])('reads %s', (text, us) => {
    expect(parseRfc3339(text)).toBe(us);
  });

  it.each([
    '2026-11-24',
    '2026-11-24T08:00:00',
    '2026-02-30T00:00:00Z',
    '2026-11-24T24:00:00Z',
    '2255-06-05T23:47:34.740992Z',
    '9999-12-31T23:59:59Z',
    '0000-01-01T00:00:00Z',
  ])('refuses %s', (text) => {
    expect(parseRfc3339(text)).toBeUndefined();
  });
});

it('counts no microsecond that a number cannot hold', () => {
  expect(exactUs(2 ** 53)).toBeUndefined();
  expect(exactUs(NaN)).toBeUndefined();
  expect(exactUs(-62_135_596_800)).toBe(-62_135_596_800);
});

it('writes what it read', () => {
  for (const text of [
    '2026-11-24T08:00:00Z',
    '2026-11-24T08:00:00.120Z',
    '1969-12-31T23:59:59.000001Z',
  ]) {
    expect(formatUs(parseUserTime(text))).toBe(text);
  }
});

it('asks for the zone', () => {
  expect(() => parseUserTime('2026-11-24T08:00:00')).toThrow(
    expect.objectContaining({ code: 'E_TIME_ZONE' }),
  );
  expect(() => parseUserTime('yesterday')).toThrow(expect.objectContaining({ code: 'E_USAGE' }));
});
