/** What the framers hand their records, and what they cannot read, to. */
import type { Buffer } from 'node:buffer';
import type { AnomalyKind, RecordHints, RejectReason } from '../sources/source.ts';

/**
 * Receiver of one file's records. Every byte of the file is in exactly one record or problem, or belongs to the
 * container (wrapper object, brackets, commas, white space, line ends).
 */
export interface FrameSink {
  /**
   * One record.
   * @param bytes buffer that holds it; valid only during the call.
   * @param start first byte in `bytes`; `end` is one past the last.
   * @param offset of the record in the decompressed file.
   * @param hints valid only during the call.
   */
  readonly record: (
    bytes: Buffer,
    start: number,
    end: number,
    offset: number,
    hints: RecordHints,
  ) => void;
  /**
   * A record opens at `start` and may be taken at once, unframed: one past its last byte, or negative for "frame it". A
   * line is taken only if its `\n` follows.
   * @param end one past the last byte that may belong to it.
   */
  readonly quick?: (bytes: Buffer, start: number, end: number, offset: number) => number;
  /**
   * Bytes that should have been a record and are none: a reject.
   * @param text the bytes, where they may be lines of another log between records that stand alone; valid only during the
   *   call.
   */
  readonly problem: (
    reason: RejectReason,
    offset: number,
    length: number,
    detail: string,
    text?: Buffer,
  ) => void;
  /** Something odd about the file as a whole. */
  readonly anomaly: (kind: AnomalyKind, detail: string) => void;
}

/** A streaming framer: bytes in chunks of any size, records out to its sink. */
export interface Framer {
  /** The next bytes of the file. The chunk may be reused by the caller afterwards. */
  readonly push: (chunk: Buffer) => void;
  /** The file is over. */
  readonly end: () => void;
}

/** Records longer than this are reported, not held: far above CloudTrail's 256 KB and any line AWS writes. */
export const MAX_RECORD_BYTES = 16 * 2 ** 20;
