/**
 * Reads every file of a folder as a worker of an import does, in one thread: inflates, hashes, frames, takes the fields, makes
 * the row with its identity and hash, packs the raw text; all but the pages and indexes of the database.
 * `node bench/read-lines.ts FOLDER`.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CellBuffer } from '../src/db/record.ts';
import { inflateWhole } from '../src/framing/gzip.ts';
import { FileReader, type RowSink } from '../src/ingest/file-reader.ts';

const nothing = (): void => undefined;
const sink: RowSink = {
  row: nothing,
  byteRow: nothing,
  reject: nothing,
  inner: nothing,
  block: nothing,
  group: nothing,
  anomaly: nothing,
  file: nothing,
};
const [folder = ''] = process.argv.slice(2);
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
  statSync(join(folder, name)).isFile(),
);
const cells = new CellBuffer();
let seconds = 0;
for (const [index, name] of files.entries()) {
  const bytes = readFileSync(join(folder, name));
  const start = performance.now();
  const task = {
    fileId: index + 1,
    evidenceNo: 1,
    path: `data/${name}`,
    originalPath: name,
    bucket: null,
    key: null,
    versionId: null,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    size: bytes.length,
    mtimeUs: undefined,
    as: null,
    metadata: false,
  };
  const whole = inflateWhole(bytes, 2 ** 30);
  if (whole === undefined) throw new Error(`${name} is not sound`);
  const reader = new FileReader(task, sink, cells, whole.report);
  reader.push(whole.bytes);
  reader.end();
  seconds += (performance.now() - start) / 1000;
}
process.stdout.write(`${JSON.stringify({ seconds })}\n`);
