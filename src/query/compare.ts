/** Two canonical results, compared as `query replay` reports it. */
import type { CanonicalCell, CanonicalResult } from './canonical.ts';

/** How a replay compares with the recorded run. */
export type Verdict = 'match' | 'same_rows_other_order' | 'different';

/** The first row that differs; `null` where that side has no such row. */
export interface FirstDifference {
  /** 1-based; 0 is the header. */
  readonly row: number;
  readonly recorded: readonly CanonicalCell[] | null;
  readonly replayed: readonly CanonicalCell[] | null;
}

/** Verdict and the place where the results part. */
export interface Comparison {
  readonly verdict: Verdict;
  readonly first_difference: FirstDifference | null;
}

/** Compares a recorded result with a new one. */
export function compareResults(recorded: CanonicalResult, replayed: CanonicalResult): Comparison {
  if (recorded.ordered_sha256 === replayed.ordered_sha256) {
    return { verdict: 'match', first_difference: null };
  }
  const sameRows = recorded.multiset_sha256 === replayed.multiset_sha256;
  return {
    verdict: sameRows ? 'same_rows_other_order' : 'different',
    first_difference: firstDifference(
      [recorded.header, ...recorded.rows],
      [replayed.header, ...replayed.rows],
    ),
  };
}

/** Cells of a canonical line. */
export function parseRow(line: string): readonly CanonicalCell[] {
  return JSON.parse(line) as readonly CanonicalCell[];
}

function firstDifference(
  left: readonly string[],
  right: readonly string[],
): FirstDifference | null {
  const length = Math.max(left.length, right.length);
  for (let row = 0; row < length; row += 1) {
    const [recorded, replayed] = [left[row], right[row]];
    if (recorded === replayed) continue;
    return {
      row,
      recorded: recorded === undefined ? null : parseRow(recorded),
      replayed: replayed === undefined ? null : parseRow(replayed),
    };
  }
  return null;
}
