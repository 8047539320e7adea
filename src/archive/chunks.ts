/**
 * A file's bytes in order, read once through one descriptor with read-ahead, and the SHA-256 of exactly those bytes. Large
 * files are read and hashed by a second thread, so that whoever takes the chunks can hash their parts at the same time.
 */
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { ExhibitError } from '../core/errors.ts';
import { wantsThread, type Hashing } from './hashing.ts';
import { BLOCK } from './header.ts';
import { SharedReader } from './shared-reader.ts';

/** Bytes of a chunk, less for small files; a multiple of the tar block, so that no header lies across two. */
const CHUNK_BYTES = 1024 * 1024;

/** Sequential reader of one file. */
export class Chunks {
  readonly size: number;
  readonly #file: FileHandle;
  readonly #reader: SharedReader | LocalReader;

  private constructor(file: FileHandle, size: number, reader: SharedReader | LocalReader) {
    this.#file = file;
    this.size = size;
    this.#reader = reader;
  }

  /**
   * Opens a regular file; a symbolic link is refused.
   * @throws ExhibitError `E_READ` if it cannot be opened, `E_HOSTILE_ARCHIVE` if it is no regular file.
   */
  static async open(path: string, hashing: Hashing, signal?: AbortSignal): Promise<Chunks> {
    // O_NONBLOCK: a FIFO in place of the file must not hang the reader; it is refused just below.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const file = await open(path, flags).catch((cause: unknown) => {
      const code = (cause as NodeJS.ErrnoException).code;
      if (code === 'ELOOP') throw notRegular(path);
      throw new ExhibitError('E_READ', 'a file could not be opened', {
        where: { file: path },
        cause,
      });
    });
    const facts = await file.stat().catch(async (cause: unknown) => {
      await file.close();
      throw new ExhibitError('E_READ', 'a file could not be read', {
        where: { file: path },
        cause,
      });
    });
    if (!facts.isFile()) {
      await file.close();
      throw notRegular(path);
    }
    const reader = wantsThread(facts.size, hashing)
      ? new SharedReader(path, file, facts.size, signal)
      : new LocalReader(path, file, facts.size, signal);
    return new Chunks(file, facts.size, reader);
  }

  /**
   * The next chunk: 1 MiB, less only at the end of the file; undefined after the end. It stays valid until the next call.
   * @throws ExhibitError `E_READ` on an I/O error, `E_TAMPERED` if the file's length changes while it is read.
   */
  next(): Promise<Buffer | undefined> {
    return this.#reader.next();
  }

  /** Lower-case hex SHA-256 of all bytes; reads on to the end of the file first if need be. */
  async sha256(): Promise<string> {
    while ((await this.next()) !== undefined);
    return this.#reader.sha256();
  }

  /** Frees descriptor and thread; always call it. */
  async close(): Promise<void> {
    await this.#reader.close();
    await this.#file.close();
  }
}

/** Reads and hashes in the caller's thread: two buffers, one of which fills while the other is looked at. */
class LocalReader {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #size: number;
  readonly #signal: AbortSignal | undefined;
  readonly #hash = createHash('sha256');
  readonly #slots: readonly [Buffer, Buffer];
  #read = 0;
  #nextSlot: 0 | 1 = 0;
  #ahead: Promise<number> | undefined;

  constructor(path: string, file: FileHandle, size: number, signal: AbortSignal | undefined) {
    this.#path = path;
    this.#file = file;
    this.#size = size;
    this.#signal = signal;
    const bytes = Math.min(CHUNK_BYTES, Math.max(1, Math.ceil(size / BLOCK)) * BLOCK);
    this.#slots = [Buffer.alloc(bytes), Buffer.alloc(bytes)];
  }

  async next(): Promise<Buffer | undefined> {
    this.#signal?.throwIfAborted();
    const slot = this.#slots[this.#nextSlot];
    const length = await (this.#ahead ?? this.#fill(slot, this.#read));
    this.#ahead = undefined;
    if (length === 0) return undefined;
    this.#read += length;
    const chunk = slot.subarray(0, length);
    this.#hash.update(chunk);
    this.#nextSlot = this.#nextSlot === 0 ? 1 : 0;
    this.#ahead = this.#fill(this.#slots[this.#nextSlot], this.#read);
    // A failed read-ahead is reported by the call that needs it.
    this.#ahead.catch(() => undefined);
    return chunk;
  }

  sha256(): Promise<string> {
    return Promise.resolve(this.#hash.digest('hex'));
  }

  async close(): Promise<void> {
    await this.#ahead?.catch(() => 0);
  }

  // Fills a slot wholly unless the file ends.
  async #fill(slot: Buffer, position: number): Promise<number> {
    let have = 0;
    while (have < slot.length) {
      const { bytesRead } = await this.#file
        .read(slot, have, slot.length - have, position + have)
        .catch((cause: unknown) => {
          const where = { file: this.#path, offset: position + have };
          throw new ExhibitError('E_READ', 'a file could not be read', { where, cause });
        });
      if (bytesRead === 0) break;
      have += bytesRead;
    }
    const end = position + have;
    if (end > this.#size || (have < slot.length && end !== this.#size)) {
      throw new ExhibitError('E_TAMPERED', 'the length of a file changed while it was read', {
        where: { file: this.#path, offset: end },
      });
    }
    return have;
  }
}

function notRegular(path: string): ExhibitError {
  return new ExhibitError('E_HOSTILE_ARCHIVE', 'not a regular file', { where: { file: path } });
}
