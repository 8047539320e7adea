/** Judges certificates with node:crypto alone. The anchor is what the verifier gives, never what a package brings. */
import { X509Certificate } from 'node:crypto';
import { sha256Hex } from '../core/digest.ts';
import { ExhibitError } from '../core/errors.ts';
import { formatUs } from '../core/time.ts';
import { EXTENSION, readCertificateFields } from './certificate-read.ts';
import { keyUsage } from './chain.ts';
import { DerError } from './der-read.ts';
import { keyProblem } from './key-policy.ts';

/** Lower-case hex SHA-256 of a certificate's DER. */
export function fingerprint(certificate: X509Certificate): string {
  return sha256Hex(certificate.raw);
}

/** A fingerprint as `openssl x509 -fingerprint -sha256` prints it: upper-case pairs with colons. */
export function fingerprintWithColons(hex: string): string {
  return (hex.toUpperCase().match(/../g) ?? []).join(':');
}

/**
 * Reads a certificate.
 * @param data PEM or DER.
 * @param file its name, for the message.
 * @throws ExhibitError `E_FORMAT` when it is none.
 */
export function readCertificate(data: string | Uint8Array, file: string): X509Certificate {
  try {
    return new X509Certificate(data);
  } catch (error) {
    throw new ExhibitError('E_FORMAT', 'the file is not an X.509 certificate', {
      where: { file },
      cause: error,
    });
  }
}

/**
 * Why a certificate cannot be a trust anchor; `undefined` when it can: a self-signed CA with a strong RSA key.
 */
export function rootProblem(root: X509Certificate): string | undefined {
  if (!root.ca) return 'the root certificate is not a certificate authority';
  const weak = keyProblem(root, 'own');
  if (weak !== undefined) return `the root certificate: ${weak}`;
  if (!root.checkIssued(root) || !root.verify(root.publicKey)) {
    return 'the root certificate is not signed by its own key';
  }
  return undefined;
}

/**
 * Why a certificate cannot speak for the root at a time; `undefined` when it can: {@link issuanceProblem} and
 * {@link validityProblem}.
 * @param atUs claimed signing time, microseconds UTC.
 */
export function signerProblem(
  certificate: X509Certificate,
  root: X509Certificate,
  atUs: number,
): string | undefined {
  return issuanceProblem(certificate, root) ?? validityProblem(certificate, root, atUs);
}

/**
 * Why a certificate can never speak for the root; `undefined` when it can: issued and signed by the root, not a CA itself,
 * RSA of at least 3072 bits with e = 65537.
 */
export function issuanceProblem(
  certificate: X509Certificate,
  root: X509Certificate,
): string | undefined {
  const unfit = ownKeyProblem(certificate);
  if (unfit !== undefined) return unfit;
  if (!certificate.checkIssued(root)) return 'the signer certificate was not issued by this root';
  if (!certificate.verify(root.publicKey)) {
    return 'the signature on the signer certificate is not by this root';
  }
  return undefined;
}

/** Why a certificate can never sign for a case, whoever issued it; `undefined` when it can. */
export function ownKeyProblem(certificate: X509Certificate): string | undefined {
  if (certificate.ca || mightIssue(certificate)) {
    return 'the signer certificate is a certificate authority, or some programs take it for one';
  }
  const weak = keyProblem(certificate, 'own');
  return weak === undefined ? undefined : `the signer certificate: ${weak}`;
}

/**
 * Without basicConstraints OpenSSL still takes a certificate for an authority that is of version 1, may sign certificates, or
 * has Netscape's old extension (`check_ca` of OpenSSL's crypto/x509/v3_purp.c).
 */
function mightIssue(certificate: X509Certificate): boolean {
  try {
    const { extensions } = readCertificateFields(certificate.raw);
    const usage = extensions.get(EXTENSION.keyUsage);
    return (
      extensions.has(NETSCAPE_CERT_TYPE) ||
      (usage !== undefined && keyUsage(usage.value).includes(KEY_CERT_SIGN))
    );
  } catch (error) {
    // Also of version 1.
    if (error instanceof DerError) return true;
    throw error;
  }
}

const NETSCAPE_CERT_TYPE = '2.16.840.1.113730.1.1';
/** RFC 5280 section 4.2.1.3. */
const KEY_CERT_SIGN = 5;

/** Why certificate or root are not valid at a time, microseconds UTC; both edges are inside. */
export function validityProblem(
  certificate: X509Certificate,
  root: X509Certificate,
  atUs: number,
): string | undefined {
  for (const [name, one] of [
    ['signer', certificate],
    ['root', root],
  ] as const) {
    // Written so that a date that cannot be read (NaN) is refused.
    if (!(atUs >= one.validFromDate.getTime() * 1000)) {
      return `the ${name} certificate was not yet valid at ${formatUs(atUs)}`;
    }
    if (!(atUs <= one.validToDate.getTime() * 1000)) {
      return `the ${name} certificate had expired at ${formatUs(atUs)}`;
    }
  }
  return undefined;
}
