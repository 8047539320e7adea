/**
 * The contract of a log source. One file per source in this folder (a folder when it outgrows a file) holds everything
 * that one AWS log needs; the table, the docs page and the conformance tests are derived from it. A source is pure: no
 * clock, file, network or database, and it never sees another source.
 */
import type { Buffer } from 'node:buffer';
import type { ByteRow } from '../core/byte-row.ts';
import type { CommonColumn } from '../core/columns.ts';
import type { Step } from '../core/steps.ts';

/** What a column can hold. Integers are exact 64-bit; there is no REAL where a court reads a number. */
export type Value = string | number | bigint | null;

/** One stored column, named as AWS names the field, in snake_case. */
export interface Column {
  readonly name: string;
  readonly type: 'TEXT' | 'INTEGER';
  /** `us` is microseconds since 1970 UTC; others as AWS documents them (bytes, ms, s). */
  readonly unit?: string;
  /** One sentence for the docs page. */
  readonly about: string;
}

/** How the bytes of a (decompressed) file are cut into records. */
export type Framing =
  | {
      readonly kind: 'json';
      /** Members of a top-level object (`Records`, `Events`) whose array holds the records. */
      readonly wrappers: readonly string[];
      /** First members of records; after broken structure the framer goes on at the next `{` before one of them. */
      readonly openers: readonly string[];
      /** An array in an array is a record, not a container of records. */
      readonly lists?: true;
    }
  | { readonly kind: 'lines' }
  | {
      /** Records of one or more whole lines. */
      readonly kind: 'blocks';
      /** True if a line goes on the record of the line before it; asked about every line, in order. */
      readonly joins: (bytes: Buffer, start: number, end: number) => boolean;
    };

/** First bytes of a file, decompressed, and where it came from. */
export interface Head {
  /** Path as collected, or the S3 key where that is known; `/` between parts. Hostile text, a hint at best. */
  readonly path: string;
  /** At most {@link HEAD_BYTES} of the decompressed content. */
  readonly bytes: Buffer;
  /** The same as text (invalid UTF-8 replaced), without a byte order mark. */
  readonly text: string;
  /** True if `bytes` is the whole file. */
  readonly complete: boolean;
  /**
   * When the file was last changed, microseconds UTC, as the collection found it: the claim of a file system (copies of
   * `aws s3` keep S3's LastModified). A hint for times that name no year.
   */
  readonly changedUs?: number;
  /** Names of the fields of flow logs of VPCs that have no header, in their order, where the examiner declared them. */
  readonly flowFields?: readonly string[];
  /** Time of the event that carries this text (a CloudWatch log event), for text that says less of its time itself. */
  readonly carrierUs?: number;
  /** Account that the event that carries this text is of. */
  readonly carrierAccount?: string;
  /** The text is what a record carries, not a file. */
  readonly inside?: true;
}

/** How much of a file `detect` sees. */
export const HEAD_BYTES = 65_536;

/** A source's claim on a file. The content decides; a name alone never gives more than 20. */
export interface Detection {
  /**
   * 1 to 100; the highest claim wins, a tie is an error in the sources and fails their conformance test. 0 claims
   * nothing: the source knows what the file is and that nothing reads it yet; `reason` says so.
   */
  readonly confidence: number;
  /** For `status`: what was seen. */
  readonly reason: string;
  /** Name of the shape, kept in `source_file.framing`: `records`, `lookup-events`, `jsonl`, `header`, ... */
  readonly shape: string;
}

/** What the framer noticed about a JSON record without parsing it. */
export interface RecordHints {
  /** Count of `:` outside strings, which is the count of members in the whole record: shows duplicate keys. */
  readonly members: number;
  /** A run of 16 or more digits stands outside strings: the record may hold an integer beyond 2^53. */
  readonly bigNumber: boolean;
  /** Every byte of the record is below 0x80. */
  readonly ascii: boolean;
  /** A backslash stands in a string. */
  readonly escaped: boolean;
}

/** Nesting of a record beyond which it is rejected: far above what AWS writes, and safe to walk recursively. */
export const MAX_DEPTH = 512;

/** How the record's own text is found in the file. */
export const FORM = {
  /** `offset`/`length` are the bytes of the record. */
  plain: 0,
  /** `offset`/`length` are a JSON string (with its quotes) whose value is the record, as in `CloudTrailEvent`. */
  jsonString: 1,
  /** `offset`/`length` are bytes that the steps of the place lead from to the record. */
  steps: 2,
} as const;

/** Where a text is: a range of the text around it, and what has to be done with its bytes. */
export interface Place {
  readonly offset: number;
  readonly length: number;
  /** One of {@link FORM}. */
  readonly form: number;
  /** With {@link FORM}`.steps` only. */
  readonly steps?: readonly Step[];
}

/** A text that a record carries, and what the carrier says of it. */
export interface InnerText {
  /** Of the text, in the same count as the `offset` of the record. */
  readonly place: Place;
  /** What stands for a path: the log group and stream. Hostile text, a hint at best. */
  readonly path: string;
  /** Time of the carrier, for text that says less of its time itself. */
  readonly timeUs: number | undefined;
  /** Account of the carrier, where it names one. */
  readonly account?: string | null;
}

/** Why a record could not become a row. Stored in `reject.reason`; documented in docs/sources.md. */
export const REJECT_REASONS = {
  not_json: 'The bytes are not one JSON value.',
  not_an_object: 'The JSON value is not an object.',
  not_this_source: 'The record is not one of the source the file belongs to.',
  truncated: 'The file ends inside the record.',
  too_long: 'The record is longer than the limit.',
  too_deep: 'The JSON is nested deeper than the limit.',
  invalid_utf8: 'The record is not valid UTF-8.',
  bad_time: 'The record has no readable time.',
  bad_fields: 'The line does not have the fields of its format.',
  after_end: 'Bytes after the end of the document.',
  bad_parquet: 'Rows of a Parquet file that cannot be decoded; the detail says which and why.',
} as const;

/** A name of {@link REJECT_REASONS}. */
export type RejectReason = keyof typeof REJECT_REASONS;

/** Something odd about a record or file that is kept all the same. Stored in `anomaly.kind`. */
export const ANOMALY_KINDS = {
  duplicate_key:
    'A JSON object names a key twice; the last value was mapped, the raw text keeps both.',
  proto_key: 'A JSON object has a member named __proto__.',
  big_number:
    'A number has more digits than 2^53; typed columns keep it exactly or leave it to the raw text.',
  nul_character: 'A value contains U+0000.',
  bad_value:
    'A field does not have its documented type; the typed column is NULL, the raw text keeps it.',
  assumed_time:
    'Times in the file lack their year or zone; the detail says which were assumed, and why.',
  extra_fields: 'A line has more fields than the format knows.',
  fewer_fields:
    'A line has the fields of an older form than one before it in the file: it may have been cut.',
  format_differs:
    'The header of a file names other fields than the format that was declared; the header was followed.',
  no_events:
    'A payload of a subscription without a log event: a check of the destination, or an empty one.',
  inner_broken:
    'A record inside this one is recognised and could not be read; the detail names its source and the reason.',
  id_conflict: 'Two records share their identity but differ in content; both were kept.',
  partial_copy:
    'A row of a table beside the record that it was made of: it says less, and nothing else; both were kept.',
  gzip_truncated: 'The stream of gzip or zstd ends early; records before the end were kept.',
  gzip_trailing: 'Bytes follow the last gzip member, or zstd frame.',
  gzip_corrupt: 'A checksum or block of gzip or zstd is wrong.',
  gzip_bomb:
    'The file inflates to more than 384 MiB and 200 times its size; it was read up to there.',
  parquet_corrupt: 'A Parquet file is not what its footer says, or has none that can be read.',
  gzip_members: 'The file has more than one gzip member, or zstd frame.',
  encoding: 'The file has a byte order mark, or is not UTF-8: text in UTF-16 is read as UTF-8.',
  unclosed: 'The JSON document ends before its outer brackets close; no record is cut.',
} as const;

/** A name of {@link ANOMALY_KINDS}. */
export type AnomalyKind = keyof typeof ANOMALY_KINDS;

/**
 * Where the reader of a file puts what it makes of one framed record: a row or a reject, or several of them where it
 * carries several records (an EventBridge event with a list of findings), or notARecord alone.
 */
export interface RowOut {
  /**
   * The record became a row.
   * @param values one per `columns`, in order.
   * @param identity 53-bit integer; equal for records that may be the same record (equality is then checked exactly).
   * @param place where the record's own text is, if not the framed bytes themselves.
   */
  readonly row: (values: readonly Value[], identity: number, place?: Place) => void;
  /**
   * Text inside the record whose row or reject was given last: another source that knows it makes rows of it in its own
   * table, with that record as their carrier; a record inside another is none if it was rejected, its own carrier is then theirs. What nobody knows stays in the carrier alone.
   * @param text decoded; valid only during the call.
   */
  readonly inner: (text: Buffer, told: InnerText) => void;
  /** The same for a reader that scans bytes. @param length of the record. */
  readonly byteRow: (row: ByteRow, length: number) => void;
  readonly reject: (reason: RejectReason, detail: string) => void;
  readonly anomaly: (kind: AnomalyKind, detail: string) => void;
  /** A header, comment or blank line: bytes that are no record and are not counted. */
  readonly notARecord: () => void;
}

/** Reads one file's records; may keep state between them (a header line). */
export interface RecordReader {
  readonly framing: Framing;
  /**
   * One framed record.
   * @param bytes buffer that holds it; valid only during the call.
   * @param start first byte in `bytes`; `end` is one past the last.
   * @param offset of the record in the decompressed file.
   */
  readonly read: (
    bytes: Buffer,
    start: number,
    end: number,
    offset: number,
    hints: RecordHints,
    out: RowOut,
  ) => void;
  /**
   * The quick way for a JSON record or a line of the usual form, if the source has one: reads it from its first byte at
   * `start`, before it is framed, and gives exactly the row that {@link RecordReader.read} would. Of a line `\n` follows.
   * @param end one past the last byte that is at hand and may belong to the record.
   * @returns one past its last byte; negative, and nothing given to `out`, if it is not of that form or not all at hand.
   */
  readonly quick?: (bytes: Buffer, start: number, end: number, out: RowOut) => number;
}

/** A case for the conformance test: bytes in, rows out. */
export interface Sample {
  readonly name: string;
  /** Path that the file would have. */
  readonly path: string;
  /** The file's text (UTF-8). */
  readonly text: string;
  /** What is known besides; nothing where absent. */
  readonly facts?: Pick<Head, 'changedUs' | 'carrierUs' | 'carrierAccount'>;
  /** Expected rows, only the columns worth reading (own or common). */
  readonly rows: readonly Readonly<Record<string, Value>>[];
  /** Expected rows of tables of items, by table. */
  readonly items?: Readonly<Record<string, readonly Readonly<Record<string, Value>>[]>>;
  readonly rejects?: readonly RejectReason[];
  readonly anomalies?: readonly AnomalyKind[];
}

/** A column of a table of items. */
export interface ChildColumn {
  readonly name: string;
  readonly type: 'TEXT' | 'INTEGER';
  readonly unit?: string;
  /**
   * Where the value is: `key` is the name of a member of an object, `$` the item itself, `$.a.b` a JSON path inside it.
   * In a TEXT column numbers, objects and arrays are their JSON; what an INTEGER column cannot hold is NULL.
   */
  readonly from: string;
  readonly about: string;
}

/**
 * A table of the items of a list, one row each, with `parent_id` (the row of the source) and `position` (0 for the first)
 * as its key. It is derived from the rows of the source when they are complete: no identity, place or hash of its own.
 */
export interface ChildTable {
  /** Its name: id of the source, an underscore, what an item is. */
  readonly id: string;
  /** Stored column of the source that holds the list as JSON. */
  readonly list: string;
  /** Whether that JSON is an array, or an object whose members are the items. Anything else gives no rows. */
  readonly items: 'array' | 'object';
  readonly about: string;
  readonly columns: readonly ChildColumn[];
  readonly indexes: readonly (readonly string[])[];
}

/** One AWS log. */
export interface Source {
  /** File name, table name, docs page and sample folder. */
  readonly id: string;
  readonly title: string;
  /** Raised when columns or mapping change: the table is then rebuilt from sealed evidence. */
  readonly version: number;
  /** What the log is, who writes it, what it leaves out; Markdown for the docs page. */
  readonly about: string;
  /**
   * What its times are, for `status`: whose clock wrote them, in which zone, how fine, and what is assumed where the log
   * does not say.
   */
  readonly clock: string;
  /** Document title and section of every format fact. */
  readonly references: readonly string[];
  /** Stored columns, `time_us` first. */
  readonly columns: readonly Column[];
  /**
   * Common columns that are not stored under their own name: a deterministic SQL expression over stored columns
   * (they become virtual generated columns). A common column neither stored nor named here is NULL.
   */
  readonly common: Readonly<Partial<Record<CommonColumn, string>>>;
  /** Indexes beyond those on `time_us` and `identity`. */
  readonly indexes: readonly (readonly string[])[];
  /** Tables made of lists in the rows. */
  readonly children?: readonly ChildTable[];
  /** False for files about logs (digests), which are no events. */
  readonly timeline: boolean;
  /** Whether a record equal to an earlier one of the same file is a duplicate or a second event. */
  readonly repeatsInFile: 'duplicate' | 'distinct';
  /** True where a record does not say itself whose it is: equal records of two log groups or streams are two. */
  readonly originAround?: true;
  readonly detect: (head: Head) => Detection | undefined;
  /** Its records may lie inside those of other sources, or stand in a file of another source: it is asked about these too. */
  readonly inside?: true;
  /** A reader for one file. */
  readonly reader: (head: Head, shape: string) => RecordReader;
  /**
   * Text in which two copies of one record are equal although a carrier rewrote them (canonical JSON); absent where
   * only equal bytes are equal.
   */
  readonly sameText?: (record: string) => string;
  /**
   * Whether a text is an extract that a carrier made of the record. Beside the record it is no conflict of identities as
   * long as its typed columns are those of the record, or NULL.
   */
  readonly isExtract?: (record: string) => boolean;
  readonly samples: readonly Sample[];
  /** One query that answers a real question, for the docs page. */
  readonly example: { readonly question: string; readonly sql: string };
}
