/**
 * Chunks of a file in memory that two threads share. Both go through all of them; each reads every other one, a few ahead
 * of its own place, so that each byte is read once and neither waits long. They meet in counters and never send
 * each other a chunk.
 */
import { Buffer } from 'node:buffer';
import { readSync } from 'node:fs';

/** Bytes of a chunk, less at the file's end; a multiple of the tar block, so that no header lies across two. */
const CHUNK_BYTES = 1024 * 1024;
const SLOTS = 8;
/** A thread reads up to so many chunks ahead of its place: less than there are slots. */
const AHEAD = 3;

// Indexes into the counters: chunks that the first and the second thread have read, and are done with.
const READ = 0;
const DONE = 2;
const STOPPED = 4;
/** Counts up whenever one of the others changes: what a thread waits for. */
const EVENTS = 5;
const COUNTERS = 6;

/** What the two threads share. */
export interface SharedFile {
  readonly fd: number;
  /** Bytes that the file had when it was opened. */
  readonly size: number;
  readonly counters: Int32Array<SharedArrayBuffer>;
  readonly memory: SharedArrayBuffer;
}

/** The file has not the length it had when it was opened. */
export class LengthChanged extends Error {}

/** Shared memory for a file. */
export function shareFile(fd: number, size: number): SharedFile {
  return {
    fd,
    size,
    counters: new Int32Array(new SharedArrayBuffer(COUNTERS * Int32Array.BYTES_PER_ELEMENT)),
    memory: new SharedArrayBuffer(SLOTS * CHUNK_BYTES),
  };
}

/** One thread's view. */
export class SharedChunks {
  readonly #file: SharedFile;
  readonly #counters: Int32Array<SharedArrayBuffer>;
  readonly #own: 0 | 1;
  readonly #count: number;
  #at = 0;
  #nextRead: number;

  /** @param own 0 in the first thread, 1 in the second. */
  constructor(file: SharedFile, own: 0 | 1) {
    this.#file = file;
    this.#counters = file.counters;
    this.#own = own;
    this.#count = Math.ceil(file.size / CHUNK_BYTES);
    this.#nextRead = own;
  }

  /** Bytes from the start of the file to what this thread reads next. */
  get offset(): number {
    return Math.min(this.#file.size, this.#nextRead * CHUNK_BYTES);
  }

  /** True once either thread has given up. */
  get stopped(): boolean {
    return Atomics.load(this.#counters, STOPPED) !== 0;
  }

  /** To be handed to {@link SharedChunks.wait}; ask for it before looking. */
  get events(): number {
    return Atomics.load(this.#counters, EVENTS);
  }

  /** True when the thread has gone through the whole file. */
  get ended(): boolean {
    return this.#at === this.#count;
  }

  /**
   * The chunk at this thread's place, undefined while the other thread has still to read it or to make room. It stays
   * valid until {@link SharedChunks.advance}.
   * @throws LengthChanged, or what the system says when it cannot read.
   */
  look(): Buffer | undefined {
    this.#readAhead();
    const by = this.#at % 2;
    const known = Atomics.load(this.#counters, READ + by) * 2 + by;
    return this.#at < known ? this.#chunk(this.#at) : undefined;
  }

  /** This thread is done with the chunk at its place. */
  advance(): void {
    this.#at += 1;
    Atomics.store(this.#counters, DONE + this.#own, this.#at);
    this.#tell();
  }

  /** Blocks until something happens after `events`. */
  wait(events: number): void {
    Atomics.wait(this.#counters, EVENTS, events);
  }

  /** Settles when something happens after `events`. */
  async waitAsync(events: number): Promise<void> {
    const change = Atomics.waitAsync(this.#counters, EVENTS, events);
    if (change.async) await change.value;
  }

  /** Lets the other thread know that this one has given up. */
  stop(): void {
    Atomics.store(this.#counters, STOPPED, 1);
    this.#tell();
  }

  /** @throws LengthChanged when bytes follow those that were there when the file was opened. */
  checkEnd(): void {
    const { fd, size } = this.#file;
    if (readSync(fd, Buffer.alloc(1), 0, 1, size) > 0) throw new LengthChanged();
  }

  #readAhead(): void {
    const last = Math.min(this.#count - 1, this.#at + AHEAD);
    while (this.#nextRead <= last) {
      const other = Atomics.load(this.#counters, DONE + 1 - this.#own);
      if (this.#nextRead - Math.min(this.#at, other) >= SLOTS) return;
      fill(this.#file.fd, this.#chunk(this.#nextRead), this.#nextRead * CHUNK_BYTES);
      this.#nextRead += 2;
      Atomics.add(this.#counters, READ + this.#own, 1);
      this.#tell();
    }
  }

  #chunk(index: number): Buffer {
    const length = Math.min(CHUNK_BYTES, this.#file.size - index * CHUNK_BYTES);
    return Buffer.from(this.#file.memory, (index % SLOTS) * CHUNK_BYTES, length);
  }

  #tell(): void {
    Atomics.add(this.#counters, EVENTS, 1);
    Atomics.notify(this.#counters, EVENTS);
  }
}

function fill(fd: number, chunk: Buffer, position: number): void {
  for (let have = 0; have < chunk.length;) {
    const got = readSync(fd, chunk, have, chunk.length - have, position + have);
    if (got === 0) throw new LengthChanged();
    have += got;
  }
}
