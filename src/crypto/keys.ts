/**
 * Private keys: RSA made by node:crypto, kept as PKCS#8 encrypted by PBES2 (RFC 8018): AES-256-CBC, key from
 * PBKDF2-HMAC-SHA256. node's own export uses 2048 iterations only, so the structure is written here; `openssl pkey`
 * and node open it.
 */
import {
  createCipheriv,
  createPrivateKey,
  generateKeyPair,
  pbkdf2,
  randomBytes,
  type KeyObject,
} from 'node:crypto';
import { Buffer } from 'node:buffer';
import { promisify } from 'node:util';
import { ExhibitError } from '../core/errors.ts';
import { algorithm, encode, integer, octets, oid, sequence } from './der.ts';
import { pemText } from './pem.ts';

/** OWASP's advice of 2023 for PBKDF2-HMAC-SHA256; an unlock takes about a sixth of a second. */
const ITERATIONS = 600_000;
const MODULUS_BITS = 3072;

const OID = {
  pbes2: '1.2.840.113549.1.5.13',
  pbkdf2: '1.2.840.113549.1.5.12',
  hmacSha256: '1.2.840.113549.2.9',
  aes256Cbc: '2.16.840.1.101.3.4.1.42',
};

/** A new RSA-3072 key with e = 65537. */
export async function makePrivateKey(): Promise<KeyObject> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: MODULUS_BITS,
    publicExponent: 65_537,
  });
  return privateKey;
}

/**
 * PEM text of a private key.
 * @param passphrase encrypts it (UTF-8); `undefined` leaves it open for whoever reads the file.
 */
export async function privateKeyPem(
  key: KeyObject,
  passphrase: string | undefined,
): Promise<string> {
  const pkcs8 = key.export({ type: 'pkcs8', format: 'der' });
  if (passphrase === undefined) return pemText('PRIVATE KEY', pkcs8);
  const salt = randomBytes(16);
  const iv = randomBytes(16);
  const secret = await promisify(pbkdf2)(passphrase, salt, ITERATIONS, 32, 'sha256');
  const cipher = createCipheriv('aes-256-cbc', secret, iv);
  const encrypted = Buffer.concat([cipher.update(pkcs8), cipher.final()]);
  // RFC 8018 appendix A.2 and A.4, in an EncryptedPrivateKeyInfo (RFC 5208 section 6).
  const derivation = sequence(
    oid(OID.pbkdf2),
    sequence(octets(salt), integer(ITERATIONS), algorithm(OID.hmacSha256)),
  );
  const scheme = sequence(oid(OID.aes256Cbc), octets(iv));
  const info = sequence(sequence(oid(OID.pbes2), sequence(derivation, scheme)), octets(encrypted));
  return pemText('ENCRYPTED PRIVATE KEY', encode(info));
}

/** True if the PEM text holds an encrypted key. */
export function isEncryptedKey(text: string): boolean {
  return text.includes('-----BEGIN ENCRYPTED PRIVATE KEY-----');
}

/**
 * Opens a private key.
 * @param file its name, for messages.
 * @throws ExhibitError `E_BAD_PASSPHRASE` when the passphrase does not open it, `E_FORMAT` when it is no RSA key.
 */
export function openPrivateKey(
  text: string,
  passphrase: string | undefined,
  file: string,
): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(
      passphrase === undefined ? text : { key: text, format: 'pem', passphrase },
    );
  } catch (error) {
    if (isEncryptedKey(text)) {
      throw new ExhibitError('E_BAD_PASSPHRASE', 'the passphrase does not open the private key', {
        where: { file },
        hint: 'try again with the passphrase that was chosen at `exhibit init`',
        cause: error,
      });
    }
    throw new ExhibitError('E_FORMAT', 'the file is not a private key', {
      where: { file },
      cause: error,
    });
  }
  if (key.asymmetricKeyType !== 'rsa') {
    throw new ExhibitError('E_FORMAT', 'the private key is not an RSA key', { where: { file } });
  }
  return key;
}
