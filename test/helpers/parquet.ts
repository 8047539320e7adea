/**
 * A writer of small Parquet files that lies where it is told to: one page per column, no compression, values as given.
 * Written from parquet.thrift and Thrift's compact protocol, without the product's code.
 */
import { Buffer } from 'node:buffer';

/** A column and its one page. */
export interface Column {
  readonly name: string;
  /** Physical type, by number. */
  readonly type: number;
  readonly width?: number;
  readonly converted?: number;
  readonly scale?: number;
  /** 0 required, 1 optional, 2 repeated. */
  readonly repetition?: number;
  /** Content of the page: levels and values as they are encoded. */
  readonly page: Buffer;
  readonly encoding?: number;
  /** Values that the page's header promises. */
  readonly values: number;
  readonly codec?: number;
  /** Content of the page as it is stored, where a codec packed it. */
  readonly packed?: Buffer;
  /** Sizes in the page's header, where they lie. */
  readonly size?: number;
  readonly crc?: number;
}

/** What the file says of itself, where it lies. */
export interface Lies {
  readonly rows?: number;
  readonly fileRows?: number;
  readonly footerLength?: number;
  readonly magic?: string;
  readonly chunkLength?: number;
  readonly place?: number;
  /** Fields of the root. */
  readonly fields?: number;
}

type Field = readonly [id: number, type: number, value: Buffer];

/** A file of one row group. */
export function parquetFile(rows: number, columns: readonly Column[], lies: Lies = {}): Buffer {
  const parts: Buffer[] = [Buffer.from('PAR1')];
  let at = 4;
  const chunks = columns.map((column) => {
    const stored = column.packed ?? column.page;
    const header = struct([
      int(1, 0),
      int(2, column.size ?? column.page.length),
      int(3, stored.length),
      ...(column.crc === undefined ? [] : [int(4, column.crc | 0)]),
      [5, 12, struct([int(1, column.values), int(2, column.encoding ?? 0), int(3, 3), int(4, 3)])],
    ]);
    parts.push(header, stored);
    const length = header.length + stored.length;
    const meta = struct([
      int(1, column.type),
      [2, 9, list(5, [zigzag(0)])],
      [3, 9, list(8, [text(column.name)])],
      int(4, column.codec ?? 0),
      long(5, column.values),
      long(6, length),
      long(7, lies.chunkLength ?? length),
      long(9, lies.place ?? at),
    ]);
    at += length;
    return struct([long(2, 4), [3, 12, meta]]);
  });
  const schema = [
    struct([[4, 8, text('root')], int(5, lies.fields ?? columns.length)]),
    ...columns.map(({ name, type, width, converted, scale, repetition = 0 }) =>
      struct([
        int(1, type),
        ...(width === undefined ? [] : [int(2, width)]),
        int(3, repetition),
        [4, 8, text(name)],
        ...(converted === undefined ? [] : [int(6, converted)]),
        ...(scale === undefined ? [] : [int(7, scale)]),
      ]),
    ),
  ];
  const group = struct([[1, 9, list(12, chunks)], long(2, at), long(3, lies.rows ?? rows)]);
  const footer = struct([
    int(1, 1),
    [2, 9, list(12, schema)],
    long(3, lies.fileRows ?? lies.rows ?? rows),
    [4, 9, list(12, [group])],
  ]);
  const tail = Buffer.alloc(4);
  tail.writeUInt32LE(lies.footerLength ?? footer.length);
  return Buffer.concat([...parts, footer, tail, Buffer.from(lies.magic ?? 'PAR1')]);
}

/** Numbers of four bytes, the lowest first. */
export function int32s(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeInt32LE(value, 4 * index);
  return bytes;
}

/** Texts as plain values: each with its length before it. */
export function texts(...values: readonly string[]): Buffer {
  return Buffer.concat(
    values.flatMap((value) => [int32s(Buffer.byteLength(value)), Buffer.from(value)]),
  );
}

/** An unsigned LEB128 varint. */
export function varint(value: number): Buffer {
  const bytes: number[] = [];
  let left = value;
  while (left > 127) {
    bytes.push((left % 128) + 128);
    left = Math.floor(left / 128);
  }
  return Buffer.from([...bytes, left]);
}

function zigzag(value: number): Buffer {
  return varint(value < 0 ? -value * 2 - 1 : value * 2);
}

function int(id: number, value: number): Field {
  return [id, 5, zigzag(value)];
}

function long(id: number, value: number): Field {
  return [id, 6, zigzag(value)];
}

function text(value: string): Buffer {
  return Buffer.concat([varint(Buffer.byteLength(value)), Buffer.from(value)]);
}

function list(type: number, items: readonly Buffer[]): Buffer {
  const head = items.length < 15 ? Buffer.from([(items.length << 4) | type]) : undefined;
  return Buffer.concat([
    head ?? Buffer.concat([Buffer.from([0xf0 | type]), varint(items.length)]),
    ...items,
  ]);
}

function struct(fields: readonly Field[]): Buffer {
  let last = 0;
  const parts: Buffer[] = [];
  for (const [id, type, value] of fields) {
    parts.push(Buffer.from([((id - last) << 4) | type]), value);
    last = id;
  }
  return Buffer.concat([...parts, Buffer.from([0])]);
}
