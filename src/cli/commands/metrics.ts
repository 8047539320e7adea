/** `exhibit metrics`: how often each value of a field stands in the records. */
import type { Command } from 'commander';
import { openCase } from '../../app/case.ts';
import { metrics } from '../../app/metrics.ts';
import { asCsv, asTable, documentRows } from '../../app/rows.ts';
import type { Effects } from '../../core/effects.ts';
import { EXIT } from '../../core/errors.ts';
import { eventOptions, filterOf, type EventFlags } from '../events.ts';
import { noteRun, seconds, writeRows } from '../formats.ts';
import { findCase } from '../options.ts';
import { renderTable, terminalWidth } from '../table.ts';

interface Flags extends EventFlags {
  readonly timeout?: number;
}

/** Values of a table when `--limit` is not given. */
const TABLE_LIMIT = 50;

export function register(program: Command, fx: Effects, done: (status: number) => void): void {
  const command = program
    .command('metrics')
    .description('how often each value of a field stands in the records')
    .argument(
      '<field>',
      'column of the source, common column of all sources, or path such as userIdentity.type',
    );
  eventOptions(command)
    .option('--timeout <seconds>', 'give up after so long (default: 900)', seconds)
    .action(async (field: string, flags: Flags) => {
      const target = await openCase(findCase(flags, fx));
      const question = {
        field,
        filter: filterOf(flags),
        ...(flags.timeout === undefined ? {} : { timeoutS: flags.timeout }),
      };
      const answer = await metrics(target, fx, question, flags.record === true);
      const format = flags.json === true ? 'json' : flags.format;
      const limit = flags.limit ?? (format === 'table' ? TABLE_LIMIT : 0);
      const rows = limit > 0 ? answer.rows.slice(0, limit) : answer.rows;
      const { columns, run } = answer;
      if (format === 'json') {
        const values = documentRows(columns, rows);
        const runs = run === undefined ? {} : { runs: [run] };
        fx.out.write(`${JSON.stringify({ field, values, count: answer.rows.length, ...runs })}\n`);
      } else if (format === 'jsonl') {
        writeRows(
          fx,
          'jsonl',
          documentRows(columns, rows).map((row) => `${JSON.stringify(row)}\n`),
        );
      } else if (format === 'csv') {
        writeRows(fx, 'csv', [asCsv(columns, rows, flags.excelSafe === true)]);
      } else {
        fx.out.write(renderTable({ ...asTable(columns, rows), right: [1] }, terminalWidth(fx)));
      }
      if (flags.quiet !== true) {
        const cut = rows.length < answer.rows.length ? `, ${String(rows.length)} shown` : '';
        fx.err.write(`${String(answer.rows.length)} values${cut}\n`);
      }
      if (run !== undefined) noteRun(fx, flags.quiet, run);
      done(EXIT.ok);
    });
}
