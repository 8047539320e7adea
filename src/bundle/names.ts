/**
 * Where each collected file lies in the bag: under its own name where that is safe on every system, else under the hash of
 * its name (docs/bundle-format.md, "Names"). A function of the collection alone, so the same evidence gives the same paths.
 */
import { Buffer } from 'node:buffer';
import { SIZE_LIMIT } from '../archive/header.ts';
import { orderKey } from '../archive/order.ts';
import { collisionKey, pathProblem } from '../archive/safe-name.ts';
import { sha256Hex } from '../core/digest.ts';
import type { StagedObject } from './objects.ts';

/** Longest volume name there can be: paths must not depend on which volume a file lands in. */
const LONGEST_VOLUME = 'EV-0000.v00000';
// Up to two short endings (`.json.gz`) that help a person to see what a mapped file is.
const SUFFIX = /(?:\.[A-Za-z0-9]{1,8}){1,2}$/;

/** How files too large for ustar are split. */
export interface Splitting {
  /** Files of this many bytes and more are split ... */
  readonly from: number;
  /** ... into parts of this many. */
  readonly into: number;
}

/** Fixed, so that the payload does not depend on the volume size: ustar ends at 8 GiB, a part is 4 GiB. */
const SPLITTING: Splitting = { from: SIZE_LIMIT, into: 4 * 1024 ** 3 };

/** A file of the payload: a collected object or a part of one. */
export interface PayloadFile {
  /** In the bag: `data/...`. */
  readonly path: string;
  readonly size: number;
  readonly object: StagedObject;
  readonly part?: { readonly number: number; readonly of: number; readonly offset: number };
}

/**
 * Gives every object its path, splits those that are too large, and sorts all in the order of the archive.
 * @param objects in canonical order (roots as given, then bytewise by component): earlier ones win a contested name.
 * @param rootNames last part of each collected folder's path.
 */
export function placeObjects(
  objects: readonly StagedObject[],
  rootNames: readonly string[],
  splitting: Splitting = SPLITTING,
): PayloadFile[] {
  const taken = new Names();
  const subjects = new Map(
    objects.map((object) => [`${String(object.root)}/${object.original_path}`, object]),
  );
  const nameOf = (object: StagedObject): string => {
    const root = rootNames[object.root] ?? '';
    const subject = subjects.get(`${String(object.root)}/${object.metadata_for ?? ''}`);
    if (subject === undefined) return ownName(object, root);
    // A sidecar lies beside the file it describes.
    const ending = object.original_path.slice(subject.original_path.length);
    return `${ownName(subject, root)}${ending}`;
  };
  return objects
    .flatMap((object) => {
      const files = filesOf(object, `data/${nameOf(object)}`, splitting);
      const safe = files.every(
        ({ path }) => pathProblem(`${LONGEST_VOLUME}/${path}`, false) === undefined,
      );
      return safe && taken.take(files) ? files : mapped(object, taken, splitting);
    })
    .map((file) => ({ key: orderKey(file.path), file }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ file }) => file);
}

function filesOf(object: StagedObject, path: string, splitting: Splitting): PayloadFile[] {
  if (object.size < splitting.from) return [{ path, size: object.size, object }];
  const of = Math.ceil(object.size / splitting.into);
  return Array.from({ length: of }, (_, index) => {
    const offset = index * splitting.into;
    const part = { number: index + 1, of, offset };
    const size = Math.min(splitting.into, object.size - offset);
    return { path: `${path}.part${String(index + 1).padStart(4, '0')}`, size, object, part };
  });
}

// The bucket and key where they are known, else the collected folder's name and the path in it.
function ownName(object: StagedObject, rootName: string): string {
  if (object.s3 !== undefined && object.s3.bucket !== '')
    return `${object.s3.bucket}/${object.s3.key}`;
  return `${rootName}/${object.original_path}`;
}

function mapped(object: StagedObject, taken: Names, splitting: Splitting): PayloadFile[] {
  const bytes =
    object.original_path_base64 === undefined
      ? Buffer.from(object.original_path, 'utf8')
      : Buffer.from(object.original_path_base64, 'base64');
  const suffix = SUFFIX.exec(object.original_path)?.[0] ?? '';
  const base = sha256Hex(bytes).slice(0, 32);
  // The same path under another root has the same hash; the first keeps it.
  for (let copy = 1; ; copy += 1) {
    const name = `${base}${copy === 1 ? '' : `_${String(copy)}`}${suffix}`;
    const files = filesOf(object, `data/_mapped/${name}`, splitting);
    if (taken.take(files)) return files;
  }
}

/** Names given out so far: no two the same but for case, and no file where another needs a folder. */
class Names {
  /** Key of a name to the name itself; a folder's ends in a slash. */
  readonly #names = new Map<string, string>();

  /** True, and all remembered, if none of the paths collides with an earlier one. */
  take(files: readonly { readonly path: string }[]): boolean {
    const fresh = new Map<string, string>();
    for (const { path } of files) {
      const key = collisionKey(path);
      if (this.#names.has(key)) return false;
      fresh.set(key, path);
      for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
        const known = this.#names.get(key.slice(0, slash));
        const folder = path.slice(0, slash + 1);
        if (known === undefined) fresh.set(key.slice(0, slash), folder);
        else if (known !== folder) return false;
      }
    }
    for (const [key, name] of fresh) this.#names.set(key, name);
    return true;
  }
}
