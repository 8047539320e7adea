/**
 * Reads and hashes a file in a second thread, and hands its bytes out of shared memory meanwhile: each byte is read once,
 * and seen by the hash and by the caller alike. The two threads meet in four counters and never send each other a chunk.
 */
import { Buffer } from 'node:buffer';
import type { FileHandle } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { ExhibitError } from '../core/errors.ts';
import { EVENTS, FAILED, FILLED, TAKEN } from './shared-counters.ts';

/** Bytes of a slot: a multiple of the tar block, so that no header lies across two. */
const SLOT_BYTES = 1024 * 1024;
const SLOTS = 8;
/** So many chunks may follow each other before timers and signals get their turn. */
const TURN = 16;

/** What the thread is told. */
export interface ReadOrder {
  readonly fd: number;
  readonly size: number;
  readonly control: Int32Array<SharedArrayBuffer>;
  readonly memory: SharedArrayBuffer;
  readonly slotBytes: number;
}

/** What the thread ends with: the hash, or the offset at which the length was another, or a read failed. */
export type ReadOutcome =
  | { readonly sha256: string }
  | { readonly changed: number }
  | { readonly unread: number; readonly cause: unknown };

/** Sequential reader of one file with a thread of its own. */
export class SharedReader {
  readonly #path: string;
  readonly #size: number;
  readonly #signal: AbortSignal | undefined;
  readonly #control = new Int32Array(new SharedArrayBuffer(16));
  readonly #memory = new SharedArrayBuffer(SLOTS * SLOT_BYTES);
  readonly #thread: Worker;
  readonly #outcome = Promise.withResolvers<string>();
  #given = 0;

  constructor(path: string, file: FileHandle, size: number, signal: AbortSignal | undefined) {
    this.#path = path;
    this.#size = size;
    this.#signal = signal;
    const order: ReadOrder = {
      fd: file.fd,
      size,
      control: this.#control,
      memory: this.#memory,
      slotBytes: SLOT_BYTES,
    };
    this.#thread = new Worker(new URL('./read-thread.ts', import.meta.url), { workerData: order });
    this.#outcome.promise.catch(() => undefined);
    this.#thread.on('message', (outcome: ReadOutcome) => {
      if ('sha256' in outcome) this.#outcome.resolve(outcome.sha256);
      else this.#outcome.reject(this.#problem(outcome));
    });
    this.#thread.on('error', (error) => {
      this.#outcome.reject(error);
      Atomics.store(this.#control, FAILED, 1);
      Atomics.notify(this.#control, EVENTS);
    });
  }

  /** The next chunk, valid until the next call; undefined after the end. @throws as {@link Chunks.next}. */
  async next(): Promise<Buffer | undefined> {
    this.#signal?.throwIfAborted();
    Atomics.store(this.#control, TAKEN, this.#given);
    Atomics.notify(this.#control, TAKEN);
    const position = this.#given * SLOT_BYTES;
    if (position >= this.#size) return undefined;
    if (this.#given % TURN === 0) await setImmediate();
    for (;;) {
      const events = Atomics.load(this.#control, EVENTS);
      if (Atomics.load(this.#control, FAILED) !== 0) await this.#outcome.promise;
      if (Atomics.load(this.#control, FILLED) > this.#given) break;
      const change = Atomics.waitAsync(this.#control, EVENTS, events);
      if (change.async) await change.value;
    }
    const slot = this.#given % SLOTS;
    this.#given += 1;
    const length = Math.min(SLOT_BYTES, this.#size - position);
    return Buffer.from(this.#memory, slot * SLOT_BYTES, length);
  }

  /** Lower-case hex SHA-256 of the whole file, once {@link SharedReader.next} has come to its end. */
  sha256(): Promise<string> {
    return this.#outcome.promise;
  }

  /** Ends the thread; only then may the file be closed. */
  async close(): Promise<void> {
    await this.#thread.terminate();
  }

  #problem(outcome: Exclude<ReadOutcome, { readonly sha256: string }>): ExhibitError {
    if ('changed' in outcome) {
      return new ExhibitError('E_TAMPERED', 'the length of a file changed while it was read', {
        where: { file: this.#path, offset: outcome.changed },
      });
    }
    return new ExhibitError('E_READ', 'a file could not be read', {
      where: { file: this.#path, offset: outcome.unread },
      cause: outcome.cause,
    });
  }
}
