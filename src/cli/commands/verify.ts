/** `exhibit verify`: every check, named, with its answer. */
import type { Command } from 'commander';
import {
  recordingCase,
  recordVerification,
  verify,
  type VerifyRequest,
  type VerifyResult,
} from '../../app/verify.ts';
import type { Check } from '../../core/check.ts';
import type { Effects } from '../../core/effects.ts';
import { EXIT, ExhibitError } from '../../core/errors.ts';
import { terminalSafe } from '../../core/text.ts';
import { commonOptions, findCase, type CommonOptions } from '../options.ts';

interface VerifyFlags extends CommonOptions {
  readonly trust?: string;
  readonly tsaTrust?: string;
  readonly head?: string;
  readonly anchor?: readonly string[];
  readonly deep?: boolean;
  readonly record?: boolean;
  readonly bag?: string;
  readonly instructions?: boolean;
  readonly color: boolean;
}

/** Adds the command. */
export function register(program: Command, fx: Effects, done: (status: number) => void): void {
  commonOptions(
    program
      .command('verify')
      .description('check seals, signatures, volumes, payload and custody ledger; writes nothing')
      .argument(
        '[target]',
        'evidence id, evidence folder, volume or case folder (default: the whole case)',
      )
      .option('--trust <root.pem>', 'root certificate from a source outside the case')
      .option('--tsa-trust <roots.pem>', 'roots of time-stamp authorities that you trust')
      .option('--head <hex>', 'hash of a ledger entry that was written down elsewhere')
      .option('--anchor <file...>', 'checkpoint, entry or time-stamp kept elsewhere')
      .option('--deep', 'also compute SHA-512 of the payload')
      .option('--record', 'append the result to the custody ledger')
      .option('--bag <path>', 'judge any bag (folder or tar archive) by RFC 8493 alone')
      .option('--instructions', 'print VERIFY.txt as this version writes it, and check nothing'),
  ).action(async (target: string | undefined, flags: VerifyFlags) => {
    const color = flags.color && fx.out.isTTY && (fx.env['NO_COLOR'] ?? '') === '';
    const answer = (result: VerifyResult, words: Words): void => {
      const text =
        flags.json === true ? `${JSON.stringify(result)}\n` : asText(result, words, color);
      fx.out.write(text);
      done(result.ok ? EXIT.ok : EXIT.badNews);
    };
    if (flags.bag !== undefined) {
      const others = [target, flags.case, flags.trust, flags.head, flags.deep, flags.record];
      if (others.some((other) => other !== undefined)) {
        throw new ExhibitError('E_USAGE', '--bag judges a bag by itself: give nothing else', {
          hint: 'leave out the target, --case, --trust, --head, --deep and --record',
        });
      }
      const { verifyBag } = await import('../../app/verify-bag.ts');
      answer(await verifyBag(flags.bag, fx), BAG_WORDS);
      return;
    }
    if (flags.instructions === true) {
      const { instructions } = await import('../../app/instructions.ts');
      fx.out.write(instructions(findCase(flags, fx)));
      done(EXIT.ok);
      return;
    }
    const request: VerifyRequest = {
      caseDir: caseOf(target, flags, fx),
      target,
      trust: flags.trust,
      tsaTrust: flags.tsaTrust,
      head: flags.head,
      anchors: flags.anchor ?? [],
      deep: flags.deep === true,
      onVolume: ({ file }) => {
        if (flags.quiet !== true) fx.err.write(`verifying ${file}\n`);
      },
    };
    const recordIn = flags.record === true ? recordingCase(request, fx) : undefined;
    const result = await verify(request, fx);
    if (recordIn !== undefined) await recordVerification(recordIn, result, fx);
    answer(result, CASE_WORDS);
  });
}

/** The case; evidence that is given by its path needs none. */
function caseOf(target: string | undefined, flags: VerifyFlags, fx: Effects): string | undefined {
  try {
    return findCase(flags, fx);
  } catch (error) {
    const optional = target !== undefined && flags.case === undefined;
    if (optional && error instanceof ExhibitError && error.code === 'E_NO_CASE') return undefined;
    throw error;
  }
}

const MARKS = { pass: 'pass', fail: 'FAIL', not_checked: 'not checked' } as const;
const COLORS = { pass: '32', fail: '1;31', not_checked: '33' } as const;

/** The verdict's first words. */
interface Words {
  readonly good: string;
  readonly bad: string;
}

const CASE_WORDS: Words = {
  good: 'nothing that was checked is wrong',
  bad: 'NOT AS IT WAS SEALED',
};
const BAG_WORDS: Words = {
  good: 'a valid bag (who made it, no bag can say)',
  bad: 'NOT A VALID BAG',
};

function asText({ ok, checks }: VerifyResult, words: Words, color: boolean): string {
  const idWidth = Math.max(...checks.map(({ id }) => id.length));
  const lines: string[] = [];
  let subject = '';
  for (const check of checks) {
    if (check.subject !== subject) lines.push('', terminalSafe(check.subject));
    subject = check.subject;
    lines.push(
      `  ${mark(check, color)}  ${check.id.padEnd(idWidth)}  ${terminalSafe(check.detail)}`,
    );
  }
  const count = (status: Check['status']): string =>
    String(checks.filter((check) => check.status === status).length);
  const verdict = ok ? words.good : words.bad;
  lines.push(
    '',
    `${verdict}: ${count('pass')} pass, ${count('fail')} fail, ${count('not_checked')} not checked`,
  );
  return `${lines.slice(1).join('\n')}\n`;
}

function mark({ status }: Check, color: boolean): string {
  const text = MARKS[status].padEnd(MARKS.not_checked.length);
  return color ? `\u001b[${COLORS[status]}m${text}\u001b[0m` : text;
}
