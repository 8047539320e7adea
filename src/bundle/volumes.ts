/** Cuts the payload of an evidence item into volumes and writes them. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { BLOCK, RECORD, paddingOf } from '../archive/header.ts';
import { writeVolume } from '../archive/write.ts';
import { DoubleHash } from '../core/digest.ts';
import { buildBag, objectLine, type BagFile, type BagLabels } from './bag.ts';
import type { PayloadFile } from './names.ts';
import type { BagObject } from './objects.ts';
import { volumeName, type SealedVolume } from './seal.ts';
import { checked, fileBytes, type TagFile } from './tag-file.ts';

/** Volumes are filled up to this unless told otherwise. */
export const DEFAULT_VOLUME_BYTES = 4 * 1024 ** 3;
/** Smaller volumes would be mostly tag files. */
export const MIN_VOLUME_BYTES = 64 * 1024;
/** Room for what every bag has besides its lists and the acquisition files: headers, small tag files, folders. */
const BASE_BYTES = RECORD + 32 * BLOCK + 8192;

/** What {@link writeVolumes} needs. */
export interface VolumeJob {
  readonly files: readonly BagFile[];
  readonly volumeBytes: number;
  /** Acquisition files that every volume carries. */
  readonly everywhere: readonly TagFile[];
  /** Acquisition files that only the first carries. */
  readonly first: readonly TagFile[];
  readonly labels: BagLabels;
  /** Folder that takes the volumes. */
  readonly folder: string;
  /** Appended to the file names; they get their final names when all are complete. */
  readonly suffix: string;
  readonly signal: AbortSignal;
  readonly onVolume: (name: string, number: number, of: number) => void;
}

/** All volumes of an evidence item, on disk. */
export interface WrittenVolumes {
  readonly volumes: readonly (SealedVolume & { readonly bytes: number })[];
  /** SHA-256 of the payload manifests, one after the other. */
  readonly payloadSetSha256: string;
}

/**
 * Writes every volume.
 * @throws ExhibitError `E_TAMPERED` if a staged file is no longer what was collected, `E_WRITE`; `E_READ`.
 */
export async function writeVolumes(job: VolumeJob): Promise<WrittenVolumes> {
  const groups = cut(job);
  const payloadSet = createHash('sha256');
  const volumes: (SealedVolume & { readonly bytes: number })[] = [];
  for (const [index, files] of groups.entries()) {
    const name = volumeName(job.labels.evidenceId, index);
    const place = { number: index + 1, of: groups.length };
    job.onVolume(name, place.number, place.of);
    const acquisition = index === 0 ? [...job.everywhere, ...job.first] : job.everywhere;
    const bag = await buildBag(name, place, files, acquisition, job.labels);
    for await (const piece of bag.manifestSha256.body()) payloadSet.update(piece);
    const file = `${name}.tar`;
    const path = join(job.folder, `${file}${job.suffix}`);
    const { sha256, bytes } = await writeVolume(path, bag.members, { signal: job.signal });
    volumes.push({ name, file, sha256, bytes, tagmanifestSha256: bag.tagmanifestSha256 });
  }
  return { volumes, payloadSetSha256: payloadSet.digest('hex') };
}

/** Whole files in order, as many as fit; a file larger than a volume gets one of its own. */
function cut({ files, volumeBytes, everywhere, first }: VolumeJob): BagFile[][] {
  const sizeOf = (tags: readonly TagFile[]): number =>
    tags.reduce((sum, tag) => sum + inTar(tag.size), 0);
  const groups: BagFile[][] = [];
  let group: BagFile[] = [];
  let used = BASE_BYTES + sizeOf(everywhere) + sizeOf(first);
  for (const file of files) {
    const cost = costOf(file);
    if (group.length > 0 && used + cost > volumeBytes) {
      groups.push(group);
      group = [];
      used = BASE_BYTES + sizeOf(everywhere);
    }
    group.push(file);
    used += cost;
  }
  groups.push(group);
  return groups;
}

function inTar(size: number): number {
  return BLOCK + size + paddingOf(size);
}

// At most: the member, a header for each of its folders, its lines in both manifests and in objects.jsonl.
function costOf(file: BagFile): number {
  const folders = file.path.split('/').length - 1;
  const lines = 64 + 128 + 2 * (file.path.length + 3) + Buffer.byteLength(objectLine(file.object));
  return inTar(file.size) + folders * BLOCK + lines;
}

async function drain(bytes: AsyncIterable<Uint8Array>): Promise<void> {
  const pieces = bytes[Symbol.asyncIterator]();
  while ((await pieces.next()).done !== true);
}

/**
 * Payload files with their hashes and lines. Parts of a split file are hashed here, the whole is compared with what was
 * collected.
 * @param stagedPath where an object's bytes are.
 * @throws ExhibitError `E_TAMPERED` if a split file is no longer what was collected.
 */
export async function bagFiles(
  payload: readonly PayloadFile[],
  stagedPath: (sha256: string) => string,
): Promise<BagFile[]> {
  const files: BagFile[] = [];
  for (const { path, size, object, part } of payload) {
    const staged = stagedPath(object.sha256);
    if (part === undefined) {
      const { sha256, sha512 } = object;
      const line: BagObject = { ...object, path };
      files.push({ path, size, sha256, sha512, object: line, bytes: fileBytes(staged) });
      continue;
    }
    const bytes = fileBytes(staged, { offset: part.offset, size });
    if (part.number === 1) await drain(checked(fileBytes(staged)(), object, path));
    const hash = new DoubleHash();
    for await (const piece of bytes()) hash.update(piece);
    const digests = hash.digest();
    const line: BagObject = { ...object, path, part: { ...part, size, ...digests } };
    files.push({ path, size, ...digests, object: line, bytes });
  }
  return files;
}
