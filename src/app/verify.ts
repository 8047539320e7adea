/** Verifies a case, one evidence item of it, or a single evidence folder or volume handed over without its case. */
import { existsSync, lstatSync, readdirSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { X509Certificate } from 'node:crypto';
import { casePaths, evidenceNo, evidencePaths, type CasePaths } from '../bundle/layout.ts';
import type { Seal, SealedVolume } from '../bundle/seal.ts';
import { verifyEvidence } from '../bundle/verify.ts';
import type { Check } from '../core/check.ts';
import type { Effects } from '../core/effects.ts';
import { ExhibitError } from '../core/errors.ts';
import { judgeSigner } from '../crypto/judge-signer.ts';
import { readCertificate, rootProblem } from '../crypto/trust.ts';
import { anchorChecks } from '../custody/anchor.ts';
import type { EntryView } from '../custody/read.ts';
import { judgeIn } from '../custody/signers.ts';
import { verifyLedger } from '../custody/verify.ts';
import { stampTrust } from '../stamps/trust.ts';
import { broughtFrom } from './brought.ts';
import { foldersCheck } from './case-folders.ts';
import { openCase, openSigner } from './case.ts';
import { readBrought } from './brought-file.ts';
import { ageChecks } from './verify-age.ts';
import { restChecks } from './verify-files.ts';
import { runChecks } from './verify-runs.ts';

/** What to verify. */
export interface VerifyRequest {
  /** The case folder; undefined: `target` names a folder or volume outside of any. */
  readonly caseDir: string | undefined;
  /** `EV-0001`, or a path of an evidence folder or of a volume; undefined: everything in the case. */
  readonly target: string | undefined;
  /** Path of the root certificate that the verifier trusts. */
  readonly trust: string | undefined;
  /** Path of the roots of time-stamp authorities that the verifier trusts. */
  readonly tsaTrust?: string | undefined;
  /** Head of the ledger, known from elsewhere. */
  readonly head: string | undefined;
  /** Paths of checkpoints and entries kept outside the case, their signatures beside them. */
  readonly anchors?: readonly string[];
  readonly deep: boolean;
  readonly onVolume?: (volume: SealedVolume) => void;
}

/** The verdict: `ok` unless a check failed; what was not checked is listed as such. */
export interface VerifyResult {
  readonly ok: boolean;
  readonly checks: readonly Check[];
}

/**
 * Answers every check. Reads only. Damaged files are failed checks, not errors.
 * @throws ExhibitError `E_NOT_FOUND` if there is nothing of that name, `E_READ`, `E_FORMAT` or `E_USAGE` for what the
 *   verifier brought (root certificate, head).
 */
export async function verify(request: VerifyRequest, fx: Effects): Promise<VerifyResult> {
  const given = async (path: string | undefined): Promise<Buffer | undefined> =>
    path === undefined ? undefined : readTrust(resolve(fx.cwd, path));
  const trust = { root: await given(request.trust), tsa: await given(request.tsaTrust) };
  const target = findTarget(request, fx);
  const checks =
    target.caseDir === undefined
      ? await verifyLoose(target, trust, request, fx)
      : await verifyInCase(target.caseDir, target, trust, request, fx);
  return { ok: !checks.some(({ status }) => status === 'fail'), checks };
}

/**
 * The case in whose ledger a verification can be put on record: the one that is verified and no other.
 * @throws ExhibitError `E_NO_CASE` if the target lies in no case, `E_USAGE` if it lies in another than `caseDir`;
 *   `E_NOT_FOUND`.
 */
export function recordingCase(request: VerifyRequest, fx: Effects): string {
  const { caseDir } = findTarget(request, fx);
  if (caseDir === undefined) {
    throw new ExhibitError('E_NO_CASE', 'there is no case whose ledger could record this', {
      hint: 'name the evidence inside its case, or leave --record out',
    });
  }
  if (request.caseDir !== undefined && realpathSync(request.caseDir) === realpathSync(caseDir)) {
    return caseDir;
  }
  throw new ExhibitError('E_USAGE', 'only the case that is verified can record the verification', {
    where: { file: caseDir },
    hint: 'give that folder with --case, or leave --record out',
  });
}

/**
 * Puts a verification on record.
 * @throws ExhibitError as `appendEntry` and {@link openSigner} do.
 */
export async function recordVerification(
  caseDir: string,
  result: VerifyResult,
  fx: Effects,
): Promise<void> {
  // What writes entries loads SQLite, to name its version: most verifications write nothing.
  const { appendEntry } = await import('./ledger.ts');
  const opened = await openCase(caseDir);
  const signer = await openSigner(opened, fx);
  await appendEntry(opened, signer, fx, {
    event: 'verified',
    result: {
      ok: result.ok,
      checks: result.checks.map(({ id, subject, status, detail }) => ({
        id,
        status,
        detail: `${subject}: ${detail}`,
      })),
    },
  });
}

/** What the verifier brought. */
interface Trust {
  readonly root: Buffer | undefined;
  readonly tsa: Buffer | undefined;
}

interface Target {
  readonly caseDir: string | undefined;
  /** Folder and id of one evidence item; undefined: all of the case. */
  readonly one: { readonly folder: string; readonly id: string } | undefined;
  /** Only this volume. */
  readonly volume: string | undefined;
}

function findTarget({ caseDir, target }: VerifyRequest, fx: Effects): Target {
  if (target === undefined) return { caseDir, one: undefined, volume: undefined };
  if (caseDir !== undefined && evidenceNo(target) !== undefined) {
    const { folder } = evidencePaths(casePaths(caseDir), target);
    // Gone, and the ledger says that it was there: a failed check, not a wrong command line.
    if (existsSync(folder) || sealedAs(verifyLedger(caseDir).entries, target).length > 0)
      return { caseDir, one: { folder, id: target }, volume: undefined };
  }
  const path = resolve(fx.cwd, target);
  const facts = lstatSync(path, { throwIfNoEntry: false });
  if (facts?.isDirectory() === true && existsSync(join(path, 'case.json'))) {
    return { caseDir: path, one: undefined, volume: undefined };
  }
  const volume = /^(EV-\d{4})\.v\d{3,5}\.tar$/.exec(basename(path))?.[1];
  if (facts !== undefined && !facts.isDirectory() && volume !== undefined) {
    const folder = dirname(path);
    return { caseDir: enclosingCase(folder), one: { folder, id: volume }, volume: basename(path) };
  }
  const id = facts?.isDirectory() === true ? sealedIn(path) : undefined;
  if (id === undefined) {
    throw new ExhibitError('E_NOT_FOUND', `there is no evidence "${target}"`, {
      where: { file: path },
      hint: 'name an evidence id, an evidence folder with its seal, a volume beside its seal, or a case folder',
    });
  }
  return { caseDir: enclosingCase(path), one: { folder: path, id }, volume: undefined };
}

// CASE/evidence/EV-0001
function enclosingCase(folder: string): string | undefined {
  const dir = dirname(dirname(folder));
  return basename(dirname(folder)) === 'evidence' && existsSync(join(dir, 'case.json'))
    ? dir
    : undefined;
}

function sealedIn(folder: string): string | undefined {
  const name = basename(folder);
  if (evidenceNo(name) !== undefined) return name;
  const seals = readdirSync(folder).flatMap((file) => /^(EV-\d{4})\.seal$/.exec(file)?.[1] ?? []);
  return seals.length === 1 ? seals[0] : undefined;
}

/** A certificate file that somebody brought. @throws ExhibitError `E_READ`. */
export async function readTrust(path: string): Promise<Buffer> {
  return readBrought(path, 'a certificate file');
}

/** Evidence without its case: the seal, its signature, and what it seals. */
async function verifyLoose(
  { one, volume }: Target,
  trust: Trust,
  request: VerifyRequest,
  fx: Effects,
): Promise<Check[]> {
  if (one === undefined) throw new ExhibitError('E_NO_CASE', 'no case folder here');
  const anchor = trust.root === undefined ? undefined : givenRoot(trust.root);
  const { checks } = await verifyEvidence({
    folder: one.folder,
    evidenceId: one.id,
    caseId: undefined,
    judge: anchor === undefined ? undefined : (signed) => judgeSigner({ ...signed, root: anchor }),
    stamps: stampTrust(trust.tsa, undefined),
    deep: request.deep,
    only: volume,
    signal: fx.signal,
    ...(request.onVolume === undefined ? {} : { onVolume: request.onVolume }),
  });
  const why = 'the evidence was given without its case folder, which holds the custody ledger';
  return [
    ...checks,
    { id: 'ledger.sealed', subject: `evidence/${one.id}`, status: 'not_checked', detail: why },
    {
      id: 'trust.crl',
      subject: `evidence/${one.id}`,
      status: 'not_checked',
      detail: 'a revocation list would be in the case folder',
    },
  ];
}

function givenRoot(trust: Buffer): X509Certificate {
  const root = readCertificate(trust, 'the certificate given with --trust');
  const problem = rootProblem(root);
  if (problem === undefined) return root;
  throw new ExhibitError(
    'E_FORMAT',
    `the certificate given with --trust cannot be trusted: ${problem}`,
  );
}

async function verifyInCase(
  caseDir: string,
  { one, volume }: Target,
  trust: Trust,
  request: VerifyRequest,
  fx: Effects,
): Promise<Check[]> {
  const paths = casePaths(caseDir);
  const given = trust.root === undefined ? {} : { trust: trust.root };
  const { anchor } = anchorChecks(paths, given);
  const stamps = stampTrust(trust.tsa, caseDir);
  const ledger = verifyLedger(caseDir, {
    ...given,
    tsaTrust: trust.tsa,
    ...(request.head === undefined ? {} : { head: request.head }),
    ...(await broughtFrom(paths, fx, request.anchors)),
  });
  const checks: Check[] = [...ledger.checks, foldersCheck(paths)];
  const caseId = await openCase(caseDir).then(
    ({ info }) => info.case,
    (error: unknown) => {
      // ledger.case_files says what is wrong with case.json; the first entry also knows the case.
      if (error instanceof ExhibitError) return ledger.entries[0]?.entry.case;
      throw error;
    },
  );
  if (one === undefined) {
    const { entries, signers } = ledger;
    const ground = { paths, caseId, entries, signers, anchor, signal: fx.signal };
    checks.push(...(await restChecks(ground)), ...(await runChecks(ground)));
  }
  const all = one === undefined ? evidenceIn(paths, ledger.entries) : [one];
  if (one === undefined) checks.push(...strangers(paths));
  for (const { folder, id } of all) {
    if (!existsSync(join(folder, `${id}.seal`)) && sealedAs(ledger.entries, id).length === 0) {
      checks.push(unsealed(paths, folder, id));
      continue;
    }
    const report = await verifyEvidence({
      folder,
      evidenceId: id,
      caseId,
      judge:
        anchor === undefined
          ? undefined
          : (signed, seal) => {
              // The place in the ledger counts only for the very seal that the entry names.
              const entry = sealedAs(ledger.entries, id).find((one) => one.seal === seal);
              return judgeIn(ledger.signers, { ...signed, root: anchor, seq: entry?.seq });
            },
      stamps,
      deep: request.deep,
      only: volume,
      signal: fx.signal,
      ...(request.onVolume === undefined ? {} : { onVolume: request.onVolume }),
    });
    checks.push(
      ...report.checks,
      onRecord(id, report.seal, ledger.entries),
      ...ageChecks(id, report.seal, ledger.entries),
    );
  }
  return checks;
}

/** Every evidence item that lies in the case or that the ledger says was sealed, in order. */
function evidenceIn(
  paths: CasePaths,
  entries: readonly EntryView[],
): { folder: string; id: string }[] {
  const ids = new Set(namesIn(paths.evidence).filter((name) => evidenceNo(name) !== undefined));
  for (const { entry } of entries) {
    if (entry.event !== 'sealed') continue;
    for (const { id } of entry.evidence ?? []) if (evidenceNo(id) !== undefined) ids.add(id);
  }
  return [...ids].sort().map((id) => ({ folder: evidencePaths(paths, id).folder, id }));
}

/** `evidence.sealed`: an item that neither a seal nor the ledger knows may hold what a stopped `seal` left, and nothing else. */
function unsealed(paths: CasePaths, folder: string, id: string): Check {
  const answer = (status: Check['status'], detail: string): Check => ({
    id: 'evidence.sealed',
    subject: `evidence/${id}`,
    status,
    detail,
  });
  const names = namesIn(folder).sort();
  const waits = namesIn(paths.staging).includes(id);
  const half = new RegExp(`^${id}\\.(?:v\\d{3,5}\\.tar|seal(?:\\.p7s)?)(?:\\.part)?$`);
  const strange = names.filter((name) => !waits || !half.test(name));
  if (strange.length === 0) {
    const why = names.length === 0 ? '' : '; a stopped `seal` left what is here';
    return answer(
      'not_checked',
      `it is not sealed, so there is nothing to verify it against${why}`,
    );
  }
  const listed = strange.slice(0, 5).map((name) => JSON.stringify(name));
  const more = strange.length > 5 ? ` and ${String(strange.length - 5)} more` : '';
  return answer(
    'fail',
    `no ledger entry says that this was sealed, and it has no seal of its own, but it holds ${listed.join(', ')}${more}`,
  );
}

function strangers(paths: CasePaths): Check[] {
  return namesIn(paths.evidence)
    .filter((name) => evidenceNo(name) === undefined)
    .sort()
    .map((name) => ({
      id: 'evidence.files',
      subject: `evidence/${name}`,
      status: 'fail',
      detail: 'it is no evidence item, and nothing else belongs there',
    }));
}

function namesIn(folder: string): string[] {
  return lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() === true
    ? readdirSync(folder)
    : [];
}

interface SealedEntry {
  readonly seq: number;
  readonly seal: string | undefined;
  readonly payloadSet: string | undefined;
  readonly volumes: string;
}

function sealedAs(entries: readonly EntryView[], id: string): SealedEntry[] {
  return entries
    .filter(({ entry }) => entry.event === 'sealed')
    .flatMap(({ seq, entry }) =>
      (entry.evidence ?? [])
        .filter((about) => about.id === id)
        .map(({ seal, payload_set: payloadSet }) => ({
          seq,
          seal,
          payloadSet,
          volumes: (entry.attachments ?? [])
            .map(({ name, sha256 }) => `${sha256}  ${name}`)
            .join('\n'),
        })),
    );
}

/** `ledger.sealed`: the ledger has exactly one entry that seals this evidence, and it names this very seal. */
function onRecord(id: string, seal: Seal | undefined, entries: readonly EntryView[]): Check {
  const found = sealedAs(entries, id);
  const [first] = found;
  const answer = (status: Check['status'], detail: string): Check => ({
    id: 'ledger.sealed',
    subject: `evidence/${id}`,
    status,
    detail,
  });
  if (first === undefined)
    return answer('fail', 'no ledger entry says that this evidence was sealed');
  const entry = `entry ${String(first.seq)}`;
  if (found.length > 1)
    return answer('fail', `${String(found.length)} ledger entries say that it was sealed`);
  if (seal === undefined)
    return answer('fail', `${entry} says that it was sealed, and its seal cannot be read`);
  if (first.seal !== seal.sha256)
    return answer('fail', `${entry} names another seal than the one that is here`);
  const volumes = seal.volumes
    .map(({ file, sha256 }) => `${sha256}  evidence/${id}/${file}`)
    .join('\n');
  if (first.payloadSet !== seal.payloadSetSha256 || first.volumes !== volumes) {
    return answer('fail', `${entry} names other volumes or another payload than the seal`);
  }
  return answer('pass', `${entry} names this seal and its volumes`);
}
