/** Private keys at rest: PBES2 with 600000 iterations, opened by node and by openssl. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { isEncryptedKey, makePrivateKey, openPrivateKey, privateKeyPem } from '#src/crypto/keys.ts';
import { runProcess } from '../helpers/exhibit.ts';
import { tempDir } from '../helpers/temp.ts';
import { hasTool, needs } from '../helpers/tools.ts';

// Blanks, quotes and letters outside ASCII: the passphrase is its UTF-8 bytes for us and for openssl.
const PASSPHRASE = 'pä ss "wörd" €';

let key: KeyObject;
let encrypted: string;

beforeAll(async () => {
  key = await makePrivateKey();
  encrypted = await privateKeyPem(key, PASSPHRASE);
});

const modulus = (one: KeyObject): string | undefined => one.export({ format: 'jwk' }).n;

describe('keys', () => {
  test('are RSA-3072 with e = 65537', () => {
    expect(key.asymmetricKeyDetails).toMatchObject({
      modulusLength: 3072,
      publicExponent: 65_537n,
    });
  });

  test('encrypted ones open with their passphrase', () => {
    expect(isEncryptedKey(encrypted)).toBe(true);
    expect(modulus(openPrivateKey(encrypted, PASSPHRASE, 'k'))).toBe(modulus(key));
  });

  test('the same key is never encrypted to the same text twice', async () => {
    expect(await privateKeyPem(key, PASSPHRASE)).not.toBe(encrypted);
  });

  test.for([['wrong'], [''], [undefined], [PASSPHRASE.normalize('NFD')]])(
    'another passphrase does not open it: %s',
    ([passphrase]) => {
      expect(() => openPrivateKey(encrypted, passphrase, 'k')).toThrow(
        expect.objectContaining({ code: 'E_BAD_PASSPHRASE' }) as Error,
      );
    },
  );

  test('open ones say so in their first line', async () => {
    const open = await privateKeyPem(key, undefined);
    expect(open.startsWith('-----BEGIN PRIVATE KEY-----\n')).toBe(true);
    expect(isEncryptedKey(open)).toBe(false);
    expect(modulus(openPrivateKey(open, undefined, 'k'))).toBe(modulus(key));
  });

  test('what is no RSA key is refused', () => {
    const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const pem = curve.export({ type: 'pkcs8', format: 'pem' });
    for (const text of [pem, 'nothing', '', '-----BEGIN PRIVATE KEY-----\nAAAA\n']) {
      expect(() => openPrivateKey(text, undefined, 'k')).toThrow(
        expect.objectContaining({ code: 'E_FORMAT' }) as Error,
      );
    }
  });

  test.skipIf(!hasTool('openssl'))(
    needs('openssl pkey opens them and sees 600000 rounds of HMAC-SHA256, AES-256', 'openssl'),
    async () => {
      const file = join(await tempDir(), 'key.pem');
      await writeFile(file, encrypted);
      const env = { SECRET: PASSPHRASE };
      const opened = await runProcess(
        'openssl',
        ['pkey', '-in', file, '-passin', 'env:SECRET', '-noout', '-text'],
        { env },
      );
      expect(opened.stdout).toContain('3072 bit');
      const wrong = await runProcess('openssl', [
        'pkey',
        '-in',
        file,
        '-passin',
        'pass:x',
        '-noout',
      ]);
      expect(wrong.status).not.toBe(0);
      const { stdout } = await runProcess('openssl', ['asn1parse', '-in', file]);
      expect(stdout).toMatch(
        /PBES2[^]*PBKDF2[^]*INTEGER +:0927C0[^]*hmacWithSHA256[^]*aes-256-cbc/,
      );
    },
  );
});
