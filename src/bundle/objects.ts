/** What is known of each collected file: the lines of staging's journal and of acquisition/objects.jsonl. */
import type { CanonicalValue } from '../core/canonical.ts';

/** Where an object lay in S3. */
export interface S3Place {
  readonly bucket: string;
  readonly key: string;
  readonly version_id?: string;
  /**
   * `flag`: from `--s3`; `layout`: recognised from AWS's key layout (the bucket is then a guess or empty); `api`: S3 itself
   * gave the object.
   */
  readonly recognised_by: 'flag' | 'layout' | 'api';
  /**
   * What S3 said of the object with its bytes, in the form and under the names of `aws s3api head-object` (AWS CLI Command
   * Reference, Output): ETag, LastModified, Metadata, StorageClass, checksums, encryption, lock; and TagSet where it has tags.
   */
  readonly head?: Readonly<Record<string, CanonicalValue>>;
}

/** Which request of an API a file is the exact answer to. */
export interface ApiAnswer {
  readonly account: string;
  readonly region: string;
  /** `guardduty`. */
  readonly service: string;
  /** `GetFindings`. */
  readonly operation: string;
  readonly parameters: Readonly<Record<string, CanonicalValue>>;
  /** Of the answer, as AWS gave them. */
  readonly request_id: string;
  readonly http_date: string;
  readonly content_type: string;
}

/** What a file system says of a file besides its bytes; times in microseconds UTC. */
export interface FileFacts {
  readonly uid: number;
  readonly gid: number;
  /** Permission bits in octal, `0640`. */
  readonly mode: string;
  readonly atime_us: number;
  readonly ctime_us: number;
  /** Absent where the file system does not keep it. */
  readonly birthtime_us?: number;
}

/** A file that was copied into staging. */
export interface StagedObject {
  /** Path relative to the collected folder, `/` between parts; bytes that are not UTF-8 replaced. */
  readonly original_path: string;
  /** Base64 of the path's bytes, where the text above does not give them exactly or holds control characters. */
  readonly original_path_base64?: string;
  /** Index into the collection's list of roots. */
  readonly root: number;
  readonly size: number;
  /** Modification time of the file, microseconds UTC; the claim of the file system it lay on. */
  readonly mtime_us: number;
  readonly sha256: string;
  readonly sha512: string;
  /** The file's size or time changed during both attempts to read it; the bytes are those that were read. */
  readonly changed_while_read?: true;
  readonly s3?: S3Place;
  readonly api?: ApiAnswer;
  readonly file?: FileFacts;
  /** Source given by `--as`. */
  readonly as?: string;
  /** For an object-metadata sidecar: `original_path` of the file it describes. */
  readonly metadata_for?: string;
}

/** Something that was found and not copied; failures are evidence too. */
export interface StagedProblem {
  readonly original_path: string;
  readonly original_path_base64?: string;
  readonly root: number;
  readonly state: 'failed' | 'gone' | 'skipped';
  /** `symlink`, `device`, `fifo`, `socket`, `unreadable`, `changed`, `vanished`, ... */
  readonly reason: string;
  readonly detail: string;
}

/** One line of acquisition/objects.jsonl: one payload file. */
export interface BagObject extends StagedObject {
  /** Path in the bag: `data/...`. */
  readonly path: string;
  /**
   * For a part of a file that is too large for one member (8 GiB and more): `size`, `sha256` and `sha512` above are then
   * of the whole file, those in here of the part.
   */
  readonly part?: {
    /** From 1. */
    readonly number: number;
    readonly of: number;
    /** Of the part's first byte in the whole file. */
    readonly offset: number;
    readonly size: number;
    readonly sha256: string;
    readonly sha512: string;
  };
}
