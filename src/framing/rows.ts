/** Cuts the text that rows of Parquet became: a row in a line, and lines that stand for rows which could not be decoded. */
import type { Buffer } from 'node:buffer';
import type { RecordHints } from '../sources/source.ts';
import { LineFramer } from './lines.ts';
import { FAULT_MARK } from './parquet/rows.ts';
import type { Framer, FrameSink } from './sink.ts';

const MARK = FAULT_MARK.charCodeAt(0);
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
/** Digits of an integer that may be beyond 2^53. */
const BIG_DIGITS = 16;

/** Streaming framer of one Parquet file's text. */
export class RowFramer implements Framer {
  readonly #lines: LineFramer;

  constructor(sink: FrameSink) {
    this.#lines = new LineFramer({
      record: (bytes, start, end, offset, { ascii }) => {
        if (bytes[start] === MARK) {
          const detail = bytes.toString('utf8', start + 1, end);
          sink.problem('bad_parquet', offset, end - start, detail);
        } else {
          sink.record(bytes, start, end, offset, hintsOf(bytes, start, end, ascii));
        }
      },
      problem: sink.problem,
      anomaly: sink.anomaly,
    });
  }

  push(chunk: Buffer): void {
    this.#lines.push(chunk);
  }

  end(): void {
    this.#lines.end();
  }
}

/** What a JSON framer would notice about the row. */
function hintsOf(bytes: Buffer, start: number, end: number, ascii: boolean): RecordHints {
  let members = 0;
  let digits = 0;
  let bigNumber = false;
  let escaped = false;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) {
      digits = 0;
      at++;
      while (at < end && bytes[at] !== QUOTE) {
        if (bytes[at] === BACKSLASH) {
          escaped = true;
          at++;
        }
        at++;
      }
    } else if (byte >= 0x30 && byte <= 0x39) {
      if (++digits >= BIG_DIGITS) bigNumber = true;
    } else {
      digits = 0;
      if (byte === COLON) members++;
    }
  }
  return { members, bigNumber, ascii, escaped };
}
