/** `exhibit seal EV`: staging becomes sealed volumes. */
import type { Command } from 'commander';
import { openCase } from '../../app/case.ts';
import { readKeyFiles } from '../../app/public-keys.ts';
import { sealEvidence, type SealResult } from '../../app/seal.ts';
import type { Effects } from '../../core/effects.ts';
import { EXIT, ExhibitError } from '../../core/errors.ts';
import { commonOptions, findCase, repeated, type CommonOptions } from '../options.ts';

interface SealFlags extends CommonOptions {
  readonly volumeSize?: string;
  readonly publicKeys?: readonly string[];
}

/** Adds the command. */
export function register(program: Command, fx: Effects, done: (status: number) => void): void {
  commonOptions(
    program
      .command('seal')
      .description('seal what was collected: volumes, seal, signature, ledger entry')
      .argument('<evidence>', 'evidence id, for example EV-0001')
      .option('--volume-size <size>', 'fill volumes up to this: 4GiB, 650MB, 25GB (default 4GiB)')
      .option(
        '--public-keys <file>',
        'answer of `aws cloudtrail list-public-keys`, to be sealed with the evidence; may be given for each region',
        repeated,
      ),
  ).action(async (evidence: string, flags: SealFlags) => {
    const publicKeys = await readKeyFiles(flags.publicKeys ?? [], fx);
    const result = await sealEvidence(await openCase(findCase(flags, fx)), evidence, fx, {
      ...(flags.volumeSize === undefined ? {} : { volumeBytes: parseSize(flags.volumeSize) }),
      ...(publicKeys === undefined ? {} : { publicKeys }),
      onVolume: (name, number, of) => {
        if (flags.quiet !== true)
          fx.err.write(`sealing ${name} (${String(number)} of ${String(of)})\n`);
      },
    });
    fx.out.write(flags.json === true ? `${JSON.stringify(asJson(result))}\n` : asText(result));
    done(EXIT.ok);
  });
}

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  K: 1000,
  M: 1000 ** 2,
  G: 1000 ** 3,
  T: 1000 ** 4,
  KI: 1024,
  MI: 1024 ** 2,
  GI: 1024 ** 3,
  TI: 1024 ** 4,
};

function parseSize(text: string): number {
  const match = /^(\d{1,15})\s*(|[KMGT]I?)B?$/i.exec(text);
  const bytes = Number(match?.[1]) * (UNITS[match?.[2]?.toUpperCase() ?? ''] ?? Number.NaN);
  if (!Number.isSafeInteger(bytes)) {
    throw new ExhibitError('E_USAGE', `"${text}" is not a size`, {
      hint: 'write it as 4GiB, 650MB or 25GB',
    });
  }
  return bytes;
}

function asJson({ evidence, seal, files, bytes, problems, resumed }: SealResult): unknown {
  return {
    evidence,
    files,
    bytes,
    not_collected: problems,
    seal_sha256: seal.sha256,
    payload_set_sha256: seal.payloadSetSha256,
    volumes: seal.volumes.map(({ file, sha256 }) => ({ file, sha256 })),
    resumed,
  };
}

function asText({ evidence, seal, files, bytes, problems, resumed }: SealResult): string {
  const lines = [
    `${evidence} is sealed${resumed ? ' (an interrupted run was finished)' : ''}: ${String(files)} files, ${String(bytes)} bytes in ${String(seal.volumes.length)} volume${seal.volumes.length === 1 ? '' : 's'}`,
    ...seal.volumes.map(({ file, sha256 }) => `  ${sha256}  ${file}`),
    `payload set  ${seal.payloadSetSha256}`,
    `seal         ${seal.sha256}`,
    ...(problems === 0
      ? []
      : [
          `${String(problems)} things could not be collected; they are listed in acquisition/errors.jsonl`,
        ]),
  ];
  return `${lines.join('\n')}\n`;
}
