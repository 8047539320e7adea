/**
 * A ledger's end can be cut off without a trace inside it, and a ledger can go on differently in two places. Only what is
 * kept elsewhere shows that: a head on paper, a checkpoint, a countersigned entry, or what this machine saw before.
 */
import type { Check } from '../core/check.ts';
import { ExhibitError } from '../core/errors.ts';
import { SHORT_DIGITS, wordsToHex } from './paper.ts';
import type { Pin } from './pin.ts';

/** What of a ledger is compared. */
export interface LedgerShape {
  readonly caseId: string | undefined;
  /** SHA-256 of every entry's file, in order. */
  readonly hashes: readonly string[];
  /** Roots over the first 1, 2, ... entries, hex. */
  readonly roots: readonly string[];
}

/**
 * A head as a person typed it from paper: the 64 hex digits of an entry's hash or of a tree's root, the 32 digits of a
 * root's short form, or its twelve words; blanks, colons and case do not matter. Gives the hex digits.
 * @throws ExhibitError `E_USAGE`.
 */
export function parseHead(text: string): string {
  const digits = text.replace(/[\s:]/g, '').toLowerCase();
  const known = digits.length === 64 || digits.length === SHORT_DIGITS;
  const hex = known && /^[0-9a-f]+$/.test(digits) ? digits : wordsToHex(text);
  if (hex !== undefined) return hex;
  throw new ExhibitError(
    'E_USAGE',
    'a head is 64 hex digits, or the 32 digits or twelve words of a checkpoint',
    {
      hint: 'type all of it from the paper form; `exhibit custody verify` prints the present head',
    },
  );
}

/** Number of entries that a head anchors; undefined when the ledger does not have it. */
function entriesUpTo({ hashes, roots }: LedgerShape, head: string): number | undefined {
  const whole = head.length === 64 ? hashes.indexOf(head) : -1;
  const found = whole >= 0 ? whole : roots.findIndex((root) => root.startsWith(head));
  return found < 0 ? undefined : found + 1;
}

/** Something outside that was found in the ledger, up to which entry. */
export interface Anchored {
  readonly by: string;
  readonly size: number;
}

/**
 * `ledger.head`: does anything outside the case say how far the ledger goes? What came after it is not anchored.
 * @param others what was found besides the head.
 */
export function headCheck(
  shape: LedgerShape,
  head: string | undefined,
  others: readonly Anchored[],
): Check {
  const id = 'ledger.head';
  const subject = 'custody';
  const found = head === undefined ? undefined : entriesUpTo(shape, head);
  if (head !== undefined && found === undefined) {
    const detail = `no entry has the given head ${head}: entries were cut off or changed, or this is another ledger`;
    return { id, subject, status: 'fail', detail };
  }
  const all = [...(found === undefined ? [] : [{ by: 'the given head', size: found }]), ...others];
  const [best] = all.toSorted((a, b) => b.size - a.size);
  if (best === undefined) {
    const detail =
      'no external anchor: that the last entries were cut off cannot be seen without a head, checkpoint, countersignature or time-stamp kept elsewhere; give --head HEX or --anchor FILE';
    return { id, subject, status: 'not_checked', detail };
  }
  const later = shape.hashes.length - best.size;
  const rest =
    later === 0 ? 'it is the last one' : `${String(later)} later, which it does not anchor`;
  const words =
    best.by === 'the given head'
      ? `entry ${String(best.size)} has the given head`
      : `anchored up to entry ${String(best.size)} by ${best.by}`;
  return { id, subject, status: 'pass', detail: `${words}; ${rest}` };
}

/** `ledger.pin`: the ledger goes on from what this machine saw. Shows both where it does not. */
export function pinCheck(shape: LedgerShape, pin: Pin, rootCertificate: string | undefined): Check {
  const answer = (status: Check['status'], detail: string): Check => ({
    id: 'ledger.pin',
    subject: 'custody',
    status,
    detail,
  });
  const seen = `this machine saw ${String(pin.size)} entries with root ${pin.root} on ${pin.at}`;
  if (rootCertificate !== undefined && rootCertificate !== pin.root_certificate) {
    return answer(
      'fail',
      `another root certificate: ${seen} under ${pin.root_certificate}, here is ${rootCertificate}`,
    );
  }
  const size = shape.roots.length;
  if (size < pin.size) {
    const here = `here are ${String(size)} with root ${shape.roots.at(-1) ?? 'none'}`;
    return answer('fail', `ROLLED BACK: ${seen}; ${here}`);
  }
  const then = shape.roots[pin.size - 1];
  return then === pin.root
    ? answer('pass', `${seen}; this ledger goes on from there`)
    : answer('fail', `FORK: ${seen}; here the first ${String(pin.size)} have root ${then ?? ''}`);
}
