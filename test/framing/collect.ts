/** Runs bytes through a framer and keeps what comes out. */
import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { BlockFramer, type Joins } from '#src/framing/blocks.ts';
import { JsonFramer, type JsonLimits } from '#src/framing/json.ts';
import { LineFramer } from '#src/framing/lines.ts';
import type { Framer, FrameSink } from '#src/framing/sink.ts';
import type { RecordHints, RejectReason } from '#src/sources/source.ts';

/** One thing a framer said. */
export type Piece =
  | {
      readonly kind: 'record';
      readonly offset: number;
      readonly length: number;
      readonly text: string;
      readonly hints: RecordHints;
    }
  | {
      readonly kind: 'problem';
      readonly offset: number;
      readonly length: number;
      readonly reason: RejectReason;
      readonly detail: string;
      /** The bytes, where others may be asked about them. */
      readonly foreign?: string;
    }
  | { readonly kind: 'anomaly'; readonly anomaly: string; readonly detail: string };

function collecting(): { readonly sink: FrameSink; readonly pieces: Piece[] } {
  const pieces: Piece[] = [];
  const sink: FrameSink = {
    record: (bytes, start, end, offset, hints) => {
      const text = bytes.toString('latin1', start, end);
      pieces.push({ kind: 'record', offset, length: end - start, text, hints: { ...hints } });
    },
    problem: (reason, offset, length, detail, text) => {
      const foreign = text === undefined ? {} : { foreign: text.toString('latin1') };
      pieces.push({ kind: 'problem', offset, length, reason, detail, ...foreign });
    },
    anomaly: (anomaly, detail) => {
      pieces.push({ kind: 'anomaly', anomaly, detail });
    },
  };
  return { sink, pieces };
}

/** Feeds the bytes cut at the given places; each chunk is overwritten afterwards, as a caller may do. */
function feed(framer: Framer, bytes: Buffer, cuts: readonly number[]): void {
  const places = [...cuts.filter((cut) => cut > 0 && cut < bytes.length), bytes.length];
  let from = 0;
  for (const to of places.sort((a, b) => a - b)) {
    const chunk = Buffer.from(bytes.subarray(from, to));
    framer.push(chunk);
    chunk.fill(0xff);
    from = to;
  }
  framer.end();
}

/** A JSON framer to be fed by hand. */
export function jsonFramer(
  limits: Partial<JsonLimits> = {},
  wrappers: readonly string[] = ['Records'],
): { readonly framer: Framer; readonly pieces: Piece[] } {
  const { sink, pieces } = collecting();
  return {
    framer: new JsonFramer({ kind: 'json', wrappers, openers: ['id'] }, sink, limits),
    pieces,
  };
}

/** Result of the JSON framer. */
export function frameJson(
  bytes: Buffer,
  cuts: readonly number[] = [],
  limits: Partial<JsonLimits> = {},
  wrappers: readonly string[] = ['Records'],
): Piece[] {
  const { framer, pieces } = jsonFramer(limits, wrappers);
  feed(framer, bytes, cuts);
  return pieces;
}

/** Result of the line framer. */
export function frameLines(bytes: Buffer, cuts: readonly number[] = [], most?: number): Piece[] {
  const { sink, pieces } = collecting();
  feed(new LineFramer(sink, most), bytes, cuts);
  return pieces;
}

/** Result of the framer of records of several lines. */
export function frameBlocks(
  bytes: Buffer,
  joins: Joins,
  cuts: readonly number[] = [],
  most?: number,
): Piece[] {
  const { sink, pieces } = collecting();
  feed(new BlockFramer(joins, sink, most), bytes, cuts);
  return pieces;
}

/** Places to cut short and long texts at. */
export const cuts: fc.Arbitrary<number[]> = fc.oneof(
  fc.array(fc.nat(200), { maxLength: 12 }),
  fc.array(fc.nat(6000), { maxLength: 30 }),
);

/** Short form of pieces, for reading: texts of records, reasons with their bytes. */
export function short(bytes: Buffer, pieces: readonly Piece[]): string[] {
  return pieces.map((piece) => {
    if (piece.kind === 'record') return piece.text;
    if (piece.kind === 'anomaly') return `! ${piece.anomaly}`;
    return `${piece.reason}: ${bytes.toString('latin1', piece.offset, piece.offset + piece.length)}`;
  });
}
