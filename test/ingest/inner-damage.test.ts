/** Carriers that are cut, spliced and flipped: no record is lost, none invented, whatever lies in them and however it comes. */
import { Buffer } from 'node:buffer';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { followSteps, parseSteps } from '#src/core/steps.ts';
import { rowId } from '#src/core/ids.ts';
import { CellBuffer } from '#src/db/record.ts';
import { readCell } from '#src/db/record-read.ts';
import { storedOrder, type TableShape } from '#src/db/ddl.ts';
import { newInflateReport } from '#src/framing/gzip.ts';
import { FileReader, type RowSink } from '#src/ingest/file-reader.ts';
import { SOURCES } from '#src/sources/_registry.ts';
import { fuzzRuns } from '../helpers/fuzz.ts';
import { read } from '../sources/run.ts';

interface Row {
  readonly id: number;
  readonly source: string;
  readonly offset: number;
  readonly length: number;
  readonly form: number;
  carrier: number | null | undefined;
  steps: string | null;
}

interface Outcome {
  readonly rows: Row[];
  readonly rejects: {
    id: number;
    source: string;
    offset: number;
    length: number;
    reason: string;
  }[];
  readonly anomalies: string[];
  records: number;
  source: string;
}

/** What an import makes of a file that comes in these chunks. */
function importFile(chunks: readonly Buffer[]): Outcome {
  const outcome: Outcome = { rows: [], rejects: [], anomalies: [], records: 0, source: '' };
  const take = (shape: TableShape, id: number, cells: CellBuffer, from: number): void => {
    const values = readCell(cells.bytes.subarray(from, cells.length));
    const at = 1 + storedOrder(shape).before.length;
    const [offset, length, form] = values.slice(at, at + 3).map(Number);
    if (offset === undefined || length === undefined || form === undefined) throw new Error();
    outcome.rows.push({
      id,
      source: shape.id,
      offset,
      length,
      form,
      carrier: undefined,
      steps: null,
    });
  };
  const sink: RowSink = {
    row: (shape, id, _identity, _values, cells, from) => {
      take(shape, id, cells, from);
    },
    byteRow: (shape, id, _row, cells, from) => {
      take(shape, id, cells, from);
    },
    inner: (id, _source, _carrier, carrierId, steps) => {
      const row = outcome.rows.at(-1);
      if (row?.id !== id) throw new Error('not the row before');
      row.carrier = carrierId;
      row.steps = steps;
    },
    reject: (id, source, offset, length, reason) => {
      outcome.rejects.push({ id, source, offset, length, reason });
    },
    anomaly: (_file, record, kind, detail) => {
      outcome.anomalies.push(`${String(record)} ${kind} ${detail}`);
    },
    file: (values) => {
      outcome.source = String(values[12]);
      outcome.records = Number(values[16]);
    },
    block: () => undefined,
    group: () => undefined,
  };
  const task = {
    fileId: 1,
    evidenceNo: 1,
    path: 'data/x',
    originalPath: 'x',
    bucket: null,
    key: null,
  };
  const more = {
    versionId: null,
    sha256: '',
    size: 1,
    mtimeUs: undefined,
    as: null,
    metadata: false,
  };
  const reader = new FileReader({ ...task, ...more }, sink, new CellBuffer(), newInflateReport());
  for (const chunk of chunks) reader.push(chunk);
  reader.end();
  return outcome;
}

/** The text of a row, found in the file by its place alone. */
function textOf(file: Buffer, { offset, length, form, steps }: Row): Buffer {
  const bytes = file.subarray(offset, offset + length);
  const way = form === 0 ? [] : form === 1 ? ['string' as const] : parseSteps(steps ?? '');
  const text = way === undefined ? undefined : followSteps(bytes, way);
  if (text === undefined)
    throw new Error(`no text at ${JSON.stringify({ offset, length, form, steps })}`);
  return text;
}

const json = JSON.stringify;

/** Texts of records that may lie inside others. */
const INSIDE = SOURCES.filter(({ inside }) => inside === true).flatMap((source) =>
  source.samples.flatMap((sample) =>
    read(source, sample.path, Buffer.from(sample.text), [], 'quick', sample.facts).rows.map(
      ({ raw }) => raw,
    ),
  ),
);

function envelope(detail: string): string {
  return `{"id":"e","detail-type":"t","source":"s","time":"2026-01-02T03:00:00Z","detail":${detail}}`;
}

function payload(messages: readonly string[]): string {
  const logEvents = messages.map((message, n) => ({
    id: String(n),
    timestamp: 1_767_322_800_000 + n,
    message,
  }));
  return json({
    messageType: 'DATA_MESSAGE',
    owner: '1',
    logGroup: 'g',
    logStream: 's',
    logEvents,
  });
}

const text = fc.oneof(fc.constantFrom(...INSIDE), fc.string());
const detail = fc.constantFrom(...INSIDE.filter((one) => one.startsWith('{')), '{"a":1}', '"x"');
const message = fc.oneof(text, detail.map(envelope), fc.array(text, { maxLength: 3 }).map(payload));
const record = fc.oneof(
  fc.array(message, { minLength: 1, maxLength: 4 }).map(payload),
  detail.map(envelope),
  fc
    .array(message, { minLength: 1, maxLength: 3 })
    .map((list) => json({ awslogs: { data: gzipSync(payload(list)).toString('base64') } })),
  message.map((one) => json({ message: one, timestamp: 1_767_322_800_000, eventId: '1' })),
  text,
);
const file = fc.oneof(
  fc.array(record, { minLength: 1, maxLength: 4 }).map((list) => list.join('\n')),
  fc
    .array(message, { minLength: 1, maxLength: 4 })
    .map((list) => list.map((one) => `2026-01-02T03:00:00.000Z ${one}\n`).join('')),
);
const edit = fc.record({
  at: fc.nat(4000),
  remove: fc.oneof(fc.nat(3), fc.nat(500)),
  insert: fc.oneof(
    fc.uint8Array({ maxLength: 6 }),
    fc.constantFrom(...['"', '{', '}', '\n', '\\', '[', ','].map((one) => Buffer.from(one))),
  ),
});
const damaged = fc.tuple(file, fc.array(edit, { maxLength: 4 })).map(([whole, edits]) =>
  edits.reduce<Buffer>((bytes, { at, remove, insert }) => {
    const place = at % (bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, place), insert, bytes.subarray(place + remove)]);
  }, Buffer.from(whole)),
);

test('every record has one id, and its text where it is said to be', () => {
  let inner = 0;
  fc.assert(
    fc.property(damaged, (bytes) => {
      const { rows, rejects, records } = importFile([bytes]);
      const ids = [...rows, ...rejects].map(({ id }) => id).sort((a, b) => a - b);
      expect(ids).toEqual(Array.from({ length: records }, (_, n) => rowId(1, n + 1)));
      const byId = new Map(rows.map((row) => [row.id, row]));
      for (const row of rows) {
        const own = textOf(bytes, row);
        const source = SOURCES.find(({ id }) => id === row.source);
        if (source === undefined) throw new Error(row.source);
        if (typeof row.carrier !== 'number') continue;
        inner++;
        const carrier = byId.get(row.carrier);
        if (carrier === undefined) throw new Error('carried by no row');
        expect(row.carrier).toBeLessThan(row.id);
        // It stands in the text of its carrier, as it is or as a JSON string.
        const around = textOf(bytes, carrier).toString('utf8');
        const raw = own.toString('utf8');
        expect(around.includes(raw) || unescaped(around).some((one) => one.includes(raw))).toBe(
          true,
        );
      }
    }),
    { numRuns: fuzzRuns(150) },
  );
  expect(inner).toBeGreaterThan(50);
});

test('a carrier is read as if nothing lay in it', () => {
  fc.assert(
    fc.property(damaged, (bytes) => {
      const { rows, rejects, source: name } = importFile([bytes]);
      const carriers = SOURCES.filter(({ id }) => ['eventbridge', 'cloudwatch_logs'].includes(id));
      const source = carriers.find(({ id }) => id === name);
      if (source === undefined) return;
      const alone = read(source, 'x', bytes);
      const own = rows.filter((row) => row.source === source.id && typeof row.carrier !== 'number');
      expect(own.map((row) => textOf(bytes, row).toString('utf8'))).toEqual(
        alone.rows.map(({ raw }) => raw),
      );
      // What it does not know may be another's, and is then a row instead.
      const others = rows.filter((row) => row.carrier === null && row.source !== source.id);
      expect(rejects.length).toBeLessThanOrEqual(alone.rejects.length + others.length);
      expect(rejects.length + others.length).toBeGreaterThanOrEqual(alone.rejects.length);
    }),
    { numRuns: fuzzRuns(100) },
  );
});

test('it is the same however it comes', () => {
  fc.assert(
    fc.property(damaged, fc.array(fc.nat(6000), { maxLength: 8 }), (bytes, cuts) => {
      const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort(
        (a, b) => a - b,
      );
      const chunks = places.slice(1).map((to, n) => bytes.subarray(places[n], to));
      expect(importFile(chunks)).toEqual(importFile([bytes]));
    }),
    { numRuns: fuzzRuns(60) },
  );
});

test('carriers in carriers are followed to a limit', () => {
  const innermost = INSIDE.find((one) => one.startsWith('{')) ?? '';
  const nested = (levels: number): Buffer => {
    let whole = innermost;
    for (let level = 0; level < levels; level++) whole = payload([whole]);
    return Buffer.from(whole);
  };
  expect(importFile([nested(8)])).toMatchObject({ records: 9, anomalies: [] });
  const { records, rows, anomalies } = importFile([nested(11)]);
  expect(records).toBe(9);
  expect(new Set(rows.map(({ source }) => source))).toEqual(new Set(['cloudwatch_logs']));
  expect(anomalies).toEqual([
    '9 inner_broken cloudwatch_logs: too_deep: records inside records without end',
  ]);
});

/** Values of the JSON strings in a text. */
function unescaped(around: string): string[] {
  return [...around.matchAll(/"(?:[^"\\]|\\.)*"/g)].flatMap(([token]) => {
    try {
      return [String(JSON.parse(token))];
    } catch {
      return [];
    }
  });
}
