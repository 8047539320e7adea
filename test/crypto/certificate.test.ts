/** Certificates: what openssl reads in them, and which ones we let speak. */
import { generateKeyPairSync, X509Certificate, type KeyObject } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { makeExaminerCertificate, makeRootCertificate } from '#src/crypto/certificate.ts';
import {
  fingerprintWithColons,
  readCertificate,
  rootProblem,
  signerProblem,
} from '#src/crypto/trust.ts';
import { runProcess } from '../helpers/exhibit.ts';
import { pkiOf, START_US, testPki, type TestPki } from '../helpers/pki.ts';
import { tempDir } from '../helpers/temp.ts';
import { hasTool, needs } from '../helpers/tools.ts';

let pki: TestPki;
beforeAll(async () => {
  pki = await testPki('Zoë Ωmega');
});

const certificate = (pem: string): X509Certificate => new X509Certificate(pem);
const rsa = (modulusLength: number, publicExponent = 65_537): KeyObject =>
  generateKeyPairSync('rsa', { modulusLength, publicExponent }).privateKey;

describe('certificates', () => {
  test('begin at the given second and carry names in any script', () => {
    const one = certificate(pki.pem);
    expect(one.subject).toBe('CN=Zoë Ωmega');
    expect(one.issuer).toBe('CN=Zoë Ωmega root');
    expect(one.validFromDate.getTime() * 1000).toBe(START_US);
    expect(one.ca).toBe(false);
    expect(certificate(pki.rootPem).ca).toBe(true);
  });

  test('two of one key differ by their serial numbers', () => {
    expect(pkiOf('A', pki.rootKey, pki.key).signer.fingerprint).not.toBe(
      pkiOf('A', pki.rootKey, pki.key).signer.fingerprint,
    );
  });

  test.skipIf(!hasTool('openssl'))(
    needs('pass openssl verify -x509_strict and say what they may do', 'openssl'),
    async () => {
      const dir = await tempDir();
      const [root, leaf] = [join(dir, 'root.pem'), join(dir, 'leaf.pem')];
      await writeFile(root, pki.rootPem);
      await writeFile(leaf, pki.pem);
      const at = ['-attime', String(START_US / 1_000_000)];
      const verify = ['verify', '-x509_strict', ...at, '-CAfile', root];
      expect((await runProcess('openssl', [...verify, leaf])).status).toBe(0);
      const text = async (file: string): Promise<string> =>
        (await runProcess('openssl', ['x509', '-in', file, '-noout', '-text'])).stdout;
      const ofLeaf = await text(leaf);
      expect(ofLeaf).toMatch(/Key Usage: critical\s+Digital Signature, Non Repudiation\n/);
      expect(ofLeaf).toMatch(/Basic Constraints: critical\s+CA:FALSE/);
      expect(ofLeaf).not.toContain('Extended Key Usage');
      expect(ofLeaf).toContain('sha256WithRSAEncryption');
      const ofRoot = await text(root);
      expect(ofRoot).toMatch(/Basic Constraints: critical\s+CA:TRUE/);
      expect(ofRoot).toMatch(/Key Usage: critical\s+Certificate Sign, CRL Sign\n/);
      const identifiers = (one: string): (string | undefined)[] => [
        /Subject Key Identifier:\s+(\S+)/.exec(one)?.[1],
        /Authority Key Identifier:\s+(\S+)/.exec(one)?.[1],
      ];
      const [rootKeyId, rootAuthority] = identifiers(ofRoot);
      expect(rootAuthority).toBe(rootKeyId);
      expect(identifiers(ofLeaf)[1]).toBe(rootKeyId);
      expect(rootKeyId).toMatch(/^([0-9A-F]{2}:){19}[0-9A-F]{2}$/);
      const print = ['x509', '-in', leaf, '-noout', '-fingerprint', '-sha256'];
      const { stdout } = await runProcess('openssl', print);
      expect(stdout.trim().split('=')[1]).toBe(fingerprintWithColons(pki.signer.fingerprint));
    },
  );
});

describe('a root', () => {
  const subject = { commonName: 'weak root' };

  test('of ours is a usable anchor', () => {
    expect(rootProblem(certificate(pki.rootPem))).toBeUndefined();
  });

  test('must be an authority, self-signed, with a strong key', () => {
    expect(rootProblem(certificate(pki.pem))).toContain('not a certificate authority');
    const short = makeRootCertificate(subject, rsa(2048), START_US);
    expect(rootProblem(certificate(short))).toContain('2048 bits');
    const three = makeRootCertificate(subject, rsa(3072, 3), START_US);
    expect(rootProblem(certificate(three))).toContain('65537');
  });

  test('text that is no certificate is a typed error', () => {
    expect(() => readCertificate('nothing', 'f')).toThrow(
      expect.objectContaining({ code: 'E_FORMAT' }) as Error,
    );
  });
});

describe('a signer', () => {
  const judge = (pem: string, rootPem = pki.rootPem, atUs = START_US): string | undefined =>
    signerProblem(certificate(pem), certificate(rootPem), atUs);

  test('of ours may speak for its root', () => {
    expect(judge(pki.pem)).toBeUndefined();
  });

  test('may not be an authority', () => {
    expect(judge(pki.rootPem)).toContain('authority');
  });

  test('needs a strong key', () => {
    const issuer = { subject: { commonName: 'Zoë Ωmega root' }, key: pki.rootKey };
    const signed = (key: KeyObject): string =>
      makeExaminerCertificate({ commonName: 'weak' }, key, issuer, START_US);
    expect(judge(signed(rsa(2048)))).toContain('2048 bits');
    expect(judge(signed(rsa(3072, 3)))).toContain('65537');
  });

  test('must be issued by this root, not by one of the same name', async () => {
    expect(judge(pki.pem, (await testPki('Zoë Ωmega')).rootPem)).toBeDefined();
    expect(judge(pki.pem, (await testPki('Other')).rootPem)).toContain('not issued by this root');
  });

  test('speaks from the first to the last second of both certificates', () => {
    const tenYears = Date.UTC(2036, 0, 2, 3, 4, 5) * 1000;
    const at = (us: number): string | undefined => judge(pki.pem, pki.rootPem, us);
    expect(at(START_US - 1_000_000)).toContain('not yet valid');
    expect(at(tenYears)).toBeUndefined();
    expect(at(tenYears + 1_000_000)).toContain('expired');
  });
});
