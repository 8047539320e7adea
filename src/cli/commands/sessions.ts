/** `exhibit sessions`: which key came from whom, as a tree, a table or a graph, and what stands out in its use. */
import { Option, type Command } from 'commander';
import { openCase } from '../../app/case.ts';
import { sessionsPage, writePage } from '../../app/graphs.ts';
import { labelsFrom } from '../../app/labels.ts';
import { recordSessions, sessions, type Session, type SessionsAnswer } from '../../app/sessions.ts';
import type { Effects } from '../../core/effects.ts';
import { EXIT } from '../../core/errors.ts';
import {
  excelSafeOption,
  noteRun,
  recordOption,
  time,
  writeRows,
  type Format,
} from '../formats.ts';
import { labelFiles, labelOptions, type LabelFlags } from '../labels.ts';
import { commonOptions, findCase, type CommonOptions } from '../options.ts';
import { printRows } from '../print-rows.ts';
import { sessionTree } from '../session-tree.ts';

interface Flags extends CommonOptions, LabelFlags {
  readonly root?: string;
  readonly from?: number;
  readonly to?: number;
  readonly marked?: boolean;
  readonly whole?: boolean;
  readonly html?: string;
  readonly record?: boolean;
  readonly format: Exclude<Format, 'json'> | 'tree';
  readonly excelSafe?: boolean;
}

const COLUMNS = [
  'first_seen',
  'last_seen',
  'key_id',
  'kind',
  'via',
  'arn',
  'root_arn',
  'parent_id',
  'link',
  'birth',
  'events',
  'failures',
  'marks',
  'source_identity',
  'expires',
  'id',
] as const;

export function register(program: Command, fx: Effects, done: (status: number) => void): void {
  const command = program
    .command('sessions')
    .description('which key came from whom, through which roles, and how it was used')
    .argument(
      '[names...]',
      'access keys, ARNs, names of users, roles or sessions: the chains they belong to (default: all)',
    );
  recordOption(labelOptions(excelSafeOption(commonOptions(command))))
    .option('--root <arn>', 'only chains that begin with this identity')
    .option('--from <time>', 'given out or used not before this time (RFC 3339 with zone)', time)
    .option('--to <time>', 'given out or used before this time', time)
    .option('--marked', 'only those with marks, and what they came from')
    .option('--whole', 'in the tree: every session, also where many are alike')
    .option('--html <file>', 'a page with the graph, the sessions and their marks')
    .addOption(
      new Option('--format <format>', 'how sessions are printed; --json is jsonl')
        .choices(['tree', 'table', 'csv', 'jsonl'])
        .default('tree'),
    )
    .action(async (names: readonly string[], flags: Flags) => {
      const { root, from, to } = flags;
      const target = await openCase(findCase(flags, fx));
      const question = {
        names,
        ...(root === undefined ? {} : { root }),
        ...(from === undefined ? {} : { fromUs: from }),
        ...(to === undefined ? {} : { toUs: to }),
        marked: flags.marked === true,
        labels: await labelsFrom(labelFiles(flags), fx),
      };
      const recorded =
        flags.record === true ? await recordSessions(target, fx, question) : undefined;
      const answer = recorded?.answer ?? sessions(target, fx, question);
      if (flags.html !== undefined)
        await writePage(
          flags.html,
          sessionsPage(answer, names.length === 0 ? 'Sessions' : names.join(', ')),
          fx,
        );
      print(answer, flags, fx);
      if (recorded !== undefined) noteRun(fx, flags.quiet, recorded.record.run_id);
      done(EXIT.ok);
    });
}

function print(answer: SessionsAnswer, flags: Flags, fx: Effects): void {
  const { json, ...rest } = flags;
  const format = json === true ? 'jsonl' : flags.format;
  if (format === 'tree') {
    fx.out.write(sessionTree(answer.sessions, flags.whole === true));
  } else if (format === 'jsonl') {
    writeRows(fx, 'jsonl', lines(answer.sessions));
  } else {
    printRows(
      fx,
      { ...rest, format },
      {
        document: answer,
        columns: COLUMNS,
        rows: answer.sessions.map(cells),
        shown: ['first_seen', 'key_id', 'via', 'arn', 'events', 'marks'],
      },
    );
  }
  if (flags.quiet === true) return;
  const { keys, linked, unused, inferred, unborn, sign_ins: signIns } = answer.counts;
  fx.err.write(
    `${String(keys)} keys: ${String(linked)} linked to their birth, ${String(unused)} given out and not used, ` +
      `${String(inferred)} with an inferred birth, ${String(unborn)} without one in evidence; ${String(signIns)} sign-ins\n`,
  );
}

function* lines(all: readonly Session[]): Generator<string> {
  for (const one of all) yield `${JSON.stringify(one)}\n`;
}

function cells(one: Session): readonly (string | number | null)[] {
  const marks = [...new Set(one.marks.map(({ kind }) => kind))].join(' ');
  const more = { via: one.chain.at(-1)?.via ?? null, marks: marks === '' ? null : marks };
  return COLUMNS.map((name) => (name === 'via' || name === 'marks' ? more[name] : one[name]));
}
