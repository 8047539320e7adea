/** Files too large for one member are split, each part in its place, and the bag still describes them exactly. */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readVolume } from '#src/archive/read.ts';
import { BagCheck } from '#src/bundle/bag-check.ts';
import { placeObjects } from '#src/bundle/names.ts';
import { tagFile, textBytes } from '#src/bundle/tag-file.ts';
import { bagFiles, writeVolumes } from '#src/bundle/volumes.ts';
import { tempDir } from '../helpers/temp.ts';

const CONTENT = Buffer.from(Array.from({ length: 150_000 }, (_, index) => index % 251));
const LABELS = {
  organization: 'Lab\nwith a line feed',
  examiner: 'Ada Test',
  caseId: 'TEST-1',
  evidenceId: 'EV-0001',
  date: '2026-01-02',
  agent: 'exhibit 0.1.0',
};

function hex(algorithm: 'sha256' | 'sha512', bytes: Uint8Array): string {
  return createHash(algorithm).update(bytes).digest('hex');
}

async function staged(): Promise<{
  folder: string;
  path: (sha256: string) => string;
  file: string;
}> {
  const folder = await tempDir();
  mkdirSync(join(folder, 'objects'));
  const path = (sha256: string): string => join(folder, 'objects', sha256);
  const file = path(hex('sha256', CONTENT));
  writeFileSync(file, CONTENT);
  return { folder, path, file };
}

const OBJECT = {
  original_path: 'big.json',
  root: 0,
  size: CONTENT.length,
  mtime_us: 0,
  sha256: hex('sha256', CONTENT),
  sha512: hex('sha512', CONTENT),
};
const payload = placeObjects([OBJECT], ['logs'], { from: 100_000, into: 60_000 });

test('parts over several volumes verify and put together again are the file', async () => {
  const { folder, path } = await staged();
  const text = {
    collection: '{"case":"TEST-1","evidence":"EV-0001"}\n',
    line: `{"prev":"${'0'.repeat(64)}"}\n`,
  };
  const { volumes } = await writeVolumes({
    files: await bagFiles(payload, path),
    volumeBytes: 130_000,
    everywhere: [
      await tagFile('acquisition/collection.json', textBytes(text.collection)),
      await tagFile('acquisition/environment.json', textBytes('{}\n')),
    ],
    first: [
      await tagFile('acquisition/errors.jsonl', textBytes('')),
      await tagFile('acquisition/journal.jsonl', textBytes(text.line)),
    ],
    labels: LABELS,
    folder,
    suffix: '',
    signal: new AbortController().signal,
    onVolume: () => undefined,
  });
  expect(volumes.length).toBeGreaterThan(1);
  const parts: Buffer[] = [];
  const objects: unknown[] = [];
  for (const [index, volume] of volumes.entries()) {
    const check = new BagCheck(
      { caseId: 'TEST-1', evidenceId: 'EV-0001', ...volume, number: index + 1, of: volumes.length },
      true,
      () => undefined,
    );
    const files: Record<string, Buffer> = {};
    await readVolume(join(folder, volume.file), async (entry) => {
      const pieces: Buffer[] = [];
      const body = async function* (): AsyncIterable<Buffer> {
        for await (const piece of entry.body) {
          pieces.push(Buffer.from(piece));
          yield piece;
        }
      };
      await check.entry({ ...entry, body: body() });
      files[entry.path.slice(volume.name.length + 1)] = Buffer.concat(pieces);
    });
    expect(check.finish().filter(({ status }) => status === 'fail')).toEqual([]);
    expect(files['bag-info.txt']?.toString()).toContain(
      'Source-Organization: Lab with a line feed\n',
    );
    const lines = files['acquisition/objects.jsonl']?.toString().trimEnd().split('\n') ?? [];
    for (const line of lines) {
      const object = JSON.parse(line) as { path: string };
      objects.push(object);
      parts.push(files[object.path] ?? Buffer.alloc(0));
    }
  }
  expect(Buffer.concat(parts).equals(CONTENT)).toBe(true);
  expect(objects).toEqual(
    parts.map((part, index) => ({
      ...OBJECT,
      path: `data/logs/big.json.part000${String(index + 1)}`,
      part: {
        number: index + 1,
        of: 3,
        offset: index * 60_000,
        size: part.length,
        sha256: hex('sha256', part),
        sha512: hex('sha512', part),
      },
    })),
  );
});

test('a split file that is not what was collected is refused', async () => {
  const { path, file } = await staged();
  writeFileSync(file, Buffer.alloc(CONTENT.length));
  await expect(bagFiles(payload, path)).rejects.toMatchObject({ code: 'E_TAMPERED' });
});
