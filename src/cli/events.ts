/** Flags and output that `timeline` and `search` share. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { EVENT_COLUMNS, eventsCsv, type EventFilter, type ShownEvent } from '../app/events.ts';
import { shortName } from '../app/rows.ts';
import { breathing } from '../app/breath.ts';
import type { Effects } from '../core/effects.ts';
import {
  EXCEL_SAFE_NOTE,
  excelSafeOption,
  formatOption,
  recordOption,
  time,
  wholeNumber,
  writeManyRows,
  type Format,
} from './formats.ts';
import { commonOptions, type CommonOptions } from './options.ts';
import { renderTable, terminalWidth } from './table.ts';

/** Values of {@link eventOptions}. */
export interface EventFlags extends CommonOptions {
  readonly from?: number;
  readonly to?: number;
  readonly source?: string;
  readonly account?: string;
  readonly region?: string;
  readonly actor?: string;
  readonly ip?: string;
  readonly action?: string;
  readonly outcome?: string;
  readonly limit?: number;
  readonly format: Format;
  readonly excelSafe?: boolean;
  readonly record?: boolean;
}

/** Rows of a table when `--limit` is not given: more than a person reads. Other formats give all. */
const TABLE_LIMIT = 200;

/** Adds `--format`, and what {@link eventFlags} adds. */
export function eventOptions(command: Command): Command {
  return eventFlags(formatOption(commonOptions(command)));
}

/** Adds `--from` to `--outcome`, `--limit` and `--record`. */
export function eventFlags(command: Command): Command {
  return recordOption(excelSafeOption(command))
    .option('--from <time>', 'not before this time (RFC 3339 with zone)', time)
    .option('--to <time>', 'before this time', time)
    .option('--source <name>', 'one source: cloudtrail, s3_access, vpc_flow, ...')
    .option('--account <id>', 'one account')
    .option('--region <region>', 'one region')
    .option('--actor <text>', 'who holds this text')
    .option('--ip <address>', 'source or destination address')
    .option('--action <name>', 'action, or a pattern such as "Delete*"')
    .addOption(new Option('--outcome <outcome>', 'how it ended').choices(['success', 'failure']))
    .option('--limit <rows>', 'no more rows than this, 0 for all (table: 200)', wholeNumber);
}

/** The filter in the flags. */
export function filterOf(flags: Omit<EventFlags, 'format'>): EventFilter {
  const { from, to, source, account, region, actor, ip, action, outcome } = flags;
  const filter = { fromUs: from, toUs: to, source, account, region, actor, ip, action, outcome };
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}

/** Rows to print: `--limit`, else 200 in a table and all elsewhere. */
export function limitOf(flags: Omit<EventFlags, 'format'> & { readonly format: string }): number {
  return flags.limit ?? (flags.json !== true && flags.format === 'table' ? TABLE_LIMIT : 0);
}

/** `--json` is `--format json`. */
function formatOf(flags: EventFlags): Format {
  return flags.json === true ? 'json' : flags.format;
}

/**
 * Prints events.
 * @param found true for a search: adds `found_in`.
 * @param runs recorded runs, for the JSON document.
 */
export async function printEvents(
  events: Iterable<ShownEvent>,
  flags: EventFlags,
  fx: Effects,
  found: boolean,
  runs?: readonly string[],
): Promise<number> {
  const columns = found ? [...EVENT_COLUMNS, 'found_in' as const] : EVENT_COLUMNS;
  let count = 0;
  const counted = function* (): Generator<ShownEvent> {
    for (const event of events) {
      count += 1;
      yield event;
    }
  };
  switch (formatOf(flags)) {
    case 'jsonl':
      await writeManyRows(fx, 'jsonl', lines(counted()));
      break;
    case 'json':
      // Nothing before the first event is there: an error must be the one document on stdout.
      for await (const event of breathing(counted(), fx.signal))
        fx.out.write(`${count > 1 ? ',' : '{"events":['}\n${JSON.stringify(event)}`);
      fx.out.write(
        `${count > 0 ? '' : '{"events":['}\n],"count":${String(count)}${runs === undefined ? '' : `,"runs":${JSON.stringify(runs)}`}}\n`,
      );
      break;
    case 'csv':
      await writeManyRows(fx, 'csv', eventsCsv(counted(), columns, flags.excelSafe === true));
      if (flags.excelSafe === true && flags.quiet !== true) fx.err.write(`${EXCEL_SAFE_NOTE}\n`);
      break;
    case 'table': {
      // What a person reads first; the row names the source, csv and json have the other columns.
      const heads = ['time', 'actor', 'action', 'target', 'src_ip', 'outcome', 'row'];
      const rows: (readonly (string | null)[])[] = [];
      for await (const event of breathing(counted(), fx.signal))
        rows.push([
          event.time,
          shortName(event.actor),
          event.action,
          shortName(event.target),
          event.src_ip,
          event.outcome,
          event.row,
          ...(found ? [event.found_in ?? null] : []),
        ]);
      const table = { columns: found ? [...heads, 'found in'] : heads, rows, right: [] };
      fx.out.write(renderTable(table, terminalWidth(fx)));
      break;
    }
  }
  return count;
}

function* lines(events: Iterable<ShownEvent>): Generator<string> {
  for (const event of events) yield `${JSON.stringify(event)}\n`;
}
