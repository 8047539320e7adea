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
// Room for most names of actions: texts are not narrowed below it while others are wider.
const NAME_WIDTH = 16;
// A column never gets narrower than this by wrapping, so that words stay readable.
const MIN_WIDTH = 8;
// Times, numbers, addresses, names of rows: broken, they cannot be read or copied.
const WHOLE =
  /^(?:-?|-?\d+(?:\.\d+)?|[-\d]{10}T[\d:.]+Z|\d+\.\d+\.\d+\.\d+|[\da-f]*:[\da-f:.]+|[a-z][a-z0-9_]*:\d+)$/;
const TEXT_BREAK = /[ /:,;|&?.]/;
const HEAD_BREAK = /[ _]/;
// A cell that needs more lines ends in an ellipsis: the whole value is in --format csv.
const MAX_LINES = 3;

/** Columns of the terminal: COLUMNS, else 120. */
export function terminalWidth(fx: Effects): number {
  const columns = Number(fx.env['COLUMNS']);
  return Number.isInteger(columns) && columns >= 40 ? columns : DEFAULT_WIDTH;
}

/**
 * The table as lines, each with a line feed. Where it is too wide, columns that say the same in every row are told once,
 * above it; then the widest texts are wrapped. Times, numbers and addresses stay whole as long as there is room.
 */
export function renderTable(table: Table, width: number): string {
  if (table.rows.length === 0) return 'no rows\n';
  const head = table.columns.map(terminalSafe);
  const rows = table.rows.map((row) =>
    row.map((cell) => (cell === null ? '-' : terminalSafe(String(cell)))),
  );
  const right = new Set(table.right ?? rightColumns(rows, head.length));
  const columns = head.map((name, at) => column(name, rows, at, right.has(at)));
  const tooWide = lineWidth(columns.map(naturalWidth)) > width;
  const told = tooWide && rows.length > 1 ? columns.filter((one, at) => at > 0 && one.same) : [];
  const kept = columns.filter((one) => !told.includes(one));
  const widths = fitColumns(kept, width);
  const heads = kept.map((one, at) => split(one.name, widths[at] ?? 0, HEAD_BREAK));
  const above = Math.max(...heads.map((parts) => parts.length));
  const same = told.map((one) => `${one.name} ${one.first}`).join(', ');
  const lines = [
    ...(told.length > 0 ? [...split(`all rows: ${same}`, width, / /), ''] : []),
    // Names of one line stand just above the rule.
    ...block(
      heads.map((parts) => [...Array<string>(above - parts.length).fill(''), ...parts]),
      kept,
      widths,
    ),
    widths.map((size) => '─'.repeat(size)).join(GAP),
    ...rows.flatMap((row) => {
      const cells = kept.map((one, at) => cut(row[one.at] ?? '', widths[at] ?? 0));
      return block(cells, kept, widths);
    }),
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

interface Column {
  readonly at: number;
  readonly name: string;
  readonly right: boolean;
  readonly first: string;
  /** Every row says the same. */
  readonly same: boolean;
  /** Longest cell. */
  readonly cells: number;
  /** Longest part of the name that is not broken. */
  readonly word: number;
  /** Every cell is a {@link WHOLE}. */
  readonly whole: boolean;
}

function column(
  name: string,
  rows: readonly (readonly string[])[],
  at: number,
  right: boolean,
): Column {
  const cells = rows.map((row) => row[at] ?? '');
  return {
    at,
    name,
    right,
    first: cells[0] ?? '',
    same: cells.every((cell) => cell === cells[0]),
    cells: cells.reduce((most, cell) => Math.max(most, length(cell)), 0),
    word: Math.max(...name.split(/(?<=[_ ])/).map(length)),
    whole: cells.every((cell) => WHOLE.test(cell)),
  };
}

function naturalWidth(one: Column): number {
  return Math.max(one.cells, length(one.name));
}

function lineWidth(widths: readonly number[]): number {
  return widths.reduce((sum, size) => sum + size, 0) + GAP.length * (widths.length - 1);
}

// Breaks names first, then takes from the widest texts, one character at a time, until the line fits.
function fitColumns(columns: readonly Column[], width: number): readonly number[] {
  const widths = columns.map(naturalWidth);
  const floors = [
    columns.map((one) => Math.max(one.cells, one.word)),
    columns.map((one) =>
      one.whole ? Math.max(one.cells, one.word) : Math.max(NAME_WIDTH, one.word),
    ),
    columns.map((one) =>
      one.whole ? Math.max(one.cells, Math.min(one.word, MIN_WIDTH)) : MIN_WIDTH,
    ),
    columns.map(() => MIN_WIDTH),
  ];
  for (const floor of floors) {
    while (lineWidth(widths) > width) {
      const spare = widths.map((size, at) => (size > (floor[at] ?? 0) ? size : 0));
      const most = Math.max(...spare);
      if (most === 0) break;
      widths[spare.indexOf(most)] = most - 1;
    }
  }
  return widths;
}

function cut(cell: string, width: number): readonly string[] {
  const parts = split(cell, width);
  if (parts.length <= MAX_LINES) return parts;
  return [...parts.slice(0, MAX_LINES - 1), shorten(parts.slice(MAX_LINES - 1).join(''), width)];
}

// Cells of one row as lines, each cell at the top of its column.
function block(
  cells: readonly (readonly string[])[],
  columns: readonly Column[],
  widths: readonly number[],
): readonly string[] {
  const height = Math.max(1, ...cells.map((parts) => parts.length));
  return Array.from({ length: height }, (_, row) =>
    cells
      .map((parts, at) => {
        const part = parts[row] ?? '';
        const space = ' '.repeat(Math.max(0, (widths[at] ?? 0) - length(part)));
        return columns[at]?.right === true ? space + part : part + space;
      })
      .join(GAP)
      .trimEnd(),
  );
}

// Breaks at a space or after a mark that parts names, else anywhere: an ARN has no spaces.
function split(text: string, width: number, breaks = TEXT_BREAK): readonly string[] {
  const characters = Array.from(text);
  const parts: string[] = [];
  while (characters.length > width) {
    const mark = characters.slice(0, width).findLastIndex((character) => breaks.test(character));
    const size = mark + 1 > width / 3 ? mark + 1 : width;
    parts.push(characters.splice(0, size).join(''));
  }
  return [...parts, characters.join('')];
}

function rightColumns(rows: readonly (readonly string[])[], count: number): readonly number[] {
  return Array.from({ length: count }, (_, at) => at).filter((at) => {
    const cells = rows.map((row) => row[at] ?? '-').filter((cell) => cell !== '-');
    return cells.length > 0 && cells.every((cell) => /^-?\d+(?:\.\d+)?$/.test(cell));
  });
}

function length(text: string): number {
  return Array.from(text).length;
}
