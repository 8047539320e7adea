/** `exhibit export transfer`: the sealed evidence, encrypted for its recipient. */
import { relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { openCase } from '../../app/case.ts';
import { readLock } from '../../app/transfer-keys.ts';
import { exportTransfer } from '../../app/transfer.ts';
import type { Effects } from '../../core/effects.ts';
import { EXIT } from '../../core/errors.ts';
import { terminalSafe } from '../../core/text.ts';
import { commonOptions, findCase, repeated, type CommonOptions } from '../options.ts';

interface Options extends CommonOptions {
  readonly to: string;
  readonly organization?: string;
  readonly certificate?: string;
  readonly recipient?: readonly string[];
  readonly recipientsFile?: readonly string[];
  readonly passphrase?: boolean;
  readonly out?: string;
  readonly reason?: string;
}

/** Adds the command to `export`. */
export function registerTransfer(
  group: Command,
  fx: Effects,
  done: (status: number) => void,
): void {
  commonOptions(
    group
      .command('transfer')
      .description('a package of all sealed evidence and its custody, encrypted with age')
      .requiredOption('--to <name>', 'who receives it, for the ledger')
      .option('--organization <name>', "the recipient's organisation")
      .option('--certificate <sha256>', 'the certificate that the recipient must sign with')
      .option('--recipient <age1...>', 'public key that can open it (again for more)', repeated)
      .option('--recipients-file <file>', 'public keys, one a line, as age -R takes them', repeated)
      .option(
        '--passphrase',
        'a passphrase opens it: asked for, or from EXHIBIT_TRANSFER_PASSPHRASE',
      )
      .option(
        '-o, --out <path>',
        'new folder, or new file NAME.tar (default: transfer-<entry> in the case folder)',
      )
      .option('--reason <text>', 'why it is handed over, for the ledger'),
  ).action(async (options: Options) => {
    const opened = await openCase(findCase(options, fx));
    const result = await exportTransfer(
      opened,
      {
        out: options.out === undefined ? undefined : resolve(fx.cwd, options.out),
        lock: await readLock(options, fx),
        to: options.to,
        organization: options.organization,
        certificate: options.certificate?.toLowerCase().replaceAll(':', ''),
        reason: options.reason,
        onFile: (name) => {
          if (options.quiet !== true) fx.err.write(`encrypting ${name}\n`);
        },
      },
      fx,
    );
    if (options.json === true) fx.out.write(`${JSON.stringify(result)}\n`);
    else {
      const lines = result.files.map(({ name, sha256 }) => `${sha256}  ${name}`);
      const place = terminalSafe(relative(fx.cwd, result.package) || '.');
      fx.out.write(`${lines.join('\n')}\n\nPackage ${place} for ${terminalSafe(result.to)}.\n`);
      fx.out.write(
        `Entry ${String(result.entry)} of the ledger records it. Its hash, to be written on paper and told to\n` +
          `the recipient by another way than the package:\n  ${result.head}\n`,
      );
    }
    done(EXIT.ok);
  });
}
