/** Copies one file byte for byte while hashing it. */
import { Buffer } from 'node:buffer';
import type { BigIntStats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { DoubleHash } from '../core/digest.ts';
import { isSystemError } from '../core/errors.ts';
import { staged, type Disk } from './disk.ts';
import { mtimeUs, notAFile, sourceProblem, type NotCopied } from './plan.ts';

/** A copy that is written but not yet durable. */
export interface Copied {
  readonly size: number;
  readonly mtimeUs: number;
  readonly sha256: string;
  readonly sha512: string;
  /** Size or modification time differed before and after reading. */
  readonly changed: boolean;
  /** Still open, not yet fsynced. */
  readonly target: FileHandle;
}

/** Thrown when the signal stops a copy; nothing is kept of it. */
export class Interrupted extends Error {}

const CHUNK = 1 << 20;

/** Copies files through two buffers, so that reading, hashing and writing overlap. */
export class Copier {
  readonly #disk: Disk;
  readonly #signal: AbortSignal;
  #reading = Buffer.allocUnsafe(CHUNK);
  #writing = Buffer.allocUnsafe(CHUNK);

  constructor(disk: Disk, signal: AbortSignal) {
    this.#disk = disk;
    this.#signal = signal;
  }

  /**
   * Copies `from` to the new file `to`.
   * @param onBytes called with the count of bytes of each chunk.
   * @returns the copy, or why there is none.
   * @throws ExhibitError `E_WRITE` when the copy cannot be written; {@link Interrupted}.
   */
  async copy(
    from: Buffer,
    to: string,
    onBytes: (bytes: number) => void,
  ): Promise<Copied | NotCopied> {
    let source: FileHandle;
    try {
      source = await this.#disk.openSource(from);
    } catch (error) {
      return sourceProblem(error, 'file');
    }
    try {
      const before = await this.#facts(source);
      if ('state' in before) return before;
      if (!before.isFile()) return notAFile(before);
      const target = await staged(to, () => this.#disk.openTarget(to, false));
      const copied = await this.#pump(source, before, target, to, onBytes).catch(
        async (error: unknown) => {
          await target.close();
          throw error;
        },
      );
      if (!('target' in copied)) await target.close();
      return copied;
    } finally {
      // What was read is not made undone by a descriptor that cannot be given back (a share that went away).
      await source.close().catch((error: unknown) => {
        if (!isSystemError(error)) throw error;
      });
    }
  }

  async #pump(
    source: FileHandle,
    before: BigIntStats,
    target: FileHandle,
    to: string,
    onBytes: (bytes: number) => void,
  ): Promise<Copied | NotCopied> {
    const hash = new DoubleHash();
    let size = 0;
    let filled = await this.#read(source, this.#reading);
    while (typeof filled === 'number' && filled > 0) {
      if (this.#signal.aborted) throw new Interrupted();
      [this.#reading, this.#writing] = [this.#writing, this.#reading];
      const chunk = this.#writing.subarray(0, filled);
      const next = Promise.all([
        staged(to, () => this.#disk.write(target, chunk)),
        this.#read(source, this.#reading),
      ]);
      hash.update(chunk);
      size += chunk.length;
      onBytes(chunk.length);
      filled = (await next)[1];
    }
    if (typeof filled !== 'number') {
      return { ...filled, detail: `${filled.detail}, after ${String(size)} bytes` };
    }
    const after = await this.#facts(source);
    if ('state' in after) return after;
    const changed =
      before.size !== after.size || before.mtimeNs !== after.mtimeNs || BigInt(size) !== after.size;
    return { size, mtimeUs: mtimeUs(after), ...hash.digest(), changed, target };
  }

  async #facts(source: FileHandle): Promise<BigIntStats | NotCopied> {
    try {
      return await source.stat({ bigint: true });
    } catch (error) {
      return sourceProblem(error, 'file');
    }
  }

  async #read(source: FileHandle, into: Buffer): Promise<number | NotCopied> {
    for (;;) {
      try {
        return await this.#disk.read(source, into);
      } catch (error) {
        // A signal came in between, as network and FUSE mounts report it: nothing was read, and the file is not bad.
        if (isSystemError(error) && error.code === 'EINTR' && !this.#signal.aborted) continue;
        return sourceProblem(error, 'file');
      }
    }
  }
}
