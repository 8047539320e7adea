/** `exhibit pivot`: every trace of a value through all logs, and what else stands in the same records. */
import type { Command } from 'commander';
import { openCase } from '../../app/case.ts';
import { pivotPage, writePage } from '../../app/graphs.ts';
import { labelsFrom } from '../../app/labels.ts';
import {
  ENTITY_KINDS,
  pivot,
  PIVOT_COLUMNS,
  recordPivot,
  type PivotAnswer,
} from '../../app/pivot.ts';
import type { Effects } from '../../core/effects.ts';
import { EXIT } from '../../core/errors.ts';
import { terminalSafe } from '../../core/text.ts';
import {
  atLeastOne,
  excelSafeOption,
  formatOption,
  noteRun,
  recordOption,
  time,
  wholeNumber,
  type Format,
} from '../formats.ts';
import { labelFiles, labelOptions, type LabelFlags } from '../labels.ts';
import { commonOptions, findCase, repeated, type CommonOptions } from '../options.ts';
import { printRows } from '../print-rows.ts';
import { renderTable, terminalWidth } from '../table.ts';

interface Flags extends CommonOptions, LabelFlags {
  readonly hops: number;
  readonly fanOut: number;
  readonly kind?: readonly string[];
  readonly from?: number;
  readonly to?: number;
  readonly deep?: boolean;
  readonly neighbours?: boolean;
  readonly limit?: number;
  readonly html?: string;
  readonly record?: boolean;
  readonly format: Format;
  readonly excelSafe?: boolean;
}

/** Rows of the tables when `--limit` is not given: more than a person reads. Other formats give all. */
const TABLE_LIMIT = 50;

const NEIGHBOURS = [
  'from',
  'value',
  'kind',
  'labels',
  'records',
  'first_seen',
  'last_seen',
  'tables',
  'hop',
] as const;

export function register(program: Command, fx: Effects, done: (status: number) => void): void {
  const command = program
    .command('pivot')
    .description('every trace of a value through all logs, and what else it touched')
    .argument(
      '<values...>',
      'addresses, access keys, ARNs, accounts, users, instances, interfaces, buckets, domains, ids, ...',
    );
  recordOption(labelOptions(excelSafeOption(formatOption(commonOptions(command)))))
    .option('--hops <n>', 'neighbours of neighbours, up to this far', atLeastOne, 1)
    .option('--fan-out <n>', 'neighbours of each value that are followed', atLeastOne, 8)
    .option(
      '--kind <kind>',
      `neighbours of this kind alone; may be repeated: ${ENTITY_KINDS.join(', ')}`,
      repeated,
    )
    .option('--from <time>', 'not before this time (RFC 3339 with zone)', time)
    .option('--to <time>', 'before this time', time)
    .option('--deep', 'also read every row of large tables where no index leads to the value')
    .option('--neighbours', 'csv and jsonl: the neighbours instead of the time line')
    .option('--limit <rows>', 'print no more rows than this, 0 for all (table: 50)', wholeNumber)
    .option('--html <file>', 'a page with the graph, the neighbours and the time line')
    .action(async (values: readonly string[], flags: Flags) => {
      const { from, to, hops, fanOut } = flags;
      const target = await openCase(findCase(flags, fx));
      const question = {
        values,
        hops,
        fanOut,
        kinds: flags.kind ?? [],
        deep: flags.deep === true,
        labels: await labelsFrom(labelFiles(flags), fx),
        ...(from === undefined ? {} : { fromUs: from }),
        ...(to === undefined ? {} : { toUs: to }),
      };
      const recorded = flags.record === true ? await recordPivot(target, fx, question) : undefined;
      const answer = recorded?.answer ?? pivot(target, fx, question);
      if (flags.html !== undefined)
        await writePage(flags.html, pivotPage(answer, values.join(', ')), fx);
      print(answer, flags, fx);
      if (recorded !== undefined) noteRun(fx, flags.quiet, recorded.record.run_id);
      done(EXIT.ok);
    });
}

function print(answer: PivotAnswer, flags: Flags, fx: Effects): void {
  const format = flags.json === true ? 'json' : flags.format;
  const limit = flags.limit ?? (format === 'table' ? TABLE_LIMIT : 0);
  const cut = <T>(rows: readonly T[]): readonly T[] => (limit > 0 ? rows.slice(0, limit) : rows);
  const neighbours = cut(answer.neighbours).map((one) =>
    NEIGHBOURS.map((name) =>
      name === 'labels'
        ? one.labels.join(', ')
        : name === 'tables'
          ? one.tables.join(' ')
          : one[name],
    ),
  );
  const timeline = cut(answer.timeline);
  const flat = flags.neighbours === true && format !== 'table' && format !== 'json';
  printRows(fx, flags, {
    document: { ...answer, timeline, neighbours: cut(answer.neighbours) },
    columns: flat ? NEIGHBOURS : PIVOT_COLUMNS,
    rows: flat ? neighbours : timeline.map((one) => PIVOT_COLUMNS.map((name) => one[name])),
    shown: ['time', 'source', 'actor', 'action', 'target', 'src_ip', 'outcome', 'row'],
    before: format === 'table' ? tables(answer, neighbours, fx) : '',
  });
  note(answer, limit, flags, fx);
}

function tables(
  answer: PivotAnswer,
  neighbours: readonly (readonly (string | number | null)[])[],
  fx: Effects,
): string {
  const width = terminalWidth(fx);
  // Where neighbours stand that were looked up in turn is in --json.
  const asked = answer.values.filter(({ hop }) => hop === 0);
  const places = asked.flatMap((one) =>
    one.places.length === 0
      ? [[one.value, [one.kind, ...one.labels].join(', '), 'nowhere', null, 0, null, null]]
      : one.places.map((place) => [
          one.value,
          [one.kind, ...one.labels].join(', '),
          place.table,
          place.column,
          place.records,
          place.first_seen,
          place.last_seen,
        ]),
  );
  const where = renderTable(
    {
      columns: ['value', 'what it is', 'table', 'column', 'records', 'first', 'last'],
      rows: places,
    },
    width,
  );
  const touched = renderTable(
    {
      columns: ['of', 'touched', 'kind', 'what it is', 'records', 'first', 'last'],
      rows: neighbours.map((row) => row.slice(0, 7)),
    },
    width,
  );
  return `${where}\n${neighbours.length === 0 ? '' : `${touched}\n`}`;
}

function note(answer: PivotAnswer, limit: number, flags: Flags, fx: Effects): void {
  // What was left out is said even to those who want quiet: the answer is not whole.
  for (const what of answer.cut) fx.err.write(`left out: ${terminalSafe(what)}\n`);
  if (answer.not_searched.length > 0)
    fx.err.write(
      `not read, large and without an index (--deep reads them): ${answer.not_searched.join(', ')}\n`,
    );
  if (flags.quiet === true) return;
  const { timeline, neighbours } = answer;
  const more =
    limit > 0 && (timeline.length > limit || neighbours.length > limit)
      ? `, ${String(limit)} of each shown: --limit 0 shows all`
      : '';
  fx.err.write(
    `${String(timeline.length)} records, ${String(neighbours.length)} neighbours${more}\n`,
  );
}
