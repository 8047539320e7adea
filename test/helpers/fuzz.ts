/** How many generated cases a property gets: few with the other tests, many under `npm run fuzz` (test/fuzz.ts). */

/**
 * Cases for one property.
 * @param few with the ordinary tests; `EXHIBIT_FUZZ_RUNS` overrides it.
 */
export function fuzzRuns(few: number): number {
  const asked = process.env['EXHIBIT_FUZZ_RUNS'];
  if (asked === undefined || asked === '') return few;
  if (!/^[1-9][0-9]{0,8}$/.test(asked))
    throw new RangeError(`EXHIBIT_FUZZ_RUNS is no count: ${asked}`);
  return Number(asked);
}
