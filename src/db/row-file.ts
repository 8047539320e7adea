/**
 * Writes a database file that holds one table, page by page ("Database File Format", sections 1.3 "The Database Header"
 * and 1.6 "B-tree Pages"). Rows come in the order of their ids, so that every page is written once, from left to right.
 * SQLite copies the rows out of it into the case database, where every one of them is checked (build.ts).
 */
import { Buffer } from 'node:buffer';
import { closeSync, openSync, writeSync } from 'node:fs';
import { CellBuffer, putVarint } from './record.ts';

/** Bytes of a page, of the parts and of the case database. */
export const PAGE_BYTES = 8192;

const LEAF = 0x0d;
const INTERIOR = 0x05;
const LEAF_HEADER = 8;
const INTERIOR_HEADER = 12;
const FILE_HEADER = 100;
/** Longest record that lies wholly in its page, and shortest part of a longer one that does (section 1.6). */
const MAX_LOCAL = PAGE_BYTES - 35;
const MIN_LOCAL = Math.floor(((PAGE_BYTES - 12) * 32) / 255) - 23;
/** A child's page number and row id. */
const INTERIOR_CELL = 13;
const MAX_CHILDREN = Math.floor((PAGE_BYTES - INTERIOR_HEADER) / (INTERIOR_CELL + 2)) + 1;
/** Pages that are written with one call. */
const WRITE_PAGES = 64;

/** A page of the tree, and the largest row id below it. */
interface Child {
  readonly page: number;
  readonly last: number;
}

/** One table in a file of its own. */
export class RowFile {
  readonly #file: number;
  readonly #table: string;
  readonly #sql: string;
  readonly #out = Buffer.alloc(WRITE_PAGES * PAGE_BYTES);
  #outPages = 0;
  /** Number of the next page; page 1 is the schema and is written last. */
  #next = 2;

  readonly #leaf = Buffer.alloc(PAGE_BYTES);
  #cells = 0;
  #top = PAGE_BYTES;
  #last = 0;
  #leaves: Child[] = [];

  /** @param sql CREATE TABLE of `table`. */
  constructor(path: string, table: string, sql: string) {
    this.#file = openSync(path, 'wx');
    this.#table = table;
    this.#sql = sql;
  }

  /**
   * Adds the cell `bytes[from..to)`.
   * @param rowId larger than all before.
   * @param recordLength length of its record, which ends the cell.
   */
  add(bytes: Buffer, from: number, to: number, rowId: number, recordLength: number): void {
    if (recordLength <= MAX_LOCAL) {
      this.#place(bytes, from, to, rowId);
      return;
    }
    // Section 1.6, "Cell Payload Overflow Pages".
    const fitting = MIN_LOCAL + ((recordLength - MIN_LOCAL) % (PAGE_BYTES - 4));
    const local = fitting <= MAX_LOCAL ? fitting : MIN_LOCAL;
    const head = to - recordLength - from + local;
    const cell = Buffer.alloc(head + 4);
    bytes.copy(cell, 0, from, from + head);
    cell.writeUInt32BE(this.#overflow(bytes, from + head, to), head);
    this.#place(cell, 0, cell.length, rowId);
  }

  /** Writes what is left and closes the file. */
  close(): void {
    this.#endLeaf();
    let level = this.#leaves;
    while (level.length > 1) level = this.#interior(level);
    this.#writeOut();
    writeSync(this.#file, this.#firstPage(level[0]?.page ?? 0), 0, PAGE_BYTES, 0);
    closeSync(this.#file);
  }

  #place(bytes: Buffer, from: number, to: number, rowId: number): void {
    const length = to - from;
    if (LEAF_HEADER + 2 * (this.#cells + 1) + length > this.#top) this.#endLeaf();
    this.#top -= length;
    bytes.copy(this.#leaf, this.#top, from, to);
    this.#leaf.writeUInt16BE(this.#top, LEAF_HEADER + 2 * this.#cells);
    this.#cells++;
    this.#last = rowId;
  }

  #endLeaf(): void {
    if (this.#cells === 0 && this.#leaves.length > 0) return;
    putPageHeader(this.#leaf, 0, LEAF, this.#cells, this.#top);
    this.#leaves.push({ page: this.#emit(this.#leaf), last: this.#last });
    this.#leaf.fill(0);
    this.#cells = 0;
    this.#top = PAGE_BYTES;
  }

  /** Writes the pages above `children`, which are more than one. */
  #interior(children: readonly Child[]): Child[] {
    // Shared out evenly, so that no page is left with a single child, which the format does not allow.
    const pages = Math.ceil(children.length / MAX_CHILDREN);
    const cell = Buffer.alloc(INTERIOR_CELL);
    return Array.from({ length: pages }, (_, index) => {
      const own = children.slice(
        Math.floor((index * children.length) / pages),
        Math.floor(((index + 1) * children.length) / pages),
      );
      const right = own.at(-1) ?? { page: 0, last: 0 };
      const page = Buffer.alloc(PAGE_BYTES);
      let top = PAGE_BYTES;
      // The last child is the page's right pointer, not a cell.
      for (const [at, child] of own.slice(0, -1).entries()) {
        cell.writeUInt32BE(child.page, 0);
        const length = putVarint(cell, 4, child.last);
        top -= length;
        cell.copy(page, top, 0, length);
        page.writeUInt16BE(top, INTERIOR_HEADER + 2 * at);
      }
      putPageHeader(page, 0, INTERIOR, own.length - 1, top);
      page.writeUInt32BE(right.page, 8);
      return { page: this.#emit(page), last: right.last };
    });
  }

  /** Writes the rest of a long record; the number of its first page. */
  #overflow(bytes: Buffer, from: number, to: number): number {
    const first = this.#next;
    const page = Buffer.alloc(PAGE_BYTES);
    for (let at = from; at < to; at += PAGE_BYTES - 4) {
      const end = Math.min(to, at + PAGE_BYTES - 4);
      page.fill(0);
      page.writeUInt32BE(end < to ? this.#next + 1 : 0, 0);
      bytes.copy(page, 4, at, end);
      this.#emit(page);
    }
    return first;
  }

  #emit(page: Buffer): number {
    page.copy(this.#out, this.#outPages * PAGE_BYTES);
    this.#outPages++;
    const number = this.#next++;
    if (this.#outPages === WRITE_PAGES) this.#writeOut();
    return number;
  }

  #writeOut(): void {
    const bytes = this.#outPages * PAGE_BYTES;
    const position = (this.#next - this.#outPages - 1) * PAGE_BYTES;
    for (let done = 0; done < bytes;) {
      done += writeSync(this.#file, this.#out, done, bytes - done, position + done);
    }
    this.#outPages = 0;
  }

  #firstPage(root: number): Buffer {
    const page = Buffer.alloc(PAGE_BYTES);
    page.write('SQLite format 3\0', 0, 'latin1');
    page.writeUInt16BE(PAGE_BYTES, 16);
    // Journal versions (legacy), no reserved bytes, and the three fractions that have only one legal value.
    page.set([1, 1, 0, 64, 32, 32], 18);
    page.writeUInt32BE(1, 24);
    page.writeUInt32BE(this.#next - 1, 28);
    page.writeUInt32BE(1, 40);
    // Schema format 4: integers 0 and 1 take no bytes. Text encoding 1: UTF-8.
    page.writeUInt32BE(4, 44);
    page.writeUInt32BE(1, 56);
    page.writeUInt32BE(1, 92);
    page.writeUInt32BE(3_054_000, 96);
    const cells = new CellBuffer();
    cells.begin();
    for (const value of ['table', this.#table, this.#table, root, this.#sql]) cells.value(value);
    cells.end(1);
    const top = PAGE_BYTES - cells.length;
    if (cells.recordLength > MAX_LOCAL - FILE_HEADER) {
      throw new RangeError(`the definition of table ${this.#table} does not fit into a page`);
    }
    cells.bytes.copy(page, top, 0, cells.length);
    putPageHeader(page, FILE_HEADER, LEAF, 1, top);
    page.writeUInt16BE(top, FILE_HEADER + LEAF_HEADER);
    return page;
  }
}

function putPageHeader(page: Buffer, at: number, type: number, cells: number, top: number): void {
  page[at] = type;
  page.writeUInt16BE(0, at + 1);
  page.writeUInt16BE(cells, at + 3);
  page.writeUInt16BE(top, at + 5);
  page[at + 7] = 0;
}
