/** The period that was asked for. */

/** Microseconds UTC; a side that is undefined is open. */
export interface Window {
  readonly from: number | undefined;
  readonly to: number | undefined;
}

/** Digests end an hour apart (CloudTrail User Guide, "Validating CloudTrail log file integrity"). */
export const HOUR_US = 3_600_000_000;

/** Whether a span touches the window: like the AWS CLI, a digest that ends just when the window begins is in it. */
export function touches({ from, to }: Window, start: number, end: number): boolean {
  return (from === undefined || end >= from) && (to === undefined || start <= to);
}

/** Whether a window was asked for at all. */
export function isAsked({ from, to }: Window): boolean {
  return from !== undefined || to !== undefined;
}
