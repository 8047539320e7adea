/**
 * Merkle trees as RFC 6962 section 2.1 and RFC 9162 section 2.1 define them, over SHA-256: a signed root of 32 bytes proves
 * one leaf, or that a list only grew, without showing the other leaves.
 *
 * A list of leaves is given as its leaf hashes, packed into one buffer of 32 bytes each. Indexes count from 0.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { Buffer } from 'node:buffer';

/** Bytes of a hash. */
export const HASH_BYTES = 32;

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** Hash of a leaf: SHA-256 of a zero byte and the data. */
export function leafHash(data: Uint8Array): Buffer {
  return createHash('sha256').update(LEAF).update(data).digest();
}

function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  return createHash('sha256').update(NODE).update(left).update(right).digest();
}

/** Root of the tree over these leaf hashes; of no leaves the SHA-256 of nothing. */
export function treeRoot(leaves: Uint8Array): Buffer {
  const size = sizeOf(leaves);
  if (size === 0) return createHash('sha256').digest();
  if (size === 1) return Buffer.from(leaves);
  const left = split(size);
  return nodeHash(treeRoot(part(leaves, 0, left)), treeRoot(part(leaves, left, size)));
}

/** Roots of the trees over the first 1, 2, ... and all leaves. */
export function prefixRoots(leaves: Uint8Array): Buffer[] {
  // Roots of the full subtrees that the leaves so far fall into, from left to right, each with its number of leaves.
  const full: { hash: Buffer; size: number }[] = [];
  return Array.from({ length: sizeOf(leaves) }, (_, index) => {
    let last: { hash: Buffer; size: number } = {
      hash: Buffer.from(part(leaves, index, index + 1)),
      size: 1,
    };
    for (let before = full.at(-1); before?.size === last.size; before = full.at(-1)) {
      full.pop();
      last = { hash: nodeHash(before.hash, last.hash), size: 2 * last.size };
    }
    full.push(last);
    return full.map(({ hash }) => hash).reduceRight((right, left) => nodeHash(left, right));
  });
}

/**
 * Inclusion proof of a leaf (RFC 9162 section 2.1.3.1), nearest sibling first.
 * @throws RangeError when there is no such leaf: a bug in the caller.
 */
export function inclusionProof(leaves: Uint8Array, index: number): Buffer[] {
  const size = sizeOf(leaves);
  if (!(index >= 0 && index < size)) throw new RangeError('no such leaf');
  if (size === 1) return [];
  const left = split(size);
  return index < left
    ? [...inclusionProof(part(leaves, 0, left), index), treeRoot(part(leaves, left, size))]
    : [...inclusionProof(part(leaves, left, size), index - left), treeRoot(part(leaves, 0, left))];
}

/**
 * Consistency proof between the tree over the first `first` leaves and the tree over all (RFC 9162 section 2.1.4.1).
 * @throws RangeError unless `first` is from 1 to the number of leaves: a bug in the caller.
 */
export function consistencyProof(leaves: Uint8Array, first: number): Buffer[] {
  if (!(first >= 1 && first <= sizeOf(leaves))) throw new RangeError('no such tree');
  return subproof(leaves, first, true);
}

/** RFC 9162 section 2.1.4.1: SUBPROOF(m, D_n, b). */
function subproof(leaves: Uint8Array, first: number, known: boolean): Buffer[] {
  const size = sizeOf(leaves);
  if (first === size) return known ? [] : [treeRoot(leaves)];
  const left = split(size);
  return first <= left
    ? [...subproof(part(leaves, 0, left), first, known), treeRoot(part(leaves, left, size))]
    : [...subproof(part(leaves, left, size), first - left, false), treeRoot(part(leaves, 0, left))];
}

/** On which side of the path the next hash of an inclusion proof stands. */
export type Side = 'left' | 'right';

/**
 * Sides of the hashes of an inclusion proof, and so how many there must be; undefined when there is no such leaf.
 * The steps are those of RFC 9162 section 2.1.3.2.
 */
export function inclusionSides(index: number, size: number): Side[] | undefined {
  if (!isCount(index) || !isCount(size) || index >= size) return undefined;
  const sides: Side[] = [];
  for (let [fn, sn] = [index, size - 1]; sn > 0; [fn, sn] = [half(fn), half(sn)]) {
    if (fn % 2 === 0 && fn !== sn) sides.push('right');
    else {
      sides.push('left');
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    }
  }
  return sides;
}

/** True if the proof leads from the leaf hash to the root (RFC 9162 section 2.1.3.2). Everything may be hostile. */
export function provesInclusion(claim: {
  readonly leaf: Uint8Array;
  readonly index: number;
  readonly size: number;
  readonly root: Uint8Array;
  readonly proof: readonly Uint8Array[];
}): boolean {
  const { leaf, proof, root } = claim;
  const sides = inclusionSides(claim.index, claim.size);
  if (sides?.length !== proof.length || ![leaf, root, ...proof].every(isHash)) return false;
  const reached = proof.reduce(
    (hash, sibling, step) =>
      sides[step] === 'left' ? nodeHash(sibling, hash) : nodeHash(hash, sibling),
    leaf,
  );
  return timingSafeEqual(reached, root);
}

/** True if the second tree begins with all leaves of the first (RFC 9162 section 2.1.4.2). Everything may be hostile. */
export function provesConsistency(claim: {
  readonly first: { readonly size: number; readonly root: Uint8Array };
  readonly second: { readonly size: number; readonly root: Uint8Array };
  readonly proof: readonly Uint8Array[];
}): boolean {
  const { first, second, proof } = claim;
  if (![first.root, second.root, ...proof].every(isHash)) return false;
  if (!isCount(first.size) || !isCount(second.size)) return false;
  if (first.size === 0 || first.size > second.size) return false;
  if (first.size === second.size) {
    return proof.length === 0 && timingSafeEqual(first.root, second.root);
  }
  if (proof.length === 0) return false;
  const path = isPowerOfTwo(first.size) ? [first.root, ...proof] : proof;
  let [fn, sn] = [first.size - 1, second.size - 1];
  while (fn % 2 === 1) [fn, sn] = [half(fn), half(sn)];
  const [start = first.root, ...rest] = path;
  let [fr, sr] = [start, start];
  for (const sibling of rest) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      fr = nodeHash(sibling, fr);
      sr = nodeHash(sibling, sr);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else {
      sr = nodeHash(sr, sibling);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && timingSafeEqual(fr, first.root) && timingSafeEqual(sr, second.root);
}

/** The largest power of two below n. */
function split(n: number): number {
  let power = 1;
  while (2 * power < n) power *= 2;
  return power;
}

// Sizes may be above 2^31, where the bit operators end.
function half(n: number): number {
  return Math.floor(n / 2);
}

function isPowerOfTwo(n: number): boolean {
  return n === 1 || split(n) * 2 === n;
}

function isCount(n: number): boolean {
  return Number.isSafeInteger(n) && n >= 0;
}

function isHash(hash: Uint8Array): boolean {
  return hash.length === HASH_BYTES;
}

function sizeOf(leaves: Uint8Array): number {
  return leaves.length / HASH_BYTES;
}

function part(leaves: Uint8Array, from: number, to: number): Uint8Array {
  return leaves.subarray(from * HASH_BYTES, to * HASH_BYTES);
}
