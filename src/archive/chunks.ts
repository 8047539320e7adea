/**
 * A file's bytes in order, read once through one descriptor with read-ahead, and the SHA-256 of exactly those bytes. Large
 * files are hashed by a second thread out of the same shared memory, so that whoever reads the chunks can hash
 * their parts at the same time.
 */
import type { Buffer } from 'node:buffer';
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { ExhibitError } from '../core/errors.ts';
import { hashRing, type HashRing, type Hashing } from './hashing.ts';

/** Sequential reader of one file. */
export class Chunks {
  readonly size: number;
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #ring: HashRing;
  readonly #signal: AbortSignal | undefined;
  #read = 0;
  #nextSlot = 0;
  #ahead: Promise<number> | undefined;

  private constructor(
    path: string,
    file: FileHandle,
    size: number,
    hashing: Hashing,
    signal?: AbortSignal,
  ) {
    this.#path = path;
    this.#file = file;
    this.size = size;
    this.#signal = signal;
    this.#ring = hashRing(size, hashing);
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
    const facts = await file.stat();
    if (!facts.isFile()) {
      await file.close();
      throw notRegular(path);
    }
    return new Chunks(path, file, facts.size, hashing, signal);
  }

  /**
   * The next chunk: 1 MiB, less only at the end of the file; undefined after the end. It stays valid until the next call.
   * @throws ExhibitError `E_READ` on an I/O error, `E_TAMPERED` if the file's length changes while it is read.
   */
  async next(): Promise<Buffer | undefined> {
    this.#signal?.throwIfAborted();
    const slot = this.#nextSlot;
    const length = await (this.#ahead ?? this.#fill(slot, this.#read));
    this.#ahead = undefined;
    if (length === 0) return undefined;
    this.#read += length;
    this.#ring.add(slot, length);
    this.#nextSlot = (slot + 1) % this.#ring.slots.length;
    const follower = this.#nextSlot;
    this.#ahead = this.#ring.free(follower).then(() => this.#fill(follower, this.#read));
    // A failed read-ahead is reported by the call that needs it.
    this.#ahead.catch(() => undefined);
    return this.#ring.slots[slot]?.subarray(0, length);
  }

  /** Lower-case hex SHA-256 of all bytes; reads on to the end of the file first if need be. */
  async sha256(): Promise<string> {
    while ((await this.next()) !== undefined);
    return this.#ring.finish();
  }

  /** Frees descriptor and thread; always call it. */
  async close(): Promise<void> {
    await this.#ahead?.catch(() => 0);
    await this.#ring.stop();
    await this.#file.close();
  }

  // Fills a slot wholly unless the file ends.
  async #fill(slot: number, position: number): Promise<number> {
    const target = this.#ring.slots[slot];
    if (target === undefined) throw new RangeError('no such slot');
    let have = 0;
    while (have < this.#ring.slotBytes) {
      const { bytesRead } = await this.#file
        .read(target, have, this.#ring.slotBytes - have, position + have)
        .catch((cause: unknown) => {
          const where = { file: this.#path, offset: position + have };
          throw new ExhibitError('E_READ', 'a file could not be read', { where, cause });
        });
      if (bytesRead === 0) break;
      have += bytesRead;
    }
    const end = position + have;
    if (end > this.size || (have < this.#ring.slotBytes && end !== this.size)) {
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
