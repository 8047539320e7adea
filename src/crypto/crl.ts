/** Certificate revocation lists (RFC 5280 section 5) of a case's root: whole lists, made with `openssl ca -gencrl` or the like. */
import type { Buffer } from 'node:buffer';
import { verify, type X509Certificate } from 'node:crypto';
import { signatureAlgorithm } from './algorithms.ts';
import {
  EXTENSION,
  readCertificateFields,
  readExtensions,
  type Extension,
} from './certificate-read.ts';
import { keyUsage } from './chain.ts';
import {
  contextTag,
  DerError,
  Fields,
  members,
  only,
  readDer,
  smallNatural,
  TAG,
  timeOf,
  wholeBits,
  type Der,
} from './der-read.ts';
import type { Revocation } from './judge-signer.ts';
import { pemBlocks } from './pem.ts';

/** Room for ten thousand certificates; bounds what a hostile list makes us read. */
const MAX_BYTES = 512 * 1024;

const OID = { reasonCode: '2.5.29.21', invalidityDate: '2.5.29.24' };
/** RFC 5280 section 4.2.1.3. */
const CRL_SIGN = 6;

/** RFC 5280 section 5.3.1, by number; 7 is not used, 8 belongs in delta lists. */
const REASONS: Readonly<Record<number, string>> = {
  0: 'unspecified',
  1: 'keyCompromise',
  2: 'cACompromise',
  3: 'affiliationChanged',
  4: 'superseded',
  5: 'cessationOfOperation',
  6: 'certificateHold',
  9: 'privilegeWithdrawn',
  10: 'aACompromise',
};

/** A list, or why it is none of this root's. Bad bytes are an answer, never thrown. */
export type CrlVerdict =
  | {
      readonly ok: true;
      readonly revocations: readonly Revocation[];
      /** When it was issued, microseconds UTC: it knows nothing of later days. */
      readonly thisUpdateUs: number;
    }
  | { readonly ok: false; readonly reason: string };

/**
 * Reads a revocation list and checks that the root signed it.
 * @param bytes PEM or DER, one list.
 * @param root a usable anchor (`rootProblem`).
 * @param source its name for messages: `pki/crl.pem`.
 */
export function readCrl(bytes: Uint8Array, root: X509Certificate, source: string): CrlVerdict {
  if (bytes.length > MAX_BYTES) return { ok: false, reason: 'the revocation list is too large' };
  try {
    return judge(bytes, root, source);
  } catch (error) {
    // An attacker's bytes; OpenSSL throws plain errors of many kinds on them.
    const why = error instanceof DerError ? error.message : 'it cannot be read';
    return { ok: false, reason: `not a good revocation list: ${why}` };
  }
}

function judge(bytes: Uint8Array, root: X509Certificate, source: string): CrlVerdict {
  const [der, ...more] = pemBlocks(bytes, 'X509 CRL');
  if (der === undefined || more.length > 0) throw new DerError('not exactly one list');
  const issuer = readCertificateFields(root.raw);
  const list = new Fields(readDer(der));
  const tbs = list.take(TAG.sequence);
  const outer = list.take(TAG.sequence);
  const signature = wholeBits(list.take());
  list.end();
  const fields = new Fields(tbs);
  const version = fields.maybe(TAG.integer);
  if (version !== undefined && smallNatural(version) !== 1)
    throw new DerError('an unknown version');
  const inner = fields.take(TAG.sequence);
  const { key, hash } = signatureAlgorithm(inner);
  // RFC 5280 section 5.1.1.2: both must say the same, and only one of them is signed.
  if (!inner.bytes.equals(outer.bytes) || key !== 'rsa' || hash === undefined) {
    throw new DerError('its signature algorithm is not RSA with SHA-2, named twice alike');
  }
  if (!fields.take(TAG.sequence).bytes.equals(issuer.subject)) {
    throw new DerError('it was not issued by this root');
  }
  const usage = issuer.extensions.get(EXTENSION.keyUsage);
  if (usage !== undefined && !keyUsage(usage.value).includes(CRL_SIGN)) {
    throw new DerError('this root may not issue lists');
  }
  if (!verify(hash, tbs.bytes, root.publicKey, signature)) {
    throw new DerError('its signature is not by this root');
  }
  const thisUpdateUs = timeOf(fields.take(), 'whole seconds');
  const next = fields.maybe(TAG.utcTime) ?? fields.maybe(TAG.generalizedTime);
  if (next !== undefined) timeOf(next, 'whole seconds');
  const revoked = fields.maybe(TAG.sequence);
  const extensions = fields.maybe(contextTag(0, 'constructed'));
  fields.end();
  // Partial, indirect and delta lists say so in a critical extension.
  if (extensions !== undefined) refuseCritical(readExtensions(only(extensions, extensions.tag)));
  return {
    ok: true,
    revocations:
      revoked === undefined ? [] : members(revoked).map((one) => revocation(one, source)),
    thisUpdateUs,
  };
}

/** RFC 5280 section 5.1.2.6 and 5.3. */
function revocation(node: Der, source: string): Revocation {
  const fields = new Fields(node);
  const serialNumber = serialText(fields.take(TAG.integer).body);
  const revokedUs = timeOf(fields.take(), 'whole seconds');
  const extensions = fields.more ? readExtensions(fields.take()) : new Map<string, Extension>();
  fields.end();
  refuseCritical(extensions);
  const reason = extensions.get(OID.reasonCode);
  const number = reason === undefined ? 0 : smallNatural(readDer(reason.value), TAG.enumerated);
  const since = extensions.get(OID.invalidityDate);
  const sinceUs = since === undefined ? revokedUs : timeOf(readDer(since.value), 'whole seconds');
  return {
    serialNumber,
    // The key may have been in other hands before anybody noticed (section 5.3.2).
    fromUs: Math.min(revokedUs, sinceUs),
    reason: REASONS[number] ?? 'unspecified',
    source,
  };
}

function refuseCritical(extensions: ReadonlyMap<string, Extension>): void {
  for (const [oid, { critical }] of extensions) {
    if (critical) throw new DerError(`it insists on the extension ${oid}`);
  }
}

/** As node's `X509Certificate.serialNumber` writes it. */
function serialText(body: Buffer): string {
  const [first, second] = body;
  const digits = first === 0 && second !== undefined ? body.subarray(1) : body;
  return digits.toString('hex').toUpperCase();
}
