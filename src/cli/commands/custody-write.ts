/** `exhibit custody add|transfer|receive|checkpoint`: what a person puts into the ledger. */
import { resolve } from 'node:path';
import { Argument, InvalidArgumentError, type Command } from 'commander';
import { openCase } from '../../app/case.ts';
import { ADDED_EVENTS, custodyAdd, custodyCheckpoint, type AddRequest } from '../../app/custody.ts';
import { signRecords } from '../../app/custody-proof.ts';
import { receiveCase, recordTransferOut } from '../../app/custody-transfer.ts';
import type { Effects } from '../../core/effects.ts';
import { EXIT } from '../../core/errors.ts';
import { terminalSafe } from '../../core/text.ts';
import { commonOptions, findCase, type CommonOptions } from '../options.ts';

interface WriteFlags extends CommonOptions {
  readonly reason?: string;
  readonly place?: string;
  readonly authority?: NonNullable<AddRequest['authority']>;
}

interface AddFlags extends WriteFlags {
  readonly reason: string;
  readonly with?: string;
  readonly evidence?: readonly string[];
  readonly attach?: readonly string[];
  readonly corrects?: number;
}

interface TransferFlags extends WriteFlags {
  readonly to: string;
  readonly organization?: string;
  readonly certificate?: string;
}

interface ReceiveFlags extends WriteFlags {
  readonly trust?: string;
  readonly tsaTrust?: string;
  readonly head?: string;
  readonly key?: string;
  readonly refuse?: boolean;
  readonly receipt?: string;
}

/** Adds the commands. */
export function registerWriting(
  custody: Command,
  fx: Effects,
  done: (status: number) => void,
): void {
  writeOptions(
    custody
      .command('add')
      .description('put something on record; nothing is ever edited')
      .addArgument(new Argument('<event>', 'what happened').choices(ADDED_EVENTS))
      .requiredOption('--reason <text>', 'what is to be known about it'),
  )
    .option('--with <name>', 'who else took part')
    .option('--evidence <id...>', 'sealed evidence it is about')
    .option('--attach <file...>', 'files to be hashed into the entry')
    .option('--corrects <number>', 'entry that a correction corrects', wholeNumber)
    .action(async (event: AddRequest['event'], flags: AddFlags) => {
      const { reason, place, authority, evidence, attach, corrects } = flags;
      const added = await custodyAdd(await openCase(findCase(flags, fx)), fx, {
        event,
        reason,
        place,
        authority,
        counterparty: flags.with,
        evidence: evidence ?? [],
        attach: attach ?? [],
        corrects,
      });
      print(fx, flags, { entry: added.seq, head: added.hash });
      done(EXIT.ok);
    });

  writeOptions(
    custody
      .command('transfer')
      .description('hand the case over: sign it out, naming the recipient and the head')
      .requiredOption('--to <name>', 'who gets it'),
  )
    .option('--organization <name>', "the recipient's organisation")
    .option('--certificate <sha256>', 'the certificate that the recipient must sign with')
    .option('--reason <text>', 'why')
    .action(async (flags: TransferFlags) => {
      const { to, organization, certificate, reason, place, authority } = flags;
      const signed = await recordTransferOut(await openCase(findCase(flags, fx)), fx, {
        to,
        organization,
        certificate: certificate?.toLowerCase().replaceAll(':', ''),
        reason,
        place,
        authority,
      });
      print(fx, flags, { ...signed });
      done(EXIT.ok);
    });

  commonOptions(
    custody
      .command('receive')
      .description('take a case over: hash everything again, and sign that it is as it was sent'),
  )
    .option('--trust <root.pem>', 'root certificate from a source outside the case')
    .option('--head <head>', 'head that the sender told by another way')
    .option('--tsa-trust <roots.pem>', 'roots of time-stamp authorities that you trust')
    .option('--key <file>', "the recipient's private key (default: EXHIBIT_KEY)")
    .option('--place <text>', 'where')
    .option('--refuse', 'do not take it; say why with --reason')
    .option('--reason <text>', 'why')
    .option('--receipt <dir>', 'folder for a copy of the signed entry, for the sender')
    .action(async (flags: ReceiveFlags) => {
      const { trust, tsaTrust, head, key, place, reason, refuse, receipt } = flags;
      if (refuse === true && reason === undefined) {
        custody.error('error: --refuse needs --reason');
      }
      const received = await receiveCase(await openCase(findCase(flags, fx)), fx, {
        trust: trust === undefined ? undefined : resolve(fx.cwd, trust),
        tsaTrust,
        head,
        key,
        place,
        reason,
        refuse: refuse === true,
        receipt: receipt === undefined ? undefined : resolve(fx.cwd, receipt),
        onVolume: (file) => {
          if (flags.quiet !== true) fx.err.write(`verifying ${file}\n`);
        },
      });
      const open = received.checks.filter(({ status }) => status === 'not_checked');
      print(fx, flags, {
        accepted: received.accepted,
        entry: received.entry,
        head: received.head,
        not_checked: open.map(({ id }) => id),
        receipt: received.receipt,
      });
      done(EXIT.ok);
    });

  commonOptions(
    custody
      .command('checkpoint')
      .description('sign the root of the tree over all entries, for paper and for proofs'),
  )
    .option('--records', 'first put the root over all imported records on record')
    .action(async (flags: CommonOptions & { readonly records?: boolean }) => {
      const opened = await openCase(findCase(flags, fx));
      if (flags.records === true) await signRecords(opened, fx);
      const made = await custodyCheckpoint(opened, fx);
      print(fx, flags, { ...made });
      done(EXIT.ok);
    });
}

function writeOptions(command: Command): Command {
  return commonOptions(command)
    .option('--place <text>', 'where')
    .option('--authority <type:id>', 'on whose order, for example warrant:2026-77', parseAuthority);
}

function parseAuthority(text: string): { type: string; id: string } {
  const [, type, id] = /^([^:]+):(.+)$/s.exec(text) ?? [];
  if (type === undefined || id === undefined) {
    throw new InvalidArgumentError('it has the form TYPE:ID, for example warrant:2026-77');
  }
  return { type, id };
}

/** A whole number from 1 on. */
export function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text))
    throw new InvalidArgumentError('it is a whole number from 1 on');
  return Number(text);
}

/** One fact a line, or the same as JSON. */
export function print(
  fx: Effects,
  { json }: CommonOptions,
  facts: Readonly<Record<string, string | number | boolean | null | readonly string[]>>,
): void {
  if (json === true) {
    fx.out.write(`${JSON.stringify(facts)}\n`);
    return;
  }
  const width = Math.max(...Object.keys(facts).map((name) => name.length));
  for (const [name, value] of Object.entries(facts)) {
    const list = typeof value === 'object' && value !== null;
    const text = list ? value.join(', ') : String(value ?? '-');
    fx.out.write(`${name.replaceAll('_', ' ').padEnd(width)}  ${terminalSafe(text)}\n`);
  }
}
