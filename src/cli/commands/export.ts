/** `exhibit export`: the case's data for other tools. */
import { join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { openCase } from '../../app/case.ts';
import { exportPlain } from '../../app/export.ts';
import type { Effects } from '../../core/effects.ts';
import { EXIT } from '../../core/errors.ts';
import { terminalSafe } from '../../core/text.ts';
import { commonOptions, findCase, type CommonOptions } from '../options.ts';
import { registerTransfer } from './export-transfer.ts';

interface Options extends CommonOptions {
  readonly plain: string | true;
}

/** Where the plain database goes when nobody says where, below the case folder. */
const PLAIN = 'plain.db';

/** Adds `export case` and `export transfer`. */
export function register(program: Command, fx: Effects, done: (status: number) => void): void {
  const group = program
    .command('export')
    .description('write the case for other tools and other people');
  registerTransfer(group, fx, done);
  commonOptions(
    group
      .command('case')
      .description('the case database as plain SQLite: every record with its raw text in a column')
      .requiredOption(
        '--plain [file]',
        'SQLite file to write; it must not exist (default: plain.db in the case folder)',
      ),
  ).action(async (options: Options) => {
    const dir = findCase(options, fx);
    const named = options.plain === true ? relative(fx.cwd, join(dir, PLAIN)) : options.plain;
    if (options.quiet !== true) fx.err.write(`writing ${terminalSafe(named)}\n`);
    const result = await exportPlain(await openCase(dir), resolve(fx.cwd, named), fx);
    fx.out.write(
      options.json === true
        ? `${JSON.stringify(result)}\n`
        : `${result.sha256}  ${terminalSafe(named)}\ncontent_sha256 ${result.content_sha256}\n`,
    );
    done(EXIT.ok);
  });
}
