/** Parquet as lines of rows: what other tools write, by every codec and type; files that lie; any bytes at all. */
import { Buffer } from 'node:buffer';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, crc32, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { contentOf } from '#src/framing/content.ts';
import { newInflateReport } from '#src/framing/gzip.ts';
import { duckJson, duckParquet } from '../helpers/duck.ts';
import { type Column, int32s, type Lies, parquetFile, texts, varint } from '../helpers/parquet.ts';

interface Content {
  readonly lines: readonly string[];
  readonly problems: readonly string[];
  readonly compression: string;
}

async function content(file: Buffer, step = Infinity): Promise<Content> {
  const report = newInflateReport();
  const pieces: Buffer[] = [];
  const stored = function* (): Generator<Buffer> {
    for (let at = 0; at < file.length; at += step) yield file.subarray(at, at + step);
  };
  for await (const piece of contentOf(stored(), report)) pieces.push(piece);
  const text = Buffer.concat(pieces).toString('utf8');
  expect(text === '' || text.endsWith('\n')).toBe(true);
  return {
    lines: text.split('\n').slice(0, -1),
    problems: report.problems.map(({ kind, detail }) => `${kind}: ${detail}`),
    compression: report.compression,
  };
}

const TYPES = `SELECT
  true AS yes, 5::TINYINT AS tiny, -2::INTEGER AS small, 9007199254740993::BIGINT AS big, (-9223372036854775807 - 1)::BIGINT AS least,
  4294967295::UINTEGER AS unsigned, 18446744073709551615::UBIGINT AS most,
  0.5::FLOAT AS half, 'NaN'::DOUBLE AS nan, 1e300::DOUBLE AS large,
  12.34::DECIMAL(4,2) AS price, -0.000001::DECIMAL(18,6) AS fine, 12345678901234567890.12345::DECIMAL(30,5) AS wide,
  DATE '1969-12-31' AS day, TIME '23:59:59.000001' AS clock,
  TIMESTAMP_MS '2025-11-08 09:00:00.123' AS ms, TIMESTAMP '1969-12-31 23:59:59.999999' AS us,
  TIMESTAMP_NS '2025-11-08 09:00:00.123456789' AS ns, TIMESTAMPTZ '9999-12-31 23:59:59.999999+00' AS zoned,
  'ü "quoted" \\ \u{1F600}' AS text, '\\xFF\\x00'::BLOB AS bytes, UUID '0a1b2c3d-1111-4222-8333-444455556666' AS uuid,
  NULL::INTEGER AS nothing, [1, NULL, 3] AS list, []::INTEGER[] AS empty, NULL::INTEGER[] AS none,
  {'a': 1, 'b': NULL, 'c': {'d': 'x'}} AS struct, MAP {'k': 'v', 'l': NULL} AS map, MAP {1: 2} AS numbers,
  [{'n': 'x', 'l': [1]}, {'n': NULL, 'l': []}, NULL] AS nested, [[1], [], NULL, [2, 3]] AS lists`;

const TYPES_JSON =
  '{"yes":true,"tiny":5,"small":-2,"big":9007199254740993,"least":-9223372036854775808,"unsigned":4294967295,' +
  '"most":18446744073709551615,"half":0.5,"nan":"NaN","large":1e+300,"price":"12.34","fine":"-0.000001",' +
  '"wide":"12345678901234567890.12345","day":"1969-12-31","clock":"23:59:59.000001","ms":"2025-11-08T09:00:00.123",' +
  '"us":"1969-12-31T23:59:59.999999","ns":"2025-11-08T09:00:00.123456789","zoned":"9999-12-31T23:59:59.999999Z",' +
  '"text":"ü \\"quoted\\" \\\\ \u{1F600}","bytes":{"base64":"/wA="},"uuid":"0a1b2c3d-1111-4222-8333-444455556666",' +
  '"list":[1,null,3],"empty":[],"struct":{"a":1,"c":{"d":"x"}},"map":{"k":"v","l":null},"numbers":[{"key":1,"value":2}],' +
  '"nested":[{"n":"x","l":[1]},{"l":[]},null],"lists":[[1],[],null,[2,3]]}';

const CODECS = ['uncompressed', 'snappy', 'gzip', 'zstd', 'lz4_raw', 'brotli'];

describe('what DuckDB writes', () => {
  it.each(CODECS.flatMap((codec) => [[codec, 'V1'] as const, [codec, 'V2'] as const]))(
    'comes back exactly: %s, pages of %s',
    async (codec, version) => {
      const file = await duckParquet(
        `SELECT * FROM (${TYPES}) UNION ALL BY NAME SELECT 7::TINYINT AS tiny`,
        `COMPRESSION ${codec}, PARQUET_VERSION ${version}`,
      );
      const { lines, problems, compression } = await content(file, 1000);
      expect(problems).toEqual([]);
      expect(compression).toBe('parquet');
      expect(lines).toEqual([TYPES_JSON, '{"tiny":7}']);
    },
  );

  it('comes back in many row groups and pages, as DuckDB reads it', async () => {
    const query = `SELECT i, (i * 7919) % 100000 AS scattered, i // 100 AS slow, 'name-' || (i % 37) AS name,
      CASE WHEN i % 3 = 0 THEN NULL ELSE 'x' || i END AS maybe, [i, i + 1][1:i % 3] AS list,
      TIMESTAMP '2025-11-08 09:00:00' + INTERVAL (i) MILLISECOND AS at, i::DOUBLE / 8 AS ratio
      FROM range(9000) t(i)`;
    const expected = (await duckJson(`SELECT to_json(t)::VARCHAR FROM (${query}) t`)).map(
      (json) => {
        const row = JSON.parse(json) as { maybe: string | null; at: string };
        if (row.maybe === null) delete (row as { maybe?: unknown }).maybe;
        return { ...row, at: expect.any(String) as string };
      },
    );
    for (const version of ['V1', 'V2']) {
      const file = await duckParquet(query, `ROW_GROUP_SIZE 2048, PARQUET_VERSION ${version}`);
      const { lines, problems } = await content(file);
      expect(problems).toEqual([]);
      expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(expected);
      expect(lines[8999]).toContain('"at":"2025-11-08T09:00:08.999000"');
    }
  });

  it('is read inside gzip, and again inside gzip', async () => {
    const file = await duckParquet('SELECT 1 AS one');
    expect(await content(gzipSync(file))).toMatchObject({
      lines: ['{"one":1}'],
      compression: 'gzip+parquet',
    });
    expect((await content(gzipSync(gzipSync(file)))).compression).toBe('gzip+gzip+parquet');
  });

  it('may have no rows', async () => {
    const file = await duckParquet('SELECT 1 AS one WHERE false');
    expect(await content(file)).toEqual({ lines: [], problems: [], compression: 'parquet' });
  });
});

const REAL = join(import.meta.dirname, '../../../shared/real-samples');

describe.skipIf(!existsSync(REAL))('real files (skipped where they are not at hand)', () => {
  it('are read as DuckDB reads them', async () => {
    const files = readdirSync(REAL, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.parquet'))
      .map((entry) => join(entry.parentPath, entry.name));
    expect(files.length).toBeGreaterThan(0);
    for (const path of files) {
      const expected = await duckJson(`SELECT to_json(t)::VARCHAR FROM '${path}' t`);
      const { lines, problems } = await content(readFileSync(path));
      expect(problems).toEqual([]);
      expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(
        expected.map((json) => withoutNulls(JSON.parse(json))),
      );
    }
  });
});

/** The same without members that are null, as rows are written. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]) =>
      member === null ? [] : [[name, withoutNulls(member)]],
    ),
  );
}

const NUMBERS: Column = { name: 'n', type: 1, page: int32s(1, 2, 3), values: 3 };
const NAMES: Column = { name: 's', type: 6, page: texts('a', 'b', 'c'), values: 3 };
const THREE = ['{"n":1,"s":"a"}', '{"n":2,"s":"b"}', '{"n":3,"s":"c"}'];

describe('what older writers write', () => {
  it('has timestamps of twelve bytes', async () => {
    const page = Buffer.alloc(24);
    page.writeBigInt64LE(32_400_123_456_789n, 0);
    page.writeInt32LE(2_460_988, 8);
    page.writeBigInt64LE(86_399_999_999_999n, 12);
    page.writeInt32LE(2_440_587, 20);
    const column = { name: 't', type: 3, page, values: 2 };
    expect((await content(parquetFile(2, [column]))).lines).toEqual([
      '{"t":"2025-11-08T09:00:00.123456789Z"}',
      '{"t":"1969-12-31T23:59:59.999999999Z"}',
    ]);
  });

  it('has decimals and times by converted type, and texts without any', async () => {
    const columns: Column[] = [
      {
        name: 'd',
        type: 7,
        width: 3,
        converted: 5,
        scale: 1,
        page: Buffer.from('fffff6', 'hex'),
        values: 1,
      },
      {
        name: 'ms',
        type: 2,
        converted: 9,
        page: Buffer.from('ffffffffffffffff', 'hex'),
        values: 1,
      },
      { name: 'u', type: 1, converted: 13, page: int32s(-1), values: 1 },
      { name: 's', type: 6, page: texts('plain'), values: 1 },
      {
        name: 'far',
        type: 2,
        converted: 10,
        page: Buffer.from('ffffffffffffff7f', 'hex'),
        values: 1,
      },
    ];
    expect((await content(parquetFile(1, columns))).lines).toEqual([
      '{"d":"-1.0","ms":"1969-12-31T23:59:59.999Z","u":4294967295,"s":"plain","far":9223372036854775807}',
    ]);
  });

  it('repeats a field without saying that it is a list', async () => {
    // Levels: repeats 0 1 0, is there 1 1 0, in runs of one.
    const levels = (...values: readonly number[]): Buffer => {
      const runs = Buffer.concat(values.flatMap((value) => [varint(2), Buffer.from([value])]));
      return Buffer.concat([int32s(runs.length), runs]);
    };
    const page = Buffer.concat([levels(0, 1, 0), levels(1, 1, 0), int32s(7, 8)]);
    const column = { name: 'l', type: 1, repetition: 2, page, values: 3 };
    expect((await content(parquetFile(2, [column]))).lines).toEqual(['{"l":[7,8]}', '{"l":[]}']);
  });

  it('shares the beginnings of texts', async () => {
    // DELTA_BYTE_ARRAY: prefixes 0 3, rests 5 1; each a block of 128 in 4 with the first value in its head.
    const pair = (first: number, second: number): Buffer =>
      Buffer.concat([
        varint(128),
        varint(4),
        varint(2),
        varint(first * 2),
        varint(second >= first ? (second - first) * 2 : (first - second) * 2 - 1),
        Buffer.alloc(4),
      ]);
    const page = Buffer.concat([pair(0, 3), pair(5, 1), Buffer.from('hellop')]);
    const column = { name: 's', type: 6, encoding: 7, page, values: 2 };
    expect((await content(parquetFile(2, [column]))).lines).toEqual([
      '{"s":"hello"}',
      '{"s":"help"}',
    ]);
  });

  it.each([
    ['GZIP', 2, (page: Buffer) => gzipSync(page)],
    ['BROTLI', 4, (page: Buffer) => brotliCompressSync(page)],
    ['ZSTD', 6, (page: Buffer) => zstdCompressSync(page)],
    ['LZ4 of Hadoop', 5, hadoop],
    ['LZ4 without its frame', 5, literals],
    ['LZ4_RAW', 7, literals],
  ])('packs pages with %s', async (_name, codec, pack) => {
    const columns = [NUMBERS, NAMES].map((column) => ({
      ...column,
      codec,
      packed: pack(column.page),
    }));
    expect(await content(parquetFile(3, columns))).toMatchObject({ lines: THREE, problems: [] });
  });
});

/** A block of LZ4 that is one literal. */
function literals(page: Buffer): Buffer {
  const rest = page.length - 15;
  return rest < 0
    ? Buffer.concat([Buffer.from([page.length << 4]), page])
    : Buffer.concat([Buffer.from([0xf0, rest]), page]);
}

function hadoop(page: Buffer): Buffer {
  const block = literals(page);
  const sizes = Buffer.alloc(8);
  sizes.writeUInt32BE(page.length, 0);
  sizes.writeUInt32BE(block.length, 4);
  return Buffer.concat([sizes, block]);
}

describe('files that lie', () => {
  const lie = (numbers: Partial<Column>, lies: Lies = {}): Buffer =>
    parquetFile(3, [{ ...NUMBERS, ...numbers }, NAMES], lies);

  it('are told of, and rows before the lie are kept', async () => {
    expect((await content(lie({ crc: crc32(NUMBERS.page) }))).lines).toEqual(THREE);
    const cases: [string, Buffer, string[]][] = [
      [
        'an unknown codec',
        lie({ codec: 9 }),
        ['!rows 1 to 3 (row group 1): column "n": codec 9 is not known'],
      ],
      [
        'a codec that nobody reads',
        lie({ codec: 3 }),
        ['!rows 1 to 3 (row group 1): column "n": codec LZO is not read'],
      ],
      [
        'an unknown encoding',
        lie({ encoding: 99 }),
        ['!rows 1 to 3 (row group 1): column "n": encoding 99 is not known for its type'],
      ],
      [
        'an encoding of another type',
        lie({ encoding: 7 }),
        ['!rows 1 to 3 (row group 1): column "n": encoding 7 is not known for its type'],
      ],
      [
        'a wrong checksum',
        lie({ crc: 1 }),
        [
          '!rows 1 to 3 (row group 1): column "n": the checksum of a page does not match its content',
        ],
      ],
      [
        'a dictionary that is not there',
        lie({ encoding: 8 }),
        ['!rows 1 to 3 (row group 1): column "n": a page of a dictionary that is not there'],
      ],
      [
        'a page that is not what its codec says',
        lie({ codec: 6 }),
        ['!rows 1 to 3 (row group 1): column "n": a page is not ZSTD: Unknown frame descriptor'],
      ],
      [
        'a page of another size',
        lie({ size: 100 }),
        ['!rows 1 to 3 (row group 1): column "n": a page has 12 bytes where its header says 100'],
      ],
      [
        'a page of two gigabytes',
        lie({ size: 2 ** 31 - 1 }),
        ['!rows 1 to 3 (row group 1): column "n": the size of a page is 2147483647'],
      ],
      [
        'pages behind the file',
        lie({}, { place: 2 ** 40 }),
        ['!rows 1 to 3 (row group 1): column "n": the place of its first page is 1099511627776'],
      ],
      [
        'pages longer than the file',
        lie({}, { chunkLength: 2 ** 33 }),
        ['!rows 1 to 3 (row group 1): column "n": the length of its pages is 8589934592'],
      ],
      [
        'more values than are there',
        lie({ values: 4 }),
        [
          ...THREE,
          '!rows 4 to the end of the row group (row group 1): column "s": it does not have as many rows as the first',
        ],
      ],
      [
        'one value less than the others',
        lie({ values: 2 }),
        [
          ...THREE.slice(0, 2),
          '!rows 3 to 3 (row group 1): column "s": it does not have as many rows as the first',
        ],
      ],
    ];
    for (const [name, file, lines] of cases) {
      const got = await content(file);
      expect([name, ...got.lines]).toEqual([name, ...lines]);
      expect([name, ...got.problems]).toEqual([name]);
    }
  });

  it('about how many rows there are', async () => {
    expect(await content(lie({}, { rows: 2 }))).toMatchObject({
      lines: THREE,
      problems: [
        'parquet_corrupt: row group 1: its footer says 2 rows, it has 3 or more; all were read',
      ],
    });
    expect(await content(lie({}, { rows: 10 ** 15 }))).toMatchObject({
      lines: [
        ...THREE,
        '!rows 4 to 1000000000000000 (row group 1): they are not there: the footer promises more rows than there are',
      ],
      problems: [],
    });
    expect(await content(lie({}, { fileRows: 99 }))).toMatchObject({
      lines: THREE,
      problems: ['parquet_corrupt: its footer says 99 rows, its row groups 3'],
    });
  });

  it('about their footer', async () => {
    const whole = lie({});
    const cases: [Buffer, string][] = [
      [
        whole.subarray(0, -1),
        'the file is cut: it does not end as Parquet does, and what it holds stands in its end',
      ],
      [whole.subarray(0, 9), 'the file ends before its footer'],
      [
        lie({}, { footerLength: 0xffffffff }),
        `its footer of 4294967295 bytes cannot be: the file has ${String(whole.length)}`,
      ],
      [lie({}, { footerLength: 0 }), 'the bytes end inside a Thrift struct'],
      [lie({}, { footerLength: 20 }), ''],
      [lie({}, { magic: 'PARE' }), 'its footer is encrypted'],
      [lie({}, { fields: 5 }), 'the number of fields of a group is 5'],
      [lie({}, { fields: 1 }), 'its schema is no tree'],
      [lie({}, { fields: 0 }), ''],
      [lie({ type: 8 }), 'the type of a column is 8'],
      [lie({ type: 7 }), 'the width of a column is missing or no number'],
    ];
    for (const [file, reason] of cases) {
      const { lines, problems } = await content(file);
      expect(lines).toEqual([]);
      expect(problems).toHaveLength(1);
      expect(problems[0]).toContain(
        `parquet_corrupt: a Parquet file that cannot be read: ${reason}`,
      );
    }
  });

  it('about runs: two thousand million nulls in ten bytes stop at the limit of what a file may give', async () => {
    const runs = Buffer.concat([varint((2 ** 31 - 1) * 2), Buffer.from([0])]);
    const page = Buffer.concat([int32s(runs.length), runs]);
    const column = { name: 'x', type: 1, repetition: 1, page, values: 2 ** 31 - 1 };
    const report = newInflateReport();
    let rows = 0;
    for await (const piece of contentOf([parquetFile(2 ** 31 - 1, [column])], report))
      rows += piece.length / 3;
    expect(report.problems.map(({ kind }) => kind)).toEqual(['gzip_bomb']);
    expect(rows).toBeLessThan(2 ** 25);
  });
});

describe('any bytes', () => {
  let small: Buffer;
  beforeAll(async () => {
    small = await duckParquet(
      `SELECT * FROM (${TYPES}) UNION ALL BY NAME SELECT 7::TINYINT AS tiny`,
      'COMPRESSION zstd',
    );
  });

  it('never throw, and rows that are lost are told of', async () => {
    const edit = fc.record({
      at: fc.nat(),
      byte: fc.nat(255),
      remove: fc.constantFrom(0, 0, 0, 1, 40),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), async (edits) => {
        let bytes = Buffer.from(small);
        for (const { at, byte, remove } of edits) {
          // One in two in the footer, where the lies are.
          // What does not begin as Parquet does is not read as Parquet.
          const place = Math.max(
            4,
            at % 2 === 0 ? at % bytes.length : bytes.length - 1 - (at % 2000),
          );
          bytes[place] = byte;
          if (remove > 0)
            bytes = Buffer.concat([bytes.subarray(0, place), bytes.subarray(place + remove)]);
        }
        const { lines, problems } = await content(bytes);
        const rows = lines.filter((line) => line.startsWith('{')).length;
        for (const line of lines) {
          if (line.startsWith('!')) continue;
          expect(() => JSON.parse(line) as unknown).not.toThrow();
        }
        if (rows < 2) expect(lines.length - rows + problems.length).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  }, 60_000);
});
