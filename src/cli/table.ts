/** Tables for a terminal: aligned columns that fit the width, long cells wrapped, hostile text escaped. */
import type { Effects } from '../core/effects.ts';
import { shorten, terminalSafe } from '../core/text.ts';

/** What a table shows. `null` is printed as `-`. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
  /** Columns (by index) whose cells stand at the right, as numbers do; found from the cells if absent. */
  readonly right?: readonly number[];
}

const GAP = '  ';
const DEFAULT_WIDTH = 120;
// A column never gets narrower than this by wrapping, so that words stay readable.
const MIN_WIDTH = 8;
// A cell that needs more lines ends in an ellipsis: the whole value is in --format csv.
const MAX_LINES = 3;

/** Columns of the terminal: COLUMNS, else 120. */
export function terminalWidth(fx: Effects): number {
  const columns = Number(fx.env['COLUMNS']);
  return Number.isInteger(columns) && columns >= 40 ? columns : DEFAULT_WIDTH;
}

/** The table as lines, each with a line feed. */
export function renderTable(table: Table, width: number): string {
  const head = table.columns.map(terminalSafe);
  const body = table.rows.map((row) =>
    row.map((cell) => (cell === null ? '-' : terminalSafe(String(cell)))),
  );
  const natural = head.map((name, at) => Math.max(length(name), ...chunked(body, at)));
  const widths = fit(natural, head.map(length), width);
  const right = new Set(table.right ?? numericColumns(table));
  const lines = [
    line(head, widths, right),
    widths.map((size) => '─'.repeat(size)).join(GAP),
    ...body.flatMap((row) => wrapped(row, widths, right)),
  ];
  return `${lines.join('\n')}\n`;
}

/** `name  value` lines, names aligned, long values wrapped under themselves. */
export function renderFields(
  fields: readonly (readonly [string, string | number | null])[],
  width: number,
): string {
  const size = Math.max(...fields.map(([name]) => length(name)));
  const rest = Math.max(MIN_WIDTH, width - size - GAP.length);
  return fields
    .flatMap(([name, value]) => {
      const parts = split(value === null ? '-' : terminalSafe(String(value)), rest);
      return parts.map((part, at) =>
        `${(at === 0 ? name : '').padEnd(size)}${GAP}${part}`.trimEnd(),
      );
    })
    .map((text) => `${text}\n`)
    .join('');
}

function wrapped(
  row: readonly string[],
  widths: readonly number[],
  right: ReadonlySet<number>,
): readonly string[] {
  const cells = row.map((cell, at) => {
    const size = widths[at] ?? MIN_WIDTH;
    const parts = split(cell, size);
    if (parts.length <= MAX_LINES) return parts;
    return [...parts.slice(0, MAX_LINES - 1), shorten(parts.slice(MAX_LINES - 1).join(''), size)];
  });
  const height = Math.max(1, ...cells.map((parts) => parts.length));
  return Array.from({ length: height }, (_, at) =>
    line(
      cells.map((parts) => parts[at] ?? ''),
      widths,
      right,
    ),
  );
}

// Breaks at a space or after a mark that parts names, else anywhere: an ARN has no spaces.
function split(text: string, width: number): readonly string[] {
  const characters = Array.from(text);
  const parts: string[] = [];
  while (characters.length > width) {
    const chunk = characters.slice(0, width);
    const mark = chunk.findLastIndex((character) => /[ /:,;|&?]/.test(character));
    const size = mark + 1 > width / 2 ? mark + 1 : width;
    parts.push(characters.splice(0, size).join(''));
  }
  return [...parts, characters.join('')];
}

function line(
  cells: readonly string[],
  widths: readonly number[],
  right: ReadonlySet<number>,
): string {
  return cells
    .map((cell, at) => {
      const space = ' '.repeat(Math.max(0, (widths[at] ?? 0) - length(cell)));
      return right.has(at) ? space + cell : cell + space;
    })
    .join(GAP)
    .trimEnd();
}

// Takes from the widest column, one character at a time, until the line fits.
function fit(
  natural: readonly number[],
  heads: readonly number[],
  width: number,
): readonly number[] {
  const widths = [...natural];
  const least = widths.map((size, at) => Math.min(size, Math.max(MIN_WIDTH, heads[at] ?? 0)));
  const room = width - GAP.length * (widths.length - 1);
  let over = widths.reduce((sum, size) => sum + size, 0) - room;
  while (over > 0) {
    const widest = widths.reduce(
      (best, size, at) =>
        size > (least[at] ?? 0) && (best < 0 || size > (widths[best] ?? 0)) ? at : best,
      -1,
    );
    if (widest < 0) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
    over -= 1;
  }
  return widths;
}

function numericColumns(table: Table): readonly number[] {
  return table.columns.flatMap((_, at) => {
    const cells = table.rows.map((row) => row[at] ?? null).filter((cell) => cell !== null);
    return cells.length > 0 && cells.every((cell) => /^-?\d+(?:\.\d+)?$/.test(String(cell)))
      ? [at]
      : [];
  });
}

function chunked(body: readonly (readonly string[])[], at: number): readonly number[] {
  // Spread arguments are limited; the longest of each thousand rows is enough.
  const longest: number[] = [];
  for (let from = 0; from < body.length; from += 1000) {
    longest.push(Math.max(...body.slice(from, from + 1000).map((row) => length(row[at] ?? ''))));
  }
  return longest;
}

function length(text: string): number {
  return Array.from(text).length;
}
