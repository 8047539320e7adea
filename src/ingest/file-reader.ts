/** One file on its way into a part: recognise, hash, keep the bytes in blocks, cut into records, map, count. */
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { BLOCK_BYTES, blockId, packBlock } from '../db/blocks.ts';
import { storedOrder } from '../db/ddl.ts';
import type { PartWriter } from '../db/part.ts';
import type { CellBuffer } from '../db/record.ts';
import { groupHash, groupOf } from '../db/row-group.ts';
import { MAX_RECORDS_PER_FILE, rowId } from '../core/ids.ts';
import { ExhibitError } from '../core/errors.ts';
import { newFramer } from '../framing/framer.ts';
import type { InflateReport } from '../framing/gzip.ts';
import type { Framer, FrameSink } from '../framing/sink.ts';
import {
  type AnomalyKind,
  FORM,
  type Head,
  HEAD_BYTES,
  type RecordReader,
  type RejectReason,
  type RowOut,
  type Source,
  type Value,
} from '../sources/source.ts';
import { headOf, recognise, type Verdict } from './detect.ts';
import type { FileTask } from './task.ts';

/** Faults of a compressed file after which its content may be incomplete. */
const GZIP_FAULTS: ReadonlySet<string> = new Set([
  'gzip_truncated',
  'gzip_corrupt',
  'gzip_trailing',
  'gzip_bomb',
  'unclosed',
]);

/** Where what was read goes. */
export type RowSink = Pick<
  PartWriter,
  'row' | 'byteRow' | 'block' | 'group' | 'reject' | 'anomaly' | 'file'
>;

/** Reads one file into a part. */
export class FileReader {
  readonly #task: FileTask;
  readonly #part: RowSink;
  readonly #report: InflateReport;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #verdict: Verdict | undefined;
  #source: Source | undefined;
  #order: ReturnType<typeof storedOrder> = { before: [], behind: [] };
  #places = new Int32Array();
  /** Where the rows that {@link FileReader.#places} was made for hold what is added to them. */
  #added = -1;
  #framer: Framer | undefined;
  #reader: RecordReader | undefined;

  readonly #hash = createHash('sha256');
  /** Cells of the rows of {@link FileReader.#group}. */
  readonly #cells: CellBuffer;
  /** Group of rows that is being hashed; 0 before the first row. */
  #group = 0;
  readonly #groups = createHash('sha256');
  #size = 0;
  #block = 0;
  readonly #blockBytes: Buffer[] = [];
  #blockFill = 0;

  #records = 0;
  #imported = 0;
  #rejected = 0;
  #faults = 0;
  /** Place of the record that is being read. */
  #offset = 0;
  #length = 0;

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
    this.#endGroup();
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
      known ? this.#hash.digest('hex') : null,
      known ? this.#size : null,
      this.#report.compression,
      this.#source?.id ?? null,
      this.#verdict?.source === undefined ? null : this.#verdict.shape,
      this.#verdict?.reason ?? '',
      this.#status(),
      this.#records,
      this.#imported,
      0,
      this.#rejected,
      known ? this.#groups.digest('hex') : null,
    ]);
  }

  #status(): string {
    if (this.#task.metadata) return 'metadata';
    if (this.#source === undefined) {
      if (this.#heldBytes > 0) return 'unrecognised';
      return this.#holdsNothing() ? 'empty' : 'unreadable';
    }
    if (this.#rejected > 0 || this.#faults > 0) return 'partial';
    return this.#records === 0 ? 'empty' : 'imported';
  }

  /** True for a file without a byte, be it compressed: not for one whose compression is broken. */
  #holdsNothing(): boolean {
    return !this.#report.problems.some(({ kind }) => GZIP_FAULTS.has(kind));
  }

  #decide(complete: boolean): boolean {
    const held =
      this.#held.length === 1 && this.#held[0] !== undefined
        ? this.#held[0]
        : Buffer.concat(this.#held);
    this.#held = [];
    const task = this.#task;
    const head = headOf(
      task.key ?? task.originalPath,
      held.subarray(0, HEAD_BYTES),
      complete && held.length <= HEAD_BYTES,
      task.mtimeUs,
    );
    this.#verdict = this.#judge(head);
    const { source } = this.#verdict;
    if (source === undefined) return false;
    this.#source = source;
    this.#order = storedOrder(source);
    this.#reader = source.reader(head, this.#verdict.shape);
    this.#framer = newFramer(this.#reader.framing, this.#sink);
    return this.#consume(held);
  }

  #judge(head: Head): Verdict {
    const { metadata, size, as } = this.#task;
    if (metadata) return { source: undefined, reason: 'metadata of another object' };
    if (head.bytes.length === 0) {
      const what = size === 0 ? 'the file is empty' : 'a compressed file of nothing';
      const reason = this.#holdsNothing() ? what : 'nothing could be decompressed';
      return { source: undefined, reason };
    }
    return recognise(head, as, this.#report.compression);
  }

  #consume(chunk: Buffer): boolean {
    this.#hash.update(chunk);
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

  readonly #sink: FrameSink = {
    quick: (bytes, start, end, offset) => {
      this.#offset = offset;
      return this.#reader?.quick?.(bytes, start, end, this.#out) ?? -1;
    },
    record: (bytes, start, end, offset, hints) => {
      this.#offset = offset;
      this.#length = end - start;
      this.#reader?.read(bytes, start, end, offset, hints, this.#out);
    },
    problem: (reason, offset, length, detail) => {
      this.#offset = offset;
      this.#length = length;
      this.#addReject(reason, detail);
    },
    anomaly: (kind, detail) => {
      this.#fileAnomaly(kind, detail);
    },
  };

  readonly #out: RowOut = {
    row: (values: readonly Value[], identity, place) => {
      const source = this.#source;
      if (source === undefined) return;
      const id = this.#beginRow();
      const cells = this.#cells;
      const start = cells.length;
      cells.begin();
      cells.null();
      for (const index of this.#order.before) cells.value(values[index] ?? null);
      cells.integer(place?.offset ?? this.#offset);
      cells.integer(place?.length ?? this.#length);
      cells.integer(place?.form ?? FORM.plain);
      cells.integer(identity);
      for (const index of this.#order.behind) cells.value(values[index] ?? null);
      cells.end(id);
      this.#part.row(source, id, identity, values, cells, start);
    },
    byteRow: (row, length) => {
      const source = this.#source;
      if (source === undefined) return;
      const id = this.#beginRow();
      const cells = this.#cells;
      const start = cells.length;
      const { added } = row;
      row.setNumber(added, this.#offset);
      row.setNumber(added + 1, length);
      row.setNumber(added + 2, FORM.plain);
      row.setNumber(added + 3, row.identity);
      cells.byteRow(row, this.#placesOf(added), id);
      this.#part.byteRow(source, id, row, cells, start);
    },
    reject: (reason, detail) => {
      this.#addReject(reason, detail);
    },
    anomaly: (kind, detail) => {
      this.#part.anomaly(this.#task.fileId, this.#records + 1, kind, detail);
    },
    notARecord: () => undefined,
  };

  /** Places of a byte row's values in the order in which the table stores them. */
  #placesOf(added: number): Int32Array {
    if (this.#added !== added) {
      const { before, behind } = this.#order;
      this.#added = added;
      this.#places = Int32Array.of(...before, added, added + 1, added + 2, added + 3, ...behind);
    }
    return this.#places;
  }

  /** Id of the row that comes now. */
  #beginRow(): number {
    const id = this.#nextId();
    if (groupOf(id) !== this.#group) {
      this.#endGroup();
      this.#group = groupOf(id);
    }
    this.#imported++;
    return id;
  }

  #endGroup(): void {
    if (this.#group === 0) return;
    const sha256 = groupHash(this.#cells);
    this.#cells.clear();
    this.#groups.update(sha256);
    this.#part.group(this.#group, sha256);
    this.#group = 0;
  }

  #addReject(reason: RejectReason, detail: string): void {
    const id = this.#nextId();
    this.#rejected++;
    this.#part.reject(id, this.#source?.id ?? '', this.#offset, this.#length, reason, detail);
  }

  #fileAnomaly(kind: AnomalyKind, detail: string): void {
    if (GZIP_FAULTS.has(kind)) this.#faults++;
    this.#part.anomaly(this.#task.fileId, 0, kind, detail);
  }

  #nextId(): number {
    this.#records++;
    if (this.#records > MAX_RECORDS_PER_FILE) {
      throw new ExhibitError('E_FORMAT', 'the file has more records than one file can hold', {
        where: { file: this.#task.path },
      });
    }
    return rowId(this.#task.fileId, this.#records);
  }
}
