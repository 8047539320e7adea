import { Buffer } from 'node:buffer';
import { constants, crc32, deflateRawSync, gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  inflate,
  type InflateReport,
  inflateWhole,
  newInflateReport,
  sniffCompression,
} from '#src/framing/gzip.ts';

const TEXT = Buffer.from(
  Array.from({ length: 20_000 }, (_, index) => `line ${String((index * 7919) % 10_007)}`).join(
    '\n',
  ),
);
const GZ = gzipSync(TEXT);
/** What a file may inflate to whatever its ratio. */
const FREE = 384 * 2 ** 20;
/** More than any piece that comes out at once. */
const MAX_PIECE = 2 ** 26;

async function inflated(
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

describe('inflate', () => {
  it('passes plain bytes through', async () => {
    const { bytes, report } = await inflated(TEXT, 1000);
    expect(bytes.equals(TEXT)).toBe(true);
    expect(report).toEqual({ compression: 'none', members: 0, problems: [] });
  });

  it('inflates one member', async () => {
    const { bytes, report } = await inflated(GZ, 777);
    expect(bytes.equals(TEXT)).toBe(true);
    expect(report).toEqual({ compression: 'gzip', members: 1, problems: [] });
  });

  it('inflates many members and says how many', async () => {
    const { bytes, report } = await inflated(Buffer.concat([GZ, gzipSync(''), GZ]));
    expect(bytes.equals(Buffer.concat([TEXT, TEXT]))).toBe(true);
    expect(report.members).toBe(3);
    expect(kinds(report)).toEqual(['gzip_members']);
  });

  it('peels gzip in gzip', async () => {
    const { bytes, report } = await inflated(gzipSync(gzipSync(GZ)));
    expect(bytes.equals(TEXT)).toBe(true);
    expect(report.compression).toBe('gzip+gzip+gzip');
    expect(kinds(report)).toEqual([]);
  });

  it('reads every optional part of a header', async () => {
    const extra = Buffer.from([3, 0, 1, 2, 3]);
    const name = Buffer.from('name\0comment\0');
    const fields = Buffer.concat([
      Buffer.from([0x1f, 0x8b, 8, 0x1e, 0, 0, 0, 0, 0, 3]),
      extra,
      name,
    ]);
    const crc = Buffer.alloc(2);
    crc.writeUInt16LE(crc32(fields) & 0xffff);
    const stored = Buffer.concat([fields, crc, GZ.subarray(10)]);
    expect(gunzipSync(stored).equals(TEXT)).toBe(true);
    const read = await inflated(stored, 5);
    expect(read.bytes.equals(TEXT)).toBe(true);
    expect(kinds(read.report)).toEqual([]);
    expect(inflateWhole(stored, TEXT.length)?.bytes.equals(TEXT)).toBe(true);
  });

  it.each([0x20, 0x40, 0x80, 2])(
    'tells of a header that gunzip refuses (flags %i)',
    async (flag) => {
      const header = Buffer.from([0x1f, 0x8b, 8, flag, 0, 0, 0, 0, 0, 3]);
      // With flag 2, a CRC of the header that is wrong.
      const stored = Buffer.concat([
        header,
        ...(flag === 2 ? [Buffer.alloc(2)] : []),
        GZ.subarray(10),
      ]);
      expect(() => gunzipSync(stored)).toThrow(/header/);
      const { bytes, report } = await inflated(stored, 5);
      expect(bytes.equals(TEXT)).toBe(true);
      expect(kinds(report)).toEqual(['gzip_corrupt']);
      expect(inflateWhole(stored, TEXT.length)).toBeUndefined();
    },
  );

  it.each([1, 8, 9, 1000, GZ.length - 11])(
    'keeps what a file cut by %i bytes holds',
    async (cut) => {
      const { bytes, report } = await inflated(GZ.subarray(0, GZ.length - cut));
      expect(kinds(report)).toEqual(['gzip_truncated']);
      expect(TEXT.subarray(0, bytes.length).equals(bytes)).toBe(true);
      if (cut < 9) expect(bytes.length).toBe(TEXT.length);
    },
  );

  it('reports a header that is cut', async () => {
    expect(kinds((await inflated(GZ.subarray(0, 6))).report)).toEqual(['gzip_truncated']);
  });

  it('counts bytes after the last member', async () => {
    const { bytes, report } = await inflated(Buffer.concat([GZ, Buffer.from('trailing')]));
    expect(bytes.equals(TEXT)).toBe(true);
    expect(report.problems).toEqual([
      {
        kind: 'gzip_trailing',
        detail: `8 bytes after the last gzip member, at byte ${String(GZ.length)}`,
      },
    ]);
  });

  it.each([8, 4])('checks the trailer (%i bytes before the end)', async (place) => {
    const stored = Buffer.from(GZ);
    stored.writeUInt8(stored.readUInt8(stored.length - place) ^ 1, stored.length - place);
    const { bytes, report } = await inflated(stored);
    expect(bytes.equals(TEXT)).toBe(true);
    expect(kinds(report)).toEqual(['gzip_corrupt']);
    expect(inflateWhole(stored, 1e9)).toBeUndefined();
  });

  it('keeps what stands before a corrupt block, to within a few hundred bytes', async () => {
    // Blocks of 4096 bytes each; the type of the 21st is made invalid.
    const blocks: Buffer[] = [];
    for (let at = 0; at < TEXT.length; at += 4096) {
      blocks.push(
        deflateRawSync(TEXT.subarray(at, at + 4096), { finishFlush: constants.Z_FULL_FLUSH }),
      );
    }
    const place = 10 + blocks.slice(0, 20).reduce((sum, block) => sum + block.length, 0);
    const stored = Buffer.concat([GZ.subarray(0, 10), ...blocks]);
    stored.writeUInt8(0xff, place);
    const { bytes, report } = await inflated(stored);
    expect(kinds(report)).toEqual(['gzip_corrupt']);
    expect(bytes.length).toBeGreaterThan(20 * 4096 - 300);
    expect(bytes.equals(TEXT.subarray(0, bytes.length))).toBe(true);
  });

  it('stops a bomb, in however many layers, after 384 MiB', async () => {
    // Blocks that end at a byte can be repeated: 4 GiB of zeros in 4 MB, and those in 20 KB.
    const zeros = deflateRawSync(Buffer.alloc(2 ** 24), { finishFlush: constants.Z_FULL_FLUSH });
    const bomb = (blocks: number): Buffer =>
      Buffer.concat([GZ.subarray(0, 10), ...Array<Buffer>(blocks).fill(zeros)]);
    for (const stored of [bomb(256), gzipSync(bomb(256))]) {
      const report = newInflateReport();
      let size = 0;
      for await (const part of inflate([stored], report)) size += part.length;
      expect(report.problems).toMatchObject([{ kind: 'gzip_bomb' }]);
      expect(size).toBeGreaterThan(FREE - 1);
      expect(size).toBeLessThan(FREE + MAX_PIECE + 200 * stored.length);
    }
    // Below that a file may be as dense as deflate can make it.
    const report = newInflateReport();
    for await (const part of inflate([gzipSync(Buffer.alloc(5e7))], report)) part.fill(1);
    expect(report.problems).toEqual([]);
  });

  it('stops a bomb of good lines, and lets dense logs pass', async () => {
    const line = (end: string): string =>
      `2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 ${end} 1418530010 1418530070 ACCEPT OK\n`;
    const logs = {
      same: Buffer.from(line('4249').repeat(50_000)),
      counted: Buffer.from(Array.from({ length: 50_000 }, (_, n) => line(String(n))).join('')),
    };
    for (const [kind, bytes] of Object.entries(logs)) {
      // Blocks that end at a byte can be repeated; the trailer is of no interest here.
      const block = deflateRawSync(bytes, { level: 9, finishFlush: constants.Z_FULL_FLUSH });
      const times = Math.ceil((FREE * 1.1) / bytes.length);
      const stored = [GZ.subarray(0, 10), ...Array<Buffer>(times).fill(block)];
      const report = newInflateReport();
      let size = 0;
      for await (const part of inflate(stored, report)) size += part.length;
      expect(kinds(report)).toEqual([kind === 'same' ? 'gzip_bomb' : 'gzip_truncated']);
      if (kind === 'same') expect(size).toBeLessThan(FREE + MAX_PIECE);
      else expect(size).toBe(times * bytes.length);
    }
  });

  it('says the same however the bytes are chunked', async () => {
    const small = gzipSync(TEXT.subarray(0, 3000));
    const corrupt = fc
      .tuple(fc.nat(small.length - 1), fc.integer({ min: 1, max: 255 }))
      .map(([at, bits]) => {
        const stored = Buffer.from(small);
        stored.writeUInt8(stored.readUInt8(at) ^ bits, at);
        return stored;
      });
    const files = fc.oneof(
      corrupt,
      fc.nat(small.length).map((length) => small.subarray(0, length)),
      fc.uint8Array({ maxLength: 40 }).map((tail) => Buffer.concat([small, small, tail])),
    );
    await fc.assert(
      fc.asyncProperty(files, fc.integer({ min: 1, max: 400 }), async (stored, chunk) => {
        const whole = await inflated(stored);
        expect(await inflated(stored, chunk)).toEqual(whole);
        const quick = inflateWhole(stored, 1e6);
        if (quick !== undefined)
          expect({ bytes: Buffer.from(quick.bytes), report: quick.report }).toEqual(whole);
      }),
      { numRuns: 200 },
    );
  });
});

describe('inflateWhole', () => {
  it('takes one sound member or plain bytes, within its limit', () => {
    expect(inflateWhole(GZ, TEXT.length)?.bytes.equals(TEXT)).toBe(true);
    expect(inflateWhole(TEXT, 0)?.report.compression).toBe('none');
    expect(inflateWhole(gzipSync(''), 0)?.bytes.length).toBe(0);
    expect(inflateWhole(GZ, TEXT.length - 1)).toBeUndefined();
  });
  it('leaves everything else to the stream', () => {
    expect(inflateWhole(Buffer.concat([GZ, GZ]), 1e9)).toBeUndefined();
    expect(inflateWhole(gzipSync(GZ), 1e9)).toBeUndefined();
    expect(inflateWhole(GZ.subarray(0, 500), 1e9)).toBeUndefined();
  });
  it('is not led by a trailer that lies about the length', () => {
    const stored = Buffer.from(GZ);
    stored.writeUInt32LE(5, stored.length - 4);
    expect(inflateWhole(stored, 1e9)).toBeUndefined();
  });
});

describe('sniffCompression', () => {
  it.each([
    ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
    ['bzip2', [0x42, 0x5a, 0x68, 0x39]],
    ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]],
    ['zip', [0x50, 0x4b, 3, 4]],
    ['none', [0x7b]],
    ['none', []],
  ])('%s', (name, bytes) => {
    expect(sniffCompression(Buffer.from(bytes))).toBe(name);
  });
});
