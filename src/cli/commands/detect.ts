/** `exhibit detect`: what Sigma rules find, and which event patterns would have fired, when, for which records. */
import { Option, type Command } from 'commander';
import { openCase } from '../../app/case.ts';
import { skipText, type DetectQuestion, type Detection } from '../../app/detect.ts';
import {
  LEVEL_NAMES,
  reaches,
  type Level,
  type RulesAnswer,
  type RulesQuestion,
} from '../../app/detect-rules.ts';
import { findings } from '../../app/detect-record.ts';
import { eachFinding, findingsFile, type AnyFinding, type Findings } from '../../app/findings.ts';
import { withOut } from '../../app/out-file.ts';
import type { TimelineFormat } from '../../app/timeline.ts';
import { COMMON_CELLS } from '../../core/columns.ts';
import { breathing } from '../../app/breath.ts';
import type { Effects } from '../../core/effects.ts';
import { EXIT, ExhibitError } from '../../core/errors.ts';
import { terminalSafe } from '../../core/text.ts';
import {
  excelSafeOption,
  isTimelineFormat,
  noteRun,
  recordOption,
  time,
  timelineFormatOption,
  wholeNumber,
  writeManyRows,
  writeTimeline,
  type Format,
} from '../formats.ts';
import { commonOptions, findCase, repeated, type CommonOptions } from '../options.ts';
import { printRows } from '../print-rows.ts';
import { renderTable, terminalWidth } from '../table.ts';

interface Flags extends CommonOptions {
  readonly rules?: readonly string[];
  readonly pattern?: readonly string[];
  readonly level?: Level;
  readonly tag?: readonly string[];
  readonly attack?: readonly string[];
  readonly placeholders?: string;
  readonly failOn?: Level;
  readonly record?: boolean;
  readonly targets?: readonly string[];
  readonly from?: number;
  readonly to?: number;
  readonly allManagementEvents?: boolean;
  readonly everywhere?: boolean;
  readonly limit?: number;
  readonly out?: string;
  readonly format: Format | TimelineFormat;
  readonly excelSafe?: boolean;
}

/** Findings of a table when `--limit` is not given: more than a person reads. Other formats give all. */
const TABLE_LIMIT = 200;

/** Of patterns, of rules, and of both. */
const PATTERN_COLUMNS = ['event', 'event_source', 'detail_type', 'matched', 'received'];
const RULE_COLUMNS = ['kind', 'matched', 'rows', 'since', 'counted', 'tags', 'rule_id'];
const LAST_COLUMNS = [
  'rule_file',
  'rule_sha256',
  ...COMMON_CELLS,
  'row',
  'evidence_id',
  'file',
  'record_no',
  'offset',
  'length',
  'copies',
];

export function register(program: Command, fx: Effects, done: (status: number) => void): void {
  const command = program
    .command('detect')
    .description('what Sigma rules find, and which event patterns would have fired');
  const level = (flags: string, about: string): Option =>
    new Option(flags, about).choices([...LEVEL_NAMES]);
  recordOption(excelSafeOption(timelineFormatOption(commonOptions(command))))
    .option('--rules <path...>', 'Sigma rules: files, or folders of .yml files')
    .option(
      '--pattern <file...>',
      'EventBridge patterns: a pattern, output of `aws events list-rules`, a CloudFormation template as JSON',
    )
    .addOption(level('--level <level>', 'Sigma rules of this level or above'))
    .option('--tag <tag...>', 'Sigma rules with one of these tags')
    .option('--attack <id...>', 'Sigma rules for one of these ATT&CK techniques or tactics')
    .option('--placeholders <file>', 'YAML map: what %name% in Sigma rules stands for')
    .addOption(
      level('--fail-on <level>', 'exit status 1 if a rule of this level or above found anything'),
    )
    .option(
      '--targets <rule=file>',
      'targets of a pattern: output of `aws events list-targets-by-rule`; may be repeated',
      repeated,
    )
    .option('--from <time>', 'not before this time (RFC 3339 with zone)', time)
    .option('--to <time>', 'before this time', time)
    .option(
      '--all-management-events',
      'patterns without a known state get read-only management events too',
    )
    .option(
      '--everywhere',
      "also what happened in other accounts, regions and buses than the pattern's",
    )
    .option(
      '--limit <rows>',
      'print no more findings than this, 0 for all (table: 200)',
      wholeNumber,
    )
    .option('--out <file>', 'write to this new file instead of stdout')
    .action(async (flags: Flags) => {
      done(await ask(flags, fx));
    });
}

async function ask(flags: Flags, fx: Effects): Promise<number> {
  if (flags.rules === undefined && flags.pattern === undefined) {
    throw new ExhibitError('E_USAGE', 'there is nothing to ask', {
      hint: 'give --rules with Sigma rules, --pattern with event patterns, or both',
    });
  }
  const target = await openCase(findCase(flags, fx));
  const rules = flags.rules === undefined ? undefined : rulesQuestion(flags.rules, flags);
  const patterns = flags.pattern === undefined ? undefined : patternsQuestion(flags.pattern, flags);
  return findings(target, fx, { rules, patterns }, flags.record === true, async (found, run) => {
    await withOut(flags.out, fx, (to) => print(found, flags, to, run));
    return exitOf(found, flags);
  });
}

function patternsQuestion(
  patterns: readonly string[],
  { targets, allManagementEvents, everywhere, ...flags }: Flags,
): DetectQuestion {
  return {
    ...window(flags),
    patterns,
    targets: targets ?? [],
    allManagementEvents: allManagementEvents === true,
    everywhere: everywhere === true,
  };
}

function window({ from, to }: Flags): { readonly fromUs?: number; readonly toUs?: number } {
  return {
    ...(from === undefined ? {} : { fromUs: from }),
    ...(to === undefined ? {} : { toUs: to }),
  };
}

function rulesQuestion(paths: readonly string[], flags: Flags): RulesQuestion {
  const tags = [...(flags.tag ?? []), ...(flags.attack ?? []).map((id) => `attack.${id}`)];
  return {
    ...window(flags),
    rules: paths,
    ...(flags.level === undefined ? {} : { level: flags.level }),
    ...(tags.length === 0 ? {} : { tags }),
    ...(flags.placeholders === undefined ? {} : { placeholders: flags.placeholders }),
  };
}

function exitOf({ patterns, rules }: Findings, { failOn }: Flags): number {
  const skipped = [...(patterns?.rules.skipped ?? []), ...(rules?.rules.skipped ?? [])];
  if (skipped.some((one) => one.malformed)) return EXIT.input;
  const bad =
    failOn !== undefined &&
    (rules?.by_rule ?? []).some(({ count, level }) => count > 0 && reaches(level, failOn));
  return bad ? EXIT.badNews : EXIT.ok;
}

async function print(
  answer: Findings,
  flags: Flags,
  fx: Effects,
  run: string | undefined,
): Promise<void> {
  const format = flags.json === true ? 'json' : flags.format;
  if (isTimelineFormat(format)) {
    const limit = flags.limit ?? 0;
    await writeTimeline(fx, format, findingsFile(answer, format, limit), flags.out);
    note(answer, limit, flags, fx);
    if (run !== undefined) noteRun(fx, flags.quiet, run);
    return;
  }
  const limit = flags.limit ?? (format === 'table' ? TABLE_LIMIT : 0);
  const summary = { ...summaryOf(answer), ...(run === undefined ? {} : { runs: [run] }) };
  switch (format) {
    case 'json': {
      fx.out.write(`${JSON.stringify(summary).slice(0, -1)},"hits":[`);
      let comma = '\n';
      for await (const finding of breathing(eachFinding(answer, limit), fx.signal)) {
        fx.out.write(`${comma}${JSON.stringify(finding)}`);
        comma = ',\n';
      }
      fx.out.write(']}\n');
      break;
    }
    case 'jsonl':
      await writeManyRows(fx, 'jsonl', lines(eachFinding(answer, limit)));
      break;
    default: {
      const columns = columnsOf(answer);
      printRows(
        fx,
        { ...flags, format },
        {
          document: summary,
          columns,
          rows: [...eachFinding(answer, limit)].map((finding) => cells(finding, columns)),
          shown:
            answer.rules === undefined
              ? ['time', 'rule', 'event', 'detail_type', 'row']
              : ['time', 'level', 'rule', 'actor', 'action', 'target', 'src_ip', 'row'],
          before: `${tables(answer, fx)}\n`,
        },
      );
    }
  }
  note(answer, limit, flags, fx);
  if (run !== undefined) noteRun(fx, flags.quiet, run);
}

/** What is said before the findings; with both kinds of rules, the two together. */
function summaryOf({ patterns, rules }: Findings): object {
  const [first, second] = [patterns, rules].map((one) => {
    const members = Object.entries(one ?? {}).filter(([name]) => name !== 'each');
    return Object.fromEntries(members);
  });
  if (patterns === undefined || rules === undefined) return { ...first, ...second };
  return {
    ...first,
    rules: {
      loaded: patterns.rules.loaded + rules.rules.loaded,
      skipped: [...patterns.rules.skipped, ...rules.rules.skipped],
    },
    findings: patterns.findings + rules.findings,
    by_rule: [...patterns.by_rule, ...rules.by_rule],
  };
}

function columnsOf({ patterns, rules }: Findings): readonly string[] {
  return [
    ...new Set([
      'time',
      ...(rules === undefined ? [] : ['level']),
      'rule',
      ...(patterns === undefined ? [] : PATTERN_COLUMNS),
      ...(rules === undefined ? [] : RULE_COLUMNS),
      ...LAST_COLUMNS,
    ]),
  ];
}

function* lines(all: Iterable<AnyFinding>): Generator<string> {
  for (const finding of all) yield `${JSON.stringify(finding)}\n`;
}

function cells(
  finding: AnyFinding,
  columns: readonly string[],
): readonly (string | number | null)[] {
  const record: Readonly<Record<string, unknown>> = { ...finding };
  return columns.map((name) => {
    const value = record[name] ?? null;
    return typeof value === 'string' || typeof value === 'number' || value === null
      ? value
      : JSON.stringify(value);
  });
}

function tables({ patterns, rules }: Findings, fx: Effects): string {
  const width = terminalWidth(fx);
  return [
    ...(patterns === undefined ? [] : [patternsTable(patterns, width)]),
    ...(rules === undefined ? [] : [rulesTable(rules, width)]),
  ].join('\n');
}

function patternsTable({ by_rule: rules }: Detection, width: number): string {
  const columns = ['rule', 'findings', 'first', 'last', 'read-only, not sent', 'elsewhere'];
  const rows = rules.map((one) => [
    one.title,
    one.count,
    one.first,
    one.last,
    one.read_only_not_sent,
    one.elsewhere,
  ]);
  return renderTable({ columns, rows, right: [1, 4, 5] }, width);
}

/** Rules that found something, the most severe first; how many did not is said below. */
function rulesTable({ by_rule: rules }: RulesAnswer, width: number): string {
  const rank = (level: Level | null): number => LEVEL_NAMES.indexOf(level ?? 'informational');
  const rows = rules
    .filter(({ count }) => count > 0)
    .sort((a, b) => rank(b.level) - rank(a.level) || b.count - a.count)
    .map((one) => [one.level, one.title, one.count, one.first, one.last]);
  return renderTable(
    { columns: ['level', 'rule', 'findings', 'first', 'last'], rows, right: [2] },
    width,
  );
}

function note({ patterns, rules }: Findings, limit: number, flags: Flags, fx: Effects): void {
  const skipped = [...(patterns?.rules.skipped ?? []), ...(rules?.rules.skipped ?? [])];
  // A rule that could not be read is said even to those who want quiet: what it would have found is not in the answer.
  for (const one of skipped)
    if (one.malformed || flags.quiet !== true)
      fx.err.write(`not asked: ${terminalSafe(skipText(one))}\n`);
  if (flags.quiet === true) return;
  const count = (patterns?.findings ?? 0) + (rules?.findings ?? 0);
  const more = limit > 0 && count > limit ? `, ${String(limit)} shown: --limit 0 shows all` : '';
  const parts = [
    `rules: ${String((patterns?.rules.loaded ?? 0) + (rules?.rules.loaded ?? 0))}`,
    ...(rules === undefined
      ? []
      : [`with findings: ${String(rules.by_rule.filter(({ count }) => count > 0).length)}`]),
    ...(patterns === undefined
      ? []
      : [
          `events: ${String(patterns.events.delivered)} delivered, ${String(patterns.events.wrapped)} wrapped`,
        ]),
    `findings: ${String(count)}${more}`,
  ];
  fx.err.write(`${parts.join('; ')}\n`);
  for (const { table, reason, count } of patterns?.not_wrapped ?? [])
    fx.err.write(`not wrapped: ${String(count)} of ${table}: ${reason}\n`);
}
