/**
 * Handing a case over, as two entries that two people sign: `transfer-out` by whoever gives, `received` by whoever takes,
 * after hashing everything again. Each then holds the other's signature over the head of the ledger.
 *
 * `export transfer` and `receive` use both on packages: {@link recordTransferOut} with the encrypted files as `attachments`
 * before the case's folder is packed, and on the other side {@link receiveCase} on the unpacked case.
 */
import { join } from 'node:path';
import { canonicalLine, type CanonicalValue } from '../core/canonical.ts';
import type { Check } from '../core/check.ts';
import type { Effects } from '../core/effects.ts';
import { ExhibitError } from '../core/errors.ts';
import { terminalSafe } from '../core/text.ts';
import { formatUs } from '../core/time.ts';
import type { Signer } from '../crypto/signer.ts';
import { entryFile, type Entry, type EntryDraft, type EvidenceRef } from '../custody/entry.ts';
import { readLedgerFile, readRegular } from '../custody/files.ts';
import { placeEntry, unplacedEntry } from '../custody/finish.ts';
import { readLedger, type EntryView } from '../custody/read.ts';
import { addedKey } from '../custody/signers.ts';
import { replaceFile } from '../disk/durable.ts';
import { isThere } from '../disk/there.ts';
import { openSigner, type Case } from './case.ts';
import { appendEntry } from './ledger.ts';
import { MAX_WORDS, refuseWords } from './ledger-words.ts';
import { withLock } from './lock.ts';
import { raisePin, refuseRolledBack } from './pins.ts';
import { verify } from './verify.ts';

/** Who gets the case, and why. */
export interface HandoverRequest {
  /** Name of the recipient. */
  readonly to: string;
  readonly organization?: string | undefined;
  /** SHA-256 of the certificate that the recipient must sign with; it must be one of the case's. */
  readonly certificate?: string | undefined;
  readonly reason?: string | undefined;
  readonly place?: string | undefined;
  readonly authority?: EntryDraft['authority'] | undefined;
  /** Files that are handed over and are not in the case, such as encrypted volumes. */
  readonly attachments?: EntryDraft['attachments'];
  /** More figures for the entry. */
  readonly details?: EntryDraft['details'];
}

/** A recorded transfer. */
export interface Handover {
  readonly entry: number;
  /** SHA-256 of the `transfer-out` entry: the head that the recipient must find, told him by another way. */
  readonly head: string;
}

/**
 * Signs `transfer-out`, naming the recipient and the head of the ledger so far.
 * @throws ExhibitError `E_SIGNER` when the ledger does not know the recipient's certificate; `E_LOCKED`, `E_TAMPERED`.
 */
export async function recordTransferOut(
  opened: Case,
  fx: Effects,
  request: HandoverRequest,
  signer?: Signer,
): Promise<Handover> {
  return withLock(opened, fx, async () => {
    const entries = readLedger(opened.paths.dir);
    const { certificate } = request;
    if (
      certificate !== undefined &&
      certificate !== opened.info.examiner.certificate &&
      !entries.some(({ entry }) => addedKey(entry)?.certificate === certificate)
    ) {
      throw new ExhibitError('E_SIGNER', "the ledger does not know the recipient's certificate", {
        hint: 'add it first: exhibit custody key add --certificate CERT.pem --examiner NAME',
      });
    }
    const { to, organization, reason, place, authority, attachments } = request;
    const { seq, hash } = await appendEntry(opened, signer ?? (await openSigner(opened, fx)), fx, {
      event: 'transfer-out',
      counterparty: organization === undefined ? to : `${to} (${organization})`,
      evidence: sealedEvidence(entries),
      ...(reason === undefined ? {} : { reason }),
      ...(place === undefined ? {} : { place }),
      ...(authority === undefined ? {} : { authority }),
      ...(attachments === undefined ? {} : { attachments }),
      details: {
        ...request.details,
        head: entries.at(-1)?.hash ?? null,
        entries: entries.length,
        recipient: { name: to, organization, certificate },
      },
    });
    raisePin(opened, fx, false);
    return { entry: seq, head: hash };
  });
}

/** How a case is taken over. */
export interface ReceiveRequest {
  /** Path of the root certificate that the recipient trusts. */
  readonly trust?: string | undefined;
  /** Head that the sender told by another way. */
  readonly head?: string | undefined;
  /** Path of the roots of time-stamp authorities that the recipient trusts. */
  readonly tsaTrust?: string | undefined;
  /** Path of the recipient's private key; default as {@link openSigner}. */
  readonly key?: string | undefined;
  readonly place?: string | undefined;
  readonly reason?: string | undefined;
  /** The case is not taken; `reason` says why. */
  readonly refuse?: boolean;
  /** Folder (there already) for a copy of the signed entry, for the sender. */
  readonly receipt?: string | undefined;
  readonly details?: EntryDraft['details'];
  /** Answers of a verification that the caller has just made; default: everything is hashed and checked here. */
  readonly checks?: readonly Check[];
  readonly onVolume?: (file: string) => void;
  /** False: the caller remembers the ledger itself ({@link raisePin}), once the case is where it stays. Default true. */
  readonly remember?: boolean;
}

/** What was signed. */
export interface Received {
  readonly accepted: boolean;
  /** Number of the entry; null: the ledger is broken, and the refusal is a file of its own. */
  readonly entry: number | null;
  /** Head of the ledger now. */
  readonly head: string | null;
  readonly checks: readonly Check[];
  /** Files of the receipt. */
  readonly receipt: readonly string[];
}

/**
 * Hashes and checks everything again and signs `received`, accepted or refused. What this key has signed last of all is not
 * signed again: a run that was stopped then goes on with its entry, if that had not come to its place, and the receipt.
 * @throws ExhibitError `E_TAMPERED` when a check fails and nothing was refused: nothing is signed then; `E_NOT_FOUND` when
 *   nothing was handed over; `E_SIGNER` when this key is not the recipient's; those of {@link openSigner}.
 */
export async function receiveCase(
  opened: Case,
  fx: Effects,
  request: ReceiveRequest,
): Promise<Received> {
  const { reason, place } = request;
  // Before everything is hashed.
  refuseWords({
    event: 'received',
    ...(reason === undefined ? {} : { reason }),
    ...(place === undefined ? {} : { place }),
  });
  return withLock(opened, fx, async () => {
    const finished = await finishSigned(opened, fx, request);
    const checks = request.checks ?? (await checkAll(opened, fx, request));
    const failed = checks.filter(({ status }) => status === 'fail');
    if (failed.length > 0 && request.refuse !== true) throw notAsSent(failed);
    const signer = finished ?? (await signerOf(opened, fx, request));
    const draft = (transfer: EntryView | undefined): EntryDraft => ({
      event: 'received',
      ...(request.reason === undefined ? {} : { reason: request.reason }),
      ...(request.place === undefined ? {} : { place: request.place }),
      ...(transfer === undefined
        ? {}
        : {
            // Another program may have written anything there.
            counterparty: terminalSafe(transfer.entry.actor.name).slice(0, MAX_WORDS),
            ...(transfer.entry.evidence === undefined ? {} : { evidence: transfer.entry.evidence }),
          }),
      result: {
        ok: request.refuse !== true,
        checks: checks.map(({ id, status, subject, detail }) => ({
          id,
          status,
          detail: `${subject}: ${detail}`,
        })),
      },
      details: {
        ...request.details,
        accepted: request.refuse !== true,
        transfer: transfer?.seq ?? null,
        head: transfer?.hash ?? null,
      },
    });
    try {
      const before =
        request.receipt === undefined && finished === undefined
          ? undefined
          : signedBefore(opened, signer, request.refuse !== true);
      if (before !== undefined) refuseRolledBack(opened, fx);
      const { seq, hash } =
        before ??
        (await appendEntry(
          opened,
          signer,
          fx,
          draft(openTransfer(opened, signer, request.refuse === true)),
        ));
      if (request.remember !== false) raisePin(opened, fx, request.refuse !== true);
      return {
        accepted: request.refuse !== true,
        entry: seq,
        head: hash,
        checks,
        receipt: copyReceipt(opened, seq, request.receipt),
      };
    } catch (error) {
      const broken =
        error instanceof ExhibitError && (error.code === 'E_TAMPERED' || error.code === 'E_FORMAT');
      if (!broken || request.refuse !== true || request.receipt === undefined) throw error;
      return refuseOutside(opened, signer, fx, draft(undefined), request.receipt, checks);
    }
  });
}

async function signerOf(opened: Case, fx: Effects, { key }: ReceiveRequest): Promise<Signer> {
  return openSigner(opened, fx, key ?? fx.env['EXHIBIT_KEY']);
}

/**
 * Puts the same word of this key, which a stopped run had signed, in its place in the ledger. Nothing is made anew, so a
 * ledger whose last entry was taken away stays what it is.
 * @returns the signer, if there was such an entry.
 */
async function finishSigned(
  opened: Case,
  fx: Effects,
  request: ReceiveRequest,
): Promise<Signer | undefined> {
  // Answers that were given before are about the ledger as it is.
  const entry = request.checks === undefined && unplacedEntry(opened.paths, opened.info.case);
  if (entry === undefined || entry === false || entry.event !== 'received') return undefined;
  const signer = await signerOf(opened, fx, request);
  if (!isWord(entry, signer, request.refuse !== true)) return undefined;
  placeEntry(opened.paths, entry);
  fx.err.write(`exhibit: finished entry ${String(entry.seq)}, which a stopped run had signed\n`);
  return signer;
}

async function checkAll(
  opened: Case,
  fx: Effects,
  request: ReceiveRequest,
): Promise<readonly Check[]> {
  const { checks } = await verify(
    {
      caseDir: opened.paths.dir,
      target: undefined,
      trust: request.trust,
      tsaTrust: request.tsaTrust,
      head: request.head,
      deep: true,
      onVolume: ({ file }) => request.onVolume?.(file),
    },
    fx,
  );
  return checks;
}

function notAsSent(failed: readonly Check[]): ExhibitError {
  const names = [...new Set(failed.map(({ id }) => id))].join(', ');
  const [first] = failed;
  return new ExhibitError(
    'E_TAMPERED',
    `what arrived is not what was sent: ${names}${first === undefined ? '' : ` (${first.subject}: ${first.detail})`}`,
    {
      hint: 'nothing was signed; to put the refusal on record: exhibit custody receive --refuse --reason TEXT',
    },
  );
}

/** The newest `transfer-out` that nobody has answered. */
function openTransfer(opened: Case, signer: Signer, refused: boolean): EntryView {
  const entries = readLedger(opened.paths.dir);
  const answered = new Set(
    entries.map(({ entry }) => (entry.event === 'received' ? entry.details?.['transfer'] : 0)),
  );
  const transfer = entries.findLast(
    ({ seq, entry }) => entry.event === 'transfer-out' && !answered.has(seq),
  );
  if (transfer === undefined) {
    throw new ExhibitError('E_NOT_FOUND', 'nobody has handed this case over', {
      hint: 'the sender signs first: exhibit custody transfer --to NAME',
    });
  }
  const recipient = transfer.entry.details?.['recipient'];
  const named =
    typeof recipient === 'object' && recipient !== null && 'certificate' in recipient
      ? recipient['certificate']
      : undefined;
  if (named !== undefined && named !== signer.fingerprint) {
    throw new ExhibitError(
      'E_SIGNER',
      `entry ${String(transfer.seq)} names another recipient than the owner of this key`,
      {
        hint: "sign with the recipient's key: --key FILE or EXHIBIT_KEY",
      },
    );
  }
  if (!refused && signer.fingerprint === transfer.entry.actor.cert) {
    throw new ExhibitError('E_SIGNER', 'the recipient cannot be the one who handed the case over', {
      hint: "sign with the recipient's key: --key FILE or EXHIBIT_KEY",
    });
  }
  return transfer;
}

/** The ledger's last entry, if it is the signer's word on the transfer, and the same. */
function signedBefore({ paths }: Case, signer: Signer, accepted: boolean): EntryView | undefined {
  const last = readLedger(paths.dir).at(-1);
  return last !== undefined && isWord(last.entry, signer, accepted) ? last : undefined;
}

function isWord(entry: Entry, { fingerprint }: Signer, accepted: boolean): boolean {
  const { event, actor, details } = entry;
  return event === 'received' && actor.cert === fingerprint && details?.['accepted'] === accepted;
}

function copyReceipt({ paths }: Case, seq: number, folder: string | undefined): string[] {
  if (folder === undefined) return [];
  const names = [entryFile(seq), `${entryFile(seq)}.p7s`];
  for (const name of names) {
    putReceipt(folder, name, readLedgerFile(join(paths.custody, name)));
  }
  return names;
}

/** A ledger that is broken takes no entry: the refusal is signed as a file of its own. */
function refuseOutside(
  opened: Case,
  signer: Signer,
  fx: Effects,
  draft: EntryDraft,
  folder: string,
  checks: readonly Check[],
): Received {
  const atUs = fx.now() * 1000;
  const name =
    opened.info.examiner.certificate === signer.fingerprint ? opened.info.examiner.name : undefined;
  const bytes = canonicalLine({
    type: 'custody-refusal/1',
    case: opened.info.case,
    at: formatUs(atUs),
    actor: { name, cert: signer.fingerprint },
    reason: draft.reason,
    checks: checks
      .filter(({ status }) => status === 'fail')
      .map(({ id, status, subject, detail }) => ({ id, status, subject, detail })),
  } satisfies CanonicalValue);
  const names = ['refusal.json', 'refusal.json.p7s'] as const;
  putReceipt(folder, names[0], bytes);
  putReceipt(folder, names[1], signer.sign(bytes, atUs));
  return { accepted: false, entry: null, head: null, checks, receipt: names };
}

/** Whole or not at all, and never over another file. */
function putReceipt(folder: string, name: string, bytes: Uint8Array): void {
  const file = join(folder, name);
  if (!isThere(file)) {
    replaceFile(file, bytes, folder);
  } else if (readRegular(file)?.equals(bytes) !== true) {
    throw new ExhibitError('E_EXISTS', 'the file is there already and is not overwritten', {
      where: { file },
      hint: 'give another folder',
    });
  }
}

/** Everything that was sealed, as the entries name it. */
function sealedEvidence(entries: readonly EntryView[]): EvidenceRef[] {
  return entries.flatMap(({ entry }) => (entry.event === 'sealed' ? (entry.evidence ?? []) : []));
}
