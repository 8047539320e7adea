/**
 * Who may sign for a case, as its ledger says: `key-added` vouches for a certificate of somebody else's, `key-revoked` takes
 * one back. What such an entry says counts only if its own signer was entitled to sign it.
 */
import type { X509Certificate } from 'node:crypto';
import { parseRfc3339 } from '../core/time.ts';
import type { SignatureVerdict } from '../crypto/cms-verify.ts';
import {
  judgeSigner,
  type ProvenTime,
  type Revocation,
  type SignerAnswer,
} from '../crypto/judge-signer.ts';
import type { Entry } from './entry.ts';

/** A `key-added` entry's details. */
export interface AddedKey {
  /** SHA-256 of the certificate. */
  readonly certificate: string;
  readonly name: string;
  readonly organization?: string;
  readonly role: string;
  /** `issued` by the case's root; `registered`: made elsewhere, and good for this case because this entry says so. */
  readonly how: 'issued' | 'registered';
}

/** An entry with the verdict on its signature (form and mathematics only). */
export interface SignedEntry {
  readonly seq: number;
  /** Relative to the case. */
  readonly file: string;
  readonly entry: Entry;
  /** Undefined without a signature. */
  readonly verdict: SignatureVerdict | undefined;
}

/** Everybody who may sign, and until when. */
export interface Signers {
  /** Certificates that an entry vouches for, by SHA-256, with the number of that entry. */
  readonly vouched: ReadonlyMap<string, number>;
  readonly revocations: readonly Revocation[];
}

/** What {@link judgeIn} is asked about a good signature. */
export interface Question {
  readonly fingerprint: string;
  readonly certificate: X509Certificate;
  /** The verifier's anchor. */
  readonly root: X509Certificate;
  /** Microseconds UTC. */
  readonly claimedUs: number;
  readonly proven?: ProvenTime | undefined;
  /** Number of the entry that is signed, or that vouches for the signed file. */
  readonly seq?: number | undefined;
}

/**
 * Collects who may sign.
 * @param entries in order.
 * @param others revocations from elsewhere (a revocation list).
 */
export function signersOf(
  entries: readonly SignedEntry[],
  root: X509Certificate,
  others: readonly Revocation[] = [],
): Signers {
  const vouched = new Map<string, number>();
  const revocations = [...others];
  for (const one of entries) {
    const added = addedKey(one.entry);
    const revoked = revocationOf(one);
    if (added === undefined && revoked === undefined) continue;
    const { verdict } = one;
    if (verdict?.ok !== true || verdict.fingerprint !== one.entry.actor.cert) continue;
    const { status } = judgeIn(
      { vouched, revocations },
      { ...verdict, root, claimedUs: verdict.signingTimeUs, seq: one.seq },
    );
    if (status === 'fail') continue;
    if (added?.how === 'registered') vouched.set(added.certificate, one.seq);
    if (revoked !== undefined) revocations.push(revoked);
  }
  return { vouched, revocations };
}

/** Judges the signer of a good signature: {@link judgeSigner} with what the ledger knows. */
export function judgeIn({ vouched, revocations }: Signers, question: Question): SignerAnswer {
  const since = vouched.get(question.fingerprint);
  // The certificate is vouched for from that entry on; what lies outside the ledger's order may use it at any time.
  const known = since !== undefined && (question.seq === undefined || question.seq > since);
  return judgeSigner({ ...question, revocations, vouched: known });
}

/** What a `key-added` entry says; undefined for any other entry, and for one that does not say it. */
export function addedKey({ event, details }: Entry): AddedKey | undefined {
  if (event !== 'key-added' || details === undefined) return undefined;
  const { certificate, name, organization, role, how } = details;
  if (typeof certificate !== 'string' || !HEX.test(certificate)) return undefined;
  if (typeof name !== 'string' || typeof role !== 'string') return undefined;
  if (organization !== undefined && typeof organization !== 'string') return undefined;
  if (how !== 'issued' && how !== 'registered') return undefined;
  return { certificate, name, ...(organization === undefined ? {} : { organization }), role, how };
}

function revocationOf({ seq, file, entry }: SignedEntry): Revocation | undefined {
  const { event, details, at } = entry;
  if (event !== 'key-revoked' || details === undefined) return undefined;
  const { certificate, from, reason } = details;
  if (typeof certificate !== 'string' || !HEX.test(certificate)) return undefined;
  // A time that cannot be read revokes from the beginning.
  const fromUs = parseRfc3339(typeof from === 'string' ? from : at) ?? 0;
  const why = typeof reason === 'string' ? reason : 'unspecified';
  return { fingerprint: certificate, fromUs, reason: why, source: file, seq };
}

const HEX = /^[0-9a-f]{64}$/;
