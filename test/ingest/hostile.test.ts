/** Bad input through the real command line: each file gets its place, nothing is lost, the neighbours are unharmed. */
import { createHash } from 'node:crypto';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { beforeAll, expect, test } from 'vitest';
import { exhibitJson } from '../helpers/exhibit.ts';
import { rawTar } from '../helpers/tar.ts';
import { event, importCase, type Imported, log, sealedCase, withDatabase } from './world.ts';

const many = Array.from({ length: 500 }, (_, n) => event(1000 + n));
const gz = gzipSync(log(...many));
const good = log(event(1), event(2));
const pair = log(event(81), event(82));
const badAmongMany = Array.from({ length: 20_000 }, (_, n) =>
  n === 12_345 ? '{"eventVersion":"1.08","eventTime":tru' : JSON.stringify(event(100_000 + n)),
);
const invalidUtf8 = Buffer.concat([
  Buffer.from('{"Records":['),
  Buffer.from(JSON.stringify(event(21)).replace('192.0.2.1', 'XX')).fill(0xff, 120, 122),
  Buffer.from(`,${JSON.stringify(event(22))}]}`),
]);

/** Text as Windows writes it. */
function utf16(text: string, order: 'le' | 'be'): Buffer {
  const bytes = Buffer.from(`\ufeff${text}`, 'utf16le');
  return order === 'le' ? bytes : bytes.swap16();
}

const FILES = {
  'good.json': good,
  'truncated.json.gz': gz.subarray(0, gz.length - 200),
  'members.json.gz': Buffer.concat([
    gzipSync(`${JSON.stringify(event(31))}\n`),
    gzipSync(`${JSON.stringify(event(32))}\n`),
  ]),
  'trailing.json.gz': Buffer.concat([
    gzipSync(log(event(41))),
    Buffer.from('garbage after the end'),
  ]),
  'empty.json': '',
  'empty-records/CloudTrail/x.json': '{"Records":[]}',
  'not-a-log.txt': 'Dear diary, today nothing happened.\n',
  'half.json': pair.slice(0, -100),
  'one-bad.jsonl': badAmongMany.join('\n'),
  'huge.json.gz': gzipSync(
    `{"Records":[${JSON.stringify(event(51))},{"eventVersion":"1.08","pad":"${'a'.repeat(300 * 2 ** 20)}"},${JSON.stringify(event(52))}]}`,
    { level: 1 },
  ),
  'utf8.json': invalidUtf8,
  'nul.json': log(event(61, { userAgent: 'a\0b' })),
  'proto.json': `{"Records":[${JSON.stringify(event(62)).replace('{', '{"__proto__":{"polluted":1},')}]}`,
  'twice.json': `{"Records":[${JSON.stringify(event(63)).replace('{', '{"eventName":"First",')}]}`,
  'big-number.json': log(event(64)).replace(
    '"eventSource"',
    '"additionalEventData":{"bytesTransferredOut":9007199254740993},"eventSource"',
  ),
  'new\nline\u001b[31m.json': log(event(71)),
  // Kept as they are and never unpacked; the first inflates 1028 to 1.
  'zeros.json.gz': gzipSync(Buffer.alloc(50_000_000)),
  'zeros-in-layers.json.gz': gzipSync(gzipSync(Buffer.alloc(50_000_000))),
  'four-layers.json.gz': gzipSync(gzipSync(gzipSync(gzipSync(log(event(74)))))),
  'archive.tar.gz': gzipSync(rawTar([{ name: 'log.json', body: log(event(75)) }])),
  'archive.tar': rawTar([{ name: '../../escape.json', body: log(event(75)) }]),
  'archive.zip': Buffer.from('504b0304140000000000', 'hex'),
  'zip.json.gz': gzipSync(Buffer.from('504b0304140000000000', 'hex')),
  'nothing.json.gz': gzipSync(''),
  'nothing-in-layers.json.gz': gzipSync(gzipSync('')),
  'header-only.json.gz': gzipSync('').subarray(0, 10),
  'packed.json.zst': zstdCompressSync(log(event(91), event(92))),
  'cut.json.zst': zstdCompressSync(`${log(event(93))}\n${log(event(94))}`).subarray(0, -3),
  'windows.json': utf16(log(event(95, { userAgent: 'größer 🙂' })), 'le'),
  'windows-be.json.gz': gzipSync(utf16(log(event(96)), 'be')),
  'half-character.json': utf16(log(event(97)), 'le').subarray(0, -1),
  'CASE.json': log(event(72)),
  'case.json': log(event(73)),
} as const;

type Name = keyof typeof FILES;

let dir = '';
let result: Imported;

beforeAll(async () => {
  dir = await sealedCase(FILES);
  result = await importCase(dir, ['--workers', '2']);
});

interface FileRow {
  readonly file_id: number;
  readonly status: string;
  readonly reason: string;
  readonly records: number;
  readonly imported: number;
  readonly rejected: number;
}

function file(name: Name): FileRow & { readonly anomalies: string[]; readonly reasons: string[] } {
  return withDatabase(dir, (db) => {
    const row = db
      .prepare<[string], FileRow>('SELECT * FROM source_file WHERE original_path = ?')
      .get(name);
    if (row === undefined) throw new Error(`no file ${name}`);
    const list = (sql: string): string[] =>
      db.prepare<[number], string>(sql).pluck().all(row.file_id);
    return {
      ...row,
      anomalies: list('SELECT kind FROM anomaly WHERE file_id = ? ORDER BY record_no, kind'),
      reasons: list('SELECT reason FROM reject WHERE file_id = ? ORDER BY id'),
    };
  });
}

function raw(name: Name, table: 'cloudtrail' | 'reject'): Buffer[] {
  return withDatabase(dir, (db) =>
    db
      .prepare<[string], Buffer>(
        `SELECT CAST(raw AS BLOB) FROM "${table}" WHERE file_id = (SELECT file_id FROM source_file WHERE original_path = ?) ORDER BY id`,
      )
      .pluck()
      .all(name),
  );
}

test('every file is there and every record is counted once', () => {
  expect(result.files).toBe(Object.keys(FILES).length);
  expect(result.records).toBe(result.imported + result.duplicates + result.rejected);
  withDatabase(dir, (db) => {
    const one = (sql: string): unknown => db.prepare(sql).pluck().get();
    expect(one('SELECT count(*) FROM cloudtrail')).toBe(result.imported);
    expect(one('SELECT count(*) FROM reject')).toBe(result.rejected);
    expect(one('SELECT count(*) FROM duplicate')).toBe(result.duplicates);
  });
});

test('a truncated gzip file gives the records before the cut', () => {
  const row = file('truncated.json.gz');
  expect(row).toMatchObject({ status: 'partial' });
  expect(row.imported).toBeGreaterThan(300);
  expect(row.anomalies).toContain('gzip_truncated');
});

test('many gzip members are one file', () => {
  expect(file('members.json.gz')).toMatchObject({
    status: 'imported',
    imported: 2,
    anomalies: ['gzip_members'],
  });
});

test('garbage behind the last gzip member is an anomaly', () => {
  expect(file('trailing.json.gz')).toMatchObject({
    status: 'partial',
    imported: 1,
    anomalies: ['gzip_trailing'],
  });
});

test('an empty file, and a log without records, are empty', () => {
  expect(file('empty.json')).toMatchObject({ status: 'empty', records: 0 });
  expect(file('empty-records/CloudTrail/x.json')).toMatchObject({ status: 'empty', records: 0 });
});

test('what is no log is unrecognised and says why', () => {
  expect(file('not-a-log.txt')).toMatchObject({
    status: 'unrecognised',
    records: 0,
    reason: 'no source recognises its first bytes',
  });
});

const UNPACK = ': unpack it and collect what comes of it too';

test.each([
  ['zeros.json.gz', 'no source recognises its first bytes'],
  ['zeros-in-layers.json.gz', 'no source recognises its first bytes'],
  ['four-layers.json.gz', 'in gzip+gzip+gzip: more gzip, which is not unpacked so deep'],
  ['archive.tar.gz', `in gzip: a tar archive, which is not unpacked${UNPACK}`],
  ['archive.tar', `a tar archive, which is not unpacked${UNPACK}`],
  ['archive.zip', `a zip archive, which is not unpacked${UNPACK}`],
  ['zip.json.gz', `in gzip: a zip archive, which is not unpacked${UNPACK}`],
] as const)('%s stays closed, and the file says why', (name, reason) => {
  expect(file(name)).toMatchObject({ status: 'unrecognised', records: 0, reason });
});

test('a gzip file of nothing is empty, one without its content is not', () => {
  for (const name of ['nothing.json.gz', 'nothing-in-layers.json.gz'] as const)
    expect(file(name)).toMatchObject({ status: 'empty', reason: 'a compressed file of nothing' });
  expect(file('header-only.json.gz')).toMatchObject({
    status: 'unreadable',
    reason: 'gzip member 1 at byte 0 is cut after 0 inflated bytes',
    anomalies: ['gzip_truncated'],
  });
});

test('zstd and UTF-16 are read, and their records proved', async () => {
  expect(file('packed.json.zst')).toMatchObject({ status: 'imported', imported: 2, anomalies: [] });
  expect(file('cut.json.zst')).toMatchObject({ anomalies: ['gzip_truncated'] });
  for (const name of ['windows.json', 'windows-be.json.gz'] as const)
    expect(file(name)).toMatchObject({ status: 'imported', imported: 1, anomalies: ['encoding'] });
  expect(raw('windows.json', 'cloudtrail').map(String)).toEqual([
    JSON.stringify(event(95, { userAgent: 'größer 🙂' })),
  ]);
  expect(file('half-character.json').anomalies).toContain('encoding');
  const ids = withDatabase(dir, (db) =>
    db
      .prepare<[], number>(
        `SELECT id FROM cloudtrail WHERE event_id GLOB '*-00000000009[16]' ORDER BY id`,
      )
      .pluck()
      .all(),
  );
  expect(ids).toHaveLength(2);
  for (const id of ids) {
    const { status } = await exhibitJson(['show', `cloudtrail:${String(id)}`, '--case', dir]);
    expect(status).toBe(0);
  }
}, 240_000);

test('half a JSON document gives its whole records and a reject', () => {
  const row = file('half.json');
  expect(row).toMatchObject({
    status: 'partial',
    imported: 1,
    rejected: 1,
    reasons: ['truncated'],
  });
  const [rest] = raw('half.json', 'reject');
  expect(pair.includes(rest?.toString() ?? 'none')).toBe(true);
});

test('one bad record among many costs itself alone', () => {
  expect(file('one-bad.jsonl')).toMatchObject({
    status: 'partial',
    imported: 19_999,
    rejected: 1,
    reasons: ['not_json'],
  });
  expect(raw('one-bad.jsonl', 'reject').map(String)).toEqual([badAmongMany[12_345]]);
});

test('a record of 300 MB is a reject with its place', () => {
  expect(file('huge.json.gz')).toMatchObject({ imported: 2, rejected: 1, reasons: ['too_long'] });
  const length = withDatabase(dir, (db) =>
    db.prepare('SELECT "length" FROM main.reject WHERE reason = \'too_long\'').pluck().get(),
  );
  expect(length).toBeGreaterThan(300 * 2 ** 20);
});

test('invalid UTF-8 is a reject that keeps its bytes', () => {
  expect(file('utf8.json')).toMatchObject({ imported: 1, rejected: 1, reasons: ['invalid_utf8'] });
  const [bytes] = raw('utf8.json', 'reject');
  expect(invalidUtf8.includes(bytes ?? 'none')).toBe(true);
  expect(bytes?.includes(0xff)).toBe(true);
});

test('U+0000, __proto__, keys named twice and numbers beyond 2^53 are kept and marked', () => {
  expect(file('nul.json').anomalies).toEqual(['nul_character']);
  expect(file('proto.json').anomalies).toEqual(['proto_key']);
  expect(file('twice.json').anomalies).toEqual(['duplicate_key']);
  withDatabase(dir, (db) => {
    const row = db
      .prepare("SELECT bytes_transferred_out FROM cloudtrail WHERE event_id LIKE '%064'")
      .safeIntegers()
      .pluck()
      .get();
    expect(row).toBe(9_007_199_254_740_993n);
    const agent = db
      .prepare("SELECT hex(user_agent) FROM cloudtrail WHERE event_id LIKE '%061'")
      .pluck()
      .get();
    expect(agent).toBe('610062');
  });
  expect(raw('twice.json', 'cloudtrail').map(String)).toEqual([
    FILES['twice.json'].slice('{"Records":['.length, -2),
  ]);
});

test('names with control characters, and names that differ by case, keep their own files', () => {
  for (const name of ['new\nline\u001b[31m.json', 'CASE.json', 'case.json'] as const) {
    expect(file(name)).toMatchObject({ status: 'imported', imported: 1 });
  }
});

test('the kept bytes of a file are the file', () => {
  const kept = withDatabase(dir, (db) =>
    db
      .prepare('SELECT sha256_inflated FROM source_file WHERE original_path = ?')
      .pluck()
      .get('one-bad.jsonl'),
  );
  expect(kept).toBe(createHash('sha256').update(FILES['one-bad.jsonl']).digest('hex'));
});
