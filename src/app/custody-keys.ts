/** Further examiners: the case's root issues a certificate, or the ledger vouches for one made elsewhere; and taking back. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { KeyObject } from 'node:crypto';
import type { Effects } from '../core/effects.ts';
import { ExhibitError } from '../core/errors.ts';
import { formatUs, parseRfc3339 } from '../core/time.ts';
import { makeExaminerCertificate, type SubjectName } from '../crypto/certificate.ts';
import { makePrivateKey, privateKeyPem } from '../crypto/keys.ts';
import { createSigner, type Signer } from '../crypto/signer.ts';
import { fingerprint, ownKeyProblem, readCertificate } from '../crypto/trust.ts';
import type { Appended } from '../custody/append.ts';
import { readLedger } from '../custody/read.ts';
import { addedKey, type AddedKey } from '../custody/signers.ts';
import { makeFolder, partOf, syncFolder, writeNew, writeSynced } from '../disk/durable.ts';
import { isThere } from '../disk/there.ts';
import { caseRoot, keyFile, openSigner, signerFile, unlock, type Case } from './case.ts';
import { sha256Hex } from '../core/digest.ts';
import { readBrought } from './brought-file.ts';
import { appendEntry } from './ledger.ts';
import { withLock } from './lock.ts';
import { raisePin } from './pins.ts';

/** Who is added. */
export interface AddKeyRequest {
  readonly name: string;
  readonly organization?: string | undefined;
  /** Default `examiner`. */
  readonly role?: string | undefined;
  /** Path of a certificate made elsewhere; undefined: the root issues one, for a new key in keys/. */
  readonly certificate?: string | undefined;
  /** Path of the root's private key; default keys/. */
  readonly rootKey?: string | undefined;
  /** The new key has no passphrase. */
  readonly unprotected?: boolean;
  readonly reason?: string | undefined;
}

/** The added key. */
export interface KeyResult {
  readonly certificate: string;
  readonly entry: number;
  readonly head: string;
  /** File of the new private key; null where it stays with its owner. */
  readonly key_file: string | null;
}

/**
 * Adds a signer. Where no key of the case can sign any more (lost, revoked), the new one signs its own entry, as the root's
 * certificate entitles it to.
 * @throws ExhibitError `E_FORMAT` (not a certificate that can sign), `E_EXISTS`, `E_NO_PASSPHRASE`, those of signing.
 */
export async function addKey(
  opened: Case,
  fx: Effects,
  request: AddKeyRequest,
): Promise<KeyResult> {
  return withLock(opened, fx, async () => {
    const made =
      request.certificate === undefined
        ? await issue(opened, fx, request)
        : { pem: await certificateText(resolve(fx.cwd, request.certificate)), key: undefined };
    const { pem, key } = made;
    const certificate = readCertificate(pem, request.certificate ?? 'the new certificate');
    const problem = ownKeyProblem(certificate);
    if (problem !== undefined) {
      throw new ExhibitError('E_FORMAT', `the certificate cannot sign for a case: ${problem}`, {
        hint: 'it must be no authority, with an RSA key of at least 3072 bits and e = 65537',
      });
    }
    const print = fingerprint(certificate);
    const file = signerFile(opened.paths, print);
    const known = readLedger(opened.paths.dir).some(
      ({ entry }) => addedKey(entry)?.certificate === print,
    );
    if (known || print === opened.info.examiner.certificate) {
      throw new ExhibitError('E_EXISTS', 'the ledger knows this certificate already', {
        hint: 'nothing is left to do: its owner signs with --key FILE or EXHIBIT_KEY; see custody log',
      });
    }
    const added: AddedKey = {
      certificate: print,
      name: request.name,
      ...(request.organization === undefined ? {} : { organization: request.organization }),
      role: request.role ?? 'examiner',
      how: key === undefined ? 'registered' : 'issued',
    };
    const signer = await openSigner(opened, fx).catch((error: unknown) => {
      const lost = error instanceof ExhibitError && error.code === 'E_READ';
      if (lost && key !== undefined) return createSigner(pem, key, fx.now);
      throw error;
    });
    const canonical = `${certificate.toString().trim()}\n`;
    // Asked first: who gives none leaves nothing behind.
    const keyPem =
      key === undefined ? undefined : await keyText(fx, key, request.unprotected === true);
    const itself = key && createSigner(pem, key, fx.now);
    const { seq, hash } = await orUndone(
      isThere(file) ? [] : [file, keyFile(opened.paths, print)],
      async () => {
        storeCertificate(opened, file, canonical);
        if (keyPem !== undefined) storeKey(opened, print, keyPem);
        return appendKey(opened, fx, signer, added, canonical, request.reason, itself);
      },
    );
    raisePin(opened, fx, false);
    return {
      certificate: print,
      entry: seq,
      head: hash,
      key_file: key === undefined ? null : `keys/${print}.key.pem`,
    };
  });
}

async function certificateText(path: string): Promise<string> {
  return (await readBrought(path, 'the certificate')).toString('utf8');
}

async function appendKey(
  opened: Case,
  fx: Effects,
  signer: Signer,
  added: AddedKey,
  pem: string,
  reason: string | undefined,
  itself: Signer | undefined,
): Promise<Appended> {
  const draft = {
    event: 'key-added',
    ...(reason === undefined ? {} : { reason }),
    attachments: [{ name: `pki/signers/${added.certificate}.pem`, sha256: sha256Hex(pem) }],
    details: { ...added },
  } as const;
  const { name, organization: org, role } = added;
  const actor = { name, ...(org === undefined ? {} : { org }), role };
  try {
    return await appendEntry(opened, signer, fx, draft, signer === itself ? actor : undefined);
  } catch (error) {
    // The examiner's own key was revoked: the root's word is enough for the new one.
    if (!(error instanceof ExhibitError) || error.code !== 'E_SIGNER' || itself === undefined)
      throw error;
    return appendEntry(opened, itself, fx, draft, actor);
  }
}

async function issue(
  opened: Case,
  fx: Effects,
  { name, organization, rootKey }: AddKeyRequest,
): Promise<{ pem: string; key: KeyObject }> {
  const root = await caseRoot(opened);
  const file =
    rootKey === undefined ? keyFile(opened.paths, opened.info.root) : resolve(fx.cwd, rootKey);
  const opening = await unlock(readFileSync(file, 'utf8'), file, fx);
  if (!root.checkPrivateKey(opening)) {
    throw new ExhibitError('E_FORMAT', "the key is not the one of the case's root", {
      where: { file },
    });
  }
  const key = await makePrivateKey();
  const { organization: rootOrganization } = opened.info.examiner;
  const subject: SubjectName = {
    commonName: name,
    ...(organization === undefined ? {} : { organization }),
  };
  const issuer: SubjectName = {
    commonName: `${opened.info.case} root`,
    ...(rootOrganization === undefined ? {} : { organization: rootOrganization }),
  };
  const pem = makeExaminerCertificate(
    subject,
    key,
    { subject: issuer, key: opening },
    fx.now() * 1000,
  );
  return { pem, key };
}

/** Whole or not at all: half a certificate would be a stranger in the case that nobody vouches for. */
function storeCertificate({ paths }: Case, file: string, pem: string): void {
  makeFolder(paths.staging);
  const unplaced = join(paths.staging, `.signer-${basename(file)}`);
  writeSynced(unplaced, Buffer.from(pem));
  renameSync(unplaced, file);
  syncFolder(paths.signers);
}

async function keyText(fx: Effects, key: KeyObject, unprotected: boolean): Promise<string> {
  return privateKeyPem(key, unprotected ? undefined : await newPassphrase(fx));
}

function storeKey({ paths }: Case, print: string, pem: string): void {
  if (!existsSync(paths.keys)) mkdirSync(paths.keys, { mode: 0o700 });
  writeNew(keyFile(paths, print), Buffer.from(pem), 0o600);
  syncFolder(paths.keys);
}

/**
 * A certificate that no entry speaks of must not stay where an entry was refused. A disk that fails is another matter: the
 * entry may be there.
 * @param made files that the work makes.
 */
async function orUndone<T>(made: readonly string[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ExhibitError) for (const file of made) rmSync(file, { force: true });
    throw error;
  }
}

async function newPassphrase({ env, askSecret }: Effects): Promise<string> {
  const given = env['EXHIBIT_NEW_PASSPHRASE'];
  if (given !== undefined && given !== '') return given;
  const first = await askSecret?.('Passphrase for the new private key: ');
  if (first === undefined || first === '') {
    throw new ExhibitError('E_NO_PASSPHRASE', 'no passphrase for the new private key was given', {
      hint: 'set EXHIBIT_NEW_PASSPHRASE, run exhibit on a terminal, or ask for --unprotected-key',
    });
  }
  if ((await askSecret?.('The same again: ')) === first) return first;
  throw new ExhibitError('E_BAD_PASSPHRASE', 'the two passphrases differ', {
    hint: 'run the same command again',
  });
}

/**
 * Makes a person's own key and certificate, outside of every case.
 * @throws ExhibitError `E_EXISTS`, `E_NO_PASSPHRASE`, `E_BAD_PASSPHRASE`.
 */
export async function newIdentity(
  fx: Effects,
  request: {
    readonly name: string;
    readonly organization?: string | undefined;
    readonly out: string;
    readonly unprotected: boolean;
  },
): Promise<{ certificate: string; files: readonly string[] }> {
  const folder = resolve(fx.cwd, request.out);
  const files = [join(folder, 'cert.pem'), join(folder, 'key.pem')] as const;
  // The private key under another name: of a run that was stopped, and so is the certificate, which nobody can use.
  const unplaced = partOf(files[1]);
  const stopped = isThere(unplaced) && !isThere(files[1]);
  const taken = files.find((file) => !stopped && isThere(file));
  if (taken !== undefined) {
    throw new ExhibitError('E_EXISTS', 'the file is there already', { where: { file: taken } });
  }
  const passphrase = request.unprotected ? undefined : await newPassphrase(fx);
  const key = await makePrivateKey();
  const { name, organization } = request;
  const subject: SubjectName = {
    commonName: name,
    ...(organization === undefined ? {} : { organization }),
  };
  const pem = makeExaminerCertificate(subject, key, { subject, key }, fx.now() * 1000);
  if (!existsSync(folder)) mkdirSync(folder, { mode: 0o700 });
  if (stopped) rmSync(files[0], { force: true });
  rmSync(unplaced, { force: true });
  writeNew(unplaced, Buffer.from(await privateKeyPem(key, passphrase)), 0o600);
  try {
    writeNew(files[0], Buffer.from(pem));
  } catch (error) {
    rmSync(unplaced, { force: true });
    throw error;
  }
  // The key gets its name last, so a key that is there has its certificate.
  renameSync(unplaced, files[1]);
  syncFolder(folder);
  return {
    certificate: fingerprint(readCertificate(pem, files[0])),
    files: ['cert.pem', 'key.pem'],
  };
}

/** Reasons of RFC 5280 section 5.3.1 that fit a signer of a case. */
export const REVOCATION_REASONS = [
  'unspecified',
  'keyCompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
] as const;

/**
 * Takes a certificate back.
 * @throws ExhibitError `E_NOT_FOUND`, `E_USAGE`; those of signing.
 */
export async function revokeKey(
  opened: Case,
  fx: Effects,
  request: {
    /** SHA-256 of the certificate, or its first digits (8 or more). */
    readonly certificate: string;
    readonly reason: (typeof REVOCATION_REASONS)[number];
    readonly words: string;
    /** RFC 3339: nothing signed from then on counts; default now. */
    readonly since?: string | undefined;
  },
): Promise<Appended> {
  return withLock(opened, fx, async () => {
    const all = new Set([
      opened.info.examiner.certificate,
      ...readLedger(opened.paths.dir).flatMap(({ entry }) => addedKey(entry)?.certificate ?? []),
    ]);
    const asked = request.certificate.toLowerCase().replaceAll(':', '');
    const found = [...all].filter((one) => asked.length >= 8 && one.startsWith(asked));
    const [certificate] = found;
    if (certificate === undefined || found.length > 1) {
      throw new ExhibitError(
        'E_NOT_FOUND',
        `no certificate of this case begins with ${request.certificate}`,
        {
          hint: 'give 8 or more digits of its SHA-256; see custody log and pki/signers',
        },
      );
    }
    const sinceUs = request.since === undefined ? fx.now() * 1000 : parseRfc3339(request.since);
    if (sinceUs === undefined) {
      throw new ExhibitError('E_USAGE', '--since is not a time with a zone', {
        hint: 'for example 2026-03-01T00:00:00Z',
      });
    }
    const appended = await appendEntry(opened, await openSigner(opened, fx), fx, {
      event: 'key-revoked',
      reason: request.words,
      details: { certificate, reason: request.reason, from: formatUs(sinceUs) },
    });
    raisePin(opened, fx, false);
    return appended;
  });
}
