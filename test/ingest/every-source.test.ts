/** A folder with the samples of every source mixed, under misleading names and none: each file is read by its source. */
import { Buffer } from 'node:buffer';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { COMMON_COLUMNS } from '#src/core/columns.ts';
import { SOURCES } from '#src/sources/_registry.ts';
import { exhibitJson } from '../helpers/exhibit.ts';
import { claims, headOf, read } from '../sources/run.ts';
import { FILES_CHANGED, type Files, importCase, sealedCase, withDatabase } from './world.ts';

/** What an import knows of the files besides their bytes. */
const FACTS = { changedUs: Date.parse(FILES_CHANGED) * 1000 };

/** Names that say something else than the content, or nothing. */
const NAMES: readonly ((n: string) => string)[] = [
  (n) => n,
  (n) => `AWSLogs/999988887777/CloudTrail/x/999988887777_CloudTrail_x_20251108T0900Z_${n}.json.gz`,
  (n) => `AWSLogs/999988887777/vpcflowlogs/x/999988887777_vpcflowlogs_x_${n}.log.gz`,
  (n) => `${n}.csv`,
  (n) => `aws-waf-logs-${n}.parquet`,
  (n) => `ä ${n}.tmp`,
];

/** How a file may be packed; none of it shows in the name. */
const PACKINGS: readonly ((bytes: Buffer) => Buffer)[] = [
  (bytes) => bytes,
  (bytes) => gzipSync(bytes),
  (bytes) => zstdCompressSync(bytes),
  (bytes) => gzipSync(gzipSync(bytes)),
  (bytes) => bytes,
];

interface Expected {
  readonly source: string;
  readonly records: number;
  readonly rejected: number;
}

test('each file is recognised by its content, and no record is lost', async () => {
  const files: Record<string, Uint8Array> = {};
  const expected = new Map<string, Expected>();
  let n = 0;
  for (const source of SOURCES) {
    for (const sample of source.samples) {
      const name = (NAMES[n % NAMES.length] ?? String)(String(n).padStart(4, '0'));
      const bytes = Buffer.from(sample.text);
      files[name] = (PACKINGS[n % PACKINGS.length] ?? Buffer.from)(bytes);
      const { records, rejects } = read(source, name, bytes, [], 'quick', FACTS);
      expected.set(name, { source: source.id, records, rejected: rejects.length });
      n++;
    }
  }
  files['nobody knows'] = Buffer.from('Dear diary, today nothing happened.\n');

  const dir = await sealedCase(files satisfies Files);
  await importCase(dir);

  const found = withDatabase(dir, (db) =>
    db
      .prepare<
        [],
        {
          name: string;
          source: string | null;
          records: number;
          rejected: number;
          lost: number;
          reason: string;
        }
      >(
        `SELECT original_path AS name, source, rejected, reason,
                records - imported - duplicates - rejected AS lost,
                records - (SELECT count(carrier_id) FROM inner_record WHERE id >> 28 = file_id) AS records
         FROM source_file`,
      )
      .all(),
  );
  expect(found).toHaveLength(n + 1);
  expect(new Set(found.map(({ source }) => source))).toEqual(
    new Set([null, ...SOURCES.map(({ id }) => id)]),
  );
  for (const { name, source, records, rejected, lost, reason } of found) {
    const key = name.replace(/^bucket\//, '');
    const want = expected.get(key.normalize('NFC')) ?? { source: null, records: 0, rejected: 0 };
    expect({ key, source, records, rejected, lost }).toEqual({ key, ...want, lost: 0 });
    if (source === null) expect(reason).toBe('no source recognises its first bytes');
  }
  // `status` names the file that nobody knows, and says why.
  const { status, json } = await exhibitJson(['status', '--case', dir]);
  expect(status).toBe(0);
  expect(json).toMatchObject({
    unrecognised: [{ path: 'nobody knows', reason: 'no source recognises its first bytes' }],
  });

  // SQLite does not check the types of columns that are made from others (generatedType in src/db/ddl.ts).
  const texts = COMMON_COLUMNS.filter((name) => name !== 'time_us');
  const others = withDatabase(dir, (db) =>
    SOURCES.flatMap(({ id }) =>
      texts.flatMap((name) =>
        db
          .prepare<[], string>(
            `SELECT DISTINCT typeof(${name}) FROM main."${id}" WHERE typeof(${name}) NOT IN ('text', 'null')`,
          )
          .pluck()
          .all()
          .map((type) => `${id}.${name}: ${type}`),
      ),
    ),
  );
  expect(others).toEqual([]);
});

test('nothing claims what no source reads', () => {
  for (const text of [
    '',
    '{}',
    '[]',
    '{"Records":[]}',
    '{"findings":[]}',
    '{"events":[]}',
    'a b c\n',
    '\0\0\0',
  ]) {
    const made = claims(headOf('AWSLogs/x/guardduty.jsonl', Buffer.from(text)));
    expect(made.filter(({ detection }) => detection.confidence > 20)).toEqual([]);
  }
});
