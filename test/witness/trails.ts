/**
 * Trails as CloudTrail delivers them, made with our own test-only keys: log files, hourly digests that are chained and
 * signed, the objects' metadata, and the list of public keys. Everything is a function of the specification.
 */
import { Buffer } from 'node:buffer';
import { createHash, createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { TrailFinder } from '#src/app/cloudtrail-read.ts';
import { placeByFlag, placesByLayout } from '#src/collect/s3.ts';
import { readPublicKeys } from '#src/witness/public-keys.ts';
import type { TrailEvidence } from '#src/witness/validate.ts';

/** One chain: what CloudTrail delivers for one account and region. */
export interface ChainSpec {
  readonly account?: string;
  readonly region?: KeyName;
  readonly trail?: string;
  readonly home?: string;
  readonly bucket?: string;
  /** With a slash at its end. */
  readonly prefix?: string;
  /** `o-...` of an organisation's trail. */
  readonly org?: string;
  /** RFC 3339 of the first digest's start. */
  readonly start?: string;
  readonly hours?: number;
  /** Log files in each hour, by its number. */
  readonly logs?: (hour: number) => number;
}

/** Regions that have a test-only key. */
export type KeyName = 'eu-west-1' | 'us-east-1' | 'sa-east-1';

/** An object in a bucket. */
export interface WorldObject {
  readonly bucket: string;
  readonly key: string;
  bytes: Buffer;
  metadata: Record<string, string> | undefined;
}

/** A digest's JSON. */
export type DigestJson = Record<string, unknown> & {
  logFiles: { s3Bucket: string; s3Object: string; hashValue: string; hashAlgorithm: string }[];
};

const HOUR = 3_600_000;
const KEYS = new URL('../../evidence-samples/test-only-keys/', import.meta.url);
const privateKeys = new Map<string, KeyObject>();

/** The private key that signs a region's digests. */
export function privateKey(region: string): KeyObject {
  const known = privateKeys.get(region);
  const key = known ?? createPrivateKey(readFileSync(new URL(`${region}.pem`, KEYS)));
  privateKeys.set(region, key);
  return key;
}

/** SHA-256 in hex. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** An entry of ListPublicKeys. */
export function publicKey(region: string, key: KeyObject = privateKey(region)): PublicKey {
  const der = createPublicKey(key).export({ type: 'pkcs1', format: 'der' });
  return {
    Fingerprint: createHash('md5').update(der).digest('hex'),
    Value: der.toString('base64'),
    ValidityStartTime: Date.parse('2026-03-01T00:00:00Z') / 1000,
    ValidityEndTime: Date.parse('2026-03-31T00:00:00Z') / 1000,
  };
}

/** See {@link publicKey}. */
export interface PublicKey {
  Fingerprint: string;
  Value: string;
  ValidityStartTime: number | string;
  ValidityEndTime: number | string;
}

/** Buckets, and the keys of the regions. */
export class World {
  readonly objects: WorldObject[] = [];
  keys: PublicKey[];

  constructor(keys = ['eu-west-1', 'us-east-1', 'sa-east-1'].map((one) => publicKey(one))) {
    this.keys = keys;
  }

  /** Delivers a chain; returns its digests, oldest first. */
  chain(spec: ChainSpec = {}): WorldObject[] {
    const { hours = 4, start = '2026-03-10T00:10:20Z' } = spec;
    const digests: WorldObject[] = [];
    for (let hour = 0; hour < hours; hour += 1) {
      const logs = Array.from({ length: spec.logs?.(hour) ?? 2 }, (_, index) =>
        this.log(spec, Date.parse(start) + hour * HOUR + (index * 20 + 5) * 60_000),
      );
      const from = Date.parse(start) + hour * HOUR;
      digests.push(this.digest(spec, from, from + HOUR, logs, digests.at(-1)));
    }
    return digests;
  }

  /** Delivers one log file. */
  log(spec: ChainSpec, delivered: number): WorldObject {
    const { account = ACCOUNT, region = 'eu-west-1', bucket = BUCKET } = spec;
    const time = iso(delivered);
    const eventSource = 's3.amazonaws.com';
    const event = {
      eventVersion: '1.11',
      eventTime: time,
      eventSource,
      eventName: 'Get',
      awsRegion: region,
    };
    const text = JSON.stringify({ Records: [{ ...event, eventID: `${region}-${time}` }] });
    const unique = sha256(Buffer.from(`${account}${text}`)).slice(0, 16);
    const key = `${root(spec)}CloudTrail/${region}/${folder(delivered)}/${account}_CloudTrail_${region}_${stamp(delivered).slice(0, 13)}Z_${unique}.json.gz`;
    return this.put(bucket, key, gzipSync(text));
  }

  /** Delivers one digest. */
  digest(
    spec: ChainSpec,
    start: number,
    end: number,
    logs: readonly WorldObject[],
    previous: WorldObject | undefined,
    backfill = false,
  ): WorldObject {
    const { account = ACCOUNT, region = 'eu-west-1', bucket = BUCKET } = spec;
    const { trail = 'main', home = 'eu-west-1' } = spec;
    const key = `${root(spec)}CloudTrail-Digest/${region}/${folder(end)}/${account}_CloudTrail-Digest_${region}_${trail}_${home}_${stamp(end)}${backfill ? '_backfill' : ''}.json.gz`;
    const json: DigestJson = {
      awsAccountId: account,
      digestStartTime: iso(start),
      digestEndTime: iso(end),
      digestS3Bucket: bucket,
      digestS3Object: key,
      digestPublicKeyFingerprint: publicKey(region).Fingerprint,
      digestSignatureAlgorithm: 'SHA256withRSA',
      newestEventTime: logs.length === 0 ? null : iso(end - 60_000),
      oldestEventTime: logs.length === 0 ? null : iso(start),
      previousDigestS3Bucket: previous?.bucket ?? null,
      previousDigestS3Object: previous?.key ?? null,
      previousDigestHashValue: previous === undefined ? null : sha256(gunzipSync(previous.bytes)),
      previousDigestHashAlgorithm: previous === undefined ? null : 'SHA-256',
      previousDigestSignature: previous?.metadata?.['signature'] ?? null,
      logFiles: logs.map((log) => ({
        s3Bucket: log.bucket,
        s3Object: log.key,
        hashValue: sha256(gunzipSync(log.bytes)),
        hashAlgorithm: 'SHA-256',
        newestEventTime: iso(end - 60_000),
        oldestEventTime: iso(start),
      })),
    };
    const made = this.put(bucket, key, gzipSync(JSON.stringify(json)));
    resign(made, privateKey(region));
    if (backfill && made.metadata !== undefined) {
      made.metadata['backfill-generation-timestamp'] = iso(end + 4 * HOUR);
    }
    return made;
  }

  /** Puts an object into a bucket. */
  put(bucket: string, key: string, bytes: Buffer): WorldObject {
    const object: WorldObject = { bucket, key, bytes, metadata: undefined };
    this.objects.push(object);
    return object;
  }

  /** The same, to be changed apart. */
  copy(): World {
    const copy = new World(this.keys.map((key) => ({ ...key })));
    for (const { bucket, key, bytes, metadata } of this.objects) {
      copy.put(bucket, key, Buffer.from(bytes)).metadata =
        metadata === undefined ? undefined : { ...metadata };
    }
    return copy;
  }

  remove(...gone: readonly (WorldObject | undefined)[]): void {
    for (const one of gone) {
      if (one !== undefined) this.objects.splice(this.objects.indexOf(one), 1);
    }
  }

  get digests(): WorldObject[] {
    return this.objects.filter(({ key }) => key.includes('/CloudTrail-Digest/'));
  }

  get logs(): WorldObject[] {
    return this.objects.filter(({ key }) => !key.includes('/CloudTrail-Digest/'));
  }

  /** What `aws cloudtrail list-public-keys` prints. */
  publicKeys(): string {
    return `${JSON.stringify({ PublicKeyList: this.keys }, null, 4)}\n`;
  }

  /** The files of a mirror: the objects, and metadata as `aws s3api head-object` prints it where it was kept. */
  mirror(): Map<string, Buffer> {
    const files = new Map<string, Buffer>();
    for (const { bucket, key, bytes, metadata } of this.objects) {
      files.set(`${bucket}/${key}`, bytes);
      if (metadata === undefined) continue;
      const head = { ETag: '"x"', ContentLength: bytes.length, Metadata: metadata };
      files.set(`${bucket}/${key}.metadata.json`, Buffer.from(JSON.stringify(head)));
    }
    return files;
  }
}

export const ACCOUNT = '111122223333';
export const BUCKET = 'example-trail-logs';

function root({ prefix = '', org, account = ACCOUNT }: ChainSpec): string {
  return `${prefix}AWSLogs/${org === undefined ? '' : `${org}/`}${account}/`;
}

const iso = (time: number): string => new Date(time).toISOString().replace('.000Z', 'Z');
const stamp = (time: number): string => iso(time).replaceAll('-', '').replaceAll(':', '');
const folder = (time: number): string => iso(time).slice(0, 10).replaceAll('-', '/');

/** A digest's JSON. */
export function jsonOf(object: WorldObject): DigestJson {
  return JSON.parse(gunzipSync(object.bytes).toString('utf8')) as DigestJson;
}

/** Changes a digest's JSON and leaves its signature as it is. */
export function edit(object: WorldObject, change: (json: DigestJson) => void): void {
  const json = jsonOf(object);
  change(json);
  object.bytes = gzipSync(JSON.stringify(json));
}

/** Signs a digest as it now is. */
export function resign(object: WorldObject, key: KeyObject, hash = 'sha256'): void {
  const json = jsonOf(object);
  const text = [
    json['digestEndTime'],
    `${String(json['digestS3Bucket'])}/${String(json['digestS3Object'])}`,
    sha256(gunzipSync(object.bytes)),
    json['previousDigestSignature'] ?? 'null',
  ].join('\n');
  const signature = sign(hash, Buffer.from(text), key).toString('hex');
  object.metadata = { ...object.metadata, signature, 'signature-algorithm': 'SHA256withRSA' };
}

/** How the world was collected. */
export interface Collected {
  /** `--s3` named the bucket; else places are recognised from the layout. */
  readonly told?: boolean;
  /** All files in one folder, by their names alone. */
  readonly flat?: boolean;
  readonly from?: string;
  readonly to?: string;
  readonly uncollected?: readonly { readonly path: string; readonly detail: string }[];
  readonly keysFromEvidence?: boolean;
  /** When the evidence claims to be sealed. */
  readonly sealed?: string;
}

/** The evidence as `cloudtrail validate` finds it, by the product's own reading of files. */
export async function collected(world: World, how: Collected = {}): Promise<TrailEvidence> {
  const finder = new TrailFinder();
  const files = [...world.mirror()].map(([path, bytes]) => {
    const short = how.flat === true ? path.slice(path.lastIndexOf('/') + 1) : path;
    return { path: short, bytes };
  });
  const places = placesByLayout(
    'mirror',
    files.map(({ path }) => path),
  );
  for (const { path, bytes } of files.sort((a, b) => (a.path < b.path ? -1 : 1))) {
    const [bucket = '', ...key] = path.split('/');
    const told = how.told === true && how.flat !== true;
    const s3 = told ? placeByFlag({ bucket, prefix: '' }, key.join('/')) : places.get(path);
    const sidecar = path.endsWith('.metadata.json');
    const object = {
      ...{ path: `data/${path}`, original_path: path, root: 0, size: bytes.length, mtime_us: 0 },
      ...{ sha256: '', sha512: '', ...(s3 === undefined ? {} : { s3 }) },
      ...(sidecar ? { metadata_for: path.replace(/\.metadata\.json$/, '') } : {}),
    };
    const entry = { path: object.path, type: 'file' as const, size: bytes.length, offset: 0 };
    await finder.file({ ...entry, body: pieces(bytes) }, object, 'EV-0001');
  }
  const { digests, logs } = finder.result();
  const time = (text: string | undefined): number | undefined =>
    text === undefined ? undefined : Date.parse(text) * 1000;
  return {
    digests,
    logs,
    keys: readPublicKeys([{ path: 'public-keys.json', text: world.publicKeys() }]),
    keysFromEvidence: how.keysFromEvidence ?? false,
    uncollected: how.uncollected ?? [],
    window: { from: time(how.from), to: time(how.to) },
    sealedAt: new Map(how.sealed === undefined ? [] : [['EV-0001', Date.parse(how.sealed) * 1000]]),
  };
}

// As the reader of volumes gives them: in pieces that are only good until the next one.
async function* pieces(bytes: Buffer): AsyncGenerator<Buffer, void, undefined> {
  const piece = Buffer.alloc(1000);
  for (let at = 0; at < bytes.length; at += piece.length) {
    const length = bytes.copy(piece, 0, at);
    yield await Promise.resolve(piece.subarray(0, length));
  }
}
