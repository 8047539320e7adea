/**
 * Writes evidence-samples/mirror: `node evidence-samples/generate.ts`. The same bytes of text every time: no clock, no
 * chance but the seeded one. (Compressed bytes may differ between zlib builds; the committed ones are the samples.)
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { background } from './background.ts';
import { mirrorFiles } from './files.ts';
import { flows } from './flows.ts';
import { intrusion } from './intrusion.ts';
import { MOMENT } from './night.ts';
import type { SampleFile } from './sample-file.ts';
import { World } from './world.ts';

/** All files of the samples, sorted by path. */
export function generateSamples(): SampleFile[] {
  const world = new World();
  const exports = background(world, MOMENT.end);
  intrusion(world, exports);
  flows(world, exports);
  world.events.sort((a, b) => a.at - b.at);
  return mirrorFiles(world);
}

if (import.meta.main) {
  const root = join(import.meta.dirname, 'mirror');
  const files = generateSamples();
  rmSync(root, { recursive: true, force: true });
  for (const file of files) {
    const path = join(root, file.path);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, file.bytes);
  }
  const bytes = files.reduce((sum, file) => sum + file.bytes.length, 0);
  process.stdout.write(`${String(files.length)} files, ${String(bytes)} bytes\n`);
}
