/** A ledger's end can be cut off without a trace inside it; only a hash kept elsewhere shows that. */
import type { Check } from '../core/check.ts';
import { sameHex } from '../core/digest.ts';
import { ExhibitError } from '../core/errors.ts';

/**
 * A head as a person typed it from paper: 64 hex digits in either case, blanks and colons between them allowed.
 * @throws ExhibitError `E_USAGE`.
 */
export function parseHead(text: string): string {
  const digits = text.replace(/[\s:]/g, '').toLowerCase();
  if (/^[0-9a-f]{64}$/.test(digits)) return digits;
  throw new ExhibitError('E_USAGE', 'a head is 64 hex digits: the SHA-256 of a ledger entry', {
    hint: 'type all of them from the paper form; `exhibit custody verify` prints the present one',
  });
}

/**
 * `ledger.head`: the entry that somebody outside wrote down is still there. What came after it is not anchored.
 * @param entries number and hash of every entry's file, in order.
 */
export function headCheck(
  entries: readonly { readonly seq: number; readonly hash: string }[],
  head: string | undefined,
): Check {
  const id = 'ledger.head';
  const subject = 'custody';
  if (head === undefined) {
    const detail =
      'no external anchor: that the last entries were cut off cannot be seen without a head kept elsewhere; give --head HEX';
    return { id, subject, status: 'not_checked', detail };
  }
  const found = entries.find((entry) => sameHex(entry.hash, head));
  if (found === undefined) {
    const detail = `no entry has the given head ${head}: entries were cut off or changed, or this is another ledger`;
    return { id, subject, status: 'fail', detail };
  }
  const later = entries.filter((entry) => entry.seq > found.seq).length;
  const rest =
    later === 0 ? 'it is the last one' : `${String(later)} later, which it does not anchor`;
  const detail = `entry ${String(found.seq)} has the given head; ${rest}`;
  return { id, subject, status: 'pass', detail };
}
