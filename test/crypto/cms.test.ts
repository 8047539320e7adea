/** Signatures: one deterministic form, agreed on by OpenSSL and GnuTLS, and nothing else accepted. */
import { X509Certificate } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import forge from 'node-forge';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { verifyBy, verifyForm, type Expected } from '#src/crypto/cms-verify.ts';
import { decode, encode, readTime, time } from '#src/crypto/der.ts';
import { runProcess } from '../helpers/exhibit.ts';
import { expected, pkiOf, START_US, testPki, type TestPki } from '../helpers/pki.ts';
import { fuzzRuns } from '../helpers/fuzz.ts';
import { tempDir } from '../helpers/temp.ts';
import { hasTool, needs } from '../helpers/tools.ts';

const CONTENT = Buffer.from('{"type":"test/1"}\nline two\n');

let pki: TestPki;
let want: Expected;
let signature: Buffer;
let dir: string;

beforeAll(async () => {
  pki = await testPki('Zoe Omega');
  want = expected(pki);
  signature = pki.signer.sign(CONTENT, START_US);
  dir = await tempDir();
  await writeFile(join(dir, 'root.pem'), pki.rootPem);
  await writeFile(join(dir, 'content'), CONTENT);
});

async function openssl(p7s: Buffer, ...flags: string[]): Promise<number | null> {
  return (await cms(p7s, CONTENT, flags)).status;
}

async function cms(
  p7s: Buffer,
  content: Buffer,
  flags: readonly string[],
): Promise<{ readonly status: number | null; readonly stderr: string }> {
  const name = join(dir, 'signature');
  const file = join(dir, 'signed');
  await writeFile(name, p7s);
  await writeFile(file, content);
  const args = ['cms', '-verify', '-inform', 'DER', '-in', name, '-content', file];
  // -attime keeps these tests true after the test certificates have expired.
  const at = ['-attime', String(START_US / 1_000_000 + 60)];
  const ca = flags.includes('-CAfile') ? [] : ['-CAfile', join(dir, 'root.pem')];
  return runProcess('openssl', [...args, ...ca, ...flags, ...at, '-out', '/dev/null']);
}

async function certtool(p7s: Buffer): Promise<{ readonly status: number | null }> {
  const file = join(dir, 'for-certtool');
  await writeFile(file, p7s);
  const ca = ['--load-ca-certificate', join(dir, 'root.pem')];
  const data = ['--load-data', join(dir, 'content')];
  return runProcess('certtool', ['--p7-verify', '--inder', '--infile', file, ...data, ...ca]);
}

describe('signing', () => {
  test('same key, bytes and time give the same signature', () => {
    expect(pki.signer.sign(CONTENT, START_US).equals(signature)).toBe(true);
    expect(pki.signer.sign(CONTENT, START_US + 999_999).equals(signature)).toBe(true);
    expect(pki.signer.sign(CONTENT, START_US + 1_000_000).equals(signature)).toBe(false);
  });

  test('what was signed verifies and says who and when', () => {
    expect(verifyBy(CONTENT, signature, want)).toMatchObject({
      ok: true,
      fingerprint: pki.signer.fingerprint,
      signingTimeUs: START_US,
    });
  });

  test('a time after 2049 is written as GeneralizedTime and read back', () => {
    const late = Date.UTC(2050, 0, 1) * 1000;
    expect(verifyForm(CONTENT, pki.signer.sign(CONTENT, late))).toMatchObject({
      ok: true,
      signingTimeUs: late,
    });
  });

  test('every second from 1950 on is written and read alike', () => {
    const seconds = fc.integer({ min: -631_152_000, max: 253_402_300_799 });
    fc.assert(
      fc.property(seconds, (second) => {
        expect(readTime(decode(encode(time(second * 1_000_000))))).toBe(second * 1_000_000);
      }),
    );
  });
});

describe('OpenSSL and GnuTLS', () => {
  const withOpenssl = test.skipIf(!hasTool('openssl'));
  const withCerttool = test.skipIf(!hasTool('certtool') || !hasTool('openssl'));

  withOpenssl(needs('openssl cms -verify -binary agrees', 'openssl'), async () => {
    expect(await openssl(signature, '-binary')).toBe(0);
    expect(await openssl(signature, '-binary', '-purpose', 'any')).toBe(0);
  });

  withOpenssl(needs('the trap: without -binary a text with LF fails', 'openssl'), async () => {
    expect(await openssl(signature)).not.toBe(0);
  });

  withOpenssl(needs('openssl refuses other content', 'openssl'), async () => {
    const other = Buffer.from(CONTENT);
    other[3]! ^= 1;
    expect((await cms(signature, other, ['-binary'])).status).not.toBe(0);
  });

  withCerttool(needs('certtool --p7-verify agrees', 'certtool'), async () => {
    expect((await certtool(signature)).status).toBe(0);
  });

  withCerttool(
    needs('the trap: attributes out of DER order pass openssl, not certtool nor us', 'certtool'),
    async () => {
      const misordered = signedByForge(['contentType', 'messageDigest', 'signingTime']);
      expect(await openssl(misordered, '-binary')).toBe(0);
      expect((await certtool(misordered)).status).not.toBe(0);
      expect(verifyBy(CONTENT, misordered, want).ok).toBe(false);
    },
  );

  withOpenssl(needs('names that are not ASCII verify too', 'openssl'), async () => {
    const umlaut = pkiOf('Zoë Ωmega', pki.rootKey, pki.key);
    const theirs = umlaut.signer.sign(CONTENT, START_US);
    const file = join(dir, 'umlaut.pem');
    await writeFile(file, umlaut.rootPem);
    expect(await openssl(theirs, '-binary', '-CAfile', file)).toBe(0);
    expect(verifyBy(CONTENT, theirs, expected(umlaut)).ok).toBe(true);
  });

  test('node-forge in DER order gives our very bytes: two encoders agree', () => {
    const theirs = signedByForge(['contentType', 'signingTime', 'messageDigest']);
    expect(theirs.equals(signature)).toBe(true);
  });

  withOpenssl(needs('a certificate more than the signer is refused', 'openssl'), async () => {
    const withRoot = await signedByOpenssl('-certfile', join(dir, 'root.pem'));
    expect(await openssl(withRoot, '-binary')).toBe(0);
    expect(verifyForm(CONTENT, withRoot).ok).toBe(false);
  });

  withOpenssl(
    needs('a foreign form is refused even when OpenSSL accepts it', 'openssl'),
    async () => {
      // OpenSSL adds an S/MIME capabilities attribute of its own.
      const foreign = await signedByOpenssl();
      expect(await openssl(foreign, '-binary')).toBe(0);
      expect(verifyForm(CONTENT, foreign).ok).toBe(false);
    },
  );
});

describe('mutations', () => {
  test('no single bit of a signature can be changed (two bits of every byte)', () => {
    const every = process.env['EXHIBIT_FULL_SWEEP'] === '1';
    const accepted: string[] = [];
    for (let offset = 0; offset < signature.length; offset++) {
      const bits = every ? [0, 1, 2, 3, 4, 5, 6, 7] : [offset % 8, (offset * 5 + 3) % 8];
      for (const bit of bits) {
        const mutant = Buffer.from(signature);
        mutant[offset]! ^= 1 << bit;
        if (verifyBy(CONTENT, mutant, want).ok) accepted.push(`${String(offset)}.${String(bit)}`);
      }
    }
    expect(accepted).toEqual([]);
  });

  test('no bit of the content can be changed', () => {
    for (let index = 0; index < CONTENT.length * 8; index++) {
      const mutant = Buffer.from(CONTENT);
      mutant[index >> 3]! ^= 1 << (index & 7);
      expect(verifyBy(mutant, signature, want).ok).toBe(false);
    }
  });

  test('cut and lengthened signatures are refused', () => {
    for (let length = 0; length < signature.length; length += 7) {
      expect(verifyBy(CONTENT, signature.subarray(0, length), want).ok).toBe(false);
    }
    expect(verifyBy(CONTENT, Buffer.concat([signature, Buffer.from([0])]), want).ok).toBe(false);
    expect(verifyBy(CONTENT, Buffer.concat([signature, signature]), want).ok).toBe(false);
  });

  test('any bytes at all are answered, never thrown', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(verifyForm(CONTENT, bytes).ok).toBe(false);
      }),
      { numRuns: fuzzRuns(100) },
    );
    const places = fc.record({
      at: fc.nat(),
      cut: fc.nat(40),
      put: fc.uint8Array({ maxLength: 40 }),
    });
    fc.assert(
      fc.property(places, ({ at, cut, put }) => {
        const start = at % signature.length;
        const end = signature.subarray(start + cut);
        const spliced = Buffer.concat([signature.subarray(0, start), put, end]);
        fc.pre(!spliced.equals(signature));
        expect(verifyBy(CONTENT, spliced, want).ok).toBe(false);
      }),
      { numRuns: fuzzRuns(100) },
    );
  });

  test('DER nested beyond any stack, and a huge file, are answered', () => {
    const nested = Buffer.alloc(60_000, Buffer.from([0x30, 0x80]));
    expect(verifyForm(CONTENT, nested).ok).toBe(false);
    expect(verifyForm(CONTENT, Buffer.alloc(10_000_000, 0x30)).ok).toBe(false);
  });
});

describe('the wrong signer', () => {
  test('another certificate than the file names is refused', () => {
    const verdict = verifyBy(CONTENT, signature, { root: want.root, fingerprint: '0'.repeat(64) });
    expect(verdict).toMatchObject({ ok: false });
  });

  test('a certificate of the same names under another root is refused', async () => {
    const twin = await testPki('Zoe Omega');
    const forged = twin.signer.sign(CONTENT, START_US);
    const verdict = verifyBy(CONTENT, forged, {
      root: want.root,
      fingerprint: twin.signer.fingerprint,
    });
    expect(verdict).toMatchObject({ ok: false });
    expect(verifyBy(CONTENT, forged, expected(twin)).ok).toBe(true);
  });

  test('times outside the certificate are refused, its edges are inside', () => {
    const certificate = new X509Certificate(pki.pem);
    const from = certificate.validFromDate.getTime() * 1000;
    const to = certificate.validToDate.getTime() * 1000;
    const at = (us: number): boolean => verifyBy(CONTENT, pki.signer.sign(CONTENT, us), want).ok;
    expect([from - 1_000_000, from, to, to + 1_000_000].map(at)).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });
});

/** The same signature through node-forge's own PKCS#7 writer, its attributes in the order given. */
function signedByForge(
  order: readonly ('contentType' | 'messageDigest' | 'signingTime')[],
): Buffer {
  const values = {
    contentType: { value: forge.pki.oids['data']! },
    messageDigest: {},
    signingTime: { value: new Date(START_US / 1000) as unknown as string },
  };
  const p7 = forge.pkcs7.createSignedData();
  p7.content = forge.util.createBuffer(CONTENT.toString('latin1'));
  p7.addCertificate(pki.pem);
  p7.addSigner({
    key: forge.pki.privateKeyFromPem(pki.key.export({ type: 'pkcs8', format: 'pem' })),
    certificate: pki.pem,
    digestAlgorithm: forge.pki.oids['sha256']!,
    authenticatedAttributes: order.map((name) => ({
      type: forge.pki.oids[name]!,
      ...values[name],
    })),
  });
  p7.sign({ detached: true });
  return Buffer.from(forge.asn1.toDer(p7.toAsn1()).getBytes(), 'latin1');
}

async function signedByOpenssl(...flags: string[]): Promise<Buffer> {
  const [signer, key, out] = ['signer.pem', 'key.pem', 'out.p7s'].map((name) =>
    join(dir, name),
  ) as [string, string, string];
  await writeFile(signer, pki.pem);
  await writeFile(key, pki.key.export({ type: 'pkcs8', format: 'pem' }));
  const input = ['-in', join(dir, 'content'), '-signer', signer, '-inkey', key, '-md', 'sha256'];
  const args = ['cms', '-sign', '-binary', '-outform', 'DER', '-out', out, ...input, ...flags];
  const { status, stderr } = await runProcess('openssl', args);
  if (status !== 0) throw new Error(stderr);
  return readFile(out);
}
