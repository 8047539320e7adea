/**
 * Project Wycheproof's own vectors of RSA PKCS#1 v1.5 (rsa_signature_*_test.json), asked of the mathematics as the product asks it:
 * SHA-256 and its siblings, by node's OpenSSL, with keys that the key policy takes. Where they lie is said by WYCHEPROOF; `.ci/run` brings them.
 */
import { createPublicKey, verify } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { keyProblem } from '#src/crypto/key-policy.ts';

interface Vector {
  readonly tcId: number;
  readonly comment: string;
  readonly msg: string;
  readonly sig: string;
  readonly result: 'valid' | 'invalid' | 'acceptable';
}

interface Group {
  readonly sha: string;
  readonly publicKeyPem: string;
  readonly tests: readonly Vector[];
}

/** Hashes of signatures that some verb judges: our own, AWS's digests, foreign CMS, time-stamps, revocation lists. */
const HASHES: Readonly<Record<string, string>> = {
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
};
const folder = process.env['WYCHEPROOF'] ?? '';
const files = existsSync(folder)
  ? readdirSync(folder)
      .filter((name) => /^rsa_signature_\d+_sha(?:256|384|512)_test\.json$/.test(name))
      .sort()
  : [];

test.runIf(files.length === 0)(
  'the vectors of Wycheproof (SKIPPED: WYCHEPROOF names no folder with them)',
  (context) => {
    context.skip();
  },
);

test.each(files)('%s: what is invalid is refused, what is valid is not', (name) => {
  const { testGroups } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as {
    readonly testGroups: readonly Group[];
  };
  const wrong: string[] = [];
  let asked = 0;
  for (const { sha, publicKeyPem, tests } of testGroups) {
    const key = createPublicKey(publicKeyPem);
    const weak = keyProblem({ publicKey: key }, 'own') !== undefined;
    const { modulusLength = 0, publicExponent } = key.asymmetricKeyDetails ?? {};
    expect(weak, name).toBe(modulusLength < 3072 || publicExponent !== 65_537n);
    for (const { tcId, comment, msg, sig, result } of tests) {
      const good = verify(
        HASHES[sha],
        Buffer.from(msg, 'hex'),
        key,
        Uint8Array.from(Buffer.from(sig, 'hex')),
      );
      asked += 1;
      // "Acceptable" is the old form without NULL in the algorithm (RFC 8017 section 9.2 note 1): no signer of ours writes it.
      if (good !== (result === 'valid')) wrong.push(`${String(tcId)} ${result}: ${comment}`);
    }
  }
  expect(asked).toBeGreaterThan(100);
  expect(wrong).toEqual([]);
});
