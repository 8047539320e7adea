/**
 * The one header that a member of a canonical volume can have. POSIX.1-2017, pax, "ustar Interchange Format"; field
 * forms as GNU tar 1.34 writes them with `--format=ustar` and the options of docs/bundle-format.md.
 */
import { Buffer } from 'node:buffer';
import { splitPath } from './safe-name.ts';

/** Bytes of a header and unit of padding. */
export const BLOCK = 512;
/** Archives are padded with zeros to a multiple of this (20 blocks, tar's default record). */
export const RECORD = 10_240;
/** Sizes must be below this: eleven octal digits. */
export const SIZE_LIMIT = 8 * 1024 ** 3;

/** A member: `path` has no trailing slash. */
export interface Member {
  readonly path: string;
  readonly type: 'file' | 'folder';
  readonly size: number;
}

/** Fields of the header: name, first byte, length. */
export const FIELDS = [
  ['name', 0, 100],
  ['mode', 100, 8],
  ['uid', 108, 8],
  ['gid', 116, 8],
  ['size', 124, 12],
  ['mtime', 136, 12],
  ['checksum', 148, 8],
  ['typeflag', 156, 1],
  ['linkname', 157, 100],
  ['magic', 257, 6],
  ['version', 263, 2],
  ['uname', 265, 32],
  ['gname', 297, 32],
  ['devmajor', 329, 8],
  ['devminor', 337, 8],
  ['prefix', 345, 155],
  ['padding', 500, 12],
] as const;

const TEMPLATE = Buffer.alloc(BLOCK);
TEMPLATE.write('0000000\0', 108, 'latin1');
TEMPLATE.write('0000000\0', 116, 'latin1');
TEMPLATE.write('00000000000\0', 136, 'latin1');
TEMPLATE.write('        ', 148, 'latin1');
TEMPLATE.write('ustar\x0000', 257, 'latin1');
TEMPLATE.write('0000000\0', 329, 'latin1');
TEMPLATE.write('0000000\0', 337, 'latin1');

/**
 * Writes the canonical header of a member into a block of 512 bytes.
 * @throws RangeError if the path or size does not fit: the caller has to check names and split sizes first.
 */
export function encodeHeader(member: Member, into: Buffer): void {
  const folder = member.type === 'folder';
  const split = splitPath(folder ? `${member.path}/` : member.path);
  if (split === undefined || member.size >= SIZE_LIMIT)
    throw new RangeError(`does not fit ustar: ${member.path}`);
  TEMPLATE.copy(into);
  into.write(split.name, 0, 'latin1');
  into.write(folder ? '0000755\0' : '0000644\0', 100, 'latin1');
  into.write(`${member.size.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  into[156] = folder ? 0x35 : 0x30;
  into.write(split.prefix, 345, 'latin1');
  let sum = 0;
  for (let at = 0; at < BLOCK; at += 1) sum += into[at] ?? 0;
  into.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
}

/** Bytes of zeros after a body of `size` bytes. */
export function paddingOf(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

/** Whole length of an archive whose last member ends at `end`: two zero blocks, padded to a record. */
export function archiveLength(end: number): number {
  return Math.ceil((end + 2 * BLOCK) / RECORD) * RECORD;
}
