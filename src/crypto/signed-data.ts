/**
 * CMS SignedData (RFC 5652 section 5) as other programs write it: time-stamp tokens, signatures of `openssl cms -sign` and of
 * smart cards. One signer, signed attributes, SHA-2, RSA PKCS#1 v1.5 or ECDSA, DER. Our own signatures are judged more
 * strictly, by cms-verify.ts; this path knows parts that no signature covers (more certificates, unsigned attributes,
 * versions) and gives them no meaning.
 */
import type { Buffer } from 'node:buffer';
import { createHash, verify } from 'node:crypto';
import { hashAlgorithm, signatureAlgorithm, type HashName } from './algorithms.ts';
import { EXTENSION, readCertificateFields, type CertificateFields } from './certificate-read.ts';
import {
  contextTag,
  DerError,
  Fields,
  members,
  octetsOf,
  oidText,
  only,
  readDer,
  smallNatural,
  TAG,
  type Der,
} from './der-read.ts';
import { keyProblem, type KeyOwner } from './key-policy.ts';

/** More than any real message has; bounds the work that a hostile one makes. */
const MAX_CERTIFICATES = 32;

const OID = {
  signedData: '1.2.840.113549.1.7.2',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
};

/** A SignedData with one signer, read but not yet judged. */
export interface SignedData {
  /** Dotted type of what was signed. */
  readonly contentType: string;
  /** What was signed, where it is inside; undefined: the signature is detached. */
  readonly content: Buffer | undefined;
  /** Those certificates inside that can be read. Covered by no signature: candidates, nothing more. */
  readonly certificates: readonly CertificateFields[];
  readonly hash: HashName;
  /** Values of the signed attributes, by dotted type. */
  readonly attributes: ReadonlyMap<string, readonly Der[]>;
  /** True if the signer names this certificate, its key is strong enough for its owner, and it made the signature. */
  readonly signs: (certificate: CertificateFields, owner: KeyOwner) => boolean;
}

/** Whose signature it should be. */
export interface Sought {
  readonly owner: KeyOwner;
  /** Certificates to look among besides those inside. */
  readonly more?: readonly CertificateFields[];
  /** What else the certificate must fit: some messages name their signer in more ways than one. */
  readonly binds?: (certificate: CertificateFields) => boolean;
}

/** @throws DerError when the bytes are no SignedData of the form above. */
export function readSignedData(bytes: Uint8Array): SignedData {
  const info = new Fields(readDer(bytes));
  if (oidText(info.take()) !== OID.signedData) throw new DerError('not a CMS SignedData');
  const wrapped = info.take(contextTag(0, 'constructed'));
  info.end();
  const data = new Fields(only(wrapped, wrapped.tag));
  const version = smallNatural(data.take());
  if (version < 1 || version > 5) throw new DerError('a SignedData of an unknown version');
  const hashes = members(data.take(), TAG.set);
  const encapsulated = new Fields(data.take());
  const contentType = oidText(encapsulated.take());
  const content = encapsulated.maybe(contextTag(0, 'constructed'));
  encapsulated.end();
  const certificates = data.maybe(contextTag(0, 'constructed'));
  data.maybe(contextTag(1, 'constructed'));
  const signer = readSigner(only(data.take(), TAG.set));
  data.end();
  if (!hashes.some((node) => hashAlgorithm(node) === signer.hash)) {
    throw new DerError('the digest algorithm of the signer is not among those of the message');
  }
  return {
    contentType,
    content: content === undefined ? undefined : octetsOf(only(content, content.tag)),
    certificates: certificates === undefined ? [] : readable(certificates),
    ...signer,
  };
}

/**
 * The certificate whose key signed the content. Whether to trust it is a separate question.
 * @param content what was signed.
 * @throws DerError with the reason why there is none.
 */
export function signerOf(data: SignedData, content: Uint8Array, sought: Sought): CertificateFields {
  const type = oidText(attribute(data, OID.contentType));
  if (type !== data.contentType) throw new DerError('the signed content type is another one');
  const digest = octetsOf(attribute(data, OID.messageDigest));
  if (!createHash(data.hash).update(content).digest().equals(digest)) {
    throw new DerError('it is a signature of other bytes');
  }
  const { owner, more = [], binds = () => true } = sought;
  const found = [...data.certificates, ...more].find(
    (certificate) => binds(certificate) && data.signs(certificate, owner),
  );
  if (found !== undefined) return found;
  throw new DerError('no certificate at hand is the one that it names and has the key that signed');
}

/** The one value of a signed attribute (RFC 5652 section 11: exactly one). @throws DerError. */
export function attribute({ attributes }: SignedData, type: string): Der {
  const [value, ...rest] = attributes.get(type) ?? [];
  if (value === undefined || rest.length > 0) {
    throw new DerError(`not exactly one value of the signed attribute ${type}`);
  }
  return value;
}

function readable(node: Der): CertificateFields[] {
  return members(node, node.tag)
    .slice(0, MAX_CERTIFICATES)
    .flatMap((member) => {
      try {
        return [readCertificateFields(member.bytes)];
      } catch {
        // A certificate of another kind, for another purpose; if it is the signer's, nobody will be found.
        return [];
      }
    });
}

function readSigner(node: Der): Pick<SignedData, 'hash' | 'attributes' | 'signs'> {
  const fields = new Fields(node);
  const version = smallNatural(fields.take());
  const id = fields.take();
  const byKey = id.tag === contextTag(0, 'primitive');
  // RFC 5652 section 5.3: version 1 names issuer and serial number, version 3 the key.
  if (version !== (byKey ? 3 : 1)) throw new DerError('a signer of an unknown version');
  const names = byKey ? namesByKey(id) : namesByIssuer(id);
  const hash = hashAlgorithm(fields.take());
  const signedAttributes = fields.take(contextTag(0, 'constructed'));
  const algorithm = signatureAlgorithm(fields.take());
  const signature = octetsOf(fields.take());
  fields.maybe(contextTag(1, 'constructed'));
  fields.end();
  if (algorithm.hash !== undefined && algorithm.hash !== hash) {
    throw new DerError('the digest and the signature algorithm do not fit each other');
  }
  // RFC 5652 section 5.4: what is signed is the attributes with the tag of a SET.
  const signed = Uint8Array.from(signedAttributes.bytes);
  signed[0] = TAG.set;
  return {
    hash,
    attributes: readAttributes(signedAttributes),
    signs: (certificate, owner) => {
      const key = certificate.x509.publicKey;
      return (
        names(certificate) &&
        key.asymmetricKeyType === algorithm.key &&
        keyProblem(certificate.x509, owner) === undefined &&
        verify(hash, signed, key, signature)
      );
    },
  };
}

function namesByIssuer(node: Der): (certificate: CertificateFields) => boolean {
  const fields = new Fields(node);
  const issuer = fields.take(TAG.sequence).bytes;
  const serial = fields.take(TAG.integer).body;
  fields.end();
  return (certificate) => certificate.issuer.equals(issuer) && certificate.serial.equals(serial);
}

function namesByKey(node: Der): (certificate: CertificateFields) => boolean {
  return ({ extensions }) => {
    const own = extensions.get(EXTENSION.subjectKeyIdentifier);
    return own !== undefined && octetsOf(readDer(own.value)).equals(node.body);
  };
}

function readAttributes(node: Der): Map<string, readonly Der[]> {
  const found = new Map<string, readonly Der[]>();
  for (const member of members(node, node.tag)) {
    const fields = new Fields(member);
    const type = oidText(fields.take());
    const values = members(fields.take(), TAG.set);
    fields.end();
    if (found.has(type)) throw new DerError(`the signed attribute ${type} twice`);
    found.set(type, values);
  }
  return found;
}
