/** `exhibit collect`: evidence into the case. */
import type { Command } from 'commander';
import { openCase } from '../../app/case.ts';
import { collectDir, type CollectResult } from '../../app/collect.ts';
import type { Effects } from '../../core/effects.ts';
import { EXIT } from '../../core/errors.ts';
import { terminalSafe } from '../../core/text.ts';
import { commonOptions, findCase, repeated, type CommonOptions } from '../options.ts';
import { Progress, size } from '../progress.ts';

interface Options extends CommonOptions {
  readonly evidence?: string;
  readonly s3?: string;
  readonly as?: string;
  readonly publicKeys?: readonly string[];
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
    fx.out.write(options.json === true ? `${JSON.stringify(asJson(result))}\n` : asText(result));
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
  return `copied ${String(result.stored)} files, ${size(result.bytes)}, for ${result.evidence}${again}`;
}

/** Problems shown before the rest is only counted. */
const SHOWN = 20;

function asText(result: CollectResult): string {
  const { evidence, sealed, problems } = result;
  const lines = [
    `${evidence}: ${String(result.stored)} files, ${String(result.bytes)} bytes collected`,
  ];
  if (result.metadata > 0) {
    lines.push(`  ${String(result.metadata)} of them are object metadata (head-object)`);
  }
  if (result.changed > 0) {
    lines.push(
      `  ${String(result.changed)} changed while they were read; kept as read, and marked`,
    );
  }
  for (const { original_path: path, state, reason, detail } of problems.slice(0, SHOWN)) {
    lines.push(`  ${state} (${reason}): ${terminalSafe(path)}: ${terminalSafe(detail)}`);
  }
  if (problems.length > SHOWN) {
    lines.push(`  and ${String(problems.length - SHOWN)} more, all recorded in the bundle`);
  }
  if (sealed === undefined) lines.push(`not sealed yet: exhibit seal ${evidence}`);
  else {
    lines.push(...sealed.seal.volumes.map(({ file, sha256 }) => `  ${sha256}  ${file}`));
    lines.push(
      `payload set  ${sealed.seal.payloadSetSha256}`,
      `seal         ${sealed.seal.sha256}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

function asJson({ sealed, ...copied }: CollectResult): unknown {
  return {
    ...copied,
    sealed:
      sealed === undefined
        ? null
        : {
            seal_sha256: sealed.seal.sha256,
            payload_set_sha256: sealed.seal.payloadSetSha256,
            volumes: sealed.seal.volumes.map(({ file, sha256 }) => ({ file, sha256 })),
          },
  };
}
