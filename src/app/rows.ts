/** Canonical rows in the forms that verbs print. */
import { canonicalChunks } from '../query/canonical.ts';
import { parseRow } from '../query/compare.ts';
import { plainCell } from '../query/display.ts';
import { csvText } from '../report/csv.ts';

/** Column names and cells as plain text; null for NULL. */
export function asTable(
  columns: readonly string[],
  rows: readonly string[],
): { readonly columns: readonly string[]; readonly rows: readonly (readonly (string | null)[])[] } {
  return { columns, rows: rows.map((row) => parseRow(row).map(plainCell)) };
}

/** CSV; see `csvText`. */
export function asCsv(
  columns: readonly string[],
  rows: readonly string[],
  excelSafe: boolean,
): string {
  return csvText(columns, rows.map(parseRow), { excelSafe });
}

/** The canonical lines themselves, in pieces. */
export function asLines(columns: readonly string[], rows: readonly string[]): Generator<string> {
  return canonicalChunks({ header: JSON.stringify(columns), rows });
}
