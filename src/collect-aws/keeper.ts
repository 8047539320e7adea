/**
 * Puts bytes into staging. A file has its final name and its line in the journal as soon as it is whole, so that a process
 * that is killed loses nothing it had; the disk is waited for once per batch. After a loss of power a line may claim what
 * the disk does not have: whoever goes on hashes every copy before it trusts it, and fetches again what is not as claimed.
 */
import { Buffer } from 'node:buffer';
import { mkdir, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { staged, type Disk } from '../collect/disk.ts';
import type { JournalEvent, JournalWriter, StoredEvent } from '../collect/journal.ts';
import { stagingPaths } from '../collect/staging.ts';
import { DoubleHash } from '../core/digest.ts';
import type { AwsState } from './state.ts';

const BATCH_FILES = 128;
const BATCH_BYTES = 64 * 2 ** 20;

/** A line of a stored file without what the bytes say. */
export type Claim = Omit<StoredEvent, 'state' | 'size' | 'sha256' | 'sha512'>;

/** Where a collection puts what it gets. */
export type Shelf = Pick<Keeper, 'note' | 'partial' | 'keep' | 'keepFile' | 'settle' | 'close'>;

/** One staging folder being filled. */
export class Keeper {
  readonly #disk: Disk;
  readonly #journal: JournalWriter;
  readonly #state: AwsState;
  readonly #objects: string;
  readonly #partial: string;
  #open: FileHandle[] = [];
  #bytes = 0;
  #parts = 0;
  #settling: Promise<void> = Promise.resolve();

  constructor(disk: Disk, dir: string, journal: JournalWriter, state: AwsState) {
    this.#disk = disk;
    this.#journal = journal;
    this.#state = state;
    this.#objects = stagingPaths(dir).objects;
    this.#partial = join(dir, 'partial');
  }

  /** Writes lines that outlive this process. */
  async note(events: readonly JournalEvent[]): Promise<void> {
    await this.#journal.note(events);
    events.forEach(this.#state.add);
  }

  /** Where the bytes of a large object gather; another process goes on there. */
  async partial(n: number): Promise<string> {
    await staged(this.#partial, () => mkdir(this.#partial, { recursive: true }));
    return join(this.#partial, String(n));
  }

  /** Keeps bytes that are here as a whole. */
  async keep(bytes: Uint8Array, claim: Claim, hashes?: Hashes): Promise<StoredEvent> {
    this.#parts += 1;
    const part = join(this.#objects, `${String(this.#parts)}.part`);
    const handle = await staged(part, () => this.#disk.openTarget(part, false));
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    try {
      if (buffer.length > 0) await staged(part, () => this.#disk.write(handle, buffer));
    } catch (error) {
      await handle.close();
      throw error;
    }
    return await this.keepFile(part, handle, buffer.length, hashes ?? hashesOf(buffer), claim);
  }

  /** Keeps a file of staging that is written to its end. The handle is closed here. */
  async keepFile(
    path: string,
    handle: FileHandle,
    size: number,
    hashes: Hashes,
    claim: Claim,
  ): Promise<StoredEvent> {
    this.#open.push(handle);
    this.#bytes += size;
    // Equal content has one object: a later copy takes the place of an equal one.
    await staged(path, () => this.#disk.rename(path, join(this.#objects, hashes.sha256)));
    const event: StoredEvent = { state: 'stored', ...claim, size, ...hashes };
    await this.note([event]);
    if (this.#open.length >= BATCH_FILES || this.#bytes >= BATCH_BYTES) await this.settle();
    return event;
  }

  /** Makes everything so far durable. */
  async settle(events: readonly JournalEvent[] = []): Promise<void> {
    const before = this.#settling;
    const mine = before.then(() => this.#settle(events));
    this.#settling = mine.catch(() => undefined);
    await mine;
  }

  async #settle(events: readonly JournalEvent[]): Promise<void> {
    const open = this.#open;
    this.#open = [];
    this.#bytes = 0;
    try {
      await Promise.all(open.map((file) => staged(this.#objects, () => this.#disk.sync(file))));
    } finally {
      await closeAll(open);
    }
    if (open.length > 0) await staged(this.#objects, () => this.#disk.syncFolder(this.#objects));
    await this.#journal.append(events);
    events.forEach(this.#state.add);
  }

  /** Closes what is open, however far all is. */
  async close(): Promise<void> {
    await this.#settling;
    await closeAll(this.#open.splice(0));
    await this.#journal.close();
  }
}

/** Both hash families of a file. */
export interface Hashes {
  readonly sha256: string;
  readonly sha512: string;
}

function hashesOf(bytes: Uint8Array): Hashes {
  const hash = new DoubleHash();
  hash.update(bytes);
  return hash.digest();
}

async function closeAll(files: readonly FileHandle[]): Promise<void> {
  const closed = await Promise.allSettled(files.map((file) => file.close()));
  for (const one of closed) if (one.status === 'rejected') throw one.reason;
}

/** A shelf that keeps nothing: for a plan that is only looked at. */
export function noShelf(state: AwsState): Shelf {
  const none = (): never => {
    throw new TypeError('a plan that is only looked at fetches nothing');
  };
  const take = (events: readonly JournalEvent[]): Promise<void> => {
    events.forEach(state.add);
    return Promise.resolve();
  };
  return {
    note: take,
    settle: (events?: readonly JournalEvent[]) => take(events ?? []),
    keep: (bytes, claim) => {
      const stored = { state: 'stored', ...claim, size: bytes.length, ...hashesOf(bytes) } as const;
      return take([stored]).then(() => stored);
    },
    partial: none,
    keepFile: none,
    close: () => Promise.resolve(),
  };
}
