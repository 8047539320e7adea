/**
 * RSA PKCS#1 v1.5 as forgers write it, after the families of Wycheproof's rsa_signature vectors: the CMS around it is perfect, the
 * block inside is not. Also keys that invite forgery, and signatures under a self-made root.
 */
import {
  constants,
  createHash,
  generateKeyPairSync,
  privateEncrypt,
  publicDecrypt,
  type KeyObject,
} from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { makeExaminerCertificate } from '#src/crypto/certificate.ts';
import { encodeSignedAttributes, encodeSignedData } from '#src/crypto/cms.ts';
import { verifyBy, verifyForm } from '#src/crypto/cms-verify.ts';
import { decode } from '#src/crypto/der.ts';
import { createSigner } from '#src/crypto/signer.ts';
import { readCertificate } from '#src/crypto/trust.ts';
import { expected, START_US, testPki, type TestPki } from '../helpers/pki.ts';

const CONTENT = Buffer.from('# evidence-seal v1\n');
const ATTRIBUTES = {
  digest: createHash('sha256').update(CONTENT).digest(),
  signingTimeUs: START_US,
};
const HASH = createHash('sha256').update(encodeSignedAttributes(ATTRIBUTES)).digest();
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
/** DigestInfo of SHA-256 up to the hash (RFC 8017 section 9.2, note 1). */
const INFO = hex('3031 300d 0609 608648016503040201 0500 0420');
const GOOD = Buffer.concat([INFO, HASH]);

let pki: TestPki;
let size: number;

/** `00 01 FF … FF 00 T`, filled to the size of the modulus. */
function padded(tail: Uint8Array, fill = 0xff): Buffer {
  const filler = Buffer.alloc(size - 3 - tail.length, fill);
  return Buffer.concat([hex('0001'), filler, hex('00'), tail]);
}

function signedWith(block: Uint8Array, pem = pki.pem): Buffer {
  return encodeSignedData(decode(readCertificate(pem, 'signer').raw), ATTRIBUTES, block);
}

const raw = (block: Uint8Array, key = pki.key): Buffer =>
  privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, block);
const accepts = (block: Uint8Array): boolean =>
  verifyForm(CONTENT, signedWith(block)).ok ||
  verifyBy(CONTENT, signedWith(block), expected(pki)).ok;

beforeAll(async () => {
  pki = await testPki('Zoe Omega');
  size = 384;
});

test('the one good block is accepted, by our hand and by node', () => {
  expect(accepts(raw(padded(GOOD)))).toBe(true);
  expect(signedWith(raw(padded(GOOD))).equals(pki.signer.sign(CONTENT, START_US))).toBe(true);
});

/** Whole blocks, as the public key would see them. */
const blocks: readonly (readonly [what: string, block: () => Buffer])[] = [
  ['another hash', () => padded(Buffer.concat([INFO, Buffer.alloc(32, 7)]))],
  ['the hash alone', () => padded(HASH)],
  ['the content instead of its hash', () => padded(CONTENT)],
  ['block type 0', () => Buffer.concat([hex('0000'), padded(GOOD).subarray(2)])],
  ['block type 2', () => Buffer.concat([hex('0002'), padded(GOOD).subarray(2)])],
  ['a first byte that is not zero', () => Buffer.concat([hex('0101'), padded(GOOD).subarray(2)])],
  ['padding of zeros', () => padded(GOOD, 0)],
  ['padding of 0xfe', () => padded(GOOD, 0xfe)],
  ['one padding byte changed', () => withByte(padded(GOOD), 40, 0xfe)],
  ['the last padding byte changed', () => withByte(padded(GOOD), size - GOOD.length - 2, 0x7f)],
  [
    'no separator',
    () => Buffer.concat([hex('0001'), Buffer.alloc(size - 2 - GOOD.length, 0xff), GOOD]),
  ],
  ['two separators', () => padded(Buffer.concat([hex('00'), GOOD]))],
  ['no padding, garbage after the hash', () => fit(hex('0001 00'), GOOD)],
  [
    'eight bytes of padding, garbage after the hash',
    () => fit(hex('0001 ffffffffffffffff 00'), GOOD),
  ],
  [
    'half the padding, garbage after the hash',
    () => fit(Buffer.concat([hex('0001'), Buffer.alloc(160, 0xff), hex('00')]), GOOD),
  ],
  ['a byte after the hash', () => padded(Buffer.concat([GOOD, hex('00')]))],
  ['garbage before the DigestInfo', () => padded(Buffer.concat([hex('0500'), GOOD]))],
  ['no NULL', () => padded(Buffer.concat([hex('302f 300b 0609 608648016503040201 0420'), HASH]))],
  [
    'garbage in place of NULL',
    () =>
      padded(
        Buffer.concat([hex('3037 3013 0609 608648016503040201 0406 010203040506 0420'), HASH]),
      ),
  ],
  [
    'garbage after NULL',
    () =>
      padded(
        Buffer.concat([hex('3039 3015 0609 608648016503040201 0500 0406 010203040506 0420'), HASH]),
      ),
  ],
  [
    'a NULL with contents',
    () => padded(Buffer.concat([hex('3033 300f 0609 608648016503040201 0502 0102 0420'), HASH])),
  ],
  [
    'much garbage in the algorithm',
    () =>
      padded(
        Buffer.concat([
          hex('3081ad 308188 0609 608648016503040201 047b'),
          Buffer.alloc(123, 1),
          hex('0420'),
          HASH,
        ]),
      ),
  ],
  [
    'a member after the hash',
    () =>
      padded(
        Buffer.concat([hex('3033 300d 0609 608648016503040201 0500 0420'), HASH, hex('0500')]),
      ),
  ],
  [
    'a long form of the outer length',
    () => padded(Buffer.concat([hex('308131'), GOOD.subarray(2)])),
  ],
  [
    'a longer form of the outer length',
    () => padded(Buffer.concat([hex('30820031'), GOOD.subarray(2)])),
  ],
  [
    'a long form of the algorithm length',
    () => padded(Buffer.concat([hex('3032 30810d 0609 608648016503040201 0500 0420'), HASH])),
  ],
  [
    'a long form of the hash length',
    () => padded(Buffer.concat([hex('3032 300d 0609 608648016503040201 0500 048120'), HASH])),
  ],
  [
    'an indefinite length',
    () => padded(Buffer.concat([hex('3080'), GOOD.subarray(2), hex('0000')])),
  ],
  [
    'a hash in pieces',
    () =>
      padded(
        Buffer.concat([
          hex('3035 300d 0609 608648016503040201 0500 2424 0410'),
          HASH.subarray(0, 16),
          hex('0410'),
          HASH.subarray(16),
        ]),
      ),
  ],
  [
    'the name of SHA-1',
    () => padded(Buffer.concat([hex('302d 3009 0605 2b0e03021a 0500 0420'), HASH])),
  ],
  [
    'the name of SHA-384',
    () => padded(Buffer.concat([hex('3031 300d 0609 608648016503040202 0500 0420'), HASH])),
  ],
  [
    'the name of SHA-512',
    () => padded(Buffer.concat([hex('3031 300d 0609 608648016503040203 0500 0420'), HASH])),
  ],
  [
    'the name of MD5 and its length',
    () =>
      padded(
        Buffer.concat([hex('3020 300c 0608 2a864886f70d0205 0500 0410'), HASH.subarray(0, 16)]),
      ),
  ],
  [
    'SHA-256 with a padded name',
    () => padded(Buffer.concat([hex('3032 300e 060a 60864801650304028001 0500 0420'), HASH])),
  ],
  [
    'a shortened hash',
    () =>
      padded(
        Buffer.concat([hex('3030 300d 0609 608648016503040201 0500 041f'), HASH.subarray(0, 31)]),
      ),
  ],
  ['a tag of another type', () => padded(Buffer.concat([hex('3131'), GOOD.subarray(2)]))],
  ['all zeros', () => Buffer.alloc(size)],
  ['one', () => withByte(Buffer.alloc(size), size - 1, 1)],
];

test.each(blocks)('a block with %s', (_, block) => {
  expect(accepts(raw(block()))).toBe(false);
});

describe('signatures that are not what the key would write', () => {
  test('with leading zeros, cut, empty, as the block itself, plus the modulus', () => {
    const signature = raw(padded(GOOD));
    const modulus = BigInt(
      `0x${Buffer.from(pki.key.export({ format: 'jwk' }).n ?? '', 'base64url').toString('hex')}`,
    );
    const number = BigInt(`0x${signature.toString('hex')}`);
    const bytes = (value: bigint): Buffer => {
      const digits = value.toString(16);
      return Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex');
    };
    const wrong = [
      Buffer.concat([hex('00'), signature]),
      signature.subarray(1),
      signature.subarray(0, -1),
      Buffer.alloc(0),
      padded(GOOD),
      bytes(number + modulus),
      bytes(modulus - number),
      bytes(modulus),
      bytes(modulus - 1n),
      Buffer.alloc(size, 0xff),
    ];
    for (const [index, block] of wrong.entries()) expect(accepts(block), String(index)).toBe(false);
  });

  test('PSS by the same key', async () => {
    const { sign } = await import('node:crypto');
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    expect(
      accepts(sign('sha256', encodeSignedAttributes(ATTRIBUTES), { key: pki.key, padding })),
    ).toBe(false);
  });
});

describe('keys that invite forgery', () => {
  const certificateOf = (key: KeyObject): string =>
    makeExaminerCertificate(
      { commonName: 'Weak' },
      key,
      { subject: { commonName: 'Zoe Omega root' }, key: pki.rootKey },
      START_US,
    );
  const trusts = (pem: string, p7s: Buffer): boolean =>
    verifyBy(CONTENT, p7s, {
      root: expected(pki).root,
      fingerprint: createSigner(pem, pemKey.get(pem)!, () => 0).fingerprint,
    }).ok;
  const pemKey = new Map<string, KeyObject>();

  test('e = 3: the cube root of a block with garbage is no signature, and the key is refused anyhow', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 3072, publicExponent: 3 });
    const pem = certificateOf(privateKey);
    pemKey.set(pem, privateKey);
    // Bleichenbacher 2006: hash to the left, whatever the cube leaves to the right.
    const wanted = BigInt(`0x${fit(hex('0001 ffffffffffffffff 00'), GOOD, 0).toString('hex')}`);
    const root = cubeRoot(wanted) + 1n;
    const forged = Buffer.from(root.toString(16).padStart(size * 2, '0'), 'hex');
    const seen = publicDecrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, forged);
    const head = hex('0001 ffffffffffffffff 00').length + GOOD.length;
    // The forgery is a true one: a verifier that stops reading after the hash takes it.
    expect(
      seen.subarray(0, head).equals(Buffer.concat([hex('0001 ffffffffffffffff 00'), GOOD])),
    ).toBe(true);
    expect(verifyForm(CONTENT, signedWith(forged, pem)).ok).toBe(false);
    const honest = signedWith(raw(padded(GOOD), privateKey), pem);
    expect(verifyForm(CONTENT, honest).ok).toBe(true);
    expect(trusts(pem, honest)).toBe(false);
  });

  test.each([1024, 2048, 3071])('%i bits', (modulusLength) => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength, publicExponent: 65_537 });
    const pem = certificateOf(privateKey);
    pemKey.set(pem, privateKey);
    expect(trusts(pem, createSigner(pem, privateKey, () => 0).sign(CONTENT, START_US))).toBe(false);
  });
});

test('a self-made root with the same names makes nobody trustworthy', async () => {
  const forger = await testPki('Zoe Omega');
  const signature = forger.signer.sign(CONTENT, START_US);
  const { root } = expected(pki);
  expect(verifyBy(CONTENT, signature, { root, fingerprint: forger.signer.fingerprint }).ok).toBe(
    false,
  );
  expect(verifyBy(CONTENT, signature, expected(forger)).ok).toBe(true);
});

/** A head and a tail, filled up on the right. */
function fit(head: Buffer, tail: Buffer, fill = 0xa5): Buffer {
  return Buffer.concat([head, tail, Buffer.alloc(size - head.length - tail.length, fill)]);
}

function withByte(block: Buffer, offset: number, byte: number): Buffer {
  block[offset] = byte;
  return block;
}

/** The largest number whose cube is not larger. */
function cubeRoot(value: bigint): bigint {
  let low = 0n;
  let high = 1n << BigInt(Math.ceil(value.toString(2).length / 3) + 1);
  while (high - low > 1n) {
    const middle = (low + high) >> 1n;
    if (middle ** 3n <= value) low = middle;
    else high = middle;
  }
  return low;
}
