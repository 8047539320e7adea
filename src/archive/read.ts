/**
 * Reads a volume without believing it: one descriptor, one pass, every byte of the archive accounted for. A header is
 * decoded, checked against the rules, then built again from what was understood and compared byte for byte, so that
 * there is exactly one accepted form of every archive (docs/decisions/0010-own-tar-reader.md).
 */
import { Buffer } from 'node:buffer';
import type { ExhibitError } from '../core/errors.ts';
import { Chunks } from './chunks.ts';
import { Cursor, isZero } from './cursor.ts';
import { BLOCK, FIELDS, SIZE_LIMIT, archiveLength, encodeHeader, type Member } from './header.ts';
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
    const cursor = new Cursor(path, chunks);
    const reader = new VolumeReader(cursor);
    for (
      let entry = await reader.nextEntry();
      entry !== undefined;
      entry = await reader.nextEntry()
    ) {
      await onEntry(entry);
      await cursor.finishBody();
    }
    await reader.checkTrailer();
    return { sha256: await chunks.sha256(), bytes: chunks.size, ...reader.counts };
  } finally {
    await chunks.close();
  }
}

class VolumeReader {
  readonly counts = { files: 0, folders: 0 };
  readonly #cursor: Cursor;
  readonly #order = new MemberOrder();
  readonly #expected = Buffer.alloc(BLOCK);

  constructor(cursor: Cursor) {
    this.#cursor = cursor;
  }

  /** The next member, or undefined at the first block of zeros (which is not yet consumed). */
  async nextEntry(): Promise<VolumeEntry | undefined> {
    const cursor = this.#cursor;
    const { offset } = cursor;
    const block = await cursor.peekBlock();
    if (isZero(block)) return undefined;
    const member = this.#decode(block);
    cursor.advance(BLOCK);
    if (member.size + offset + BLOCK > cursor.size) {
      throw cursor.error(
        'E_TAMPERED',
        `"${member.path}" goes on after the end of the archive`,
        offset,
      );
    }
    cursor.beginBody(member.size);
    if (member.type === 'file') this.counts.files += 1;
    else this.counts.folders += 1;
    return { ...member, offset, body: cursor.body() };
  }

  /** Two blocks of zeros, zeros up to the record, and the end of the file. */
  async checkTrailer(): Promise<void> {
    const cursor = this.#cursor;
    if (this.counts.folders === 0) throw cursor.error('E_TAMPERED', 'the archive is empty', 0);
    const length = archiveLength(cursor.offset);
    if (cursor.size !== length) {
      const what =
        cursor.size < length ? 'the archive is cut short' : 'bytes follow the end of the archive';
      throw cursor.error('E_TAMPERED', what, Math.min(length, cursor.size));
    }
    await cursor.zerosTo(length);
  }

  #decode(block: Buffer): Member {
    const type = block[156];
    if (type !== 0x30 && type !== 0x35) {
      throw this.#cursor.error(
        'E_HOSTILE_ARCHIVE',
        `a member of type ${JSON.stringify(block.toString('latin1', 156, 157))}`,
        this.#cursor.offset,
      );
    }
    const folder = type === 0x35;
    const prefix = fieldText(block, 345, 155);
    const stored =
      prefix === '' ? fieldText(block, 0, 100) : `${prefix}/${fieldText(block, 0, 100)}`;
    const path = folder && stored.endsWith('/') ? stored.slice(0, -1) : stored;
    const problem = pathProblem(path, folder);
    if (problem !== undefined) {
      throw this.#cursor.error(
        'E_HOSTILE_ARCHIVE',
        `the name ${JSON.stringify(path)} has ${problem}`,
        this.#cursor.offset,
      );
    }
    const size = this.#size(block);
    const member: Member = { path, type: folder ? 'folder' : 'file', size };
    if (folder && size !== 0)
      throw this.#cursor.error(
        'E_HOSTILE_ARCHIVE',
        `the folder "${path}" has a size`,
        this.#cursor.offset,
      );
    encodeHeader(member, this.#expected);
    if (!this.#expected.equals(block)) throw this.#notCanonical(path, block);
    const disorder = this.#order.add(path, folder);
    if (disorder !== undefined) {
      const code = disorder.hostile ? 'E_HOSTILE_ARCHIVE' : 'E_TAMPERED';
      throw this.#cursor.error(code, `"${path}" ${disorder.problem}`, this.#cursor.offset);
    }
    return member;
  }

  // Eleven octal digits and a NUL: no sign, no space, no base-256.
  #size(block: Buffer): number {
    const text = block.toString('latin1', 124, 136);
    if (!/^[0-7]{11}\0$/.test(text)) {
      throw this.#cursor.error(
        'E_HOSTILE_ARCHIVE',
        'a size that is not eleven octal digits',
        this.#cursor.offset + 124,
      );
    }
    const size = Number.parseInt(text.slice(0, 11), 8);
    if (size >= SIZE_LIMIT)
      throw this.#cursor.error(
        'E_HOSTILE_ARCHIVE',
        'a size out of bounds',
        this.#cursor.offset + 124,
      );
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
    return this.#cursor.error(
      'E_TAMPERED',
      `the header of "${path}" is not canonical in its field ${field}`,
      this.#cursor.offset + at,
    );
  }
}

// Text of a field up to its first NUL; what follows the NUL is compared with zeros by the rebuilt header.
function fieldText(block: Buffer, start: number, length: number): string {
  const text = block.toString('latin1', start, start + length);
  const end = text.indexOf('\0');
  return end === -1 ? text : text.slice(0, end);
}
