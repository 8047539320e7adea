/**
 * A file's bytes in order, read once through one descriptor with read-ahead, and the SHA-256 of exactly those bytes. Large
 * files are hashed by a second thread out of the same shared memory, so that whoever reads the chunks can hash
 * their parts at the same time.
 */
import { Buffer } from 'node:buffer';
import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { ExhibitError } from '../core/errors.ts';

/** Bytes of a chunk; a multiple of the tar block, so that no header lies across two chunks. */
const SLOT_BYTES = 1024 * 1024;
const SLOTS = 6;
/** Below this size a second thread costs more to start than it saves. */
const THREAD_FROM = 24 * 1024 * 1024;

/** How the whole file is hashed. */
export type Hashing = 'auto' | 'same-thread' | 'second-thread';

/** Sequential reader of one file. */
export class Chunks {
  readonly size: number;
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #slots: Buffer[];
  readonly #hasher: Hasher;
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
    const threaded = hashing === 'auto' ? size >= THREAD_FROM : hashing === 'second-thread';
    const count = Math.min(SLOTS, Math.ceil(size / SLOT_BYTES) + 1);
    const memory = threaded
      ? new SharedArrayBuffer(count * SLOT_BYTES)
      : new ArrayBuffer(count * SLOT_BYTES);
    this.#slots = Array.from({ length: count }, (_, slot) =>
      Buffer.from(memory, slot * SLOT_BYTES, SLOT_BYTES),
    );
    this.#hasher =
      memory instanceof SharedArrayBuffer
        ? new ThreadHasher(memory, this.#slots)
        : new LocalHasher(this.#slots);
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
    this.#hasher.add(slot, length);
    this.#nextSlot = (slot + 1) % this.#slots.length;
    const follower = this.#nextSlot;
    this.#ahead = this.#hasher.free(follower).then(() => this.#fill(follower, this.#read));
    // A failed read-ahead is reported by the call that needs it.
    this.#ahead.catch(() => undefined);
    return this.#slots[slot]?.subarray(0, length);
  }

  /** Lower-case hex SHA-256 of all bytes; reads on to the end of the file first if need be. */
  async sha256(): Promise<string> {
    while ((await this.next()) !== undefined);
    return this.#hasher.finish();
  }

  /** Frees descriptor and thread; always call it. */
  async close(): Promise<void> {
    await this.#ahead?.catch(() => 0);
    await this.#hasher.stop();
    await this.#file.close();
  }

  // Fills a slot wholly unless the file ends.
  async #fill(slot: number, position: number): Promise<number> {
    const target = this.#slots[slot];
    if (target === undefined) throw new RangeError('no such slot');
    let have = 0;
    while (have < SLOT_BYTES) {
      const { bytesRead } = await this.#file
        .read(target, have, SLOT_BYTES - have, position + have)
        .catch((cause: unknown) => {
          const where = { file: this.#path, offset: position + have };
          throw new ExhibitError('E_READ', 'a file could not be read', { where, cause });
        });
      if (bytesRead === 0) break;
      have += bytesRead;
    }
    const end = position + have;
    if (end > this.size || (have < SLOT_BYTES && end !== this.size)) {
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

interface Hasher {
  readonly add: (slot: number, length: number) => void;
  /** Settles when the slot may be overwritten. */
  readonly free: (slot: number) => Promise<void>;
  readonly finish: () => Promise<string>;
  readonly stop: () => Promise<void>;
}

class LocalHasher implements Hasher {
  readonly #hash: Hash = createHash('sha256');
  readonly #slots: readonly Buffer[];

  constructor(slots: readonly Buffer[]) {
    this.#slots = slots;
  }

  readonly add = (slot: number, length: number): void => {
    this.#hash.update(this.#slots[slot]?.subarray(0, length) ?? '');
  };

  readonly free = (): Promise<void> => Promise.resolve();
  readonly finish = (): Promise<string> => Promise.resolve(this.#hash.digest('hex'));
  readonly stop = (): Promise<void> => Promise.resolve();
}

class ThreadHasher implements Hasher {
  readonly #thread: Worker;
  readonly #busy = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #result = Promise.withResolvers<string>();

  constructor(memory: SharedArrayBuffer, slots: readonly Buffer[]) {
    const slotBytes = slots[0]?.length ?? 0;
    this.#thread = new Worker(new URL('./hash-thread.ts', import.meta.url), {
      workerData: { memory, slotBytes },
    });
    this.#thread.on('message', (message: { slot?: number; sha256?: string }) => {
      if (message.slot !== undefined) {
        this.#busy.get(message.slot)?.resolve(undefined);
        this.#busy.delete(message.slot);
      } else {
        this.#result.resolve(message.sha256 ?? '');
      }
    });
    this.#thread.on('error', (error) => {
      for (const slot of this.#busy.values()) slot.reject(error);
      this.#result.reject(error);
    });
    this.#result.promise.catch(() => undefined);
  }

  readonly add = (slot: number, length: number): void => {
    const done = Promise.withResolvers<unknown>();
    done.promise.catch(() => undefined);
    this.#busy.set(slot, done);
    this.#thread.postMessage({ slot, length });
  };

  readonly free = async (slot: number): Promise<void> => {
    await this.#busy.get(slot)?.promise;
  };

  readonly finish = (): Promise<string> => {
    this.#thread.postMessage({ slot: 0, length: 0 });
    return this.#result.promise;
  };

  readonly stop = async (): Promise<void> => {
    await this.#thread.terminate();
  };
}
