/**
 * A part of a case database: what a run of consecutive files holds, written by a worker into small database files of
 * its own, then copied into the case database by the one writer. The tables are the same on both sides, so that SQLite
 * copies whole records without decoding them. Rows of the sources, which are nearly all of it, are written page by page
 * (row-file.ts), the few others through SQLite.
 */
import Sqlite, { type Database, type Statement } from 'better-sqlite3';
import { createTable, type TableShape } from './ddl.ts';
import { type Migration, migrate } from './migrate.ts';
import type { Cell, CellBuffer } from './record.ts';
import { PAGE_BYTES, RowFile } from './row-file.ts';

/** Memory for a part's pages until it is committed, in KiB. */
const CACHE_KIB = 8192;

/** A finished part: files to be copied from, and the tables in each. */
export interface PartFiles {
  readonly path: string;
  /** Files with one source table each. */
  readonly sources: readonly { readonly path: string; readonly table: string }[];
}

/** Writes one part. */
export class PartWriter {
  readonly #path: string;
  readonly #db: Database;
  readonly #rows = new Map<string, { readonly path: string; readonly file: RowFile }>();
  readonly #block: Statement<[number, Uint8Array]>;
  readonly #group: Statement<[number, Uint8Array]>;
  readonly #reject: Statement;
  readonly #anomaly: Statement;
  readonly #file: Statement;

  /** @param path start of the names of its files, which must not exist yet. */
  constructor(path: string, migrations: readonly Migration[]) {
    this.#path = path;
    const db = new Sqlite(path);
    this.#db = db;
    db.pragma(`page_size = ${String(PAGE_BYTES)}`);
    db.pragma('journal_mode = OFF');
    db.pragma('synchronous = OFF');
    db.pragma('locking_mode = EXCLUSIVE');
    db.pragma(`cache_size = -${String(CACHE_KIB)}`);
    db.pragma('foreign_keys = OFF');
    db.exec('BEGIN');
    migrate(db, migrations);
    this.#block = db.prepare('INSERT INTO content_block (block_id, bytes) VALUES (?, ?)');
    this.#group = db.prepare('INSERT INTO row_group (id, sha256) VALUES (?, ?)');
    this.#reject = db.prepare(
      'INSERT INTO reject (id, source, "offset", "length", reason, detail) VALUES (?, ?, ?, ?, ?, ?)',
    );
    this.#anomaly = db.prepare('INSERT OR IGNORE INTO anomaly VALUES (?, ?, ?, ?)');
    this.#file = db.prepare(
      `INSERT INTO source_file (${FILE_COLUMNS.join(', ')}) VALUES (${FILE_COLUMNS.map(() => '?').join(', ')})`,
    );
  }

  /**
   * Adds the row whose cell was added to `cells` last.
   * @param from where its cell begins.
   */
  row(shape: TableShape, id: number, cells: CellBuffer, from: number): void {
    let rows = this.#rows.get(shape.id);
    if (rows === undefined) {
      const path = `${this.#path}-${shape.id}`;
      rows = { path, file: new RowFile(path, shape.id, createTable(shape)) };
      this.#rows.set(shape.id, rows);
    }
    rows.file.add(cells.bytes, from, cells.length, id, cells.recordLength);
  }

  block(blockId: number, bytes: Uint8Array): void {
    this.#block.run(blockId, bytes);
  }

  group(id: number, sha256: Uint8Array): void {
    this.#group.run(id, sha256);
  }

  reject(
    id: number,
    source: string,
    offset: number,
    length: number,
    reason: string,
    detail: string,
  ): void {
    this.#reject.run(id, source, offset, length, reason, detail);
  }

  anomaly(fileId: number, recordNo: number, kind: string, detail: string): void {
    this.#anomaly.run(fileId, recordNo, kind, detail);
  }

  /** A row of source_file, in the order of {@link FILE_COLUMNS}. */
  file(values: readonly Cell[]): void {
    this.#file.run(values);
  }

  /** Finishes the part. */
  close(): PartFiles {
    this.#db.exec('COMMIT');
    this.#db.close();
    const sources = [...this.#rows].map(([table, { path, file }]) => {
      file.close();
      return { path, table };
    });
    return { path: this.#path, sources };
  }
}

/** Columns of source_file in the order in which a worker gives them. */
const FILE_COLUMNS = [
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
