/**
 * Known answers: what exhibit leans on in this process (hashes, signatures, canonical bytes, trees, exact numbers, SQLite) is
 * asked for what everybody can look up, before anything is signed. The ledger says that it answered.
 */
import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { pathProblem } from '../archive/safe-name.ts';
import { canonicalLine } from '../core/canonical.ts';
import { sha256Hex } from '../core/digest.ts';
import { parseExact, sortedJson } from '../core/json.ts';
import { leafHash, treeRoot } from '../core/merkle.ts';
import { formatUs, parseRfc3339 } from '../core/time.ts';
import { verifyForm } from '../crypto/cms-verify.ts';
import { askInMemory } from '../db/version.ts';

/** One question: what it is about, and whether the answer was the known one. */
export interface KnownAnswer {
  readonly id: string;
  readonly ok: boolean;
}

const SIGNED = Buffer.from('exhibit self-test v1\n');
/** A CMS signature of {@link SIGNED} by an RSA-3072 key that was thrown away; `openssl cms -verify -noverify` accepts it too. */
const SIGNATURE = Buffer.from(
  'MIIGowYJKoZIhvcNAQcCoIIGlDCCBpACAQExDzANBglghkgBZQMEAgEFADALBgkqhkiG9w0BBwGgggQhMIIEHTCCAoWgAwIBAgIQ' +
    'aVuFf0tQ385NrKqicKWsJDANBgkqhkiG9w0BAQsFADAcMRowGAYDVQQDDBFLbm93biBhbnN3ZXIgcm9vdDAeFw0yNjAxMDIwMzA0' +
    'MDVaFw0zNjAxMDIwMzA0MDVaMBcxFTATBgNVBAMMDEtub3duIGFuc3dlcjCCAaIwDQYJKoZIhvcNAQEBBQADggGPADCCAYoCggGB' +
    'ALxStgE7RYjCJj2Fe8UVTm8dub44ofDm2V0rjM8bd1iIhHPR3AgkfeahoBYQGZzgHs6/XeK8y0hfqR7PwxeLttuJJ4OHc0xeZwch' +
    'Fxerr0I69PHujBJG+lmZQd4UsAhpRb0NT/Z5M0N8SooNjJYgF2zCkSIocCdA/+e95S5mOsYeH0s5hVbAZqNC8y5xsx0WrewYnvcf' +
    '9RJ9m0WPFpD2gI8N/9BI5l857hlc8gzds7zqogjnTFGeODyE9hturc2yFTkB/mFIjBvCvU3ivyU5vihe0tyaeFXkGp4Z6NJrpiyL' +
    '6U0PTuzFLdMg1B6TEUNbClbAqYEMYUvqzMJfv9tdt4MFlJ0aKEU0ksUgB4uvFa5TpOX5h64AaCTFs0qvsyUNYDyMFCd8tnfZ6BoV' +
    'fKor/DG8E90lolNOQMmpWoVvScuNWfP+2Ic+Qmu2SXohW+4dV3BekwtJEKgCqrNvhSpfI2096PteM5wCiw4rHJ+4t2YW29+dIBqb' +
    '1Go0HE1juSqg2wIDAQABo2AwXjAMBgNVHRMBAf8EAjAAMA4GA1UdDwEB/wQEAwIGwDAdBgNVHQ4EFgQU4i5az9KMgzCSd9DzjtuF' +
    'yzrZ/KQwHwYDVR0jBBgwFoAU5NjW+n2hJpw4zZnU5Zt3vGUIlswwDQYJKoZIhvcNAQELBQADggGBAGUUNAdKrGSZt8Apcx+AMyZs' +
    'zdS7DS6UQ8G9BUH8Xu4weKfODY85NYVetQBsPCHkhabb4J2dZi1FmEo5M3IUKc0v0IDV3vDSqw+UvZQdQqSlkYHSLqMTTfJ1M4EO' +
    'UjTK0iQ9ftYBuo058rXA4xVXuE3vuhN824fVktPc3OhYgasFToVkdAzmS0J1zwL6qQNgb6lGtDl5ltMRPRew9QOzlLc0hS6KTnai' +
    'XYgLZCyH1fQ/kQzoE/EiHcdFmvRgoDoy4NF2/RzM4CqSK4gn8XDhz4dRA9SOIS/pAtdnAZJ9SAKv6SyGOdZIBx+6wD468ogFoe6+' +
    'mJ4GNB3LD8owGxG5YFPAv0PNNPg2cNKR4FvdVUMPYUK4o4Fx12fiN4etVlGOm/PyBJp0HhSjLxqZYVaUanQmSrerGudDdPc5yJoQ' +
    'A+eHveToWnzk9/FVmT0S7UQNA+SORiKLcWU2OsCLBZLYtp/fvcWx47dEwRDeAY/fcN1t/IBUmsn1oy78hiMirL28pjGCAkYwggJC' +
    'AgEBMDAwHDEaMBgGA1UEAwwRS25vd24gYW5zd2VyIHJvb3QCEGlbhX9LUN/OTayqonClrCQwDQYJYIZIAWUDBAIBBQCgaTAYBgkq' +
    'hkiG9w0BCQMxCwYJKoZIhvcNAQcBMBwGCSqGSIb3DQEJBTEPFw0yNjAxMDIwMzA0MDVaMC8GCSqGSIb3DQEJBDEiBCCoPprZKHWM' +
    '+KMECovVggH8yAG/EKR3BvQtPKVI67ab5zANBgkqhkiG9w0BAQEFAASCAYAjcyOI+dvoxXID5saGq/FViJ+Hui918aV4gBJs++Re' +
    'sn43nthB1dVJ/t42Yf2/deI5e+UGPio3yoHfBNkPcOqGzn4GZYCQk5oHEtqHQmVC8UgW/cF1WIyhXxYF+ZtyejTEhUelFjYnAofi' +
    'KQo/5K2HxDtagL8tOhdEaoEleM58WXjuUm6F2wUbA6dNc7HNd2A6hrT739UoIiHet1CAVrLmILUQ1qPA8RIwf4++xV0uuNTzo5qr' +
    'A2h3IHVQN7W9NE4FsTMvUGSejM1tOW2vXnmAxNsyWElsacavy6DPc56NfHP6vBdqfWoVrCF9IM98gG09MZ8YalwmbT7bznlZo3jZ' +
    'IDWUYo54WCNuc7APMxxQskvappg9ngEofzRg5ppeLbmpDLc/UgL72FPTD1Qh59CNnEgP/Nt1L//arGcC18DI52gqGtDi/yYWo23m' +
    'i5kf2DyGY2DMm+bZpxbC36DeBZE99G2zEz4OjHgNwVii9qAiwmoevePbfHLVzq0sRAJcfCE=',
  'base64',
);

/** Leaves and root of the RFC 6962 reference implementation's tests (certificate-transparency, merkle_tree_test). */
const LEAVES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
];
const ROOT = '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328';

const sha512Hex = (text: string): string => createHash('sha512').update(text).digest('hex');

/** A copy with the last bit changed: of a signature that is a bit of the RSA block. */
function flipped(bytes: Buffer): Buffer {
  return Buffer.from(bytes.map((byte, index) => (index === bytes.length - 1 ? byte ^ 1 : byte)));
}

const QUESTIONS: Readonly<Record<string, () => boolean>> = {
  // NIST, "Examples with Intermediate Values", SHA-256 and SHA-512 of one block.
  sha256: () =>
    sha256Hex('abc') === 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  sha512: () =>
    sha512Hex('abc') ===
    'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a' +
      '2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
  signature_accepted: () => verifyForm(SIGNED, SIGNATURE).ok,
  changed_content_refused: () => !verifyForm(flipped(SIGNED), SIGNATURE).ok,
  changed_signature_refused: () => !verifyForm(SIGNED, flipped(SIGNATURE)).ok,
  merkle_root: () =>
    treeRoot(Buffer.concat(LEAVES.map((leaf) => leafHash(Buffer.from(leaf, 'hex'))))).toString(
      'hex',
    ) === ROOT,
  canonical_json: () =>
    canonicalLine({ b: [1, null], a: 'é\u{0}' }).toString() === '{"a":"é\\u0000","b":[1,null]}\n',
  exact_numbers: () =>
    sortedJson(parseExact('{"n":9007199254740993}') ?? null) === '{"n":9007199254740993}',
  exact_times: () =>
    formatUs(parseRfc3339('2024-02-29T23:59:59.000001Z') ?? 0) === '2024-02-29T23:59:59.000001Z',
  gzip: () =>
    gunzipSync(Buffer.from('H4sIAAAAAAAAA0tMSgYAwkEkNQMAAAA=', 'base64')).toString() === 'abc',
  climbing_path_refused: () => pathProblem('data/../x', false) !== undefined,
  sqlite_integers: () => askInMemory('SELECT 9007199254740993') === 9_007_199_254_740_993n,
  sqlite_text: () => askInMemory("SELECT hex('a' || char(0) || 'é')") === '6100C3A9',
  sqlite_order: () =>
    askInMemory(
      "SELECT group_concat(v, '') FROM (SELECT 'b' v UNION ALL SELECT 'B' UNION ALL SELECT 'é' UNION ALL SELECT 'a' ORDER BY v)",
    ) === 'Babé',
};

/** Asks all of them. */
export function selfTest(
  questions: Readonly<Record<string, () => boolean>> = QUESTIONS,
): readonly KnownAnswer[] {
  return Object.entries(questions).map(([id, ask]) => ({ id, ok: answers(ask) }));
}

// What throws on a question with a known answer does not know it.
function answers(ask: () => boolean): boolean {
  try {
    return ask();
  } catch {
    return false;
  }
}

let passed: string | undefined;

/**
 * Says, once per process, that every answer was right: `14 of 14`.
 * @throws Error on a wrong answer: this program, its Node or its libraries are not what they should be here, which says nothing
 *   about evidence (exit 70).
 */
export function selfTestPassed(): string {
  passed ??= allOf(selfTest());
  return passed;
}

/** What {@link selfTestPassed} says of these answers. */
export function allOf(found: readonly KnownAnswer[]): string {
  const wrong = found.filter(({ ok }) => !ok).map(({ id }) => id);
  if (wrong.length > 0) {
    throw new Error(
      `the self-test failed, so nothing is signed: wrong answers to ${wrong.join(', ')}`,
    );
  }
  return `${String(found.length)} of ${String(found.length)}`;
}
