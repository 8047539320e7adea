/** Cuts text files into lines with exact offsets: `\n` or `\r\n`, the last line with or without; memory bounded. */
import { Buffer, isAscii } from 'node:buffer';
import type { RecordHints } from '../sources/source.ts';
import { type Framer, type FrameSink, MAX_RECORD_BYTES } from './sink.ts';

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
/** UTF-8 byte order mark. */
const MARK = Buffer.from([0xef, 0xbb, 0xbf]);

const ASCII: RecordHints = { members: 0, bigNumber: false, ascii: true, escaped: false };
const NOT_ASCII: RecordHints = { ...ASCII, ascii: false };

/**
 * Streaming framer of one text file. Every line is a record, empty ones too: the reader knows what they mean. NUL and
 * other control bytes are ordinary here.
 */
export class LineFramer implements Framer {
  readonly #sink: FrameSink;
  readonly #mostBytes: number;
  /** The unfinished line, `#held` of its bytes; empty once the line is over the limit. */
  #carry: Buffer = Buffer.alloc(0);
  #held = 0;
  /** File offset of the line that is open, and its length so far. */
  #lineOffset = 0;
  #lineLength = 0;
  /** Last byte of the open line. */
  #lastByte = 0;
  /** What was pushed while it is less than a byte order mark. */
  #first: Buffer | undefined = Buffer.alloc(0);

  constructor(sink: FrameSink, mostBytes = MAX_RECORD_BYTES) {
    this.#sink = sink;
    this.#mostBytes = mostBytes;
  }

  push(chunk: Buffer): void {
    if (this.#first === undefined) {
      this.#lines(chunk);
      return;
    }
    // Most files come whole: nothing to put together. What is kept until more comes is copied.
    const whole = this.#first.length === 0 && chunk.length >= MARK.length;
    this.#first = whole ? chunk : Buffer.concat([this.#first, chunk]);
    if (this.#first.length >= MARK.length) this.#begin(this.#first);
  }

  /** The first bytes are there: a byte order mark is no part of the first line. */
  #begin(bytes: Buffer): void {
    this.#first = undefined;
    const marked = bytes.subarray(0, MARK.length).equals(MARK);
    if (marked) {
      this.#sink.anomaly('encoding', 'the file starts with a UTF-8 byte order mark');
      this.#lineOffset = MARK.length;
    }
    this.#lines(marked ? bytes.subarray(MARK.length) : bytes);
  }

  #lines(chunk: Buffer): void {
    let from = 0;
    const ascii = isAscii(chunk);
    if (this.#lineLength > 0) {
      const newline = chunk.indexOf(NEWLINE);
      if (newline < 0) {
        this.#hold(chunk, 0, chunk.length);
        return;
      }
      this.#hold(chunk, 0, newline);
      this.#finish(1);
      from = newline + 1;
    }
    while (from < chunk.length) {
      let newline = this.#quick(chunk, from);
      if (newline < 0) {
        newline = chunk.indexOf(NEWLINE, from);
        if (newline < 0) break;
        this.#line(chunk, from, newline, ascii);
      }
      this.#lineOffset += newline + 1 - from;
      from = newline + 1;
    }
    if (from < chunk.length) this.#hold(chunk, from, chunk.length);
  }

  /** Has the line that begins at `from` taken unframed: the place of its `\n`, negative if it was not. */
  #quick(chunk: Buffer, from: number): number {
    const { quick } = this.#sink;
    if (quick === undefined) return -1;
    return quick(chunk, from, Math.min(chunk.length, from + this.#mostBytes), this.#lineOffset);
  }

  end(): void {
    if (this.#first !== undefined) this.#begin(this.#first);
    if (this.#lineLength > 0) this.#finish(0);
  }

  /** Appends to the open line. */
  #hold(bytes: Buffer, from: number, to: number): void {
    if (to === from) return;
    this.#lineLength += to - from;
    this.#lastByte = bytes[to - 1] ?? 0;
    // One byte more than the limit: a carriage return that belongs to the line's end.
    if (this.#lineLength > this.#mostBytes + 1) {
      this.#held = 0;
      return;
    }
    const length = this.#held + to - from;
    if (length > this.#carry.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(length, this.#carry.length * 2, 4096));
      this.#carry.copy(grown, 0, 0, this.#held);
      this.#carry = grown;
    }
    bytes.copy(this.#carry, this.#held, from, to);
    this.#held = length;
  }

  /** The open line is whole. */
  #finish(newlineLength: number): void {
    const length = this.#lineLength;
    if (this.#held === length) {
      this.#line(this.#carry, 0, length, isAscii(this.#carry.subarray(0, length)));
    } else {
      this.#tooLong(length - (this.#lastByte === CARRIAGE_RETURN ? 1 : 0));
    }
    this.#lineOffset += length + newlineLength;
    this.#lineLength = 0;
    this.#held = 0;
  }

  /** A whole line without its `\n`. */
  #line(bytes: Buffer, start: number, end: number, ascii: boolean): void {
    const to = end > start && bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
    if (to - start > this.#mostBytes) {
      this.#tooLong(to - start);
      return;
    }
    const hints = ascii || isAscii(bytes.subarray(start, to)) ? ASCII : NOT_ASCII;
    this.#sink.record(bytes, start, to, this.#lineOffset, hints);
  }

  #tooLong(length: number): void {
    const detail = `longer than ${String(this.#mostBytes)} bytes`;
    this.#sink.problem('too_long', this.#lineOffset, length, detail);
  }
}
