/**
 * `show`: one record, read again from the sealed tar, by the same code as an import, and compared with what the database
 * gives: byte for byte, and column by column.
 */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readVolume, type VolumeEntry } from '../archive/read.ts';
import { evidenceNo, evidencePaths } from '../bundle/layout.ts';
import type { BagObject } from '../bundle/objects.ts';
import { readSeal, type SealedVolume } from '../bundle/seal.ts';
import type { Check } from '../core/check.ts';
import { sameHex } from '../core/digest.ts';
import type { Effects } from '../core/effects.ts';
import { ExhibitError, isSystemError } from '../core/errors.ts';
import { followSteps, parseSteps } from '../core/steps.ts';
import { type ItemRows, readItems } from '../db/child-tables.ts';
import { openDatabase, sourceTables } from '../db/open.ts';
import { fileTask, ObjectList } from '../ingest/objects.ts';
import { reread, type Reread } from '../ingest/reread.ts';
import type { FileTask } from '../ingest/task.ts';
import { findNamed, findRecord, type FoundRecord, type Place } from '../query/rows.ts';
import { SOURCES } from '../sources/_registry.ts';
import { FORM } from '../sources/source.ts';
import type { Case } from './case.ts';
import { compareItems, compareOrigin, compareRecord } from './show-compare.ts';
import { seals, signedFileProblem } from './signed-file.ts';

/** A record with the proof of where it comes from. */
export interface ShownRecord extends FoundRecord {
  /** The seal's volume that holds the file; undefined where none does. */
  readonly volume: string | undefined;
  readonly checks: readonly Check[];
  /** True if every check passed. */
  readonly verified: boolean;
}

/**
 * Finds a record and proves it from the sealed evidence.
 * @param name `cloudtrail:ID`, `duplicate:ID`, `reject:ID` or the id alone.
 * @throws ExhibitError `E_USAGE`, `E_NOT_FOUND`, `E_NOT_IMPORTED`, `E_NOT_SEALED`, `E_READ`, `E_TAMPERED`.
 */
export async function showRecord(target: Case, fx: Effects, name: string): Promise<ShownRecord> {
  const { found, kept, items, flowFields } = lookUp(target, name);
  const checks: Check[] = [];
  const judge = (id: string, subject: string, good: boolean, detail: string): void => {
    checks.push({ id, subject, status: good ? 'pass' : 'fail', detail });
  };
  const { place } = found;
  const paths = evidencePaths(target.paths, place.evidence_id);
  const seal = await readSeal(paths.seal);
  const { evidence_id: id } = place;
  const unsigned = await signedFileProblem(
    target,
    {
      bytes: seal.bytes,
      signature: await readFile(paths.signature),
      fingerprint: seal.signerCertSha256,
    },
    seals(id, seal.sha256),
  );
  judge(
    'seal.signature',
    `${id}.seal.p7s`,
    unsigned === undefined,
    unsigned ?? 'the seal is signed by this case',
  );

  const read = await readAgain(seal.volumes, paths.folder, found, flowFields, fx.signal);
  if (read === undefined) {
    judge('file.present', place.path, false, 'no volume of the seal holds the file');
    return { ...found, volume: undefined, checks, verified: false };
  }
  const { volume, volumeSha256, manifestSha256, storedSha256, inflatedSha256, bytes } = read;
  judge(
    'volume.sha256',
    volume.file,
    sameHex(volumeSha256, volume.sha256),
    `sha256 ${volumeSha256}`,
  );
  judge(
    'file.manifest',
    place.path,
    manifestSha256 !== undefined && sameHex(storedSha256, manifestSha256),
    `sha256 ${storedSha256}${manifestSha256 === undefined ? ', not in manifest-sha256.txt' : ''}`,
  );
  judge(
    'file.database',
    place.path,
    sameHex(storedSha256, place.sha256) && sameHex(inflatedSha256, place.sha256_inflated ?? ''),
    `inflated sha256 ${inflatedSha256}`,
  );
  judge(
    'record.bytes',
    `bytes ${String(place.offset)} to ${String(place.offset + place.length)}`,
    recordIn(bytes, found)?.equals(found.raw) === true,
    `${String(found.raw.length)} bytes in the sealed file and in the database`,
  );
  for (const { id, subject, good, detail } of [
    compareOrigin(found, read.object),
    ...compareRecord(found, read.again, kept),
    ...compareItems(found, read.again, items),
  ])
    judge(id, subject, good, detail);
  const verified = checks.every((check) => check.status === 'pass');
  return { ...found, volume: volume.file, checks, verified };
}

/**
 * Writes the record's exact bytes to a new file.
 * @throws ExhibitError `E_EXISTS` when something is there already.
 */
export async function writeRaw(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(path, bytes, { flag: 'wx' });
  } catch (cause) {
    if (!isSystemError(cause) || cause.code !== 'EEXIST') throw cause;
    throw new ExhibitError('E_EXISTS', 'the file is there already and is not overwritten', {
      where: { file: path },
      hint: 'give another name',
      cause,
    });
  }
}

interface LookedUp {
  readonly found: FoundRecord;
  /** For a duplicate, the row that was kept. */
  readonly kept: FoundRecord | undefined;
  /** The row's items in tables of their own. */
  readonly items: ItemRows;
  /** What the import was told of flow logs without a header. */
  readonly flowFields: readonly string[] | undefined;
}

function lookUp(target: Case, name: string): LookedUp {
  const db = openDatabase(target.paths.database, { readonly: true });
  try {
    const found = findNamed(db, name);
    const keptId = found.kind === 'duplicate' ? found.stored['kept_id'] : null;
    const known = sourceTables(db).includes(found.source);
    const kept =
      typeof keptId === 'bigint' && known
        ? findRecord(db, found.source, Number(keptId))
        : undefined;
    const source = found.kind === 'row' ? SOURCES.find(({ id }) => id === found.source) : undefined;
    const items: ItemRows = source === undefined ? new Map() : readItems(db, source, found.id);
    const declared = db
      .prepare<[], string>("SELECT value FROM main.case_meta WHERE key = 'vpc_format'")
      .pluck()
      .get();
    const none = declared === undefined || declared === '';
    return { found, kept, items, flowFields: none ? undefined : declared.split(' ') };
  } finally {
    db.close();
  }
}

interface ReadAgain {
  readonly volume: SealedVolume;
  readonly volumeSha256: string;
  /** What the volume's manifest says of the file. */
  readonly manifestSha256: string | undefined;
  /** What the volume's list of objects says of it. */
  readonly object: BagObject | undefined;
  readonly storedSha256: string;
  readonly inflatedSha256: string;
  /** The record's bytes in the decompressed file. */
  readonly bytes: Buffer;
  /** What an import makes of the record. */
  readonly again: Reread | undefined;
}

async function readAgain(
  volumes: readonly SealedVolume[],
  folder: string,
  found: FoundRecord,
  flowFields: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<ReadAgain | undefined> {
  const { path } = found.place;
  for (const volume of volumes) {
    let file: Awaited<ReturnType<typeof readFileOf>> | undefined;
    let manifestSha256: string | undefined;
    let object: BagObject | undefined;
    const facts = await readVolume(
      join(folder, volume.file),
      async (entry) => {
        const name = entry.path.slice(volume.name.length + 1);
        // In a volume the lists come before the payload, the manifests after it.
        if (name === 'acquisition/objects.jsonl') object = objectIn(await bytesOf(entry), path);
        else if (name === path) file = await readFileOf(entry, found, object, flowFields);
        else if (name === 'manifest-sha256.txt')
          manifestSha256 = manifestHash(await bytesOf(entry), path);
      },
      { signal },
    );
    if (file !== undefined)
      return { volume, volumeSha256: facts.sha256, manifestSha256, object, ...file };
  }
  return undefined;
}

async function readFileOf(
  entry: VolumeEntry,
  { id, place }: FoundRecord,
  object: BagObject | undefined,
  flowFields: readonly string[] | undefined,
): Promise<Pick<ReadAgain, 'storedSha256' | 'inflatedSha256' | 'bytes' | 'again'>> {
  const stored = createHash('sha256');
  const inflated = createHash('sha256');
  const tee = async function* (): AsyncGenerator<Buffer> {
    for await (const piece of entry.body) {
      stored.update(piece);
      // A piece is only lent until the next one; the inflater may keep it longer.
      yield Buffer.from(piece);
    }
  };
  const kept: Buffer[] = [];
  let at = 0;
  const again = await reread(taskOf(place, object, entry.size, flowFields), tee(), id, (piece) => {
    inflated.update(piece);
    const from = Math.max(0, place.offset - at);
    const to = Math.min(piece.length, place.offset + place.length - at);
    if (from < to) kept.push(Buffer.from(piece.subarray(from, to)));
    at += piece.length;
  });
  return {
    storedSha256: stored.digest('hex'),
    inflatedSha256: inflated.digest('hex'),
    bytes: Buffer.concat(kept),
    again,
  };
}

/** What an import is told of the file: by the sealed list; where that is silent, by the database. */
function taskOf(
  place: Place,
  object: BagObject | undefined,
  size: number,
  flowFields: readonly string[] | undefined,
): FileTask {
  const evidence = evidenceNo(place.evidence_id) ?? 0;
  if (object !== undefined) return fileTask(object, place.file_id, evidence, flowFields);
  const { file_id: fileId, path, original_path: originalPath, bucket, key, sha256 } = place;
  const named = { path, originalPath, bucket, key, versionId: null, sha256, size };
  return {
    ...named,
    fileId,
    evidenceNo: evidence,
    mtimeUs: undefined,
    as: null,
    flowFields,
    metadata: false,
  };
}

async function bytesOf(entry: VolumeEntry): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of entry.body) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

function objectIn(list: Buffer, path: string): BagObject | undefined {
  const objects = new ObjectList(list, 'acquisition/objects.jsonl');
  for (let object = objects.next(); object !== undefined; object = objects.next())
    if (object.path === path) return object;
  return undefined;
}

function manifestHash(manifest: Buffer, path: string): string | undefined {
  const line = manifest
    .toString('utf8')
    .split('\n')
    .find((text) => text.slice(64) === `  ${path}`);
  return line?.slice(0, 64);
}

// The record's own text: the bytes, or what the steps lead to.
function recordIn(bytes: Buffer, { place, inner }: FoundRecord): Buffer | undefined {
  if (place.form === FORM.plain) return bytes;
  const steps =
    place.form === FORM.jsonString ? ['string' as const] : parseSteps(inner?.steps ?? '');
  // Not JSON, or no such steps: then it is not what was imported, which is the answer.
  return steps === undefined ? undefined : followSteps(bytes, steps);
}
