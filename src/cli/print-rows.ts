/** An answer that is one document and the same as rows, in the format that was asked for. */
import { plainCsv, shortName } from '../app/rows.ts';
import type { Effects } from '../core/effects.ts';
import { EXCEL_SAFE_NOTE, writeRows, type Format } from './formats.ts';
import type { CommonOptions } from './options.ts';
import { renderTable, terminalWidth } from './table.ts';

/** What is printed. */
export interface Answer {
  /** For `json`; integers may be bigints. */
  readonly document: object;
  /** Columns of `csv` and `jsonl`, and their cells. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
  /** Columns of a table: those that a person reads first. */
  readonly shown: readonly string[];
  /** Printed above a table, made safe for a terminal already. */
  readonly before?: string;
}

/** Flags that choose the format. */
export interface PrintFlags extends CommonOptions {
  readonly format: Format;
  readonly excelSafe?: boolean;
}

/** Prints an answer on stdout. */
export function printRows(fx: Effects, flags: PrintFlags, answer: Answer): void {
  const { document, columns, rows, shown } = answer;
  switch (flags.json === true ? 'json' : flags.format) {
    case 'json':
      fx.out.write(`${exactJson(document)}\n`);
      break;
    case 'jsonl':
      writeRows(
        fx,
        'jsonl',
        rows.map((row) => `${JSON.stringify(objectOf(columns, row))}\n`),
      );
      break;
    case 'csv':
      writeRows(fx, 'csv', [plainCsv(columns, rows, flags.excelSafe === true)]);
      if (flags.excelSafe === true && flags.quiet !== true) fx.err.write(`${EXCEL_SAFE_NOTE}\n`);
      break;
    case 'table': {
      const places = shown.map((name) => columns.indexOf(name));
      const cells = rows.map((row) =>
        places.map((at) => {
          const cell = row[at] ?? null;
          return typeof cell === 'string' ? shortName(cell) : cell;
        }),
      );
      fx.out.write(answer.before ?? '');
      fx.out.write(renderTable({ columns: shown, rows: cells, right: [] }, terminalWidth(fx)));
      break;
    }
  }
}

function objectOf(
  columns: readonly string[],
  row: readonly (string | number | null)[],
): Readonly<Record<string, string | number | null>> {
  return Object.fromEntries(columns.map((name, at) => [name, row[at] ?? null]));
}

/** JSON in which integers beyond 2^53 keep all their digits. */
function exactJson(document: object): string {
  // TypeScript's library does not know JSON.rawJSON (ECMAScript "JSON.parse source text access") yet.
  const { rawJSON } = JSON as unknown as { readonly rawJSON: (text: string) => unknown };
  return JSON.stringify(document, (_name, value: unknown) =>
    typeof value === 'bigint' ? rawJSON(value.toString()) : value,
  );
}
