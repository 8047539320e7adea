/** Command line of exhibit: finds the verb, loads only its file, runs it, and turns every failure into an exit status. */
import { Command, CommanderError } from 'commander';
import type { Effects } from '../core/effects.ts';
import { EXIT, ExhibitError } from '../core/errors.ts';
import { terminalSafe, terminalSafeJson } from '../core/text.ts';
import { reportFailure } from './exit.ts';

/** A verb's file: adds its commands to the program; `done` takes the exit status of a finished action. */
export interface CommandModule {
  readonly register: (program: Command, fx: Effects, done: (status: number) => void) => void;
}

const VERBS: Readonly<Record<string, () => Promise<CommandModule>>> = {
  init: () => import('./commands/init.ts'),
  collect: () => import('./commands/collect.ts'),
  seal: () => import('./commands/seal.ts'),
  verify: () => import('./commands/verify.ts'),
  import: () => import('./commands/import.ts'),
  status: () => import('./commands/status.ts'),
  query: () => import('./commands/query.ts'),
  timeline: () => import('./commands/timeline.ts'),
  search: () => import('./commands/search.ts'),
  summary: () => import('./commands/summary.ts'),
  metrics: () => import('./commands/metrics.ts'),
  show: () => import('./commands/show.ts'),
  config: () => import('./commands/config.ts'),
  detect: () => import('./commands/detect.ts'),
  pivot: () => import('./commands/pivot.ts'),
  sessions: () => import('./commands/sessions.ts'),
  cloudtrail: () => import('./commands/cloudtrail.ts'),
  custody: () => import('./commands/custody.ts'),
  report: () => import('./commands/report.ts'),
  export: () => import('./commands/export.ts'),
  receive: () => import('./commands/receive.ts'),
  demo: () => import('./commands/demo.ts'),
};

/** What helps against every mistake in the command line. */
const USAGE_HINT = '`exhibit --help` names the verbs, `exhibit VERB --help` what one takes';

/**
 * Runs one command line.
 * @param argv words after the program's name.
 * @returns the exit status (docs/cli.md); never exits the process.
 */
export async function run(argv: readonly string[], real: Effects): Promise<number> {
  const json = argv.includes('--json');
  const fx = json ? withJsonOut(real) : real;
  try {
    if (argv[0] === '--version') {
      const { printVersion } = await import('./version.ts');
      printVersion(fx, json);
      return EXIT.ok;
    }
    let status: number = EXIT.ok;
    const program = new Command('exhibit')
      .description(
        'Offline forensic toolkit for AWS logs: sealed evidence, custody, reproducible answers.',
      )
      .option('--version', 'versions of exhibit, its Node and its SQLite')
      .exitOverride()
      .showHelpAfterError(`  next:  ${USAGE_HINT}`)
      .configureOutput({
        writeOut: (text) => {
          fx.out.write(text);
        },
        writeErr: (text) => {
          // Commander repeats words of the command line, and a script may have put names from evidence there.
          fx.err.write(text.split('\n').map(terminalSafe).join('\n'));
        },
      });
    const wanted = VERBS[argv[0] ?? ''];
    const modules = wanted === undefined ? Object.values(VERBS) : [wanted];
    for (const load of modules) {
      (await load()).register(program, fx, (result) => {
        status = result;
      });
    }
    if (argv.length === 0) {
      program.outputHelp();
      return EXIT.usage;
    }
    await program.parseAsync([...argv], { from: 'user' });
    return status;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return EXIT.ok;
      return json
        ? reportFailure(
            new ExhibitError('E_USAGE', error.message.replace(/^error: /, ''), {
              hint: USAGE_HINT,
            }),
            fx,
            true,
          )
        : EXIT.usage;
    }
    return reportFailure(error, fx, json);
  }
}

/** JSON leaves characters as they are that drive a terminal; every document goes through here. */
function withJsonOut(fx: Effects): Effects {
  const write = (text: string): void => {
    fx.out.write(terminalSafeJson(text));
  };
  return { ...fx, out: { isTTY: fx.out.isTTY, write } };
}
