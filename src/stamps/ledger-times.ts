/**
 * What time-stamps prove about a ledger. A stamp of a checkpoint over n entries, or of the signature of entry n, proves that
 * entries 1 to n existed (each names the one before). An entry that names a stamp by its hash cannot be older than that
 * stamp, and no later entry can. Between the two lies the truth about each entry.
 */
import type { Check } from '../core/check.ts';
import { formatUs } from '../core/time.ts';
import type { ProvenTime } from '../crypto/judge-signer.ts';
import { earliest } from './judge.ts';

/** An entry's number and claimed time, microseconds UTC. */
export interface ClaimedEntry {
  readonly seq: number;
  readonly atUs: number;
}

/** Bounds from trusted stamps. */
export interface TimeBounds {
  /** Entries 1 to `upTo` existed by then. */
  readonly before: readonly { readonly upTo: number; readonly proven: ProvenTime }[];
  /** Entries from `from` on did not exist then (microseconds UTC; the earliest that the stamp's accuracy allows). */
  readonly after: readonly { readonly from: number; readonly us: number; readonly by: string }[];
}

/** When an entry existed for certain; undefined when no stamp covers it. */
export function provenFor({ before }: TimeBounds, seq: number): ProvenTime | undefined {
  return earliest(before.filter(({ upTo }) => seq <= upTo).map(({ proven }) => proven));
}

/** Before when an entry did not exist for certain: it follows one that names a time-stamp; undefined when none does. */
export function notBefore({ after }: TimeBounds, seq: number): ProvenTime | undefined {
  return after
    .filter(({ from }) => seq >= from)
    .reduce<ProvenTime | undefined>(
      (latest, { us, by }) => (latest === undefined || us > latest.us ? { us, by } : latest),
      undefined,
    );
}

/** `ledger.time`: the claimed times, with the proven ones beside them. */
export function ledgerTimeChecks(entries: readonly ClaimedEntry[], bounds: TimeBounds): Check[] {
  const check = (subject: string, status: Check['status'], detail: string): Check => ({
    id: 'ledger.time',
    subject,
    status,
    detail,
  });
  const wrong = entries.flatMap(({ seq, atUs }) => {
    const claim = `it claims ${formatUs(atUs)}`;
    const proven = provenFor(bounds, seq);
    const bound = bounds.after.find(({ from, us }) => seq >= from && atUs < us);
    const subject = `custody/${String(seq).padStart(8, '0')}.json`;
    return [
      ...(proven !== undefined && atUs > proven.us
        ? [
            check(
              subject,
              'fail',
              `${claim} but existed at ${formatUs(proven.us)}, says ${proven.by}`,
            ),
          ]
        : []),
      ...(bound === undefined
        ? []
        : [
            check(
              subject,
              'fail',
              `${claim} but follows entry ${String(bound.from)}, which names a time-stamp of ${formatUs(bound.us)} by ${bound.by}`,
            ),
          ]),
    ];
  });
  if (wrong.length > 0) return wrong;
  const covered = entries.filter(({ seq }) => provenFor(bounds, seq) !== undefined).length;
  const detail = [...spans(entries, bounds), ...backward(entries)].join('; ');
  return [
    check('custody', covered > 0 && covered === entries.length ? 'pass' : 'not_checked', detail),
  ];
}

/** Neighbours that the same stamp proves, in one part. */
function spans(entries: readonly ClaimedEntry[], bounds: TimeBounds): string[] {
  const all: { first: ClaimedEntry; last: ClaimedEntry; proven: ProvenTime | undefined }[] = [];
  for (const entry of entries) {
    const proven = provenFor(bounds, entry.seq);
    const open = all.at(-1);
    if (open !== undefined && open.proven?.us === proven?.us) open.last = entry;
    else all.push({ first: entry, last: entry, proven });
  }
  if (all.every(({ proven }) => proven === undefined)) {
    return ['times are claimed by the signers; no time-stamp authority has confirmed them'];
  }
  return all.map(({ first, last, proven }) => {
    const which =
      first === last
        ? `entry ${String(first.seq)}`
        : `entries ${String(first.seq)} to ${String(last.seq)}`;
    const claimed =
      first === last ? formatUs(first.atUs) : `${formatUs(first.atUs)} to ${formatUs(last.atUs)}`;
    const words = proven === undefined ? 'by nobody' : `${formatUs(proven.us)} by ${proven.by}`;
    return `${which}: claimed ${claimed}, proven ${words}`;
  });
}

function backward(entries: readonly ClaimedEntry[]): string[] {
  const odd = entries.filter(({ atUs }, index) => {
    const before = entries[index - 1];
    return before !== undefined && atUs < before.atUs;
  });
  const list = odd.map(({ seq }) => String(seq)).join(', ');
  return odd.length === 0 ? [] : [`claimed to be earlier than the entry before: ${list}`];
}
