/**
 * Writes rows as Apache Parquet, the way a small writer does: one row group, one uncompressed page per column, plain
 * encoding, every value there (Apache Parquet documentation, "File Format"; thrift compact protocol).
 */

/** A column's value; a `number` is 32 bits, a `bigint` 64. */
type Cell = string | number | bigint;

const INT32 = 1;
const INT64 = 2;
const BYTE_ARRAY = 6;
const UTF8 = 0;

/** Types of thrift's compact protocol. */
const THRIFT = { i32: 5, i64: 6, binary: 8, list: 9, struct: 12 } as const;

type Field = readonly [id: number, type: number, value: Buffer];

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let left = value;
  for (; left > 127; left = Math.floor(left / 128)) bytes.push((left % 128) + 128);
  return Buffer.from([...bytes, left]);
}

const int = (id: number, value: number): Field => [id, THRIFT.i32, varint(value * 2)];
const long = (id: number, value: number): Field => [id, THRIFT.i64, varint(value * 2)];
const binary = (text: string): Buffer =>
  Buffer.concat([varint(Buffer.byteLength(text)), Buffer.from(text)]);

function struct(fields: readonly Field[]): Buffer {
  let last = 0;
  const parts = fields.map(([id, type, value]) => {
    const head = Buffer.from([((id - last) << 4) | type]);
    last = id;
    return Buffer.concat([head, value]);
  });
  return Buffer.concat([...parts, Buffer.from([0])]);
}

function list(type: number, items: readonly Buffer[]): Buffer {
  const head =
    items.length < 15
      ? Buffer.from([(items.length << 4) | type])
      : Buffer.concat([Buffer.from([0xf0 | type]), varint(items.length)]);
  return Buffer.concat([head, ...items]);
}

function plainValue(value: Cell): Buffer {
  if (typeof value === 'string') {
    const bytes = Buffer.from(value);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    return Buffer.concat([length, bytes]);
  }
  const bytes = Buffer.alloc(typeof value === 'number' ? 4 : 8);
  if (typeof value === 'number') bytes.writeInt32LE(value);
  else bytes.writeBigInt64LE(value);
  return bytes;
}

/** Rows of one shape as a Parquet file; the first row names the columns and their types. */
export function parquet(rows: readonly Readonly<Record<string, Cell>>[]): Buffer {
  const parts: Buffer[] = [Buffer.from('PAR1')];
  let place = 4;
  const columns = Object.entries(rows[0] ?? {}).map(([name, sample]) => ({
    name,
    type: typeof sample === 'string' ? BYTE_ARRAY : typeof sample === 'number' ? INT32 : INT64,
  }));
  const chunks = columns.map(({ name, type }) => {
    const page = Buffer.concat(rows.map((row) => plainValue(row[name] ?? '')));
    const header = struct([
      int(1, 0),
      int(2, page.length),
      int(3, page.length),
      [5, THRIFT.struct, struct([int(1, rows.length), int(2, 0), int(3, 3), int(4, 3)])],
    ]);
    parts.push(header, page);
    const length = header.length + page.length;
    const meta = struct([
      int(1, type),
      [2, THRIFT.list, list(THRIFT.i32, [varint(0)])],
      [3, THRIFT.list, list(THRIFT.binary, [binary(name)])],
      int(4, 0),
      long(5, rows.length),
      long(6, length),
      long(7, length),
      long(9, place),
    ]);
    place += length;
    return struct([long(2, 4), [3, THRIFT.struct, meta]]);
  });
  const schema = [
    struct([[4, THRIFT.binary, binary('root')], int(5, columns.length)]),
    ...columns.map(({ name, type }) =>
      struct([
        int(1, type),
        int(3, 0),
        [4, THRIFT.binary, binary(name)],
        ...(type === BYTE_ARRAY ? [int(6, UTF8)] : []),
      ]),
    ),
  ];
  const group = struct([
    [1, THRIFT.list, list(THRIFT.struct, chunks)],
    long(2, place),
    long(3, rows.length),
  ]);
  const footer = struct([
    int(1, 1),
    [2, THRIFT.list, list(THRIFT.struct, schema)],
    long(3, rows.length),
    [4, THRIFT.list, list(THRIFT.struct, [group])],
  ]);
  const tail = Buffer.alloc(4);
  tail.writeUInt32LE(footer.length);
  return Buffer.concat([...parts, footer, tail, Buffer.from('PAR1')]);
}
