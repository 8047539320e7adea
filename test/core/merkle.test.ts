/** RFC 6962 trees: the published vectors, and that no changed proof is believed. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fuzzRuns } from '../helpers/fuzz.ts';
import {
  consistencyProof,
  inclusionProof,
  leafHash,
  prefixRoots,
  provesConsistency,
  provesInclusion,
  treeRoot,
} from '#src/core/merkle.ts';

/**
 * The eight leaves, roots and proofs that certificate-transparency-go, trillian and transparency-dev/merkle share
 * (proof/verify_test.go there).
 */
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
const ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
/** Leaf (from 1), size, proof. */
const INCLUSION: readonly (readonly [number, number, readonly string[]])[] = [
  [1, 1, []],
  [
    1,
    8,
    [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  ],
  [
    6,
    8,
    [
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
  [3, 3, ['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125']],
  [
    2,
    5,
    [
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ],
  ],
];
/** First size, second size, proof. */
const CONSISTENCY: readonly (readonly [number, number, readonly string[]])[] = [
  [1, 1, []],
  [
    1,
    8,
    [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  ],
  [
    6,
    8,
    [
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
  [
    2,
    5,
    [
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ],
  ],
  [
    6,
    7,
    [
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
];

const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const packed = (size: number): Buffer =>
  Buffer.concat(LEAVES.slice(0, size).map((leaf) => leafHash(hex(leaf))));
const texts = (hashes: readonly Uint8Array[]): string[] =>
  hashes.map((hash) => Buffer.from(hash).toString('hex'));
const flip = (hash: Uint8Array, bit = 3): Buffer => {
  const changed = Buffer.from(hash);
  changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return changed;
};
const NOTHING = createHash('sha256').digest();
const SOME = hex('abacaba000000000000000000000000000000000000000000060061e00123456');

type Inclusion = Parameters<typeof provesInclusion>[0];
type Consistency = Parameters<typeof provesConsistency>[0];

/** The families of mutants of transparency-dev/merkle, for any inclusion proof. */
function inclusionMutants(good: Inclusion): Record<string, Inclusion> {
  const { index, size, proof, root, leaf } = good;
  const mutants: Record<string, Inclusion> = {
    'index - 1': { ...good, index: index - 1 },
    'index + 1': { ...good, index: index + 1 },
    'index ^ 2': { ...good, index: index ^ 2 },
    'size * 2': { ...good, size: size * 2 },
    'size / 2': { ...good, size: Math.floor(size / 2) },
    'index not whole': { ...good, index: index + 0.5 },
    'size not whole': { ...good, size: size + 0.5 },
    'size NaN': { ...good, size: NaN },
    'wrong leaf': { ...good, leaf: flip(leaf) },
    'short leaf': { ...good, leaf: leaf.subarray(1) },
    'leaf as root': { ...good, leaf: root, root: leaf },
    'empty root': { ...good, root: NOTHING },
    'random root': { ...good, root: SOME },
    'short root': { ...good, root: root.subarray(1) },
    'trailing nothing': { ...good, proof: [...proof, Buffer.alloc(0)] },
    'trailing root': { ...good, proof: [...proof, root] },
    'preceding nothing': { ...good, proof: [Buffer.alloc(0), ...proof] },
    'preceding root': { ...good, proof: [root, ...proof] },
  };
  if (proof.length > 0) mutants['removed last'] = { ...good, proof: proof.slice(0, -1) };
  if (proof.length > 0) mutants['removed first'] = { ...good, proof: proof.slice(1) };
  if (proof.length > 1)
    mutants['inserted'] = { ...good, proof: [proof[0]!, SOME, ...proof.slice(1)] };
  if (proof.length > 1) mutants['reversed'] = { ...good, proof: proof.toReversed() };
  proof.forEach((_, at) => {
    mutants[`bit of ${String(at)}`] = { ...good, proof: proof.with(at, flip(proof[at]!)) };
    mutants[`short ${String(at)}`] = { ...good, proof: proof.with(at, proof[at]!.subarray(1)) };
  });
  // A tree of one leaf: its leaf is its root.
  if (size === 1) delete mutants['leaf as root'];
  return mutants;
}

function consistencyMutants(good: Consistency): Record<string, Consistency> {
  const { first, second, proof } = good;
  const mutants: Record<string, Consistency> = {
    'first - 1': { ...good, first: { ...first, size: first.size - 1 } },
    'first + 1': { ...good, first: { ...first, size: first.size + 1 } },
    'first ^ 2': { ...good, first: { ...first, size: first.size ^ 2 } },
    'second * 2': { ...good, second: { ...second, size: second.size * 2 } },
    'second / 2': { ...good, second: { ...second, size: Math.floor(second.size / 2) } },
    'first 0': { ...good, first: { ...first, size: 0 } },
    'first not whole': { ...good, first: { ...first, size: first.size + 0.5 } },
    'wrong first root': { ...good, first: { ...first, root: flip(first.root) } },
    'wrong second root': { ...good, second: { ...second, root: flip(second.root) } },
    'short roots': {
      ...good,
      first: { ...first, root: first.root.subarray(1) },
      second: { ...second, root: second.root.subarray(1) },
    },
    'trailing nothing': { ...good, proof: [...proof, Buffer.alloc(0)] },
    'trailing first root': { ...good, proof: [...proof, first.root] },
    'trailing second root': { ...good, proof: [...proof, second.root] },
    'preceding nothing': { ...good, proof: [Buffer.alloc(0), ...proof] },
    'preceding first root': { ...good, proof: [first.root, ...proof] },
    'preceding second root': { ...good, proof: [second.root, ...proof] },
  };
  if (first.size !== second.size) {
    mutants['swapped roots'] = {
      ...good,
      first: { ...first, root: second.root },
      second: { ...second, root: first.root },
    };
    mutants['swapped sizes'] = { ...good, first: second, second: first };
    mutants['empty'] = { ...good, proof: [] };
    mutants['doubled first'] = { ...good, proof: [proof[0]!, ...proof] };
    mutants['truncated'] = { ...good, proof: proof.slice(0, -1) };
    mutants['beheaded'] = { ...good, proof: proof.slice(1) };
    if (proof.length > 1) mutants['reversed'] = { ...good, proof: proof.toReversed() };
  }
  proof.forEach((_, at) => {
    mutants[`bit of ${String(at)}`] = { ...good, proof: proof.with(at, flip(proof[at]!, 4)) };
  });
  return mutants;
}

const believed = <T>(mutants: Record<string, T>, believes: (one: T) => boolean): string[] =>
  Object.entries(mutants).flatMap(([name, one]) => (believes(one) ? [name] : []));

describe('the published vectors', () => {
  test('roots of 0 to 8 leaves', () => {
    expect(treeRoot(Buffer.alloc(0))).toEqual(NOTHING);
    expect(LEAVES.map((_, index) => treeRoot(packed(index + 1)).toString('hex'))).toEqual(ROOTS);
    expect(texts(prefixRoots(packed(8)))).toEqual(ROOTS);
  });

  test.each(INCLUSION)('inclusion of leaf %i of %i', (leaf, size, proof) => {
    const leaves = packed(size);
    expect(texts(inclusionProof(leaves, leaf - 1))).toEqual(proof);
    const good: Inclusion = {
      leaf: leaves.subarray((leaf - 1) * 32, leaf * 32),
      index: leaf - 1,
      size,
      root: hex(ROOTS[size - 1]!),
      proof: proof.map(hex),
    };
    expect(provesInclusion(good)).toBe(true);
    expect(believed(inclusionMutants(good), provesInclusion)).toEqual([]);
  });

  test.each(CONSISTENCY)('consistency of %i and %i', (first, second, proof) => {
    expect(texts(consistencyProof(packed(second), first))).toEqual(proof);
    const good: Consistency = {
      first: { size: first, root: hex(ROOTS[first - 1]!) },
      second: { size: second, root: hex(ROOTS[second - 1]!) },
      proof: proof.map(hex),
    };
    expect(provesConsistency(good)).toBe(true);
    expect(believed(consistencyMutants(good), provesConsistency)).toEqual([]);
  });

  test('a tree of no leaves has nothing to prove', () => {
    const root = NOTHING;
    expect(provesInclusion({ leaf: SOME, index: 0, size: 0, root, proof: [] })).toBe(false);
    const empty = { size: 0, root };
    expect(provesConsistency({ first: empty, second: empty, proof: [] })).toBe(false);
    expect(() => inclusionProof(Buffer.alloc(0), 0)).toThrow(RangeError);
    expect(() => consistencyProof(packed(2), 3)).toThrow(RangeError);
    expect(() => consistencyProof(packed(2), 0)).toThrow(RangeError);
  });
});

describe('trees of any size', () => {
  const leaves = Buffer.concat(
    Array.from({ length: 70 }, (_, index) => leafHash(Buffer.from(String(index)))),
  );
  const roots = prefixRoots(leaves);
  const upTo = (size: number): Buffer => leaves.subarray(0, size * 32);

  test('every leaf of every size is proved, and no mutant of a proof', () => {
    for (let size = 1; size <= 33; size++) {
      const root = treeRoot(upTo(size));
      expect(root).toEqual(roots[size - 1]);
      for (let index = 0; index < size; index++) {
        const leaf = leaves.subarray(index * 32, (index + 1) * 32);
        const good = { leaf, index, size, root, proof: inclusionProof(upTo(size), index) };
        expect(provesInclusion(good)).toBe(true);
        expect(
          believed(inclusionMutants(good), provesInclusion),
          `${String(index)}/${String(size)}`,
        ).toEqual([]);
      }
    }
  });

  test('every pair of sizes is proved, and no mutant of a proof', () => {
    for (let second = 1; second <= 33; second++) {
      for (let first = 1; first <= second; first++) {
        const good = {
          first: { size: first, root: roots[first - 1]! },
          second: { size: second, root: roots[second - 1]! },
          proof: consistencyProof(upTo(second), first),
        };
        expect(provesConsistency(good)).toBe(true);
        expect(
          believed(consistencyMutants(good), provesConsistency),
          `${String(first)}-${String(second)}`,
        ).toEqual([]);
      }
    }
  });

  test('random proofs are never believed, and never end in an exception or without end', () => {
    const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
    const size = fc.oneof(fc.nat({ max: 80 }), fc.maxSafeNat(), fc.double(), fc.integer());
    const proof = fc.array(fc.oneof(hash, fc.uint8Array({ maxLength: 40 })), { maxLength: 60 });
    fc.assert(
      fc.property(size, size, hash, hash, proof, (a, b, one, other, path) => {
        fc.pre(!Buffer.from(one).equals(other));
        expect(provesInclusion({ leaf: one, index: a, size: b, root: other, proof: path })).toBe(
          false,
        );
        const claim = {
          first: { size: a, root: one },
          second: { size: b, root: other },
          proof: path,
        };
        expect(provesConsistency(claim)).toBe(false);
      }),
      { numRuns: fuzzRuns(2000) },
    );
  });
});
