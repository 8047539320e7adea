/** `exhibit custody`: the ledger. The subcommands that write are in custody-write.ts, keys and proofs in their own files. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { openCase } from '../../app/case.ts';
import { custodyCompare, custodyLog, custodyVerify } from '../../app/custody.ts';
import type { Effects } from '../../core/effects.ts';
import { EXIT } from '../../core/errors.ts';
import { terminalSafe } from '../../core/text.ts';
import { describeEntry } from '../../app/custody-words.ts';
import { commonOptions, findCase, type CommonOptions } from '../options.ts';
import { registerKeys } from './custody-key.ts';
import { registerProofs } from './custody-proof.ts';
import { registerSignature } from './custody-signature.ts';
import { registerTimestamp } from './custody-timestamp.ts';
import { registerWriting } from './custody-write.ts';

interface VerifyFlags extends CommonOptions {
  readonly trust?: string;
  readonly tsaTrust?: string;
  readonly head?: string;
  readonly anchor?: readonly string[];
  readonly pin?: boolean;
}

/** Adds the commands. */
export function register(program: Command, fx: Effects, done: (status: number) => void): void {
  const custody = program.command('custody').description('the chain of custody');

  commonOptions(custody.command('log').description('every entry, oldest first')).action(
    async (flags: CommonOptions) => {
      const entries = custodyLog(await openCase(findCase(flags, fx)));
      if (flags.json === true) fx.out.write(`${JSON.stringify({ entries })}\n`);
      else fx.out.write(table([LOG_HEADING, ...entries.map(row)]));
      done(EXIT.ok);
    },
  );

  commonOptions(custody.command('verify').description('check every entry and name each check'))
    .option('--trust <root.pem>', 'root certificate from a source outside the case')
    .option('--tsa-trust <roots.pem>', 'roots of time-stamp authorities that you trust')
    .option('--head <head>', 'hash of an entry, or digits or words of a checkpoint, from paper')
    .option('--anchor <file...>', 'checkpoint, entry (.p7s beside it) or time-stamp kept elsewhere')
    .option('--pin', 'remember the ledger on this machine when nothing fails')
    .action(async (flags: VerifyFlags) => {
      const { trust, tsaTrust, head } = flags;
      const verdict = await custodyVerify(findCase(flags, fx), fx, {
        ...(trust === undefined ? {} : { trust: resolve(fx.cwd, trust) }),
        ...(tsaTrust === undefined ? {} : { tsaTrust: resolve(fx.cwd, tsaTrust) }),
        ...(head === undefined ? {} : { head }),
        anchors: flags.anchor ?? [],
        pin: flags.pin === true,
      });
      if (flags.json === true) fx.out.write(`${JSON.stringify(verdict)}\n`);
      else {
        const lines = verdict.checks.map(({ id, subject, status, detail }) => [
          WORDS[status],
          id,
          subject,
          detail,
        ]);
        const end = verdict.ok ? 'No check failed.' : 'THE LEDGER IS NOT INTACT.';
        fx.out.write(`${table(lines)}\n${end} Head, to be written on paper:\n`);
        fx.out.write(`  ${verdict.head ?? 'none'}\n`);
      }
      done(verdict.ok ? EXIT.ok : EXIT.badNews);
    });

  commonOptions(
    custody
      .command('compare')
      .description('two copies of one ledger, side by side')
      .argument('<other>', 'another folder of the same case'),
  )
    .option('--trust <root.pem>', 'root certificate from a source outside the case')
    .action(async (other: string, flags: VerifyFlags) => {
      const found = await custodyCompare(
        findCase(flags, fx),
        resolve(fx.cwd, other),
        flags.trust === undefined ? undefined : resolve(fx.cwd, flags.trust),
      );
      fx.out.write(flags.json === true ? `${JSON.stringify(found)}\n` : sideBySide(found));
      const bad = found.differing.some(({ first, second }) =>
        [first, second].some((side) => side?.good === false),
      );
      const whole = found.first.whole && found.second.whole;
      done(found.verdict === 'fork' || bad || !whole ? EXIT.badNews : EXIT.ok);
    });

  registerSignature(custody, fx, done);
  registerTimestamp(custody, fx, done);
  registerWriting(custody, fx, done);
  registerKeys(custody, fx, done);
  registerProofs(custody, fx, done);
}

type Comparison = Awaited<ReturnType<typeof custodyCompare>>;

const VERDICTS: Readonly<Record<Comparison['verdict'], string>> = {
  same: 'Both ledgers are the same.',
  first_is_longer: 'The other ledger is the beginning of this one.',
  second_is_longer: 'This ledger is the beginning of the other one.',
  fork: 'FORK: TWO HISTORIES OF ONE CASE.',
};

function sideBySide({ verdict, common, differing, first, second }: Comparison): string {
  const side = (one: Comparison['differing'][number]['first']): string[] =>
    one === null
      ? ['-', '-', '-', '-', '-']
      : [one.hash.slice(0, 16), one.event, one.at, one.actor, one.good ? 'good' : 'BAD'];
  const rows = differing.flatMap(({ seq, first, second }) => [
    [String(seq), 'this', ...side(first)],
    ['', 'other', ...side(second)],
  ]);
  const heading = ['no', 'ledger', 'entry hash', 'event', 'time (claimed)', 'actor', 'signature'];
  const list = rows.length === 0 ? '' : `\n${table([heading, ...rows])}`;
  const gaps = [first.whole ? '' : 'This', second.whole ? '' : 'The other']
    .filter((which) => which !== '')
    .map((which) => `${which} ledger is NOT WHOLE: what follows a gap in it was not compared.\n`);
  return `${gaps.join('')}${VERDICTS[verdict]} Both begin with the same ${String(common)} entries.\n${list}`;
}

const WORDS = { pass: 'pass', fail: 'FAIL', not_checked: 'not checked' } as const;

const LOG_HEADING = [
  'no',
  'time (claimed)',
  'event',
  'actor',
  'evidence',
  'result',
  'entry hash',
  'reason',
];

function row({ seq, hash, entry }: ReturnType<typeof custodyLog>[number]): string[] {
  const { result, evidence = [] } = entry;
  return [
    String(seq),
    entry.at,
    entry.event,
    entry.actor.name,
    evidence.map(({ id }) => id).join(' ') || '-',
    result === undefined ? '-' : result.ok ? 'ok' : 'FAILED',
    hash.slice(0, 12),
    describeEntry(entry),
  ];
}

/** Columns of safe text, each as wide as its widest cell. */
function table(rows: readonly (readonly string[])[]): string {
  const safe = rows.map((cells) => cells.map(terminalSafe));
  const width = (column: number): number =>
    Math.max(...safe.map((cells) => Array.from(cells[column] ?? '').length));
  const widths = (safe[0] ?? []).map((_, column) => width(column));
  return safe
    .map((cells) => cells.map((cell, column) => pad(cell, widths[column] ?? 0)).join('  '))
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}

function pad(cell: string, width: number): string {
  return cell + ' '.repeat(Math.max(0, width - Array.from(cell).length));
}
