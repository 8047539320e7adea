/**
 * Where should the raw text of a record live? Five layouts of the same rows in SQLite, measured on import, size and
 * questions that do and do not reach into the text: `npm run bench -- --only raw`.
 * Compression is timed apart from insertion, because workers do the one and the writer the other.
 */
import { Buffer } from 'node:buffer';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  constants,
  deflateRawSync,
  gunzipSync,
  inflateRawSync,
  zstdCompressSync,
  zstdDecompressSync,
} from 'node:zlib';
import Sqlite, { type Database } from 'better-sqlite3';
import { generateTrail } from './generate.ts';
import { median, type Result } from './measure.ts';

/** One file of the set: its text, and where each record lies in it. */
interface LogFile {
  readonly bytes: Buffer;
  readonly records: readonly Row[];
}

/** The typed values of a record, and its place in the file. */
interface Row {
  readonly values: readonly (string | number | null)[];
  readonly offset: number;
  readonly length: number;
}

const COLUMNS = [
  'time',
  'event_source',
  'event_name',
  'aws_region',
  'source_ip_address',
  'user_agent',
  'error_code',
  'request_id',
  'event_id',
  'recipient_account_id',
  'user_identity_arn',
  'user_identity_access_key_id',
];
const LEVEL = { params: { [constants.ZSTD_c_compressionLevel]: 3 } };
const BLOCK = 131_072;

/** A way to keep the text. `pack` is the workers' part, `insert` the writer's. */
interface Layout {
  readonly name: string;
  /** Columns of the table beside id and the typed ones. */
  readonly columns: string;
  /** Other tables. */
  readonly tables: string;
  /** SQL that gives the text of a row. */
  readonly raw: string;
  readonly from: string;
  readonly pack: (file: LogFile) => readonly Buffer[];
  /** Values of `columns` for a row. */
  readonly own: (row: Row, packed: readonly Buffer[], index: number, file: LogFile) => unknown[];
  readonly extra?: (
    db: Database,
  ) => (fileNo: number, firstId: number, file: LogFile, packed: readonly Buffer[]) => void;
  readonly functions?: (db: Database) => void;
}

const textOf = (file: LogFile, row: Row): Buffer =>
  file.bytes.subarray(row.offset, row.offset + row.length);

function recordsOf(bytes: Buffer): LogFile {
  const { Records } = JSON.parse(bytes.toString()) as { Records: Record<string, unknown>[] };
  let offset = '{"Records":['.length;
  const records = Records.map((record): Row => {
    const identity = record['userIdentity'] as Record<string, string>;
    const length = Buffer.byteLength(JSON.stringify(record));
    const row: Row = {
      values: [
        Date.parse(record['eventTime'] as string) * 1000,
        ...[
          'eventSource',
          'eventName',
          'awsRegion',
          'sourceIPAddress',
          'userAgent',
          'errorCode',
          'requestID',
          'eventID',
          'recipientAccountId',
        ].map((name) => (record[name] as string | undefined) ?? null),
        identity['arn'] ?? null,
        identity['accessKeyId'] ?? null,
      ],
      offset,
      length,
    };
    offset += length + 1;
    return row;
  });
  return { bytes, records };
}

/** A raw-content zstd dictionary: whole records from all over the first files, the most recent last. */
function dictionaryOf(files: readonly LogFile[]): Buffer {
  return Buffer.concat(
    files
      .slice(0, 8)
      .flatMap((file) =>
        file.records.filter((_, i) => i % 90 === 0).map((row) => textOf(file, row)),
      ),
  ).subarray(0, 112_640);
}

function layouts(dictionary: Buffer): Layout[] {
  const options = { ...LEVEL, dictionary };
  const each = (file: LogFile): Buffer[] =>
    file.records.map((row) => zstdCompressSync(textOf(file, row), options));
  const plain = (file: LogFile): Buffer[] => file.records.map((row) => textOf(file, row));
  const inflate = (db: Database): void => {
    db.function('inflated', { deterministic: true }, (bytes: unknown) =>
      zstdDecompressSync(bytes as Buffer, { dictionary }).toString(),
    );
  };
  const apart = (db: Database): ReturnType<NonNullable<Layout['extra']>> => {
    const insert = db.prepare('INSERT INTO text VALUES (?, ?)');
    return (_, first, file, packed) => {
      file.records.forEach((_row, i) => insert.run(first + i, packed[i]));
    };
  };
  // Deflate looks back 32 KiB and no further.
  const window = dictionary.subarray(-32_768);
  const blocks = new Map<number, Buffer>();
  return [
    {
      name: 'column',
      columns: ', raw BLOB',
      tables: '',
      raw: 'raw',
      from: 'event',
      pack: plain,
      own: (_, packed, i) => [packed[i]],
    },
    {
      name: 'table apart',
      columns: '',
      tables: 'CREATE TABLE text (id INTEGER PRIMARY KEY, raw BLOB)',
      raw: 'raw',
      from: 'event JOIN text USING (id)',
      pack: plain,
      own: () => [],
      extra: apart,
    },
    {
      name: 'record zstd+dictionary',
      columns: ', packed BLOB',
      tables: '',
      raw: 'inflated(packed)',
      from: 'event',
      pack: each,
      own: (_, packed, i) => [packed[i]],
      functions: inflate,
    },
    {
      name: 'record deflate+dictionary',
      columns: ', packed BLOB',
      tables: '',
      raw: 'inflated(packed)',
      from: 'event',
      pack: (file) =>
        file.records.map((row) =>
          deflateRawSync(textOf(file, row), { level: 4, dictionary: window }),
        ),
      own: (_, packed, i) => [packed[i]],
      functions: (db) => {
        db.function('inflated', { deterministic: true }, (bytes: unknown) =>
          inflateRawSync(bytes as Buffer, { dictionary: window }).toString(),
        );
      },
    },
    {
      name: 'block zstd',
      columns: ', file INTEGER, "offset" INTEGER, "length" INTEGER',
      tables: 'CREATE TABLE block (id INTEGER PRIMARY KEY, bytes BLOB)',
      raw: 'slice(file, "offset", "length")',
      from: 'event',
      pack: (file) =>
        Array.from({ length: Math.ceil(file.bytes.length / BLOCK) }, (_, i) =>
          zstdCompressSync(file.bytes.subarray(i * BLOCK, (i + 1) * BLOCK), LEVEL),
        ),
      own: (row, _packed, _i, file) => [fileNumber.get(file), row.offset, row.length],
      extra: (db) => {
        const insert = db.prepare('INSERT INTO block VALUES (?, ?)');
        return (fileNo, _first, _file, packed) => {
          packed.forEach((bytes, i) => insert.run(fileNo * 65_536 + i, bytes));
        };
      },
      functions: (db) => {
        // A connection that is answering a query cannot be asked anything else, so blocks have their own.
        const reader = new Sqlite(db.name, { readonly: true });
        const select = reader
          .prepare<[number], Buffer>('SELECT bytes FROM block WHERE id = ?')
          .pluck();
        blocks.clear();
        const block = (id: number): Buffer => {
          const known = blocks.get(id);
          if (known !== undefined) return known;
          if (blocks.size >= 64) blocks.delete(blocks.keys().next().value!);
          const bytes = zstdDecompressSync(select.get(id)!);
          blocks.set(id, bytes);
          return bytes;
        };
        db.function(
          'slice',
          { deterministic: true },
          (file: unknown, offset: unknown, length: unknown) => {
            const [from, size] = [offset as number, length as number];
            const first = Math.floor(from / BLOCK);
            const start = from - first * BLOCK;
            const id = (file as number) * 65_536 + first;
            const head = block(id).subarray(start, start + size);
            return head.length === size
              ? head.toString()
              : Buffer.concat([head, block(id + 1).subarray(0, size - head.length)]).toString();
          },
        );
      },
    },
  ];
}

const fileNumber = new Map<LogFile, number>();
const seconds = (work: () => void): number => {
  const start = performance.now();
  work();
  return (performance.now() - start) / 1000;
};

interface Figures {
  readonly layout: string;
  readonly pack_s: number;
  readonly write_s: number;
  readonly size_mb: number;
  readonly count_by_source_s: number;
  readonly search_text_s: number;
  readonly read_by_name_s: number;
  readonly show_one_ms: number;
}

/** Figures of one layout. */
function measure(layout: Layout, files: readonly LogFile[], path: string): Figures {
  rmSync(path, { force: true });
  const db = new Sqlite(path);
  db.pragma('page_size = 8192');
  db.pragma('journal_mode = OFF');
  db.pragma('synchronous = OFF');
  db.exec(
    `CREATE TABLE event (id INTEGER PRIMARY KEY, ${COLUMNS.join(', ')}${layout.columns}); ${layout.tables}`,
  );
  let packed: (readonly Buffer[])[] = [];
  const pack = seconds(() => {
    packed = files.map((file) => layout.pack(file));
  });
  const names = [...COLUMNS, ...(layout.columns === '' ? [] : layout.columns.split(',').slice(1))];
  const insert = db.prepare(`INSERT INTO event VALUES (?, ${names.map(() => '?').join(', ')})`);
  const write = seconds(() => {
    const extra = layout.extra?.(db);
    db.exec('BEGIN');
    let id = 1;
    files.forEach((file, fileNo) => {
      const first = id;
      const parts = packed[fileNo] ?? [];
      file.records.forEach((row, i) => {
        insert.run(id, ...row.values, ...layout.own(row, parts, i, file));
        id += 1;
      });
      extra?.(fileNo, first, file, parts);
    });
    db.exec('COMMIT');
  });
  packed = [];
  db.exec('CREATE INDEX event_name ON event (event_name)');
  layout.functions?.(db);
  const ask = (sql: string, times = 3): number =>
    median(Array.from({ length: times }, () => seconds(() => db.prepare(sql).all())));
  const count = files.reduce((sum, file) => sum + file.records.length, 0);
  const one = db.prepare(`SELECT ${layout.raw} AS raw FROM ${layout.from} WHERE event.id = ?`);
  const figures = {
    layout: layout.name,
    pack_s: pack,
    write_s: write,
    size_mb: statSync(path).size / 1e6,
    count_by_source_s: ask('SELECT event_source, count(*) FROM event GROUP BY 1'),
    search_text_s: ask(
      `SELECT count(*) FROM ${layout.from} WHERE instr(${layout.raw}, 'sensitiveDataRemoved') > 0`,
    ),
    read_by_name_s: ask(
      `SELECT ${layout.raw} AS raw FROM ${layout.from} WHERE event_name = 'RunInstances' LIMIT 1000`,
    ),
    show_one_ms:
      seconds(() => {
        for (let i = 0; i < 200; i += 1) one.get(1 + ((i * 7919) % count));
      }) * 5,
  };
  db.close();
  rmSync(path);
  return figures;
}

/**
 * Figures of all layouts over a generated set. In the form of the other results: `ours_s` is the time of packing and
 * writing, the peer is the text as a column.
 */
export function rawStorage(folder: string, events: number): Result[] {
  const trail = join(folder, 'trail');
  const set = generateTrail(trail, events);
  const files = readdirSync(trail, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.gz'))
    .sort()
    .map((name) => recordsOf(gunzipSync(readFileSync(join(trail, name)))));
  files.forEach((file, i) => fileNumber.set(file, i));
  const measured = layouts(dictionaryOf(files)).map((layout) =>
    measure(layout, files, join(folder, 'layout.db')),
  );
  rmSync(trail, { recursive: true });
  const column = measured[0]!;
  return measured.map(({ layout, pack_s, write_s, size_mb, ...questions }) => {
    const peer = column.pack_s + column.write_s;
    return {
      name: `raw: ${layout}`,
      ours_s: pack_s + write_s,
      peer: 'raw: column',
      peer_s: peer,
      ratio: (pack_s + write_s) / peer,
      peak_rss_mb: null,
      size_ratio: (size_mb * 1e6) / set.inflated,
      pack_s,
      write_s,
      ...questions,
    };
  });
}
