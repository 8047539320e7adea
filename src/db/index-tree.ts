/** B-trees of indexes ("Database File Format", section 1.6), written in the order of their entries, each page once. */
import { Buffer } from 'node:buffer';
import { viewOf } from '../core/view.ts';
import { localBytes, PAGE, PAGE_BYTES, type PageSink, putOverflow, TreePage } from './pages.ts';
import { CellBuffer, putVarint } from './record.ts';

/** Longest record that lies wholly in its page. */
const MAX_LOCAL = Math.floor(((PAGE_BYTES - 12) * 64) / 255) - 23;

/** Key of an index on one column. */
export type Key = string | number | bigint | null;

/** Writes the index of one column: entries in the order of SQLite's BINARY collation, equal ones by row id. */
export class IndexTree {
  readonly #sink: PageSink;
  readonly #leaf = new TreePage(PAGE.LEAF_INDEX);
  readonly #above: TreePage[] = [];
  readonly #record = new CellBuffer();
  /** The cell at hand. */
  readonly #cell = Buffer.alloc(9 + MAX_LOCAL + 4);
  readonly #cellView = viewOf(this.#cell);
  #length = 0;

  constructor(sink: PageSink) {
    this.#sink = sink;
  }

  /** Adds the entries of one key. @param ids of which those from `from` to `to` (not included) count, ascending. */
  add(key: Key, ids: Float64Array, from: number, to: number): void {
    let size = -1;
    for (let index = from; index < to; index++) {
      const id = ids[index] ?? 0;
      const bytes = integerBytes(id);
      if (bytes === size) {
        // Entries of a key differ in the row id alone, at their end, as long as it takes as many bytes.
        putInteger(this.#cell, this.#length - size, id, size);
      } else {
        size = this.#putCell(key, id) ? bytes : -1;
      }
      this.#addCell();
    }
  }

  /** Writes what is left, the root into the page where SQLite has it. */
  finish(root: number): void {
    let page = this.#leaf;
    let right = 0;
    for (const above of this.#above) {
      right = this.#sink.add(page.finished(right));
      page = above;
    }
    this.#sink.put(root, page.finished(right));
  }

  /** Writes a leaf cell: length of the record, then the record; of a long one only its beginning. True if it is whole. */
  #putCell(key: Key, id: number): boolean {
    const record = this.#record;
    record.clear();
    record.begin();
    record.value(key);
    record.integer(id);
    record.end(0);
    const { recordLength, length, bytes } = record;
    const start = length - recordLength;
    const whole = recordLength <= MAX_LOCAL;
    const local = whole ? recordLength : localBytes(recordLength, MAX_LOCAL);
    const cell = this.#cell;
    let at = putVarint(cell, 0, recordLength);
    at += bytes.copy(cell, at, start, start + local);
    if (!whole) at = cell.writeUInt32BE(putOverflow(this.#sink, bytes, start + local, length), at);
    this.#length = at;
    return whole;
  }

  #addCell(): void {
    const leaf = this.#leaf;
    const cell = this.#cell;
    const length = this.#length;
    if (!leaf.fits(length)) {
      // The last entry goes up and parts this page from the next one, which so begins with an entry in any case.
      const divider = leaf.takeLast();
      const page = this.#sink.add(leaf.finished());
      leaf.clear();
      this.#addDivider(0, page, divider);
    }
    leaf.add(cell, this.#cellView, 0, length);
  }

  /** Puts an entry that has the page `left` before it into the level above the leaves, or higher. */
  #addDivider(level: number, left: number, entry: Buffer): void {
    const page = (this.#above[level] ??= new TreePage(PAGE.INTERIOR_INDEX));
    if (!page.fits(4 + entry.length)) {
      const divider = page.takeLast();
      const full = this.#sink.add(page.finished(divider.readUInt32BE(0)));
      page.clear();
      this.#addDivider(level + 1, full, divider.subarray(4));
    }
    const at = page.place(4 + entry.length);
    page.bytes.writeUInt32BE(left, at);
    entry.copy(page.bytes, at + 4);
  }
}

/** Bytes that a row id takes in a record; 0 and 1 take none. */
function integerBytes(id: number): number {
  if (id < 2) return 0;
  if (id < 2 ** 7) return 1;
  if (id < 2 ** 15) return 2;
  if (id < 2 ** 23) return 3;
  if (id < 2 ** 31) return 4;
  return id < 2 ** 47 ? 6 : 8;
}

function putInteger(target: Buffer, at: number, value: number, bytes: number): void {
  // Two halves, so that the shifts see integers of 32 bits.
  const high = Math.floor(value / 2 ** 32);
  const low = value - high * 2 ** 32;
  for (let index = 0; index < bytes; index++) {
    const shift = 8 * (bytes - 1 - index);
    target[at + index] = shift < 32 ? low >>> shift : high >>> (shift - 32);
  }
}
