/** `seal.not_before`: a seal that claims to be older than what AWS signed in the evidence below it. */
import type { Check } from '../core/check.ts';
import { parseRfc3339 } from '../core/time.ts';
import type { Seal } from '../bundle/seal.ts';
import type { EntryView } from '../custody/read.ts';

/** What a recorded `cloudtrail validate` found for one evidence item: the newest proven digest's end. */
interface LowerBound {
  readonly seq: number;
  readonly time: string;
  readonly us: number;
  readonly digest: string;
}

/**
 * Holds the collection's last claimed time against the newest digest of AWS's that a recorded validation proved in this item.
 * Nothing is asked where none is on record: only `cloudtrail validate` has the keys.
 */
export function ageChecks(
  id: string,
  seal: Seal | undefined,
  entries: readonly EntryView[],
): Check[] {
  const bound = entries
    .flatMap(({ seq, entry }) => boundsIn(seq, entry.details?.['not_before'], id))
    .reduce<LowerBound | undefined>((a, b) => (a !== undefined && a.us >= b.us ? a : b), undefined);
  const claimed = seal === undefined ? undefined : parseRfc3339(seal.acquiredTo);
  if (bound === undefined || seal === undefined || claimed === undefined) return [];
  const proven = `AWS signed the digest ${bound.digest} in it after ${bound.time} (entry ${String(bound.seq)})`;
  return [
    {
      id: 'seal.not_before',
      subject: `evidence/${id}`,
      status: claimed < bound.us ? 'fail' : 'pass',
      detail:
        claimed < bound.us
          ? `it claims to be collected by ${seal.acquiredTo}, but ${proven}: backdated, or the clock was behind`
          : `${proven}, and it claims to be collected by ${seal.acquiredTo}`,
    },
  ];
}

// Details are free: what is not of this form is somebody else's.
function boundsIn(seq: number, value: unknown, id: string): LowerBound[] {
  if (!Array.isArray(value)) return [];
  return (value as readonly unknown[]).flatMap((one) => {
    if (typeof one !== 'object' || one === null) return [];
    const { evidence, time, digest } = one as Readonly<Record<string, unknown>>;
    if (evidence !== id || typeof time !== 'string' || typeof digest !== 'string') return [];
    const us = parseRfc3339(time);
    return us === undefined ? [] : [{ seq, time, us, digest }];
  });
}
