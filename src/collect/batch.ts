/**
 * Copies that become durable together: all parts are fsynced, then renamed to their hash, then the folder is fsynced;
 * only then may the journal claim them. One file at a time would cost three waits for the disk per file.
 */
import { join } from 'node:path';
import type { Copied } from './copy.ts';
import { staged, type Disk } from './disk.ts';
import type { JournalEvent, StoredEvent } from './journal.ts';

/** Copies and other end states, in order. */
export class Batch {
  readonly #disk: Disk;
  readonly #folder: string;
  #events: JournalEvent[] = [];
  #open: { readonly part: string; readonly copied: Copied }[] = [];
  #parts = 0;
  #bytes = 0;

  constructor(disk: Disk, folder: string) {
    this.#disk = disk;
    this.#folder = folder;
  }

  get files(): number {
    return this.#events.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** A name for the next part, unused in this process. */
  nextPart(): string {
    this.#parts += 1;
    return join(this.#folder, `${String(this.#parts)}.part`);
  }

  /** Takes a copy and the line that will claim it. */
  add(part: string, copied: Copied, event: StoredEvent): void {
    this.#open.push({ part, copied });
    this.#events.push(event);
    this.#bytes += copied.size;
  }

  /** Takes an end state without bytes. */
  note(event: JournalEvent): void {
    this.#events.push(event);
  }

  /** Makes all copies durable and gives the lines that now may be written. */
  async settle(): Promise<readonly JournalEvent[]> {
    const open = this.#open;
    if (open.length > 0) {
      await Promise.all(
        open.map(({ part, copied }) => staged(part, () => this.#disk.sync(copied.target))),
      );
      await this.close();
      for (const { part, copied } of open) {
        // Equal content has one object: a later copy takes the place of an equal one.
        await staged(part, () => this.#disk.rename(part, join(this.#folder, copied.sha256)));
      }
      await staged(this.#folder, () => this.#disk.syncFolder(this.#folder));
    }
    const events = this.#events;
    this.#events = [];
    this.#bytes = 0;
    return events;
  }

  /**
   * Closes what is open, all of it even if one fails: Node ends a process that forgets a handle. Parts that were not settled stay
   * for the next process to remove.
   */
  async close(): Promise<void> {
    const open = this.#open;
    this.#open = [];
    const closed = await Promise.allSettled(
      open.map(({ part, copied }) => staged(part, () => copied.target.close())),
    );
    for (const one of closed) if (one.status === 'rejected') throw one.reason;
  }
}
