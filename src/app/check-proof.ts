/** Checks a proof that was handed over without its case. Everything in the folder may be hostile. */
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { X509Certificate } from 'node:crypto';
import { Buffer } from 'node:buffer';
import type { Check } from '../core/check.ts';
import type { Effects } from '../core/effects.ts';
import { ExhibitError, isSystemError } from '../core/errors.ts';
import { verifyForm } from '../crypto/cms-verify.ts';
import { fingerprint, readCertificate, rootProblem } from '../crypto/trust.ts';
import { parseCheckpoint, type Checkpoint } from '../custody/checkpoint.ts';
import { parseEntry, type Entry } from '../custody/entry.ts';
import { readRegular } from '../custody/files.ts';
import { PROOF_LIST, revocationList } from '../custody/revocation-list.ts';
import { continues, includes, parseProof, type Proof } from '../custody/proof.ts';
import { judgeIn, type Signers } from '../custody/signers.ts';
import { readBrought } from './brought-file.ts';

/** The verdict: `ok` unless a check failed. */
export interface ProofVerdict {
  readonly ok: boolean;
  readonly checks: readonly Check[];
}

/** What the verifier trusts, as paths. */
export interface ProofTrust {
  /** Root certificate of the case. */
  readonly trust?: string | undefined;
  /** Certificate of a signer whom the root did not issue one, known from elsewhere. */
  readonly signer?: string | undefined;
}

/**
 * Checks the proof in a folder. Bad files are failed checks.
 * @throws ExhibitError `E_READ`, `E_FORMAT` when a certificate that was brought is unusable.
 */
export async function checkProof(
  folder: string,
  fx: Effects,
  trust: ProofTrust,
): Promise<ProofVerdict> {
  const dir = resolve(fx.cwd, folder);
  const root =
    trust.trust === undefined ? undefined : await certificate(resolve(fx.cwd, trust.trust));
  const problem = root === undefined ? undefined : rootProblem(root);
  if (problem !== undefined) {
    throw new ExhibitError(
      'E_FORMAT',
      `the certificate given with --trust cannot be trusted: ${problem}`,
    );
  }
  const known =
    trust.signer === undefined ? undefined : await certificate(resolve(fx.cwd, trust.signer));
  const list = revocationList(dir, root, PROOF_LIST);
  const signers: Signers = {
    vouched: new Map(known === undefined ? [] : [[fingerprint(known), 0]]),
    revocations: list.revocations,
  };
  const given = [trust.trust, trust.signer].map((path) => path && resolve(fx.cwd, path));
  const checker = new Checker(dir, root ?? known, signers);
  const checks = [...list.checks, ...checker.all()];
  // After a check that failed, files may not have been reached: then that check is what there is to say.
  if (checks.every(({ status }) => status !== 'fail')) {
    const judged = new Set([...checker.read, PROOF_LIST]);
    for (const name of namesIn(dir)) {
      if (judged.has(name) || given.includes(join(dir, name))) continue;
      checks.push({ id: 'proof.files', subject: name, status: 'fail', detail: UNREAD });
    }
  }
  return { ok: checks.every(({ status }) => status !== 'fail'), checks };
}

const UNREAD = 'no part of this proof: nothing was checked of it';

/** In bytewise order; none where there is no folder, which the missing proof says by itself. */
function namesIn(dir: string): readonly string[] {
  try {
    return readdirSync(dir).sort();
  } catch (error) {
    if (isSystemError(error)) return [];
    throw error;
  }
}

async function certificate(file: string): Promise<X509Certificate> {
  return readCertificate(await readBrought(file, 'the certificate'), file);
}

class Checker {
  /** Names of the files whose bytes were looked at. */
  readonly read = new Set<string>();
  readonly #dir: string;
  readonly #root: X509Certificate | undefined;
  readonly #signers: Signers;
  readonly #checks: Check[] = [];

  constructor(dir: string, root: X509Certificate | undefined, signers: Signers) {
    this.#dir = dir;
    this.#root = root;
    this.#signers = signers;
  }

  all(): readonly Check[] {
    const proof = this.#proof('proof.txt');
    const checkpoint = this.#checkpoint('checkpoint.txt');
    if (proof === undefined || checkpoint === undefined) return this.#checks;
    this.#judge(
      'proof.case',
      'proof.txt',
      proof.caseId === checkpoint.caseId
        ? undefined
        : 'proof and checkpoint are of different cases',
      `case ${checkpoint.caseId}`,
    );
    if (proof.kind === 'consistency') this.#consistency(proof, checkpoint);
    else if (proof.kind === 'inclusion') this.#inclusion(proof, checkpoint);
    else this.#judge('proof.form', 'proof.txt', 'it is a proof of a record, not of an entry', '');
    return this.#checks;
  }

  #consistency(proof: Proof, checkpoint: Checkpoint): void {
    const old = this.#checkpoint('old-checkpoint.txt');
    if (old === undefined) return;
    const good = old.caseId === checkpoint.caseId && continues(proof, old, checkpoint);
    this.#judge(
      'proof.consistency',
      'proof.txt',
      good ? undefined : 'it does not lead from the old checkpoint to the new one',
      `the first ${String(old.size)} of ${String(checkpoint.size)} entries are those of the old checkpoint`,
    );
  }

  #inclusion(proof: Proof, checkpoint: Checkpoint): void {
    const bytes = this.#read('entry.json');
    const parsed = bytes === undefined ? undefined : parseEntry(bytes);
    if (bytes === undefined || parsed?.ok !== true) {
      this.#judge(
        'proof.entry',
        'entry.json',
        'it is not a custody entry of type custody-entry/1',
        '',
      );
      return;
    }
    const { entry } = parsed;
    const claimed = proof.kind === 'inclusion' ? proof.number : 0;
    const odd =
      entry.case !== checkpoint.caseId
        ? 'it is of another case than the checkpoint'
        : entry.seq !== claimed
          ? 'it is another entry than the proof speaks of'
          : undefined;
    this.#judge('proof.entry', 'entry.json', odd, `entry ${String(entry.seq)}: ${entry.event}`);
    this.#signature('entry.json', bytes, entry.actor.cert);
    this.#judge(
      'proof.inclusion',
      'proof.txt',
      includes(proof, bytes, checkpoint)
        ? undefined
        : "it does not lead from the entry to the checkpoint's root",
      `the entry is number ${String(claimed)} of ${String(checkpoint.size)}`,
    );
    if (this.#read('record.txt') !== undefined || this.#read('record-proof.txt') !== undefined) {
      this.#record(entry, checkpoint.caseId);
    }
  }

  #record(entry: Entry, caseId: string): void {
    const data = this.#read('record.txt');
    const proof = this.#proof('record-proof.txt');
    if (proof === undefined) return;
    const size = entry.details?.['records'];
    const root = entry.details?.['records_root'];
    const known = typeof size === 'number' && typeof root === 'string';
    const good =
      known &&
      data !== undefined &&
      proof.kind === 'record' &&
      proof.caseId === caseId &&
      includes(proof, data, { size, root: Buffer.from(root, 'hex') });
    this.#judge(
      'proof.record',
      'record.txt',
      good ? undefined : 'it is not one of the records whose root the entry holds',
      `the record is one of the ${String(known ? size : 0)} that the entry counts`,
    );
  }

  #proof(name: string): Proof | undefined {
    const bytes = this.#read(name);
    const proof = bytes === undefined ? undefined : parseProof(bytes);
    const problem = bytes === undefined ? 'missing' : 'it is not a proof of type custody-proof/1';
    this.#judge('proof.form', name, proof === undefined ? problem : undefined, 'custody-proof/1');
    return proof;
  }

  #checkpoint(name: string): Checkpoint | undefined {
    const bytes = this.#read(name);
    const found = bytes === undefined ? undefined : parseCheckpoint(bytes);
    if (bytes === undefined || found === undefined) {
      this.#judge(
        'proof.checkpoint',
        name,
        'it is not a checkpoint of type custody-checkpoint/1',
        '',
      );
      return undefined;
    }
    this.#judge('proof.checkpoint', name, undefined, `${String(found.size)} entries`);
    this.#signature(name, bytes, undefined);
    return found;
  }

  #signature(name: string, bytes: Uint8Array, named: string | undefined): void {
    const signature = this.#read(`${name}.p7s`);
    if (signature === undefined) {
      this.#judge('proof.signature', name, 'it has no signature', '');
      return;
    }
    const verdict = verifyForm(bytes, signature);
    if (!verdict.ok) {
      this.#judge('proof.signature', name, verdict.reason, '');
      return;
    }
    const other =
      named === undefined || named === verdict.fingerprint
        ? undefined
        : 'it is signed by another certificate than it names';
    this.#judge('proof.signature', name, other, `by certificate sha256 ${verdict.fingerprint}`);
    if (this.#root === undefined) {
      const detail = `nobody vouches for the signer: give --trust ROOT.pem from a source outside this folder`;
      this.#checks.push({ id: 'proof.signer', subject: name, status: 'not_checked', detail });
      return;
    }
    const { status, detail } = judgeIn(this.#signers, {
      ...verdict,
      root: this.#root,
      claimedUs: verdict.signingTimeUs,
    });
    this.#checks.push({ id: 'proof.signer', subject: name, status, detail });
  }

  #read(name: string): Buffer | undefined {
    const bytes = readRegular(join(this.#dir, name));
    if (bytes !== undefined) this.read.add(name);
    return bytes;
  }

  #judge(id: string, subject: string, problem: string | undefined, good: string): void {
    const status = problem === undefined ? 'pass' : 'fail';
    this.#checks.push({ id, subject, status, detail: problem ?? good });
  }
}
