/**
 * The footer of a Parquet file: its schema and where the columns of its row groups lie (Apache Parquet,
 * parquet-format, "File format" and parquet.thrift). Nothing in it is believed before it was checked.
 */
import { Buffer } from 'node:buffer';
import { ParquetFault, within } from './fault.ts';
import { schemaOf, type Schema } from './schema.ts';
import { type Struct, structAt, structs, ThriftReader, type Wanted } from './thrift.ts';

/** The bytes of a whole file. */
export interface FileBytes {
  readonly length: number;
  /** @returns the bytes from `from`, `length` of them; the range is inside the file. */
  readonly read: (from: number, length: number) => Buffer;
}

/** Pages of one column in one row group. */
export interface Chunk {
  readonly from: number;
  readonly to: number;
  readonly codec: number;
}

/** A row group; its chunks are checked when they are read. */
export interface RowGroup {
  /** As the footer says. */
  readonly rows: number;
  readonly chunks: readonly Struct[];
}

/** What a footer says. */
export interface Footer {
  readonly schema: Schema;
  /** As the footer says. */
  readonly rows: number;
  readonly groups: readonly RowGroup[];
  /** First byte of the footer: no page lies behind it. */
  readonly start: number;
}

const MAGIC = Buffer.from('PAR1');
const ENCRYPTED = Buffer.from('PARE');
/** Footer length and magic. */
const TAIL = 8;
/** AWS's footers have some kilobytes. */
const MOST_FOOTER = 64 * 2 ** 20;

const LEAF: Wanted = {};
/** FileMetaData: schema, num_rows, row_groups. */
const FILE: Wanted = {
  // SchemaElement: type, type_length, repetition_type, name, num_children, converted_type, scale, logicalType.
  2: {
    1: LEAF,
    2: LEAF,
    3: LEAF,
    4: LEAF,
    5: LEAF,
    6: LEAF,
    7: LEAF,
    // LogicalType, a union: each member as what it is; TIME and TIMESTAMP with their unit, INTEGER with its sign.
    10: {
      1: LEAF,
      2: LEAF,
      3: LEAF,
      4: LEAF,
      5: { 1: LEAF },
      6: LEAF,
      7: { 1: LEAF, 2: { 1: LEAF, 2: LEAF, 3: LEAF } },
      8: { 1: LEAF, 2: { 1: LEAF, 2: LEAF, 3: LEAF } },
      10: { 1: LEAF, 2: LEAF },
      12: LEAF,
      14: LEAF,
      15: LEAF,
    },
  },
  3: LEAF,
  // RowGroup: columns, num_rows. ColumnChunk: file_path, meta_data, crypto_metadata.
  4: {
    1: { 1: LEAF, 3: { 1: LEAF, 3: LEAF, 4: LEAF, 7: LEAF, 9: LEAF, 11: LEAF }, 8: LEAF },
    3: LEAF,
  },
  8: LEAF,
};

/** True if a file begins as Parquet does. */
export function beginsAsParquet(head: Buffer): boolean {
  return head.subarray(0, MAGIC.length).equals(MAGIC);
}

/** @throws ParquetFault where the file has no footer that makes sense. */
export function readFooter(file: FileBytes): Footer {
  const least = MAGIC.length + TAIL;
  if (file.length < least) throw new ParquetFault('the file ends before its footer');
  const tail = file.read(file.length - TAIL, TAIL);
  const magic = tail.subarray(4);
  if (magic.equals(ENCRYPTED)) throw new ParquetFault('its footer is encrypted');
  if (!magic.equals(MAGIC)) {
    throw new ParquetFault(
      'the file is cut: it does not end as Parquet does, and what it holds stands in its end',
    );
  }
  const length = tail.readUInt32LE(0);
  const start = file.length - TAIL - length;
  if (start < MAGIC.length || length > MOST_FOOTER) {
    throw new ParquetFault(
      `its footer of ${String(length)} bytes cannot be: the file has ${String(file.length)}`,
    );
  }
  const meta = new ThriftReader(file.read(start, length)).struct(FILE);
  if (meta.has(8)) throw new ParquetFault('its columns are encrypted');
  return {
    schema: schemaOf(structs(meta.get(2))),
    rows: within(meta.get(3), 0, Number.MAX_SAFE_INTEGER, 'the number of rows'),
    groups: structs(meta.get(4)).map((group) => ({
      rows: within(group.get(3), 0, Number.MAX_SAFE_INTEGER, 'the number of rows of a row group'),
      chunks: structs(group.get(1)),
    })),
    start,
  };
}

/**
 * Where the pages of a column lie.
 * @throws ParquetFault where that cannot be.
 */
export function chunkOf(
  chunk: Struct | undefined,
  { path, type }: { readonly path: readonly string[]; readonly type: number },
  footer: Footer,
): Chunk {
  if (chunk === undefined) throw new ParquetFault('the row group lacks it');
  if (chunk.has(8)) throw new ParquetFault('it is encrypted');
  if (chunk.has(1)) throw new ParquetFault('its pages lie in another file');
  const meta = structAt(chunk.get(3));
  if (meta === undefined) throw new ParquetFault('the footer does not say where it is');
  const names = meta.get(3);
  const same =
    Array.isArray(names) &&
    names.length === path.length &&
    names.every((name, index) => Buffer.isBuffer(name) && name.toString('utf8') === path[index]);
  if (!same || meta.get(1) !== type)
    throw new ParquetFault('the row group has another column there');
  const most = footer.start;
  const data = within(meta.get(9), MAGIC.length, most, 'the place of its first page');
  const dictionary = meta.get(11);
  // Some writers give 0 where there is none, or a place behind the data.
  const from =
    typeof dictionary === 'number' && dictionary >= MAGIC.length
      ? Math.min(dictionary, data)
      : data;
  const size = within(meta.get(7), 0, most - from, 'the length of its pages');
  return { from, to: from + size, codec: within(meta.get(4), 0, 255, 'its codec') };
}
