/**
 * Reads every file of a folder as an import does, in one thread: inflates, hashes, frames, takes the fields, makes the row
 * with its identity and hash, packs the raw text; all but the pages and indexes of the database.
 * `node bench/read-lines.ts FOLDER`.
 */
import type { Buffer } from 'node:buffer';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { reread } from '../src/ingest/reread.ts';

const [folder = ''] = process.argv.slice(2);
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
  statSync(join(folder, name)).isFile(),
);
let seconds = 0;
for (const [index, name] of files.entries()) {
  const bytes: Buffer = readFileSync(join(folder, name));
  const task = {
    fileId: index + 1,
    evidenceNo: 1,
    path: `data/${name}`,
    originalPath: name,
    bucket: null,
    key: null,
    versionId: null,
    sha256: '',
    size: bytes.length,
    mtimeUs: undefined,
    as: null,
    metadata: false,
  };
  const start = performance.now();
  // No record has this id: all of the file is read.
  await reread(task, [bytes] as unknown as AsyncIterable<Uint8Array>, -1, () => undefined);
  seconds += (performance.now() - start) / 1000;
}
process.stdout.write(`${JSON.stringify({ seconds })}\n`);
