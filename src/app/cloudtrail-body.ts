/** The stored bytes of a file in a volume, and its inflated ones, read no oftener than needed. */
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { constants, gunzipSync } from 'node:zlib';
import type { VolumeEntry } from '../archive/read.ts';
import { contentOf } from '../framing/content.ts';
import { inflate, inflateWhole, newInflateReport, type InflateReport } from '../framing/gzip.ts';
import type { GzipProblem } from '../witness/gather.ts';

/** A stored file up to this size is read whole, which is several times quicker; larger ones are streamed. */
const WHOLE_BYTES = 4 * 1024 * 1024;
/** Inflated size up to which a file is inflated in one piece. */
const WHOLE_INFLATED_BYTES = 64 * 1024 * 1024;
/** Stored bytes that are inflated to see what a file is. */
const HEAD_BYTES = 4096;

/** Inflated bytes of a file. */
export interface Inflated {
  readonly sha256: string;
  readonly gzip: GzipProblem | undefined;
  /** None of a file that is larger than what was to be kept. */
  readonly bytes: Buffer;
}

/** Who looks at a file's content while it is hashed; says false where the rest is of no use. */
export interface Look {
  /** @param first inflated bytes of the file, at least one. */
  readonly begins: (first: Buffer) => boolean;
  /** @param piece of the content as an import reads it. */
  readonly take: (piece: Buffer) => boolean;
}

/** A file's stored bytes: whole where they are few, else as they come. */
export class Body {
  readonly #whole: Buffer | undefined;
  readonly #first: Buffer;
  readonly #rest: AsyncIterator<Buffer>;

  private constructor(whole: Buffer | undefined, first: Buffer, rest: AsyncIterator<Buffer>) {
    this.#whole = whole;
    this.#first = first;
    this.#rest = rest;
  }

  static async open(entry: VolumeEntry): Promise<Body> {
    const pieces = entry.body[Symbol.asyncIterator]();
    if (entry.size > WHOLE_BYTES) {
      const first = await pieces.next();
      const bytes = first.done === true ? Buffer.alloc(0) : Buffer.from(first.value);
      return new Body(undefined, bytes, pieces);
    }
    const all: Buffer[] = [];
    for (let next = await pieces.next(); next.done !== true; next = await pieces.next()) {
      all.push(Buffer.from(next.value));
    }
    const [only] = all;
    const whole = all.length === 1 && only !== undefined ? only : Buffer.concat(all);
    return new Body(whole, whole, pieces);
  }

  /** The first inflated bytes, as text. */
  head(): string {
    const stored = this.#first.subarray(0, HEAD_BYTES);
    try {
      return gunzipSync(stored, { finishFlush: constants.Z_SYNC_FLUSH }).toString('latin1');
    } catch {
      // Not gzip, or none that begins well: then its bytes are what they are.
      return stored.toString('latin1');
    }
  }

  /**
   * @param keep inflated bytes to keep at most; a longer file keeps none.
   * @param look at the content.
   * @returns undefined where that said that the rest is of no use.
   */
  async inflated(keep: number, look?: Look): Promise<Inflated | undefined> {
    const hash = createHash('sha256');
    const quick =
      this.#whole === undefined || look !== undefined
        ? undefined
        : inflateWhole(this.#whole, WHOLE_INFLATED_BYTES);
    if (quick !== undefined) {
      const sha256 = hash.update(quick.bytes).digest('hex');
      const bytes = quick.bytes.length <= keep ? quick.bytes : Buffer.alloc(0);
      return { sha256, gzip: gzipProblem(quick.report), bytes };
    }
    const report = newInflateReport();
    const kept: Buffer[] = [];
    const met = { size: 0, useless: false };
    const pieces = async function* (
      stored: AsyncIterable<Buffer>,
    ): AsyncGenerator<Buffer, void, undefined> {
      for await (const piece of inflate(stored, report)) {
        hash.update(piece);
        met.useless ||= met.size === 0 && look?.begins(piece) === false;
        if (met.useless) return;
        met.size += piece.length;
        if (met.size <= keep) kept.push(Buffer.from(piece));
        // Who looks may hold it; the reader of the volume writes over it.
        yield look === undefined ? piece : Buffer.from(piece);
      }
    };
    const inflated = pieces(this.#pieces());
    // The hash is over what AWS compressed; what an import reads of it may be text in another encoding.
    const content = look === undefined ? inflated : contentOf(inflated, newInflateReport());
    for await (const piece of content) {
      if (look?.take(piece) === false) return undefined;
    }
    if (met.useless) return undefined;
    const bytes = met.size <= keep ? Buffer.concat(kept) : Buffer.alloc(0);
    return { sha256: hash.digest('hex'), gzip: gzipProblem(report), bytes };
  }

  async *#pieces(): AsyncGenerator<Buffer, void, undefined> {
    yield this.#first;
    if (this.#whole !== undefined) return;
    for (let next = await this.#rest.next(); next.done !== true; next = await this.#rest.next()) {
      yield next.value;
    }
  }
}

// What AWS delivers is one gzip member; a mirror may hold it inflated, but nothing else.
function gzipProblem({ compression, problems }: InflateReport): GzipProblem | undefined {
  const details = problems.map(({ detail }) => detail);
  const damaged = problems.some(({ kind }) => kind === 'gzip_truncated' || kind === 'gzip_corrupt');
  if (compression !== 'none' && compression !== 'gzip') {
    details.unshift(`compressed as ${compression}`);
  }
  if (details.length === 0) return undefined;
  return { kind: damaged ? 'damaged' : 'extra', detail: details.join('; ') };
}
