/**
 * Reads a volume without believing it: one descriptor, one pass, every byte of the archive accounted for. A header is
 * decoded, checked against the rules, then built again from what was understood and compared byte for byte, so that
 * there is exactly one accepted form of every archive (docs/decisions/0010-own-tar-reader.md).
 */
import { Buffer } from 'node:buffer';
import { ExhibitError, type ErrorCode } from '../core/errors.ts';
import { Chunks } from './chunks.ts';
import {
  BLOCK,
  FIELDS,
  SIZE_LIMIT,
  archiveLength,
  encodeHeader,
  paddingOf,
  type Member,
} from './header.ts';
import type { Hashing } from './hashing.ts';
import { MemberOrder } from './order.ts';
import { pathProblem } from './safe-name.ts';

/** One member of the archive, in the archive's order. */
export interface VolumeEntry {
  /** Path with the top folder, no trailing slash: `EV-0001.v001/data/...`. Always a safe name. */
  readonly path: string;
  readonly type: 'file' | 'folder';
  /** Bytes of the body; 0 for a folder. */
  readonly size: number;
  /** Byte offset of the member's header in the archive. */
  readonly offset: number;
  /**
   * The body, in pieces of at most 1 MiB. A piece is valid only until the next one is asked for (and may lie in shared
   * memory): copy what has to stay. Can be read once; what is not read is skipped, its bytes still hashed.
   */
  readonly body: AsyncIterable<Buffer>;
}

/** What the whole archive was. */
export interface VolumeFacts {
  /** Lower-case hex SHA-256 of the archive, from the same bytes that the entries were read from. */
  readonly sha256: string;
  readonly bytes: number;
  readonly files: number;
  readonly folders: number;
}

/** Options of {@link readVolume}. */
export interface ReadVolumeOptions {
  readonly signal?: AbortSignal;
  /** Where the archive's hash is computed; `auto` takes a second thread for large files. */
  readonly hashing?: Hashing;
}

/**
 * Streams a volume.
 * @param path of the tar file.
 * @param onEntry called for each member in order and awaited; what it throws ends the reading and is passed on.
 * @throws ExhibitError `E_HOSTILE_ARCHIVE` (something that is never accepted: a link, a device, an unsafe, repeated or
 *   colliding name, a number in another form), `E_TAMPERED` (not the canonical form, cut, or followed by bytes), both
 *   with the offset; `E_READ` if the file cannot be read.
 */
export async function readVolume(
  path: string,
  onEntry: (entry: VolumeEntry) => Promise<void> | void,
  options: ReadVolumeOptions = {},
): Promise<VolumeFacts> {
  const chunks = await Chunks.open(path, options.hashing ?? 'auto', options.signal);
  try {
    const reader = new VolumeReader(path, chunks);
    for (
      let entry = await reader.nextEntry();
      entry !== undefined;
      entry = await reader.nextEntry()
    ) {
      await onEntry(entry);
      await reader.finishBody();
    }
    await reader.checkTrailer();
    return { sha256: await chunks.sha256(), bytes: chunks.size, ...reader.counts };
  } finally {
    await chunks.close();
  }
}

class VolumeReader {
  readonly counts = { files: 0, folders: 0 };
  readonly #path: string;
  readonly #chunks: Chunks;
  readonly #order = new MemberOrder();
  readonly #expected = Buffer.alloc(BLOCK);
  #chunk: Buffer = Buffer.alloc(0);
  #at = 0;
  /** Offset in the archive of `#chunk[#at]`. */
  #offset = 0;
  #bodyLeft = 0;
  #padding = 0;

  constructor(path: string, chunks: Chunks) {
    this.#path = path;
    this.#chunks = chunks;
  }

  /** The next member, or undefined at the first block of zeros (which is not yet consumed). */
  async nextEntry(): Promise<VolumeEntry | undefined> {
    const offset = this.#offset;
    const block = await this.#peekBlock();
    if (isZero(block)) return undefined;
    const member = this.#decode(block);
    this.#advance(BLOCK);
    if (member.size + offset + BLOCK > this.#chunks.size) {
      throw this.#error(
        'E_TAMPERED',
        `"${member.path}" goes on after the end of the archive`,
        offset,
      );
    }
    this.#bodyLeft = member.size;
    this.#padding = paddingOf(member.size);
    if (member.type === 'file') this.counts.files += 1;
    else this.counts.folders += 1;
    return { ...member, offset, body: { [Symbol.asyncIterator]: () => this.#pieces() } };
  }

  /** Skips what is left of the body and checks its padding. */
  async finishBody(): Promise<void> {
    while (this.#bodyLeft > 0) await this.#piece();
    if (this.#padding > 0) {
      const offset = this.#offset;
      await this.#need();
      if (!isZero(this.#chunk.subarray(this.#at, this.#at + this.#padding))) {
        throw this.#error('E_TAMPERED', 'bytes that are not zero pad a file', offset);
      }
      this.#advance(this.#padding);
      this.#padding = 0;
    }
  }

  /** Two blocks of zeros, zeros up to the record, and the end of the file. */
  async checkTrailer(): Promise<void> {
    if (this.counts.folders === 0) throw this.#error('E_TAMPERED', 'the archive is empty', 0);
    const length = archiveLength(this.#offset);
    if (this.#chunks.size !== length) {
      const what =
        this.#chunks.size < length
          ? 'the archive is cut short'
          : 'bytes follow the end of the archive';
      throw this.#error('E_TAMPERED', what, Math.min(length, this.#chunks.size));
    }
    while (this.#offset < length) {
      await this.#need();
      const rest = this.#chunk.subarray(this.#at);
      if (!isZero(rest))
        throw this.#error('E_TAMPERED', 'bytes that are not zero end the archive', this.#offset);
      this.#advance(rest.length);
    }
  }

  #pieces(): AsyncIterator<Buffer> {
    return {
      next: async () => {
        if (this.#bodyLeft === 0) return { done: true, value: undefined };
        return { done: false, value: await this.#piece() };
      },
    };
  }

  async #piece(): Promise<Buffer> {
    await this.#need();
    const piece = this.#chunk.subarray(
      this.#at,
      Math.min(this.#chunk.length, this.#at + this.#bodyLeft),
    );
    this.#bodyLeft -= piece.length;
    this.#advance(piece.length);
    return piece;
  }

  // At least one unread byte in #chunk.
  async #need(): Promise<void> {
    if (this.#at < this.#chunk.length) return;
    const chunk = await this.#chunks.next();
    if (chunk === undefined)
      throw this.#error('E_TAMPERED', 'the archive is cut short', this.#offset);
    this.#chunk = chunk;
    this.#at = 0;
  }

  #advance(bytes: number): void {
    this.#at += bytes;
    this.#offset += bytes;
  }

  // Chunks are whole multiples of the block except at the end of the file, so a block never lies across two.
  async #peekBlock(): Promise<Buffer> {
    await this.#need();
    if (this.#chunk.length - this.#at < BLOCK)
      throw this.#error('E_TAMPERED', 'the archive is cut short', this.#offset);
    return this.#chunk.subarray(this.#at, this.#at + BLOCK);
  }

  #decode(block: Buffer): Member {
    const type = block[156];
    if (type !== 0x30 && type !== 0x35) {
      throw this.#error(
        'E_HOSTILE_ARCHIVE',
        `a member of type ${JSON.stringify(block.toString('latin1', 156, 157))}`,
        this.#offset,
      );
    }
    const folder = type === 0x35;
    const prefix = fieldText(block, 345, 155);
    const stored =
      prefix === '' ? fieldText(block, 0, 100) : `${prefix}/${fieldText(block, 0, 100)}`;
    const path = folder && stored.endsWith('/') ? stored.slice(0, -1) : stored;
    const problem = pathProblem(path, folder);
    if (problem !== undefined) {
      throw this.#error(
        'E_HOSTILE_ARCHIVE',
        `the name ${JSON.stringify(path)} has ${problem}`,
        this.#offset,
      );
    }
    const size = this.#size(block);
    const member: Member = { path, type: folder ? 'folder' : 'file', size };
    if (folder && size !== 0)
      throw this.#error('E_HOSTILE_ARCHIVE', `the folder "${path}" has a size`, this.#offset);
    encodeHeader(member, this.#expected);
    if (!this.#expected.equals(block)) throw this.#notCanonical(path, block);
    const disorder = this.#order.add(path, folder);
    if (disorder !== undefined) {
      const code = disorder.hostile ? 'E_HOSTILE_ARCHIVE' : 'E_TAMPERED';
      throw this.#error(code, `"${path}" ${disorder.problem}`, this.#offset);
    }
    return member;
  }

  // Eleven octal digits and a NUL: no sign, no space, no base-256.
  #size(block: Buffer): number {
    const text = block.toString('latin1', 124, 136);
    if (!/^[0-7]{11}\0$/.test(text)) {
      throw this.#error(
        'E_HOSTILE_ARCHIVE',
        'a size that is not eleven octal digits',
        this.#offset + 124,
      );
    }
    const size = Number.parseInt(text.slice(0, 11), 8);
    if (size >= SIZE_LIMIT)
      throw this.#error('E_HOSTILE_ARCHIVE', 'a size out of bounds', this.#offset + 124);
    return size;
  }

  #notCanonical(path: string, block: Buffer): ExhibitError {
    const at = this.#expected.findIndex((byte, index) => byte !== block[index]);
    // A wrong field also spoils the checksum, which comes earlier than some fields: name the field, not the checksum.
    const differing = FIELDS.filter(
      ([, start, length]) =>
        !this.#expected
          .subarray(start, start + length)
          .equals(block.subarray(start, start + length)),
    ).map(([name]) => name);
    const field = differing.find((name) => name !== 'checksum') ?? 'checksum';
    return this.#error(
      'E_TAMPERED',
      `the header of "${path}" is not canonical in its field ${field}`,
      this.#offset + at,
    );
  }

  #error(code: ErrorCode, message: string, offset: number): ExhibitError {
    return new ExhibitError(code, message, { where: { file: this.#path, offset } });
  }
}

// Text of a field up to its first NUL; what follows the NUL is compared with zeros by the rebuilt header.
function fieldText(block: Buffer, start: number, length: number): string {
  const text = block.toString('latin1', start, start + length);
  const end = text.indexOf('\0');
  return end === -1 ? text : text.slice(0, end);
}

const ZEROS = Buffer.alloc(64 * 1024);

function isZero(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; at += ZEROS.length) {
    const piece = bytes.subarray(at, at + ZEROS.length);
    if (!piece.equals(ZEROS.subarray(0, piece.length))) return false;
  }
  return true;
}
