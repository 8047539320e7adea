/**
 * Unpacks zstd (RFC 8878) with the account that {@link inflate} keeps of gzip: analysts and shippers of logs pack with it.
 * The frames are walked here, block by block, because Node's decompressor passes over what follows the last one, and
 * gives nothing of a block in which it meets a fault.
 */
import type { Buffer } from 'node:buffer';
import { constants, createZstdDecompress } from 'node:zlib';
import type { ByteReader } from './byte-reader.ts';
import { Engine } from './engine.ts';
import type { InflateReport } from './gzip.ts';

/** RFC 8878 section 3.1.1: longest frame header, with its magic number. */
const MAX_HEADER = 18;
/** Section 3.1.2: a skippable frame begins with its magic number and its length. */
const SKIPPABLE_HEADER = 8;
/** Longest block, packed or not (section 3.1.1.2.4). */
const MAX_BLOCK = 131_072;
/** A frame may ask for a window of so much memory, 2^27: what `zstd --ultra` asks for at most unless it is told to. */
const MAX_WINDOW_LOG = 27;
const OUTPUT_BYTES = 131_072;

/** True for bytes that begin a frame of zstd, skippable ones among them. */
export function isZstd(head: Uint8Array): boolean {
  return (
    (head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd) ||
    isSkippable(head)
  );
}

function isSkippable(head: Uint8Array): boolean {
  return (
    ((head[0] ?? 0) & 0xf0) === 0x50 && head[1] === 0x2a && head[2] === 0x4d && head[3] === 0x18
  );
}

/** What the header of a frame says. */
interface FrameHeader {
  readonly length: number;
  readonly checksum: boolean;
  readonly dictionary: boolean;
}

/** Section 3.1.1.1. Undefined if the bytes end inside it. */
function frameHeader(head: Buffer): FrameHeader | undefined {
  const descriptor = head[4];
  if (descriptor === undefined) return undefined;
  const single = (descriptor & 0x20) !== 0;
  const dictionary = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const size = [single ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  const length = 5 + (single ? 0 : 1) + dictionary + size;
  if (head.length < length) return undefined;
  return { length, checksum: (descriptor & 4) !== 0, dictionary: dictionary > 0 };
}

/**
 * The unpacked bytes of all frames.
 * @param layer 1 for the outermost, whose frames are counted.
 */
export async function* unzstd(
  reader: ByteReader,
  report: InflateReport,
  layer: number,
): AsyncGenerator<Buffer, void, undefined> {
  let frames = 0;
  for (;;) {
    const offset = reader.offset;
    const head = await reader.peek(MAX_HEADER);
    if (head.length === 0) break;
    if (isSkippable(head)) {
      // Data of some tool: no content.
      const { length } = head;
      const skip = length < SKIPPABLE_HEADER ? length : SKIPPABLE_HEADER + head.readUInt32LE(4);
      if (length < SKIPPABLE_HEADER || !(await skipWhole(reader, skip))) {
        await reader.drain();
        const detail = `a skippable zstd frame at byte ${String(offset)} is cut`;
        report.problems.push({ kind: 'gzip_truncated', detail });
      }
      continue;
    }
    if (!isZstd(head)) {
      const trailing = await reader.drain();
      const detail = `${String(trailing)} bytes after the last zstd frame, at byte ${String(offset)}`;
      report.problems.push({ kind: 'gzip_trailing', detail });
      break;
    }
    frames++;
    if (layer === 1) report.members = frames;
    const where = `zstd frame ${String(frames)} at byte ${String(offset)}`;
    const state = { size: 0, cut: false, fault: '' };
    yield* unpackFrame(reader, head, state);
    const done = `after ${String(state.size)} unpacked bytes`;
    if (state.fault !== '') {
      const detail = `${where} is corrupt: ${state.fault} ${done}; the rest is not read`;
      report.problems.push({ kind: 'gzip_corrupt', detail });
    } else if (state.cut) {
      report.problems.push({ kind: 'gzip_truncated', detail: `${where} is cut ${done}` });
    }
    if (state.cut || state.fault !== '') {
      await reader.drain();
      break;
    }
  }
  if (frames > 1) {
    report.problems.push({ kind: 'gzip_members', detail: `${String(frames)} zstd frames` });
  }
}

/** False if there are not so many bytes. */
async function skipWhole(reader: ByteReader, length: number): Promise<boolean> {
  let left = length;
  while (left > 0) {
    const piece = await reader.take(left);
    if (piece === undefined) return false;
    left -= piece.length;
  }
  return true;
}

async function* unpackFrame(
  reader: ByteReader,
  head: Buffer,
  state: { size: number; cut: boolean; fault: string },
): AsyncGenerator<Buffer, void, undefined> {
  const header = frameHeader(head);
  if (header === undefined) {
    state.cut = true;
    return;
  }
  if (header.dictionary) {
    state.fault = 'it was packed with a dictionary, which is not at hand';
    return;
  }
  const params = { [constants.ZSTD_d_windowLogMax]: MAX_WINDOW_LOG };
  const engine = new Engine(createZstdDecompress({ chunkSize: OUTPUT_BYTES, params }));
  try {
    let piece = await reader.takeFull(header.length);
    for (let last = false; ;) {
      const step = await engine.write(piece);
      for (const chunk of engine.output) {
        state.size += chunk.length;
        yield chunk;
      }
      if (step === 'fault') {
        state.fault = engine.fault;
        return;
      }
      if (last || state.cut) return;
      const block = await nextBlock(reader, header.checksum);
      piece = block.bytes;
      ({ last } = block);
      state.cut = block.cut;
      state.fault = block.fault;
      if (state.fault !== '' || piece === undefined) return;
    }
  } finally {
    engine.close();
  }
}

interface Block {
  readonly bytes: Buffer | undefined;
  readonly last: boolean;
  readonly cut: boolean;
  readonly fault: string;
}

/** The next block with its header; with the last one the checksum of the frame (section 3.1.1.2). */
async function nextBlock(reader: ByteReader, checksum: boolean): Promise<Block> {
  const head = await reader.peek(3);
  if (head.length < 3) return { bytes: undefined, last: false, cut: true, fault: '' };
  const word = head.readUIntLE(0, 3);
  const last = (word & 1) === 1;
  const type = (word >> 1) & 3;
  const size = word >> 3;
  if (type === 3 || size > MAX_BLOCK) {
    const fault = type === 3 ? 'a block of no known type' : `a block of ${String(size)} bytes`;
    return { bytes: undefined, last, cut: false, fault };
  }
  // A block that repeats one byte holds that alone.
  const length = 3 + (type === 1 ? 1 : size) + (last && checksum ? 4 : 0);
  const bytes = await reader.takeFull(length);
  return { bytes, last, cut: (bytes?.length ?? 0) < length, fault: '' };
}
