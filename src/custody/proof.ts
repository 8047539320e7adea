/**
 * Proofs for selective disclosure: that one entry, or one record, is among those that a signed root counts, or that a later
 * checkpoint goes on from an earlier one. A proof is text of one form, next to the files it speaks of (docs/custody.md).
 */
import { Buffer } from 'node:buffer';
import { inclusionSides, leafHash, provesConsistency, provesInclusion } from '../core/merkle.ts';

/** What is proved: `number` counts from 1. */
export type Proof =
  | {
      readonly kind: 'inclusion' | 'record';
      readonly caseId: string;
      readonly number: number;
      readonly size: number;
      readonly hashes: readonly Buffer[];
    }
  | {
      readonly kind: 'consistency';
      readonly caseId: string;
      /** Size of the earlier tree. */
      readonly first: number;
      readonly size: number;
      readonly hashes: readonly Buffer[];
    };

const PROOF_TYPE = 'custody-proof/1';

/** No proof of a tree below 2^53 leaves has more hashes. */
const MAX_HASHES = 2 * 53;
const MAX_BYTES = 256 + MAX_HASHES * 67;

/** Text of a proof: type and case, what is proved, and one hash a line, `L` or `R` saying on which side it stands. */
export function renderProof(proof: Proof): Buffer {
  const { kind, caseId, size, hashes } = proof;
  const first = kind === 'consistency' ? proof.first : proof.number;
  const sides = kind === 'consistency' ? undefined : inclusionSides(proof.number - 1, size);
  const lines = hashes.map((hash, index) => {
    const side = sides === undefined ? '' : sides[index] === 'left' ? 'L ' : 'R ';
    return `${side}${hash.toString('hex')}\n`;
  });
  return Buffer.from(
    `${PROOF_TYPE}/${caseId}\n${kind} ${String(first)} ${String(size)}\n${lines.join('')}`,
    'latin1',
  );
}

/** Reads a proof; undefined for any bytes but those that {@link renderProof} writes. */
export function parseProof(bytes: Uint8Array): Proof | undefined {
  if (bytes.length > MAX_BYTES) return undefined;
  const [head = '', what = '', ...lines] = Buffer.from(bytes).toString('latin1').split('\n');
  const [, caseId] = /^custody-proof\/1\/([A-Za-z0-9][A-Za-z0-9._-]{0,63})$/.exec(head) ?? [];
  const [, kind, one, two] =
    /^(inclusion|record|consistency) ([1-9]\d{0,14}) ([1-9]\d{0,14})$/.exec(what) ?? [];
  if (caseId === undefined || kind === undefined || lines.pop() !== '') return undefined;
  const hashes = lines.map((line) => Buffer.from(line.slice(-64), 'hex'));
  const [first, size] = [Number(one), Number(two)];
  const proof: Proof =
    kind === 'consistency'
      ? { kind, caseId, first, size, hashes }
      : { kind: kind as 'inclusion' | 'record', caseId, number: first, size, hashes };
  return renderProof(proof).equals(bytes) ? proof : undefined;
}

/** True if the proof leads from the data to the root of a tree of `size` leaves. */
export function includes(
  proof: Proof,
  data: Uint8Array,
  tree: { readonly size: number; readonly root: Uint8Array },
): boolean {
  if (proof.kind === 'consistency' || proof.size !== tree.size) return false;
  const { number, size, hashes } = proof;
  const leaf = leafHash(data);
  return provesInclusion({ leaf, index: number - 1, size, root: tree.root, proof: hashes });
}

/** True if the second tree begins with all leaves of the first. */
export function continues(
  proof: Proof,
  first: { readonly size: number; readonly root: Uint8Array },
  second: { readonly size: number; readonly root: Uint8Array },
): boolean {
  if (proof.kind !== 'consistency') return false;
  if (proof.first !== first.size || proof.size !== second.size) return false;
  return provesConsistency({ first, second, proof: proof.hashes });
}
