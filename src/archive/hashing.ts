/**
 * A ring of buffers and the SHA-256 over what passes through it, either at once or by a second thread that reads the
 * same shared memory, so that the first can read, parse and hash parts meanwhile.
 */
import { Buffer } from 'node:buffer';
import { createHash, type Hash } from 'node:crypto';
import { Worker } from 'node:worker_threads';

/** Bytes of a slot, less for small files; always a multiple of the tar block, so that no header lies across two. */
const SLOT_BYTES = 1024 * 1024;
const BLOCK = 512;
const SLOTS = 6;
/** Below this many bytes a second thread costs more to start than it saves. */
const THREAD_FROM = 24 * 1024 * 1024;

/** Where the hash over everything is computed; `auto` takes a second thread for large files. */
export type Hashing = 'auto' | 'same-thread' | 'second-thread';

/** Whether a stream of about `size` bytes is hashed by a thread of its own. */
export function wantsThread(size: number, hashing: Hashing): boolean {
  return hashing === 'auto' ? size >= THREAD_FROM : hashing === 'second-thread';
}

/** Buffers that are filled, announced and reused in turn. */
export interface HashRing {
  readonly slots: readonly Buffer[];
  /** Bytes of each slot. */
  readonly slotBytes: number;
  /** Announces the next `length` bytes of the stream, which are in `slot`; not to be changed until it is free. */
  readonly add: (slot: number, length: number) => void;
  /** Settles when the slot may be overwritten. */
  readonly free: (slot: number) => Promise<void>;
  /** Lower-case hex SHA-256 of all that was announced; call once. */
  readonly finish: () => Promise<string>;
  /** Ends the thread, if there is one. */
  readonly stop: () => Promise<void>;
}

/** A ring for a stream of about `size` bytes. */
export function hashRing(size: number, hashing: Hashing): HashRing {
  const threaded = wantsThread(size, hashing);
  const slotBytes = Math.min(SLOT_BYTES, Math.max(1, Math.ceil(size / BLOCK)) * BLOCK);
  // Two at least: one is read by the caller while the next one fills.
  const count = Math.max(2, Math.min(SLOTS, Math.ceil(size / slotBytes) + 1));
  const memory = threaded
    ? new SharedArrayBuffer(count * slotBytes)
    : new ArrayBuffer(count * slotBytes);
  const slots = Array.from({ length: count }, (_, slot) =>
    Buffer.from(memory, slot * slotBytes, slotBytes),
  );
  return memory instanceof SharedArrayBuffer ? new ThreadRing(memory, slots) : new LocalRing(slots);
}

class LocalRing implements HashRing {
  readonly slotBytes: number;
  readonly #hash: Hash = createHash('sha256');
  readonly slots: readonly Buffer[];

  constructor(slots: readonly Buffer[]) {
    this.slots = slots;
    this.slotBytes = slots[0]?.length ?? 0;
  }

  readonly add = (slot: number, length: number): void => {
    this.#hash.update(this.slots[slot]?.subarray(0, length) ?? '');
  };

  readonly free = (): Promise<void> => Promise.resolve();
  readonly finish = (): Promise<string> => Promise.resolve(this.#hash.digest('hex'));
  readonly stop = (): Promise<void> => Promise.resolve();
}

class ThreadRing implements HashRing {
  readonly slotBytes: number;
  readonly slots: readonly Buffer[];
  readonly #thread: Worker;
  readonly #busy = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #result = Promise.withResolvers<string>();

  constructor(memory: SharedArrayBuffer, slots: readonly Buffer[]) {
    this.slots = slots;
    this.slotBytes = slots[0]?.length ?? 0;
    this.#thread = new Worker(new URL('./hash-thread.ts', import.meta.url), {
      workerData: { memory, slotBytes: this.slotBytes },
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
