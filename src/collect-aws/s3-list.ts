/**
 * The plan of a bucket: every version and delete marker below a prefix, one page at a time. Nothing of it is held: lines of
 * the journal are written as pages come, and an interrupted listing goes on behind its last line.
 */
import type { JournalEvent } from '../collect/journal.ts';
import { formatUs } from '../core/time.ts';
import type { Call, Parameters } from './calls.ts';
import type { Asker } from './asker.ts';
import type { Window } from './window.ts';
import { failureOf, type Failure } from './failure.ts';
import type { Shelf } from './keeper.ts';
import { objectPath } from './place.ts';
import type { Session } from './session.ts';
import type { AwsState } from './state.ts';

/** Where objects lie. */
export interface Bucket {
  readonly bucket: string;
  readonly prefix: string;
  readonly account: string;
  readonly region: string;
}

interface Version {
  readonly Key?: string;
  readonly VersionId?: string;
  readonly IsLatest?: boolean;
  readonly LastModified?: Date;
  readonly ETag?: string;
  readonly Size?: number;
  readonly StorageClass?: string;
}

interface Page {
  readonly Versions?: readonly Version[];
  readonly DeleteMarkers?: readonly Version[];
  /** Of ListObjectsV2. */
  readonly Contents?: readonly Version[];
  readonly CommonPrefixes?: readonly { readonly Prefix?: string }[];
  readonly IsTruncated?: boolean;
  readonly NextKeyMarker?: string;
  readonly NextVersionIdMarker?: string;
  readonly NextContinuationToken?: string;
}

/** What listing needs. */
export interface ListOptions {
  readonly session: Session;
  readonly keeper: Shelf;
  readonly state: AwsState;
  readonly asker: Asker;
  readonly window: Window;
  /** Buckets where versions may not be listed, and only what is there now can be seen. */
  readonly withoutVersions: Set<string>;
  readonly now: () => number;
  /** Throws when the person wants to stop. */
  readonly stopIfAsked: () => void;
  readonly onPlanned: () => void;
}

/** Lists a place. Folders of days outside of the window are not entered. */
export async function listPlace(options: ListOptions, place: Bucket): Promise<void> {
  const { state, keeper, window, asker } = options;
  const name = placeName(place);
  if (state.listed.has(name) || asker.expiredIn(place.account) !== undefined) return;
  try {
    if (window.given && !window.inside(place.prefix)) await walk(options, place);
    else await listAll(options, place);
  } catch (error) {
    if (!(error instanceof ListFailed)) throw error;
    const path = objectPath(place.bucket, place.prefix, undefined, true);
    await keeper.note([{ at: at(options), ...path, ...error.failure }]);
    if (error.failure.reason === 'expired_credentials') {
      asker.expired(place.account, error.failure.detail);
    }
  }
}

/** `s3://bucket/prefix`, as the journal names it. */
export function placeName({ bucket, prefix }: Bucket): string {
  return `s3://${bucket}/${prefix}`;
}

class ListFailed extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.detail);
    this.failure = failure;
  }
}

// One level of folders at a time, until a folder is of a day inside the window, or holds no folders of dates.
async function walk(options: ListOptions, place: Bucket): Promise<void> {
  const folders: string[] = [];
  let direct = false;
  for await (const page of pages(options, place, { Delimiter: '/' })) {
    for (const { Prefix } of page.CommonPrefixes ?? []) {
      if (Prefix !== undefined) folders.push(Prefix);
    }
    direct ||=
      [...(page.Versions ?? []), ...(page.DeleteMarkers ?? []), ...(page.Contents ?? [])].length >
      0;
  }
  // Objects that lie here beside folders: the flat listing of all that is below would find the folders' too.
  if (direct) await listAll(options, place, '/');
  for (const prefix of folders) {
    if (options.window.mayHold(prefix)) await listPlace(options, { ...place, prefix });
  }
}

async function listAll(options: ListOptions, place: Bucket, delimiter?: string): Promise<void> {
  const { state, keeper, window } = options;
  const { bucket, prefix } = place;
  // A folder's own objects are listed apart from the folder as a whole.
  const name = delimiter === undefined ? placeName(place) : `${placeName(place)}*`;
  if (state.listed.has(name)) return;
  const last = state.lastPlanned;
  const goOn =
    last?.bucket === bucket && last.key.startsWith(prefix)
      ? {
          KeyMarker: last.key,
          ...(last.version === undefined ? {} : { VersionIdMarker: last.version }),
        }
      : {};
  const parameters = delimiter === undefined ? {} : { Delimiter: delimiter };
  const counted = { objects: 0, bytes: 0, outside: 0 };
  for await (const page of pages(options, place, parameters, goOn)) {
    const events: JournalEvent[] = [];
    for (const version of merged(page)) {
      const { Key: key, LastModified: modified } = version;
      if (key === undefined) continue;
      const time = modified?.getTime() ?? 0;
      if (!window.holds(key, time)) {
        counted.outside += 1;
        continue;
      }
      const event = lineOf(
        options,
        bucket,
        key,
        version,
        state.planned.files + events.filter(isPlan).length,
      );
      if (event.state === 'planned') {
        counted.objects += 1;
        counted.bytes += event.size;
      }
      events.push(event);
    }
    await keeper.note(events);
    options.onPlanned();
  }
  await keeper.note([{ state: 'listed', at: at(options), place: name, ...counted }]);
}

function isPlan(event: JournalEvent): boolean {
  return event.state === 'planned';
}

// Versions and markers come as two lists, each in the order of keys, the newest version of a key first.
function merged(page: Page): Version[] {
  const markers = (page.DeleteMarkers ?? []).map((marker) => ({ ...marker, marker: true }));
  return [...(page.Versions ?? page.Contents ?? []), ...markers];
}

function lineOf(
  options: ListOptions,
  bucket: string,
  key: string,
  version: Version & { readonly marker?: boolean },
  n: number,
): JournalEvent {
  const id = version.VersionId === 'null' ? undefined : version.VersionId;
  const latest = version.IsLatest ?? true;
  const path = objectPath(bucket, key, version.VersionId, latest);
  const time = version.LastModified?.getTime() ?? 0;
  if (version.marker === true) {
    // A marker is the newest version of a key that was deleted, so its path would be the deleted object's.
    return {
      state: 'skipped',
      at: at(options),
      ...objectPath(bucket, key, version.VersionId, false),
      reason: 'delete_marker',
      detail: `deleted at ${formatUs(time * 1000)}, version ${version.VersionId ?? 'null'}${latest ? ', and not there since' : ''}`,
    };
  }
  return {
    state: 'planned',
    n,
    ...path,
    size: version.Size ?? 0,
    mtime_us: time * 1000,
    s3: {
      bucket,
      key: key.toWellFormed(),
      ...(id === undefined ? {} : { version_id: id }),
      recognised_by: 'api',
      head: {
        ...(version.ETag === undefined ? {} : { ETag: version.ETag }),
        ...(version.StorageClass === undefined ? {} : { StorageClass: version.StorageClass }),
        IsLatest: latest,
      },
    },
  };
}

/** Pages of a listing: with versions, or, where those may not be listed, of what is there now. */
async function* pages(
  options: ListOptions,
  place: Bucket,
  parameters: Parameters,
  goOn: Parameters = {},
): AsyncGenerator<Page> {
  const { withoutVersions } = options;
  const common = { Bucket: place.bucket, Prefix: place.prefix, ...parameters };
  let markers = goOn;
  while (!withoutVersions.has(place.bucket)) {
    let page: Page;
    try {
      page = await ask(options, place, 'ListObjectVersions', { ...common, ...markers });
    } catch (error) {
      if (!(error instanceof ListFailed) || error.failure.reason !== 'access_denied') throw error;
      withoutVersions.add(place.bucket);
      break;
    }
    yield page;
    if (page.IsTruncated !== true || page.NextKeyMarker === undefined) return;
    markers = {
      KeyMarker: page.NextKeyMarker,
      ...(page.NextVersionIdMarker === undefined
        ? {}
        : { VersionIdMarker: page.NextVersionIdMarker }),
    };
  }
  let next: Parameters =
    typeof markers['KeyMarker'] === 'string' ? { StartAfter: markers['KeyMarker'] } : {};
  for (;;) {
    const page = await ask(options, place, 'ListObjectsV2', { ...common, ...next });
    yield page;
    if (page.IsTruncated !== true || page.NextContinuationToken === undefined) return;
    next = { ContinuationToken: page.NextContinuationToken };
  }
}

async function ask(
  { session, stopIfAsked }: ListOptions,
  { account, region }: Bucket,
  operation: string,
  parameters: Parameters,
): Promise<Page> {
  stopIfAsked();
  const call: Call = {
    ...{ api: `s3:${operation}`, account, region, parameters, keep: 'forget', attempts: 0 },
  };
  try {
    return (await session.send('s3', { account, region }, call, operation)) as Page;
  } catch (error) {
    stopIfAsked();
    throw new ListFailed(failureOf(error, (text) => session.secrets.hide(text)));
  }
}

function at({ now }: ListOptions): string {
  return formatUs(now() * 1000);
}
