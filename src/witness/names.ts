/**
 * The S3 keys of a trail's objects (AWS CloudTrail User Guide, "Finding your CloudTrail log files" and "CloudTrail digest
 * file structure"): `[prefix/]AWSLogs/[o-.../]account/CloudTrail[-Digest]/region/YYYY/MM/DD/name`.
 */
import { formatUs, parseRfc3339 } from '../core/time.ts';

/**
 * A chain of digests: one per account, region and trail. A change of bucket or prefix does not end it; an organisation's
 * trail is another than the account's own one of the same name and home region.
 */
export interface ChainId {
  readonly account: string;
  /** Region whose events the files hold. */
  readonly region: string;
  readonly trail: string;
  /** Region in which the trail was made; in the others it appears as a shadow trail. */
  readonly homeRegion: string;
  /** `o-...` of an organisation's trail, else empty. */
  readonly org: string;
}

/** What a digest's key says. */
export interface DigestName {
  readonly chain: ChainId;
  readonly backfill: boolean;
  /** End time in the name, microseconds UTC. */
  readonly end: number;
  /** Everything before the account: prefix, `AWSLogs/` and the organisation's id. */
  readonly root: string;
}

/** End time, kind, and the chain but for its organisation: what the last part of a digest's key names. */
export type DigestBaseName = Omit<DigestName, 'root' | 'chain'> & {
  readonly chain: Omit<ChainId, 'org'>;
};

// Region names hold no underscore, so the last part before the stamp is the home region whatever the trail is called.
const DIGEST_NAME =
  /^(\d{12})_CloudTrail-Digest_([a-z0-9-]+)_(.+)_([a-z0-9-]+)_(\d{8}T\d{6}Z)(_backfill)?\.json(?:\.gz)?$/s;
const DIGEST_FOLDER =
  /^(.*AWSLogs\/(?:o-[a-z0-9]+\/)?)(\d{12})\/CloudTrail-Digest\/([a-z0-9-]+)\/(\d{4})\/(\d\d)\/(\d\d)\/[^/]+\.json\.gz$/s;

/** Reads the last part of a digest's key or path. */
export function parseDigestName(path: string): DigestBaseName | undefined {
  const match = DIGEST_NAME.exec(baseName(path));
  const [, account = '', region = '', trail = '', homeRegion = '', stamp = '', backfill] =
    match ?? [];
  const end = stampUs(stamp);
  return end === undefined
    ? undefined
    : { chain: { account, region, trail, homeRegion }, backfill: backfill !== undefined, end };
}

/** Reads a digest's whole key; undefined if it is none, or folders and name do not agree. */
export function parseDigestKey(key: string): DigestName | undefined {
  const folder = DIGEST_FOLDER.exec(key);
  const name = parseDigestName(key);
  if (folder === null || name === undefined) return undefined;
  const [, root = '', account, region, ...date] = folder;
  const { chain, end } = name;
  const agree =
    account === chain.account &&
    region === chain.region &&
    date.join('-') === formatUs(end).slice(0, 10);
  return agree ? { ...name, chain: { ...chain, org: orgOf(key) }, root } : undefined;
}

/** The organisation in the folders of a key: `o-...`, or empty. */
export function orgOf(key: string): string {
  return /(?:^|\/)AWSLogs\/(o-[a-z0-9]+)\//.exec(splitKey(key)?.tail ?? '')?.[1] ?? '';
}

/** Key of the standard digest of a chain that ends at a time, beside one that is there. */
export function digestKeyAt(beside: DigestName, end: number): string {
  const { account, region, trail, homeRegion } = beside.chain;
  const text = formatUs(end).slice(0, 19);
  const folder = `${beside.root}${account}/CloudTrail-Digest/${region}/${text.slice(0, 10).replaceAll('-', '/')}`;
  const stamp = `${text.replaceAll('-', '').replaceAll(':', '')}Z`;
  return `${folder}/${account}_CloudTrail-Digest_${region}_${trail}_${homeRegion}_${stamp}.json.gz`;
}

/** What a log file's key or name says. */
export interface LogName {
  readonly account: string;
  readonly region: string;
  /** Start of the minute of delivery, microseconds UTC. */
  readonly delivered: number;
  /** False for Insights and network activity: whether digests name those is not documented. */
  readonly inDigests: boolean;
  /** Category of all its events where {@link LogName.inDigests} is false. */
  readonly category: string | undefined;
}

const LOG_NAME =
  /^(\d{12})_CloudTrail(-Insight|-NetworkActivity|-Aggregated)?_([a-z0-9-]+)_(\d{8}T\d{4}Z)_[^/]+\.json(?:\.gz)?$/;

/** Reads the last part of a log file's key: it names all that the folders name. */
export function parseLogName(path: string): LogName | undefined {
  const match = LOG_NAME.exec(baseName(path));
  const [, account, kind, region, stamp = ''] = match ?? [];
  const delivered = stampUs(stamp);
  if (account === undefined || region === undefined || delivered === undefined) return undefined;
  const category = kind?.slice(1);
  return { account, region, delivered, inDigests: category === undefined, category };
}

/** What the folders of a log file say. */
export interface LogFolder {
  readonly account: string;
  /** Undefined where the key does not go so far. */
  readonly region: string | undefined;
  /** Start of the day, microseconds UTC. */
  readonly day: number | undefined;
}

const LOG_FOLDER =
  /(?:^|\/)(\d{12})\/CloudTrail\/(?:([a-z0-9-]+)\/(?:(\d{4})\/(\d\d)\/(\d\d)\/)?)?/;

/** Reads the folders of a log file's key; undefined for a key that does not lie below a `CloudTrail/`. */
export function parseLogFolder(key: string): LogFolder | undefined {
  const match = LOG_FOLDER.exec(key);
  if (match === null) return undefined;
  const [, account = '', region, ...date] = match;
  const day = date[0] === undefined ? undefined : parseRfc3339(`${date.join('-')}T00:00:00Z`);
  return { account, region, day };
}

/** What a file may be by the name alone. */
export function roleByName(path: string): 'digest' | 'log' | undefined {
  if (/_CloudTrail-Digest_[^/]*$|(?:^|\/)CloudTrail-Digest\/.*\.json(?:\.gz)?$/s.test(path)) {
    return 'digest';
  }
  return parseLogFolder(path) !== undefined || parseLogName(path) !== undefined ? 'log' : undefined;
}

/** Where else a key can be split: at each `AWSLogs/` before the last that an account's folder follows. */
export function outerSplits(key: string): readonly SplitKey[] {
  const { before = '' } = splitKey(key) ?? {};
  return Array.from(
    before.matchAll(/(?<=^|\/)AWSLogs\/(?:o-[a-z0-9]+\/)?\d{12}\//g),
    ({ index }) => ({ before: key.slice(0, index), tail: key.slice(index) }),
  );
}

/** See {@link splitKey}. */
export interface SplitKey {
  readonly before: string;
  readonly tail: string;
}

/** A key from its last `AWSLogs/` on, and what is before: the part that a mirror may have lost or gained. */
export function splitKey(key: string): SplitKey | undefined {
  const at = key.startsWith('AWSLogs/') ? 0 : key.lastIndexOf('/AWSLogs/') + 1;
  if (at === 0 && !key.startsWith('AWSLogs/')) return undefined;
  return { before: key.slice(0, at), tail: key.slice(at) };
}

/** The last part of a path, without `.gz`: tools that inflate what they download often drop it. */
export function looseName(path: string): string {
  return baseName(path).replace(/\.gz$/, '');
}

/** The last part of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

// `YYYYMMDDTHHMM[SS]Z` of AWS's file names.
function stampUs(stamp: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)?Z$/.exec(stamp);
  if (match === null) return undefined;
  const [, year = '', month = '', day = '', hour = '', minute = '', second = '00'] = match;
  return parseRfc3339(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}
