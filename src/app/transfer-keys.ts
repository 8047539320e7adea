/** Keys of transfer packages, as the command line names them. No secret is repeated in a message or kept anywhere. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Effects } from '../core/effects.ts';
import { ExhibitError } from '../core/errors.ts';
import {
  checkRecipient,
  parseIdentities,
  parseRecipients,
  type Lock,
  type Unlock,
} from '../transfer/age.ts';

/** Variable that holds the passphrase of a package. */
const VARIABLE = 'EXHIBIT_TRANSFER_PASSPHRASE';

/** Flags of the sender. */
export interface LockFlags {
  readonly recipient?: readonly string[];
  readonly recipientsFile?: readonly string[];
  readonly passphrase?: boolean;
}

/** Flags of the recipient. */
export interface UnlockFlags {
  readonly identity?: readonly string[];
  readonly passphrase?: boolean;
}

/**
 * Who shall be able to open a package.
 * @throws ExhibitError `E_USAGE`, `E_READ`, `E_FORMAT`, `E_NO_PASSPHRASE`, `E_BAD_PASSPHRASE` (typed differently twice).
 */
export async function readLock(flags: LockFlags, fx: Effects): Promise<Lock> {
  const { recipient = [], recipientsFile = [] } = flags;
  const named = recipient.length + recipientsFile.length;
  if (flags.passphrase === true) {
    if (named > 0) {
      throw new ExhibitError('E_USAGE', 'a package has recipients or a passphrase, not both', {
        hint: 'the age format does not allow a mixture; make two packages',
      });
    }
    return { passphrase: await newPassphrase(fx) };
  }
  if (named === 0) {
    throw new ExhibitError('E_USAGE', 'nobody could open the package', {
      hint: 'give --recipient age1..., --recipients-file FILE or --passphrase',
    });
  }
  for (const one of recipient) checkRecipient(one);
  const listed: string[] = [];
  for (const file of recipientsFile) {
    const path = resolve(fx.cwd, file);
    listed.push(...parseRecipients(await readText(path, 'the recipients file'), path));
  }
  return { recipients: [...new Set([...recipient, ...listed])] };
}

/**
 * What opens a package.
 * @throws ExhibitError `E_USAGE`, `E_READ`, `E_FORMAT`, `E_NO_PASSPHRASE`.
 */
export async function readUnlock(flags: UnlockFlags, fx: Effects): Promise<Unlock> {
  const { identity = [] } = flags;
  if (identity.length > 0 === (flags.passphrase === true)) {
    throw new ExhibitError('E_USAGE', 'a package is opened by a key or by a passphrase', {
      hint: 'give --identity KEY.txt, or --passphrase',
    });
  }
  if (flags.passphrase === true) {
    return { passphrase: await askedFor(fx, 'Passphrase of the package: ') };
  }
  const identities: string[] = [];
  for (const file of identity) {
    if (/^AGE-/i.test(file)) {
      throw new ExhibitError('E_USAGE', '--identity takes a file, not the secret key itself', {
        hint: 'it has been seen by your shell and its history; keep keys in files that only you can read',
      });
    }
    const path = resolve(fx.cwd, file);
    identities.push(...parseIdentities(await readText(path, 'the identity file'), path));
  }
  return { identities };
}

async function newPassphrase(fx: Effects): Promise<string> {
  const first = await askedFor(fx, 'Passphrase for the package: ');
  const typed = (fx.env[VARIABLE] ?? '') === '';
  if (typed && (await fx.askSecret?.('The same again: ')) !== first) {
    throw new ExhibitError('E_BAD_PASSPHRASE', 'the two passphrases differ', {
      hint: 'run the same command again',
    });
  }
  return first;
}

async function askedFor(fx: Effects, question: string): Promise<string> {
  const given = fx.env[VARIABLE];
  if (given !== undefined && given !== '') return given;
  const asked = await fx.askSecret?.(question);
  if (asked !== undefined && asked !== '') return asked;
  throw new ExhibitError('E_NO_PASSPHRASE', 'no passphrase for the package was given', {
    hint: `set ${VARIABLE}, or run exhibit on a terminal`,
  });
}

/** Larger files hold no keys. */
const MAX_TEXT_BYTES = 1024 * 1024;

// A pipe may be read too: --identity <(age -d key.age) leaves no open key on the disk.
async function readText(path: string, what: string): Promise<string> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new ExhibitError('E_READ', `${what} cannot be read`, { where: { file: path }, cause });
  });
  if (bytes.length <= MAX_TEXT_BYTES) return bytes.toString('utf8');
  throw new ExhibitError('E_FORMAT', `${what} is too large for one`, { where: { file: path } });
}
