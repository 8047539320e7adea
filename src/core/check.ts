/** One named question of a verification and its answer; `verify --json` prints a list of them (docs/cli.md). */

/** `not_checked`: the question could not be put, and the detail says what is missing for it. Never counted as good. */
export type CheckStatus = 'pass' | 'fail' | 'not_checked';

/** A check. */
export interface Check {
  /** Stable dotted name of the question. */
  readonly id: string;
  /** The file or thing it was put to, relative to the case. */
  readonly subject: string;
  readonly status: CheckStatus;
  /** One sentence for a person. */
  readonly detail: string;
}
