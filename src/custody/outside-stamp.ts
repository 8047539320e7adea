/** A time-stamp that was kept outside the case: the signature that it stamps must still be in the ledger. */
import type { Check } from '../core/check.ts';
import { verifyTimestamp } from '../crypto/timestamp.ts';
import { formatUs } from '../core/time.ts';
import type { StampTrust } from '../stamps/trust.ts';
import type { Judged, SignedFile } from './outside.ts';

/** A signature in the ledger, and how many entries it speaks for. */
export interface Stampable {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly size: number;
}

/** True for the name of an authority's answer. */
export function isStamp({ name }: SignedFile): boolean {
  return /\.tsr(?:\.\d{1,3})?$/.test(name);
}

/** `ledger.anchor` of a time-stamp. Whoever keeps it knows by it that the stamped signature existed, whoever stamped it. */
export function judgeOutsideStamp(
  file: SignedFile,
  signatures: readonly Stampable[],
  trust: StampTrust,
): Judged {
  const answer = (status: Check['status'], detail: string): Check => ({
    id: 'ledger.anchor',
    subject: file.name,
    status,
    detail,
  });
  let reason = 'there is no signature';
  for (const { name, bytes, size } of signatures) {
    const verdict = verifyTimestamp(file.bytes, { stamped: bytes, request: undefined, ...trust });
    if (!verdict.ok) {
      reason = verdict.reason;
      continue;
    }
    const by = verdict.trusted ? verdict.name : `${verdict.name}, whom no given root vouches for`;
    const detail = `it stamps ${name} at ${formatUs(verdict.genTimeUs)} (${by})`;
    return { check: answer('pass', detail), anchored: { by: file.name, size } };
  }
  const detail = `it stamps no signature of this ledger: entries were cut off or changed, or this is another ledger (${reason})`;
  return { check: answer('fail', detail), anchored: undefined };
}
