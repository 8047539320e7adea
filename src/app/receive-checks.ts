/** What a recipient can ask about a transfer package: is it whole, who made it, does the ledger know of it. */
import { createHash } from 'node:crypto';
import type { Check } from '../core/check.ts';
import { ExhibitError } from '../core/errors.ts';
import { verifyForm } from '../crypto/cms-verify.ts';
import type { EntryView } from '../custody/read.ts';
import {
  LIST_FILE,
  LIST_SIGNATURE,
  MAX_LIST_BYTES,
  parseList,
  volumeOf,
  type TransferList,
} from '../transfer/list.ts';
import { readPackage } from '../transfer/package.ts';

/** What lies in a package before any of it was believed. */
export interface Inventory {
  /** SHA-256 of each file. */
  readonly hashes: ReadonlyMap<string, string>;
  readonly list: Buffer | undefined;
  readonly signature: Buffer | undefined;
}

/** Hashes every file of a package. @throws ExhibitError as `readPackage` does. */
export async function inventory(path: string, signal: AbortSignal): Promise<Inventory> {
  const hashes = new Map<string, string>();
  const small = new Map<string, Buffer>();
  await readPackage(
    path,
    async ({ name, pieces }) => {
      const hash = createHash('sha256');
      const kept: Buffer[] = [];
      let size = 0;
      const keep = name === LIST_FILE || name === LIST_SIGNATURE;
      for await (const piece of pieces) {
        hash.update(piece);
        size += piece.length;
        if (keep && size <= MAX_LIST_BYTES) kept.push(Buffer.from(piece));
      }
      if (keep && size > MAX_LIST_BYTES) {
        throw new ExhibitError('E_FORMAT', `${name} is larger than any file of its kind`, {
          where: { file: path },
        });
      }
      if (keep) small.set(name, Buffer.concat(kept));
      else hashes.set(name, hash.digest('hex'));
    },
    signal,
  );
  return { hashes, list: small.get(LIST_FILE), signature: small.get(LIST_SIGNATURE) };
}

/**
 * The list of a package.
 * @throws ExhibitError `E_UNFINISHED` if there is none, `E_FORMAT`.
 */
export function listOf(path: string, { list: bytes }: Inventory): TransferList {
  if (bytes !== undefined) return parseList(bytes, LIST_FILE);
  throw new ExhibitError('E_UNFINISHED', `the package has no ${LIST_FILE}`, {
    where: { file: path },
    hint: 'it was not finished, or not carried whole: ask the sender',
  });
}

/** What a package lacks, has too much of, or holds in another form than listed; undefined if nothing. */
export function inventoryProblem(list: TransferList, { hashes }: Inventory): string | undefined {
  const listed = new Set(list.files.map(({ name }) => name));
  const problems = [
    ...list.files.flatMap(({ name, sha256 }) => {
      const is = hashes.get(name);
      if (is === undefined) return [`${name} is missing`];
      return is === sha256 ? [] : [`${name} is not the file that was sent (sha256 ${is})`];
    }),
    ...[...hashes.keys()]
      .filter((name) => !listed.has(name))
      .map((name) => `${name} is not in the list`),
  ];
  if (problems.length === 0) return undefined;
  const more = problems.length > 10 ? ` and ${String(problems.length - 10)} more` : '';
  return `${problems.slice(0, 10).join('; ')}${more}`;
}

/**
 * `transfer.files`, `transfer.signature` and `transfer.ledger`: is the package whole, who made its list, and does the ledger
 * know of these ciphertexts. Whether that hand may sign for the case is judged on the ledger.
 */
export function transferChecks(
  list: TransferList,
  found: Inventory,
  entries: readonly EntryView[],
): Check[] {
  const check = (id: string, status: Check['status'], detail: string): Check => ({
    id,
    subject: LIST_FILE,
    status,
    detail,
  });
  const { list: bytes, signature } = found;
  const problem = inventoryProblem(list, found);
  const whole = `${String(list.files.length)} files with the hashes of the list`;
  const checks = [
    problem === undefined
      ? check('transfer.files', 'pass', whole)
      : check('transfer.files', 'fail', problem),
  ];
  const sender = list.senderCertSha256;
  const sent = entries.findLast(({ entry }) => entry.event === 'transfer-out');
  if (sender === undefined || bytes === undefined) {
    const detail = 'the list is not signed: its hashes show damage, not intent';
    checks.push(
      signature === undefined
        ? check('transfer.signature', 'not_checked', detail)
        : check(
            'transfer.signature',
            'fail',
            'the list does not name the certificate that signed it',
          ),
    );
  } else {
    const verdict =
      signature === undefined
        ? ({ ok: false, reason: 'the signature is missing' } as const)
        : verifyForm(bytes, signature);
    const flaw = !verdict.ok
      ? verdict.reason
      : verdict.fingerprint !== sender
        ? `it was made with another certificate (sha256 ${verdict.fingerprint}) than the list names`
        : sent?.entry.actor.cert === sender
          ? undefined
          : 'whoever signed the list did not sign the transfer in the ledger';
    checks.push(
      flaw === undefined
        ? check('transfer.signature', 'pass', `by certificate sha256 ${sender}`)
        : check('transfer.signature', 'fail', flaw),
    );
  }
  checks.push(ledgerCheck(list, sent, check));
  return checks;
}

function ledgerCheck(
  list: TransferList,
  sent: EntryView | undefined,
  check: (id: string, status: Check['status'], detail: string) => Check,
): Check {
  const id = 'transfer.ledger';
  if (sent === undefined) {
    return check(id, 'not_checked', 'no entry of the ledger says that the case was handed over');
  }
  const entry = `entry ${String(sent.seq)}`;
  const { attachments } = sent.entry;
  if (attachments === undefined) {
    return check(id, 'not_checked', `${entry} does not say which files were handed over`);
  }
  const lines = attachments.map(({ name, sha256 }) => `${sha256}  ${name}`);
  const volumes = list.files
    .filter(({ name }) => volumeOf(name) !== undefined)
    .map(({ name, sha256 }) => `${sha256}  ${name}`);
  return lines.join('\n') === volumes.join('\n')
    ? check(id, 'pass', `${entry} hands over these very files`)
    : check(id, 'fail', `${entry} hands over other files than these`);
}
