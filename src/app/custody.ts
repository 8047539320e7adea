/** The ledger as a person asks for it: shown, verified, added to, compared, its tree's root signed. */
import { createHash } from 'node:crypto';
import { Buffer } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, relative, resolve, sep } from 'node:path';
import { casePaths } from '../bundle/layout.ts';
import type { Check } from '../core/check.ts';
import type { Effects } from '../core/effects.ts';
import { ExhibitError } from '../core/errors.ts';
import type { Appended } from '../custody/append.ts';
import { compareLedgers, type Comparison } from '../custody/compare.ts';
import { writeCheckpoint } from '../custody/checkpoint-write.ts';
import type { EntryDraft } from '../custody/entry.ts';
import { rootWords, shortHex } from '../custody/paper.ts';
import { readLedger, type EntryView } from '../custody/read.ts';
import { verifyLedger } from '../custody/verify.ts';
import { broughtFrom } from './brought.ts';
import { caseRoot, openCase, openSigner, type Case } from './case.ts';
import { appendEntry } from './ledger.ts';
import { withLock } from './lock.ts';
import { raisePin, refuseRolledBack } from './pins.ts';
import { readBrought } from './brought-file.ts';

/** What `custody verify` answers. */
export interface CustodyVerdict {
  /** No check failed; those that could not be put are named in `checks`. */
  readonly ok: boolean;
  readonly checks: readonly Check[];
  readonly entries: number;
  /** SHA-256 of the last entry: what is written on paper. */
  readonly head: string | null;
  /** Root of the tree over all entries, and its short forms for paper. */
  readonly root: string | null;
  readonly short: string | null;
  readonly words: string | null;
}

/** What a verifier brings, as paths. */
export interface Brought {
  readonly trust?: string | undefined;
  /** Roots of time-stamp authorities. */
  readonly tsaTrust?: string | undefined;
  readonly head?: string | undefined;
  readonly anchors?: readonly string[];
  /** Remember the case on this machine when nothing fails. */
  readonly pin?: boolean;
}

/** Every entry in order, as stored. @throws ExhibitError `E_FORMAT`. */
export function custodyLog({ paths }: Case): readonly EntryView[] {
  return readLedger(paths.dir);
}

/**
 * Verifies the ledger. A good answer raises this machine's pin of the case, where it has one or is asked to.
 * @throws ExhibitError `E_USAGE`, `E_FORMAT` or `E_READ` when something that was brought is unusable.
 */
export async function custodyVerify(
  caseDir: string,
  fx: Effects,
  brought: Brought,
): Promise<CustodyVerdict> {
  const report = verifyLedger(caseDir, {
    ...(brought.trust === undefined
      ? {}
      : { trust: await readBrought(brought.trust, 'a certificate file') }),
    ...(brought.tsaTrust === undefined
      ? {}
      : { tsaTrust: await readBrought(brought.tsaTrust, 'a certificate file') }),
    ...(brought.head === undefined ? {} : { head: brought.head }),
    ...(await broughtFrom(casePaths(caseDir), fx, brought.anchors)),
  });
  const ok = report.checks.every(({ status }) => status !== 'fail');
  if (ok) raisePin(await openCase(caseDir), fx, brought.pin === true);
  const root = report.shape.roots.at(-1);
  return {
    ok,
    checks: report.checks,
    entries: report.entries.length,
    head: report.head ?? null,
    root: root ?? null,
    short: root === undefined ? null : shortHex(Buffer.from(root, 'hex')),
    words: root === undefined ? null : rootWords(Buffer.from(root, 'hex')),
  };
}

/** Events that a person adds by hand. */
export const ADDED_EVENTS = ['note', 'copied', 'disposed', 'correction'] as const;

/** What a person puts on record. */
export interface AddRequest {
  readonly event: (typeof ADDED_EVENTS)[number];
  readonly reason: string;
  readonly place?: string | undefined;
  readonly counterparty?: string | undefined;
  readonly authority?: EntryDraft['authority'] | undefined;
  readonly evidence?: readonly string[];
  /** Paths of files that are hashed; they stay where they are. */
  readonly attach?: readonly string[];
  readonly corrects?: number | undefined;
}

/**
 * Appends an entry.
 * @throws ExhibitError `E_USAGE`, `E_NOT_FOUND` (evidence or entry that is not there), `E_READ`, `E_LOCKED`, `E_TAMPERED`.
 */
export async function custodyAdd(
  opened: Case,
  fx: Effects,
  request: AddRequest,
): Promise<Appended> {
  return withLock(opened, fx, async () => {
    const { event, reason, place, counterparty, authority, corrects } = request;
    const entries = readLedger(opened.paths.dir);
    if ((event === 'correction') !== (corrects !== undefined)) {
      throw new ExhibitError(
        'E_USAGE',
        'a correction says which entry it corrects, and nothing else does',
        {
          hint: 'give --corrects NUMBER with the event correction',
        },
      );
    }
    if (
      corrects !== undefined &&
      !(Number.isSafeInteger(corrects) && corrects >= 1 && corrects <= entries.length)
    ) {
      throw new ExhibitError('E_NOT_FOUND', `the ledger has no entry ${String(corrects)}`);
    }
    const evidence = (request.evidence ?? []).map((id) => evidenceOf(entries, id));
    const attachments = [];
    for (const path of request.attach ?? [])
      attachments.push(await attachment(opened, resolve(fx.cwd, path)));
    const appended = await appendEntry(opened, await openSigner(opened, fx), fx, {
      event,
      reason,
      ...(place === undefined ? {} : { place }),
      ...(counterparty === undefined ? {} : { counterparty }),
      ...(authority === undefined ? {} : { authority }),
      ...(corrects === undefined ? {} : { corrects }),
      ...(evidence.length === 0 ? {} : { evidence }),
      ...(attachments.length === 0 ? {} : { attachments }),
    });
    raisePin(opened, fx, false);
    return appended;
  });
}

function evidenceOf(
  entries: readonly EntryView[],
  id: string,
): NonNullable<EntryDraft['evidence']>[number] {
  const found = entries
    .flatMap(({ entry }) => (entry.event === 'sealed' ? (entry.evidence ?? []) : []))
    .find((one) => one.id === id);
  if (found !== undefined) return found;
  throw new ExhibitError('E_NOT_FOUND', `no evidence "${id}" was sealed in this case`);
}

/** A file inside the case is named by its place there, any other by its name alone: no path of a machine is signed. */
async function attachment(
  { paths }: Case,
  path: string,
): Promise<{ name: string; sha256: string }> {
  const facts = await stat(path).catch((cause: unknown) => {
    throw new ExhibitError('E_READ', 'the file cannot be read', { where: { file: path }, cause });
  });
  if (!facts.isFile()) throw new ExhibitError('E_READ', 'it is no file', { where: { file: path } });
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  const inside = relative(paths.dir, path).split(sep).join('/');
  const name = inside.startsWith('../') || inside.startsWith('/') ? basename(path) : inside;
  return { name, sha256: hash.digest('hex') };
}

/** A signed root. */
export interface CheckpointResult {
  readonly case: string;
  readonly size: number;
  readonly root: string;
  /** Relative to the case. */
  readonly file: string;
  /** For paper. */
  readonly short: string;
  readonly words: string;
  /** It was there already. */
  readonly existed: boolean;
}

/**
 * Signs the root of the tree over all entries.
 * @throws ExhibitError `E_TAMPERED` when the ledger is broken, or goes on otherwise than an earlier checkpoint says.
 */
export async function custodyCheckpoint(opened: Case, fx: Effects): Promise<CheckpointResult> {
  return withLock(opened, fx, async () => {
    refuseRolledBack(opened, fx);
    const signer = await openSigner(opened, fx);
    const root = await caseRoot(opened);
    const made = writeCheckpoint(opened.paths, opened.info.case, {
      signer,
      root,
      atUs: fx.now() * 1000,
    });
    raisePin(opened, fx, false);
    return {
      case: opened.info.case,
      size: made.size,
      root: made.root.toString('hex'),
      file: `custody/${made.file}`,
      short: shortHex(made.root),
      words: rootWords(made.root),
      existed: made.existed,
    };
  });
}

/**
 * Compares two copies of a ledger.
 * @param other another case folder, or a `custody` folder's parent.
 */
export async function custodyCompare(
  caseDir: string,
  other: string,
  trust: string | undefined,
): Promise<Comparison> {
  const given =
    trust === undefined ? {} : { trust: await readBrought(trust, 'a certificate file') };
  const { info } = await openCase(other);
  await openCase(caseDir);
  return compareLedgers(caseDir, other, given, info.case);
}
