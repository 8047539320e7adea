/** A matrix of times: every order of certificate, claim, proof, revocation (docs/threat-model.md, row 10). */
import { beforeAll, describe, expect, test } from 'vitest';
import {
  judgeSigner,
  type Revocation,
  type SignerAnswer,
  type SignerQuestion,
} from '#src/crypto/judge-signer.ts';
import { readCertificate } from '#src/crypto/trust.ts';
import { pkiOf, START_US, testPki, type TestPki } from '../helpers/pki.ts';

const SECOND = 1_000_000;
const DAY = 86_400 * SECOND;

let pki: TestPki;
let ask: (question: Partial<SignerQuestion> & { readonly claimedUs: number }) => SignerAnswer;
let endUs: number;

beforeAll(async () => {
  pki = await testPki('Ada Test');
  const certificate = readCertificate(pki.pem, 'signer');
  const root = readCertificate(pki.rootPem, 'root');
  endUs = certificate.validToDate.getTime() * 1000;
  ask = (question) => judgeSigner({ certificate, root, ...question });
});

const proven = (us: number): { us: number; by: string } => ({ us, by: 'a test authority' });

/** What a verdict must be, at the claimed time alone or with a proven time. */
type Row = readonly [
  what: string,
  claimed: number,
  proof: number | undefined,
  status: SignerAnswer['status'],
];

describe('validity of the certificate', () => {
  const rows: readonly Row[] = [
    ['a second before it began', START_US - SECOND, undefined, 'fail'],
    ['when it began', START_US, undefined, 'pass'],
    ['the day after', START_US + DAY, undefined, 'pass'],
    ['claimed before it began, proven after', START_US - SECOND, START_US + DAY, 'fail'],
    ['claimed and proven at the same moment', START_US + DAY, START_US + DAY, 'pass'],
    ['proven a day after the claim', START_US + DAY, START_US + 2 * DAY, 'pass'],
    ['claimed a second after the proof', START_US + DAY + SECOND, START_US + DAY, 'fail'],
    ['claimed years after the proof', START_US + 900 * DAY, START_US + DAY, 'fail'],
  ];
  test.each(rows)('%s', (_, claimedUs, proof, status) => {
    const answer = ask({ claimedUs, proven: proof === undefined ? undefined : proven(proof) });
    expect(answer.status, answer.detail).toBe(status);
    expect(answer).toMatchObject({
      basis: proof === undefined ? 'claimed' : 'proven',
      atUs: proof ?? claimedUs,
    });
  });

  test.each([
    ['claimed at its last second', 0, undefined, 'pass'],
    ['claimed a second too late', SECOND, undefined, 'fail'],
    ['claimed in time, proven at its last second', -DAY, 0, 'pass'],
    ['claimed in time, proven too late', -DAY, SECOND, 'fail'],
    ['claimed too late, proven in time', SECOND, 0, 'fail'],
  ] as const)('%s', (_, claimed, proof, status) => {
    const question = { claimedUs: endUs + claimed };
    const answer =
      proof === undefined ? ask(question) : ask({ ...question, proven: proven(endUs + proof) });
    expect(answer.status, answer.detail).toBe(status);
  });
});

describe('revocation', () => {
  const AT = START_US + 100 * DAY;
  const rows: readonly (readonly [
    what: string,
    reason: string,
    claimed: number,
    proof: number | undefined,
    status: SignerAnswer['status'],
  ])[] = [
    ['claimed before, harmless reason', 'superseded', AT - DAY, undefined, 'pass'],
    ['claimed a second before, harmless reason', 'superseded', AT - SECOND, undefined, 'pass'],
    ['claimed at that moment', 'superseded', AT, undefined, 'fail'],
    ['claimed after', 'superseded', AT + DAY, undefined, 'fail'],
    ['claimed before, key compromised', 'keyCompromise', AT - DAY, undefined, 'not_checked'],
    ['claimed before, no reason given', 'unspecified', AT - DAY, undefined, 'not_checked'],
    ['claimed before and proven before, compromised', 'keyCompromise', AT - DAY, AT - 1, 'pass'],
    ['claimed before, proven at that moment', 'keyCompromise', AT - DAY, AT, 'fail'],
    ['claimed before, proven after', 'keyCompromise', AT - DAY, AT + DAY, 'fail'],
    ['claimed before, proven after, harmless', 'superseded', AT - DAY, AT + DAY, 'fail'],
    ['claimed after, proven before', 'superseded', AT + DAY, AT - DAY, 'fail'],
  ];
  test.each(rows)('%s', (_, reason, claimedUs, proof, status) => {
    const serialNumber = readCertificate(pki.pem, 'signer').serialNumber;
    const named = [{ fingerprint: pki.signer.fingerprint }, { serialNumber }];
    for (const name of named) {
      const revocation: Revocation = { ...name, fromUs: AT, reason, source: 'pki/crl.pem' };
      const answer = ask({
        claimedUs,
        proven: proof === undefined ? undefined : proven(proof),
        revocations: [revocation],
      });
      expect(answer.status, answer.detail).toBe(status);
    }
  });

  test('of another certificate does not concern this one', () => {
    const other = { fromUs: START_US, reason: 'keyCompromise', source: 'pki/crl.pem' };
    const revocations = [
      { ...other, fingerprint: '0'.repeat(64) },
      { ...other, serialNumber: '01' },
      other,
    ];
    expect(ask({ claimedUs: AT, revocations }).status).toBe('pass');
  });

  test('by a list of the root, of a number that another issuer gave too', () => {
    const { pem } = pkiOf('Bob Test', pki.key, pki.rootKey);
    const certificate = readCertificate(pem, 'registered');
    const { serialNumber } = certificate;
    const one = { serialNumber, fromUs: START_US, reason: 'keyCompromise', source: 'pki/crl.pem' };
    const answer = ask({ certificate, vouched: true, claimedUs: AT, revocations: [one] });
    expect(answer.status, answer.detail).toBe('pass');
  });

  const inLedger = { fromUs: AT, reason: 'keyCompromise', source: 'custody/00000007.json', seq: 7 };
  test.each([
    ['an entry before it', 6, AT - DAY, 'pass'],
    ['that entry itself', 7, AT + DAY, 'pass'],
    ['an entry after it, whatever time it claims', 8, AT - DAY, 'fail'],
    ['an entry before it that claims a later time', 6, AT + DAY, 'fail'],
    ['a file that no entry vouches for', undefined, AT - DAY, 'not_checked'],
  ] as const)('by the ledger: %s', (_, seq, claimedUs, status) => {
    const revocations = [{ ...inLedger, fingerprint: pki.signer.fingerprint }];
    const answer = ask({ claimedUs, seq, revocations });
    expect(answer.status, answer.detail).toBe(status);
  });
});
