/** `exhibit init`: opens a case. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { initCase, type InitResult } from '../../app/init.ts';
import type { Effects } from '../../core/effects.ts';
import { EXIT } from '../../core/errors.ts';
import { terminalSafe } from '../../core/text.ts';

interface Flags {
  readonly caseId: string;
  readonly examiner: string;
  readonly organization?: string;
  readonly unprotectedKey?: boolean;
  readonly rootKeyTo?: string;
  readonly json?: boolean;
}

export function register(program: Command, fx: Effects, done: (status: number) => void): void {
  program
    .command('init')
    .description('make a case folder: keys, trust anchor, VERIFY.txt, first custody entry')
    .argument('<dir>', 'folder to make; must not exist or be empty')
    .requiredOption('--case-id <id>', 'id of the case, for example CASE-2026-014')
    .requiredOption('--examiner <name>', 'who signs; stands in the certificate')
    .option('--organization <name>', "the examiner's organisation")
    .option('--unprotected-key', 'store the private keys without a passphrase')
    .option('--root-key-to <dir>', "folder on another medium for the root's private key")
    .option('--json', 'one JSON document on stdout')
    .option('--quiet', 'no progress on stderr')
    .option('--no-color', 'no colours (also NO_COLOR)')
    .action(async (dir: string, flags: Flags) => {
      const { caseId, examiner, organization, unprotectedKey, rootKeyTo, json } = flags;
      const result = await initCase(
        {
          dir: resolve(fx.cwd, dir),
          caseId,
          examiner,
          ...(organization === undefined ? {} : { organization }),
          ...(unprotectedKey === undefined ? {} : { unprotectedKey }),
          ...(rootKeyTo === undefined ? {} : { rootKeyTo: resolve(fx.cwd, rootKeyTo) }),
        },
        fx,
      );
      if (json === true) fx.out.write(`${JSON.stringify(result)}\n`);
      else {
        fx.out.write(
          `Case ${result.case} is open in ${terminalSafe(dir)}\n\n` +
            'Write on paper, away from this folder:\n' +
            `  root certificate  sha256 ${result.root_fingerprint}\n` +
            `  ledger head       sha256 ${result.head}\n` +
            '(TRUST.txt shows the first in the form that openssl prints.)\n\n' +
            rootKeyAdvice(result, rootKeyTo === undefined),
        );
      }
      done(EXIT.ok);
    });
}

function rootKeyAdvice({ root_key: file }: InitResult, inCase: boolean): string {
  const where = `The root's private key is ${terminalSafe(file)}\n`;
  const use = 'Only adding examiners needs it (`exhibit custody key add --root-key FILE`).\n';
  return inCase
    ? `${where}Move it to another medium and keep it away from the case: who has it can make examiners.\n${use}`
    : `${where}Keep that medium away from the case. ${use}`;
}
