/** Signs files with an examiner's key. */
import { createHash, sign, X509Certificate, type KeyObject } from 'node:crypto';
import type { Buffer } from 'node:buffer';
import { ExhibitError } from '../core/errors.ts';
import { encodeSignedAttributes, encodeSignedData } from './cms.ts';
import { decode } from './der.ts';
import { fingerprint } from './trust.ts';

/** Whoever can sign for a case. */
export interface Signer {
  readonly certificatePem: string;
  /** Lower-case hex SHA-256 of the certificate's DER. */
  readonly fingerprint: string;
  /**
   * Detached CMS SignedData, DER, of a file's bytes (small files: the seal, ledger entries, run.json).
   * @param atUs claimed signing time, microseconds UTC, cut to the second; default: the clock.
   * Same bytes and time give the same signature.
   */
  readonly sign: (bytes: Uint8Array, atUs?: number) => Buffer;
}

/**
 * A signer from its certificate and opened key.
 * @param now clock in milliseconds.
 * @throws ExhibitError `E_FORMAT` when the key is not the certificate's.
 */
export function createSigner(certificatePem: string, key: KeyObject, now: () => number): Signer {
  const certificate = new X509Certificate(certificatePem);
  if (!certificate.checkPrivateKey(key)) {
    throw new ExhibitError('E_FORMAT', 'the private key does not belong to the certificate', {
      hint: 'the files of keys/ and pki/signers/ were mixed up; restore them from a copy of the case',
    });
  }
  const node = decode(certificate.raw);
  return {
    certificatePem,
    fingerprint: fingerprint(certificate),
    sign: (bytes, atUs = now() * 1000) => {
      const digest = createHash('sha256').update(bytes).digest();
      const attributes = { digest, signingTimeUs: atUs };
      const signature = sign('sha256', encodeSignedAttributes(attributes), key);
      return encodeSignedData(node, attributes, signature);
    },
  };
}
