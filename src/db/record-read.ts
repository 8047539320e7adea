/** Reads a cell that {@link CellBuffer} wrote: the values of one row, as they are stored. */
import { Buffer } from 'node:buffer';
import type { Cell } from './record.ts';

/**
 * Values of a table leaf cell ("Database File Format", sections 1.6 and 2.1), in stored order. Integers come as bigint,
 * texts as strings.
 * @throws RangeError for anything that CellBuffer does not write.
 */
export function readCell(cell: Uint8Array): readonly Cell[] {
  const bytes = Buffer.from(cell.buffer, cell.byteOffset, cell.byteLength);
  let at = 0;
  const varint = (): number => {
    let value = 0n;
    for (let count = 1; count <= 9; count += 1) {
      const byte = bytes.readUInt8(at);
      at += 1;
      if (count === 9) value = (value << 8n) | BigInt(byte);
      else value = (value << 7n) | BigInt(byte & 0x7f);
      if (byte < 0x80) break;
    }
    return Number(value);
  };
  varint(); // length of the record
  varint(); // row id
  const start = at;
  const header = start + varint();
  const types: number[] = [];
  while (at < header) types.push(varint());
  let body = header;
  return types.map((type) => {
    const length = lengthOf(type);
    const value = bytes.subarray(body, body + length);
    body += length;
    if (type === 0) return null;
    if (type === 8 || type === 9) return BigInt(type - 8);
    if (type <= 6) return integerOf(value);
    return type % 2 === 1 ? value.toString('utf8') : Buffer.from(value);
  });
}

function lengthOf(type: number): number {
  if (type >= 12) return Math.floor((type - 12) / 2);
  const length = [0, 1, 2, 3, 4, 6, 8, undefined, 0, 0][type];
  if (length === undefined) throw new RangeError(`serial type ${String(type)}`);
  return length;
}

function integerOf(bytes: Buffer): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return BigInt.asIntN(bytes.length * 8, value);
}
