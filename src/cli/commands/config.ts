/** `exhibit config asof|diff|related|compliance`: what AWS Config recorded of resources. */
import type { Command } from 'commander';
import { openCase } from '../../app/case.ts';
import { asOf, type AsOf } from '../../app/config-asof.ts';
import { configCompliance } from '../../app/config-compliance.ts';
import { configDiff, type ConfigDiff, type Side } from '../../app/config-diff.ts';
import { configRelated } from '../../app/config-related.ts';
import {
  type Evidence,
  withQuestions,
  type Questions,
  type ResourceChoice,
} from '../../app/config-rows.ts';
import { shortName } from '../../app/rows.ts';
import type { Effects } from '../../core/effects.ts';
import { EXIT } from '../../core/errors.ts';
import { flattenJson } from '../../core/json-diff.ts';
import { type JsonValue, sortedJson } from '../../core/json.ts';
import { excelSafeOption, formatOption, time, type Format } from '../formats.ts';
import { commonOptions, findCase, type CommonOptions } from '../options.ts';
import { type Answer, printRows } from '../print-rows.ts';
import { renderFields, renderTable, terminalWidth } from '../table.ts';

interface Flags extends CommonOptions {
  readonly type?: string;
  readonly account?: string;
  readonly region?: string;
  readonly at?: number;
  readonly rule?: string;
  readonly resource?: string;
  readonly history?: boolean;
  readonly record?: boolean;
  readonly format: Format;
  readonly excelSafe?: boolean;
}

const RESOURCE = 'ARN, id or name of the resource';

export function register(program: Command, fx: Effects, done: (status: number) => void): void {
  const config = program.command('config').description('what AWS Config recorded of resources');

  narrowing(shared(config.command('asof').description('the state of a resource at a moment')))
    .argument('<resource>', RESOURCE)
    .argument('<time>', 'moment (RFC 3339 with zone)', time)
    .action(async (name: string, at: number, flags: Flags) => {
      const answer = await ask(flags, fx, (questions) =>
        asOf(questions, choiceOf(name, flags), at),
      );
      printAsOf(answer, flags, fx);
      done(isKnown(answer) ? EXIT.ok : EXIT.badNews);
    });

  narrowing(
    shared(config.command('diff').description('what changed of a resource between two moments')),
  )
    .argument('<resource>', RESOURCE)
    .argument('<time1>', 'first moment', time)
    .argument('<time2>', 'second moment', time)
    .action(async (name: string, before: number, after: number, flags: Flags) => {
      const answer = await ask(flags, fx, (questions) =>
        configDiff(questions, choiceOf(name, flags), before, after),
      );
      printDiff(answer, flags, fx);
      done(answer.comparable ? EXIT.ok : EXIT.badNews);
    });

  narrowing(
    shared(config.command('related').description('which resources one was related to, both ways')),
  )
    .argument('<resource>', RESOURCE)
    .option('--at <time>', 'as it was then (default: by the last item of each)', time)
    .action(async (name: string, flags: Flags) => {
      const answer = await ask(flags, fx, (questions) =>
        configRelated(questions, choiceOf(name, flags), flags.at),
      );
      const columns = [
        'direction',
        'relation',
        'resource_type',
        'resource_id',
        'resource_name',
        'captured_at',
      ];
      printRows(fx, flags, {
        document: answer,
        columns: [...columns, ...PLACE],
        rows: answer.related.map((one) => [
          one.direction,
          one.relation,
          one.resource_type,
          one.resource_id,
          one.resource_name,
          one.captured_at,
          ...placeOf(one.evidence),
        ]),
        shown: [...columns, 'row'],
      });
      note(flags, fx, `relations: ${String(answer.related.length)}`, answer.runs);
      done(EXIT.ok);
    });

  shared(config.command('compliance').description('whether resources complied with rules'))
    .option('--rule <name>', 'results of this rule')
    .option('--resource <name>', `results of this resource: ${RESOURCE}`)
    .option('--at <time>', 'as far as recorded by then', time)
    .option('--history', 'every result, not only the last of each rule and resource')
    .action(async (flags: Flags) => {
      const { rule, resource, at, history } = flags;
      const answer = await ask(flags, fx, (questions) =>
        configCompliance(questions, {
          ...(rule === undefined ? {} : { rule }),
          ...(resource === undefined ? {} : { resource }),
          ...(at === undefined ? {} : { atUs: at }),
          ...(history === undefined ? {} : { history }),
        }),
      );
      const columns = [
        'rule',
        'resource_type',
        'resource_id',
        'compliance',
        'before',
        'recorded_at',
      ];
      const more = ['annotation', 'account_id', 'region'];
      printRows(fx, flags, {
        document: answer,
        columns: [...columns, ...more, ...PLACE],
        rows: answer.results.map((one) => [
          one.rule,
          one.resource_type,
          one.resource_id,
          one.compliance,
          one.before,
          one.recorded_at,
          one.annotation,
          one.account_id,
          one.region,
          ...placeOf(one.evidence),
        ]),
        shown: [...columns, 'row'],
      });
      note(flags, fx, `results: ${String(answer.results.length)}`, answer.runs);
      done(EXIT.ok);
    });
}

function shared(command: Command): Command {
  return excelSafeOption(formatOption(commonOptions(command))).option(
    '--record',
    'keep the questions and their rows as runs of the case, signed and in the ledger',
  );
}

function narrowing(command: Command): Command {
  return command
    .option('--type <type>', 'type of the resource, such as AWS::EC2::Instance')
    .option('--account <id>', 'its account')
    .option('--region <region>', 'its region');
}

async function ask<T>(
  flags: Flags,
  fx: Effects,
  use: (questions: Questions) => Promise<T>,
): Promise<T> {
  return withQuestions(await openCase(findCase(flags, fx)), fx, flags.record === true, use);
}

function choiceOf(name: string, { type, account, region }: Flags): ResourceChoice {
  return {
    name,
    ...(type === undefined ? {} : { type }),
    ...(account === undefined ? {} : { account }),
    ...(region === undefined ? {} : { region }),
  };
}

function isKnown({ state }: Pick<Side, 'state'>): boolean {
  return state !== 'unknown' && state !== 'not_recorded';
}

const PLACE = ['row', 'evidence_id', 'file', 'record_no', 'offset', 'length', 'copies'] as const;

function placeOf(evidence: Evidence): readonly (string | number)[] {
  return PLACE.map((name) => evidence[name]);
}

function printAsOf(answer: AsOf, flags: Flags, fx: Effects): void {
  const { document, evidence } = answer;
  const paths = document === null ? [] : [...flattenJson(document)];
  const rows: Answer = {
    document: answer,
    columns: ['pointer', 'value', 'captured_at', ...PLACE],
    rows: paths.map(([pointer, value]) => [
      pointer,
      shownValue(value),
      answer.captured_at,
      ...(evidence === null ? [] : placeOf(evidence)),
    ]),
    shown: ['pointer', 'value'],
    before: `${heading(answer, fx)}\n`,
  };
  printRows(fx, flags, rows);
  note(flags, fx, sentence(answer), answer.runs);
}

function printDiff(answer: ConfigDiff, flags: Flags, fx: Effects): void {
  const { resource, before, after, changes } = answer;
  printRows(fx, flags, {
    document: answer,
    columns: ['kind', 'pointer', 'old_pointer', 'old', 'new', 'row_before', 'row_after'],
    rows: changes.map((one) => [
      one.kind,
      one.pointer,
      one.old_pointer ?? null,
      one.old === undefined ? null : shownValue(one.old),
      one.new === undefined ? null : shownValue(one.new),
      before.evidence?.row ?? null,
      after.evidence?.row ?? null,
    ]),
    shown: ['kind', 'pointer', 'old', 'new'],
    before: `${heading({ resource, ...before }, fx)}\n${sideFields(after, fx)}\n`,
  });
  const text = answer.comparable
    ? `differences: ${String(changes.length)}`
    : 'NOT COMPARED: the state is unknown at one of the moments';
  note(flags, fx, text, answer.runs);
}

/** Text as it is, everything else as JSON. */
function shownValue(value: JsonValue): string {
  return typeof value === 'string' ? value : sortedJson(value);
}

function heading(answer: Pick<AsOf, 'resource'> & Side, fx: Effects): string {
  const { resource } = answer;
  const fields: [string, string | number | null][] = [
    ['resource', `${resource.resource_type} ${resource.resource_id}`],
    ['name', resource.resource_name],
    ['arn', resource.arn],
    ['account', `${resource.account_id}, ${resource.region}`],
    [
      'items',
      `${String(resource.items)}, captured from ${resource.first_captured_at} to ${resource.last_captured_at}`,
    ],
  ];
  return `${renderFields(fields, terminalWidth(fx))}\n${sideFields(answer, fx)}`;
}

function sideFields(side: Side, fx: Effects): string {
  const { evidence, next } = side;
  const width = terminalWidth(fx);
  const fields: [string, string | number | null][] = [
    ['at', side.at],
    ['state', side.status === null ? side.state : `${side.state} (${side.status})`],
    ['captured', side.captured_at],
    [
      'from',
      evidence === null
        ? null
        : `${evidence.row}, ${evidence.evidence_id} ${evidence.file}, record ${String(evidence.record_no)}, byte ${String(evidence.offset)}${evidence.copies > 0 ? `, copies elsewhere: ${String(evidence.copies)}` : ''}`,
    ],
    [
      'next item',
      next === null
        ? null
        : `${next.captured_at} (${next.status}), differences: ${String(next.differences ?? 'not known')}, ${next.evidence.row}`,
    ],
  ];
  if (side.reservations.length === 0) return renderFields(fields, width);
  const rows = side.reservations.map((one) => [one.kind, one.at, one.detail, one.row]);
  return `${renderFields(fields, width)}\nWhy the state then may be another\n${renderTable({ columns: ['kind', 'at', 'detail', 'row'], rows }, width)}`;
}

function sentence({ state, at, captured_at: captured, reservations }: AsOf): string {
  if (state === 'unknown') return `NOT KNOWN: no item was captured by ${at}`;
  if (state === 'not_recorded') return `NOT KNOWN: Config did not record it by ${at}`;
  const open =
    reservations.length === 0
      ? 'nothing in the case speaks against it'
      : `reservations: ${String(reservations.length)}`;
  return `${state} at ${at}, by the item captured at ${captured ?? '-'}; ${open}`;
}

function note(flags: Flags, fx: Effects, text: string, runs: readonly string[]): void {
  if (flags.quiet === true) return;
  fx.err.write(`${shortName(text) ?? ''}\n`);
  for (const run of runs)
    fx.err.write(
      `recorded and signed in queries/${run}/; \`exhibit query replay ${run}\` asks again\n`,
    );
}
