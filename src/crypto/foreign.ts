/**
 * Signatures that others made with other programs: `openssl cms -sign`, smart cards, national e-signature tools. Never accepted
 * where a case's own signatures are asked for (cms-verify.ts): this is the wider gate for papers that come with a case.
 *
 * RFC 5652 as signed-data.ts reads it: DER, one signer, signed attributes, SHA-2, RSA PKCS#1 v1.5 of 3072 bits or a NIST curve. What
 * no signature covers (other certificates, unsigned attributes, versions) may be changed without being seen, and means
 * nothing here.
 */
import { EXTENSION, type CertificateFields } from './certificate-read.ts';
import { chainProblem, keyUsage, nameOf } from './chain.ts';
import { DerError, timeOf } from './der-read.ts';
import { attribute, readSignedData, signerOf } from './signed-data.ts';

/** With long chains inside, still below; bounds what an attacker makes us parse. */
const MAX_BYTES = 256 * 1024;

const OID = { data: '1.2.840.113549.1.7.1', signingTime: '1.2.840.113549.1.9.5' };
/** RFC 5280 section 4.2.1.3: digitalSignature and nonRepudiation. */
const SIGNING_BITS = [0, 1];

/** Whom the verifier believes. */
export interface ForeignTrust {
  /** Undefined: nobody was named, and the signer is not judged. */
  readonly roots: readonly CertificateFields[] | undefined;
  readonly between: readonly CertificateFields[];
  /** When certificates must be valid where the signature claims no time, microseconds UTC. */
  readonly defaultUs: number;
}

/** Bad bytes are an answer, never thrown. */
export type ForeignVerdict =
  | {
      readonly ok: true;
      readonly signer: CertificateFields;
      /** Name in the certificate: hostile text. */
      readonly name: string;
      /** Claimed by the signer, microseconds UTC; undefined: he claims none. */
      readonly claimedUs: number | undefined;
      /** Why the signer is not to be believed; `undefined` when a root vouches for him. */
      readonly problem: string | undefined;
      /** False: no root was given to ask. */
      readonly judged: boolean;
    }
  | { readonly ok: false; readonly reason: string };

/**
 * Is the signature one of these bytes, and by whom?
 * @param signature detached CMS SignedData, DER.
 */
export function verifyForeign(
  bytes: Uint8Array,
  signature: Uint8Array,
  trust: ForeignTrust,
): ForeignVerdict {
  if (signature.length > MAX_BYTES) return { ok: false, reason: 'the signature is too large' };
  try {
    return judge(bytes, signature, trust);
  } catch (error) {
    // An attacker's bytes; OpenSSL throws plain errors of many kinds on them.
    const why = error instanceof DerError ? error.message : 'it cannot be read';
    return { ok: false, reason: `not a good signature: ${why}` };
  }
}

function judge(bytes: Uint8Array, signature: Uint8Array, trust: ForeignTrust): ForeignVerdict {
  const data = readSignedData(signature);
  if (data.contentType !== OID.data) throw new DerError('it signs no plain file');
  if (data.content !== undefined) throw new DerError('it is not detached from what it signs');
  const signer = signerOf(data, bytes, { owner: 'other', more: trust.between });
  const time = data.attributes.has(OID.signingTime) ? attribute(data, OID.signingTime) : undefined;
  const claimedUs = time === undefined ? undefined : timeOf(time, 'whole seconds');
  const { roots } = trust;
  return {
    ok: true,
    signer,
    name: nameOf(signer),
    claimedUs,
    judged: roots !== undefined,
    problem:
      usageProblem(signer) ??
      (roots === undefined
        ? undefined
        : chainProblem({
            leaf: signer,
            between: [...data.certificates, ...trust.between],
            roots,
            atUs: claimedUs ?? trust.defaultUs,
            purpose: undefined,
          })),
  };
}

function usageProblem({ x509, extensions }: CertificateFields): string | undefined {
  if (x509.ca) return 'the signer certificate is a certificate authority';
  const usage = extensions.get(EXTENSION.keyUsage);
  const signs =
    usage === undefined || keyUsage(usage.value).some((bit) => SIGNING_BITS.includes(bit));
  return signs ? undefined : "the signer certificate's key is not for signing";
}
