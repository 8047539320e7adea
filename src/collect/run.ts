/** One collection from plan to finish, which goes on where an earlier process was stopped. */
import { ExhibitError } from '../core/errors.ts';
import { formatUs } from '../core/time.ts';
import { Batch } from './batch.ts';
import { Copier, Interrupted } from './copy.ts';
import { realDisk, staged, type Disk } from './disk.ts';
import type { JournalEvent, JournalPath, JournalWriter } from './journal.ts';
import { openStaging } from './open.ts';
import { joinPath, journalPath, pathBytes } from './paths.ts';
import { walk, type Root } from './plan.ts';
import { stagingPaths, type Collection } from './staging.ts';
import { JournalState, type Planned } from './state.ts';

/** Steps of a collection, for progress. */
export type Phase = 'check' | 'plan' | 'copy';

/** Called often; `total` is absent while it is not known. */
export type OnProgress = (
  phase: Phase,
  done: { readonly files: number; readonly bytes: number },
  total?: { readonly files: number; readonly bytes: number },
) => void;

/** What {@link collect} needs. */
export interface CollectOptions {
  /** `CASE/staging/EV-0001`. */
  readonly dir: string;
  /** Written as `collection.json` when the folder is new, else ignored. */
  readonly collection: Collection;
  readonly roots: readonly Root[];
  /** Milliseconds since 1970 UTC. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
  readonly disk?: Disk;
  /** Whether owners, permissions and all times of files are kept. */
  readonly facts?: boolean;
}

/** Copies are made durable together, up to so many files or bytes at a time. */
const BATCH_FILES = 128;
const BATCH_BYTES = 64 * 2 ** 20;
/** Planned lines are appended so many at a time. */
const PLAN_LINES = 1000;

/**
 * Collects into a staging folder, or goes on with what an earlier process left there.
 * @returns `resumed`: true if there was something to go on with.
 * @throws ExhibitError `E_WRITE` (disk full and the like), `E_UNFINISHED` when the signal stopped it, `E_FORMAT` when
 * the journal is broken. After each of them the same call goes on.
 */
export async function collect(options: CollectOptions): Promise<{ readonly resumed: boolean }> {
  const run = new Run(options);
  try {
    const resumed = await run.open();
    await run.plan();
    await run.copyAll();
    await run.finish();
    return { resumed };
  } finally {
    await run.close();
  }
}

class Run {
  readonly #options: CollectOptions;
  readonly #disk: Disk;
  readonly #paths;
  readonly #state = new JournalState();
  #journal: JournalWriter | undefined;

  constructor(options: CollectOptions) {
    this.#options = options;
    this.#disk = options.disk ?? realDisk;
    this.#paths = stagingPaths(options.dir);
  }

  #at(): string {
    return formatUs(this.#options.now() * 1000);
  }

  async #append(events: readonly JournalEvent[]): Promise<void> {
    if (this.#journal === undefined) throw new TypeError('the journal is not open');
    await this.#journal.append(events);
    for (const event of events) this.#state.add(event);
  }

  #stopIfAsked(): void {
    if (!this.#options.signal.aborted) return;
    throw new ExhibitError('E_UNFINISHED', 'interrupted before everything was copied', {
      where: { file: this.#options.dir },
      hint: 'run the same command again; it goes on where it stopped',
    });
  }

  async open(): Promise<boolean> {
    const { dir, collection, onProgress } = this.#options;
    const { journal, resumed } = await openStaging(
      {
        dir,
        collection,
        disk: this.#disk,
        at: () => this.#at(),
        onCheck: (done, total) => {
          this.#stopIfAsked();
          onProgress('check', done, total);
        },
      },
      this.#state,
    );
    this.#journal = journal;
    return resumed;
  }

  /** Writes the plan; what an interrupted plan already holds is not repeated. */
  async plan(): Promise<void> {
    if (this.#state.planComplete) return;
    let events: JournalEvent[] = [];
    const done = { files: 0, bytes: 0 };
    for (const [index, root] of this.#options.roots.entries()) {
      for await (const found of walk(this.#disk, root, this.#options.facts === true)) {
        this.#stopIfAsked();
        const path = journalPath(index, found.path);
        if (this.#state.knows(path)) continue;
        if ('problem' in found) {
          events.push({ at: this.#at(), ...path, ...found.problem });
        } else {
          events.push({
            ...{ state: 'planned', ...path, size: found.size, mtime_us: found.mtimeUs },
            ...(found.file === undefined ? {} : { file: { ...found.file } }),
          });
          done.files += 1;
          done.bytes += found.size;
          this.#options.onProgress('plan', done);
        }
        if (events.length < PLAN_LINES) continue;
        await this.#append(events);
        events = [];
      }
    }
    const all = this.#state.plan();
    const files = all.files + events.filter((event) => event.state === 'planned').length;
    const bytes = events.reduce(
      (sum, event) => sum + (event.state === 'planned' ? event.size : 0),
      all.bytes,
    );
    await this.#append([...events, { state: 'plan_complete', at: this.#at(), files, bytes }]);
  }

  /** Gives every planned file an end state. */
  async copyAll(): Promise<void> {
    const pending = this.#state.pending();
    const total = this.#state.plan();
    const done = { ...total };
    for (const file of pending) {
      done.files -= 1;
      done.bytes -= file.size;
    }
    const copier = new Copier(this.#disk, this.#options.signal);
    const batch = new Batch(this.#disk, this.#paths.objects);
    try {
      for (const file of pending) {
        if (this.#options.signal.aborted) break;
        const before = done.bytes;
        try {
          await this.#copyOne(copier, batch, file, (bytes) => {
            done.bytes += bytes;
            this.#options.onProgress('copy', done, total);
          });
        } catch (error) {
          if (error instanceof Interrupted) break;
          throw error;
        }
        done.files += 1;
        done.bytes = before + file.size;
        this.#options.onProgress('copy', done, total);
        if (batch.files >= BATCH_FILES || batch.bytes >= BATCH_BYTES) {
          await this.#append(await batch.settle());
        }
      }
      await this.#append(await batch.settle());
    } finally {
      await batch.close();
    }
    this.#stopIfAsked();
  }

  // A file that changed while it was read is read once more; if it changes again it is kept as read, and marked.
  async #copyOne(
    copier: Copier,
    batch: Batch,
    file: Planned,
    onBytes: (bytes: number) => void,
  ): Promise<void> {
    const root = this.#options.roots[file.root];
    if (root === undefined)
      throw new TypeError('the journal names a root that the collection has not');
    const from = joinPath(root.folder, pathBytes(file));
    const place = placeOf(file);
    for (let attempt = 1; ; attempt += 1) {
      const part = batch.nextPart();
      const copied = await copier.copy(from, part, onBytes);
      if (!('target' in copied)) {
        batch.note({ at: this.#at(), ...place, ...copied });
        return;
      }
      if (copied.changed && attempt === 1) {
        await copied.target.close();
        await staged(part, () => this.#disk.remove(part));
        continue;
      }
      batch.add(part, copied, {
        state: 'stored',
        at: this.#at(),
        ...place,
        size: copied.size,
        mtime_us: copied.mtimeUs,
        sha256: copied.sha256,
        sha512: copied.sha512,
        ...(copied.changed ? { changed_while_read: true } : {}),
        ...(file.file === undefined ? {} : { file: file.file }),
      });
      return;
    }
  }

  async finish(): Promise<void> {
    if (this.#state.finished) return;
    await this.#append([{ state: 'finished', at: this.#at() }]);
  }

  async close(): Promise<void> {
    await this.#journal?.close();
  }
}

function placeOf({ root, path, path_base64: base64 }: JournalPath): JournalPath {
  return { root, path, ...(base64 === undefined ? {} : { path_base64: base64 }) };
}
