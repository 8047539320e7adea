/** Opens a case folder and its examiner's key. */
import type { KeyObject, X509Certificate } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { casePaths, type CasePaths } from '../bundle/layout.ts';
import { readSmallFile } from '../bundle/small-file.ts';
import { parseCanonicalLine } from '../core/canonical-read.ts';
import type { Effects } from '../core/effects.ts';
import { ExhibitError } from '../core/errors.ts';
import { isEncryptedKey, openPrivateKey } from '../crypto/keys.ts';
import { createSigner, type Signer } from '../crypto/signer.ts';
import { fingerprint, readCertificate, rootProblem } from '../crypto/trust.ts';
import { brokenFolders } from './case-folders.ts';

export const CASE_TYPE = 'case/1';

/** Ours are below 8 KiB; bounds what a hostile case makes us read. */
const MAX_FILE_BYTES = 1024 * 1024;

/** Content of case.json. */
export interface CaseInfo {
  readonly type: typeof CASE_TYPE;
  /** The case's id: every signed file of the case names it. */
  readonly case: string;
  /** Claimed, RFC 3339 UTC. */
  readonly created_at: string;
  readonly examiner: {
    readonly name: string;
    readonly organization?: string;
    readonly role: string;
    /** SHA-256 of the examiner's certificate (DER): pki/signers/<this>.pem, keys/<this>.key.pem. */
    readonly certificate: string;
  };
  /** SHA-256 of pki/root.pem's certificate (DER). */
  readonly root: string;
}

/** An opened case. */
export interface Case {
  readonly paths: CasePaths;
  readonly info: CaseInfo;
}

/** File of a private key, named after its certificate. */
export function keyFile(paths: CasePaths, certificate: string): string {
  return join(paths.keys, `${certificate}.key.pem`);
}

/** File of a signer's certificate. */
export function signerFile(paths: CasePaths, certificate: string): string {
  return join(paths.signers, `${certificate}.pem`);
}

/**
 * Opens the case in a folder.
 * @throws ExhibitError `E_NO_CASE` when there is none, `E_FORMAT` when case.json is not of its documented form,
 *   `E_TAMPERED` when it is no regular file, `E_OUTSIDE_CASE` when a folder of the case is a link.
 */
export async function openCase(dir: string): Promise<Case> {
  const paths = casePaths(dir);
  const bytes = await readSmallFile(paths.caseJson, MAX_FILE_BYTES);
  if (bytes === undefined) {
    throw new ExhibitError('E_NO_CASE', 'the folder is not a case: it holds no case.json', {
      where: { file: dir },
      hint: 'name the folder that `exhibit init` made',
    });
  }
  const [broken] = brokenFolders(paths);
  if (broken !== undefined) {
    throw new ExhibitError(
      'E_OUTSIDE_CASE',
      `${broken} is no folder of the case but leads elsewhere`,
      {
        where: { file: join(dir, broken) },
        hint: 'put the folder itself where the link is; exhibit never reads or writes through one',
      },
    );
  }
  const value = parseCanonicalLine(bytes);
  if (!isCaseInfo(value)) {
    throw new ExhibitError('E_FORMAT', 'case.json is not of its documented form', {
      where: { file: paths.caseJson },
      hint: 'it is written once by `exhibit init` and never changed; restore it from a copy of the case',
    });
  }
  return { paths, info: value };
}

/**
 * The case's own root certificate: the one that case.json names, and usable as an anchor.
 * @throws ExhibitError `E_TAMPERED`, `E_FORMAT`, `E_READ`.
 */
export async function caseRoot({ paths, info }: Case): Promise<X509Certificate> {
  const file = paths.rootPem;
  const bytes = await readSmallFile(file, MAX_FILE_BYTES);
  const root = bytes === undefined ? undefined : readCertificate(bytes, file);
  const problem =
    root === undefined
      ? 'the root certificate is missing'
      : (rootProblem(root) ??
        (fingerprint(root) === info.root
          ? undefined
          : 'pki/root.pem is not the root of this case'));
  if (root !== undefined && problem === undefined) return root;
  throw new ExhibitError('E_TAMPERED', problem ?? '', {
    where: { file },
    hint: 'run `exhibit verify` to see what differs',
  });
}

/**
 * Whoever works on the case, ready to sign: the case's examiner, or with `keyPath` or `EXHIBIT_KEY` whoever owns that
 * private key and has a certificate in pki/signers. Asks for the passphrase when `EXHIBIT_PASSPHRASE` is not set.
 * @throws ExhibitError `E_NO_PASSPHRASE`, `E_BAD_PASSPHRASE`, `E_READ` (no key here), `E_FORMAT` (files mixed up),
 *   `E_SIGNER` (no certificate belongs to the key).
 */
export async function openSigner(
  opened: Case,
  fx: Effects,
  keyPath: string | undefined = fx.env['EXHIBIT_KEY'],
): Promise<Signer> {
  const { paths, info } = opened;
  if (keyPath !== undefined && keyPath !== '') {
    const file = resolve(fx.cwd, keyPath);
    const key = await unlock(await readFile(file, 'utf8'), file, fx);
    return createSigner(await certificateOf(paths, key, file), key, fx.now);
  }
  const { certificate } = info.examiner;
  const pem = await readCertificateFile(signerFile(paths, certificate));
  if (fingerprint(readCertificate(pem, signerFile(paths, certificate))) !== certificate) {
    throw new ExhibitError('E_FORMAT', 'the certificate is not the one that case.json names', {
      where: { file: signerFile(paths, certificate) },
    });
  }
  const file = keyFile(paths, certificate);
  return createSigner(pem, await unlock(await readKey(file, paths), file, fx), fx.now);
}

/**
 * Opens a private key.
 * @throws ExhibitError `E_NO_PASSPHRASE`, `E_BAD_PASSPHRASE`, `E_FORMAT`.
 */
export async function unlock(text: string, file: string, fx: Effects): Promise<KeyObject> {
  const passphrase = isEncryptedKey(text) ? await askPassphrase(fx, file) : undefined;
  return openPrivateKey(text, passphrase, file);
}

/** PEM of the certificate in pki/signers that belongs to the key. */
async function certificateOf(paths: CasePaths, key: KeyObject, file: string): Promise<string> {
  for (const name of (await readdir(paths.signers)).sort()) {
    const path = join(paths.signers, name);
    const bytes = await readSmallFile(path, MAX_FILE_BYTES);
    if (bytes === undefined) continue;
    const pem = bytes.toString('latin1');
    if (readCertificate(pem, path).checkPrivateKey(key)) return pem;
  }
  throw new ExhibitError('E_SIGNER', 'no certificate of this case belongs to the key', {
    where: { file },
    hint: 'whoever holds a key of the case adds it: exhibit custody key add --certificate CERT.pem',
  });
}

async function readCertificateFile(file: string): Promise<string> {
  const bytes = await readSmallFile(file, MAX_FILE_BYTES);
  if (bytes !== undefined) return bytes.toString('utf8');
  throw new ExhibitError('E_READ', "the examiner's certificate is not in this case", {
    where: { file },
    hint: 'run `exhibit verify` to see what else is missing',
  });
}

async function readKey(file: string, paths: CasePaths): Promise<string> {
  const bytes = await readSmallFile(file, MAX_FILE_BYTES);
  if (bytes !== undefined) return bytes.toString('utf8');
  const others = (await readdir(paths.keys).catch(() => [])).length;
  throw new ExhibitError('E_READ', "the examiner's private key is not in this case", {
    where: { file },
    hint:
      others === 0
        ? 'a copy handed to others has no keys; work in the original, or put keys/ back'
        : 'the key is named after the certificate that case.json names',
  });
}

async function askPassphrase(fx: Effects, file: string): Promise<string> {
  const given = fx.env['EXHIBIT_PASSPHRASE'];
  if (given !== undefined && given !== '') return given;
  const asked = await fx.askSecret?.(`Passphrase of ${basename(file)}: `);
  if (asked !== undefined && asked !== '') return asked;
  throw new ExhibitError(
    'E_NO_PASSPHRASE',
    'the private key is encrypted and no passphrase was given',
    {
      where: { file },
      hint: 'set EXHIBIT_PASSPHRASE, or run exhibit on a terminal',
    },
  );
}

function isCaseInfo(value: unknown): value is CaseInfo {
  if (typeof value !== 'object' || value === null) return false;
  const {
    type,
    case: id,
    created_at: createdAt,
    root,
    examiner,
  } = value as Record<string, unknown>;
  if (typeof examiner !== 'object' || examiner === null) return false;
  const { name, organization, role, certificate } = examiner as Record<string, unknown>;
  return (
    type === CASE_TYPE &&
    isCaseId(id) &&
    [createdAt, name, role].every((field) => typeof field === 'string') &&
    (organization === undefined || typeof organization === 'string') &&
    [root, certificate].every((field) => typeof field === 'string' && /^[0-9a-f]{64}$/.test(field))
  );
}

/** Case ids stand in file names, in the seal's text and on paper. */
export function isCaseId(value: unknown): boolean {
  return typeof value === 'string' && /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(value);
}
