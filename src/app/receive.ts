/** Receives a transfer package: checks it, opens it, verifies the case in it, and signs for it or refuses it. */
import { createHash, type Hash } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { casePaths } from '../bundle/layout.ts';
import type { Check } from '../core/check.ts';
import type { Effects } from '../core/effects.ts';
import { ExhibitError, isSystemError } from '../core/errors.ts';
import { readLedger } from '../custody/read.ts';
import { replaceFile, syncFolder } from '../disk/durable.ts';
import { writeNewFile } from '../disk/new-file.ts';
import { isThere } from '../disk/there.ts';
import { decrypted, type Unlock } from '../transfer/age.ts';
import { unpackCase } from '../transfer/case-archive.ts';
import { CASE_FILE, volumeOf, type TransferList } from '../transfer/list.ts';
import { readPackage } from '../transfer/package.ts';
import { openCase, type Case } from './case.ts';
import { receiveCase, type Received } from './custody-transfer.ts';
import { raisePin } from './pins.ts';
import { inventory, inventoryProblem, listOf, transferChecks } from './receive-checks.ts';
import { verify } from './verify.ts';

/** What is received, and by whom. */
export interface ReceiveRequest {
  /** Folder or tar file. */
  readonly package: string;
  /** The case folder to make: does not exist, or is empty. */
  readonly into: string;
  readonly unlock: Unlock;
  /** Root certificate and head from elsewhere, as `verify` takes them. */
  readonly trust: string | undefined;
  readonly head: string | undefined;
  /** Roots of time-stamp authorities that the recipient trusts. */
  readonly tsaTrust?: string | undefined;
  /** Private key of the recipient, whose certificate the sender has added to the case; undefined: nothing is signed. */
  readonly key: string | undefined;
  /** Why the package is refused; undefined: it is accepted if nothing is wrong. */
  readonly refuse: string | undefined;
  readonly place: string | undefined;
  /** Called as each file begins. */
  readonly onFile: (name: string) => void;
}

/** What came of it. */
export interface ReceiveResult {
  /** No check failed, and it was not refused. */
  readonly ok: boolean;
  readonly verdict: 'accepted' | 'refused' | 'bad';
  readonly case: string;
  /** The received case; null where there is none: after a refusal only the receipt is kept. */
  readonly folder: string | null;
  readonly checks: readonly Check[];
  /** Head of the received ledger, the recipient's own entry included. */
  readonly head: string | null;
  /** The recipient's entry, to be carried back to the sender; null when nothing was signed. */
  readonly receipt: string | null;
}

/** Where everything lies until it is whole. */
const WORKSHOP = '.receiving';
const RECEIPT = 'receipt';
/**
 * In the workshop once all is verified and signed: the SHA-256 of the package's list. From here on a stopped run is finished by
 * the next one, for a second signature over the same case would be a fork of its ledger.
 */
const READY = 'ready';

/**
 * Receives a package. The case appears in its folder only when everything was decrypted, verified and signed; after any
 * failure before that the folder is as it was, and after it the same command again finishes.
 * @throws ExhibitError `E_EXISTS` (the folder is not empty), `E_TAMPERED` (a file is missing, or its hash is not the one in
 *   the list), `E_WRONG_KEY`, `E_FORMAT`, `E_HOSTILE_ARCHIVE`, `E_UNFINISHED`, `E_WRITE`, and those of {@link receiveCase}
 *   and {@link verify}. Failed checks of `verify` are no errors: they are in the result.
 */
export async function receiveTransfer(
  request: ReceiveRequest,
  fx: Effects,
): Promise<ReceiveResult> {
  if (request.refuse !== undefined && request.key === undefined) {
    throw new ExhibitError('E_USAGE', 'a refusal has to be signed', {
      hint: 'give --key with the private key whose certificate the sender added to the case',
    });
  }
  const workshop = join(request.into, WORKSHOP);
  const place = lstatSync(request.into, { throwIfNoEntry: false });
  if (place?.isDirectory() === true && isThere(join(workshop, READY)))
    return finish(request, workshop, fx);
  const existed = prepare(request.into);
  try {
    mkdirSync(workshop);
    return await receive(request, workshop, fx);
  } catch (error) {
    if (!isThere(join(workshop, READY))) clear(request.into);
    throw error;
  } finally {
    if (!isThere(join(workshop, READY))) rmSync(workshop, { recursive: true, force: true });
    if (!existed && readdirSync(request.into).length === 0)
      rmSync(request.into, { recursive: true });
  }
}

async function receive(
  request: ReceiveRequest,
  workshop: string,
  fx: Effects,
): Promise<ReceiveResult> {
  const found = await inventory(request.package, fx.signal);
  const list = listOf(request.package, found);
  const refused = request.refuse !== undefined;
  const damage = inventoryProblem(list, found);
  if (damage !== undefined && !refused) {
    throw new ExhibitError('E_TAMPERED', damage, {
      where: { file: request.package },
      hint: 'it was damaged or changed on the way: ask for the package again, or record that you refuse it with --refuse',
    });
  }
  const dir = join(workshop, 'case');
  const unopened = await decryptAll(request, list, workshop, dir, fx);
  const opened = await openCase(dir);
  if (opened.info.case !== list.caseId) {
    throw new ExhibitError(
      'E_TAMPERED',
      `the package is listed as case ${list.caseId} and holds case ${opened.info.case}`,
      { where: { file: request.package }, hint: 'ask the sender what was sent' },
    );
  }
  const { trust, head, tsaTrust } = request;
  const verified = await verify(
    { caseDir: dir, target: undefined, trust, tsaTrust, head, deep: true },
    fx,
  );
  const broken = verified.checks.some(
    ({ id, status }) => status === 'fail' && (id === 'ledger.files' || id === 'ledger.form'),
  );
  const entries = broken ? [] : readLedger(dir);
  const checks = [...transferChecks(list, found, entries), ...unopened, ...verified.checks];
  const ok = !checks.some(({ status }) => status === 'fail');
  const base = { case: list.caseId, checks, head: entries.at(-1)?.hash ?? null };
  if (!ok && !refused) {
    return { ...base, ok: false, verdict: 'bad', folder: null, receipt: null };
  }
  const receipt = join(refused ? request.into : dir, RECEIPT);
  const signed = await countersign(opened, request, checks, receipt, fx);
  if (!refused) {
    replaceFile(join(workshop, READY), listHash(list), workshop);
    await publish(workshop, request, fx);
  }
  return {
    ...base,
    ok: !refused,
    verdict: refused ? 'refused' : 'accepted',
    folder: refused ? null : request.into,
    head: signed === undefined ? base.head : signed.head,
    receipt: signed === undefined ? null : join(request.into, RECEIPT),
  };
}

/** False if the folder had to be made. Remains of a run that was killed are removed. */
function prepare(into: string): boolean {
  const facts = lstatSync(into, { throwIfNoEntry: false });
  if (facts === undefined) {
    try {
      mkdirSync(into);
    } catch (cause) {
      if (!isSystemError(cause)) throw cause;
      throw new ExhibitError('E_WRITE', `the folder cannot be made: ${cause.code}`, {
        where: { file: into },
        hint: 'its parent must exist and be writable',
        cause,
      });
    }
    return false;
  }
  const remains =
    facts.isDirectory() && isThere(join(into, WORKSHOP)) && !isThere(casePaths(into).caseJson);
  if (remains) {
    rmSync(join(into, WORKSHOP), { recursive: true });
    clear(into);
  }
  if (!facts.isDirectory() || readdirSync(into).length > 0) {
    throw new ExhibitError('E_EXISTS', 'the folder is not empty', {
      where: { file: into },
      hint: 'a package is received into a new folder; choose another name',
    });
  }
  return true;
}

/** Names that {@link publish} puts in place before case.json. */
const PARTS = ['TRUST.txt', 'VERIFY.txt', 'custody', 'evidence', 'pki', RECEIPT, 'staging'];

function clear(into: string): void {
  for (const name of PARTS) rmSync(join(into, name), { recursive: true, force: true });
}

/**
 * Moves what is not there yet of a whole case to its place; the file that makes the folder a case comes last. Only then is the
 * ledger remembered: a pin of a case that is not there would call the next one a fork.
 */
async function publish(
  workshop: string,
  { into, key }: Pick<ReceiveRequest, 'into' | 'key'>,
  fx: Effects,
): Promise<Case> {
  const dir = join(workshop, 'case');
  for (const name of [...PARTS, 'case.json']) {
    if (isThere(join(dir, name))) renameSync(join(dir, name), join(into, name));
  }
  syncFolder(into);
  const placed = await openCase(into);
  if (key !== undefined) raisePin(placed, fx, true);
  rmSync(workshop, { recursive: true, force: true });
  return placed;
}

/** Puts the case in place that an earlier run has signed for and was stopped. */
async function finish(
  request: ReceiveRequest,
  workshop: string,
  fx: Effects,
): Promise<ReceiveResult> {
  const { into, trust, head } = request;
  const found = await inventory(request.package, fx.signal);
  const list = listOf(request.package, found);
  const same = readFileSync(join(workshop, READY)).equals(listHash(list));
  if (!same || request.refuse !== undefined) {
    throw new ExhibitError('E_EXISTS', 'a case that was accepted before is about to lie there', {
      where: { file: into },
      hint: 'give the command again that was stopped (the same package, no --refuse), or choose another folder',
    });
  }
  const { paths } = await publish(workshop, request, fx);
  const target = { caseDir: paths.dir, target: undefined, trust, head };
  const { checks } = await verify({ ...target, deep: true }, fx);
  const entries = readLedger(paths.dir);
  return {
    ok: true,
    verdict: 'accepted',
    case: list.caseId,
    folder: into,
    checks: [...transferChecks(list, found, entries), ...checks],
    head: entries.at(-1)?.hash ?? null,
    receipt: isThere(join(into, RECEIPT)) ? join(into, RECEIPT) : null,
  };
}

function listHash({ caseId, files }: TransferList): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([caseId, files]))
    .digest();
}

/**
 * Decrypts everything into the workshop, hashing the very bytes that are decrypted. A volume that cannot be opened is an
 * error, unless the package is refused: then it is one of the reasons (`transfer.open`).
 */
async function decryptAll(
  { package: path, unlock, refuse, onFile }: ReceiveRequest,
  list: TransferList,
  workshop: string,
  dir: string,
  fx: Effects,
): Promise<Check[]> {
  const expected = new Map(list.files.map(({ name, sha256 }) => [name, sha256]));
  const archive = join(workshop, 'case.tar');
  const volumes = join(workshop, 'volumes');
  const failed: Check[] = [];
  mkdirSync(volumes);
  await readPackage(
    path,
    async ({ name, pieces }) => {
      const volume = volumeOf(name);
      if (volume === undefined && name !== CASE_FILE) return;
      onFile(name);
      const hash = createHash('sha256');
      const target = volume === undefined ? archive : join(volumes, volume.file);
      try {
        await writeNewFile(target, decrypted(hashed(pieces, hash), unlock, name));
        if (hash.digest('hex') === expected.get(name) || refuse !== undefined) return;
        throw new ExhibitError('E_TAMPERED', `${name} changed while it was read`, {
          where: { file: path },
        });
      } catch (error) {
        const reason = error instanceof ExhibitError && REASONS.has(error.code);
        if (refuse === undefined || volume === undefined || !reason) throw error;
        failed.push({ id: 'transfer.open', subject: name, status: 'fail', detail: error.message });
      }
    },
    fx.signal,
  );
  if (!isThere(archive)) {
    throw new ExhibitError('E_TAMPERED', `${CASE_FILE} is missing`, {
      where: { file: path },
      hint: 'without the ledger that is in it nothing can be recorded: tell the sender',
    });
  }
  mkdirSync(dir);
  await unpackCase(archive, dir, fx.signal);
  rmSync(archive);
  for (const file of readdirSync(volumes).sort()) {
    const folder = join(dir, 'evidence', volumeOf(`${file}.age`)?.evidenceId ?? '');
    if (!isThere(folder)) {
      throw new ExhibitError('E_TAMPERED', `${file} belongs to no sealed evidence of this case`, {
        where: { file: path },
        hint: 'ask the sender what was sent',
      });
    }
    renameSync(join(volumes, file), join(folder, file));
  }
  return failed;
}

/** What a package can be refused for, file by file. */
const REASONS: ReadonlySet<string> = new Set(['E_TAMPERED', 'E_WRONG_KEY', 'E_FORMAT']);

/** The pieces as they come, hashed on the way. */
async function* hashed(
  pieces: AsyncIterable<Buffer>,
  hash: Hash,
): AsyncGenerator<Uint8Array, undefined> {
  for await (const piece of pieces) {
    hash.update(piece);
    yield piece;
  }
}

/** The recipient's entry, if there is a key to sign it with, and a copy of it for the sender. */
async function countersign(
  opened: Case,
  { key, place, refuse, trust, head }: ReceiveRequest,
  checks: readonly Check[],
  receipt: string,
  fx: Effects,
): Promise<Received | undefined> {
  if (key === undefined) return undefined;
  mkdirSync(receipt);
  try {
    return await receiveCase(opened, fx, {
      ...{ key, place, trust, head, checks, receipt, reason: refuse },
      refuse: refuse !== undefined,
      remember: false,
    });
  } catch (error) {
    rmSync(receipt, { recursive: true });
    throw error;
  }
}
