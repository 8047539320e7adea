/** `exhibit custody signature`: somebody else's signature over any file. */
import type { Command } from 'commander';
import { verifyForeignSignature } from '../../app/foreign-signature.ts';
import type { Effects } from '../../core/effects.ts';
import { EXIT } from '../../core/errors.ts';
import { terminalSafe } from '../../core/text.ts';

/** Adds the command to `custody`. */
export function registerSignature(
  custody: Command,
  fx: Effects,
  done: (status: number) => void,
): void {
  custody
    .command('signature')
    .description('check a CMS signature that another program or a smart card made over any file')
    .argument('<file>', 'what was signed')
    .argument('[signature]', 'the detached signature, DER (default: the file with .p7s)')
    .option('--trust <roots.pem>', 'root certificates that you trust, and those between')
    .option('--json', 'one JSON document on stdout')
    .action(
      async (
        file: string,
        signature: string | undefined,
        flags: { readonly trust?: string; readonly json?: boolean },
      ) => {
        const result = await verifyForeignSignature({ file, signature, trust: flags.trust }, fx);
        const lines = result.checks.map(
          ({ id, status, detail }) =>
            `${WORDS[status]}  ${id.padEnd(16)}  ${terminalSafe(detail)}\n`,
        );
        fx.out.write(flags.json === true ? `${JSON.stringify(result)}\n` : lines.join(''));
        done(result.ok ? EXIT.ok : EXIT.badNews);
      },
    );
}

const WORDS = { pass: 'pass       ', fail: 'FAIL       ', not_checked: 'not checked' } as const;
