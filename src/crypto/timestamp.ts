/**
 * Verifies time-stamps (RFC 3161; ESS attributes of RFC 2634 and RFC 5035): everything that `openssl ts -verify` looks at and what
 * it leaves out. Which roots are trusted is the verifier's word; without any the rest is still judged.
 */
import { createHash } from 'node:crypto';
import { hashAlgorithm } from './algorithms.ts';
import { EXTENSION, purposes, type CertificateFields } from './certificate-read.ts';
import { chainProblem, keyUsage, nameOf } from './chain.ts';
import { DerError, Fields, members, octetsOf, TAG, type Der } from './der-read.ts';
import { attribute, readSignedData, signerOf, type SignedData } from './signed-data.ts';
import type { TimestampRequest } from './timestamp-request.ts';
import { readTstInfo, TST_INFO, tokenOf } from './timestamp-token.ts';

/** Real ones are below 10 KiB; bounds what an attacker makes us parse. */
export const MAX_RESPONSE_BYTES = 256 * 1024;

const OID = {
  timeStamping: '1.3.6.1.5.5.7.3.8',
  signingCertificate: '1.2.840.113549.1.9.16.2.12',
  signingCertificateV2: '1.2.840.113549.1.9.16.2.47',
};
/** RFC 5280 section 4.2.1.3: digitalSignature and nonRepudiation. */
const SIGNING_BITS = [0, 1];

/** What a time-stamp is asked. */
export interface TimestampQuestion {
  /** The file that should have been stamped. */
  readonly stamped: Uint8Array;
  /** The request that was sent; undefined when it is not at hand, and then the nonce cannot be compared. */
  readonly request: TimestampRequest | undefined;
  /** Certificates that may lie between the authority and a root; from anybody. */
  readonly between: readonly CertificateFields[];
  /** What the verifier trusts; undefined: nobody was named. */
  readonly roots: readonly CertificateFields[] | undefined;
}

/** What a good time-stamp says. */
export interface Timestamp {
  /** The authority's time, microseconds UTC, and how much it may be off. */
  readonly genTimeUs: number;
  readonly accuracyUs: number;
  /** The authority's number of the token, hex. */
  readonly serial: string;
  readonly policy: string;
  /** The authority's certificate, and its name for people: hostile text. */
  readonly authority: CertificateFields;
  readonly name: string;
  /** All certificates that came with it. */
  readonly certificates: readonly CertificateFields[];
  /** The authority hangs on a root of the verifier; false: no root was given to ask. */
  readonly trusted: boolean;
}

/** Bad bytes are an answer, never thrown. */
export type TimestampVerdict =
  ({ readonly ok: true } & Timestamp) | { readonly ok: false; readonly reason: string };

/**
 * Judges an authority's answer: granted; of this file; with our nonce; signed by the certificate that it names by
 * hash; a certificate for time-stamps only, and critically so; valid at its time; hanging on a root of the verifier.
 * @param response bytes of a `.tsr`.
 */
export function verifyTimestamp(
  response: Uint8Array,
  question: TimestampQuestion,
): TimestampVerdict {
  if (response.length > MAX_RESPONSE_BYTES) return refuse('the time-stamp is too large');
  try {
    return judge(response, question);
  } catch (error) {
    // Everything here reads an attacker's bytes; OpenSSL throws plain errors of many kinds on them.
    return refuse(
      error instanceof DerError
        ? `the time-stamp is not good: ${error.message}`
        : 'the time-stamp cannot be read',
    );
  }
}

/** The nonce in an answer, to find its request; undefined when there is none, or the answer cannot be read. */
export function nonceOf(response: Uint8Array): bigint | undefined {
  if (response.length > MAX_RESPONSE_BYTES) return undefined;
  try {
    const { content } = readSignedData(tokenOf(response));
    return content === undefined ? undefined : readTstInfo(content).nonce;
  } catch {
    // verifyTimestamp says what is wrong with it.
    return undefined;
  }
}

function judge(response: Uint8Array, question: TimestampQuestion): TimestampVerdict {
  const { stamped, request, between, roots } = question;
  const data = readSignedData(tokenOf(response));
  if (data.contentType !== TST_INFO || data.content === undefined) {
    return refuse('the token holds no time-stamp');
  }
  const info = readTstInfo(data.content);
  if (!createHash(info.hash).update(stamped).digest().equals(info.digest)) {
    return refuse('the time-stamp is of another file');
  }
  if (request !== undefined) {
    if (!request.digest.equals(info.digest)) return refuse('the request is for another file');
    if (request.nonce !== info.nonce) return refuse('the nonce is not the one of the request');
  }
  const authority = signerOf(data, data.content, {
    owner: 'authority',
    more: between,
    binds: (certificate) => isNamed(data, certificate),
  });
  // RFC 3161 section 2.4.2: a hint, which must then be true.
  if (info.authority?.equals(authority.subject) === false) {
    return refuse('the token gives another name than its certificate');
  }
  const problem = purposeProblem(authority) ?? validityProblem(authority, info.genTimeUs);
  if (problem !== undefined) return refuse(problem);
  const chain =
    roots === undefined
      ? undefined
      : chainProblem({
          leaf: authority,
          between: [...data.certificates, ...between],
          roots,
          atUs: info.genTimeUs,
          purpose: OID.timeStamping,
        });
  if (chain !== undefined) return refuse(`the authority is not to be trusted: ${chain}`);
  return {
    ok: true,
    genTimeUs: info.genTimeUs,
    accuracyUs: info.accuracyUs,
    serial: info.serial,
    policy: info.policy,
    authority,
    name: nameOf(authority),
    certificates: data.certificates,
    trusted: roots !== undefined,
  };
}

/** RFC 3161 section 2.3: for time-stamps, for nothing else, and the extension critical. */
function purposeProblem({ x509, extensions }: CertificateFields): string | undefined {
  const allowed = purposes(extensions);
  if (allowed?.length !== 1 || allowed[0] !== OID.timeStamping) {
    return "the authority's certificate is not for time-stamps alone";
  }
  if (extensions.get(EXTENSION.extendedKeyUsage)?.critical !== true) {
    return "the purpose in the authority's certificate is not critical";
  }
  const usage = extensions.get(EXTENSION.keyUsage);
  const bits = usage === undefined ? SIGNING_BITS : keyUsage(usage.value);
  if (bits.length === 0 || bits.some((bit) => !SIGNING_BITS.includes(bit)) || x509.ca) {
    return "the key of the authority's certificate is for other uses than signing";
  }
  return undefined;
}

function validityProblem({ x509 }: CertificateFields, atUs: number): string | undefined {
  const from = x509.validFromDate.getTime() * 1000;
  const to = x509.validToDate.getTime() * 1000;
  return atUs >= from && atUs <= to
    ? undefined
    : "the authority's certificate was not valid at the time of the time-stamp";
}

/**
 * The signed attribute that names the signer by the hash of his certificate, so that no other certificate of the same key
 * or name can take its place: SigningCertificate (RFC 2634 section 5.4, SHA-1) or SigningCertificateV2 (RFC 5035 section 3).
 * Where both are there both must fit. @throws DerError when there is none.
 */
function isNamed(data: SignedData, certificate: CertificateFields): boolean {
  const old = data.attributes.has(OID.signingCertificate);
  const current = data.attributes.has(OID.signingCertificateV2);
  if (!old && !current) throw new DerError('no signed attribute names the certificate');
  return (
    (!old || fits(attribute(data, OID.signingCertificate), 'sha1', certificate)) &&
    (!current || fits(attribute(data, OID.signingCertificateV2), undefined, certificate))
  );
}

/** The first ESSCertID is the signer's; the rest of the sequence are certificates of the chain, and policies. */
function fits(value: Der, fixed: 'sha1' | undefined, certificate: CertificateFields): boolean {
  const [first] = members(new Fields(value).take());
  if (first === undefined) throw new DerError('a signed attribute names no certificate');
  const fields = new Fields(first);
  // ESSCertIDv2: hashAlgorithm DEFAULT sha256.
  const algorithm = fixed === undefined ? fields.maybe(TAG.sequence) : undefined;
  const hash = fixed ?? (algorithm === undefined ? 'sha256' : hashAlgorithm(algorithm));
  const digest = octetsOf(fields.take());
  const issuerSerial = fields.maybe(TAG.sequence);
  fields.end();
  const same = createHash(hash).update(certificate.x509.raw).digest().equals(digest);
  return same && (issuerSerial === undefined || serialFits(issuerSerial, certificate));
}

/** IssuerSerial (RFC 5035 section 4); the issuer's name is settled by the hash and by the signer's own identifier. */
function serialFits(node: Der, { serial }: CertificateFields): boolean {
  const fields = new Fields(node);
  fields.take(TAG.sequence);
  const named = fields.take(TAG.integer).body;
  fields.end();
  return named.equals(serial);
}

function refuse(reason: string): TimestampVerdict {
  return { ok: false, reason };
}
