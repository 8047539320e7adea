/**
 * Makes X.509 v3 certificates (RFC 5280). node-forge writes the structure, node:crypto signs: forge's `sign` is given a
 * digest that only collects the bytes and a key that hands them to `crypto.sign`.
 */
import { createPublicKey, randomBytes, sign, type KeyObject } from 'node:crypto';
import { Buffer } from 'node:buffer';
import forge from 'node-forge';

/** Whom a certificate names. Free text, written as UTF8String. */
export interface SubjectName {
  readonly commonName: string;
  readonly organization?: string;
}

/** A certificate to be made. Times are microseconds UTC, cut to the second. */
interface Plan {
  readonly subject: SubjectName;
  readonly issuer: SubjectName;
  readonly publicKey: forge.pki.rsa.PublicKey;
  readonly notBeforeUs: number;
  readonly years: number;
  readonly extensions: readonly object[];
  readonly issuerKey: KeyObject;
}

/** Evidence is asked for long after it was sealed: the anchor outlives the examiner's certificate. */
const ROOT_YEARS = 20;
const EXAMINER_YEARS = 10;

/** PEM of a self-signed root certificate: it may sign certificates and revocation lists, nothing else. */
export function makeRootCertificate(
  subject: SubjectName,
  key: KeyObject,
  notBeforeUs: number,
): string {
  const publicKey = forgePublicKey(key);
  return make({
    subject,
    issuer: subject,
    publicKey,
    notBeforeUs,
    years: ROOT_YEARS,
    extensions: [
      { name: 'basicConstraints', critical: true, cA: true },
      { name: 'keyUsage', critical: true, keyCertSign: true, cRLSign: true },
      { name: 'subjectKeyIdentifier' },
      { name: 'authorityKeyIdentifier', keyIdentifier: keyIdentifier(publicKey) },
    ],
    issuerKey: key,
  });
}

/**
 * PEM of an examiner's certificate: digitalSignature and nonRepudiation, not a CA, no extended key usage, so that
 * `openssl cms -verify` accepts it for its default purpose.
 */
export function makeExaminerCertificate(
  subject: SubjectName,
  key: KeyObject,
  root: { readonly subject: SubjectName; readonly key: KeyObject },
  notBeforeUs: number,
): string {
  return make({
    subject,
    issuer: root.subject,
    publicKey: forgePublicKey(key),
    notBeforeUs,
    years: EXAMINER_YEARS,
    extensions: [
      { name: 'basicConstraints', critical: true, cA: false },
      { name: 'keyUsage', critical: true, digitalSignature: true, nonRepudiation: true },
      { name: 'subjectKeyIdentifier' },
      { name: 'authorityKeyIdentifier', keyIdentifier: keyIdentifier(forgePublicKey(root.key)) },
    ],
    issuerKey: root.key,
  });
}

function make(plan: Plan): string {
  const certificate = forge.pki.createCertificate();
  const notBefore = new Date(Math.floor(plan.notBeforeUs / 1_000_000) * 1000);
  const notAfter = new Date(notBefore);
  notAfter.setUTCFullYear(notBefore.getUTCFullYear() + plan.years);
  certificate.publicKey = plan.publicKey;
  certificate.serialNumber = serialNumber();
  certificate.validity.notBefore = notBefore;
  certificate.validity.notAfter = notAfter;
  certificate.setSubject(attributes(plan.subject));
  certificate.setIssuer(attributes(plan.issuer));
  certificate.setExtensions([...plan.extensions]);
  let signed = Buffer.alloc(0);
  const digest = {
    algorithm: 'sha256',
    update: (bytes: string) => {
      signed = Buffer.from(bytes, 'latin1');
    },
  };
  const signer = { sign: () => sign('sha256', signed, plan.issuerKey).toString('latin1') };
  certificate.sign(
    signer as unknown as forge.pki.rsa.PrivateKey,
    digest as unknown as forge.md.MessageDigest,
  );
  return forge.pki.certificateToPem(certificate).replaceAll('\r\n', '\n');
}

/** 127 random bits, positive, its first byte never zero, so that its DER form has one length. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

function attributes(name: SubjectName): forge.pki.CertificateField[] {
  const field = (short: string, value: string): forge.pki.CertificateField => ({
    shortName: short,
    value,
    valueTagClass: forge.asn1.Type.UTF8 as unknown as forge.asn1.Class,
  });
  const fields = [field('CN', name.commonName)];
  return name.organization === undefined ? fields : [field('O', name.organization), ...fields];
}

function forgePublicKey(key: KeyObject): forge.pki.rsa.PublicKey {
  const pem = createPublicKey(key).export({ type: 'spki', format: 'pem' });
  return forge.pki.publicKeyFromPem(pem);
}

/** RFC 5280 section 4.2.1.2 method 1, the form forge writes as the subject key identifier. */
function keyIdentifier(publicKey: forge.pki.rsa.PublicKey): string {
  return forge.pki.getPublicKeyFingerprint(publicKey, { type: 'RSAPublicKey' }).getBytes();
}
