/** Certificates for tests: a root and an examiner under it, made once per test file. */
import type { KeyObject } from 'node:crypto';
import { makeExaminerCertificate, makeRootCertificate } from '#src/crypto/certificate.ts';
import { makePrivateKey } from '#src/crypto/keys.ts';
import { createSigner, type Signer } from '#src/crypto/signer.ts';
import { readCertificate } from '#src/crypto/trust.ts';

/** 2026-01-02T03:04:05Z in microseconds: when the test certificates begin. */
export const START_US = Date.UTC(2026, 0, 2, 3, 4, 5) * 1000;

/** A root, an examiner, and both keys. */
export interface TestPki {
  readonly rootKey: KeyObject;
  readonly rootPem: string;
  readonly key: KeyObject;
  readonly pem: string;
  readonly signer: Signer;
}

/** Makes a root `name root` and an examiner `name` under it. */
export async function testPki(name: string, startUs = START_US): Promise<TestPki> {
  const [rootKey, key] = await Promise.all([makePrivateKey(), makePrivateKey()]);
  return pkiOf(name, rootKey, key, startUs);
}

/** The same from keys that are there. */
export function pkiOf(
  name: string,
  rootKey: KeyObject,
  key: KeyObject,
  startUs = START_US,
): TestPki {
  const subject = { commonName: `${name} root` };
  const rootPem = makeRootCertificate(subject, rootKey, startUs);
  const pem = makeExaminerCertificate(
    { commonName: name },
    key,
    { subject, key: rootKey },
    startUs,
  );
  const signer = createSigner(pem, key, () => startUs / 1000);
  return { rootKey, rootPem, key, pem, signer };
}

/** What a verifier expects of that signer. */
export function expected({ rootPem, signer }: TestPki): {
  readonly root: ReturnType<typeof readCertificate>;
  readonly fingerprint: string;
} {
  return { root: readCertificate(rootPem, 'root.pem'), fingerprint: signer.fingerprint };
}
