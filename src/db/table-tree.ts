/** B-trees of tables ("Database File Format", section 1.6): leaves are written in the order of their row ids, from left to right, by any thread; the pages above them by one. */
import type { Buffer } from 'node:buffer';
import { localBytes, PAGE, PAGE_BYTES, type PageSink, putOverflow, TreePage } from './pages.ts';
import { type CellBuffer, putVarint } from './record.ts';

/** Longest record that lies wholly in its page. */
const MAX_LOCAL = PAGE_BYTES - 35;
/** A child's page number and row id. */
const INTERIOR_CELL = 13;
const MAX_CHILDREN = Math.floor((PAGE_BYTES - 12) / (INTERIOR_CELL + 2)) + 1;

/** Writes leaves: a stretch of a table. */
export class TableLeaves {
  readonly #sink: PageSink;
  readonly #page = new TreePage(PAGE.LEAF_TABLE);
  #last = 0;
  /** Page number and largest row id of each finished leaf, alternating. */
  #leaves: number[] = [];

  constructor(sink: PageSink) {
    this.#sink = sink;
  }

  /**
   * Adds the cell that was added to `cells` last.
   * @param from where it begins.
   * @param rowId larger than all before.
   */
  add(cells: CellBuffer, from: number, rowId: number): void {
    const { bytes, length: to, recordLength } = cells;
    const page = this.#page;
    if (recordLength <= MAX_LOCAL) {
      if (!page.fits(to - from)) this.#endLeaf();
      page.add(bytes, cells.view, from, to);
    } else {
      // Its record ends the cell.
      const end = to - recordLength + localBytes(recordLength, MAX_LOCAL);
      const length = end - from + 4;
      if (!page.fits(length)) this.#endLeaf();
      const at = page.place(length);
      bytes.copy(page.bytes, at, from, end);
      page.bytes.writeUInt32BE(putOverflow(this.#sink, bytes, end, to), at + length - 4);
    }
    this.#last = rowId;
  }

  /** Ends the stretch: page number and largest row id of each of its leaves, alternating. */
  take(): Float64Array {
    this.#endLeaf();
    const leaves = Float64Array.from(this.#leaves);
    this.#leaves = [];
    return leaves;
  }

  #endLeaf(): void {
    if (this.#page.cells === 0) return;
    this.#leaves.push(this.#sink.add(this.#page.finished()), this.#last);
    this.#page.clear();
  }
}

/** A page of the tree, and the largest row id below it. */
interface Child {
  readonly page: number;
  readonly last: number;
}

/** The whole of a table: takes the stretches in order, writes what is above them. */
export class TableTree {
  readonly #sink: PageSink;
  /** From the leaves upwards: pages that have no parent yet. */
  readonly #levels: Child[][] = [[]];

  constructor(sink: PageSink) {
    this.#sink = sink;
  }

  /** @param leaves what {@link TableLeaves.take} gave. */
  append(leaves: Float64Array): void {
    for (let at = 0; at < leaves.length; at += 2) {
      this.#push(0, { page: leaves[at] ?? 0, last: leaves[at + 1] ?? 0 });
    }
  }

  /**
   * Writes what is left, the root into the page where SQLite has it.
   * @returns a page that became free, if there is one.
   */
  finish(root: number): readonly number[] {
    for (let level = 0; ; level++) {
      const children = this.#levels[level] ?? [];
      const top = level === this.#levels.length - 1;
      const [only] = children;
      if (only === undefined) return [];
      if (top && children.length === 1) {
        // A root with a single child is none: the child takes its place.
        this.#sink.put(root, this.#sink.read(only.page));
        return [only.page];
      }
      if (top && children.length <= MAX_CHILDREN) {
        this.#sink.put(root, interior(children));
        return [];
      }
      // Shared out evenly, so that no page is left with a single child, which the format does not allow.
      const pages = Math.ceil(children.length / MAX_CHILDREN);
      for (let index = 0; index < pages; index++) {
        const own = children.slice(
          Math.floor((index * children.length) / pages),
          Math.floor(((index + 1) * children.length) / pages),
        );
        this.#emit(level, own);
      }
    }
  }

  #push(level: number, child: Child): void {
    const children = (this.#levels[level] ??= []);
    children.push(child);
    // As many stay behind: the last pages of a level are shared out when their number is known.
    if (children.length === 2 * MAX_CHILDREN) this.#emit(level, children.splice(0, MAX_CHILDREN));
  }

  #emit(level: number, children: readonly Child[]): void {
    const page = this.#sink.add(interior(children));
    this.#push(level + 1, { page, last: children.at(-1)?.last ?? 0 });
  }
}

/** The page above at least two children. */
function interior(children: readonly Child[]): Buffer {
  const page = new TreePage(PAGE.INTERIOR_TABLE);
  // The last child is the page's right pointer, not a cell.
  for (const child of children.slice(0, -1)) {
    const at = page.place(4 + varintLength(child.last));
    page.bytes.writeUInt32BE(child.page, at);
    putVarint(page.bytes, at + 4, child.last);
  }
  return page.finished(children.at(-1)?.page);
}

function varintLength(value: number): number {
  let length = 1;
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) length++;
  return length;
}
