/** Rows are hashed in groups: what is taken out of a file later costs a group, not the file (docs/content-hash.md). */
import type { Buffer } from 'node:buffer';
import { createHash, hash } from 'node:crypto';
import type { CellBuffer } from './record.ts';

/** Consecutive places of a file (record numbers) that form a group. */
export const GROUP_RECORDS = 32;

/** Id of the group of a row in table row_group: the row id of its first place. */
export function groupOf(id: number): number {
  return id - (id % GROUP_RECORDS);
}

/** Hash of a group: of the cells of its rows. */
export function groupHash(cells: CellBuffer): Buffer {
  return hash('sha256', cells.bytes.subarray(0, cells.length), 'buffer');
}

/** `rows_sha256` of a file: over the hashes of its groups that hold rows, in order. */
export function rowsHash(groups: readonly Uint8Array[]): string {
  const sum = createHash('sha256');
  for (const group of groups) sum.update(group);
  return sum.digest('hex');
}
