/** Cuts text files into records of one or more whole lines; the source says which lines go on the one before. */
import { Buffer, isAscii } from 'node:buffer';
import type { RecordHints } from '../sources/source.ts';
import { LineFramer } from './lines.ts';
import { type Framer, type FrameSink, MAX_RECORD_BYTES } from './sink.ts';

/** True if a line belongs to the record of the line before it. It is asked about every line, in order. */
export type Joins = (bytes: Buffer, start: number, end: number) => boolean;

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

const ASCII: RecordHints = { members: 0, bigNumber: false, ascii: true, escaped: false };
const NOT_ASCII: RecordHints = { ...ASCII, ascii: false };

/**
 * Streaming framer of one text file. A record ends where a line begins that does not join it, so the last one is given
 * at the end of the file; its bytes are those of the file from its first line to its last, line ends between included.
 */
export class BlockFramer implements Framer {
  readonly #sink: FrameSink;
  readonly #joins: Joins;
  readonly #mostBytes: number;
  readonly #lines: LineFramer;
  /** Lines of the open record as they stand in the file; `#held` of its bytes. */
  #carry: Buffer = Buffer.allocUnsafeSlow(4096);
  #held = 0;
  /** A record is open. */
  #open = false;
  /** The open record is over the limit: only its length is kept. */
  #tooLong = false;
  #offset = 0;
  #length = 0;

  constructor(joins: Joins, sink: FrameSink, mostBytes = MAX_RECORD_BYTES) {
    this.#sink = sink;
    this.#joins = joins;
    this.#mostBytes = mostBytes;
    this.#lines = new LineFramer(
      {
        record: (bytes, start, end, offset) => {
          this.#line(bytes, start, end, offset);
        },
        problem: (reason, offset, length, detail) => {
          this.#flush();
          this.#sink.problem(reason, offset, length, detail);
        },
        anomaly: this.#sink.anomaly,
      },
      mostBytes,
    );
  }

  push(chunk: Buffer): void {
    this.#lines.push(chunk);
  }

  end(): void {
    this.#lines.end();
    this.#flush();
  }

  #line(bytes: Buffer, start: number, end: number, offset: number): void {
    const joins = this.#joins(bytes, start, end);
    if (!joins || !this.#open) {
      this.#flush();
      this.#open = true;
      this.#offset = offset;
      this.#append(bytes, start, end);
      return;
    }
    // The line end between: one byte or two.
    const between = offset - this.#offset - this.#length;
    this.#length += between + end - start;
    if (this.#length > this.#mostBytes) this.#tooLong = true;
    if (this.#tooLong) return;
    this.#grow(between + end - start);
    if (between === 2) this.#carry[this.#held++] = CARRIAGE_RETURN;
    this.#carry[this.#held++] = NEWLINE;
    this.#held += bytes.copy(this.#carry, this.#held, start, end);
  }

  #append(bytes: Buffer, start: number, end: number): void {
    this.#length = end - start;
    this.#grow(this.#length);
    this.#held = bytes.copy(this.#carry, 0, start, end);
  }

  #grow(by: number): void {
    const need = this.#held + by;
    if (need <= this.#carry.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(need, this.#carry.length * 2));
    this.#carry.copy(grown, 0, 0, this.#held);
    this.#carry = grown;
  }

  #flush(): void {
    if (!this.#open) return;
    if (this.#tooLong) {
      const detail = `longer than ${String(this.#mostBytes)} bytes`;
      this.#sink.problem('too_long', this.#offset, this.#length, detail);
    } else {
      const ascii = isAscii(this.#carry.subarray(0, this.#held));
      const hints = ascii ? ASCII : NOT_ASCII;
      this.#sink.record(this.#carry, 0, this.#held, this.#offset, hints);
    }
    this.#open = false;
    this.#tooLong = false;
    this.#held = 0;
  }
}
