/**
 * Inflates gzip (RFC 1952), and what is packed with zstd, with an exact account of it: members, checksums, lengths, what
 * follows the last member, where a stream is cut or corrupt. The bytes decide, never the name. What can be inflated before a fault is kept.
 */
import { Buffer } from 'node:buffer';
import { crc32, createInflateRaw, inflateRawSync, constants } from 'node:zlib';
import type { AnomalyKind } from '../sources/source.ts';
import { ByteReader } from './byte-reader.ts';
import { Engine, type Step } from './engine.ts';
import { isZstd, unzstd } from './zstd.ts';

/** What became of a file's compression; complete when the bytes are. */
export interface InflateReport {
  /** `none`, `gzip`, `zstd`, `gzip+gzip`, or the name of a compression that is not read (`xz`, ...): then bytes pass as they are. */
  compression: string;
  /** Members of the outermost layer, or frames of zstd. */
  members: number;
  /** Of a file of Parquet: a row without values, as JSON, that names its columns. */
  columns?: string;
  /** Faults, in order. */
  readonly problems: { readonly kind: AnomalyKind; readonly detail: string }[];
}

/** A fresh report. */
export function newInflateReport(): InflateReport {
  return { compression: 'none', members: 0, problems: [] };
}

/** Gzip in gzip happens (CloudWatch Logs data that Firehose compresses again), and an analyst packs that once more with zstd; deeper nesting is left as it is. */
const MAX_LAYERS = 3;
/** Input is given to zlib in pieces of this size, so that one piece never inflates to more than about 32 MiB. */
const PIECE_BYTES = 32_768;
const OUTPUT_BYTES = 131_072;
/** Stored bytes of a member that are kept to be inflated again in smaller steps when the stream turns out corrupt. */
const REPLAY_BYTES = 2 ** 20;
/** Output step of that second run: so much is lost at most before a fault. */
const REPLAY_OUTPUT_BYTES = 256;
/**
 * A file may inflate to this much whatever its ratio; beyond it, to MAX_RATIO times what was read of it so far, all layers
 * together. Deflate itself ends near 1032 (zlib, "Technical Details"), two layers near a million. Logs stay below 50: flow
 * log lines that differ in one counter came to 42, the very same line again and again to 294. Good lines cost 8 µs each,
 * so what is free here is half a minute of work at most, and what is not is bounded by the bytes that were collected.
 */
const FREE_BYTES = 384 * 2 ** 20;
const MAX_RATIO = 200;
/** Enough for any magic number and for the fixed part of a member's header. */
const SNIFF_BYTES = 10;
/** Header fields of a member (name, comment, extra) longer than this are no gzip that any tool writes. */
const MAX_HEADER_BYTES = 1 << 20;

const OTHER_COMPRESSIONS: readonly (readonly [string, readonly number[]])[] = [
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['zip', [0x50, 0x4b, 0x03, 0x04]],
];

/** Name of the compression that the first bytes show; `none` for plain bytes. */
export function sniffCompression(head: Uint8Array): string {
  if (isGzip(head)) return 'gzip';
  if (isZstd(head)) return 'zstd';
  const other = OTHER_COMPRESSIONS.find(([, magic]) =>
    magic.every((byte, index) => head[index] === byte),
  );
  return other?.[0] ?? 'none';
}

function isGzip(head: Uint8Array): boolean {
  // RFC 1952 section 2.3.1: ID1, ID2, and CM 8 (deflate), the only method there is.
  return head[0] === 0x1f && head[1] === 0x8b && head[2] === 8;
}

function isRead(compression: string): boolean {
  return compression === 'gzip' || compression === 'zstd';
}

/**
 * The decompressed bytes of a file, and what was found on the way.
 * @param chunks the stored bytes.
 * @param report filled in; read it after the last chunk.
 */
export async function* inflate(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  report: InflateReport,
): AsyncGenerator<Buffer, void, undefined> {
  const reader = new ByteReader(chunks);
  let inflated = 0;
  for await (const piece of inflateLayer(reader, report, 1)) {
    inflated += piece.length;
    if (inflated > FREE_BYTES && inflated > MAX_RATIO * reader.offset) {
      report.problems.push({
        kind: 'gzip_bomb',
        detail: `the first ${String(reader.offset)} bytes inflate to more than ${String(inflated - piece.length)}; the rest is not read`,
      });
      return;
    }
    yield piece;
  }
}

async function* inflateLayer(
  reader: ByteReader,
  report: InflateReport,
  layer: number,
): AsyncGenerator<Buffer, void, undefined> {
  const head = await reader.peek(SNIFF_BYTES);
  const compression = sniffCompression(head);
  if (!isRead(compression) || layer > MAX_LAYERS) {
    if (layer === 1) report.compression = compression;
    for (let piece = await reader.take(); piece !== undefined; piece = await reader.take())
      yield piece;
    return;
  }
  report.compression = layer === 1 ? compression : `${report.compression}+${compression}`;
  const inside = compression === 'gzip' ? inflateMembers : unzstd;
  // Whether another layer follows shows only in the inflated bytes.
  yield* inflateLayer(new ByteReader(inside(reader, report, layer)), report, layer + 1);
}

async function* inflateMembers(
  reader: ByteReader,
  report: InflateReport,
  layer: number,
): AsyncGenerator<Buffer, void, undefined> {
  let members = 0;
  for (;;) {
    const memberOffset = reader.offset;
    const head = await reader.peek(SNIFF_BYTES);
    if (head.length === 0) break;
    if (!isGzip(head)) {
      const trailing = await reader.drain();
      report.problems.push({
        kind: 'gzip_trailing',
        detail: `${String(trailing)} bytes after the last gzip member, at byte ${String(memberOffset)}`,
      });
      break;
    }
    members++;
    if (layer === 1) report.members = members;
    const where = `gzip member ${String(members)} at byte ${String(memberOffset)}`;
    const headerLength = await findHeaderEnd(reader);
    if (headerLength === undefined) {
      await reader.drain();
      report.problems.push({ kind: 'gzip_truncated', detail: `${where} ends inside its header` });
      break;
    }
    const flaw = headerFlaw((await reader.peek(headerLength)).subarray(0, headerLength));
    if (flaw !== undefined) {
      report.problems.push({ kind: 'gzip_corrupt', detail: `${where}: ${flaw}` });
    }
    await reader.skip(headerLength);
    const state = { crc: 0, size: 0, fault: '' };
    yield* inflateDeflate(reader, state);
    if (state.fault !== '') {
      await reader.drain();
      report.problems.push({
        kind: 'gzip_corrupt',
        detail: `${where} is corrupt: ${state.fault} after ${String(state.size)} inflated bytes; the rest is not read`,
      });
      break;
    }
    const trailer = await reader.peek(8);
    if (trailer.length < 8) {
      await reader.drain();
      report.problems.push({
        kind: 'gzip_truncated',
        detail: `${where} is cut after ${String(state.size)} inflated bytes`,
      });
      break;
    }
    const crc = trailer.readUInt32LE(0);
    const size = trailer.readUInt32LE(4);
    await reader.skip(8);
    if (crc !== state.crc) {
      report.problems.push({
        kind: 'gzip_corrupt',
        detail: `${where}: CRC-32 does not match its content`,
      });
    }
    // RFC 1952 section 2.3.1: ISIZE is the length modulo 2^32.
    if (size !== state.size % 2 ** 32) {
      report.problems.push({
        kind: 'gzip_corrupt',
        detail: `${where}: length does not match its content`,
      });
    }
  }
  if (members > 1) {
    report.problems.push({ kind: 'gzip_members', detail: `${String(members)} gzip members` });
  }
}

/** Length of the header of the member that starts at the reader; undefined if the file ends inside it. */
async function findHeaderEnd(reader: ByteReader): Promise<number | undefined> {
  for (let want = 512; want <= MAX_HEADER_BYTES; want *= 2) {
    const head = await reader.peek(want);
    const length = headerLength(head);
    if (length !== undefined) return length;
    if (head.length < want) return undefined;
  }
  return undefined;
}

/** RFC 1952 section 2.3: fixed part, FEXTRA, FNAME, FCOMMENT, FHCRC. Undefined if `head` ends inside the header. */
function headerLength(head: Buffer): number | undefined {
  if (head.length < 10) return undefined;
  const flags = head[3] ?? 0;
  let at = 10;
  if ((flags & 4) !== 0) {
    if (head.length < at + 2) return undefined;
    at += 2 + head.readUInt16LE(at);
  }
  for (const flag of [8, 16]) {
    if ((flags & flag) === 0) continue;
    const zero = head.indexOf(0, at);
    if (zero < 0) return undefined;
    at = zero + 1;
  }
  if ((flags & 2) !== 0) at += 2;
  return at <= head.length ? at : undefined;
}

/** What gunzip would refuse in a header and what it says of its content: that is read all the same, and the flaw told. */
function headerFlaw(header: Buffer): string | undefined {
  const flags = header[3] ?? 0;
  // RFC 1952 section 2.3.1.2: reserved bits must be zero, and a decoder must say so.
  if ((flags & 0xe0) !== 0) return 'its header has reserved flags set';
  const body = header.subarray(0, -2);
  const crc = (flags & 2) === 0 ? undefined : header.readUInt16LE(body.length);
  return crc === undefined || crc === (crc32(body) & 0xffff)
    ? undefined
    : 'the CRC of its header does not match';
}

interface MemberState {
  crc: number;
  size: number;
  /** zlib's word for what is wrong, if the stream is corrupt. */
  fault: string;
}

function inflater(outputBytes: number): Engine {
  // Z_SYNC_FLUSH: a cut stream gives what it has instead of an error; that the trailer is missing shows the cut.
  return new Engine(
    createInflateRaw({ chunkSize: outputBytes, finishFlush: constants.Z_SYNC_FLUSH }),
  );
}

/** Inflates one deflate stream and leaves the reader behind it (at its end, if the file is cut). */
async function* inflateDeflate(
  reader: ByteReader,
  state: MemberState,
): AsyncGenerator<Buffer, void, undefined> {
  const engine = inflater(OUTPUT_BYTES);
  let given: Buffer[] | undefined = [];
  let givenLength = 0;
  let step: Step = 'more';
  try {
    while (step === 'more') {
      const piece = await reader.takeFull(PIECE_BYTES);
      step = await engine.write(piece);
      if (piece !== undefined) {
        givenLength += piece.length;
        if (givenLength > REPLAY_BYTES) given = undefined;
        given?.push(piece);
        // Input behind the end of the deflate stream goes back.
        if (step === 'ended')
          reader.unread(piece.subarray(piece.length - (givenLength - engine.used)));
      }
      for (const chunk of engine.output) yield count(chunk, state);
    }
    state.fault = engine.fault;
    if (step === 'fault' && given !== undefined) {
      for (const chunk of await replay(Buffer.concat(given), state.size)) yield count(chunk, state);
    }
  } finally {
    engine.close();
  }
}

function count(chunk: Buffer, state: MemberState): Buffer {
  state.crc = crc32(chunk, state.crc);
  state.size += chunk.length;
  return chunk;
}

/**
 * What a corrupt stream gives behind its first `known` inflated bytes. zlib drops the output of the call in which it
 * meets the fault, so the stream is inflated again in small steps.
 */
async function replay(deflated: Buffer, known: number): Promise<Buffer[]> {
  const engine = inflater(REPLAY_OUTPUT_BYTES);
  try {
    await engine.write(deflated);
    const all = engine.output;
    const more: Buffer[] = [];
    let at = 0;
    for (const chunk of all) {
      if (at + chunk.length > known) more.push(chunk.subarray(Math.max(0, known - at)));
      at += chunk.length;
    }
    return more;
  } finally {
    engine.close();
  }
}

/** Result of {@link inflateWhole}. */
export interface Inflated {
  readonly bytes: Buffer;
  readonly report: InflateReport;
}

/**
 * The quick way for a file that is one sound gzip member, or plain: no streams, no waiting. Undefined where there is
 * more to say (several members, a fault, output above `most` bytes): use {@link inflate} then.
 */
export function inflateWhole(stored: Buffer, most: number): Inflated | undefined {
  const report = newInflateReport();
  const compression = sniffCompression(stored);
  report.compression = compression;
  if (compression === 'zstd') return undefined;
  if (compression !== 'gzip') return { bytes: stored, report };
  const start = headerLength(stored);
  if (start === undefined || stored.length < start + 10) return undefined;
  if (headerFlaw(stored.subarray(0, start)) !== undefined) return undefined;
  const deflated = stored.subarray(start, stored.length - 8);
  const size = stored.readUInt32LE(stored.length - 4);
  if (size > most) return undefined;
  let result: { readonly buffer: Buffer; readonly engine: { readonly bytesWritten: number } };
  try {
    result = inflateRawSync(deflated, {
      info: true,
      maxOutputLength: Math.max(1, most),
      // One allocation: the trailer says how long the content is.
      chunkSize: Math.max(64, size + 1),
    }) as unknown as typeof result;
  } catch {
    // Corrupt, cut or longer than allowed: the streaming way says which.
    return undefined;
  }
  const bytes = result.buffer;
  const sound =
    result.engine.bytesWritten === deflated.length &&
    bytes.length === size &&
    crc32(bytes) === stored.readUInt32LE(stored.length - 8);
  if (!sound || isRead(sniffCompression(bytes))) return undefined;
  report.members = 1;
  return { bytes, report };
}
