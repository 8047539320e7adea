/** One file on its way into a part: recognise, hash, keep the bytes in blocks, cut into records, map, count. */
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { BLOCK_BYTES, blockId, packBlock } from '../db/blocks.ts';
import type { PartWriter } from '../db/part.ts';
import type { CellBuffer } from '../db/record.ts';
import { isParquet } from '../framing/content.ts';
import { FAULT_MARK } from '../framing/parquet/rows.ts';
import { newFramer } from '../framing/framer.ts';
import type { InflateReport } from '../framing/gzip.ts';
import { RowFramer } from '../framing/rows.ts';
import type { Framer } from '../framing/sink.ts';
import { type AnomalyKind, type Head, HEAD_BYTES, type Source } from '../sources/source.ts';
import { headOf, recognise, type Verdict } from './detect.ts';
import { Records, type RecordSink } from './records.ts';
import type { FileTask } from './task.ts';

/** Faults of a compressed file, or one of Parquet, after which its content may be incomplete. */
const GZIP_FAULTS: ReadonlySet<string> = new Set([
  'gzip_truncated',
  'gzip_corrupt',
  'gzip_trailing',
  'gzip_bomb',
  'parquet_corrupt',
  'unclosed',
]);

/** Those after which the bytes that were unpacked may be anything. */
const BROKEN: ReadonlySet<string> = new Set(['gzip_truncated', 'gzip_corrupt', 'parquet_corrupt']);

/** Where what was read goes. */
export type RowSink = RecordSink & Pick<PartWriter, 'block' | 'file'>;

/** Reads one file into a part. */
export class FileReader {
  readonly #task: FileTask;
  readonly #part: RowSink;
  readonly #report: InflateReport;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #verdict: Verdict | undefined;
  #source: Source | undefined;
  #records: Records | undefined;
  #framer: Framer | undefined;

  readonly #hash = createHash('sha256');
  readonly #cells: CellBuffer;
  #size = 0;
  #block = 0;
  readonly #blockBytes: Buffer[] = [];
  #blockFill = 0;

  #faults = 0;

  /**
   * @param part where rows go.
   * @param cells memory for rows, empty between files.
   * @param report filled by the inflater; read at the end.
   */
  constructor(task: FileTask, part: RowSink, cells: CellBuffer, report: InflateReport) {
    this.#cells = cells;
    this.#task = task;
    this.#part = part;
    this.#report = report;
  }

  /** The next decompressed bytes; false when the rest of the file is of no use (no source recognises it). */
  push(chunk: Buffer): boolean {
    if (this.#verdict !== undefined) return this.#consume(chunk);
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    return this.#heldBytes < HEAD_BYTES || this.#decide(false);
  }

  /** The file is over: its row of source_file. */
  end(): void {
    if (this.#verdict === undefined) this.#decide(true);
    this.#framer?.end();
    const known = this.#source !== undefined;
    if (known && this.#blockFill > 0)
      this.#writeBlock(Buffer.concat(this.#blockBytes, this.#blockFill));
    for (const { kind, detail } of this.#report.problems) this.#fileAnomaly(kind, detail);
    const task = this.#task;
    this.#part.file([
      task.fileId,
      task.evidenceNo,
      task.path,
      task.originalPath,
      task.bucket,
      task.key,
      task.versionId,
      task.sha256,
      task.size,
      known ? this.#contentHash() : null,
      known ? this.#size : null,
      this.#report.compression,
      this.#source?.id ?? null,
      this.#verdict?.source === undefined ? null : this.#verdict.shape,
      this.#verdict?.reason ?? '',
      this.#status(),
      this.#records?.records ?? 0,
      this.#records?.imported ?? 0,
      0,
      this.#records?.rejected ?? 0,
      this.#records?.end() ?? null,
    ]);
  }

  /** Of the decompressed bytes; where nothing is compressed these are the stored ones, which are hashed in any case. */
  #contentHash(): string {
    return this.#report.compression === 'none' ? this.#task.sha256 : this.#hash.digest('hex');
  }

  #status(): string {
    if (this.#task.metadata) return 'metadata';
    if (this.#source === undefined) {
      if (this.#heldBytes > 0) return this.#fault() === undefined ? 'unrecognised' : 'unreadable';
      return this.#holdsNothing() ? 'empty' : 'unreadable';
    }
    const { records = 0, rejected = 0 } = this.#records ?? {};
    if (rejected > 0 || this.#faults > 0) return 'partial';
    return records === 0 ? 'empty' : 'imported';
  }

  /** True for a file without a byte, be it compressed: not for one whose compression is broken. */
  #holdsNothing(): boolean {
    return !this.#report.problems.some(({ kind }) => GZIP_FAULTS.has(kind));
  }

  /** Why what was unpacked may not be what was packed. */
  #fault(): string | undefined {
    return this.#report.problems.find(({ kind }) => BROKEN.has(kind))?.detail;
  }

  #decide(complete: boolean): boolean {
    const held =
      this.#held.length === 1 && this.#held[0] !== undefined
        ? this.#held[0]
        : Buffer.concat(this.#held);
    this.#held = [];
    const task = this.#task;
    // Where not even the first rows of a Parquet file can be decoded, its columns still say what it is.
    const { columns } = this.#report;
    const lost = columns !== undefined && held.toString('latin1', 0, 1) === FAULT_MARK;
    const start = lost ? Buffer.from(columns) : held;
    const head = headOf(
      task.key ?? task.originalPath,
      start.subarray(0, HEAD_BYTES),
      complete && start.length <= HEAD_BYTES,
      task.mtimeUs,
      task.flowFields,
    );
    this.#verdict = this.#judge(head);
    const { source } = this.#verdict;
    if (source === undefined) return false;
    this.#source = source;
    const reader = source.reader(head, this.#verdict.shape);
    const records = new Records(task, head.path, this.#part, this.#cells, source, reader);
    this.#records = records;
    const sink = records.sink((kind, detail) => {
      this.#fileAnomaly(kind, detail);
    });
    this.#framer = isParquet(this.#report) ? new RowFramer(sink) : newFramer(reader.framing, sink);
    return this.#consume(held);
  }

  #judge(head: Head): Verdict {
    const { metadata, size, as } = this.#task;
    if (metadata) return { source: undefined, reason: 'metadata of another object' };
    if (head.bytes.length === 0) {
      const nothing = isParquet(this.#report)
        ? 'a Parquet file without rows'
        : 'a compressed file of nothing';
      const what = size === 0 ? 'the file is empty' : nothing;
      const reason = this.#holdsNothing()
        ? what
        : (this.#fault() ?? 'nothing could be decompressed');
      return { source: undefined, reason };
    }
    const verdict = recognise(head, as, this.#report.compression);
    const fault = this.#fault();
    if (verdict.source !== undefined || fault === undefined) return verdict;
    return { source: undefined, reason: `${fault}; of what could be read: ${verdict.reason}` };
  }

  #consume(chunk: Buffer): boolean {
    if (this.#report.compression !== 'none') this.#hash.update(chunk);
    this.#size += chunk.length;
    this.#keep(chunk);
    this.#framer?.push(chunk);
    return true;
  }

  // Cuts the bytes into blocks; whole blocks inside a chunk are packed where they are.
  #keep(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      const piece = chunk.subarray(at, at + BLOCK_BYTES - this.#blockFill);
      at += piece.length;
      if (piece.length === BLOCK_BYTES) {
        this.#writeBlock(piece);
        continue;
      }
      this.#blockBytes.push(
        at < chunk.length || this.#blockFill + piece.length === BLOCK_BYTES
          ? piece
          : Buffer.from(piece),
      );
      this.#blockFill += piece.length;
      if (this.#blockFill === BLOCK_BYTES)
        this.#writeBlock(Buffer.concat(this.#blockBytes, BLOCK_BYTES));
    }
  }

  #writeBlock(bytes: Buffer): void {
    this.#part.block(blockId(this.#task.fileId, this.#block), packBlock(bytes));
    this.#block++;
    this.#blockBytes.length = 0;
    this.#blockFill = 0;
  }

  #fileAnomaly(kind: AnomalyKind, detail: string): void {
    if (GZIP_FAULTS.has(kind)) this.#faults++;
    this.#part.anomaly(this.#task.fileId, 0, kind, detail);
  }
}
