/** Cuts text files into lines with exact offsets: `\n` or `\r\n`, the last line with or without; memory bounded. */
import { Buffer, isAscii } from 'node:buffer';
import type { RecordHints } from '../sources/source.ts';
import { type Framer, type FrameSink, MAX_RECORD_BYTES } from './sink.ts';

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

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
  #started = false;

  constructor(sink: FrameSink, mostBytes = MAX_RECORD_BYTES) {
    this.#sink = sink;
    this.#mostBytes = mostBytes;
  }

  push(chunk: Buffer): void {
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
    for (
      let newline = chunk.indexOf(NEWLINE, from);
      newline >= 0;
      newline = chunk.indexOf(NEWLINE, from)
    ) {
      this.#line(chunk, from, newline, ascii);
      this.#lineOffset += newline + 1 - from;
      from = newline + 1;
    }
    if (from < chunk.length) this.#hold(chunk, from, chunk.length);
  }

  end(): void {
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
    let from = start;
    if (!this.#started) {
      this.#started = true;
      if (
        bytes[start] === 0xef &&
        bytes[start + 1] === 0xbb &&
        bytes[start + 2] === 0xbf &&
        end - start >= 3
      ) {
        this.#sink.anomaly('encoding', 'the file starts with a UTF-8 byte order mark');
        from += 3;
      }
    }
    const to = end > from && bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
    if (to - from > this.#mostBytes) {
      this.#tooLong(to - from);
      return;
    }
    const hints = ascii || isAscii(bytes.subarray(from, to)) ? ASCII : NOT_ASCII;
    this.#sink.record(bytes, from, to, this.#lineOffset + from - start, hints);
  }

  #tooLong(length: number): void {
    this.#started = true;
    const detail = `longer than ${String(this.#mostBytes)} bytes`;
    this.#sink.problem('too_long', this.#lineOffset, length, detail);
  }
}
