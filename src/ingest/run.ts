/** Builds the case database from sealed evidence: stream, read, merge, find duplicates, index, hash, check. */
import { Buffer } from 'node:buffer';
import type { Worker } from 'node:worker_threads';
import { readVolume, type VolumeEntry } from '../archive/read.ts';
import { sameHex } from '../core/digest.ts';
import { ExhibitError } from '../core/errors.ts';
import { MAX_FILES } from '../core/ids.ts';
import { CaseBuilder } from '../db/build.ts';
import { CONTENT_HASH_VERSION, contentHash } from '../db/content-hash.ts';
import { sqliteFailure } from '../db/failure.ts';
import { readMigrations } from '../db/migrate.ts';
import { SOURCES } from '../sources/_registry.ts';
import type { Source } from '../sources/source.ts';
import type { Database } from '../db/open.ts';
import { type CoverageRow, hourCoverage, insertCoverage, readCopyCoverage } from './coverage.ts';
import { findCopies, moveCopies } from './dedupe.ts';
import { Identities } from './identities.ts';
import { inputIdentity, type SealedEvidence } from './identity.ts';
import { fileTask, ObjectList } from './objects.ts';
import { Pool } from './pool.ts';

/** Options of {@link buildDatabase}. */
export interface BuildOptions {
  /** Path of case.db. */
  readonly database: string;
  /** In the order of their numbers. */
  readonly evidence: readonly SealedEvidence[];
  /** Fields of flow logs without a header, declared. */
  readonly flowFields: readonly string[] | undefined;
  /** The workers, from `startThreads`. */
  readonly threads: readonly Worker[];
  readonly signal: AbortSignal;
  /** Called when a phase begins, and during the reading with the share of the bytes read so far. */
  readonly progress: (phase: Phase, share?: number) => void;
  /** For table import_run. */
  readonly run: {
    readonly started: string;
    readonly finished: () => string;
    readonly tool: string;
  };
}

/** What an import is doing. */
export type Phase = 'read' | 'duplicates' | 'index' | 'check';

/** Largest list of objects that is read into memory: a volume of some million files. */
const MAX_LIST_BYTES = 1024 * 2 ** 20;

/**
 * Builds and puts the database in place; what was there before stays untouched if anything fails.
 * @returns content_sha256.
 * @throws ExhibitError `E_TAMPERED` when a volume is not the sealed one, `E_WRITE`, `E_READ`, `E_HOSTILE_ARCHIVE`.
 */
export async function buildDatabase(options: BuildOptions): Promise<string> {
  const migrations = readMigrations();
  const builder = CaseBuilder.open(options.database, migrations, SOURCES);
  const identities = new Identities();
  const { temporary: database, counter, runs } = builder;
  const pool = new Pool(options.threads, { database, counter, runs }, (part) => {
    builder.merge(part);
    identities.add(part.marks);
  });
  try {
    options.progress('read', 0);
    const evidence = await readEvidence(options, pool);
    options.progress('index');
    const ended = await pool.endRows();
    builder.admitTables();
    const indexed = pool.writeIndexes(builder.indexes, ended);
    // Whoever waits for it later hears of a failure; until then it is no unhandled one.
    indexed.catch(() => undefined);
    const known = SOURCES.filter(({ id }) => identities.any(id));
    // Inventories and files about logs happen at no time: their hours would be gaps that are none.
    const timed = known.filter(({ timeline }) => timeline);
    const uncounted = timed.filter(({ id }) => identities.hours(id) === undefined);
    const counted = pool.coverage(uncounted.map(({ id }) => id));
    counted.catch(() => undefined);
    builder.syncTables();
    const hours = timed.flatMap(({ id }) => hourCoverage(id, identities.hours(id) ?? []));
    builder.admit(await indexed);
    const coverage = [...hours, ...(await counted)];
    // The longest step that one thread has to do alone: whatever can be done beside it waits for it.
    const checked = pool.check();
    checked.catch(() => undefined);
    options.progress('duplicates');
    const found = await findAll(builder.db, known, identities, options.signal);
    const content = complete(options, builder, evidence, { ...found, coverage });
    options.progress('check');
    // Now, and not by the commit: SQLite would look now and then whether the reader has gone.
    const check = await checked;
    builder.db.exec('COMMIT');
    options.signal.throwIfAborted();
    builder.finish(check);
    return content;
  } catch (error) {
    // First the workers: they may still be writing parts.
    await pool.stop();
    builder.abandon();
    options.signal.throwIfAborted();
    throw sqliteFailure(error, options.database) ?? error;
  } finally {
    await pool.stop();
  }
}

/** A row of table evidence. */
type EvidenceRow = readonly (number | string)[];

async function readEvidence(options: BuildOptions, pool: Pool): Promise<readonly EvidenceRow[]> {
  const rows: EvidenceRow[] = [];
  const allBytes = options.evidence
    .flatMap((item) => item.volumes)
    .reduce((sum, volume) => sum + volume.bytes, 0);
  let done = 0;
  let fileId = 0;
  for (const item of options.evidence) {
    const counts = { files: 0, bytes: 0 };
    for (const volume of item.volumes) {
      let list: ObjectList | undefined;
      const onEntry = async (entry: VolumeEntry): Promise<void> => {
        if (entry.type === 'folder') return;
        const path = entry.path.slice(entry.path.indexOf('/') + 1);
        if (path === 'acquisition/objects.jsonl')
          list = new ObjectList(await bytesOf(entry), entry.path);
        if (!path.startsWith('data/')) return;
        const object = list?.next();
        if (object?.path !== path || object.size !== entry.size) {
          throw new ExhibitError(
            'E_FORMAT',
            'the list of objects does not match the files of the volume',
            {
              where: { file: entry.path },
            },
          );
        }
        fileId++;
        if (fileId > MAX_FILES)
          throw new ExhibitError('E_FORMAT', 'more files than one case can hold');
        counts.files++;
        counts.bytes += entry.size;
        options.progress('read', (done + entry.offset) / allBytes);
        await pool.file(fileTask(object, fileId, item.evidenceNo, options.flowFields), entry.body);
      };
      const facts = await readVolume(volume.path, onEntry, { signal: options.signal });
      // The rows stay only if the very bytes they were read from are the sealed ones.
      if (!sameHex(facts.sha256, volume.sha256)) {
        throw new ExhibitError('E_TAMPERED', 'the volume is not the one that was sealed', {
          where: { file: volume.path },
          hint: 'run `exhibit verify` to see what differs; nothing was imported',
        });
      }
      if (list?.next() !== undefined) {
        throw new ExhibitError(
          'E_FORMAT',
          'the list of objects names files that the volume does not hold',
          {
            where: { file: volume.path },
          },
        );
      }
      done += volume.bytes;
    }
    rows.push([
      item.evidenceNo,
      item.evidenceId,
      item.payloadSetSha256,
      counts.files,
      counts.bytes,
    ]);
  }
  await pool.drain();
  return rows;
}

/** What the rows say, looked for while the indexes are written. */
interface Found {
  readonly withCopies: readonly Source[];
  /** Coverage of the copies, which are no records of their own. */
  readonly copies: readonly CoverageRow[];
}

async function findAll(
  db: Database,
  sources: readonly Source[],
  identities: Identities,
  signal: AbortSignal,
): Promise<Found> {
  const withCopies: Source[] = [];
  const copies: CoverageRow[] = [];
  db.exec('BEGIN');
  for (const source of sources) {
    if (findCopies(db, source, identities.shared(source.id))) {
      withCopies.push(source);
      if (source.timeline) copies.push(...readCopyCoverage(db, source));
    }
    // A wish to stop is heard of in between.
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
  }
  // Ends the reading: what follows sees the file as the workers leave it.
  db.exec('COMMIT');
  return { withCopies, copies };
}

function complete(
  options: BuildOptions,
  builder: CaseBuilder,
  evidence: readonly EvidenceRow[],
  { withCopies, copies, coverage }: Found & { readonly coverage: readonly CoverageRow[] },
): string {
  const { db } = builder;
  const stop = (): void => {
    options.signal.throwIfAborted();
  };
  stop();
  builder.begin();
  const insert = db.prepare('INSERT INTO evidence VALUES (?, ?, ?, ?, ?)');
  for (const row of evidence) insert.run(row);
  for (const source of withCopies) moveCopies(db, source);
  insertCoverage(db, coverage, copies);
  stop();
  builder.index();
  stop();
  const meta = db.prepare('INSERT INTO case_meta VALUES (?, ?)');
  for (const [key, value] of Object.entries(inputIdentity(options.evidence, options.flowFields)))
    meta.run(key, value);
  meta.run('content_hash_version', CONTENT_HASH_VERSION);
  const content = contentHash(db);
  meta.run('content_sha256', content);
  db.prepare('INSERT INTO import_run VALUES (1, ?, ?, ?, ?, ?)').run(
    options.run.started,
    options.run.finished(),
    options.run.tool,
    options.threads.length,
    options.evidence.map((item) => item.evidenceId).join(','),
  );
  return content;
}

async function bytesOf(entry: VolumeEntry): Promise<Buffer> {
  if (entry.size > MAX_LIST_BYTES) {
    throw new ExhibitError('E_FORMAT', 'the list of objects is too long', {
      where: { file: entry.path },
    });
  }
  const bytes = Buffer.allocUnsafeSlow(entry.size);
  let at = 0;
  for await (const piece of entry.body) at += piece.copy(bytes, at);
  return bytes;
}
