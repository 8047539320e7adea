/** Time-stamps by others (RFC 3161): a request goes out, an answer comes back, and nothing already signed changes. */
import type { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { evidenceNo, evidencePaths } from '../bundle/layout.ts';
import { readSmallFile } from '../bundle/small-file.ts';
import { sha256Hex } from '../core/digest.ts';
import type { Effects } from '../core/effects.ts';
import { ExhibitError, isSystemError } from '../core/errors.ts';
import { formatUs } from '../core/time.ts';
import { readBundle } from '../crypto/chain.ts';
import { verifyForm } from '../crypto/cms-verify.ts';
import { pemText } from '../crypto/pem.ts';
import { encodeRequest, makeRequest, readRequest } from '../crypto/timestamp-request.ts';
import {
  MAX_RESPONSE_BYTES,
  nonceOf,
  verifyTimestamp,
  type Timestamp,
} from '../crypto/timestamp.ts';
import { checkpointFile, listLedger, realFiles } from '../custody/files.ts';
import { readLedger } from '../custody/read.ts';
import { makeFolder } from '../disk/durable.ts';
import { stampWords } from '../stamps/judge.ts';
import { namesIn, readSmall, stampName, stampNumbers } from '../stamps/names.ts';
import { stampTrust } from '../stamps/trust.ts';
import { openSigner, type Case } from './case.ts';
import { readGiven } from './given-file.ts';
import { appendEntry } from './ledger.ts';
import { withLock } from './lock.ts';

/** Largest signed file (custody/files.ts), and largest signature. */
const MAX_SIGNED_BYTES = 4 * 1024 * 1024;
const MAX_SIGNATURE_BYTES = 64 * 1024;
const MAX_REQUEST_BYTES = 4096;

/** A request that lies in the case. */
export interface RequestMade {
  /** Relative to the case: the signature to be stamped, and the request. */
  readonly signature: string;
  readonly request: string;
  /** Path of the request on this machine. */
  readonly path: string;
  /** SHA-256 of the signature, and the nonce, hex. */
  readonly sha256: string;
  readonly nonce: string;
}

/** A time-stamp that lies in the case. */
export interface StampAttached {
  readonly signature: string;
  /** Relative to the case. */
  readonly response: string;
  /** Certificates of the authority and above it, relative to the case. */
  readonly chain: string;
  /** What the signer claims and what the authority says, RFC 3339 UTC. */
  readonly claimed: string;
  readonly proven: string;
  /** Name of the authority: hostile text. */
  readonly authority: string;
  /** True if a root that was given vouches for the authority; otherwise nobody was asked. */
  readonly trusted: boolean;
  /** Number of the ledger entry. */
  readonly entry: number;
}

/** A signature of the case, which is what gets stamped: a broken key or hash later does not take the proof away. */
interface Target {
  readonly folder: string;
  /** Its file's name, and relative to the case. */
  readonly name: string;
  readonly file: string;
  readonly bytes: Buffer;
  /** Microseconds UTC. */
  readonly claimedUs: number;
  /** Set for a seal. */
  readonly evidence: string | undefined;
}

/**
 * Writes a request beside a signature; one that still waits for its answer is given again.
 * @param target `EV-0001`, `checkpoint` (the last one), or a signature's file.
 * @throws ExhibitError `E_NOT_SEALED`, `E_NOT_FOUND`, `E_USAGE`, `E_TAMPERED` for a signature that is not good, `E_LOCKED`.
 */
export async function requestTimestamp(
  opened: Case,
  target: string,
  fx: Effects,
): Promise<RequestMade> {
  return withLock(opened, fx, async () => {
    const signed = await findTarget(opened, target, fx);
    const names = namesIn(signed.folder);
    const answered = stampNumbers(names, signed.name, 'tsr');
    const asked = stampNumbers(names, signed.name, 'tsq');
    const waiting = asked.find((number) => !answered.includes(number));
    const name = stampName(signed.name, 'tsq', waiting ?? nextNumber([...asked, ...answered]));
    const path = join(signed.folder, name);
    let made = waiting === undefined ? undefined : readOwnRequest(path);
    if (made === undefined) {
      made = makeRequest(createHash('sha256').update(signed.bytes).digest());
      store(opened, path, encodeRequest(made));
    }
    return {
      signature: signed.file,
      request: `${dirname(signed.file)}/${name}`,
      path,
      sha256: made.digest.toString('hex'),
      nonce: made.nonce.toString(16),
    };
  });
}

/** What is brought to {@link attachTimestamp}: paths. */
export interface Answer {
  readonly response: string;
  /** Certificates between the authority and its root, to be kept in the case. */
  readonly chain: string | undefined;
  /** Roots that the person trusts; undefined: the authority is not judged. */
  readonly tsaTrust: string | undefined;
}

/**
 * Judges an authority's answer, stores it beside the signature and puts it on record.
 * @throws ExhibitError `E_TAMPERED` when it is not a good time-stamp of this signature or contradicts a clock; `E_EXISTS`
 *   when it is attached already; `E_READ`, `E_FORMAT` for the files; as {@link requestTimestamp} and `appendEntry` do.
 */
export async function attachTimestamp(
  opened: Case,
  target: string,
  answer: Answer,
  fx: Effects,
): Promise<StampAttached> {
  const response = await readGiven(answer.response, fx);
  const chain = answer.chain === undefined ? undefined : await readGiven(answer.chain, fx);
  const given = answer.tsaTrust === undefined ? undefined : await readGiven(answer.tsaTrust, fx);
  const trust = stampTrust(given, opened.paths.dir);
  const signer = await openSigner(opened, fx);
  return withLock(opened, fx, async () => {
    const signed = await findTarget(opened, target, fx);
    const number = requestFor(signed, response);
    const request = number === undefined ? undefined : readOwnRequest(requestPath(signed, number));
    const kept = chain === undefined ? undefined : readBundle(chain);
    const more = [...(kept?.others ?? []), ...(kept?.roots ?? [])];
    const verdict = verifyTimestamp(response, {
      stamped: signed.bytes,
      request,
      roots: trust.roots,
      between: [...trust.between, ...more],
    });
    if (!verdict.ok) throw refused(answer.response, verdict.reason);
    clockProblem(answer.response, signed, verdict, fx);

    const names = namesIn(signed.folder);
    const taken = stampNumbers(names, signed.name, 'tsr');
    const same = taken.find((one) =>
      readSmall(
        join(signed.folder, stampName(signed.name, 'tsr', one)),
        MAX_RESPONSE_BYTES,
      )?.equals(response),
    );
    const file = (name: string): string => `${dirname(signed.file)}/${name}`;
    if (same !== undefined && onRecord(opened, sha256Hex(response))) {
      throw new ExhibitError('E_EXISTS', 'this time-stamp is attached already', {
        where: { file: file(stampName(signed.name, 'tsr', same)) },
      });
    }
    const free =
      number !== undefined && !taken.includes(number)
        ? number
        : nextNumber([...taken, ...stampNumbers(names, signed.name, 'tsq')]);
    const slot = same ?? free;
    const stamp = stampName(signed.name, 'tsr', slot);
    const query = stampName(signed.name, 'tsq', slot);
    const certificates = new Set(
      [verdict.authority, ...verdict.certificates, ...more].map(({ x509 }) =>
        pemText('CERTIFICATE', x509.raw),
      ),
    );
    const pem = [...certificates].join('');
    const chainFile = `pki/tsa/${slug(verdict.name)}-${sha256Hex(pem).slice(0, 16)}-chain.pem`;
    store(opened, join(opened.paths.dir, chainFile), pem);
    // Request and answer bear the same number, also where one request went to two authorities.
    if (request !== undefined) store(opened, join(signed.folder, query), encodeRequest(request));
    store(opened, join(signed.folder, stamp), response);

    const attached = [
      { name: file(stamp), sha256: sha256Hex(response) },
      ...(request === undefined
        ? []
        : [{ name: file(query), sha256: sha256Hex(encodeRequest(request)) }]),
      { name: chainFile, sha256: sha256Hex(pem) },
    ];
    const { seq } = await appendEntry(opened, signer, fx, {
      event: 'timestamped',
      ...(signed.evidence === undefined ? {} : { evidence: [{ id: signed.evidence }] }),
      result: {
        ok: true,
        checks: [
          {
            id: 'timestamp',
            status: verdict.trusted ? 'pass' : 'not_checked',
            detail: `${signed.file}: ${stampWords(verdict)}`,
          },
        ],
      },
      attachments: attached,
      details: {
        stamped: signed.file,
        stamped_sha256: sha256Hex(signed.bytes),
        claimed: formatUs(signed.claimedUs),
        gen_time: formatUs(verdict.genTimeUs),
        accuracy_us: verdict.accuracyUs,
        authority: verdict.name,
        authority_cert: sha256Hex(verdict.authority.x509.raw),
        serial: verdict.serial,
        policy: verdict.policy,
      },
    });
    return {
      signature: signed.file,
      response: file(stamp),
      chain: chainFile,
      claimed: formatUs(signed.claimedUs),
      proven: formatUs(verdict.genTimeUs),
      authority: verdict.name,
      trusted: verdict.trusted,
      entry: seq,
    };
  });
}

/**
 * A time-stamp and the clocks that it lies between: what the signature claims is not later, and this machine's clock, which
 * goes into the ledger entry that names the stamp, is not earlier. Either would look like backdating for ever.
 */
function clockProblem(path: string, signed: Target, stamp: Timestamp, fx: Effects): void {
  if (signed.claimedUs > stamp.genTimeUs + stamp.accuracyUs) {
    const claim = formatUs(signed.claimedUs);
    throw refused(
      path,
      `the signature claims ${claim}, after the time-stamp of ${formatUs(stamp.genTimeUs)}`,
    );
  }
  const nowUs = fx.now() * 1000;
  // Entries claim whole seconds in their signatures.
  if (Math.floor(nowUs / 1_000_000) * 1_000_000 < stamp.genTimeUs - stamp.accuracyUs) {
    throw new ExhibitError(
      'E_TAMPERED',
      `this machine says it is ${formatUs(nowUs)}, before the time-stamp of ${formatUs(stamp.genTimeUs)}`,
      {
        where: { file: path },
        hint: 'set the clock of this machine, then attach the time-stamp again',
      },
    );
  }
}

async function findTarget(opened: Case, target: string, fx: Effects): Promise<Target> {
  const { paths } = opened;
  const path = await signaturePath(opened, target, fx);
  const file = relative(paths.dir, path).split(sep).join('/');
  const bytes = await readSmallFile(path, MAX_SIGNATURE_BYTES);
  const content = await readSmallFile(path.slice(0, -'.p7s'.length), MAX_SIGNED_BYTES);
  if (bytes === undefined || content === undefined) {
    const evidence = evidenceNo(target) !== undefined;
    throw new ExhibitError(
      evidence ? 'E_NOT_SEALED' : 'E_NOT_FOUND',
      evidence ? `there is no sealed evidence "${target}"` : `there is no signature "${target}"`,
      {
        where: { file },
        hint: 'name sealed evidence (EV-0001), `checkpoint`, or the .p7s file of a signature in this case',
      },
    );
  }
  const verdict = verifyForm(content, bytes);
  if (!verdict.ok) {
    throw new ExhibitError('E_TAMPERED', `it is not worth a time-stamp: ${verdict.reason}`, {
      where: { file },
      hint: 'run `exhibit verify` to see what differs',
    });
  }
  return {
    folder: dirname(path),
    name: basename(path),
    file,
    bytes,
    claimedUs: verdict.signingTimeUs,
    evidence: /^evidence\/(EV-\d{4})\/\1\.seal\.p7s$/.exec(file)?.[1],
  };
}

async function signaturePath(opened: Case, target: string, fx: Effects): Promise<string> {
  const { paths } = opened;
  if (evidenceNo(target) !== undefined) return evidencePaths(paths, target).signature;
  if (target === 'checkpoint') {
    const size = listLedger(paths.custody).checkpoints.at(-1);
    if (size !== undefined) return join(paths.custody, `${checkpointFile(size)}.p7s`);
    throw new ExhibitError('E_NOT_FOUND', 'the ledger has no checkpoint yet', {
      hint: 'make one with `exhibit custody checkpoint`',
    });
  }
  const named = resolve(fx.cwd, target.endsWith('.p7s') ? target : `${target}.p7s`);
  const [dir, real] = await Promise.all([
    realpath(paths.dir),
    realpath(named).catch((error: unknown) => {
      if (isSystemError(error)) return named;
      throw error;
    }),
  ]);
  const inside = relative(dir, real).split(sep);
  if (['custody', 'evidence', 'queries'].includes(inside[0] ?? ''))
    return join(paths.dir, ...inside);
  throw new ExhibitError('E_USAGE', `"${target}" is no signature of this case`, {
    hint: 'name sealed evidence (EV-0001), `checkpoint`, or a .p7s file below custody, evidence or queries',
  });
}

/** Number of the request that the answer repeats; undefined when the answer repeats none and needs none. */
function requestFor(signed: Target, response: Buffer): number | undefined {
  const nonce = nonceOf(response);
  if (nonce === undefined) return undefined;
  const numbers = stampNumbers(namesIn(signed.folder), signed.name, 'tsq');
  // Without any of its nonce the first one serves to say so.
  return (
    numbers.find((number) => readOwnRequest(requestPath(signed, number))?.nonce === nonce) ??
    numbers[0]
  );
}

function requestPath(signed: Target, number: number): string {
  return join(signed.folder, stampName(signed.name, 'tsq', number));
}

function readOwnRequest(path: string): ReturnType<typeof readRequest> | undefined {
  const bytes = readSmall(path, MAX_REQUEST_BYTES);
  try {
    return bytes === undefined ? undefined : readRequest(bytes);
  } catch {
    // Not one of ours: a new one takes the next number.
    return undefined;
  }
}

function onRecord(opened: Case, sha256: string): boolean {
  return readLedger(opened.paths.dir).some(
    ({ entry }) =>
      entry.event === 'timestamped' &&
      (entry.attachments ?? []).some((one) => one.sha256 === sha256),
  );
}

function nextNumber(numbers: readonly number[]): number {
  return Math.max(0, ...numbers) + 1;
}

/** Whole or not at all, never over another file; the same bytes under that name are as good. */
function store({ paths }: Case, path: string, data: Uint8Array | string): void {
  const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
  if (existsSync(path) && readSmall(path, bytes.length)?.equals(bytes) === true) return;
  makeFolder(dirname(path));
  makeFolder(paths.staging);
  const part = join(paths.staging, `.stamp-${basename(path)}`);
  realFiles.writeSynced(part, bytes);
  realFiles.moveNew(part, path);
  realFiles.syncFolder(dirname(path));
}

function refused(path: string, reason: string): ExhibitError {
  return new ExhibitError('E_TAMPERED', reason, {
    where: { file: path },
    hint: 'nothing was stored; ask the authority again with the request that lies beside the signature',
  });
}

/** An authority's name in a file's name. */
function slug(name: string): string {
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replace(/^-|-$/g, '');
  return plain === '' ? 'tsa' : plain;
}
