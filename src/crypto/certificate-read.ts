/** What node's X509Certificate does not tell of a certificate (RFC 5280 section 4.1), read strictly from its DER. */
import type { Buffer } from 'node:buffer';
import { X509Certificate } from 'node:crypto';
import { signatureAlgorithm } from './algorithms.ts';
import {
  contextTag,
  DerError,
  Fields,
  members,
  oidText,
  only,
  readDer,
  smallNatural,
  TAG,
  truth,
  type Der,
} from './der-read.ts';

/** One extension. */
export interface Extension {
  readonly critical: boolean;
  /** What its OCTET STRING holds. */
  readonly value: Buffer;
}

/** A certificate and the fields that chains and signatures refer to. */
export interface CertificateFields {
  readonly x509: X509Certificate;
  /** DER of the serial number's contents, the issuer's and the subject's Name. */
  readonly serial: Buffer;
  readonly issuer: Buffer;
  readonly subject: Buffer;
  /** By dotted identifier. */
  readonly extensions: ReadonlyMap<string, Extension>;
}

/** Extensions of RFC 5280 section 4.2 that are looked at here. */
export const EXTENSION = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  basicConstraints: '2.5.29.19',
  extendedKeyUsage: '2.5.29.37',
} as const;

/** @throws DerError, and OpenSSL's error where it reads less than we do. */
export function readCertificateFields(der: Uint8Array): CertificateFields {
  const certificate = new Fields(readDer(der));
  const tbs = new Fields(certificate.take(TAG.sequence));
  const outer = certificate.take(TAG.sequence);
  certificate.take(TAG.bitString);
  certificate.end();
  const version = tbs.maybe(contextTag(0, 'constructed'));
  if (version === undefined || smallNatural(only(version, version.tag)) !== 2) {
    throw new DerError('not a version 3 certificate');
  }
  const serial = tbs.take(TAG.integer).body;
  const inner = tbs.take(TAG.sequence);
  // RFC 5280 section 4.1.1.2: both must say the same, and only one of them is signed.
  if (!inner.bytes.equals(outer.bytes)) throw new DerError('two signature algorithms');
  signatureAlgorithm(inner);
  const issuer = tbs.take(TAG.sequence).bytes;
  tbs.take(TAG.sequence);
  const subject = tbs.take(TAG.sequence).bytes;
  tbs.take(TAG.sequence);
  tbs.maybe(contextTag(1, 'primitive'));
  tbs.maybe(contextTag(2, 'primitive'));
  const extensions = tbs.maybe(contextTag(3, 'constructed'));
  tbs.end();
  return {
    x509: new X509Certificate(der),
    serial,
    issuer,
    subject,
    extensions:
      extensions === undefined ? new Map() : readExtensions(only(extensions, extensions.tag)),
  };
}

/** Extensions of a certificate, list or token (RFC 5280 section 4.1.2.9); each one once. @throws DerError. */
export function readExtensions(node: Der, tag: number = TAG.sequence): Map<string, Extension> {
  const found = new Map<string, Extension>();
  for (const member of members(node, tag)) {
    const fields = new Fields(member);
    const oid = oidText(fields.take(TAG.oid));
    const flag = fields.maybe(TAG.boolean);
    const critical = flag !== undefined && truth(flag);
    const value = fields.take(TAG.octetString).body;
    fields.end();
    if (found.has(oid)) throw new DerError(`the extension ${oid} twice`);
    found.set(oid, { critical, value });
  }
  return found;
}

/** Purposes of the extended key usage (RFC 5280 section 4.2.1.12); undefined: no such extension. @throws DerError. */
export function purposes(extensions: ReadonlyMap<string, Extension>): string[] | undefined {
  const found = extensions.get(EXTENSION.extendedKeyUsage);
  return found === undefined ? undefined : members(readDer(found.value)).map(oidText);
}

/** How many authorities may follow this one (RFC 5280 section 4.2.1.9); undefined: any number. @throws DerError. */
export function pathLength(extensions: ReadonlyMap<string, Extension>): number | undefined {
  const found = extensions.get(EXTENSION.basicConstraints);
  if (found === undefined) return undefined;
  const fields = new Fields(readDer(found.value));
  fields.maybe(TAG.boolean);
  const length = fields.maybe(TAG.integer);
  fields.end();
  return length === undefined ? undefined : smallNatural(length);
}
