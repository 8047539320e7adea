/** Opens a staging folder: its description, its journal, and what of an earlier process's work can be trusted. */
import { mkdir, readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { canonicalLine, type CanonicalValue } from '../core/canonical.ts';
import { sha256Hex } from '../core/digest.ts';
import { checkObjects } from './check.ts';
import { staged, type Disk } from './disk.ts';
import { JournalWriter, readJournal, type JournalEvent, type StoredEvent } from './journal.ts';
import { stagingPaths, type Collection } from './staging.ts';

/** What the events of a journal add up to, as far as opening needs it. */
export interface Opening {
  readonly add: (event: JournalEvent) => void;
  /** The journal has a first line. */
  readonly begun: boolean;
  readonly finished: boolean;
  /** Stored files, each with the hashes that its object must have. */
  readonly stored: () => readonly StoredEvent[];
}

/** Where and how to open. */
export interface OpenOptions {
  /** `CASE/staging/EV-0001`. */
  readonly dir: string;
  /** Written as `collection.json` when the folder is new, else ignored. */
  readonly collection: Collection;
  readonly disk: Disk;
  /** The claimed time, RFC 3339 UTC. */
  readonly at: () => string;
  /** Called before each group of earlier copies is checked, with what was checked and of how much; may throw to stop. */
  readonly onCheck: (done: Amount, total: Amount) => void;
}

interface Amount {
  readonly files: number;
  readonly bytes: number;
}

/**
 * Opens the folder, or makes it. Earlier copies are hashed again; those that are not what the journal says become `lost`.
 * @param state takes all events of the journal, and those that opening adds.
 * @returns the journal, open; `resumed`: true if there was something to go on with.
 * @throws ExhibitError `E_WRITE`, `E_FORMAT`; what `onCheck` throws. The journal is closed then.
 */
export async function openStaging(
  options: OpenOptions,
  state: Opening,
): Promise<{ readonly journal: JournalWriter; readonly resumed: boolean }> {
  const { dir, disk, at } = options;
  const paths = stagingPaths(dir);
  await staged(dir, () => mkdir(paths.objects, { recursive: true }));
  await writeCollection(options);
  const end = await readJournal(paths.journal, state.add);
  const journal = await JournalWriter.open(disk, paths.journal, end);
  const append = async (events: readonly JournalEvent[]): Promise<void> => {
    await journal.append(events);
    events.forEach(state.add);
  };
  try {
    await staged(dir, () => disk.syncFolder(dir));
    if (!state.begun) {
      await append([{ state: 'started', at: at() }]);
      return { journal, resumed: false };
    }
    const lost = await lostObjects(options, state.stored());
    if (!state.finished || lost.length > 0 || end.torn.length > 0) {
      const cut = end.torn.length === 0 ? {} : { cut_sha256: sha256Hex(end.torn) };
      await append([{ state: 'resumed', at: at(), cut_bytes: end.torn.length, ...cut }, ...lost]);
    }
    return { journal, resumed: true };
  } catch (error) {
    await journal.close();
    throw error;
  }
}

async function lostObjects(
  { dir, disk, at, onCheck }: OpenOptions,
  stored: readonly StoredEvent[],
): Promise<JournalEvent[]> {
  const bytes = stored.reduce((sum, event) => sum + event.size, 0);
  const lost = await checkObjects(disk, stagingPaths(dir).objects, stored, (done) => {
    onCheck(done, { files: stored.length, bytes });
  });
  return lost.map(({ root, path, path_base64: base64, sha256, n }) => ({
    state: 'lost',
    at: at(),
    sha256,
    root,
    path,
    ...(base64 === undefined ? {} : { path_base64: base64 }),
    ...(n === undefined ? {} : { n }),
  }));
}

async function writeCollection({ dir, collection, disk }: OpenOptions): Promise<void> {
  const file = stagingPaths(dir).collection;
  if ((await readdir(dir)).includes('collection.json')) return;
  const part = `${file}.part`;
  await staged(file, async () => {
    await disk.remove(part);
    const handle = await disk.openTarget(part, false);
    try {
      // An interface has no index signature, so it is no CanonicalValue by itself.
      await disk.write(handle, canonicalLine(collection as unknown as CanonicalValue));
      await disk.sync(handle);
    } finally {
      await handle.close();
    }
    await disk.rename(part, file);
    await disk.syncFolder(dir);
    await disk.syncFolder(dirname(dir));
  });
}
