/**
 * Judges the bag inside a volume while it streams past, in constant memory: instead of comparing lists, the lists that
 * the payload calls for are hashed as they would have to be written, and the hashes compared with those of the lists that
 * are there. Only one accepted form of every list exists, so equal hashes mean equal lists.
 */
import { Buffer } from 'node:buffer';
import { createHash, type Hash } from 'node:crypto';
import type { VolumeEntry } from '../archive/read.ts';
import { orderKey } from '../archive/order.ts';
import { DoubleHash } from '../core/digest.ts';
import { BAGIT_TXT, payloadOxum } from './bag.ts';
import { LineCutter } from './lines.ts';
import type { BagObject } from './objects.ts';
import {
  BAG_INFO_LABELS,
  FIRST_VOLUME_FILES,
  MANIFESTS,
  OPTIONAL_TAG_FILES,
  PROFILE_ID,
  REQUIRED_TAG_FILES,
  profileJson,
} from './profile.ts';

const TAGMANIFESTS = ['tagmanifest-sha256.txt', 'tagmanifest-sha512.txt'] as const;
const ALLOWED: ReadonlySet<string> = new Set([
  ...REQUIRED_TAG_FILES,
  ...OPTIONAL_TAG_FILES,
  ...MANIFESTS,
  ...TAGMANIFESTS,
]);
/** Small tag files are kept whole to be compared; ours are below 16 KiB. */
const KEPT: ReadonlySet<string> = new Set([
  'acquisition/collection.json',
  'bag-info.txt',
  'bagit.txt',
  'profile/evidence-profile.json',
  ...TAGMANIFESTS,
]);
const MAX_KEPT_BYTES = 1024 * 1024;
/** A path of 32 KiB, escaped and twice, is far below this. */
const MAX_LINE_BYTES = 1024 * 1024;

/** More problems of one kind are not listed one by one. */
const MAX_PROBLEMS = 8;

/** What the bag has to fit. */
export interface BagExpectation {
  readonly caseId: string;
  readonly evidenceId: string;
  /** `EV-0001.v001`. */
  readonly name: string;
  readonly number: number;
  readonly of: number;
  readonly tagmanifestSha256: string;
}

/** Ids of the checks that a bag answers, without `payload.sha512`. */
export const BAG_CHECKS = [
  'bag.structure',
  'bag.seal_line',
  'bag.tagmanifests',
  'bag.info',
  'bag.manifests',
  'bag.objects',
  'bag.journal',
  'payload.sha256',
] as const;

/** Id of a check of a bag. */
export type BagCheckId = (typeof BAG_CHECKS)[number] | 'payload.sha512';

/** Answer to one check of a bag. */
export interface BagAnswer {
  readonly id: BagCheckId;
  readonly status: 'pass' | 'fail' | 'not_checked';
  readonly detail: string;
}

interface TagDigest {
  readonly sha256: string;
  readonly sha512: string;
}

/** One bag as it streams past. */
export class BagCheck {
  readonly #expected: BagExpectation;
  readonly #deep: boolean;
  readonly #onManifest: (bytes: Uint8Array) => void;
  readonly #problems = new Map<BagCheckId, string[]>();
  readonly #tags = new Map<string, TagDigest>();
  readonly #kept = new Map<string, string>();
  readonly #payload = { sha256: createHash('sha256'), sha512: createHash('sha256') };
  readonly #objects = { sha256: createHash('sha256'), sha512: createHash('sha256') };
  readonly #objectSizes = createHash('sha256');
  readonly #payloadSizes = createHash('sha256');
  #openFolder: string | undefined;
  #files = 0;
  #bytes = 0;

  /**
   * @param deep also hash the payload with SHA-512.
   * @param onManifest gets the bytes of manifest-sha256.txt, for the hash over all volumes.
   */
  constructor(expected: BagExpectation, deep: boolean, onManifest: (bytes: Uint8Array) => void) {
    this.#expected = expected;
    this.#deep = deep;
    this.#onManifest = onManifest;
  }

  /** Takes the next member of the archive. */
  async entry(entry: VolumeEntry): Promise<void> {
    const { name } = this.#expected;
    if (this.#openFolder !== undefined && !entry.path.startsWith(`${this.#openFolder}/`)) {
      this.#fail('bag.structure', `the folder ${this.#openFolder} is empty`);
    }
    this.#openFolder = entry.type === 'folder' ? entry.path : undefined;
    if (entry.path === name) return;
    if (!entry.path.startsWith(`${name}/`)) {
      this.#fail('bag.structure', `${entry.path} lies outside the folder ${name}`);
      return;
    }
    const path = entry.path.slice(name.length + 1);
    if (entry.type === 'folder') return;
    if (path.startsWith('data/')) await this.#payloadFile(path, entry);
    else if (ALLOWED.has(path)) await this.#tagFile(path, entry);
    else if (path === 'fetch.txt')
      this.#fail('bag.structure', 'fetch.txt makes a verifier fetch what the bag names');
    else this.#fail('bag.structure', `${path} does not belong in a bag of this profile`);
  }

  /** The answers, once the archive has ended. */
  finish(): BagAnswer[] {
    this.#judge();
    const count = `${String(this.#files)} ${this.#files === 1 ? 'file' : 'files'}, ${String(this.#bytes)} bytes`;
    const good: Record<BagCheckId, string> = {
      'bag.structure': 'one RFC 8493 bag, exactly the files of its profile',
      'bag.seal_line': 'tagmanifest-sha256.txt is the one that the seal names',
      'bag.tagmanifests': 'both list exactly the tag files, and their hashes are right',
      'bag.info': `bag-info.txt fits the seal and the payload, profile ${PROFILE_ID}`,
      'bag.manifests': 'both list exactly the payload, in order',
      'bag.objects': 'objects.jsonl describes exactly the payload',
      'bag.journal': 'every line of the journal names the hash of the line before',
      'payload.sha256': count,
      'payload.sha512': count,
    };
    return [...BAG_CHECKS, 'payload.sha512' as const].map((id): BagAnswer => {
      const problems = this.#problems.get(id);
      if (problems !== undefined) return { id, status: 'fail', detail: problems.join('; ') };
      const skipped = this.#skipped(id);
      return skipped === undefined
        ? { id, status: 'pass', detail: good[id] }
        : { id, status: 'not_checked', detail: skipped };
    });
  }

  #skipped(id: BagCheckId): string | undefined {
    if (id === 'payload.sha512' && !this.#deep) {
      return 'the SHA-512 of the payload is computed with --deep only; SHA-256 was checked';
    }
    if (id === 'bag.journal' && !this.#tags.has('acquisition/journal.jsonl')) {
      return 'the journal lies in the first volume';
    }
    return undefined;
  }

  async #payloadFile(path: string, entry: VolumeEntry): Promise<void> {
    const sha256 = createHash('sha256');
    const sha512 = this.#deep ? createHash('sha512') : undefined;
    for await (const piece of entry.body) {
      sha256.update(piece);
      sha512?.update(piece);
    }
    this.#payload.sha256.update(`${sha256.digest('hex')}  ${path}\n`);
    if (sha512 !== undefined) this.#payload.sha512.update(`${sha512.digest('hex')}  ${path}\n`);
    this.#payloadSizes.update(`${String(entry.size)} ${path}\n`);
    this.#files += 1;
    this.#bytes += entry.size;
  }

  async #tagFile(path: string, entry: VolumeEntry): Promise<void> {
    const hash = new DoubleHash();
    const lines = this.#lineReader(path);
    const kept: Buffer[] | undefined = KEPT.has(path) ? [] : undefined;
    if (kept !== undefined && entry.size > MAX_KEPT_BYTES) {
      this.#fail('bag.structure', `${path} is larger than any of ours`);
    }
    for await (const piece of entry.body) {
      hash.update(piece);
      lines?.add(piece);
      if (path === 'manifest-sha256.txt') this.#onManifest(piece);
      if (entry.size <= MAX_KEPT_BYTES) kept?.push(Buffer.from(piece));
    }
    lines?.end();
    if (lines?.broken === true) {
      const id = path.endsWith('journal.jsonl') ? 'bag.journal' : 'bag.objects';
      this.#fail(id, `${path} does not consist of whole lines`);
    }
    this.#tags.set(path, hash.digest());
    if (kept !== undefined) this.#kept.set(path, Buffer.concat(kept).toString('utf8'));
  }

  #lineReader(path: string): LineCutter | undefined {
    if (path === 'acquisition/objects.jsonl') {
      return new LineCutter((line) => {
        this.#objectLine(line);
      }, MAX_LINE_BYTES);
    }
    if (path !== 'acquisition/journal.jsonl') return undefined;
    let previous = '0'.repeat(64);
    let broken = false;
    return new LineCutter((line) => {
      if (!broken && !line.includes(`"prev":"${previous}"`)) {
        broken = true;
        this.#fail('bag.journal', 'a line does not name the hash of the line before');
      }
      previous = createHash('sha256').update(line).update('\n').digest('hex');
    }, MAX_LINE_BYTES);
  }

  #objectLine(line: Buffer): void {
    const object = readObject(line);
    if (object === undefined) {
      this.#fail('bag.objects', 'a line of objects.jsonl is not an object of the documented form');
      return;
    }
    const { sha256, sha512, size } = object.part ?? object;
    this.#objects.sha256.update(`${sha256}  ${object.path}\n`);
    this.#objects.sha512.update(`${sha512}  ${object.path}\n`);
    this.#objectSizes.update(`${String(size)} ${object.path}\n`);
  }

  #judge(): void {
    if (this.#openFolder !== undefined)
      this.#fail('bag.structure', `the folder ${this.#openFolder} is empty`);
    for (const path of [...REQUIRED_TAG_FILES, ...MANIFESTS, ...TAGMANIFESTS]) {
      if (!this.#tags.has(path)) this.#fail('bag.structure', `${path} is missing`);
    }
    if (this.#expected.number === 1) {
      for (const path of FIRST_VOLUME_FILES) {
        if (!this.#tags.has(path)) this.#fail('bag.structure', `${path} is missing`);
      }
    }
    if (this.#files === 0) this.#fail('bag.structure', 'the payload is empty');
    if (this.#kept.get('bagit.txt') !== BAGIT_TXT) {
      this.#fail('bag.structure', 'bagit.txt is not that of RFC 8493 version 1.0');
    }
    if (this.#kept.get('profile/evidence-profile.json') !== profileJson()) {
      this.#fail('bag.structure', 'the profile is not the one this format has');
    }
    this.#judgeTagmanifests();
    this.#judgeLists();
    this.#judgeInfo();
  }

  #judgeTagmanifests(): void {
    const listed = [...this.#tags]
      .filter(([path]) => !TAGMANIFESTS.some((name) => name === path))
      .sort(([a], [b]) => (orderKey(a) < orderKey(b) ? -1 : 1));
    for (const hash of ['sha256', 'sha512'] as const) {
      const path = `tagmanifest-${hash}.txt`;
      const text = listed.map(([name, digest]) => `${digest[hash]}  ${name}\n`).join('');
      if (this.#kept.get(path) === text) continue;
      const lines = new Set((this.#kept.get(path) ?? '').split('\n'));
      const wrong = listed.filter(([name, digest]) => !lines.has(`${digest[hash]}  ${name}`));
      const names = wrong.map(([name]) => name).join(', ');
      this.#fail(
        'bag.tagmanifests',
        `${path} does not fit ${names === '' ? 'the set of tag files' : names}`,
      );
    }
    if (this.#tags.get('tagmanifest-sha256.txt')?.sha256 !== this.#expected.tagmanifestSha256) {
      this.#fail('bag.seal_line', 'tagmanifest-sha256.txt is not the one that the seal names');
    }
  }

  #judgeLists(): void {
    const manifest = {
      sha256: this.#tags.get('manifest-sha256.txt')?.sha256,
      sha512: this.#tags.get('manifest-sha512.txt')?.sha256,
    };
    const payload = this.#payload.sha256.digest('hex');
    const objects = digests(this.#objects);
    if (payload !== manifest.sha256) {
      this.#fail('payload.sha256', 'the payload is not the one that manifest-sha256.txt lists');
    }
    if (this.#deep && this.#payload.sha512.digest('hex') !== manifest.sha512) {
      this.#fail('payload.sha512', 'the payload is not the one that manifest-sha512.txt lists');
    }
    for (const hash of ['sha256', 'sha512'] as const) {
      if (objects[hash] !== manifest[hash]) {
        this.#fail(
          'bag.manifests',
          `manifest-${hash}.txt and objects.jsonl list different files or hashes`,
        );
      }
    }
    const sizes = this.#objectSizes.digest('hex') === this.#payloadSizes.digest('hex');
    if (objects.sha256 !== payload || !sizes) {
      this.#fail(
        'bag.objects',
        'objects.jsonl does not describe the payload: files, sizes, hashes or order differ',
      );
    }
  }

  #judgeInfo(): void {
    const { caseId, evidenceId, name, number, of } = this.#expected;
    const wanted: readonly (readonly [(typeof BAG_INFO_LABELS)[number], string])[] = [
      ['External-Identifier', `${caseId}/${evidenceId}`],
      ['Bag-Size', `${String(this.#bytes)} bytes`],
      ['Payload-Oxum', payloadOxum(this.#bytes, this.#files)],
      ['Bag-Group-Identifier', evidenceId],
      ['Bag-Count', `${String(number)} of ${String(of)}`],
      ['Internal-Sender-Identifier', name],
      ['BagIt-Profile-Identifier', PROFILE_ID],
    ];
    const info = parseBagInfo(this.#kept.get('bag-info.txt') ?? '');
    if (info === undefined) {
      this.#fail(
        'bag.info',
        'bag-info.txt does not have the labels of the profile, each once and in order',
      );
      return;
    }
    for (const [label, value] of wanted) {
      if (info.get(label) !== value) this.#fail('bag.info', `${label} is not "${value}"`);
    }
    const collection = parseJson(this.#kept.get('acquisition/collection.json') ?? '');
    if (collection?.['case'] !== caseId || collection['evidence'] !== evidenceId) {
      this.#fail('bag.info', 'acquisition/collection.json is of another case or evidence item');
    }
  }

  #fail(id: BagCheckId, detail: string): void {
    const known = this.#problems.get(id) ?? [];
    if (known.length < MAX_PROBLEMS)
      known.push(known.length === MAX_PROBLEMS - 1 ? 'and more' : detail);
    this.#problems.set(id, known);
  }
}

function digests(hashes: { readonly sha256: Hash; readonly sha512: Hash }) {
  return { sha256: hashes.sha256.digest('hex'), sha512: hashes.sha512.digest('hex') };
}

function parseBagInfo(text: string): ReadonlyMap<string, string> | undefined {
  const info = new Map<string, string>();
  const lines = text.split('\n');
  if (lines.pop() !== '') return undefined;
  for (const line of lines) {
    const match = /^([A-Za-z-]+): (\S.*)$/.exec(line);
    if (match?.[1] === undefined || match[2] === undefined) return undefined;
    info.set(match[1], match[2]);
  }
  const present = BAG_INFO_LABELS.filter(
    (label) => label !== 'Source-Organization' || info.has(label),
  );
  const same = lines.length === present.length && [...info.keys()].join() === present.join();
  return same ? info : undefined;
}

function parseJson(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null
      ? (value as Record<string, unknown>)
      : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** A line of objects.jsonl, or undefined if it is none. Only what is compared here is looked at. */
function readObject(
  line: Buffer,
): Pick<BagObject, 'path' | 'size' | 'sha256' | 'sha512' | 'part'> | undefined {
  const value = parseJson(line.toString('utf8'));
  if (value === undefined || typeof value['path'] !== 'string' || !isMeasured(value))
    return undefined;
  if (value['part'] !== undefined && !isMeasured(value['part'])) return undefined;
  return value as unknown as BagObject;
}

function isMeasured(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { size, sha256, sha512 } = value as Record<string, unknown>;
  return Number.isSafeInteger(size) && typeof sha256 === 'string' && typeof sha512 === 'string';
}
