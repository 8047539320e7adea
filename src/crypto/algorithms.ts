/** Object identifiers of algorithms that are accepted in what strangers signed: SHA-2, RSA PKCS#1 v1.5, ECDSA. */
import { type Der, Fields, oidText, TAG, DerError } from './der-read.ts';

/** Names of node:crypto. */
export type HashName = 'sha256' | 'sha384' | 'sha512';

/** RFC 5754 section 2: digest algorithms. */
const HASHES: Readonly<Record<string, HashName>> = {
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};

/** RFC 5754 section 3: signature algorithms; `rsaEncryption` takes the digest algorithm that stands beside it. */
const SIGNATURES: Readonly<
  Record<string, { readonly key: 'rsa' | 'ec'; readonly hash: HashName | undefined }>
> = {
  '1.2.840.113549.1.1.1': { key: 'rsa', hash: undefined },
  '1.2.840.113549.1.1.11': { key: 'rsa', hash: 'sha256' },
  '1.2.840.113549.1.1.12': { key: 'rsa', hash: 'sha384' },
  '1.2.840.113549.1.1.13': { key: 'rsa', hash: 'sha512' },
  '1.2.840.10045.4.3.2': { key: 'ec', hash: 'sha256' },
  '1.2.840.10045.4.3.3': { key: 'ec', hash: 'sha384' },
  '1.2.840.10045.4.3.4': { key: 'ec', hash: 'sha512' },
};

/** A digest AlgorithmIdentifier; parameters absent or NULL (RFC 5754 section 2). @throws DerError for another one. */
export function hashAlgorithm(node: Der): HashName {
  const { oid, parameters } = algorithmOf(node);
  const hash = HASHES[oid];
  if (hash === undefined || !isNullOrAbsent(parameters)) {
    throw new DerError(`the digest algorithm ${oid} is not accepted`);
  }
  return hash;
}

/** A signature AlgorithmIdentifier: RSA with NULL or no parameters, ECDSA without. @throws DerError for another one. */
export function signatureAlgorithm(node: Der): {
  readonly key: 'rsa' | 'ec';
  readonly hash: HashName | undefined;
} {
  const { oid, parameters } = algorithmOf(node);
  const found = SIGNATURES[oid];
  const good = found?.key === 'ec' ? parameters === undefined : isNullOrAbsent(parameters);
  if (found === undefined || !good) {
    throw new DerError(`the signature algorithm ${oid} is not accepted`);
  }
  return found;
}

function algorithmOf(node: Der): { readonly oid: string; readonly parameters: Der | undefined } {
  const fields = new Fields(node);
  const oid = oidText(fields.take(TAG.oid));
  const parameters = fields.more ? fields.take() : undefined;
  fields.end();
  return { oid, parameters };
}

function isNullOrAbsent(parameters: Der | undefined): boolean {
  return parameters === undefined || (parameters.tag === TAG.null && parameters.body.length === 0);
}
