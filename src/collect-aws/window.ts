/**
 * The window of time that is asked for, and what may lie in it. AWS's log delivery keeps objects in folders of days (`2026/01/02/`,
 * of Config without leading zeros; also `year=2026/month=01/day=02/`); what lies elsewhere is judged by when it was last modified.
 */
import { parseUserTime } from '../core/time.ts';

/** A window; without both ends everything is in it. */
export interface Window {
  readonly given: boolean;
  /** Milliseconds since 1970, where given. */
  readonly from: number | undefined;
  readonly to: number | undefined;
  /** Whether a folder may hold something of it; true for folders without a date. */
  readonly mayHold: (prefix: string) => boolean;
  /** Whether a folder is of a whole day in it, so that all below is. */
  readonly inside: (prefix: string) => boolean;
  /** Whether an object is of it. @param modified milliseconds since 1970. */
  readonly holds: (key: string, modified: number) => boolean;
}

const DAY = 86_400_000;
/** Delivery is later than what is delivered: a trail's by minutes, a digest's by up to two hours, Config's by up to a day. */
const LATE = DAY;

const DATED = /(?:^|\/)(?:year=)?(20\d\d)(?:\/(?:month=)?(\d{1,2})(?:\/(?:day=)?(\d{1,2}))?)?\//;

/** Makes a window. @throws ExhibitError `E_TIME_ZONE`, `E_USAGE`. */
export function makeWindow(from: string | undefined, to: string | undefined): Window {
  const start = from === undefined ? undefined : parseUserTime(from) / 1000;
  const end = to === undefined ? undefined : parseUserTime(to) / 1000;
  const touches = (first: number, after: number): boolean =>
    (start === undefined || after > start) && (end === undefined || first <= end + LATE);
  return {
    given: start !== undefined || end !== undefined,
    from: start,
    to: end,
    mayHold: (prefix) => {
      const span = spanOf(prefix);
      return span === undefined || touches(span.first, span.after);
    },
    inside: (prefix) => spanOf(prefix)?.day === true && touches(...pair(prefix)),
    holds: (key, modified) => {
      const span = spanOf(key);
      return span?.day === true ? touches(span.first, span.after) : touches(modified, modified + 1);
    },
  };
}

function pair(prefix: string): [number, number] {
  const span = spanOf(prefix);
  return [span?.first ?? 0, span?.after ?? 0];
}

/** The span of the year, month or day that a path names in its folders. */
function spanOf(
  path: string,
): { readonly first: number; readonly after: number; readonly day: boolean } | undefined {
  const match = DATED.exec(path);
  if (match === null) return undefined;
  const [year, month, day] = match
    .slice(1)
    .map((part) => ((part as string | undefined) === undefined ? undefined : Number(part)));
  if (year === undefined) return undefined;
  if (month === undefined || month < 1 || month > 12) {
    return { first: Date.UTC(year, 0, 1), after: Date.UTC(year + 1, 0, 1), day: false };
  }
  if (day === undefined || day < 1 || day > 31) {
    return { first: Date.UTC(year, month - 1, 1), after: Date.UTC(year, month, 1), day: false };
  }
  const first = Date.UTC(year, month - 1, day);
  return { first, after: first + DAY, day: true };
}
