/** `exhibit custody prove|check-proof`: one entry or one record, without the others. */
import type { Command } from 'commander';
import { openCase } from '../../app/case.ts';
import { checkProof, type ProofVerdict } from '../../app/check-proof.ts';
import { prove } from '../../app/custody-proof.ts';
import type { Effects } from '../../core/effects.ts';
import { EXIT } from '../../core/errors.ts';
import { terminalSafe } from '../../core/text.ts';
import { commonOptions, findCase, type CommonOptions } from '../options.ts';
import { print, wholeNumber } from './custody-write.ts';

interface ProveFlags extends CommonOptions {
  readonly entry?: number;
  readonly record?: string;
  readonly from?: number;
  readonly size?: number;
  readonly out: string;
}

interface CheckFlags extends CommonOptions {
  readonly trust?: string;
  readonly signer?: string;
}

/** Adds the commands. */
export function registerProofs(
  custody: Command,
  fx: Effects,
  done: (status: number) => void,
): void {
  commonOptions(
    custody
      .command('prove')
      .description('write a proof of one entry or record, or that the ledger only grew')
      .requiredOption('--out <dir>', 'folder to make'),
  )
    .option('--entry <number>', 'this entry', wholeNumber)
    .option('--record <row>', 'this record, as timeline prints it')
    .option('--from <size>', 'from the checkpoint of that size to the newest', wholeNumber)
    .option(
      '--size <size>',
      'against the checkpoint of that size (default: the newest)',
      wholeNumber,
    )
    .action(async (flags: ProveFlags) => {
      const { entry, record, from, size, out } = flags;
      const made = prove(await openCase(findCase(flags, fx)), fx, {
        entry,
        record,
        from,
        size,
        out,
      });
      print(fx, flags, { ...made });
      done(EXIT.ok);
    });

  commonOptions(
    custody
      .command('check-proof')
      .description('check a proof; needs no case')
      .argument('<dir>', 'folder of the proof'),
  )
    .option('--trust <root.pem>', "the case's root certificate, from a source outside the folder")
    .option('--signer <cert.pem>', 'certificate of a signer whom the root did not issue one')
    .action(async (dir: string, flags: CheckFlags) => {
      const verdict = await checkProof(dir, fx, { trust: flags.trust, signer: flags.signer });
      fx.out.write(flags.json === true ? `${JSON.stringify(verdict)}\n` : asText(verdict));
      done(verdict.ok ? EXIT.ok : EXIT.badNews);
    });
}

const WORDS = { pass: 'pass', fail: 'FAIL', not_checked: 'not checked' } as const;

function asText({ ok, checks }: ProofVerdict): string {
  const lines = checks.map(
    ({ id, subject, status, detail }) =>
      `${WORDS[status].padEnd(11)}  ${id.padEnd(17)}  ${terminalSafe(subject).padEnd(18)}  ${terminalSafe(detail)}\n`,
  );
  return `${lines.join('')}\n${ok ? 'No check failed.' : 'THE PROOF DOES NOT HOLD.'}\n`;
}
