import { Buffer } from 'node:buffer';
import { constants, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  inflate,
  type InflateReport,
  inflateWhole,
  newInflateReport,
  sniffCompression,
} from '#src/framing/gzip.ts';
import { fuzzRuns } from '../helpers/fuzz.ts';

const TEXT = Buffer.from(
  Array.from({ length: 40_000 }, (_, index) => `line ${String((index * 7919) % 10_007)}`).join(
    '\n',
  ),
);
const PARAMS = { [constants.ZSTD_c_checksumFlag]: 1 };
const ZST = zstdCompressSync(TEXT, { params: PARAMS });
const SMALL = Buffer.from('{"a":1}\n{"b":"two"}\n'.repeat(40));
const SMALL_ZST = zstdCompressSync(SMALL, { params: PARAMS });
/** RFC 8878 section 3.1.2. */
const SKIPPABLE = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);

async function unpacked(
  stored: Buffer,
  chunk = stored.length + 1,
): Promise<{ bytes: Buffer; report: InflateReport }> {
  const report = newInflateReport();
  const parts: Buffer[] = [];
  const chunks = function* (): Generator<Buffer> {
    for (let at = 0; at < stored.length; at += chunk) yield stored.subarray(at, at + chunk);
  };
  for await (const part of inflate(chunks(), report)) parts.push(Buffer.from(part));
  return { bytes: Buffer.concat(parts), report };
}

function kinds(report: InflateReport): string[] {
  return report.problems.map(({ kind }) => kind);
}

describe('zstd', () => {
  it('is known by its first bytes', () => {
    expect(sniffCompression(ZST)).toBe('zstd');
    expect(sniffCompression(SKIPPABLE)).toBe('zstd');
    expect(inflateWhole(ZST, 1e9)).toBeUndefined();
    expect(inflateWhole(gzipSync(ZST), 1e9)).toBeUndefined();
  });

  it.each([1, 7, 65_536])('is unpacked from chunks of %i bytes', async (chunk) => {
    const { bytes, report } = await unpacked(ZST, chunk);
    expect(bytes.equals(TEXT)).toBe(true);
    expect(report).toEqual({ compression: 'zstd', members: 1, problems: [] });
  });

  it('is unpacked in gzip, and gzip in it', async () => {
    for (const [stored, compression] of [
      [gzipSync(ZST), 'gzip+zstd'],
      [zstdCompressSync(gzipSync(ZST)), 'zstd+gzip+zstd'],
    ] as const) {
      const { bytes, report } = await unpacked(stored, 1000);
      expect(bytes.equals(TEXT)).toBe(true);
      expect(report).toEqual({ compression, members: 1, problems: [] });
    }
  });

  it('may have frames without content, and several with', async () => {
    const stored = Buffer.concat([
      SKIPPABLE,
      SMALL_ZST,
      SKIPPABLE,
      SMALL_ZST,
      zstdCompressSync(''),
    ]);
    const { bytes, report } = await unpacked(stored, 5);
    expect(bytes.equals(Buffer.concat([SMALL, SMALL]))).toBe(true);
    expect(report.members).toBe(3);
    expect(kinds(report)).toEqual(['gzip_members']);
  });

  it('counts what follows the last frame', async () => {
    const { bytes, report } = await unpacked(Buffer.concat([SMALL_ZST, Buffer.from('more')]));
    expect(bytes.equals(SMALL)).toBe(true);
    expect(report.problems).toEqual([
      {
        kind: 'gzip_trailing',
        detail: `4 bytes after the last zstd frame, at byte ${String(SMALL_ZST.length)}`,
      },
    ]);
  });

  it('says that a dictionary is missing, and which window is too large', async () => {
    const dictionary = Buffer.from(SMALL_ZST);
    dictionary[4] = (dictionary[4] ?? 0) | 1;
    const { report } = await unpacked(dictionary);
    expect(report.problems[0]?.detail).toContain('dictionary');
    // Section 3.1.1.1.2: exponent in the upper five bits, 10 added.
    const wide = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, (31 - 10) << 3, 1, 0, 0]);
    const read = await unpacked(wide);
    expect(kinds(read.report)).toEqual(['gzip_corrupt']);
    expect(read.report.problems[0]?.detail).toContain('memory');
  });

  it('of very little that becomes very much is read up to the limit of any file', async () => {
    const bomb = zstdCompressSync(Buffer.alloc(64 * 2 ** 20));
    const stored = Buffer.concat(Array.from({ length: 8 }, () => bomb));
    const report = newInflateReport();
    let size = 0;
    for await (const part of inflate([stored], report)) size += part.length;
    expect(size).toBeLessThan(385 * 2 ** 20);
    expect(kinds(report)).toContain('gzip_bomb');
  }, 60_000);

  it('cut anywhere gives what stands before, and says so', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 4, max: ZST.length - 1 }), async (at) => {
        const { bytes, report } = await unpacked(ZST.subarray(0, at), 10_000);
        expect(kinds(report)).toEqual(['gzip_truncated']);
        expect(TEXT.subarray(0, bytes.length).equals(bytes)).toBe(true);
      }),
      { numRuns: fuzzRuns(30) },
    );
  });

  it('of which a bit is changed is never another content without a word', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(SMALL_ZST.length * 8 - 1), async (bit) => {
        const stored = Buffer.from(SMALL_ZST);
        stored[bit >> 3] = (stored[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const { bytes, report } = await unpacked(stored);
        if (bytes.equals(SMALL) || report.compression === 'none') return;
        expect(report.problems.length).toBeGreaterThan(0);
      }),
      { numRuns: fuzzRuns(200) },
    );
  });

  it('is read as the library reads it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 2000 }),
        fc.integer({ min: 1, max: 22 }),
        fc.integer({ min: 1, max: 500 }),
        async (content, level, chunk) => {
          const params = { ...PARAMS, [constants.ZSTD_c_compressionLevel]: level };
          const stored = zstdCompressSync(content, { params });
          const { bytes, report } = await unpacked(stored, chunk);
          expect(bytes.equals(zstdDecompressSync(stored))).toBe(true);
          expect(kinds(report)).toEqual([]);
        },
      ),
      { numRuns: fuzzRuns(20) },
    );
  });
});
