/** `exhibit collect`: evidence into the case. */
import type { Command } from 'commander';
import { openCase } from '../../app/case.ts';
import { collectDir, type CollectResult } from '../../app/collect.ts';
import type { Effects } from '../../core/effects.ts';
import { EXIT } from '../../core/errors.ts';
import { terminalSafe } from '../../core/text.ts';
import { commonOptions, findCase, type CommonOptions } from '../options.ts';
import { Progress, size } from '../progress.ts';

interface Options extends CommonOptions {
  readonly evidence?: string;
  readonly s3?: string;
  readonly as?: string;
  readonly seal: boolean;
}

/** Adds `collect dir`. */
export function register(program: Command, fx: Effects, done: (status: number) => void): void {
  const collect = program
    .command('collect')
    .description('copy evidence into the case, byte for byte');
  commonOptions(
    collect
      .command('dir')
      .description('copy folders or files (a mirror of a bucket, a mounted disk), then seal them')
      .argument('<path...>', 'folders or files; everything in them is collected')
      .option('--evidence <id>', 'evidence id (default: the next free one)')
      .option('--s3 <url>', 's3://bucket/prefix that the folder is a mirror of')
      .option('--as <source>', 'take every file for one of this source')
      .option('--no-seal', 'leave the copies in staging, unsealed'),
  ).action(async (paths: string[], options: Options) => {
    const progress = new Progress(fx, options.quiet === true);
    const target = await openCase(findCase(options, fx));
    const result = await collectDir(target, fx, {
      paths,
      evidence: options.evidence,
      s3: options.s3,
      as: options.as,
      onProgress: (phase, now, total) => {
        progress.step(PHASES[phase], now, total);
      },
    });
    progress.done(`copied ${summary(result)}`);
    if (options.json === true) fx.out.write(`${JSON.stringify({ ...result, sealed: null })}\n`);
    else print(fx, result);
    done(result.failed + result.gone > 0 ? EXIT.input : EXIT.ok);
  });
}

const PHASES = {
  check: 'checking earlier copies',
  plan: 'planning',
  copy: 'copying',
} as const;

function summary(result: CollectResult): string {
  const again = result.resumed ? ' (went on with an earlier run)' : '';
  return `${String(result.stored)} files, ${size(result.bytes)}, into ${result.evidence}${again}`;
}

/** Problems shown before the rest is only counted. */
const SHOWN = 20;

function print(fx: Effects, result: CollectResult): void {
  fx.out.write(
    `${result.evidence}: ${String(result.stored)} files, ${String(result.bytes)} bytes\n`,
  );
  if (result.metadata > 0) {
    fx.out.write(`  ${String(result.metadata)} of them are object metadata (head-object)\n`);
  }
  if (result.changed > 0) {
    fx.out.write(
      `  ${String(result.changed)} changed while they were read; kept as read, and marked\n`,
    );
  }
  for (const problem of result.problems.slice(0, SHOWN)) {
    const { original_path: path, state, reason, detail } = problem;
    fx.out.write(`  ${state} (${reason}): ${terminalSafe(path)}: ${terminalSafe(detail)}\n`);
  }
  const more = result.problems.length - SHOWN;
  if (more > 0) fx.out.write(`  and ${String(more)} more; all are in errors.jsonl of the bundle\n`);
}
