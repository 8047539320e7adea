/** Canonical rows in the forms that verbs print. */
import { canonicalChunks } from '../query/canonical.ts';
import { parseRow } from '../query/compare.ts';
import { jsonCell, plainCell } from '../query/display.ts';
import { csvText } from '../report/csv.ts';

/** Column names and cells as text for a terminal, null for NULL: ARNs by their resource, services by their name. */
export function asTable(
  columns: readonly string[],
  rows: readonly string[],
): { readonly columns: readonly string[]; readonly rows: readonly (readonly (string | null)[])[] } {
  return {
    columns,
    rows: rows.map((row) => parseRow(row).map((cell) => shortName(plainCell(cell)))),
  };
}

/** Rows as objects by column, as `--json` has them. */
export function documentRows(
  columns: readonly string[],
  rows: readonly string[],
): readonly Readonly<Record<string, unknown>>[] {
  return rows.map((row) => {
    const cells = parseRow(row);
    return Object.fromEntries(columns.map((name, at) => [name, jsonCell(cells[at] ?? null)]));
  });
}

/** CSV; see `csvText`. */
export function asCsv(
  columns: readonly string[],
  rows: readonly string[],
  excelSafe: boolean,
): string {
  return csvText(columns, rows.map(parseRow), { excelSafe });
}

/** CSV of plain cells; see `csvText`. */
export function plainCsv(
  columns: readonly string[],
  rows: readonly (readonly (string | number | null)[])[],
  excelSafe: boolean,
): string {
  const cells = rows.map((row) =>
    row.map((cell) => (typeof cell === 'number' ? { i: String(cell) } : cell)),
  );
  return csvText(columns, cells, { excelSafe });
}

/** The canonical lines themselves, in pieces. */
export function asLines(columns: readonly string[], rows: readonly string[]): Generator<string> {
  return canonicalChunks({ header: JSON.stringify(columns), rows });
}

/** A part of a result that is written bit by bit: names once, then rows. */
export function asPieces(
  format: 'csv' | 'jsonl',
  columns: readonly string[] | undefined,
  rows: readonly string[],
  excelSafe: boolean,
): readonly string[] {
  if (format === 'csv') {
    const cells = rows.map(parseRow);
    return [csvText(columns ?? [], cells, { excelSafe, headless: columns === undefined })];
  }
  const names = columns === undefined ? [] : [`${JSON.stringify(columns)}\n`];
  return [...names, ...rows.map((row) => `${row}\n`)];
}

/** `user/alice` for `arn:aws:iam::111122223333:user/alice`, `s3` for `s3.amazonaws.com`; csv and json have the whole. */
export function shortName(text: string | null): string | null {
  return text === null
    ? null
    : text
        .replace(/^arn:[^:]*:[^:]*:[^:]*:[^:]*:/, '')
        .replace(/^([a-z0-9-]+)\.amazonaws\.com$/, '$1');
}
