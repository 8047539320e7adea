/** Reads a file together with a second thread, which computes the hash over all of it meanwhile. */
import type { Buffer } from 'node:buffer';
import type { FileHandle } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { ExhibitError } from '../core/errors.ts';
import type { ReadOutcome } from './read-thread.ts';
import { LengthChanged, SharedChunks, shareFile } from './shared-chunks.ts';

/** So many chunks may follow each other before timers and signals get their turn. */
const TURN = 16;

/** Sequential reader of one file with a thread of its own. */
export class SharedReader {
  readonly #path: string;
  readonly #signal: AbortSignal | undefined;
  readonly #chunks: SharedChunks;
  readonly #thread: Worker;
  readonly #sha256 = Promise.withResolvers<string>();
  #given = 0;
  #looking = false;

  constructor(path: string, file: FileHandle, size: number, signal: AbortSignal | undefined) {
    this.#path = path;
    this.#signal = signal;
    const shared = shareFile(file.fd, size);
    this.#chunks = new SharedChunks(shared, 0);
    this.#thread = new Worker(new URL('./read-thread.ts', import.meta.url), { workerData: shared });
    this.#sha256.promise.catch(() => undefined);
    this.#thread.on('message', (outcome: ReadOutcome) => {
      if ('sha256' in outcome) this.#sha256.resolve(outcome.sha256);
      else this.#sha256.reject(this.#problem(outcome));
    });
    this.#thread.on('error', (error) => {
      this.#sha256.reject(error);
      this.#chunks.stop();
    });
  }

  /** The next chunk, valid until the next call; undefined after the end. Throws as that of `Chunks` does. */
  async next(): Promise<Buffer | undefined> {
    this.#signal?.throwIfAborted();
    if (this.#looking) this.#chunks.advance();
    this.#looking = false;
    this.#given += 1;
    if (this.#given % TURN === 0) await setImmediate();
    while (!this.#chunks.ended) {
      const { events } = this.#chunks;
      if (this.#chunks.stopped) await this.#sha256.promise;
      const chunk = this.#look();
      if (chunk !== undefined) {
        this.#looking = true;
        return chunk;
      }
      await this.#chunks.waitAsync(events);
    }
    return undefined;
  }

  /** Lower-case hex SHA-256 of the whole file, once {@link SharedReader.next} has come to its end. */
  sha256(): Promise<string> {
    return this.#sha256.promise;
  }

  /** Ends the thread; only then may the file be closed. */
  async close(): Promise<void> {
    await this.#thread.terminate();
  }

  #look(): Buffer | undefined {
    try {
      return this.#chunks.look();
    } catch (cause) {
      const changed = cause instanceof LengthChanged;
      throw this.#problem({ offset: this.#chunks.offset, cause, changed });
    }
  }

  #problem({ offset, cause, changed }: Exclude<ReadOutcome, { sha256: string }>): ExhibitError {
    const where = { file: this.#path, offset };
    return changed
      ? new ExhibitError('E_TAMPERED', 'the length of a file changed while it was read', { where })
      : new ExhibitError('E_READ', 'a file could not be read', { where, cause });
  }
}
