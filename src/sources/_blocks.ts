/** What the text sources share whose records may run over several lines: statements of SQL, stack traces, messages. */
import { isUtf8 } from 'node:buffer';
import { hash53 } from '../core/hash53.ts';
import type { Detection, Head, RecordReader, RowOut, Value } from './source.ts';

/** A record as a row, and the text by which copies of it are known. */
export interface BlockRow {
  readonly values: readonly Value[];
  readonly identity: string;
}

/** How many characters of a line are looked at to see whether it begins a record. */
const BEGIN = 256;

/** How many of the first lines a claim looks at: the first record may be cut, or long. */
const LINES = 8;
/** And how much of each. */
const SEEN = 4096;

/** The claim of a source on a file among whose first lines records of its own begin. */
export function detectBlocks(
  head: Head,
  what: string,
  isOwn: (line: string) => boolean,
): Detection | undefined {
  const lines = head.text
    .split('\n', LINES)
    .map((line) => line.trimEnd())
    .filter((line) => line !== '');
  const own = lines.map((line) => isOwn(line.slice(0, SEEN)));
  const count = own.filter(Boolean).length;
  if (count === 0) return undefined;
  return {
    // A file may begin inside a record; a text that begins with one leaves no doubt, and nobody else is asked.
    confidence: own[0] === true ? 90 : 85,
    reason: `${String(count)} of the first ${String(lines.length)} lines begin ${what}`,
    shape: 'text',
  };
}

/**
 * A reader whose records are one or more lines; records of blanks alone are none.
 * @param begins true for a line that begins a record, told by its first characters.
 * @param map the row of a record, or undefined after it was rejected or said to be none.
 */
export function blockReader(
  begins: (line: string) => boolean,
  map: (record: string, out: RowOut) => BlockRow | undefined,
): RecordReader {
  return {
    framing: {
      kind: 'blocks',
      joins: (bytes, start, end) =>
        !begins(bytes.toString('latin1', start, Math.min(end, start + BEGIN))),
    },
    read: (bytes, start, end, _offset, hints, out) => {
      if (!hints.ascii && !isUtf8(bytes.subarray(start, end))) {
        out.reject('invalid_utf8', 'the record is not valid UTF-8');
        return;
      }
      const record = bytes.toString(hints.ascii ? 'latin1' : 'utf8', start, end).trimEnd();
      if (record === '') {
        out.notARecord();
        return;
      }
      const row = map(record, out);
      if (row === undefined) return;
      if (record.includes('\0')) out.anomaly('nul_character', 'the record contains NUL');
      out.row(row.values, hash53(row.identity));
    },
  };
}
