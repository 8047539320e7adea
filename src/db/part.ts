/**
 * What a worker writes of a case database: pages of the tables straight into the file, keys for the indexes into runs of
 * their own. What it cannot write in pages (rows of small tables, pages above the leaves) goes to the one writer as a
 * part, for a run of consecutive files at a time; the writer takes parts in the order of the files.
 */
import type { ByteRow } from '../core/byte-row.ts';
import type { TableShape } from './ddl.ts';
import { type IndexRun, mergeRuns, RunWriter } from './index-runs.ts';
import { IndexTree } from './index-tree.ts';
import { type PageCounter, PageSink } from './pages.ts';
import { type Cell, CellBuffer } from './record.ts';
import { RowMarker, type RowMarks } from './row-marks.ts';
import { TableLeaves } from './table-tree.ts';

/** A finished part; what the arrays hold is for {@link CaseBuilder.merge}. */
export interface Part {
  /** Table, and its leaves as {@link TableLeaves.take} gives them. */
  readonly leaves: readonly (readonly [table: string, leaves: Float64Array])[];
  /** Rows of source_file, in the order of {@link FILE_COLUMNS}. */
  readonly files: readonly (readonly Cell[])[];
  /** Rows of anomaly. */
  readonly anomalies: readonly (readonly Cell[])[];
  /** What there is to say of the rows of each source. */
  readonly marks: readonly RowMarks[];
}

/** An index to be written. */
export interface IndexOrder {
  /** Page where SQLite has its root. */
  readonly root: number;
  readonly runs: readonly IndexRun[];
}

/** What a worker needs to write. */
export interface PartSetup {
  /** The database, closed by SQLite. */
  readonly database: string;
  readonly counter: PageCounter;
  /** Start of the names of other files of this worker. */
  readonly runs: string;
}

interface Own {
  readonly shape: TableShape;
  readonly leaves: TableLeaves;
  readonly marker: RowMarker;
}

/** Writes the parts of one worker, one after the other. */
export class PartWriter {
  readonly #sink: PageSink;
  readonly #runs: RunWriter;
  readonly #leaves = new Map<string, TableLeaves>();
  readonly #cells = new CellBuffer();
  #files: (readonly Cell[])[] = [];
  #anomalies: (readonly Cell[])[] = [];
  readonly #marks = new Map<string, RowMarker>();
  #last: Own | undefined;

  constructor({ database, counter, runs }: PartSetup) {
    this.#sink = new PageSink(database, counter);
    this.#runs = new RunWriter(runs);
  }

  /**
   * Adds the row whose cell was added to `cells` last.
   * @param values of the source's columns.
   * @param from where its cell begins.
   */
  row(
    shape: TableShape,
    id: number,
    identity: number,
    values: readonly (string | number | bigint | null)[],
    cells: CellBuffer,
    from: number,
  ): void {
    const { leaves, marker } = this.#own(shape);
    leaves.add(cells, from, id);
    this.#runs.add(shape, values, id);
    marker.row(id, identity, values);
  }

  /** The same for a row that is still bytes. */
  byteRow(shape: TableShape, id: number, row: ByteRow, cells: CellBuffer, from: number): void {
    const { leaves, marker } = this.#own(shape);
    leaves.add(cells, from, id);
    this.#runs.addBytes(shape, row, id);
    marker.byteRow(id, row);
  }

  /** What the rows of a source go to; rows of one source come one after the other. */
  #own(shape: TableShape): Own {
    if (this.#last?.shape === shape) return this.#last;
    const leaves = this.#table(shape.id);
    let marker = this.#marks.get(shape.id);
    if (marker === undefined) {
      marker = new RowMarker(shape);
      this.#marks.set(shape.id, marker);
    }
    this.#last = { shape, leaves, marker };
    return this.#last;
  }

  block(blockId: number, bytes: Uint8Array): void {
    this.#add('content_block', blockId, [bytes]);
  }

  group(id: number, sha256: Uint8Array): void {
    this.#add('row_group', id, [sha256]);
  }

  reject(
    id: number,
    source: string,
    offset: number,
    length: number,
    reason: string,
    detail: string,
  ): void {
    this.#add('reject', id, [source, offset, length, reason, detail]);
  }

  /** A row of inner_record. */
  inner(
    id: number,
    source: string,
    carrier: string | null,
    carrierId: number | null,
    steps: string | null,
  ): void {
    this.#add('inner_record', id, [source, carrier, carrierId, steps]);
  }

  anomaly(fileId: number, recordNo: number, kind: string, detail: string): void {
    this.#anomalies.push([fileId, recordNo, kind, detail]);
  }

  /** A row of source_file, in the order of {@link FILE_COLUMNS}. */
  file(values: readonly Cell[]): void {
    this.#files.push(values);
  }

  /** Ends a part. */
  take(): Part {
    const part: Part = {
      leaves: [...this.#leaves].map(([table, leaves]) => [table, leaves.take()]),
      files: this.#files,
      anomalies: this.#anomalies,
      marks: [...this.#marks.values()].flatMap((marker) => {
        const marks = marker.take();
        return marks.marks.length === 0 ? [] : [marks];
      }),
    };
    this.#files = [];
    this.#anomalies = [];
    return part;
  }

  /** Ends the reading: the runs that the indexes are made from. */
  endRows(): readonly IndexRun[] {
    this.#sink.flush();
    return this.#runs.close();
  }

  /** Writes an index from the runs of all workers. */
  index({ root, runs }: IndexOrder): void {
    const tree = new IndexTree(this.#sink);
    mergeRuns(runs, tree);
    tree.finish(root);
  }

  /** Ends the writing: pages that were taken and not used. */
  close(): readonly number[] {
    return this.#sink.close();
  }

  // A row of a table whose first column is its row id.
  #add(table: string, id: number, values: readonly Cell[]): void {
    const cells = this.#cells;
    cells.clear();
    cells.begin();
    cells.null();
    for (const value of values) cells.value(value);
    cells.end(id);
    this.#table(table).add(cells, 0, id);
  }

  #table(table: string): TableLeaves {
    let leaves = this.#leaves.get(table);
    if (leaves === undefined) {
      leaves = new TableLeaves(this.#sink);
      this.#leaves.set(table, leaves);
    }
    return leaves;
  }
}

/** Columns of source_file in the order in which a worker gives them. */
export const FILE_COLUMNS = [
  'file_id',
  'evidence_no',
  'path',
  'original_path',
  'bucket',
  'key',
  'version_id',
  'sha256',
  'size',
  'sha256_inflated',
  'size_inflated',
  'compression',
  'source',
  'framing',
  'reason',
  'status',
  'records',
  'imported',
  'duplicates',
  'rejected',
  'rows_sha256',
] as const;
