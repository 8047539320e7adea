/**
 * Fetches planned objects: the version that was planned and no other (`versionId`, `If-Match`), checked against all that S3
 * says of its bytes, on from where an earlier attempt or process stopped (`Range`).
 */
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat, type FileHandle } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { S3Place } from '../bundle/objects.ts';
import { Interrupted } from '../collect/copy.ts';
import { staged, type Disk } from '../collect/disk.ts';
import type { PlannedEvent } from '../collect/journal.ts';
import type { CanonicalValue } from '../core/canonical.ts';
import { ExhibitError, isSystemError } from '../core/errors.ts';
import { formatUs } from '../core/time.ts';
import type { Asker } from './asker.ts';
import type { Call, Headers, Parameters } from './calls.ts';
import { failureOf, type Failure } from './failure.ts';
import type { Shelf } from './keeper.ts';
import { headOf } from './place.ts';
import { Receipt } from './receipt.ts';
import { nameOf } from './recorder.ts';
import type { Session } from './session.ts';
import type { AwsState } from './state.ts';

/** A planned object, as the journal has it. */
export type PlannedObject = PlannedEvent & { readonly n: number; readonly s3: S3Place };

/** How S3's archives are treated. */
export interface Restore {
  /** Ask for a copy of archived objects, for so many days. */
  readonly days: number;
  readonly tier: 'Bulk' | 'Standard' | 'Expedited';
}

/** What fetching needs. */
export interface GetOptions {
  readonly session: Session;
  readonly keeper: Shelf;
  readonly state: AwsState;
  readonly asker: Asker;
  readonly disk: Disk;
  /** By bucket. */
  readonly account: (bucket: string) => string;
  readonly region: string;
  readonly restore?: Restore | undefined;
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly onBytes: (bytes: number) => void;
}

/** Objects up to this size are received in memory; of larger ones what came is on the disk, and another process goes on there. */
const IN_MEMORY = 2 ** 20;
/** Broken streams and wrong checksums of one object, in a row without a byte more. */
const TRIES = 5;

/** Gives one planned object its end state. */
export async function fetchObject(options: GetOptions, object: PlannedObject): Promise<void> {
  const { keeper, signal, asker } = options;
  const account = options.account(object.s3.bucket);
  const expired = asker.expiredIn(account);
  const end = async (failure: Failure): Promise<void> => {
    const { root, path, path_base64: base64, n } = object;
    await keeper.note([
      {
        ...{ at: formatUs(options.now() * 1000), n, root, path, ...failure },
        ...(base64 === undefined ? {} : { path_base64: base64 }),
      },
    ]);
  };
  if (expired !== undefined) {
    await end({ state: 'failed', reason: 'expired_credentials', detail: `not asked: ${expired}` });
    return;
  }
  const get = new Get(options, object, account);
  try {
    for (;;) {
      if (signal.aborted) throw new Interrupted();
      const failure = await get.attempt();
      if (failure === undefined) return;
      if (failure === 'again') continue;
      if (failure.reason === 'expired_credentials') asker.expired(account, failure.detail);
      await end(failure.reason === 'not_restored' ? await get.restore(failure) : failure);
      return;
    }
  } finally {
    await get.close();
  }
}

class Get {
  readonly #options: GetOptions;
  readonly #object: PlannedObject;
  readonly #account: string;
  #etag: string | undefined;
  #changed = false;
  #tries = 0;
  /** What S3 said with the first bytes; undefined before they came. */
  #begun: Begun | undefined;
  #looked = false;

  constructor(options: GetOptions, object: PlannedObject, account: string) {
    this.#options = options;
    this.#object = object;
    this.#account = account;
    const etag = object.s3.head?.['ETag'];
    this.#etag = typeof etag === 'string' ? etag : undefined;
  }

  async close(): Promise<void> {
    const file = this.#begun?.file;
    this.#begun = undefined;
    await file?.handle.close();
  }

  /** One request. Undefined when the object is stored. */
  async attempt(): Promise<Failure | 'again' | undefined> {
    if (!this.#looked) {
      this.#looked = true;
      await this.#lookForEarlier();
    }
    // An earlier process had all of it, and was killed before it could say so.
    if (this.#begun?.have === this.#begun?.size && this.#begun !== undefined) {
      return await this.#finish(this.#begun);
    }
    const before = this.#begun?.have ?? 0;
    const call = this.#call('GetObject', {
      ...(this.#etag === undefined ? {} : { IfMatch: this.#etag }),
      ...(before === 0 ? {} : { Range: `bytes=${String(before)}-` }),
    });
    let body: AsyncIterable<Uint8Array>;
    try {
      body = (await this.#send(call, 'GetObject')) as AsyncIterable<Uint8Array>;
    } catch (error) {
      const failure = this.#failureOf(error);
      if (failure.reason === 'changed') return await this.#lookAgain(failure);
      return goneFrom(failure);
    }
    const { streamed } = call;
    if (streamed === undefined) throw new TypeError('an object came without an answer');
    const begun = await this.#begin(streamed.headers, streamed.status);
    const range = begun.have === 0 ? undefined : createHash('sha256');
    const from = begun.have;
    let broken: string | undefined;
    try {
      for await (const piece of body) {
        if (this.#options.signal.aborted) throw new Interrupted();
        const chunk = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
        range?.update(chunk);
        await this.#take(begun, chunk);
      }
    } catch (error) {
      if (error instanceof ExhibitError) throw error;
      broken = error instanceof Interrupted ? 'interrupted' : nameOf(error);
    }
    const bytes = begun.have - from;
    if (broken === undefined && begun.have !== begun.size) broken = 'wrong length';
    await streamed.finish({
      bytes,
      sha256: range?.digest('hex') ?? begun.receipt.soFar(),
      ...(broken === undefined ? {} : { error: broken }),
    });
    if (this.#options.signal.aborted) throw new Interrupted();
    if (broken === undefined) return await this.#finish(begun);
    if (begun.have > begun.size) await this.#discard();
    this.#tries = bytes > 0 && begun.have <= begun.size ? 1 : this.#tries + 1;
    if (this.#tries < TRIES) {
      await sleep(PAUSE_MS * this.#tries);
      return 'again';
    }
    const detail = `${broken} after ${String(begun.have)} of ${String(begun.size)} bytes`;
    return { state: 'failed', reason: 'unreachable', detail };
  }

  /** Asks for a copy out of the archive, where that was wanted. */
  async restore(failure: Failure): Promise<Failure> {
    const { restore } = this.#options;
    const storage = this.#object.s3.head?.['StorageClass'];
    const where = `archived (${typeof storage === 'string' ? storage : 'storage class not told'})`;
    if (restore === undefined) {
      return { ...failure, detail: `${where}; --restore asks S3 for a copy of it` };
    }
    const call = this.#call('RestoreObject', {
      RestoreRequest: { Days: restore.days, GlacierJobParameters: { Tier: restore.tier } },
    });
    try {
      await this.#send(call, 'RestoreObject');
    } catch (error) {
      const asked = this.#failureOf(error);
      if (!asked.detail.startsWith('RestoreAlreadyInProgress')) {
        return { ...asked, detail: `${where}; the restore was refused: ${asked.detail}` };
      }
      return { ...failure, detail: `${where}; a restore is under way, collect again later` };
    }
    return { ...failure, detail: `${where}; a restore was asked for, collect again later` };
  }

  // The object that was planned is not there any more; what is there now is fetched instead, and marked.
  async #lookAgain(failure: Failure): Promise<Failure | 'again'> {
    await this.#discard();
    this.#tries += 1;
    if (this.#tries >= TRIES) return failure;
    const call: Call = { ...this.#call('HeadObject', {}), keep: 'forget' };
    try {
      const now = (await this.#send(call, 'HeadObject')) as { readonly ETag?: string };
      this.#etag = now.ETag;
    } catch (error) {
      return goneFrom(this.#failureOf(error));
    }
    this.#changed = true;
    return 'again';
  }

  async #lookForEarlier(): Promise<void> {
    const { state, keeper, disk } = this.#options;
    const earlier = state.receiving.get(this.#object.n);
    if (earlier === undefined) return;
    const path = await keeper.partial(this.#object.n);
    const head = earlier.s3.head ?? {};
    const receipt = new Receipt(head);
    try {
      if ((await stat(path)).size > earlier.size) return;
      for await (const chunk of createReadStream(path)) receipt.update(chunk as Buffer);
    } catch (error) {
      if (!isSystemError(error)) throw error;
      return;
    }
    const handle = await staged(path, () => disk.openTarget(path, true));
    const etag = head['ETag'];
    if (typeof etag === 'string') this.#etag = etag;
    this.#changed = earlier.changed_while_read === true;
    this.#begun = {
      ...{ size: earlier.size, have: receipt.size, receipt, place: earlier.s3 },
      ...{ mtimeUs: earlier.mtime_us, pieces: [], file: { path, handle } },
    };
  }

  // The first bytes, or those behind what is here. An answer with all bytes to a question for some begins anew.
  async #begin(headers: Headers, status: number): Promise<Begun> {
    if (this.#begun !== undefined && status === 206) return this.#begun;
    await this.#discard();
    const { keeper, disk, now } = this.#options;
    const { n, s3 } = this.#object;
    const size = Number(headers['content-length'] ?? this.#object.size);
    const head: Record<string, CanonicalValue> = {
      ...headOf(headers, size),
      ...(s3.head?.['IsLatest'] === undefined ? {} : { IsLatest: s3.head['IsLatest'] }),
    };
    if (typeof head['TagCount'] === 'number') head['TagSet'] = await this.#tags();
    const version = headers['x-amz-version-id'];
    const place: S3Place = {
      ...s3,
      ...(version === undefined || version === 'null' ? {} : { version_id: version }),
      head,
    };
    const modified = Date.parse(headers['last-modified'] ?? '');
    const mtimeUs = Number.isFinite(modified) ? modified * 1000 : this.#object.mtime_us;
    let file: Begun['file'];
    if (size > IN_MEMORY) {
      const path = await keeper.partial(n);
      await staged(path, () => disk.remove(path));
      file = { path, handle: await staged(path, () => disk.openTarget(path, false)) };
      await keeper.note([
        {
          ...{ state: 'receiving', at: formatUs(now() * 1000), n, s3: place, size },
          mtime_us: mtimeUs,
          ...(this.#changed ? { changed_while_read: true } : {}),
        },
      ]);
    }
    const receipt = new Receipt(head);
    this.#begun = { size, have: 0, receipt, place, mtimeUs, pieces: [], file };
    return this.#begun;
  }

  async #take(begun: Begun, chunk: Buffer): Promise<void> {
    const { file } = begun;
    if (file === undefined) begun.pieces.push(chunk);
    else await staged(file.path, () => this.#options.disk.write(file.handle, chunk));
    begun.receipt.update(chunk);
    begun.have += chunk.length;
    this.#options.onBytes(chunk.length);
  }

  async #finish(begun: Begun): Promise<Failure | 'again' | undefined> {
    const { hashes, wrong } = begun.receipt.end();
    if (wrong.length > 0) {
      await this.#discard();
      this.#tries += 1;
      if (this.#tries < TRIES) return 'again';
      return { state: 'failed', reason: 'corrupt', detail: wrong.join('; ') };
    }
    const { root, path, path_base64: base64, n } = this.#object;
    const claim = {
      ...{ at: formatUs(this.#options.now() * 1000), root, path, n },
      ...(base64 === undefined ? {} : { path_base64: base64 }),
      mtime_us: begun.mtimeUs,
      s3: begun.place,
      ...(this.#changed ? { changed_while_read: true as const } : {}),
    };
    const { file } = begun;
    this.#begun = undefined;
    const { keeper } = this.#options;
    if (file === undefined) await keeper.keep(Buffer.concat(begun.pieces), claim, hashes);
    else await keeper.keepFile(file.path, file.handle, begun.size, hashes, claim);
    return undefined;
  }

  async #discard(): Promise<void> {
    const begun = this.#begun;
    this.#begun = undefined;
    if (begun === undefined) return;
    this.#options.onBytes(-begun.have);
    const { file } = begun;
    if (file === undefined) return;
    await file.handle.close();
    await staged(file.path, () => this.#options.disk.remove(file.path));
  }

  async #tags(): Promise<CanonicalValue> {
    const call: Call = { ...this.#call('GetObjectTagging', {}), keep: 'forget' };
    try {
      const { TagSet } = (await this.#send(call, 'GetObjectTagging')) as {
        readonly TagSet?: readonly { readonly Key?: string; readonly Value?: string }[];
      };
      return (TagSet ?? []).map(({ Key, Value }) => ({
        Key: (Key ?? '').toWellFormed(),
        Value: (Value ?? '').toWellFormed(),
      }));
    } catch (error) {
      if (this.#options.signal.aborted) throw new Interrupted();
      return `not read: ${this.#failureOf(error).detail}`;
    }
  }

  #call(operation: string, parameters: Parameters): Call {
    const { bucket, key } = this.#object.s3;
    const { head, version_id: id } = this.#object.s3;
    // What was written before a bucket had versions, or while they were suspended, has the version `null`.
    const version = id ?? (head?.['IsLatest'] === false ? 'null' : undefined);
    return {
      api: `s3:${operation}`,
      ...{ account: this.#account, region: this.#options.region },
      parameters: {
        ...{ Bucket: bucket, Key: key },
        ...(version === undefined ? {} : { VersionId: version }),
        ...parameters,
      },
      keep: operation === 'GetObject' ? 'stream' : 'forget',
      attempts: 0,
    };
  }

  async #send(call: Call, operation: string): Promise<unknown> {
    const place = { account: this.#account, region: this.#options.region };
    const output = await this.#options.session.send('s3', place, call, operation);
    return operation === 'GetObject' ? (output as { readonly Body: unknown }).Body : output;
  }

  #failureOf(error: unknown): Failure {
    if (this.#options.signal.aborted) throw new Interrupted();
    return failureOf(error, (text) => this.#options.session.secrets.hide(text));
  }
}

/** An object whose bytes are coming. */
interface Begun {
  readonly size: number;
  have: number;
  readonly receipt: Receipt;
  readonly place: S3Place;
  readonly mtimeUs: number;
  /** Of a small object, what came; a large one has a file. */
  readonly pieces: Buffer[];
  readonly file: { readonly path: string; readonly handle: FileHandle } | undefined;
}

/** Before a stream that broke is asked for again, times the attempt. */
const PAUSE_MS = 200;

// It was in the list, and was not there any more when it was asked for.
function goneFrom(failure: Failure): Failure {
  return failure.reason === 'nothing_there'
    ? { ...failure, state: 'gone', reason: 'vanished' }
    : failure;
}
