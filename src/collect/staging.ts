/** Reading a staging folder: what a collection was asked to do, and what it holds (docs/collect.md, "Staging"). */
import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { S3Place, StagedObject, StagedProblem } from '../bundle/objects.ts';
import { ExhibitError, isSystemError } from '../core/errors.ts';
import { readJournal, type StoredEvent } from './journal.ts';
import { pathBytes } from './paths.ts';
import { parseS3, placeByFlag, placesByLayout } from './s3.ts';
import { SIDECAR_SUFFIX, readSidecar } from './sidecar.ts';
import { JournalState } from './state.ts';

/** `collection.json`: written once, before anything is copied. Field names after those of an E01 header. */
export interface Collection {
  readonly type: 'collection/1';
  readonly case: string;
  readonly evidence: string;
  /** Copied from folders, from the machine itself (or a mounted one), or from AWS. */
  readonly method: 'dir' | 'host' | 'aws';
  /** `path` as given, absolute; `real_path` where links lead elsewhere. */
  readonly roots: readonly { readonly path: string; readonly real_path?: string }[];
  /** `s3://bucket/prefix` as given. */
  readonly s3?: string;
  /** Source given by `--as`. */
  readonly as?: string;
  /** What was asked of AWS. */
  readonly aws?: AwsRequest;
  readonly examiner: string;
  /** Claimed time, RFC 3339 UTC. */
  readonly started_at: string;
  readonly acquiring_os: string;
  readonly tool: {
    readonly name: string;
    readonly version: string;
    readonly [key: string]: string;
  };
}

/** What `collect aws` was asked for. */
export interface AwsRequest {
  /** Kinds of answers (`cloudtrail`, `context`, ...) and places (`s3://bucket/prefix`), in canonical order. */
  readonly what: readonly string[];
  /** As given: `all`, or names. */
  readonly regions: readonly string[];
  readonly accounts?: readonly string[];
  /** The window, RFC 3339 UTC; only what was given. */
  readonly from?: string;
  readonly to?: string;
  readonly log_groups?: readonly string[];
  readonly log_streams?: readonly string[];
  readonly lake_queries?: readonly string[];
  readonly role_arn?: string;
  readonly org_role?: string;
  readonly source_identity?: string;
  readonly profile?: string;
  readonly endpoint_url?: string;
}

/** What {@link readStaging} found. */
export interface Staging {
  readonly collection: Collection;
  /** Copied files in canonical order: roots as given, then bytewise by path component. */
  readonly objects: readonly StagedObject[];
  /** What was found and not copied, in the same order. */
  readonly problems: readonly StagedProblem[];
  readonly journalPath: string;
  /** Claimed times of the journal's first and last line that carry one, RFC 3339 UTC. */
  readonly acquired: { readonly from: string; readonly to: string };
  /** True if every planned file has an end state and the journal says so. */
  readonly finished: boolean;
}

/** Names in a staging folder. */
export function stagingPaths(dir: string): {
  readonly collection: string;
  readonly journal: string;
  readonly objects: string;
} {
  return {
    collection: join(dir, 'collection.json'),
    journal: join(dir, 'journal.jsonl'),
    objects: join(dir, 'objects'),
  };
}

/**
 * Reads a staging folder. The objects' bytes are not read (but for sidecars): whoever uses them hashes them.
 * @param dir `CASE/staging/EV-0001`.
 * @throws ExhibitError `E_NOT_FOUND` when there is no collection, `E_FORMAT` when its files are not as documented.
 */
export async function readStaging(dir: string): Promise<Staging> {
  const paths = stagingPaths(dir);
  const collection = await readCollection(dir);
  const state = new JournalState();
  await readJournal(paths.journal, (event) => {
    state.add(event);
  });
  const stored = state.stored();
  const places = placeAll(collection, stored);
  const texts = new Map(stored.map((event) => [`${String(event.root)}/${event.path}`, event]));
  const versions = new Map<StoredEvent, string>();
  const describes = new Map<StoredEvent, StoredEvent>();
  for (const event of stored) {
    // What comes from AWS itself brings its metadata with it; a file of such a name there is an object like any other.
    if (collection.method === 'aws') break;
    const subject = event.path.endsWith(SIDECAR_SUFFIX)
      ? texts.get(`${String(event.root)}/${event.path.slice(0, -SIDECAR_SUFFIX.length)}`)
      : undefined;
    if (subject === undefined) continue;
    const metadata = await readSidecar(join(paths.objects, event.sha256), event.size);
    if (metadata === undefined) continue;
    describes.set(event, subject);
    if (metadata.versionId !== undefined) versions.set(subject, metadata.versionId);
  }
  const objects = stored.map((event): StagedObject => {
    const subject = describes.get(event);
    const place = event.s3 ?? (subject === undefined ? places.get(event) : undefined);
    const version = versions.get(event);
    return {
      original_path: event.path,
      ...(event.path_base64 === undefined ? {} : { original_path_base64: event.path_base64 }),
      root: event.root,
      size: event.size,
      mtime_us: event.mtime_us,
      sha256: event.sha256,
      sha512: event.sha512,
      ...(event.changed_while_read === undefined ? {} : { changed_while_read: true }),
      ...(place === undefined
        ? {}
        : { s3: version === undefined ? place : { ...place, version_id: version } }),
      ...(event.api === undefined ? {} : { api: event.api }),
      ...(event.file === undefined ? {} : { file: event.file }),
      ...(collection.as === undefined ? {} : { as: collection.as }),
      ...(subject === undefined ? {} : { metadata_for: subject.path }),
    };
  });
  return {
    collection,
    objects,
    problems: state.problems(),
    journalPath: paths.journal,
    acquired: {
      from: state.firstAt ?? collection.started_at,
      to: state.lastAt ?? collection.started_at,
    },
    finished: state.finished,
  };
}

/**
 * Reads `collection.json` of a staging folder.
 * @throws ExhibitError `E_NOT_FOUND`, `E_FORMAT`.
 */
export async function readCollection(dir: string): Promise<Collection> {
  const file = stagingPaths(dir).collection;
  let text;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (!isSystemError(error) || error.code !== 'ENOENT') throw error;
    throw new ExhibitError('E_NOT_FOUND', 'there is no collection here', {
      where: { file },
      hint: '`exhibit status` names the evidence of the case; collect first',
    });
  }
  try {
    const value = JSON.parse(text) as { readonly type?: unknown; readonly roots?: unknown };
    if (value.type === 'collection/1' && Array.isArray(value.roots)) return value as Collection;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new ExhibitError('E_FORMAT', 'collection.json is not a collection/1 document', {
    where: { file },
  });
}

// S3 places of all stored files; a path that is not valid UTF-8 is no key.
function placeAll(
  collection: Collection,
  stored: readonly StoredEvent[],
): Map<StoredEvent, S3Place> {
  const places = new Map<StoredEvent, S3Place>();
  if (collection.method === 'aws') return places;
  const keys = stored.filter((event) => isUtf8(pathBytes(event)));
  if (collection.s3 !== undefined) {
    const mirror = parseS3(collection.s3);
    for (const event of keys) places.set(event, placeByFlag(mirror, event.path));
    return places;
  }
  collection.roots.forEach((root, index) => {
    const files = keys.filter((event) => event.root === index);
    const found = placesByLayout(
      basename(root.path),
      files.map((event) => event.path),
    );
    for (const event of files) {
      const place = found.get(event.path);
      if (place !== undefined) places.set(event, place);
    }
  });
  return places;
}
