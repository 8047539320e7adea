/** Builds the bag of one volume: tag files as RFC 8493 and the evidence profile want them, then the payload. */
import { Buffer } from 'node:buffer';
import { inArchiveOrder, orderKey } from '../archive/order.ts';
import type { MemberToWrite } from '../archive/write.ts';
import { canonicalJson } from '../core/canonical.ts';
import type { BagObject } from './objects.ts';
import { BAG_INFO_LABELS, PROFILE_ID, profileJson } from './profile.ts';
import { checked, lineBytes, tagFile, textBytes, type Bytes, type TagFile } from './tag-file.ts';

/** RFC 8493 section 2.1.1. */
export const BAGIT_TXT = 'BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n';

/** A payload file whose hashes are known. */
export interface BagFile {
  /** In the bag: `data/...`. */
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
  readonly sha512: string;
  /** Its line of acquisition/objects.jsonl. */
  readonly object: BagObject;
  /** The staged bytes. */
  readonly bytes: Bytes;
}

/** What a bag says of itself besides its files. */
export interface BagLabels {
  readonly organization: string | undefined;
  readonly examiner: string;
  readonly caseId: string;
  readonly evidenceId: string;
  /** `YYYY-MM-DD`, the day of sealing by the sealer's clock. */
  readonly date: string;
  /** `exhibit 0.1.0`. */
  readonly agent: string;
}

/** A bag, ready to be written. */
export interface Bag {
  readonly members: readonly MemberToWrite[];
  readonly tagmanifestSha256: string;
  readonly manifestSha256: TagFile;
}

/** Line of acquisition/objects.jsonl. */
export function objectLine(object: BagObject): string {
  const { s3, api, file, part } = object;
  // Spread: an interface has no index signature, so it is no CanonicalValue by itself.
  return `${canonicalJson({
    ...object,
    s3: s3 && { ...s3 },
    api: api && { ...api },
    file: file && { ...file },
    part: part && { ...part },
  })}\n`;
}

/**
 * Puts a bag together.
 * @param name of the volume: `EV-0001.v001`.
 * @param place its number from 1, and how many there are.
 * @param files in the order of the archive.
 * @param acquisition measured files under `acquisition/` except objects.jsonl.
 */
export async function buildBag(
  name: string,
  place: { readonly number: number; readonly of: number },
  files: readonly BagFile[],
  acquisition: readonly TagFile[],
  labels: BagLabels,
): Promise<Bag> {
  const manifestLines = (hash: 'sha256' | 'sha512') =>
    lineBytes(function* () {
      for (const file of files) yield `${file[hash]}  ${file.path}\n`;
    });
  const objectLines = lineBytes(function* () {
    for (const file of files) yield objectLine(file.object);
  });
  const manifestSha256 = await tagFile('manifest-sha256.txt', manifestLines('sha256'));
  const tags = [
    ...acquisition,
    await tagFile('acquisition/objects.jsonl', objectLines),
    await tagFile('bag-info.txt', textBytes(bagInfo(name, place, files, labels))),
    await tagFile('bagit.txt', textBytes(BAGIT_TXT)),
    manifestSha256,
    await tagFile('manifest-sha512.txt', manifestLines('sha512')),
    await tagFile('profile/evidence-profile.json', textBytes(profileJson())),
  ];
  const tagmanifests = await Promise.all(
    (['sha256', 'sha512'] as const).map((hash) =>
      tagFile(`tagmanifest-${hash}.txt`, textBytes(tagmanifest(tags, hash))),
    ),
  );
  const members = [
    ...[...tags, ...tagmanifests].map(({ path, size, body }) => ({ path, size, body })),
    ...files.map(({ path, size, sha256, sha512, bytes }) => ({
      path,
      size,
      body: () => checked(bytes(), { size, sha256, sha512 }, path),
    })),
  ].map(({ path, ...rest }) => ({ path: `${name}/${path}`, type: 'file' as const, ...rest }));
  const tagmanifestSha256 = tagmanifests[0]?.sha256 ?? '';
  return { members: inArchiveOrder<MemberToWrite>(members), tagmanifestSha256, manifestSha256 };
}

/** Text of a tag manifest: the tag files in the order of the archive. */
function tagmanifest(tags: readonly TagFile[], hash: 'sha256' | 'sha512'): string {
  return [...tags]
    .sort((a, b) => (orderKey(a.path) < orderKey(b.path) ? -1 : 1))
    .map((tag) => `${tag[hash]}  ${tag.path}\n`)
    .join('');
}

function bagInfo(
  name: string,
  place: { readonly number: number; readonly of: number },
  files: readonly BagFile[],
  labels: BagLabels,
): string {
  const bytes = files.reduce((sum, file) => sum + file.size, 0);
  const values: Record<(typeof BAG_INFO_LABELS)[number], string | undefined> = {
    'Source-Organization': labels.organization,
    'Contact-Name': labels.examiner,
    'External-Description': `Volume ${String(place.number)} of evidence ${labels.evidenceId} of case ${labels.caseId}`,
    'External-Identifier': `${labels.caseId}/${labels.evidenceId}`,
    'Bagging-Date': labels.date,
    'Bag-Size': `${String(bytes)} bytes`,
    'Payload-Oxum': payloadOxum(bytes, files.length),
    'Bag-Group-Identifier': labels.evidenceId,
    'Bag-Count': `${String(place.number)} of ${String(place.of)}`,
    'Internal-Sender-Identifier': name,
    'Bag-Software-Agent': labels.agent,
    'BagIt-Profile-Identifier': PROFILE_ID,
  };
  return BAG_INFO_LABELS.flatMap((label) => {
    const value = values[label];
    return value === undefined ? [] : [`${label}: ${oneLine(value)}\n`];
  }).join('');
}

/** RFC 8493 section 2.2.2: octet count, a full stop, file count. */
export function payloadOxum(bytes: number, files: number): string {
  return `${String(bytes)}.${String(files)}`;
}

// A tag value is one line (RFC 8493 section 2.2.2); names typed by people could hold anything.
function oneLine(text: string): string {
  return Buffer.from(text, 'utf8')
    .toString('utf8')
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim();
}
