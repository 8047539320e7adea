/** Comma-separated values after RFC 4180, for the sources that come so: quotes around what holds commas or line ends. */
import type { Buffer } from 'node:buffer';

const QUOTE = 0x22;

/** Fields of one record; undefined if a quote stays open, or something follows a closing one. */
export function csvFields(record: string): readonly string[] | undefined {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (record.charCodeAt(at) !== QUOTE) {
      const comma = record.indexOf(',', at);
      fields.push(record.slice(at, comma < 0 ? undefined : comma));
      if (comma < 0) return fields;
      at = comma + 1;
      continue;
    }
    let value = '';
    let from = at + 1;
    for (;;) {
      const quote = record.indexOf('"', from);
      if (quote < 0) return undefined;
      value += record.slice(from, quote);
      from = quote + 1;
      if (record.charCodeAt(from) !== QUOTE) break;
      value += '"';
      from++;
    }
    fields.push(value);
    if (from >= record.length) return fields;
    if (record[from] !== ',') return undefined;
    at = from + 1;
  }
}

type Line = (bytes: Buffer, start: number, end: number) => boolean;

/**
 * Which lines go on a record: those inside open quotes, unless a line is a whole record by itself, which ends a record
 * whose quote was never closed. For the framing of one file.
 * @param width number of fields of a record.
 */
export function csvJoins(width: number): Line {
  return quotedJoins(
    (bytes, start, end) =>
      width >= 3 && csvFields(bytes.toString('latin1', start, end))?.length === width,
  );
}

/** The same. @param begins true for a line that begins a record, whatever was open before. */
export function quotedJoins(begins: Line): Line {
  let open = false;
  return (bytes, start, end) => {
    const within = open && !begins(bytes, start, end);
    if (!within) open = false;
    for (let at = bytes.indexOf(QUOTE, start); at >= 0 && at < end;) {
      open = !open;
      at = bytes.indexOf(QUOTE, at + 1);
    }
    return within;
  };
}
