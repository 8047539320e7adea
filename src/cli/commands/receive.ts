/** `exhibit receive`: opens a transfer package, verifies what is in it, and signs for it. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { receiveTransfer, type ReceiveResult } from '../../app/receive.ts';
import { readUnlock } from '../../app/transfer-keys.ts';
import type { Effects } from '../../core/effects.ts';
import { EXIT, ExhibitError } from '../../core/errors.ts';
import { terminalSafe } from '../../core/text.ts';
import { repeated } from '../options.ts';

interface Options {
  readonly into: string;
  readonly identity?: readonly string[];
  readonly passphrase?: boolean;
  readonly key?: string;
  readonly trust?: string;
  readonly head?: string;
  readonly tsaTrust?: string;
  readonly refuse?: boolean;
  readonly reason?: string;
  readonly place?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Adds the command. */
export function register(program: Command, fx: Effects, done: (status: number) => void): void {
  program
    .command('receive')
    .description('open a transfer package, verify everything in it, and sign for it or refuse it')
    .argument('<package>', 'folder or .tar file that `exhibit export transfer` wrote')
    .requiredOption('--into <dir>', 'case folder to make; must not exist or be empty')
    .option('--identity <file>', 'secret key of age, as age-keygen wrote it', repeated)
    .option('--passphrase', 'a passphrase: asked for, or from EXHIBIT_TRANSFER_PASSPHRASE')
    .option(
      '--key <file>',
      'your private key, to sign for the receipt; your certificate is in the case',
    )
    .option('--trust <root.pem>', 'root certificate from a source outside the package')
    .option('--head <hex>', 'hash of the ledger entry that the sender told you')
    .option('--tsa-trust <roots.pem>', 'roots of time-stamp authorities that you trust')
    .option('--refuse', 'do not accept it: only a signed entry that says so is kept')
    .option('--reason <text>', 'why it is refused')
    .option('--place <text>', 'where it was received, for the ledger')
    .option('--json', 'one JSON document on stdout')
    .option('--quiet', 'no progress on stderr')
    .option('--no-color', 'no colours (also NO_COLOR)')
    .action(async (name: string, options: Options) => {
      if ((options.refuse === true) !== (options.reason !== undefined)) {
        throw new ExhibitError('E_USAGE', '--refuse and --reason go together', {
          hint: 'a refusal says why; an acceptance needs no reason',
        });
      }
      const result = await receiveTransfer(
        {
          package: resolve(fx.cwd, name),
          into: resolve(fx.cwd, options.into),
          unlock: await readUnlock(options, fx),
          trust: options.trust,
          head: options.head,
          tsaTrust: options.tsaTrust,
          key: options.key ?? fx.env['EXHIBIT_KEY'],
          refuse: options.reason,
          place: options.place,
          onFile: (file) => {
            if (options.quiet !== true) fx.err.write(`decrypting ${terminalSafe(file)}\n`);
          },
        },
        fx,
      );
      fx.out.write(
        options.json === true ? `${JSON.stringify(result)}\n` : asText(result, options.into),
      );
      done(result.verdict === 'bad' ? EXIT.badNews : EXIT.ok);
    });
}

const MARKS = { pass: 'pass', fail: 'FAIL', not_checked: 'not checked' } as const;

function asText(result: ReceiveResult, into: string): string {
  const { checks, verdict, receipt, head } = result;
  const count = (status: keyof typeof MARKS): string =>
    String(checks.filter((check) => check.status === status).length);
  const lines = checks
    .filter(({ status }) => status !== 'pass')
    .map(({ id, subject, status, detail }) =>
      [MARKS[status].padEnd(11), id, terminalSafe(subject), terminalSafe(detail)].join('  '),
    );
  const counts = `${count('pass')} pass, ${count('fail')} fail, ${count('not_checked')} not checked`;
  const end = {
    accepted: `Case ${result.case} is in ${terminalSafe(into)}: ${counts}.`,
    refused: `REFUSED: ${counts}. Only the receipt was kept.`,
    bad: `NOT RECEIVED: ${counts}. Nothing was kept; --refuse puts that on record.`,
  }[verdict];
  const signed =
    receipt === null
      ? verdict === 'accepted'
        ? ['It is not signed for: give --key to countersign.']
        : []
      : [`Your entry, to be carried back to the sender, is in ${terminalSafe(into)}/receipt.`];
  const paper = head === null ? [] : ['Head, to be written on paper:', `  ${head}`];
  return `${[...lines, '', end, ...signed, ...paper].join('\n')}\n`;
}
