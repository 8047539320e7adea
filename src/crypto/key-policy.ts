/** Which public keys are strong enough, and for whom. */
import type { KeyObject, X509Certificate } from 'node:crypto';

/**
 * `own`: roots and signers of cases, RSA of at least 3072 bits. `other`: people who sign with other programs, the same or a
 * NIST curve. `authority`: time-stamp authorities and their chains, which are as they are: RSA from 2048 bits on.
 */
export type KeyOwner = 'own' | 'other' | 'authority';

const MIN_MODULUS_BITS: Readonly<Record<KeyOwner, number>> = {
  own: 3072,
  other: 3072,
  authority: 2048,
};

/** e = 3 is what signature forgery of Bleichenbacher's kind needs; everybody has used this one for decades. */
const PUBLIC_EXPONENT = 65_537n;

const CURVES: ReadonlySet<string | undefined> = new Set(['prime256v1', 'secp384r1', 'secp521r1']);

/** Why a certificate's key is not accepted; `undefined` when it is. */
export function keyProblem(
  certificate: Pick<X509Certificate, 'publicKey'>,
  owner: KeyOwner,
): string | undefined {
  let key: KeyObject;
  try {
    key = certificate.publicKey;
  } catch {
    // OpenSSL reads the certificate and only then finds that its key is none.
    return 'its key cannot be read';
  }
  const { modulusLength = 0, publicExponent, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'ec' && owner !== 'own') {
    return CURVES.has(namedCurve) ? undefined : 'its curve is not P-256, P-384 or P-521';
  }
  if (key.asymmetricKeyType !== 'rsa') return 'its key is not RSA';
  if (modulusLength < MIN_MODULUS_BITS[owner]) {
    return `its RSA key has only ${String(modulusLength)} bits`;
  }
  return publicExponent === PUBLIC_EXPONENT ? undefined : 'its RSA exponent is not 65537';
}
