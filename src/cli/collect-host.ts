/** Flags of `collect host`. */
import type { Command } from 'commander';
import { openCase } from '../app/case.ts';
import { collectHost } from '../app/collect-host.ts';
import type { Effects } from '../core/effects.ts';
import { EXIT } from '../core/errors.ts';
import { PHASES, resultJson, resultText, summary } from './collected.ts';
import { commonOptions, findCase, type CommonOptions } from './options.ts';
import { Progress } from './progress.ts';

interface Options extends CommonOptions {
  readonly root: string;
  readonly evidence?: string;
  readonly as?: string;
  readonly seal: boolean;
}

/** Adds `collect host`. */
export function addHost(collect: Command, fx: Effects, done: (status: number) => void): void {
  commonOptions(
    collect
      .command('host')
      .description('copy the logs of this machine, or of a mounted one, with owners and all times')
      .argument('[path...]', 'folders or files of it (default: /var/log, the journal, utmp, ...)')
      .option('--root <dir>', 'where the disk of the machine is mounted', '/')
      .option('--evidence <id>', 'evidence id (default: the next free one)')
      .option('--as <source>', 'take every file for one of this source')
      .option('--no-seal', 'leave the copies in staging, unsealed'),
  ).action(async (paths: string[], options: Options) => {
    const progress = new Progress(fx, options.quiet === true);
    const target = await openCase(findCase(options, fx));
    const result = await collectHost(target, fx, options.root, paths, {
      evidence: options.evidence,
      as: options.as,
      seal: options.seal,
      onProgress: (phase, now, total) => {
        progress.step(PHASES[phase], now, total);
      },
      onSealing: (copied, volume) => {
        progress.done(volume === undefined ? summary(copied) : `sealing ${volume}`);
      },
    });
    if (result.sealed === undefined) progress.done(summary(result));
    fx.out.write(
      options.json === true ? `${JSON.stringify(resultJson(result))}\n` : resultText(result),
    );
    done(result.failed + result.gone > 0 ? EXIT.input : EXIT.ok);
  });
}
