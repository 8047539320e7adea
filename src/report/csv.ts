/**
 * Canonical results as CSV, by csv-stringify: RFC 4180 quoting, LF line ends, names first. NULL is an empty field, the
 * empty text is `""`, text keeps its bytes, blobs and text that is not UTF-8 are hex.
 */
import { stringify } from 'csv-stringify/sync';
import type { CanonicalCell } from '../query/canonical.ts';
import { plainCell } from '../query/display.ts';

/** How a CSV file is meant to be read. */
export interface CsvOptions {
  /**
   * Puts `'` before text that a spreadsheet would run as a formula (first character `=`, `+`, `-`, `@`, TAB or CR). Such a
   * copy is for reading: its bytes are no longer those of the evidence.
   */
  readonly excelSafe?: boolean;
  /** Rows that follow others: no header. */
  readonly headless?: boolean;
}

/** The lines of a CSV file: header, then rows. */
export function csvText(
  columns: readonly string[],
  rows: readonly (readonly CanonicalCell[])[],
  options: CsvOptions = {},
): string {
  return lines(options.headless === true ? rows : [columns, ...rows], options);
}

/** Rows that are written together. */
const BATCH = 500;

/** The same in pieces of bounded size, while the rows come. */
export function* csvPieces(
  columns: readonly string[],
  rows: Iterable<readonly CanonicalCell[]>,
  options: CsvOptions = {},
): Generator<string> {
  let batch: (readonly CanonicalCell[])[] = [columns];
  for (const row of rows) {
    batch.push(row);
    if (batch.length < BATCH) continue;
    yield lines(batch, options);
    batch = [];
  }
  if (batch.length > 0) yield lines(batch, options);
}

function lines(rows: readonly (readonly CanonicalCell[])[], options: CsvOptions): string {
  const field = (cell: CanonicalCell): string | null => {
    const text = plainCell(cell);
    const runs =
      options.excelSafe === true && typeof cell === 'string' && /^[=+\-@\t\r]/.test(cell);
    return runs ? `'${cell}` : text;
  };
  return stringify(
    rows.map((row) => row.map(field)),
    { record_delimiter: '\n', quoted_match: /^$|[\r]/ },
  );
}
