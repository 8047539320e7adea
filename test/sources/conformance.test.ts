/** What every source must do, proved on its own samples and on any bytes. */
import { Buffer } from 'node:buffer';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inflate, newInflateReport } from '#src/framing/gzip.ts';
import { createChild, createChildIndexes, fillChildren } from '#src/db/child-tables.ts';
import { SOURCES } from '#src/sources/_registry.ts';
import { COMMON_COLUMNS } from '#src/core/columns.ts';
import {
  ANOMALY_KINDS,
  type RejectReason,
  REJECT_REASONS,
  type Sample,
  type Source,
  type Value,
} from '#src/sources/source.ts';
import { claims, headOf, read, type Result, type Row } from './run.ts';

/**
 * What a reader may say is no record, besides blank lines. Everything else of a file is a row or a reject, or a test fails:
 * so a source that begins to leave something out has to say so here.
 */
const NO_RECORD: Readonly<Record<string, RegExp>> = {
  api_gateway_execution: /^Execution log for request /,
  cloudfront: /^#/,
  // The header of a table, of Lake's results and of the console's.
  cloudtrail: /^(?:[\w ]+,)+[\w -]+$/,
  // Headers of tables; what CloudWatch Logs sends to try a subscription out.
  cloudwatch_logs: /^(?:@?\w+,)*@?\w+$|"CONTROL_MESSAGE"/,
  iam_credential_report: /^user,arn,/,
  powershell_transcript: /^(?:\*{5,}\s*)+$/,
  tgw_flow: /^(?:[a-z-]+ )+[a-z-]+$/,
  vpc_flow: /^(?:[a-z-]+ )+[a-z-]+$/,
};

/** @param damaged the bytes are not those of a sample: a header may be broken, and still no record. */
function expectSkipped(source: Source, { skipped }: Result, damaged: boolean): void {
  const allowed = NO_RECORD[source.id];
  for (const { text } of skipped) {
    if (text.trim() === '' || (damaged && allowed !== undefined)) continue;
    expect(text).toMatch(allowed ?? /^$/);
  }
}

const ALL_SAMPLES = SOURCES.flatMap((source) =>
  source.samples.map((sample) => ({ source, sample })),
);

/** Logs in which a line may be anything: what a function, a shell or a person wrote. */
const FREE_TEXT: ReadonlySet<string> = new Set(['lambda', 'powershell_transcript', 'ssm_session']);

/** Rows with their own and common columns, computed by SQLite as in a case. */
function withCommon(
  source: Source,
  rows: readonly Row[],
): { rows: Record<string, Value>[]; items: Record<string, Record<string, Value>[]> } {
  const database = new Database(':memory:');
  database.defaultSafeIntegers();
  const columns = source.columns.map(({ name, type }) => `"${name}" ${type}`);
  for (const [name, expression] of Object.entries(source.common)) {
    columns.push(`"${name}" TEXT GENERATED ALWAYS AS (${expression}) VIRTUAL`);
  }
  database.exec(`CREATE TABLE t (row INTEGER PRIMARY KEY, ${columns.join(', ')}) STRICT`);
  const names = source.columns.map(({ name }) => `"${name}"`).join(', ');
  const insert = database.prepare(
    `INSERT INTO t (${names}) VALUES (${source.columns.map(() => '?').join(', ')})`,
  );
  for (const { values } of rows) {
    insert.run(values.map((value) => (typeof value === 'number' ? BigInt(value) : value)));
  }
  const result = database.prepare('SELECT * FROM t ORDER BY row').all() as Record<string, Value>[];
  // The example of the docs page runs on the source's own columns.
  database.exec(`CREATE VIEW ${source.id} AS SELECT row AS id, * FROM t`);
  for (const child of source.children ?? []) {
    database.exec(createChild(source.id, child));
    for (const sql of createChildIndexes(child)) database.exec(sql);
  }
  database.pragma('foreign_keys = OFF');
  fillChildren(database, source);
  const items = Object.fromEntries(
    (source.children ?? []).map(({ id }) => [
      id,
      database.prepare(`SELECT * FROM ${id} ORDER BY parent_id, position`).all() as Record<
        string,
        Value
      >[],
    ]),
  );
  database.prepare(source.example.sql).all();
  database.close();
  return { rows: result, items };
}

function plain(value: Value | undefined): Value | undefined {
  return typeof value === 'bigint' &&
    value === BigInt(Number(value)) &&
    Number.isSafeInteger(Number(value))
    ? Number(value)
    : value;
}

describe.each(SOURCES.map((source) => [source.id, source] as const))('%s', (_id, source) => {
  it('is documented', () => {
    expect(source.id).toMatch(/^[a-z][a-z0-9_]*$/);
    expect(source.title).not.toBe('');
    expect(source.about.length).toBeGreaterThan(200);
    expect(source.clock).toMatch(/clock|Time that.*\.$/);
    expect(source.references.length).toBeGreaterThan(0);
    expect(source.example.question).toMatch(/\?$/);
    for (const column of source.columns) {
      expect(column.name).toMatch(/^[a-z][a-z0-9_]*$/);
      expect(column.about, column.name).toMatch(/\S.*\.$/s);
      if (column.type === 'INTEGER') expect(column.unit, column.name).toBeDefined();
    }
  });

  it('has sound columns', () => {
    const names = source.columns.map(({ name }) => name);
    expect(names[0]).toBe('time_us');
    expect(new Set(names).size).toBe(names.length);
    for (const name of Object.keys(source.common)) {
      expect(names).not.toContain(name);
      expect(COMMON_COLUMNS).toContain(name);
    }
    for (const index of source.indexes) for (const name of index) expect(names).toContain(name);
    for (const reserved of [
      'id',
      'file_id',
      'record_no',
      'offset',
      'length',
      'form',
      'identity',
      'raw',
    ]) {
      expect(names).not.toContain(reserved);
    }
  });

  it('has sound tables of items', () => {
    for (const child of source.children ?? []) {
      expect(child.id.startsWith(`${source.id}_`)).toBe(true);
      expect(SOURCES.map(({ id }) => id)).not.toContain(child.id);
      const list = source.columns.find(({ name }) => name === child.list);
      expect(list?.type).toBe('TEXT');
      const names = ['parent_id', 'position', ...child.columns.map(({ name }) => name)];
      expect(new Set(names).size).toBe(names.length);
      for (const name of names) expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
      for (const index of child.indexes) for (const name of index) expect(names).toContain(name);
      for (const { from, about } of child.columns) {
        expect(from).toMatch(/^(?:key|\$(?:\..+)?)$/);
        expect(about).toMatch(/\S.*\.$/s);
      }
      expect(source.samples.some(({ items }) => (items?.[child.id] ?? []).length > 0)).toBe(true);
    }
  });

  it('has samples, with a broken record for each kind of failure that its form knows', () => {
    expect(source.samples.length).toBeGreaterThan(1);
    const reasons = new Set(source.samples.flatMap(({ rejects }) => rejects ?? []));
    // Rows of Parquet are whole, and what they lack is known from the footer.
    const texts = source.samples.filter(({ path }) => !path.endsWith('.parquet'));
    const framings = new Set(
      texts.map(({ path, text, facts }) => {
        const head = headOf(path, Buffer.from(text), facts);
        return source.reader(head, source.detect(head)?.shape ?? '').framing.kind;
      }),
    );
    const kinds: RejectReason[] = [];
    if (source.timeline) kinds.push('bad_time');
    if (framings.has('json')) kinds.push('not_this_source', 'truncated');
    if ((framings.has('lines') || framings.has('blocks')) && !FREE_TEXT.has(source.id)) {
      kinds.push('bad_fields');
    }
    expect(kinds.filter((kind) => !reasons.has(kind))).toEqual([]);
  });

  it.each(source.samples.map((sample) => [sample.name, sample] as const))(
    'reads %s',
    (_name, sample) => {
      const bytes = Buffer.from(sample.text);
      const result = read(source, sample.path, bytes, [], 'quick', sample.facts);
      const { rows, items } = withCommon(source, result.rows);
      for (const [table, expected] of Object.entries(sample.items ?? {})) {
        const got = expected.map((one, index) =>
          Object.fromEntries(
            Object.keys(one).map((name) => [name, plain(items[table]?.[index]?.[name])]),
          ),
        );
        expect(got).toEqual(expected);
        expect(items[table]).toHaveLength(expected.length);
      }
      const found = sample.rows.map((expected, index) =>
        Object.fromEntries(Object.keys(expected).map((name) => [name, plain(rows[index]?.[name])])),
      );
      expect(found).toEqual(sample.rows);
      expect(result.rows).toHaveLength(sample.rows.length);
      // One by one, in the order of the file: a reject for another reason than its own is none of these.
      expect(result.rejects.map(({ reason }) => reason)).toEqual(sample.rejects ?? []);
      expect(unique(result.anomalies.map(({ kind }) => kind))).toEqual(
        unique(sample.anomalies ?? []),
      );
      expect(result.records).toBe(result.rows.length + result.rejects.length);
      expectSkipped(source, result, false);
    },
  );

  it.each(source.samples.map((sample) => [sample.name, sample] as const))(
    'gives the same for %s however it is cut',
    (_name, sample) => {
      const bytes = Buffer.from(sample.text);
      const whole = read(source, sample.path, bytes);
      fc.assert(
        fc.property(fc.array(fc.nat(bytes.length), { maxLength: 20 }), (cuts) => {
          expect(content(read(source, sample.path, bytes, cuts))).toEqual(content(whole));
        }),
        { numRuns: 40 },
      );
    },
  );

  it('never throws, and answers every record once, whatever the bytes', () => {
    fc.assert(
      fc.property(damaged(source.samples), ({ path, bytes }) => {
        const result = read(source, path, bytes);
        expect(result.records).toBe(result.rows.length + result.rejects.length);
        expectSkipped(source, result, true);
        for (const { values, identity } of result.rows) {
          expect(values).toHaveLength(source.columns.length);
          expect(Number.isSafeInteger(identity)).toBe(true);
          expectTypes(source, values);
        }
        for (const { reason, detail } of result.rejects) {
          expect(REJECT_REASONS).toHaveProperty(reason);
          expect(detail).not.toBe('');
        }
        for (const { kind } of result.anomalies) expect(ANOMALY_KINDS).toHaveProperty(kind);
      }),
      { numRuns: 150 },
    );
  });
});

/** A result, whichever way it was read. */
function content(result: Result): Result {
  return { ...result, quick: 0 };
}

function unique<T>(list: readonly T[]): T[] {
  return [...new Set(list)].sort();
}

/** Samples with bytes changed, cut out, doubled or inserted. */
function damaged(samples: readonly Sample[]): fc.Arbitrary<{ path: string; bytes: Buffer }> {
  const edit = fc.record({
    at: fc.nat(4000),
    remove: fc.oneof(fc.nat(3), fc.nat(500)),
    insert: fc.oneof(
      fc.uint8Array({ maxLength: 6 }),
      fc.constantFrom(
        ...['"', '{', '}', '\n', '\\u0000', '\\', '[', ',', '-', '\xe9'].map((text) =>
          Buffer.from(text, 'latin1'),
        ),
      ),
    ),
  });
  return fc
    .record({ sample: fc.constantFrom(...samples), edits: fc.array(edit, { maxLength: 4 }) })
    .map(({ sample, edits }) => {
      let bytes = Buffer.from(sample.text);
      for (const { at, remove, insert } of edits) {
        const place = at % (bytes.length + 1);
        bytes = Buffer.concat([bytes.subarray(0, place), insert, bytes.subarray(place + remove)]);
      }
      return { path: sample.path, bytes };
    });
}

function expectTypes(source: Source, values: readonly Value[]): void {
  for (const [index, column] of source.columns.entries()) {
    const value = values[index] ?? null;
    if (value === null) {
      if (source.timeline) expect(column.name).not.toBe('time_us');
    } else if (column.type === 'TEXT') {
      expect(typeof value).toBe('string');
      expect(String(value).isWellFormed()).toBe(true);
    } else {
      expect(
        typeof value === 'bigint'
          ? value === BigInt.asIntN(64, value)
          : Number.isSafeInteger(value),
        `${column.name} ${String(value)}`,
      ).toBe(true);
    }
  }
}

describe('all sources', () => {
  it('are sorted, and named once', () => {
    const ids = SOURCES.map(({ id }) => id);
    expect(ids).toEqual(unique(ids));
  });

  it('give one column name one type and one unit', () => {
    const seen = new Map<string, string>();
    for (const source of SOURCES) {
      for (const { name, type, unit } of source.columns) {
        const shape = `${type} ${unit ?? ''}`;
        expect(seen.get(name) ?? shape, `${source.id}.${name}`).toBe(shape);
        seen.set(name, shape);
      }
    }
  });

  it.each(
    ALL_SAMPLES.map(({ source, sample }) => [source.id, sample.name, source, sample] as const),
  )('%s: %s is claimed by it alone', (_id, _name, source, sample) => {
    const made = claims(headOf(sample.path, Buffer.from(sample.text))).filter(
      ({ detection }) => detection.confidence > 0,
    );
    expect(made.map((claim) => claim.source.id)).toEqual([source.id]);
  });

  it('do not go by the name', () => {
    for (const { sample } of ALL_SAMPLES) {
      for (const text of [
        '',
        'nothing that a source knows\n',
        '{"hello":"world"}',
        '{"Records":[{"a":1}]}',
        '{"Records":[]}',
      ]) {
        for (const { detection } of claims(headOf(sample.path, Buffer.from(text)))) {
          expect(detection.confidence).toBeLessThanOrEqual(20);
        }
      }
      expect(
        claims(headOf('x', Buffer.from(sample.text)))[0]?.detection.confidence,
      ).toBeGreaterThan(20);
    }
  });

  it('never throw on a file that is not theirs', () => {
    fc.assert(
      fc.property(damaged(ALL_SAMPLES.map(({ sample }) => sample)), ({ path, bytes }) => {
        const head = headOf(path, bytes);
        for (const source of SOURCES) {
          source.detect(head);
          read(source, path, bytes);
        }
      }),
      { numRuns: 200 },
    );
  });
});

const REAL = join(import.meta.dirname, '../../../shared/real-samples');

describe.skipIf(!existsSync(REAL))('real logs (skipped where they are not at hand)', () => {
  async function every(folder: string): Promise<{ path: string; bytes: Buffer }[]> {
    const files = readdirSync(join(REAL, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
    return Promise.all(
      files.map(async (path) => {
        const parts: Buffer[] = [];
        for await (const part of inflate([readFileSync(path)], newInflateReport()))
          parts.push(part);
        return { path: path.slice(REAL.length + 1), bytes: Buffer.concat(parts) };
      }),
    );
  }

  it('are claimed by one source at most', async () => {
    for (const { path, bytes } of await every('.')) {
      const made = claims(headOf(path, bytes)).filter(({ detection }) => detection.confidence > 0);
      expect(made.length, path).toBeLessThan(2);
    }
  });

  it.each([
    ['invictus-aws-dataset', 55, 2900, 260],
    ['stratus-detonation-logs', 35, 310, 54],
  ])('%s: every record is a row', async (folder, files, records, names) => {
    let rows = 0;
    const seen = new Set<Value | undefined>();
    const all = await every(folder);
    for (const { path, bytes } of all) {
      const [claim] = claims(headOf(path, bytes));
      expect(claim?.source.id, path).toBe('cloudtrail');
      const result = read(claim!.source, path, bytes);
      expect(result.rejects).toEqual([]);
      const eventName = claim!.source.columns.findIndex(({ name }) => name === 'event_name');
      for (const { values, raw } of result.rows) {
        seen.add(values[eventName]);
        expect((JSON.parse(raw) as { eventName: string }).eventName).toBe(values[eventName]);
      }
      rows += result.rows.length;
    }
    expect(all.length).toBe(files);
    expect(rows).toBe(records);
    expect(seen.size).toBe(names);
  });
});
