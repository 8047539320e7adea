/** Revocation lists that openssl makes with a case's root, and what becomes of signatures. */
import { X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { readCrl, type CrlVerdict } from '#src/crypto/crl.ts';
import { fingerprint } from '#src/crypto/trust.ts';
import { otherCase, type TestCase } from '../helpers/case.ts';
import { revocationList } from '../helpers/crl.ts';
import { fuzzRuns } from '../helpers/fuzz.ts';
import { failures, sealedCase, verifyCase } from '../helpers/sealed.ts';
import { hasTool, needs } from '../helpers/tools.ts';

const SIGNED_AT = '20260102030405Z';

const rootOf = (made: TestCase): X509Certificate =>
  new X509Certificate(readFileSync(made.case.paths.rootPem));
const signerOf = (made: TestCase): X509Certificate =>
  new X509Certificate(made.signer.certificatePem);

function put(made: TestCase, crl: Uint8Array): void {
  mkdirSync(join(made.case.paths.dir, 'pki'), { recursive: true });
  writeFileSync(join(made.case.paths.dir, 'pki/crl.pem'), crl);
}

describe.skipIf(!hasTool('openssl'))(needs('revocation lists', 'openssl'), () => {
  let made: TestCase;
  let serial: string;
  let good: Buffer;
  const read = (bytes: Uint8Array, by = made): CrlVerdict =>
    readCrl(bytes, rootOf(by), 'pki/crl.pem');

  beforeAll(async () => {
    made = await sealedCase();
    serial = signerOf(made).serialNumber;
    good = await revocationList(made, [{ serial, at: '20260201000000Z', reason: 'superseded' }]);
  });

  test('serial numbers, times and reasons are read', async () => {
    const crl = await revocationList(made, [
      { serial, at: '20260201000000Z', reason: 'keyCompromise' },
      { serial: '0A', at: '20260301000000Z' },
      { serial: '80FF', at: '20260401000000Z', reason: 'keyTime,20260102000000Z' },
    ]);
    expect(read(crl)).toMatchObject({
      ok: true,
      revocations: [
        { serialNumber: '0A', fromUs: Date.UTC(2026, 2, 1) * 1000, reason: 'unspecified' },
        { serialNumber: '80FF', fromUs: Date.UTC(2026, 0, 2) * 1000, reason: 'keyCompromise' },
        { serialNumber: serial, fromUs: Date.UTC(2026, 1, 1) * 1000, reason: 'keyCompromise' },
      ].sort((a, b) => (BigInt(`0x${a.serialNumber}`) < BigInt(`0x${b.serialNumber}`) ? -1 : 1)),
    });
    expect(read(await revocationList(made, []))).toMatchObject({ ok: true, revocations: [] });
  });

  test('a list of another root, a partial one, one signed with SHA-1', async () => {
    const stranger = await otherCase('TEST-1');
    const refused = [
      await revocationList(stranger, [{ serial, at: SIGNED_AT }]),
      await revocationList(
        made,
        [],
        'issuingDistributionPoint=critical,@idp\n[idp]\nonlyuser=TRUE',
      ),
      await revocationList(made, [], '2.5.29.27=critical,DER:020101'),
      await revocationList(made, [], '', 'sha1'),
      Buffer.concat([good, good]),
      Buffer.from('-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n'),
      Buffer.from(''),
      Buffer.alloc(600_000, 0x30),
    ];
    for (const [index, crl] of refused.entries()) expect(read(crl).ok, String(index)).toBe(false);
    // The stranger's own root has the same name: only the signature tells.
    expect(read(refused[0] ?? good, stranger).ok).toBe(true);
  });

  test('no bit of a list can be changed', () => {
    const der = Buffer.from(good.toString('latin1').replace(/-----[^-]+-----/g, ''), 'base64');
    expect(read(der).ok).toBe(true);
    const accepted: string[] = [];
    for (let index = 0; index < der.length * 8; index++) {
      const mutant = Buffer.from(der);
      mutant[index >> 3]! ^= 1 << (index & 7);
      if (read(mutant).ok) accepted.push(String(index));
    }
    expect(accepted).toEqual([]);
    for (let length = 0; length < der.length; length += 7)
      expect(read(der.subarray(0, length)).ok).toBe(false);
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.nat(der.length),
        fc.nat(30),
        (bytes, at, cut) => {
          expect(read(bytes).ok).toBe(false);
          const spliced = Buffer.concat([der.subarray(0, at), bytes, der.subarray(at + cut)]);
          fc.pre(!spliced.equals(der));
          expect(read(spliced).ok).toBe(false);
        },
      ),
      { numRuns: fuzzRuns(200) },
    );
  });

  test.each([
    [
      'a day before the signature',
      '20260101030405Z',
      'superseded',
      ['ledger.signer', 'seal.signer'],
    ],
    ['at that second', SIGNED_AT, 'superseded', ['ledger.signer', 'seal.signer']],
    ['a second later', '20260102030406Z', 'superseded', []],
    ['a second later, compromised', '20260102030406Z', 'keyCompromise', []],
    [
      'later, but compromised since before',
      '20260601000000Z',
      'keyTime,20260101000000Z',
      ['ledger.signer', 'seal.signer'],
    ],
  ])('a signer who was taken back %s', async (_, at, reason, wanted) => {
    const one = await sealedCase();
    put(one, await revocationList(one, [{ serial: signerOf(one).serialNumber, at, reason }]));
    const result = await verifyCase(one);
    expect(failures(result)).toEqual(wanted);
    expect(result.checks.find(({ id }) => id === 'trust.crl')?.status).toBe('pass');
    const signer = result.checks.find(({ id }) => id === 'seal.signer');
    // Only the signer says that he signed before his key was in other hands.
    if (reason === 'keyCompromise') expect(signer?.status).toBe('not_checked');
    expect(fingerprint(signerOf(one))).toBe(one.signer.fingerprint);
  });

  test('a list that is not good is a failed check, and revokes nobody', async () => {
    const one = await sealedCase();
    const crl = await revocationList(one, [
      { serial: signerOf(one).serialNumber, at: '20260101030405Z' },
    ]);
    put(one, Buffer.from(crl.toString('latin1').replace(/[A-Z]/, 'a'), 'latin1'));
    expect(failures(await verifyCase(one))).toEqual(['trust.crl']);
    rmSync(join(one.case.paths.dir, 'pki/crl.pem'));
    mkdirSync(join(one.case.paths.dir, 'pki/crl.pem'));
    expect(failures(await verifyCase(one))).toEqual(['trust.crl']);
  });
});
