/**
 * Verifies our own signatures by rebuild and compare: the certificate, the time and the RSA block are taken out, the
 * CMS is encoded again from them and the file's hash, and must give the very bytes that were read. What is left to
 * judge is one RSA block and one certificate, and node:crypto does that. A signature of any other form is refused.
 */
import { createHash, verify, X509Certificate } from 'node:crypto';
import { encodeSignedAttributes, encodeSignedData, signedDataParts } from './cms.ts';
import { content, decode, encode, readTime } from './der.ts';
import { fingerprint, signerProblem } from './trust.ts';

/** Larger than any signature of ours (about 1.8 KiB with long names); bounds what an attacker makes us parse. */
const MAX_SIGNATURE_BYTES = 64 * 1024;

/** What a good signature says, or why it is none. Never thrown: bad bytes are an answer. */
export type SignatureVerdict =
  | {
      readonly ok: true;
      readonly certificate: X509Certificate;
      /** Lower-case hex SHA-256 of the certificate's DER. */
      readonly fingerprint: string;
      /** Claimed by the signer; microseconds UTC, whole seconds. */
      readonly signingTimeUs: number;
    }
  | { readonly ok: false; readonly reason: string };

/**
 * True mathematics only: the signature is of this content by the embedded certificate's key, in our one form. Whether
 * that certificate is to be trusted is a separate question: ask {@link verifyBy}, or `signerProblem`.
 */
export function verifyForm(bytes: Uint8Array, signature: Uint8Array): SignatureVerdict {
  if (signature.length > MAX_SIGNATURE_BYTES) return refuse('the signature file is too large');
  try {
    return judge(bytes, signature);
  } catch {
    // Everything below reads an attacker's bytes, and forge and OpenSSL throw plain errors of many kinds on them.
    return refuse('the signature file is not a CMS signature of the documented form');
  }
}

function judge(bytes: Uint8Array, signature: Uint8Array): SignatureVerdict {
  const found = signedDataParts(decode(signature));
  const certificate = new X509Certificate(encode(found.certificate));
  const signingTimeUs = readTime(found.signingTime);
  const block = content(found.signature);
  const attributes = { digest: createHash('sha256').update(bytes).digest(), signingTimeUs };
  if (!encodeSignedData(found.certificate, attributes, block).equals(signature)) {
    return refuse('the signature is not of these bytes, or not of the documented form');
  }
  const key = certificate.publicKey;
  if (key.asymmetricKeyType !== 'rsa') return refuse('the signer certificate has no RSA key');
  if (!verify('sha256', encodeSignedAttributes(attributes), key, block)) {
    return refuse('the RSA signature is wrong');
  }
  return { ok: true, certificate, fingerprint: fingerprint(certificate), signingTimeUs };
}

/** Whose signature is expected. */
export interface Expected {
  /** The verifier's anchor (checked with `rootProblem` once by the caller). */
  readonly root: X509Certificate;
  /** The certificate that the signed file itself names, lower-case hex SHA-256. */
  readonly fingerprint: string;
}

/** {@link verifyForm}, and the certificate is the expected one, speaks for the root, and was valid at signing. */
export function verifyBy(
  bytes: Uint8Array,
  signature: Uint8Array,
  expected: Expected,
): SignatureVerdict {
  const verdict = verifyForm(bytes, signature);
  if (!verdict.ok) return verdict;
  if (verdict.fingerprint !== expected.fingerprint) {
    return refuse('the signature is by another certificate than the file names');
  }
  const problem = signerProblem(verdict.certificate, expected.root, verdict.signingTimeUs);
  return problem === undefined ? verdict : refuse(problem);
}

function refuse(reason: string): SignatureVerdict {
  return { ok: false, reason };
}
