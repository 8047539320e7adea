/**
 * The decompressed bytes of a file as they are kept in table content_block: blocks of {@link BLOCK_BYTES}, each
 * compressed with zstd by itself. Any range of a file's bytes is read back exactly.
 */
import { Buffer } from 'node:buffer';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { Database, Statement } from 'better-sqlite3';
import { ExhibitError } from '../core/errors.ts';
import { parseSteps, type Step } from '../core/steps.ts';

/** Bytes of a file in one block; part of the format. */
export const BLOCK_BYTES = 131_072;
/** `block_id` is `file_id * 2^24 + block number`: files up to 2 TiB. */
const BLOCKS_PER_FILE = 2 ** 24;
const PACK = {
  params: { [constants.ZSTD_c_compressionLevel]: 1 },
  // Most blocks come out in one piece; Node's default of 16 KiB costs two and a copy.
  chunkSize: 32_768,
};
const UNPACK = { maxOutputLength: BLOCK_BYTES, chunkSize: BLOCK_BYTES };
/** Inflated blocks that are kept at hand: enough for a scan and for a few files read side by side in time order. */
const CACHED_BLOCKS = 64;

/** Row id of a block. */
export function blockId(fileId: number, block: number): number {
  return fileId * BLOCKS_PER_FILE + block;
}

/** A block's bytes as they are stored. */
export function packBlock(bytes: Buffer): Buffer {
  return zstdCompressSync(bytes, PACK);
}

/** Reads ranges of files; keeps the blocks used last. */
export class BlockReader {
  readonly #db: Database;
  readonly #select: Statement<[number], Buffer>;
  #steps: Statement<[number], string | null> | undefined;
  readonly #cache = new Map<number, Buffer>();

  constructor(db: Database) {
    this.#db = db;
    this.#select = db
      .prepare<[number], Buffer>('SELECT bytes FROM main.content_block WHERE block_id = ?')
      .pluck();
  }

  /**
   * Bytes of a file.
   * @throws ExhibitError `E_FORMAT` when the database does not hold them.
   */
  read(fileId: number, offset: number, length: number): Buffer {
    const first = Math.floor(offset / BLOCK_BYTES);
    const start = offset - first * BLOCK_BYTES;
    const head = this.#block(fileId, first);
    if (start + length <= head.length) return head.subarray(start, start + length);
    const pieces = [head.subarray(start)];
    let have = head.length - start;
    for (let block = first + 1; have < length; block++) {
      const piece = this.#block(fileId, block).subarray(0, length - have);
      if (piece.length === 0) throw missing(fileId, block);
      pieces.push(piece);
      have += piece.length;
    }
    return Buffer.concat(pieces, length);
  }

  /**
   * The way to a record that is no range of its file.
   * @throws ExhibitError `E_FORMAT` when the database does not hold it.
   */
  steps(id: number): readonly Step[] {
    this.#steps ??= this.#db
      .prepare<[number], string | null>('SELECT steps FROM main.inner_record WHERE id = ?')
      .pluck();
    const steps = parseSteps(this.#steps.get(id) ?? '');
    if (steps === undefined) {
      throw new ExhibitError(
        'E_FORMAT',
        `the database does not say how record ${String(id)} is taken out of its bytes`,
      );
    }
    return steps;
  }

  #block(fileId: number, block: number): Buffer {
    const id = blockId(fileId, block);
    const cached = this.#cache.get(id);
    if (cached !== undefined) {
      // A Map keeps the order of insertion: the oldest use is first.
      this.#cache.delete(id);
      this.#cache.set(id, cached);
      return cached;
    }
    const packed = this.#select.get(id);
    if (packed === undefined) throw missing(fileId, block);
    const bytes = unpackBlock(packed, fileId, block);
    if (this.#cache.size >= CACHED_BLOCKS) {
      const oldest = this.#cache.keys().next();
      if (oldest.done !== true) this.#cache.delete(oldest.value);
    }
    this.#cache.set(id, bytes);
    return bytes;
  }
}

/** Bytes of a stored block. @throws ExhibitError `E_FORMAT` when they are not what was stored. */
export function unpackBlock(packed: Buffer, fileId: number, block: number): Buffer {
  try {
    return zstdDecompressSync(packed, UNPACK);
  } catch (cause) {
    throw new ExhibitError(
      'E_FORMAT',
      `content block ${String(block)} of file ${String(fileId)} is damaged`,
      {
        cause,
      },
    );
  }
}

function missing(fileId: number, block: number): ExhibitError {
  return new ExhibitError(
    'E_FORMAT',
    `the database does not hold block ${String(block)} of file ${String(fileId)}`,
  );
}
