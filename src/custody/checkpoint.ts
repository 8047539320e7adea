/**
 * A checkpoint: the body of a C2SP tlog-checkpoint (three lines: origin, size, root in base64) over the RFC 6962 tree of the
 * entries' files, signed like every file of a case. The origin is type and case, so that it is a signature of nothing else.
 */
import { Buffer } from 'node:buffer';
import { HASH_BYTES, leafHash } from '../core/merkle.ts';

const CHECKPOINT_TYPE = 'custody-checkpoint/1';

/** What a checkpoint says. */
export interface Checkpoint {
  readonly caseId: string;
  /** Number of entries, at least 1. */
  readonly size: number;
  /** Root of the tree over the first `size` entries, 32 bytes. */
  readonly root: Buffer;
}

/** The file's bytes. */
export function renderCheckpoint({ caseId, size, root }: Checkpoint): Buffer {
  return Buffer.from(
    `${CHECKPOINT_TYPE}/${caseId}\n${String(size)}\n${root.toString('base64')}\n`,
    'latin1',
  );
}

/** Reads a checkpoint; undefined for any bytes but those that {@link renderCheckpoint} writes. */
export function parseCheckpoint(bytes: Uint8Array): Checkpoint | undefined {
  if (bytes.length > 256) return undefined;
  const text = Buffer.from(bytes).toString('latin1');
  const [, caseId, digits, base64] =
    /^custody-checkpoint\/1\/([A-Za-z0-9][A-Za-z0-9._-]{0,63})\n([1-9]\d{0,14})\n([A-Za-z0-9+/]{43}=)\n$/.exec(
      text,
    ) ?? [];
  if (caseId === undefined || base64 === undefined) return undefined;
  const root = Buffer.from(base64, 'base64');
  const found = { caseId, size: Number(digits), root };
  // The last digit of base64 has bits to spare: one value, one text.
  return root.length === HASH_BYTES && renderCheckpoint(found).equals(bytes) ? found : undefined;
}

/** Leaf hashes of entries' files, packed as core/merkle.ts wants them. */
export function entryLeaves(files: readonly Uint8Array[]): Buffer {
  return Buffer.concat(files.map((bytes) => leafHash(bytes)));
}
