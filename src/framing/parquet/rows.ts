/**
 * A Parquet file as lines of text: one JSON object for each row, in the order of the file, its members in the order of
 * the schema, nulls left out. The text depends on the file alone, so a place in it is a place of evidence as one in
 * inflated gzip is. Rows that cannot be decoded are a line of their own, which says which and why.
 */
import { Buffer } from 'node:buffer';
import { MAX_RECORD_BYTES } from '../sink.ts';
import { ColumnCursor, PageBudget } from './column.ts';
import { ParquetFault } from './fault.ts';
import { chunkOf, type FileBytes, type Footer, readFooter } from './footer.ts';
import { type Group, type Node, REPETITION } from './schema.ts';

/** First character of a line that stands for rows which cannot be decoded. */
export const FAULT_MARK = '!';

/** Memory for the pages of a file that are open at once. */
const MOST_OPEN = 192 * 2 ** 20;
/** Text is given on in pieces of about this length. */
const PIECE = 131_072;
/**
 * A file may give this much text whatever its size; beyond it, MOST_RATIO times its bytes. Flow logs give 20 to 40 times.
 */
const FREE_BYTES = 2 ** 30;
const MOST_RATIO = 300;
/** What a row counts at least: an empty one costs the importer as much. */
const ROW_BYTES = 64;

/** Hears what there is to say of a file besides its rows. */
export interface Told {
  readonly odd: (kind: 'parquet_corrupt' | 'gzip_bomb', detail: string) => void;
  /** Its columns, as a row in which each of them is null; told before the first row. */
  readonly columns: (row: string) => void;
}

/** The text of a file's rows, in pieces. */
export function* parquetText(file: FileBytes, told: Told): Generator<Buffer, void, undefined> {
  let footer: Footer;
  try {
    footer = readFooter(file);
  } catch (error) {
    told.odd('parquet_corrupt', `a Parquet file that cannot be read: ${reasonOf(error)}`);
    return;
  }
  told.columns(nulls(footer.schema.root));
  const reader = new RowsReader(file, footer);
  for (let group = 0; group < footer.groups.length; group++) yield* reader.group(group, told);
  const promised = footer.groups.reduce((sum, { rows }) => sum + rows, 0);
  if (footer.rows !== promised) {
    const said = `its footer says ${String(footer.rows)} rows, its row groups ${String(promised)}`;
    told.odd('parquet_corrupt', said);
  }
}

function nulls(node: Node): string {
  if (node.kind !== 'struct') return 'null';
  return `{${node.children.map((child) => `${JSON.stringify(child.name)}:${nulls(child)}`).join(',')}}`;
}

/** What a fault says; anything else is a bug and goes on. */
function reasonOf(error: unknown): string {
  if (!(error instanceof ParquetFault)) throw error;
  return error.message;
}

class RowsReader {
  readonly #file: FileBytes;
  readonly #footer: Footer;
  readonly #budget = new PageBudget(MOST_OPEN);
  readonly #keys = new Map<Node, string>();
  #cursors: ColumnCursor[] = [];
  /** Rows before the row group at hand. */
  #before = 0;
  #textBytes = 0;
  /** Length of the row at hand so far. */
  #rowLength = 0;
  #stopped = false;

  constructor(file: FileBytes, footer: Footer) {
    this.#file = file;
    this.#footer = footer;
  }

  *group(index: number, told: Told): Generator<Buffer, void, undefined> {
    const promised = this.#footer.groups[index]?.rows ?? 0;
    const { root } = this.#footer.schema;
    let rows = 0;
    let text = '';
    let fault: string | undefined;
    try {
      this.#openColumns(index);
      while (!this.#stopped && this.#anotherRow()) {
        this.#rowLength = 0;
        const row = `${this.#fields(root, 0)}\n`;
        rows++;
        text += row;
        this.#textBytes += Math.max(ROW_BYTES, row.length);
        if (text.length < PIECE) continue;
        yield Buffer.from(text);
        text = '';
        this.#stopped =
          this.#textBytes > FREE_BYTES && this.#textBytes > MOST_RATIO * this.#file.length;
      }
    } catch (error) {
      fault = reasonOf(error);
    }
    for (const cursor of this.#cursors) cursor.close();
    this.#cursors = [];
    const from = this.#before + rows + 1;
    this.#before += Math.max(rows, promised);
    const where = `row group ${String(index + 1)}`;
    if (this.#stopped) {
      const size = String(this.#file.length);
      told.odd(
        'gzip_bomb',
        `the first ${String(from - 1)} rows of a Parquet file of ${size} bytes are too much text; the rest is not read`,
      );
      fault = 'the text of the rows before them is too much';
    } else if (rows > promised) {
      told.odd(
        'parquet_corrupt',
        `${where}: its footer says ${String(promised)} rows, it has ${String(rows)} or more; all were read`,
      );
    }
    if (rows < promised || fault !== undefined) {
      const to = rows < promised ? String(this.#before) : 'the end of the row group';
      const why = fault ?? 'they are not there: the footer promises more rows than there are';
      text += `${FAULT_MARK}rows ${String(from)} to ${to} (${where}): ${why}\n`;
    }
    if (text !== '') yield Buffer.from(text);
  }

  #openColumns(index: number): void {
    const { schema, groups } = this.#footer;
    const chunks = groups[index]?.chunks ?? [];
    if (chunks.length > schema.leaves.length)
      throw new ParquetFault('the row group has more columns than the schema');
    for (const leaf of schema.leaves) {
      this.#named(leaf.path, () => {
        const chunk = chunkOf(chunks[leaf.first], leaf, this.#footer);
        this.#cursors.push(new ColumnCursor(leaf, this.#file, chunk, this.#budget));
      });
    }
  }

  /** Says of a fault in which column it is. */
  #named<T>(path: readonly string[], work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw new ParquetFault(`column ${JSON.stringify(path.join('.'))}: ${reasonOf(error)}`);
    }
  }

  #cursor(leaf: number): ColumnCursor {
    const cursor = this.#cursors[leaf];
    if (cursor === undefined) throw new ParquetFault('a column is missing');
    return cursor;
  }

  /** True if a row begins here; all columns must say the same. */
  #anotherRow(): boolean {
    const first = this.#cursor(0);
    for (const { open, repetition, leaf, fault } of this.#cursors) {
      if (fault !== undefined)
        throw new ParquetFault(`column ${JSON.stringify(leaf.path.join('.'))}: ${fault.message}`);
      if (open !== first.open)
        throw new ParquetFault(
          `column ${JSON.stringify(leaf.path.join('.'))}: it does not have as many rows as the first`,
        );
      if (open && repetition !== 0)
        throw new ParquetFault(
          `column ${JSON.stringify(leaf.path.join('.'))}: it has more values than the others`,
        );
    }
    return first.open;
  }

  /** Text of a node's value; undefined for null. @param rep level that its first triple has to have. */
  #value(node: Node, rep: number): string | undefined {
    if (node.repetition === REPETITION.repeated) return this.#items(node, rep, node);
    return this.#single(node, rep);
  }

  #single(node: Node, rep: number): string | undefined {
    const first = this.#cursor(node.first);
    if (first.definition < node.definition) {
      this.#pass(node, rep);
      return undefined;
    }
    if (node.kind === 'leaf') return this.#leaf(first, rep);
    const [child] = node.children;
    if (node.kind === 'struct' || child === undefined) return this.#fields(node, rep);
    return node.kind === 'list'
      ? this.#items(child, rep, elementOf(node, child))
      : this.#entries(child, rep);
  }

  #leaf(cursor: ColumnCursor, rep: number): string {
    if (!cursor.open || cursor.repetition !== rep) throw disagreed(cursor);
    const { path } = cursor.leaf;
    const text = this.#named(path, () => cursor.take());
    this.#count(text.length);
    return text;
  }

  /** A node without value: every column in it has a triple that says so. */
  #pass(node: Node, rep: number): void {
    for (let leaf = node.first; leaf < node.end; leaf++) {
      const cursor = this.#cursor(leaf);
      if (!cursor.open || cursor.repetition !== rep || cursor.definition >= node.definition)
        throw disagreed(cursor);
      this.#named(cursor.leaf.path, () => {
        cursor.pass();
      });
    }
  }

  #fields(group: Group, rep: number): string {
    let text = '{';
    for (const child of group.children) {
      const value = this.#value(child, rep);
      if (value === undefined) continue;
      const key = this.#key(child);
      this.#count(key.length);
      text += text.length === 1 ? key + value : `,${key}${value}`;
    }
    return `${text}}`;
  }

  #key(node: Node): string {
    let key = this.#keys.get(node);
    if (key === undefined) {
      key = `${JSON.stringify(node.name)}:`;
      this.#keys.set(node, key);
    }
    return key;
  }

  /** The values of a repeated node as an array. @param element what stands in it for each of them. */
  #items(repeated: Node, rep: number, element: Node): string {
    const items: string[] = [];
    this.#each(repeated, rep, (own) => {
      items.push(this.#element(repeated, element, own) ?? 'null');
    });
    return `[${items.join(',')}]`;
  }

  #element(repeated: Node, element: Node, rep: number): string | undefined {
    if (element !== repeated) return this.#value(element, rep);
    // The repeated field itself: it is there, or this would not be called.
    if (repeated.kind === 'leaf') return this.#leaf(this.#cursor(repeated.first), rep);
    return this.#fields(repeated, rep);
  }

  /** A map: an object if all keys are strings, an array of entries otherwise. */
  #entries(repeated: Node, rep: number): string {
    if (repeated.kind === 'leaf') return this.#items(repeated, rep, repeated);
    const [keyNode, valueNode] = repeated.children;
    const entries: (readonly [key: string, value: string])[] = [];
    this.#each(repeated, rep, (own) => {
      if (keyNode === undefined || valueNode === undefined) return;
      const key = this.#value(keyNode, own) ?? 'null';
      entries.push([key, this.#value(valueNode, own) ?? 'null']);
    });
    return entries.every(([key]) => key.startsWith('"'))
      ? `{${entries.map(([key, value]) => `${key}:${value}`).join(',')}}`
      : `[${entries.map(([key, value]) => `{"key":${key},"value":${value}}`).join(',')}]`;
  }

  #each(repeated: Node, rep: number, take: (rep: number) => void): void {
    const first = this.#cursor(repeated.first);
    if (first.definition < repeated.definition) {
      this.#pass(repeated, rep);
      return;
    }
    let own = rep;
    do {
      this.#count(8);
      take(own);
      own = repeated.level;
    } while (first.open && first.repetition === own);
  }

  #count(length: number): void {
    this.#rowLength += length;
    // Separators and brackets are not counted: half is far enough from the limit of a record.
    if (this.#rowLength > MAX_RECORD_BYTES / 2)
      throw new ParquetFault(`a row of more than ${String(MAX_RECORD_BYTES / 2)} characters`);
  }
}

function disagreed({ leaf }: ColumnCursor): ParquetFault {
  return new ParquetFault(
    `column ${JSON.stringify(leaf.path.join('.'))}: it does not agree with its neighbours on what repeats`,
  );
}

/** What stands in a list for each of its elements: LogicalTypes.md, "Lists", with the rules for older writers. */
function elementOf(list: Group, repeated: Node): Node {
  if (repeated.kind === 'leaf') return repeated;
  const [only] = repeated.children;
  const isElement =
    repeated.children.length !== 1 ||
    repeated.name === 'array' ||
    repeated.name === `${list.name}_tuple`;
  return isElement || only === undefined ? repeated : only;
}
