/**
 * CMS SignedData (RFC 5652) in the one form exhibit writes: detached, DER, one signer, only the signer's certificate,
 * SHA-256 with RSA PKCS#1 v1.5, and three signed attributes. The attributes stand in DER order (contentType,
 * signingTime, messageDigest): GnuTLS refuses any other although OpenSSL does not look.
 *
 * The same encoder serves verification: what was read is encoded again and must give the same bytes (cms-verify.ts).
 */
import type { Buffer } from 'node:buffer';
import {
  algorithm,
  contextZero,
  encode,
  integer,
  member,
  octets,
  oid,
  sequence,
  set,
  time,
  type Asn1,
} from './der.ts';

const OID = {
  data: '1.2.840.113549.1.7.1',
  signedData: '1.2.840.113549.1.7.2',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingTime: '1.2.840.113549.1.9.5',
  sha256: '2.16.840.1.101.3.4.2.1',
  rsaEncryption: '1.2.840.113549.1.1.1',
};

/** What the signed attributes say. */
export interface SignedAttributes {
  /** SHA-256 of the signed file. */
  readonly digest: Uint8Array;
  /** Claimed time, microseconds UTC, cut to the second. */
  readonly signingTimeUs: number;
}

/** DER of the signed attributes as a SET: exactly the bytes that the RSA signature covers (RFC 5652 section 5.4). */
export function encodeSignedAttributes(attributes: SignedAttributes): Buffer {
  return encode(set(...attributeNodes(attributes)));
}

/**
 * DER of the whole SignedData.
 * @param certificate the signer's certificate, parsed.
 * @param signature RSA signature over {@link encodeSignedAttributes}.
 */
export function encodeSignedData(
  certificate: Asn1,
  attributes: SignedAttributes,
  signature: Uint8Array,
): Buffer {
  const { issuer, serial } = issuerAndSerial(certificate);
  const signerInfo = sequence(
    integer(1),
    sequence(issuer, serial),
    algorithm(OID.sha256),
    contextZero(...attributeNodes(attributes)),
    algorithm(OID.rsaEncryption),
    octets(signature),
  );
  const signedData = sequence(
    integer(1),
    set(algorithm(OID.sha256)),
    sequence(oid(OID.data)),
    contextZero(certificate),
    set(signerInfo),
  );
  return encode(sequence(oid(OID.signedData), contextZero(signedData)));
}

/** Nodes of a parsed SignedData that carry information; the rest is the same in every one. */
export function signedDataParts(node: Asn1): {
  readonly certificate: Asn1;
  readonly signingTime: Asn1;
  readonly signature: Asn1;
} {
  const signedData = member(member(node, 1), 0);
  const signerInfo = member(member(signedData, 4), 0);
  return {
    certificate: member(member(signedData, 3), 0),
    signingTime: member(member(member(member(signerInfo, 3), 1), 1), 0),
    signature: member(signerInfo, 5),
  };
}

function attributeNodes({ digest, signingTimeUs }: SignedAttributes): Asn1[] {
  const attribute = (type: string, value: Asn1): Asn1 => sequence(oid(type), set(value));
  return [
    attribute(OID.contentType, oid(OID.data)),
    attribute(OID.signingTime, time(signingTimeUs)),
    attribute(OID.messageDigest, octets(digest)),
  ];
}

/** RFC 5280 section 4.1: version, serialNumber, signature, issuer are the first four fields of a v3 certificate. */
function issuerAndSerial(certificate: Asn1): { readonly issuer: Asn1; readonly serial: Asn1 } {
  const tbs = member(certificate, 0);
  return { serial: member(tbs, 1), issuer: member(tbs, 3) };
}
