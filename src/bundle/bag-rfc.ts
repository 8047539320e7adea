/**
 * Judges any bag, ours or not, by RFC 8493: `exhibit verify --bag`. Two walks over the same files, the first for the texts that
 * say what should be there, the second for what is there. docs/bundle-format.md, "Any bag", lists the checks and where
 * they are stricter than the RFC.
 */
import { Buffer } from 'node:buffer';
import { createHash, type Hash } from 'node:crypto';
import { basename } from 'node:path';
import type { Check, CheckStatus } from '../core/check.ts';
import { sha256Hex } from '../core/digest.ts';
import { ExhibitError, whereText } from '../core/errors.ts';
import {
  ALGORITHMS,
  decodeText,
  linesOf,
  readBagInfo,
  readDeclaration,
  readManifest,
  type Declaration,
} from './bag-lists.ts';
import { openBag, type BagSource } from './bag-source.ts';

/** Manifests and other texts that are held in memory, together: a third of a million files with SHA-512. */
const MAX_TEXT_BYTES = 64 * 1024 * 1024;
/** More problems of one kind are not listed one by one. */
const MAX_PROBLEMS = 8;

const MANIFEST = /^(tag)?manifest-([^/]+)\.txt$/;
const TEXTS = ['bagit.txt', 'bag-info.txt', 'package-info.txt', 'fetch.txt'];
const WEAK = ['md5', 'sha1'];

/**
 * Answers every check; damaged and hostile bags are failures, not errors. Nothing is written and nothing is fetched.
 * @param path of a folder or of one tar archive.
 * @throws ExhibitError `E_READ` if there is neither.
 */
export async function judgeBag(path: string, signal: AbortSignal): Promise<Check[]> {
  const judge = new BagJudge(basename(path), await openBag(path, signal));
  await judge.judge();
  return judge.checks;
}

/** A manifest and what of it has not yet been found. */
interface Manifest {
  readonly file: string;
  readonly kind: 'payload' | 'tag';
  readonly algorithm: string;
  /** False: of an algorithm that is not computed here; what it lists must be there all the same. */
  readonly computed: boolean;
  /** Every path listed, in composed form. */
  readonly listed: ReadonlySet<string>;
  /** By path in composed form. */
  readonly open: Map<string, { readonly path: string; readonly hex: string }>;
  readonly problems: string[];
  readonly wrong: string[];
  entries: number;
}

class BagJudge {
  readonly checks: Check[] = [];
  readonly #name: string;
  readonly #source: BagSource;
  readonly #texts = new Map<string, Buffer>();
  readonly #tooLarge: string[] = [];
  readonly #manifests: Manifest[] = [];
  readonly #unlisted: string[] = [];
  readonly #uncovered: string[] = [];
  readonly #changed: string[] = [];
  #recomposed = 0;
  #files = 0;
  #bytes = 0;

  constructor(name: string, source: BagSource) {
    this.#name = name;
    this.#source = source;
  }

  async judge(): Promise<void> {
    let declaration: Declaration | string;
    let folder: boolean;
    try {
      let left = MAX_TEXT_BYTES;
      ({ payloadFolder: folder } = await this.#source.walk(async (file) => {
        const algorithm = MANIFEST.exec(file.path)?.[2];
        if (algorithm !== undefined || TEXTS.includes(file.path)) {
          if (file.size > left) this.#tooLarge.push(file.path);
          else this.#texts.set(file.path, await whole(file.body));
          left -= this.#texts.get(file.path)?.length ?? 0;
        }
      }));
      const declared = this.#texts.get('bagit.txt');
      declaration = declared === undefined ? 'bagit.txt is missing' : readDeclaration(declared);
      // A bag that does not say is judged as the newest.
      const rules: Declaration =
        typeof declaration === 'string' ? { version: '1.0', encoding: 'utf-8' } : declaration;
      for (const [file, bytes] of this.#texts) this.#readManifest(file, bytes, rules);
      const { problems } = await this.#source.walk(async ({ path, size, body }) =>
        this.#file(path, size, body, rules),
      );
      const all = [
        ...problems,
        ...this.#changed.map((file) => `${file} changed while it was read`),
      ];
      this.#judge('bagit.container', '', all, 'regular files and folders only');
      this.#judgeSerialization();
      this.#answer(declaration, rules, folder);
    } catch (error) {
      if (!(error instanceof ExhibitError)) throw error;
      const at = error.where?.offset;
      const place = at === undefined ? '' : ` (${whereText({ offset: at })})`;
      this.#judge('bagit.container', '', [`${error.message}${place}`], '');
      for (const id of [
        'bagit.declaration',
        'bagit.structure',
        'bagit.complete',
        'bagit.checksums',
      ])
        this.#add(id, '', 'not_checked', 'the bag could not be read to its end');
    }
  }

  #readManifest(file: string, bytes: Buffer, { version, encoding }: Declaration): void {
    const [, tag, algorithm] = MANIFEST.exec(file) ?? [];
    if (algorithm === undefined) return;
    const computed = Object.hasOwn(ALGORITHMS, algorithm);
    const kind = tag === undefined ? 'payload' : 'tag';
    const text = decodeText(bytes, encoding);
    const { listed, problems } =
      text === undefined
        ? { listed: [], problems: [`not ${encoding}`] }
        : readManifest(text, kind, version, computed ? ALGORITHMS[algorithm]?.hex : undefined);
    if (text?.startsWith('\ufeff') === true) problems.push('begins with a byte order mark');
    const open = new Map(listed.map((entry) => [entry.path.normalize('NFC'), entry]));
    const entries = open.size;
    const all = new Set(open.keys());
    this.#manifests.push({
      file,
      kind,
      algorithm,
      computed,
      listed: all,
      open,
      problems,
      wrong: [],
      entries,
    });
  }

  async #file(
    path: string,
    size: number,
    body: AsyncIterable<Buffer>,
    { version }: Declaration,
  ): Promise<void> {
    const kind = path.startsWith('data/') ? 'payload' : 'tag';
    const key = path.normalize('NFC');
    const concerned = this.#manifests.filter((manifest) => manifest.kind === kind);
    const listing = concerned.filter(({ open }) => open.has(key));
    const hashes = new Map<string, Hash>();
    for (const { algorithm } of listing.filter(({ computed }) => computed))
      hashes.set(algorithm, createHash(ALGORITHMS[algorithm]?.hash ?? ''));
    const known = this.#texts.get(path);
    const again = known === undefined ? undefined : createHash('sha256');
    let length = 0;
    if (hashes.size > 0 || again !== undefined) {
      for await (const piece of body) {
        for (const hash of hashes.values()) hash.update(piece);
        again?.update(piece);
        length += piece.length;
      }
    } else length = size;
    if (known !== undefined && again?.digest('hex') !== sha256Hex(known)) this.#changed.push(path);
    const found = new Map([...hashes].map(([algorithm, hash]) => [algorithm, hash.digest('hex')]));
    for (const { algorithm, computed, open, wrong } of listing) {
      const entry = open.get(key);
      if (entry === undefined) continue;
      open.delete(key);
      if (entry.path !== path) this.#recomposed += 1;
      if (computed && found.get(algorithm) !== entry.hex) wrong.push(JSON.stringify(path));
    }
    if (kind === 'payload') {
      this.#files += 1;
      this.#bytes += length;
      const enough = version === '1.0' ? concerned.length : Math.min(1, concerned.length);
      if (listing.length < enough) this.#unlisted.push(JSON.stringify(path));
    } else if (listing.length === 0 && !/^tagmanifest-[^/]*\.txt$/.test(path)) {
      this.#uncovered.push(JSON.stringify(path));
    }
  }

  #judgeSerialization(): void {
    if (this.#source.form === 'folder') {
      this.#add('bagit.serialization', '', 'not_checked', 'a folder, no archive');
      return;
    }
    const problem = this.#source.problem();
    const good = 'one folder, the bag, and nothing beside it';
    this.#judge('bagit.serialization', '', problem === undefined ? [] : [problem], good);
  }

  #answer(declaration: Declaration | string, rules: Declaration, payloadFolder: boolean): void {
    const declared = typeof declaration === 'string' ? [declaration] : [];
    const { version, encoding } = rules;
    this.#judge('bagit.declaration', 'bagit.txt', declared, `version ${version}, ${encoding}`);
    const payload = this.#manifests.filter(({ kind }) => kind === 'payload');
    const structure = this.#tooLarge.map((file) => `${file} is larger than is read here`);
    if (!payloadFolder) structure.push('there is no folder data');
    if (!payload.some(({ computed }) => computed)) {
      structure.push('there is no payload manifest of an algorithm that is computed here');
    }
    const count = `${String(payload.length)} payload and ${String(this.#manifests.length - payload.length)} tag manifests`;
    this.#judge('bagit.structure', '', structure, count);
    for (const manifest of this.#manifests) this.#answerManifest(manifest, rules, payload);
    this.#answerComplete(payload, rules);
    this.#answerCoverage();
    this.#answerInfo(rules);
    this.#answerFetch(rules);
  }

  #answerManifest(
    manifest: Manifest,
    { version }: Declaration,
    payload: readonly Manifest[],
  ): void {
    const { file, kind, algorithm, computed, listed, open, wrong, entries } = manifest;
    const problems = [...manifest.problems];
    if (kind === 'tag') {
      for (const { path } of open.values()) problems.push(`${JSON.stringify(path)} is missing`);
      // Section 2.2.1: each tag manifest lists every payload manifest.
      for (const { file: must } of version === '1.0' ? payload : [])
        if (!listed.has(must)) problems.push(`${must} is not listed`);
    }
    const id = kind === 'tag' ? 'bagit.tagmanifest' : 'bagit.manifest';
    this.#judge(id, file, problems, `${String(entries)} files listed`);
    if (!computed) {
      this.#add('bagit.checksums', file, 'not_checked', 'its algorithm is not computed here');
      return;
    }
    const weak = WEAK.includes(algorithm)
      ? ` (${algorithm} shows accidents; whoever wants to can make another file with the same value)`
      : '';
    const right = `${String(entries - open.size)} checksums right${weak}`;
    this.#judge(
      'bagit.checksums',
      file,
      wrong.map((path) => `${path} differs`),
      right,
    );
  }

  #answerComplete(payload: readonly Manifest[], { version }: Declaration): void {
    const missing = new Set(
      payload.flatMap(({ open }) => [...open.values()].map(({ path }) => JSON.stringify(path))),
    );
    const where = version === '1.0' ? 'not in every payload manifest' : 'in no payload manifest';
    const problems = [
      ...[...missing].map((path) => `${path} is missing`),
      ...this.#unlisted.map((path) => `${path} is ${where}`),
    ];
    if (payload.length === 0) problems.push('nothing lists the payload');
    const recomposed =
      this.#recomposed === 0
        ? ''
        : `; ${String(this.#recomposed)} names are written in another Unicode form than listed`;
    const good = `${String(this.#files)} files, ${String(this.#bytes)} bytes${recomposed}`;
    this.#judge('bagit.complete', '', problems, good);
  }

  #answerCoverage(): void {
    const tagmanifests = this.#manifests.some(({ kind }) => kind === 'tag');
    if (this.#uncovered.length === 0)
      this.#add('bagit.tag_coverage', '', 'pass', 'every tag file is in a tag manifest');
    else {
      const detail = tagmanifests
        ? `no tag manifest vouches for ${shown(this.#uncovered)}`
        : 'there is no tag manifest: nothing vouches for the tag files, the payload manifests among them';
      this.#add('bagit.tag_coverage', '', 'not_checked', detail);
    }
  }

  #answerInfo(rules: Declaration): void {
    const { version, encoding } = rules;
    const file = ['0.93', '0.94', '0.95'].includes(version) ? 'package-info.txt' : 'bag-info.txt';
    const bytes = this.#texts.get(file);
    if (bytes === undefined) {
      this.#add('bagit.info', file, 'not_checked', 'there is none');
      this.#add('bagit.oxum', file, 'not_checked', 'nothing states the size of the payload');
      return;
    }
    const text = decodeText(bytes, encoding);
    const { elements, problems } = readBagInfo(text ?? '', version);
    if (text === undefined) problems.push(`not ${encoding}`);
    if (text?.startsWith('\ufeff') === true) problems.push('begins with a byte order mark');
    const oxums = elements.filter(([label]) => label.toLowerCase() === 'payload-oxum');
    if (oxums.length > 1) problems.push('Payload-Oxum comes more than once');
    this.#judge('bagit.info', file, problems, `${String(elements.length)} elements`);
    const [oxum] = oxums;
    if (oxum === undefined) {
      this.#add('bagit.oxum', file, 'not_checked', 'nothing states the size of the payload');
      return;
    }
    const is = `${String(this.#bytes)}.${String(this.#files)}`;
    const right = oxums.every(([, value]) => value.trim() === is);
    this.#judge('bagit.oxum', file, right ? [] : [`${oxum[1]} is stated, ${is} is there`], is);
  }

  #answerFetch({ encoding }: Declaration): void {
    const bytes = this.#texts.get('fetch.txt');
    if (bytes === undefined && !this.#tooLarge.includes('fetch.txt')) {
      this.#add('bagit.fetch', 'fetch.txt', 'pass', 'there is none');
      return;
    }
    const lines = linesOf(decodeText(bytes ?? Buffer.alloc(0), encoding) ?? '');
    const odd = lines.filter((line) => !/^\S+[ \t]+(?:\d+|-)[ \t]+.+$/s.test(line)).length;
    const problem =
      `${String(lines.length)} files are to be fetched from elsewhere: refused as evidence, and nothing was fetched` +
      (odd === 0 ? '' : `; ${String(odd)} lines are not of the form`);
    this.#judge('bagit.fetch', 'fetch.txt', [problem], '');
  }

  #judge(id: string, file: string, problems: readonly string[], good: string): void {
    if (problems.length === 0) this.#add(id, file, 'pass', good);
    else this.#add(id, file, 'fail', shown(problems));
  }

  #add(id: string, file: string, status: CheckStatus, detail: string): void {
    const subject = file === '' ? this.#name : `${this.#name}/${file}`;
    this.checks.push({ id, subject, status, detail });
  }
}

function shown(problems: readonly string[]): string {
  const more = problems.length - MAX_PROBLEMS;
  return (
    problems.slice(0, MAX_PROBLEMS).join('; ') + (more > 0 ? `; and ${String(more)} more` : '')
  );
}

async function whole(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of body) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}
