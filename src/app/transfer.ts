/** Makes a transfer package: the sealed volumes and what belongs to them, encrypted for whoever receives them. */
import { createHash, type Hash } from 'node:crypto';
import { join } from 'node:path';
import { Chunks } from '../archive/chunks.ts';
import { evidencePaths } from '../bundle/layout.ts';
import { readSeal, type Seal } from '../bundle/seal.ts';
import type { Effects } from '../core/effects.ts';
import { ExhibitError } from '../core/errors.ts';
import type { Signer } from '../crypto/signer.ts';
import { readLedger } from '../custody/read.ts';
import { encrypt, type Lock } from '../transfer/age.ts';
import { caseArchive } from '../transfer/case-archive.ts';
import {
  CASE_FILE,
  LIST_FILE,
  LIST_SIGNATURE,
  OPEN_FILE,
  renderList,
  type ListedFile,
} from '../transfer/list.ts';
import { openText } from '../transfer/open-text.ts';
import { writePackage, type FileToPack } from '../transfer/package.ts';
import { openSigner, type Case } from './case.ts';
import { recordTransferOut, type Handover } from './custody-transfer.ts';
import { withLock } from './lock.ts';

/** What is sent, and to whom. */
export interface TransferRequest {
  /** Folder or `NAME.tar` to write; undefined: `transfer-<entry>` in the case folder. */
  readonly out: string | undefined;
  readonly lock: Lock;
  /** Name of the recipient, for the ledger. */
  readonly to: string;
  readonly organization?: string | undefined;
  /** SHA-256 of the certificate that the recipient must sign with; it must be one of the case's. */
  readonly certificate?: string | undefined;
  readonly reason?: string | undefined;
  /** Called as each file begins. */
  readonly onFile: (name: string) => void;
}

/** What was written. */
export interface TransferResult {
  readonly case: string;
  readonly package: string;
  readonly to: string;
  /** Number of the ledger entry that records it, and its hash: the new head. */
  readonly entry: number;
  readonly head: string;
  readonly files: readonly ListedFile[];
}

/**
 * Writes a package of all sealed evidence and records it as `transfer-out` with the hashes of the encrypted volumes. The
 * case's archive, which holds that entry, is encrypted after it; its hash stands in the signed list.
 * @throws ExhibitError `E_NOT_SEALED`, `E_TAMPERED` (a volume is not the one that was sealed), `E_EXISTS`, `E_WRITE`,
 *   `E_LOCKED`, and those of {@link openSigner}. A package that could not be finished is removed; if the entry was written
 *   already, the message says so.
 */
export async function exportTransfer(
  opened: Case,
  request: TransferRequest,
  fx: Effects,
): Promise<TransferResult> {
  return withLock(opened, fx, async () => {
    const seals = await sealsOf(opened);
    const signer = await openSigner(opened, fx);
    const next = readLedger(opened.paths.dir).length + 1;
    const out = request.out ?? join(opened.paths.dir, `transfer-${String(next)}`);
    const packing = new Packing(opened, signer, request, seals, fx);
    try {
      await writePackage(out, packing.files());
    } catch (error) {
      if (packing.handover !== undefined && error instanceof ExhibitError) {
        const recorded = `${error.message} (entry ${String(packing.handover.entry)} of the ledger records the transfer, and there is no package of it)`;
        const { where, hint, cause } = error;
        throw new ExhibitError(error.code, recorded, {
          ...(where === undefined ? {} : { where }),
          ...(hint === undefined ? {} : { hint }),
          cause,
        });
      }
      throw error;
    }
    const { case: id } = opened.info;
    const { entry, head } = packing.handover ?? { entry: 0, head: '' };
    return { case: id, package: out, to: request.to, entry, head, files: packing.listed };
  });
}

/** Every seal that the ledger knows, still the one that it knows. */
async function sealsOf(opened: Case): Promise<Seal[]> {
  const sealed = readLedger(opened.paths.dir)
    .filter(({ entry }) => entry.event === 'sealed')
    .flatMap(({ entry }) => entry.evidence ?? []);
  if (sealed.length === 0) {
    throw new ExhibitError('E_NOT_SEALED', 'the case has no sealed evidence to hand over', {
      hint: 'seal it first: exhibit seal EV-0001',
    });
  }
  const seals: Seal[] = [];
  for (const { id, seal: recorded } of sealed) {
    const file = evidencePaths(opened.paths, id).seal;
    const seal = await readSeal(file);
    if (seal.sha256 !== recorded || seal.evidenceId !== id) {
      throw new ExhibitError('E_TAMPERED', 'the seal is not the one that the ledger recorded', {
        where: { file },
        hint: 'run `exhibit verify`, which names everything that is wrong',
      });
    }
    seals.push(seal);
  }
  return seals.sort((a, b) => (a.evidenceId < b.evidenceId ? -1 : 1));
}

/** The files of one package, made one after the other. */
class Packing {
  readonly listed: ListedFile[] = [];
  handover: Handover | undefined;
  readonly #opened: Case;
  readonly #signer: Signer;
  readonly #request: TransferRequest;
  readonly #seals: readonly Seal[];
  readonly #fx: Effects;

  constructor(
    opened: Case,
    signer: Signer,
    request: TransferRequest,
    seals: readonly Seal[],
    fx: Effects,
  ) {
    this.#opened = opened;
    this.#signer = signer;
    this.#request = request;
    this.#seals = seals;
    this.#fx = fx;
  }

  async *files(): AsyncGenerator<FileToPack, undefined> {
    const { info, paths } = this.#opened;
    const { lock } = this.#request;
    const volumes = this.#seals
      .flatMap((seal) =>
        seal.volumes.map(({ file, sha256 }) => ({
          name: `${file}.age`,
          sha256,
          path: join(evidencePaths(paths, seal.evidenceId).folder, file),
        })),
      )
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const { name, sha256, path } of volumes) {
      const volume = await Chunks.open(path, 'auto', this.#fx.signal);
      try {
        yield* this.#encrypted(name, volume.size, sealedBytes(volume, sha256, path));
      } finally {
        await volume.close();
      }
    }
    const attachments = this.listed.map(({ name, sha256 }) => ({ name, sha256 }));
    const text = Buffer.from(openText(info.case, 'passphrase' in lock), 'utf8');
    yield* this.#hashed(OPEN_FILE, text.length, once(text));
    const { to, organization, certificate, reason } = this.#request;
    this.handover = await recordTransferOut(
      this.#opened,
      this.#fx,
      {
        to,
        organization,
        certificate,
        reason,
        attachments,
        details: { form: 'age', recipients: 'recipients' in lock ? lock.recipients : 'passphrase' },
      },
      this.#signer,
    );
    const archive = caseArchive(paths.dir, this.#fx.signal);
    yield* this.#encrypted(CASE_FILE, archive.size, archive.pieces());
    const list = Buffer.from(
      renderList({
        caseId: info.case,
        senderCertSha256: this.#signer.fingerprint,
        files: this.listed,
      }),
      'latin1',
    );
    yield plain(LIST_FILE, list);
    yield plain(LIST_SIGNATURE, this.#signer.sign(list, this.#fx.now() * 1000));
  }

  async *#encrypted(
    name: string,
    size: number,
    pieces: AsyncIterable<Uint8Array>,
  ): AsyncGenerator<FileToPack, undefined> {
    this.#request.onFile(name);
    const cipher = await encrypt(pieces, this.#request.lock);
    yield* this.#hashed(name, cipher.size(size), cipher.pieces);
  }

  async *#hashed(
    name: string,
    size: number,
    pieces: AsyncIterable<Uint8Array>,
  ): AsyncGenerator<FileToPack, undefined> {
    const hash = createHash('sha256');
    yield await Promise.resolve({ name, size, pieces: () => hashing(pieces, hash) });
    this.listed.push({ name, sha256: hash.digest('hex') });
  }
}

function plain(name: string, bytes: Buffer): FileToPack {
  return { name, size: bytes.length, pieces: () => once(bytes) };
}

async function* once(bytes: Buffer): AsyncGenerator<Uint8Array, undefined> {
  yield await Promise.resolve(bytes);
}

/** The same pieces, hashed on their way. */
async function* hashing(
  pieces: AsyncIterable<Uint8Array>,
  hash: Hash,
): AsyncGenerator<Uint8Array, undefined> {
  for await (const piece of pieces) {
    hash.update(piece);
    yield piece;
  }
}

/** A volume's bytes, and at their end the proof that they are those that were sealed. */
async function* sealedBytes(
  volume: Chunks,
  sha256: string,
  path: string,
): AsyncGenerator<Uint8Array, undefined> {
  for (let piece = await volume.next(); piece !== undefined; piece = await volume.next()) {
    // The encryption may still hold a piece when the next one is read into its place.
    yield Buffer.from(piece);
  }
  if ((await volume.sha256()) === sha256) return;
  throw new ExhibitError('E_TAMPERED', 'a volume is not the one that was sealed', {
    where: { file: path },
    hint: 'nothing was handed over; run `exhibit verify`, which names everything that is wrong',
  });
}
