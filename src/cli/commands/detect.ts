/** `exhibit detect`: which event patterns would have fired, when, and what their targets would have received. */
import type { Command } from 'commander';
import { openCase } from '../../app/case.ts';
import { detect, skipText, type Detection, type Finding } from '../../app/detect.ts';
import type { Effects } from '../../core/effects.ts';
import { EXIT } from '../../core/errors.ts';
import { terminalSafe } from '../../core/text.ts';
import {
  excelSafeOption,
  formatOption,
  time,
  wholeNumber,
  writeRows,
  type Format,
} from '../formats.ts';
import { commonOptions, findCase, repeated, type CommonOptions } from '../options.ts';
import { printRows } from '../print-rows.ts';
import { renderTable, terminalWidth } from '../table.ts';

interface Flags extends CommonOptions {
  readonly pattern: readonly string[];
  readonly targets?: readonly string[];
  readonly from?: number;
  readonly to?: number;
  readonly allManagementEvents?: boolean;
  readonly everywhere?: boolean;
  readonly limit?: number;
  readonly format: Format;
  readonly excelSafe?: boolean;
}

/** Findings of a table when `--limit` is not given: more than a person reads. Other formats give all. */
const TABLE_LIMIT = 200;

const COLUMNS = [
  'time',
  'rule',
  'event',
  'event_source',
  'detail_type',
  'matched',
  'received',
  'rule_file',
  'rule_sha256',
  'row',
  'evidence_id',
  'file',
  'record_no',
  'offset',
  'length',
  'copies',
] as const;

export function register(program: Command, fx: Effects, done: (status: number) => void): void {
  const command = program
    .command('detect')
    .description('which event patterns would have fired, and when');
  excelSafeOption(formatOption(commonOptions(command)))
    .requiredOption(
      '--pattern <file...>',
      'EventBridge patterns: a pattern, output of `aws events list-rules`, a CloudFormation template as JSON',
    )
    .option(
      '--targets <rule=file>',
      'targets of a rule: output of `aws events list-targets-by-rule`; may be repeated',
      repeated,
    )
    .option('--from <time>', 'not before this time (RFC 3339 with zone)', time)
    .option('--to <time>', 'before this time', time)
    .option(
      '--all-management-events',
      'rules without a known state get read-only management events too',
    )
    .option(
      '--everywhere',
      "also what happened in other accounts, regions and buses than the rule's",
    )
    .option(
      '--limit <rows>',
      'print no more findings than this, 0 for all (table: 200)',
      wholeNumber,
    )
    .action(async (flags: Flags) => {
      const { pattern, targets, from, to, allManagementEvents, everywhere } = flags;
      const question = {
        patterns: pattern,
        targets: targets ?? [],
        ...(from === undefined ? {} : { fromUs: from }),
        ...(to === undefined ? {} : { toUs: to }),
        allManagementEvents: allManagementEvents === true,
        everywhere: everywhere === true,
      };
      const target = await openCase(findCase(flags, fx));
      const malformed = await detect(target, fx, question, (answer) => {
        print(answer, flags, fx);
        return answer.rules.skipped.some((one) => one.malformed);
      });
      done(malformed ? EXIT.input : EXIT.ok);
    });
}

function print(answer: Detection, flags: Flags, fx: Effects): void {
  const format = flags.json === true ? 'json' : flags.format;
  const limit = flags.limit ?? (format === 'table' ? TABLE_LIMIT : 0);
  const { each, ...summary } = answer;
  switch (format) {
    case 'json': {
      fx.out.write(`${JSON.stringify(summary).slice(0, -1)},"hits":[`);
      let comma = '\n';
      for (const finding of each(limit)) {
        fx.out.write(`${comma}${JSON.stringify(finding)}`);
        comma = ',\n';
      }
      fx.out.write(']}\n');
      break;
    }
    case 'jsonl':
      writeRows(fx, 'jsonl', lines(each(limit)));
      break;
    default:
      printRows(fx, flags, {
        document: summary,
        columns: COLUMNS,
        rows: [...each(limit)].map(cells),
        shown: ['time', 'rule', 'event', 'detail_type', 'row'],
        before: `${rulesTable(answer, fx)}\n`,
      });
  }
  note(answer, limit, flags, fx);
}

function* lines(findings: Iterable<Finding>): Generator<string> {
  for (const finding of findings) yield `${JSON.stringify(finding)}\n`;
}

function cells(finding: Finding): readonly (string | number | null)[] {
  return COLUMNS.map((name) => {
    const value = finding[name];
    return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
  });
}

function rulesTable({ by_rule: rules }: Detection, fx: Effects): string {
  const columns = ['rule', 'findings', 'first', 'last', 'read-only, not sent', 'elsewhere'];
  const rows = rules.map((one) => [
    one.title,
    one.count,
    one.first,
    one.last,
    one.read_only_not_sent,
    one.elsewhere,
  ]);
  return renderTable({ columns, rows, right: [1, 4, 5] }, terminalWidth(fx));
}

function note(answer: Detection, limit: number, flags: Flags, fx: Effects): void {
  // A rule that could not be read is said even to those who want quiet: what it would have found is not in the answer.
  for (const one of answer.rules.skipped)
    if (one.malformed || flags.quiet !== true)
      fx.err.write(`not asked: ${terminalSafe(skipText(one))}\n`);
  if (flags.quiet === true) return;
  const { findings, rules, events } = answer;
  const more = limit > 0 && findings > limit ? `, ${String(limit)} shown: --limit 0 shows all` : '';
  fx.err.write(
    `rules: ${String(rules.loaded)}; events: ${String(events.delivered)} delivered, ${String(events.wrapped)} wrapped; findings: ${String(findings)}${more}\n`,
  );
  for (const { table, reason, count } of answer.not_wrapped)
    fx.err.write(`not wrapped: ${String(count)} of ${table}: ${reason}\n`);
}
