/** `exhibit custody key`: further signers. */
import { Option, type Command } from 'commander';
import { openCase } from '../../app/case.ts';
import { addKey, newIdentity, REVOCATION_REASONS, revokeKey } from '../../app/custody-keys.ts';
import type { Effects } from '../../core/effects.ts';
import { EXIT } from '../../core/errors.ts';
import { commonOptions, findCase, type CommonOptions } from '../options.ts';
import { print } from './custody-write.ts';

interface KeyFlags extends CommonOptions {
  readonly examiner: string;
  readonly organization?: string;
  readonly unprotectedKey?: boolean;
}

interface AddFlags extends KeyFlags {
  readonly role?: string;
  readonly certificate?: string;
  readonly rootKey?: string;
  readonly reason?: string;
}

interface RevokeFlags extends CommonOptions {
  readonly why: (typeof REVOCATION_REASONS)[number];
  readonly reason: string;
  readonly since?: string;
}

/** Adds the commands. */
export function registerKeys(custody: Command, fx: Effects, done: (status: number) => void): void {
  const key = custody.command('key').description('who may sign for the case');

  commonOptions(
    key
      .command('add')
      .description('let the root issue a certificate, or register one made elsewhere')
      .requiredOption('--examiner <name>', 'whose it is'),
  )
    .option('--organization <name>', 'organisation')
    .option('--role <text>', 'role (default: examiner)')
    .option('--certificate <cert.pem>', 'register this one; its owner keeps the key')
    .option('--root-key <file>', "the root's private key (default: in keys/)")
    .option('--unprotected-key', 'no passphrase on the new key')
    .option('--reason <text>', 'why')
    .action(async (flags: AddFlags) => {
      const { examiner: name, organization, role, certificate, rootKey, reason } = flags;
      const added = await addKey(await openCase(findCase(flags, fx)), fx, {
        name,
        organization,
        role,
        certificate,
        rootKey,
        reason,
        unprotected: flags.unprotectedKey === true,
      });
      print(fx, flags, { ...added });
      done(EXIT.ok);
    });

  commonOptions(
    key
      .command('revoke')
      .description('take a certificate back: nothing signed from then on counts')
      .argument('<sha256>', 'its SHA-256, or the first 8 or more digits')
      .requiredOption('--reason <text>', 'what happened'),
  )
    .addOption(
      new Option('--why <reason>', 'reason of RFC 5280')
        .choices(REVOCATION_REASONS)
        .default('unspecified'),
    )
    .option('--since <time>', 'from when on (default: now)')
    .action(async (certificate: string, flags: RevokeFlags) => {
      const { seq, hash } = await revokeKey(await openCase(findCase(flags, fx)), fx, {
        certificate,
        reason: flags.why,
        words: flags.reason,
        since: flags.since,
      });
      print(fx, flags, { entry: seq, head: hash });
      done(EXIT.ok);
    });

  commonOptions(
    key
      .command('new')
      .description("make a person's own key and certificate, outside of every case")
      .requiredOption('--examiner <name>', 'whose it is')
      .requiredOption('--out <dir>', 'folder for cert.pem and key.pem'),
  )
    .option('--organization <name>', 'organisation')
    .option('--unprotected-key', 'no passphrase on the key')
    .action(async (flags: KeyFlags & { readonly out: string }) => {
      const { examiner: name, organization, out } = flags;
      const unprotected = flags.unprotectedKey === true;
      const made = await newIdentity(fx, { name, organization, out, unprotected });
      print(fx, flags, { ...made });
      done(EXIT.ok);
    });
}
