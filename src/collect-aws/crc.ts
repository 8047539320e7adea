/**
 * Two checksums of S3 that Node does not have: CRC-32C (RFC 3720, appendix B.4) and CRC-64/NVME (NVM Express, NVM Command
 * Set, "64b CRC"; S3's default for new objects). Both reflected, all ones before and after, eight bytes a step.
 */

/** A running CRC. */
export interface Crc {
  readonly update: (chunk: Uint8Array) => void;
  /** Big endian, as S3 writes it in base64. */
  readonly digest: () => Uint8Array;
}

const CRC32C = 0x82f63b78n;
const CRC64 = 0x9a6c9329ac4bc9b5n;

/** Tables for eight bytes a step: of byte b followed by k zero bytes, low half at [k * 256 + b], high half likewise. */
interface Tables {
  readonly low: Uint32Array;
  readonly high: Uint32Array;
}

function makeTables(polynomial: bigint): Tables {
  const low = new Uint32Array(2048);
  const high = new Uint32Array(2048);
  const first: bigint[] = [];
  for (let byte = 0; byte < 256; byte += 1) {
    let value = BigInt(byte);
    for (let bit = 0; bit < 8; bit += 1) {
      value = (value & 1n) === 1n ? (value >> 1n) ^ polynomial : value >> 1n;
    }
    first.push(value);
  }
  first.forEach((value, byte) => {
    let next = value;
    for (let zeros = 0; zeros < 8; zeros += 1) {
      low[zeros * 256 + byte] = Number(next & 0xffffffffn);
      high[zeros * 256 + byte] = Number(next >> 32n);
      next = (next >> 8n) ^ (first[Number(next & 0xffn)] ?? 0n);
    }
  });
  return { low, high };
}

let tables32: Tables | undefined;
let tables64: Tables | undefined;

/** CRC-32C. */
export function crc32c(): Crc {
  const { low: t } = (tables32 ??= makeTables(CRC32C));
  let crc = 0xffffffff;
  return {
    update: (chunk) => {
      let i = 0;
      const eights = chunk.length - 7;
      for (; i < eights; i += 8) {
        const a = crc ^ word(chunk, i);
        const b = word(chunk, i + 4);
        crc =
          at(t, 1792 + (a & 255)) ^
          at(t, 1536 + ((a >>> 8) & 255)) ^
          at(t, 1280 + ((a >>> 16) & 255)) ^
          at(t, 1024 + (a >>> 24)) ^
          at(t, 768 + (b & 255)) ^
          at(t, 512 + ((b >>> 8) & 255)) ^
          at(t, 256 + ((b >>> 16) & 255)) ^
          at(t, b >>> 24);
      }
      for (; i < chunk.length; i += 1) crc = (crc >>> 8) ^ at(t, (crc ^ at(chunk, i)) & 255);
    },
    digest: () => bytesOf([~crc]),
  };
}

/** CRC-64/NVME. */
export function crc64nvme(): Crc {
  const { low: l, high: h } = (tables64 ??= makeTables(CRC64));
  let low = 0xffffffff;
  let high = 0xffffffff;
  return {
    update: (chunk) => {
      let i = 0;
      const eights = chunk.length - 7;
      for (; i < eights; i += 8) {
        const a = low ^ word(chunk, i);
        const b = high ^ word(chunk, i + 4);
        const p = [
          1792 + (a & 255),
          1536 + ((a >>> 8) & 255),
          1280 + ((a >>> 16) & 255),
          1024 + (a >>> 24),
          768 + (b & 255),
          512 + ((b >>> 8) & 255),
          256 + ((b >>> 16) & 255),
          b >>> 24,
        ] as const;
        low =
          at(l, p[0]) ^
          at(l, p[1]) ^
          at(l, p[2]) ^
          at(l, p[3]) ^
          at(l, p[4]) ^
          at(l, p[5]) ^
          at(l, p[6]) ^
          at(l, p[7]);
        high =
          at(h, p[0]) ^
          at(h, p[1]) ^
          at(h, p[2]) ^
          at(h, p[3]) ^
          at(h, p[4]) ^
          at(h, p[5]) ^
          at(h, p[6]) ^
          at(h, p[7]);
      }
      for (; i < chunk.length; i += 1) {
        const index = (low ^ at(chunk, i)) & 255;
        low = ((low >>> 8) | (high << 24)) ^ at(l, index);
        high = (high >>> 8) ^ at(h, index);
      }
    },
    digest: () => bytesOf([~high, ~low]),
  };
}

function at(table: Uint32Array | Uint8Array, index: number): number {
  // Every index used here is within its table; what is not would read as 0.
  return table[index] ?? 0;
}

function word(chunk: Uint8Array, i: number): number {
  return (
    at(chunk, i) | (at(chunk, i + 1) << 8) | (at(chunk, i + 2) << 16) | (at(chunk, i + 3) << 24)
  );
}

function bytesOf(words: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(words.length * 4);
  const view = new DataView(bytes.buffer);
  words.forEach((value, index) => {
    view.setUint32(index * 4, value >>> 0);
  });
  return bytes;
}
