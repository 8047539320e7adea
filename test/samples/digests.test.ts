import { spawnSync } from 'node:child_process';
import { createHash, createPublicKey } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { tempDir } from '../helpers/temp.ts';
import { hasTool, needs } from '../helpers/tools.ts';
import { content, digestFiles, mirrorPaths } from './mirror.ts';

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const digests = digestFiles();
const keys = (
  JSON.parse(content('harborline-ir-workspace/public-keys.json').toString()) as {
    PublicKeyList: {
      Value: string;
      Fingerprint: string;
      ValidityStartTime: number;
      ValidityEndTime: number;
    }[];
  }
).PublicKeyList;

function signatureOf(key: string): string {
  const head = JSON.parse(
    content(`harborline-cloudtrail-logs/${key}.metadata.json`).toString(),
  ) as { Metadata: { signature: string } };
  return head.Metadata.signature;
}

describe('CloudTrail digests of the samples', () => {
  test('name their public keys by the MD5 of the PKCS#1 DER', () => {
    for (const key of keys) {
      const der = Buffer.from(key.Value, 'base64');
      expect(der).toHaveLength(270);
      expect(createHash('md5').update(der).digest('hex')).toBe(key.Fingerprint);
      expect(key.ValidityEndTime - key.ValidityStartTime).toBe(2_592_000);
    }
  });

  test('lie where they say, and chain to the digest before them', () => {
    let starts = 0;
    for (const [key, { digest }] of digests) {
      expect(digest.digestS3Object).toBe(key);
      if (digest.previousDigestS3Object === null) {
        starts += 1;
        expect([digest.previousDigestHashValue, digest.previousDigestSignature]).toEqual([
          null,
          null,
        ]);
        continue;
      }
      const previous = digests.get(digest.previousDigestS3Object);
      expect(previous, key).toBeDefined();
      expect(digest.previousDigestHashValue).toBe(sha256(previous?.text ?? Buffer.of()));
      expect(digest.previousDigestSignature).toBe(signatureOf(digest.previousDigestS3Object));
    }
    // Three regions before and after the gap, one of the analytics account.
    expect(starts).toBe(7);
  });

  test('list every log that was delivered in their time, with its hash', () => {
    const listed = new Set<string>();
    for (const { digest } of digests.values()) {
      for (const log of digest.logFiles) {
        expect(listed.has(log.s3Object)).toBe(false);
        listed.add(log.s3Object);
        expect(sha256(content(`${log.s3Bucket}/${log.s3Object}`))).toBe(log.hashValue);
      }
    }
    const logs = mirrorPaths().filter(
      (path) => path.includes('/CloudTrail/') && path.includes('2026/09/18'),
    );
    const uncovered = logs.filter((path) => !listed.has(path.slice(path.indexOf('/') + 1)));
    // Those delivered after the last digest the responder could copy.
    expect(
      uncovered.every((path) => /T09\d\dZ_/.test(path) || /T08[345]\dZ_/.test(path)),
      uncovered.join('\n'),
    ).toBe(true);
  });

  test.skipIf(!hasTool('openssl'))(needs('are signed, says openssl', 'openssl'), async () => {
    const dir = await tempDir();
    for (const key of keys) {
      const pem = createPublicKey({
        key: Buffer.from(key.Value, 'base64'),
        format: 'der',
        type: 'pkcs1',
      }).export({ type: 'spki', format: 'pem' });
      writeFileSync(join(dir, `${key.Fingerprint}.pem`), pem);
    }
    for (const [key, { digest, text }] of digests) {
      const signed = [
        digest.digestEndTime,
        `${digest.digestS3Bucket}/${digest.digestS3Object}`,
        sha256(text),
        digest.previousDigestSignature ?? 'null',
      ].join('\n');
      writeFileSync(join(dir, 'text'), signed);
      writeFileSync(join(dir, 'signature'), Buffer.from(signatureOf(key), 'hex'));
      const run = spawnSync(
        'openssl',
        [
          'dgst',
          '-sha256',
          '-verify',
          `${digest.digestPublicKeyFingerprint}.pem`,
          '-signature',
          'signature',
          'text',
        ],
        { cwd: dir, encoding: 'utf8' },
      );
      expect(run.stdout, key).toBe('Verified OK\n');
    }
  });
});
