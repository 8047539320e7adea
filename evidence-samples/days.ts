/** The calendar of the samples, and what a night leaves for the next day. */

/** Milliseconds. */
export const MINUTE = 60_000;
/** Milliseconds. */
export const HOUR = 60 * MINUTE;
/** Monday 2026-09-14, 00:00 UTC. */
export const START = Date.UTC(2026, 8, 14);
/** Milliseconds. */
export const DAY = 24 * HOUR;
/** Objects that the nightly export writes. */
export const EXPORTS_PER_NIGHT = 40;

/** One object of the customer exports. */
export interface ExportObject {
  readonly key: string;
  readonly size: number;
}
