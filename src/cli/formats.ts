/** Flags that turn words into checked values, and the choice of an output format. */
import { Option, type Command } from 'commander';
import { TIMELINE_FORMATS, type TimelineFormat } from '../app/timeline.ts';
import { breathing } from '../app/breath.ts';
import type { Effects } from '../core/effects.ts';
import { ExhibitError } from '../core/errors.ts';
import { terminalSafe, terminalSafeJson } from '../core/text.ts';
import { parseUserTime } from '../core/time.ts';

/** How rows are printed. */
export type Format = 'table' | 'csv' | 'json' | 'jsonl';

/** Adds `--format`. */
export function formatOption(command: Command): Command {
  const option = new Option('--format <format>', 'how rows are printed');
  return command.addOption(option.choices(['table', 'csv', 'json', 'jsonl']).default('table'));
}

/** Adds `--format` with the forms of time lines, for verbs whose rows have a time. */
export function timelineFormatOption(command: Command): Command {
  const option = new Option('--format <format>', 'how rows are printed');
  const choices = ['table', 'csv', 'json', 'jsonl', ...TIMELINE_FORMATS];
  return command.addOption(option.choices(choices).default('table'));
}

/** True for a form of time lines that other tools read. */
export function isTimelineFormat(format: Format | TimelineFormat): format is TimelineFormat {
  return TIMELINE_FORMATS.some((one) => one === format);
}

/**
 * Writes a time line in such a form, with a word on stderr where Timesketch would not take the file's name.
 * @param out file of `--out`, if it was given.
 */
export async function writeTimeline(
  fx: Effects,
  format: TimelineFormat,
  pieces: Iterable<string>,
  out?: string,
): Promise<void> {
  const kind = format.endsWith('jsonl') ? 'jsonl' : 'csv';
  await writeManyRows(fx, kind, pieces);
  if (out !== undefined && format.startsWith('timesketch') && !out.endsWith(`.${kind}`))
    fx.err.write(`Timesketch takes files only whose name ends in .${kind}\n`);
}

/** Adds `--excel-safe`. */
export function excelSafeOption(command: Command): Command {
  return command.option(
    '--excel-safe',
    "with --format csv: put ' before text that a spreadsheet would run",
  );
}

/** Adds `--record`. */
export function recordOption(command: Command): Command {
  return command.option('--record', 'keep question and answer as a run: signed, in the ledger');
}

/** Says on stderr which run an answer was recorded as. */
export function noteRun(fx: Effects, quiet: boolean | undefined, id: string): void {
  if (quiet === true) return;
  fx.err.write(
    `recorded and signed in queries/${id}/; \`exhibit query replay ${id}\` asks again\n`,
  );
}

/** Said after CSV that `--excel-safe` wrote. */
export const EXCEL_SAFE_NOTE =
  "--excel-safe: text that a spreadsheet would run begins with ', so this is not exact";

/**
 * Writes rows as CSV or JSON lines: their exact bytes into a file or pipe, while a terminal gets no character that could
 * drive it, and a note on stderr where that made a difference.
 */
export function writeRows(fx: Effects, format: 'csv' | 'jsonl', pieces: Iterable<string>): void {
  let escaped = false;
  for (const piece of pieces) escaped = writePiece(fx, format, piece) || escaped;
  if (escaped) fx.err.write(ESCAPED_NOTE);
}

/** The same for rows that may be millions: Ctrl-C ends it. */
export async function writeManyRows(
  fx: Effects,
  format: 'csv' | 'jsonl',
  pieces: Iterable<string>,
): Promise<void> {
  let escaped = false;
  // A piece of CSV is hundreds of rows.
  for await (const piece of breathing(pieces, fx.signal, (one) => one.length / ROW_CHARACTERS))
    escaped = writePiece(fx, format, piece) || escaped;
  if (escaped) fx.err.write(ESCAPED_NOTE);
}

/** Of a row as it is written, about. */
const ROW_CHARACTERS = 300;

const ESCAPED_NOTE = 'control characters are shown escaped; a file or pipe gets the exact bytes\n';

/** True if it had to be escaped. */
function writePiece(fx: Effects, format: 'csv' | 'jsonl', piece: string): boolean {
  const safe = fx.out.isTTY ? safeRows(format, piece) : piece;
  fx.out.write(safe);
  return safe !== piece;
}

function safeRows(format: 'csv' | 'jsonl', text: string): string {
  return format === 'jsonl'
    ? terminalSafeJson(text)
    : text.split('\n').map(terminalSafe).join('\n');
}

/** A number of rows, 0 for all. @throws ExhibitError `E_USAGE`. */
export function wholeNumber(text: string): number {
  if (/^\d{1,12}$/.test(text)) return Number(text);
  throw new ExhibitError('E_USAGE', `"${text}" is not a whole number`);
}

/** A limit of rows. @throws ExhibitError `E_USAGE`. */
export function atLeastOne(text: string): number {
  const value = wholeNumber(text);
  if (value > 0) return value;
  throw new ExhibitError('E_USAGE', 'the limit is one row or more');
}

/** Seconds of a limit. @throws ExhibitError `E_USAGE`. */
export function seconds(text: string): number {
  const value = Number(text);
  // Node's timers hold 31 bits of milliseconds.
  if (/^\d+(?:\.\d+)?$/.test(text) && value > 0 && value <= 2_000_000) return value;
  throw new ExhibitError('E_USAGE', `"${text}" is not a number of seconds`);
}

/** A time flag, as microseconds UTC. @throws ExhibitError `E_TIME_ZONE`, `E_USAGE`. */
export function time(text: string): number {
  return parseUserTime(text);
}

const UNITS_US: Readonly<Record<string, number>> = {
  ...{ ms: 1000, s: 1_000_000, m: 60_000_000, h: 3_600_000_000, d: 86_400_000_000 },
};

/** A length of time such as `10m`, as microseconds. @throws ExhibitError `E_USAGE`. */
export function duration(text: string): number {
  const [, digits, unit] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? [];
  const us = Number(digits) * (UNITS_US[unit ?? ''] ?? NaN);
  // Longer than a time can be, and it would no longer be exact.
  if (us <= 1e15) return us;
  throw new ExhibitError('E_USAGE', `"${text}" is not a length of time`, {
    hint: 'write it as 500ms, 30s, 10m, 2h or 1d',
  });
}

/** A flag that may be repeated. */
export function collectWords(word: string, words: readonly string[]): readonly string[] {
  return [...words, word];
}
