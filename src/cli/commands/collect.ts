/** `exhibit collect`: evidence into the case. */
import type { Command } from 'commander';
import { openCase } from '../../app/case.ts';
import { collectDir } from '../../app/collect.ts';
import type { Effects } from '../../core/effects.ts';
import { EXIT } from '../../core/errors.ts';
import { addAws } from '../collect-aws.ts';
import { addHost } from '../collect-host.ts';
import { PHASES, resultJson, resultText, summary } from '../collected.ts';
import { commonOptions, findCase, repeated, type CommonOptions } from '../options.ts';
import { Progress } from '../progress.ts';

interface Options extends CommonOptions {
  readonly evidence?: string;
  readonly s3?: string;
  readonly as?: string;
  readonly publicKeys?: readonly string[];
  readonly seal: boolean;
}

/** Adds `collect dir`, `collect aws` and `collect host`. */
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
      .option(
        '--public-keys <file>',
        'answer of `aws cloudtrail list-public-keys`, to be sealed with the evidence; may be given for each region',
        repeated,
      )
      .option('--no-seal', 'leave the copies in staging, unsealed'),
  ).action(async (paths: string[], options: Options) => {
    const progress = new Progress(fx, options.quiet === true);
    const target = await openCase(findCase(options, fx));
    const result = await collectDir(target, fx, {
      paths,
      evidence: options.evidence,
      s3: options.s3,
      as: options.as,
      seal: options.seal,
      publicKeys: options.publicKeys,
      onProgress: (phase, now, total) => {
        progress.step(PHASES[phase], now, total);
      },
      onSealing: (copied, volume) => {
        progress.done(volume === undefined ? summary(copied) : `sealing ${volume}`);
      },
    });
    if (!options.seal) progress.done(summary(result));
    fx.out.write(
      options.json === true ? `${JSON.stringify(resultJson(result))}\n` : resultText(result),
    );
    done(result.failed + result.gone > 0 ? EXIT.input : EXIT.ok);
  });
  addAws(collect, fx, done);
  addHost(collect, fx, done);
}
