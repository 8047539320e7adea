/** Makes a case: folder, root and examiner certificates, keys, anchor sheet, first custody entry. */
import { createHash, type KeyObject } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';
import { casePaths, type CasePaths } from '../bundle/layout.ts';
import { verifyText } from '../bundle/verify-text.ts';
import { canonicalLine, type CanonicalValue } from '../core/canonical.ts';
import type { Effects } from '../core/effects.ts';
import { ExhibitError, isSystemError } from '../core/errors.ts';
import { formatUs } from '../core/time.ts';
import { makeExaminerCertificate, makeRootCertificate } from '../crypto/certificate.ts';
import { makePrivateKey, privateKeyPem } from '../crypto/keys.ts';
import { createSigner } from '../crypto/signer.ts';
import { fingerprint, readCertificate } from '../crypto/trust.ts';
import { appendToLedger } from '../custody/append.ts';
import { realFiles } from '../custody/files.ts';
import { CASE_TYPE, isCaseId, keyFile, signerFile, type CaseInfo } from './case.ts';
import { entryTool } from './ledger.ts';
import { isDeadTag, ownTag } from './lock.ts';
import { trustText } from './trust-text.ts';

/** What `exhibit init` is asked. */
export interface InitRequest {
  /** The case folder to make; absolute. */
  readonly dir: string;
  readonly caseId: string;
  readonly examiner: string;
  readonly organization?: string;
  /** Leaves the private keys unencrypted. Only by asking; said on stderr and in the ledger. */
  readonly unprotectedKey?: boolean;
  /** Folder outside the case, such as another medium, for the root's private key; absolute. Default: keys/. */
  readonly rootKeyTo?: string;
}

/** What a person writes on paper. */
export interface InitResult {
  readonly case: string;
  readonly dir: string;
  readonly root_fingerprint: string;
  readonly signer_fingerprint: string;
  /** SHA-256 of the first custody entry. */
  readonly head: string;
  readonly key_protected: boolean;
  /** File of the root's private key. */
  readonly root_key: string;
}

/** What other programs hold in a certificate's name (RFC 5280 appendix A.1, ub-common-name). */
const MAX_NAME = 64;

/**
 * Builds the case beside its final place and renames it there, so that a stopped `init` leaves nothing that looks like
 * a case.
 * @throws ExhibitError `E_USAGE` (id, names, or a root key inside the case), `E_EXISTS` (the folder is not empty, a key is
 *   there), `E_NO_PASSPHRASE`, `E_WRITE` (the root key's folder takes no file).
 */
export async function initCase(request: InitRequest, fx: Effects): Promise<InitResult> {
  checkNames(request);
  checkRootKeyFolder(request);
  await refuseExisting(request.dir);
  const passphrase = await choosePassphrase(request, fx);
  const parent = dirname(request.dir);
  await mkdir(parent, { recursive: true });
  const prefix = `.${basename(request.dir)}.init-`;
  await clearStopped(parent, prefix);
  const building = join(parent, `${prefix}${ownTag()}`);
  await mkdir(building);
  try {
    const result = await build(casePaths(building), request, passphrase, fx);
    await refuseExisting(request.dir);
    await rmdir(request.dir).catch(ignoreMissing);
    await rename(building, request.dir);
    realFiles.syncFolder(parent);
    return result;
  } catch (error) {
    await rm(building, { recursive: true, force: true });
    throw error;
  }
}

/** Removes what an earlier `init` of the same name left that was killed: no case, and keys that never signed for one. */
async function clearStopped(parent: string, prefix: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(prefix) || !isDeadTag(name.slice(prefix.length))) continue;
    await rm(join(parent, name), { recursive: true, force: true });
  }
}

async function build(
  paths: CasePaths,
  request: InitRequest,
  passphrase: string | undefined,
  fx: Effects,
): Promise<InitResult> {
  const atUs = fx.now() * 1000;
  const { caseId, organization } = request;
  const named = (commonName: string): { commonName: string; organization?: string } =>
    organization === undefined ? { commonName } : { commonName, organization };
  const [rootKey, key] = await Promise.all([makePrivateKey(), makePrivateKey()]);
  const rootSubject = named(`${caseId} root`);
  const rootPem = makeRootCertificate(rootSubject, rootKey, atUs);
  const root = readCertificate(rootPem, paths.rootPem);
  const issuer = { subject: rootSubject, key: rootKey };
  const signerPem = makeExaminerCertificate(named(request.examiner), key, issuer, atUs);
  const signer = createSigner(signerPem, key, fx.now);
  const info: CaseInfo = {
    type: CASE_TYPE,
    case: caseId,
    created_at: formatUs(atUs),
    examiner: {
      name: request.examiner,
      ...(organization === undefined ? {} : { organization }),
      role: 'examiner',
      certificate: signer.fingerprint,
    },
    root: fingerprint(root),
  };

  for (const folder of [paths.signers, paths.evidence, paths.staging, paths.custody]) {
    await mkdir(folder, { recursive: true });
  }
  await mkdir(paths.keys, { mode: 0o700 });
  const { rootKeyTo = paths.keys } = request;
  const rootKeyFile = join(rootKeyTo, basename(keyFile(paths, info.root)));
  await writeKey(keyFile(paths, signer.fingerprint), key, passphrase);
  const caseJson = canonicalLine(info as unknown as CanonicalValue);
  const open = new Map<string, string | Buffer>([
    [paths.rootPem, rootPem],
    [paths.chainPem, rootPem],
    [signerFile(paths, signer.fingerprint), signerPem],
    [paths.trustTxt, trustText(info)],
    [paths.verifyTxt, verifyText({ caseId: info.case, rootFingerprint: info.root })],
  ]);
  for (const [path, content] of open) await writeSynced(path, content, 0o644);
  const vouched = [...open, [paths.caseJson, caseJson] as const];
  const attachments = vouched
    .map(([path, content]) => ({ name: nameInCase(paths, path), sha256: sha256(content) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const { hash } = appendToLedger(
    paths,
    {
      event: 'opened',
      attachments,
      details: {
        key_protected: passphrase !== undefined,
        root_key: request.rootKeyTo === undefined ? 'in keys/' : 'apart',
      },
      ...(passphrase === undefined ? { reason: UNPROTECTED } : {}),
    },
    {
      caseId,
      actor: {
        name: request.examiner,
        ...(organization === undefined ? {} : { org: organization }),
        role: 'examiner',
      },
      tool: entryTool(fx),
      atUs,
      signer,
      root,
    },
  );
  await writeRootKey(rootKeyFile, rootKey, passphrase);
  // The file that makes the folder a case comes last.
  await writeSynced(paths.caseJson, caseJson, 0o644);
  for (const folder of [rootKeyTo, paths.keys, paths.signers, dirname(paths.signers), paths.dir]) {
    realFiles.syncFolder(folder);
  }
  return {
    case: caseId,
    dir: request.dir,
    root_fingerprint: info.root,
    signer_fingerprint: signer.fingerprint,
    head: hash,
    key_protected: passphrase !== undefined,
    root_key: join(request.rootKeyTo ?? casePaths(request.dir).keys, basename(rootKeyFile)),
  };
}

const UNPROTECTED =
  'the private keys are stored without a passphrase, as asked for with --unprotected-key: whoever can read them can sign';

async function writeKey(
  path: string,
  key: KeyObject,
  passphrase: string | undefined,
): Promise<void> {
  await writeSynced(path, await privateKeyPem(key, passphrase), 0o600);
}

/** The one file of a case that may lie outside it. */
async function writeRootKey(
  path: string,
  key: KeyObject,
  passphrase: string | undefined,
): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeKey(path, key, passphrase);
  } catch (cause) {
    if (!isSystemError(cause)) throw cause;
    throw new ExhibitError('E_WRITE', "the root's private key cannot be written there", {
      where: { file: path },
      hint: 'give another folder with --root-key-to',
      cause,
    });
  }
}

function checkRootKeyFolder({ dir, rootKeyTo }: InitRequest): void {
  if (rootKeyTo === undefined) return;
  const inside = relative(dir, rootKeyTo);
  if (inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) return;
  throw new ExhibitError('E_USAGE', '--root-key-to names a folder inside the case', {
    where: { file: rootKeyTo },
    hint: 'name one on another medium: it is to stay where the case is not',
  });
}

function checkNames(request: InitRequest): void {
  if (!isCaseId(request.caseId)) {
    throw new ExhibitError('E_USAGE', `"${request.caseId}" cannot be a case id`, {
      hint: 'use 1 to 64 letters, digits, ".", "_" and "-", the first a letter or digit, for example CASE-2026-014',
    });
  }
  for (const [flag, name] of [
    ['--examiner', request.examiner],
    ['--organization', request.organization],
  ] as const) {
    if (name === undefined) continue;
    const length = Array.from(name).length;
    // \p{C}: controls, format characters, lone surrogates; such a name could show as another.
    if (name.trim() === '' || length > MAX_NAME || /[\p{C}\p{Zl}\p{Zp}]/u.test(name)) {
      throw new ExhibitError(
        'E_USAGE',
        `${flag} must be 1 to ${String(MAX_NAME)} visible characters`,
      );
    }
  }
}

async function refuseExisting(dir: string): Promise<void> {
  const found = await readdir(dir).catch(ignoreMissing);
  if (found === undefined || found.length === 0) return;
  throw new ExhibitError('E_EXISTS', 'the folder is not empty', {
    where: { file: dir },
    hint: 'a case is made in a new folder; choose another name',
  });
}

function ignoreMissing(error: unknown): undefined {
  if (isSystemError(error) && error.code === 'ENOENT') return undefined;
  if (isSystemError(error) && error.code === 'ENOTDIR') {
    throw new ExhibitError('E_EXISTS', 'a file of that name is there already', {
      ...(error.path === undefined ? {} : { where: { file: error.path } }),
      cause: error,
    });
  }
  throw error;
}

/** Undefined: the keys stay open, as asked. */
async function choosePassphrase(
  { unprotectedKey }: InitRequest,
  fx: Effects,
): Promise<string | undefined> {
  if (unprotectedKey === true) {
    fx.err.write(
      'exhibit: WARNING: the private keys of this case are NOT encrypted (--unprotected-key):\n' +
        'exhibit: WARNING: whoever can read its keys/ folder can sign in your name. The ledger says so too.\n',
    );
    return undefined;
  }
  const given = fx.env['EXHIBIT_PASSPHRASE'];
  if (given !== undefined && given !== '') return given;
  if (fx.askSecret === undefined) {
    throw new ExhibitError('E_NO_PASSPHRASE', 'no passphrase for the private keys was given', {
      hint: 'set EXHIBIT_PASSPHRASE, run exhibit on a terminal, or ask for --unprotected-key',
    });
  }
  const first = await fx.askSecret('Passphrase for the private keys: ');
  if (first === '') {
    throw new ExhibitError('E_NO_PASSPHRASE', 'the passphrase is empty', {
      hint: 'choose one, or ask for --unprotected-key',
    });
  }
  if ((await fx.askSecret('The same again: ')) !== first) {
    throw new ExhibitError('E_BAD_PASSPHRASE', 'the two passphrases differ', {
      hint: 'run the same command again',
    });
  }
  return first;
}

async function writeSynced(path: string, content: string | Buffer, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

function nameInCase(paths: CasePaths, path: string): string {
  return relative(paths.dir, path).split(sep).join('/');
}

function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
