/**
 * Was a signer entitled to sign when he signed? Asked at the proven time of a signature where a time-stamp proves one, else
 * at the time the signer claims; the answer says which. Who the signer is and what a time-stamp proves is for the caller.
 */
import type { X509Certificate } from 'node:crypto';
import type { CheckStatus } from '../core/check.ts';
import { formatUs } from '../core/time.ts';
import { fingerprint, issuanceProblem, ownKeyProblem, validityProblem } from './trust.ts';

/** Reasons of RFC 5280 section 5.3.1 after which nobody can tell who used the key. */
const COMPROMISED: ReadonlySet<string> = new Set([
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'aACompromise',
]);

/** One certificate that is no longer to be believed, from a revocation list (crl.ts) or from a ledger entry. */
export interface Revocation {
  /** Which one: lower-case hex SHA-256 of its DER, as ledger entries name it, ... */
  readonly fingerprint?: string;
  /** ... or its serial number in upper-case hex, as node's `X509Certificate.serialNumber`; its issuer is the root. */
  readonly serialNumber?: string;
  /** From this moment on (microseconds UTC) nothing signed with its key counts. */
  readonly fromUs: number;
  /** A name of RFC 5280 section 5.3.1, `unspecified` where none was given. */
  readonly reason: string;
  /** File that says so, relative to the case: `pki/crl.pem`, `custody/00000009.json`. */
  readonly source: string;
  /** Number of that ledger entry; undefined for a revocation list. */
  readonly seq?: number;
}

/** The moment before which a signature existed for certain. */
export interface ProvenTime {
  /** Microseconds UTC; the latest that the authority's accuracy allows. */
  readonly us: number;
  /** Who says so, for people. */
  readonly by: string;
}

/** What is asked about a good signature. */
export interface SignerQuestion {
  readonly certificate: X509Certificate;
  /** The verifier's anchor (checked with `rootProblem` by the caller). */
  readonly root: X509Certificate;
  /** signingTime of the signature, microseconds UTC. */
  readonly claimedUs: number;
  /** From the earliest good time-stamp of the signature. */
  readonly proven?: ProvenTime | undefined;
  /** All that are known; those of other certificates are passed over. */
  readonly revocations?: readonly Revocation[];
  /** The ledger vouches for this very certificate (`key-added`): who issued it is not asked. */
  readonly vouched?: boolean | undefined;
  /** Number of the ledger entry that was signed, or that vouches for the signed file: order is proof of its own. */
  readonly seq?: number | undefined;
}

/** The answer, as a check has it. */
export interface SignerAnswer {
  readonly status: CheckStatus;
  /** Which time it was judged at. */
  readonly basis: 'proven' | 'claimed';
  /** That time, microseconds UTC. */
  readonly atUs: number;
  /** One sentence; names both times. */
  readonly detail: string;
}

/**
 * Judges a signer:
 *
 * - issued and signed by the root or vouched for by the ledger, not an authority, RSA of at least 3072 bits with e = 65537;
 * - the signature does not claim a time after the proven one (then the claim or the stamp is false);
 * - certificate and root valid at the claimed and at the judged time, both edges included (RFC 5280 section 4.1.2.5);
 * - not revoked at the judged time, and not signed after the ledger entry that revokes.
 *
 * A claim of a time before the revocation of a key that others may hold is worth nothing unless a time-stamp or the
 * order of the ledger bears it out: that is `not_checked`.
 */
export function judgeSigner(question: SignerQuestion): SignerAnswer {
  const { certificate, root, claimedUs, proven } = question;
  const basis = proven === undefined ? 'claimed' : 'proven';
  const atUs = proven?.us ?? claimedUs;
  const times =
    proven === undefined
      ? `claimed ${formatUs(claimedUs)}, proven by nobody`
      : `claimed ${formatUs(claimedUs)}, proven ${formatUs(proven.us)} by ${proven.by}`;
  const answer = (status: CheckStatus, words: string): SignerAnswer => ({
    status,
    basis,
    atUs,
    detail: `${words} (${times})`,
  });
  const problem =
    (question.vouched === true ? ownKeyProblem(certificate) : issuanceProblem(certificate, root)) ??
    (claimedUs > atUs ? 'it claims a time after the time-stamp that covers it' : undefined) ??
    validityProblem(certificate, root, claimedUs) ??
    validityProblem(certificate, root, atUs);
  if (problem !== undefined) return answer('fail', problem);
  let unproven: string | undefined;
  for (const one of revocationsOf(certificate, question.revocations ?? [], root)) {
    const revoked = `the signer certificate was revoked from ${formatUs(one.fromUs)} on (${one.reason}, ${one.source})`;
    const order = one.seq === undefined || question.seq === undefined ? 0 : question.seq - one.seq;
    if (order > 0) return answer('fail', `${revoked}, and this was signed after that entry`);
    // The entry that revokes may be signed by the very key that it revokes.
    const itself = one.seq !== undefined && order === 0 && question.seq !== undefined;
    if (atUs >= one.fromUs && !itself) {
      return answer('fail', `${revoked}, and this was not signed before`);
    }
    if (basis === 'claimed' && order === 0 && !itself && COMPROMISED.has(one.reason)) {
      unproven ??= `${revoked}, and only the signer says that this was signed before`;
    }
  }
  const issued = question.vouched === true ? 'vouched for by the ledger' : 'issued by the root';
  return unproven === undefined
    ? answer('pass', `${issued}, valid and not revoked at the ${basis} time`)
    : answer('not_checked', unproven);
}

/**
 * Those of a certificate: named by its hash, or by its serial number in a list of the root. A number is the issuer's own
 * (RFC 5280 section 4.1.2.2): the list says nothing of a certificate that the root did not sign.
 */
export function revocationsOf(
  certificate: X509Certificate,
  all: readonly Revocation[],
  root: X509Certificate,
): readonly Revocation[] {
  const own = fingerprint(certificate);
  return all.filter(
    (one) =>
      one.fingerprint === own ||
      (one.serialNumber === certificate.serialNumber && certificate.verify(root.publicKey)),
  );
}
