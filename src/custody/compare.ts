/** Two copies of one ledger, side by side: the same, one further than the other, or two histories. */
import { casePaths } from '../bundle/layout.ts';
import { ExhibitError } from '../core/errors.ts';
import type { AnchorOptions } from './anchor.ts';
import type { EntryView } from './read.ts';
import { verifyLedger, type LedgerReport } from './verify.ts';

/** One side of one number. */
export interface Side {
  readonly hash: string;
  readonly event: string;
  readonly at: string;
  readonly actor: string;
  /** Every check of this entry passed in its own ledger. */
  readonly good: boolean;
}

/** One of the two. */
interface Ledger {
  readonly entries: number;
  readonly head: string | null;
  /** False where files are missing or do not belong: what comes after a gap was not compared. */
  readonly whole: boolean;
}

/** How two ledgers relate. */
export interface Comparison {
  readonly case: string;
  readonly verdict: 'same' | 'first_is_longer' | 'second_is_longer' | 'fork';
  /** Entries that both begin with. */
  readonly common: number;
  readonly first: Ledger;
  readonly second: Ledger;
  /** What follows the common part; null: this ledger has no such entry. */
  readonly differing: readonly {
    readonly seq: number;
    readonly first: Side | null;
    readonly second: Side | null;
  }[];
}

/**
 * Compares the ledgers of two folders.
 * @throws ExhibitError `E_USAGE` when they are of different cases.
 */
export function compareLedgers(
  firstDir: string,
  secondDir: string,
  trust: AnchorOptions,
  caseId: string,
): Comparison {
  const first = verifyLedger(firstDir, trust);
  const second = verifyLedger(secondDir, trust);
  if (first.shape.caseId !== second.shape.caseId) {
    throw new ExhibitError('E_USAGE', 'the two folders are of different cases', {
      where: { file: casePaths(secondDir).custody },
    });
  }
  const [a, b] = [first.shape.hashes, second.shape.hashes];
  const until = Math.min(a.length, b.length);
  const differs = a.findIndex((hash, index) => index < until && hash !== b[index]);
  const common = differs < 0 ? until : differs;
  const count = Math.max(a.length, b.length) - common;
  return {
    case: caseId,
    verdict:
      differs >= 0
        ? 'fork'
        : a.length === b.length
          ? 'same'
          : a.length > b.length
            ? 'first_is_longer'
            : 'second_is_longer',
    common,
    first: ledger(first),
    second: ledger(second),
    differing: Array.from({ length: count }, (_, index) => {
      const seq = common + index + 1;
      return { seq, first: sideOf(first, seq), second: sideOf(second, seq) };
    }),
  };
}

function ledger({ shape: { hashes }, checks }: LedgerReport): Ledger {
  const whole = !checks.some(({ id, status }) => id === 'ledger.files' && status === 'fail');
  return { entries: hashes.length, head: hashes.at(-1) ?? null, whole };
}

function sideOf({ entries, checks, shape }: LedgerReport, seq: number): Side | null {
  const hash = shape.hashes[seq - 1];
  if (hash === undefined) return null;
  const view: EntryView | undefined = entries.find((one) => one.seq === seq);
  const good =
    view !== undefined &&
    !checks.some(({ subject, status }) => status === 'fail' && subject.startsWith(view.file));
  return {
    hash,
    event: view?.entry.event ?? 'unreadable',
    at: view?.entry.at ?? '',
    actor: view?.entry.actor.name ?? '',
    good,
  };
}
