/** `exhibit custody log|verify`: the ledger. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { openCase } from '../../app/case.ts';
import { custodyLog, custodyVerify } from '../../app/custody.ts';
import type { Effects } from '../../core/effects.ts';
import { EXIT } from '../../core/errors.ts';
import { terminalSafe } from '../../core/text.ts';
import { commonOptions, findCase, type CommonOptions } from '../options.ts';
import { registerTimestamp } from './custody-timestamp.ts';

interface VerifyFlags extends CommonOptions {
  readonly trust?: string;
  readonly head?: string;
}

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

  registerTimestamp(custody, fx, done);

  commonOptions(custody.command('verify').description('check every entry and name each check'))
    .option('--trust <root.pem>', 'root certificate from a source outside the case')
    .option('--head <hex>', 'SHA-256 of an entry, from the paper form')
    .action(async (flags: VerifyFlags) => {
      const { trust, head } = flags;
      const verdict = await custodyVerify(findCase(flags, fx), {
        ...(trust === undefined ? {} : { trust: resolve(fx.cwd, trust) }),
        ...(head === undefined ? {} : { head }),
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
    entry.reason ?? '',
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
