/**
 * Pages of the case database that SQLite does not write itself ("Database File Format", sections 1.3 "The Database
 * Header", 1.4 "The Lock-Byte Page", 1.5 "The Freelist" and 1.6 "B-tree Pages"). SQLite makes the file with all its
 * empty tables and indexes, closes it, and opens it again when their pages are there; until then any number of threads
 * write behind its end, each into runs of pages of its own.
 */
import { Buffer } from 'node:buffer';
import { closeSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';

/** Bytes of a page of the case database. */
export const PAGE_BYTES = 8192;

/** Pages that a thread takes at a time, and writes with one call. */
const RUN_PAGES = 32;
/** The page at 1 GiB is never used: SQLite locks bytes of it. */
const LOCK_PAGE = 2 ** 30 / PAGE_BYTES + 1;
/** Page numbers in a trunk page of the list of free pages; the format leaves the last six places empty. */
const TRUNK_LEAVES = PAGE_BYTES / 4 - 2 - 6;

/** Longer cells are copied by a call into native code. */
const SHORT_CELL = 256;

const LEAF_TABLE = 0x0d;
const INTERIOR_TABLE = 0x05;
const LEAF_INDEX = 0x0a;
const INTERIOR_INDEX = 0x02;
const LEAF_HEADER = 8;
const INTERIOR_HEADER = 12;

/** Kinds of b-tree pages. */
export const PAGE = { LEAF_TABLE, INTERIOR_TABLE, LEAF_INDEX, INTERIOR_INDEX } as const;

/** Number of the next page that nobody has taken, shared by all threads. */
export type PageCounter = Int32Array<SharedArrayBuffer>;

/** A counter for a file that has `pages` pages. */
export function pageCounter(pages: number): PageCounter {
  const counter = new Int32Array(new SharedArrayBuffer(4));
  counter[0] = pages + 1;
  return counter;
}

/** Where one thread's pages go. Pages that follow each other are written together. */
export class PageSink {
  readonly #file: number;
  readonly #counter: PageCounter;
  readonly #out = Buffer.allocUnsafeSlow(RUN_PAGES * PAGE_BYTES);
  #first = 0;
  #held = 0;
  #next = 0;
  #end = 0;

  /** @param path of a database file that SQLite has closed. */
  constructor(path: string, counter: PageCounter) {
    this.#file = openSync(path, 'r+');
    this.#counter = counter;
  }

  /** Takes a page: its number. */
  reserve(): number {
    if (this.#next === this.#end) {
      this.#next = Atomics.add(this.#counter, 0, RUN_PAGES);
      this.#end = this.#next + RUN_PAGES;
    }
    const number = this.#next++;
    return number === LOCK_PAGE ? this.reserve() : number;
  }

  /** Writes a page that was reserved, or the root of an empty tree. */
  put(number: number, page: Buffer): void {
    if (this.#held === RUN_PAGES || number !== this.#first + this.#held) this.flush();
    if (this.#held === 0) this.#first = number;
    page.copy(this.#out, this.#held * PAGE_BYTES);
    this.#held++;
  }

  /** Takes a page and writes it: its number. */
  add(page: Buffer): number {
    const number = this.reserve();
    this.put(number, page);
    return number;
  }

  /** Brings what is held to the file. */
  flush(): void {
    const bytes = this.#held * PAGE_BYTES;
    for (let done = 0; done < bytes;) {
      done += writeSync(
        this.#file,
        this.#out,
        done,
        bytes - done,
        (this.#first - 1) * PAGE_BYTES + done,
      );
    }
    this.#held = 0;
  }

  /** A page that was put before. */
  read(number: number): Buffer {
    this.flush();
    const page = Buffer.alloc(PAGE_BYTES);
    readFully(this.#file, page, (number - 1) * PAGE_BYTES);
    return page;
  }

  /** Closes the file, whatever it holds. */
  abandon(): void {
    closeSync(this.#file);
  }

  /** Ends the writing: the numbers that were taken and not used. */
  close(): readonly number[] {
    this.flush();
    closeSync(this.#file);
    const rest = Array.from({ length: this.#end - this.#next }, (_, index) => this.#next + index);
    return rest.filter((number) => number !== LOCK_PAGE);
  }
}

/** A b-tree page that fills from its end. */
export class TreePage {
  readonly bytes = Buffer.alloc(PAGE_BYTES);
  readonly #view = new DataView(this.bytes.buffer, this.bytes.byteOffset, PAGE_BYTES);
  readonly #type: number;
  readonly #header: number;
  #cells = 0;
  #top = PAGE_BYTES;
  #lastLength = 0;

  /** @param type one of {@link PAGE}. */
  constructor(type: number) {
    this.#type = type;
    this.#header =
      type === INTERIOR_TABLE || type === INTERIOR_INDEX ? INTERIOR_HEADER : LEAF_HEADER;
  }

  get cells(): number {
    return this.#cells;
  }

  fits(length: number): boolean {
    return this.#header + 2 * (this.#cells + 1) + length <= this.#top;
  }

  /** Makes room for a cell, behind all others in order: where its bytes have to be written. */
  place(length: number): number {
    this.#top -= length;
    const at = this.#header + 2 * this.#cells;
    this.bytes[at] = this.#top >> 8;
    this.bytes[at + 1] = this.#top & 255;
    this.#cells++;
    this.#lastLength = length;
    return this.#top;
  }

  /** Adds the cell `cell[from..to)`. @param view of the same bytes. */
  add(cell: Buffer, view: DataView, from: number, to: number): void {
    const length = to - from;
    const at = this.place(length);
    if (length < 4 || length > SHORT_CELL) {
      cell.copy(this.bytes, at, from, to);
      return;
    }
    // By words, the last of which may overlap the one before: a call into native code would cost more.
    const target = this.#view;
    for (let index = 0; index + 4 < length; index += 4)
      target.setInt32(at + index, view.getInt32(from + index));
    target.setInt32(at + length - 4, view.getInt32(to - 4));
  }

  /** Takes the cell placed last out again; once after each {@link TreePage.place}. */
  takeLast(): Buffer {
    const cell = Buffer.from(this.bytes.subarray(this.#top, this.#top + this.#lastLength));
    this.#top += this.#lastLength;
    this.#cells--;
    return cell;
  }

  /** The page as it has to be written. @param right the child behind the last cell, of an interior page. */
  finished(right = 0): Buffer {
    const { bytes } = this;
    bytes.fill(0, this.#header + 2 * this.#cells, this.#top);
    bytes[0] = this.#type;
    bytes.writeUInt16BE(0, 1);
    bytes.writeUInt16BE(this.#cells, 3);
    bytes.writeUInt16BE(this.#top, 5);
    bytes[7] = 0;
    if (this.#header === INTERIOR_HEADER) bytes.writeUInt32BE(right, 8);
    return bytes;
  }

  /** Forgets all cells; what is left of them is not in {@link TreePage.finished}. */
  clear(): void {
    this.#cells = 0;
    this.#top = PAGE_BYTES;
  }
}

/**
 * Writes the end of a long record into pages of its own (section 1.6, "Cell Payload Overflow Pages").
 * @returns number of the first.
 */
export function putOverflow(sink: PageSink, bytes: Buffer, from: number, to: number): number {
  const first = sink.reserve();
  const page = Buffer.alloc(PAGE_BYTES);
  let number = first;
  for (let at = from; at < to; at += PAGE_BYTES - 4) {
    const end = Math.min(to, at + PAGE_BYTES - 4);
    const next = end < to ? sink.reserve() : 0;
    page.writeUInt32BE(next, 0);
    bytes.copy(page, 4, at, end);
    page.fill(0, 4 + end - at);
    sink.put(number, page);
    number = next;
  }
  return first;
}

/** Bytes of a record that lie in its cell, if they are not all: a function of its length and the page's kind. */
export function localBytes(length: number, most: number): number {
  const least = Math.floor(((PAGE_BYTES - 12) * 32) / 255) - 23;
  const fitting = least + ((length - least) % (PAGE_BYTES - 4));
  return fitting <= most ? fitting : least;
}

/** Number of pages of a database file that SQLite has closed. */
export function pagesOf(path: string): number {
  const file = openSync(path, 'r');
  try {
    const header = Buffer.alloc(100);
    readFully(file, header, 0);
    return header.readUInt32BE(28);
  } finally {
    closeSync(file);
  }
}

/** Tells SQLite of the new pages: their count, and which of them are free. */
export function admitPages(path: string, counter: PageCounter, free: readonly number[]): void {
  let pages = Atomics.load(counter, 0) - 1;
  const unused = new Set(free);
  while (unused.delete(pages)) pages--;
  const list = [...unused].sort((a, b) => a - b);
  const file = openSync(path, 'r+');
  try {
    // Of the last page nothing may be missing, and none may follow it.
    ftruncateSync(file, pages * PAGE_BYTES);
    const header = Buffer.alloc(100);
    readFully(file, header, 0);
    const changes = header.readUInt32BE(24) + 1;
    header.writeUInt32BE(changes, 24);
    header.writeUInt32BE(changes, 92);
    header.writeUInt32BE(pages, 28);
    header.writeUInt32BE(putFreelist(file, list), 32);
    header.writeUInt32BE(list.length, 36);
    writeSync(file, header, 0, header.length, 0);
  } finally {
    closeSync(file);
  }
}

/** Writes the trunk pages of the list: number of the first, 0 if the list is empty. */
function putFreelist(file: number, list: readonly number[]): number {
  let next = 0;
  for (let at = 0; at < list.length; at += TRUNK_LEAVES + 1) {
    const [trunk = 0, ...leaves] = list.slice(at, at + TRUNK_LEAVES + 1);
    const page = Buffer.alloc(PAGE_BYTES);
    page.writeUInt32BE(next, 0);
    page.writeUInt32BE(leaves.length, 4);
    for (const [index, leaf] of leaves.entries()) page.writeUInt32BE(leaf, 8 + 4 * index);
    writeSync(file, page, 0, PAGE_BYTES, (trunk - 1) * PAGE_BYTES);
    next = trunk;
  }
  return next;
}

function readFully(file: number, target: Buffer, position: number): void {
  for (let have = 0; have < target.length;) {
    const read = readSync(file, target, have, target.length - have, position + have);
    if (read === 0) throw new RangeError(`the file ends inside the page at ${String(position)}`);
    have += read;
  }
}
