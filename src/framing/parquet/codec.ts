/**
 * Unpacks pages (parquet-format, Compression.md). Never more than the page's header says, and never more memory than the
 * packed bytes can hold.
 */
import { Buffer } from 'node:buffer';
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { ParquetFault } from './fault.ts';

/** Codecs (parquet.thrift, enum CompressionCodec), by number. */
const NAMES = ['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'LZO', 'BROTLI', 'LZ4', 'ZSTD', 'LZ4_RAW'];

/** A page longer than this is read by no one: writers make them of a megabyte. */
export const MOST_PAGE = 128 * 2 ** 20;

/**
 * The content of a page.
 * @param size that its header says.
 * @throws ParquetFault where the codec is not known or the content is not of that size.
 */
export function unpack(codec: number, packed: Buffer, size: number): Buffer {
  const name = NAMES[codec];
  if (size > MOST_PAGE) throw new ParquetFault(`a page of ${String(size)} bytes`);
  const content = unpackBy(name, codec, packed, size);
  if (content.length !== size) {
    throw new ParquetFault(
      `a page has ${String(content.length)} bytes where its header says ${String(size)}`,
    );
  }
  return content;
}

function unpackBy(name: string | undefined, codec: number, packed: Buffer, size: number): Buffer {
  if (name === undefined) throw new ParquetFault(`codec ${String(codec)} is not known`);
  const limit = { maxOutputLength: Math.max(1, size) };
  try {
    switch (name) {
      case 'UNCOMPRESSED':
        return packed;
      case 'SNAPPY':
        return unsnappy(packed, size);
      case 'GZIP':
        return gunzipSync(packed, limit);
      case 'BROTLI':
        return brotliDecompressSync(packed, limit);
      case 'ZSTD':
        return zstdDecompressSync(packed, limit);
      case 'LZ4':
        return unhadoop(packed, size);
      case 'LZ4_RAW':
        return unlz4(packed, size);
      default:
        throw new ParquetFault(`codec ${name} is not read`);
    }
  } catch (error) {
    if (error instanceof ParquetFault) throw error;
    // zlib's refusals; anything else it throws says as much of the bytes.
    throw new ParquetFault(`a page is not ${name}: ${error instanceof Error ? error.message : ''}`);
  }
}

function broken(what: string): ParquetFault {
  return new ParquetFault(`a page is not ${what}`);
}

/** Output of {@link unsnappy} and {@link unlz4}: literals and copies of what was written before. */
class Output {
  readonly bytes: Buffer;
  readonly #what: string;
  fill = 0;

  constructor(size: number, what: string) {
    this.bytes = Buffer.allocUnsafeSlow(size);
    this.#what = what;
  }

  literal(from: Buffer, at: number, length: number): void {
    if (at + length > from.length || this.fill + length > this.bytes.length)
      throw broken(this.#what);
    from.copy(this.bytes, this.fill, at, at + length);
    this.fill += length;
  }

  copy(offset: number, length: number): void {
    const { bytes } = this;
    const start = this.fill - offset;
    if (offset === 0 || start < 0 || this.fill + length > bytes.length) throw broken(this.#what);
    if (offset >= length) {
      bytes.copyWithin(this.fill, start, start + length);
    } else {
      // It overlaps what it writes: byte by byte, as the formats mean it.
      for (let index = 0; index < length; index++)
        bytes[this.fill + index] = bytes[start + index] ?? 0;
    }
    this.fill += length;
  }

  done(): Buffer {
    return this.bytes.subarray(0, this.fill);
  }
}

/** Snappy (google/snappy, format_description.txt). */
function unsnappy(packed: Buffer, size: number): Buffer {
  let at = 0;
  let length = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = packed[at++];
    if (byte === undefined || shift > 28) throw broken('SNAPPY');
    length += (byte & 127) * 2 ** shift;
    if (byte < 128) break;
  }
  // An element of three bytes copies at most 64.
  if (length !== size || size > packed.length * 64) throw broken('SNAPPY');
  const output = new Output(length, 'SNAPPY');
  while (at < packed.length) {
    const tag = packed[at++] ?? 0;
    const kind = tag & 3;
    if (kind === 0) {
      let count = tag >> 2;
      if (count >= 60) {
        const bytes = count - 59;
        if (at + bytes > packed.length) throw broken('SNAPPY');
        count = packed.readUIntLE(at, bytes);
        at += bytes;
      }
      output.literal(packed, at, count + 1);
      at += count + 1;
      continue;
    }
    const bytes = kind === 3 ? 4 : kind;
    if (at + bytes > packed.length) throw broken('SNAPPY');
    const low = packed.readUIntLE(at, bytes);
    at += bytes;
    if (kind === 1) output.copy(((tag >> 5) << 8) + low, ((tag >> 2) & 7) + 4);
    else output.copy(low, (tag >> 2) + 1);
  }
  return output.done();
}

/** LZ4 without frame (lz4, doc/lz4_Block_format.md). */
function unlz4(packed: Buffer, size: number): Buffer {
  // A byte of a match's length stands for 255 at most.
  if (size > packed.length * 255 + 64) throw broken('LZ4_RAW');
  const output = new Output(size, 'LZ4_RAW');
  let at = 0;
  const more = (count: number): number => {
    if (count < 15) return count;
    let sum = count;
    for (;;) {
      const byte = packed[at++];
      if (byte === undefined) throw broken('LZ4_RAW');
      sum += byte;
      if (byte < 255) return sum;
    }
  };
  while (at < packed.length) {
    const token = packed[at++] ?? 0;
    const count = more(token >> 4);
    output.literal(packed, at, count);
    at += count;
    // The last sequence has literals alone.
    if (at >= packed.length) break;
    if (at + 2 > packed.length) throw broken('LZ4_RAW');
    const offset = packed.readUInt16LE(at);
    at += 2;
    output.copy(offset, more(token & 15) + 4);
  }
  return output.done();
}

/** LZ4 as Hadoop frames it, which `LZ4` mostly is: pairs of sizes, big-endian, each before a block; or no frame at all. */
function unhadoop(packed: Buffer, size: number): Buffer {
  const blocks: Buffer[] = [];
  let at = 0;
  let sum = 0;
  while (at + 8 <= packed.length) {
    const inside = packed.readUInt32BE(at);
    const length = packed.readUInt32BE(at + 4);
    if (length > packed.length - at - 8 || sum + inside > size) return unlz4(packed, size);
    try {
      blocks.push(unlz4(packed.subarray(at + 8, at + 8 + length), inside));
    } catch (error) {
      // Not framed so: what is wrong with it otherwise is said there.
      if (error instanceof ParquetFault) return unlz4(packed, size);
      throw error;
    }
    at += 8 + length;
    sum += inside;
  }
  return at === packed.length && sum === size ? Buffer.concat(blocks) : unlz4(packed, size);
}
