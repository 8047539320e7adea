/** `exhibit report`: the court-ready report. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { openCase } from '../../app/case.ts';
import { makeReport } from '../../app/report.ts';
import type { Effects } from '../../core/effects.ts';
import { EXIT, ExhibitError } from '../../core/errors.ts';
import { commonOptions, findCase, type CommonOptions } from '../options.ts';
import { Progress } from '../progress.ts';

interface Options extends CommonOptions {
  readonly format: string;
  readonly out?: string;
  readonly force?: boolean;
  readonly trust?: string;
  readonly head?: string;
  readonly tsaTrust?: string;
}

const STEPS = {
  verify: 'verifying the case',
  read: 'gathering',
  write: 'writing',
} as const;

/** Adds the command. */
export function register(program: Command, fx: Effects, done: (status: number) => void): void {
  commonOptions(
    program
      .command('report')
      .description('verify the case and write a report of it: one HTML file that prints well')
      .option('--format <format>', 'html', 'html')
      .option(
        '--out <dir>',
        'folder for report.html and report.json (default: report/ in the case)',
      )
      .option('--force', 'replace an earlier report')
      .option('--trust <root.pem>', 'root certificate that you trust, for the verification in it')
      .option('--head <hex>', 'head of the ledger that you know from elsewhere')
      .option('--tsa-trust <roots.pem>', 'roots of time-stamp authorities that you trust'),
  ).action(async (options: Options) => {
    if (options.format !== 'html') {
      throw new ExhibitError('E_USAGE', `there is no report format "${options.format}"`, {
        hint: 'use --format html; the file prints well, also to PDF',
      });
    }
    const progress = new Progress(fx, options.quiet === true);
    const result = await makeReport(await openCase(findCase(options, fx)), fx, {
      out: options.out === undefined ? undefined : resolve(fx.cwd, options.out),
      force: options.force === true,
      trust: options.trust,
      head: options.head,
      tsaTrust: options.tsaTrust,
      onStep: (step) => {
        progress.done(STEPS[step]);
      },
    });
    fx.out.write(
      options.json === true
        ? `${JSON.stringify(result)}\n`
        : `${result.sha256}  ${result.file}\n${result.json_sha256}  ${result.json_file}\n`,
    );
    done(EXIT.ok);
  });
}
