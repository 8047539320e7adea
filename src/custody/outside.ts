/** Checkpoints, in the case or kept elsewhere, and entries that somebody else holds a signed copy of. */
import type { X509Certificate } from 'node:crypto';
import type { Check } from '../core/check.ts';
import { sha256Hex } from '../core/digest.ts';
import { verifyForm } from '../crypto/cms-verify.ts';
import { parseCheckpoint } from './checkpoint.ts';
import { parseEntry } from './entry.ts';
import type { Anchored, LedgerShape } from './head.ts';
import { judgeIn, type Signers } from './signers.ts';

/** A signed file. */
export interface SignedFile {
  /** For messages. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Undefined: there is none. */
  readonly signature: Uint8Array | undefined;
}

/** Against what such a file is judged. */
export interface Ground {
  readonly shape: LedgerShape;
  /** The verifier's anchor; undefined when there is none to ask. */
  readonly root: X509Certificate | undefined;
  readonly signers: Signers;
}

/** Answer, and what the file anchors where it is good. */
export interface Judged {
  readonly check: Check;
  readonly anchored: Anchored | undefined;
}

/** `ledger.checkpoint`: signed by somebody entitled, of this case, and the root of what the ledger begins with. */
export function judgeCheckpoint(file: SignedFile, ground: Ground, id: string): Judged {
  const found = parseCheckpoint(file.bytes);
  if (found === undefined)
    return bad(id, file, 'it is not a checkpoint of type custody-checkpoint/1');
  const { shape } = ground;
  if (shape.caseId !== undefined && found.caseId !== shape.caseId) {
    return bad(id, file, `it is a checkpoint of another case: ${found.caseId}`);
  }
  const root = found.root.toString('hex');
  const size = String(found.size);
  if (found.size > shape.roots.length) {
    const here = `here are ${String(shape.roots.length)} with root ${shape.roots.at(-1) ?? 'none'}`;
    return bad(id, file, `CUT OFF: it counts ${size} entries with root ${root}; ${here}`);
  }
  const own = shape.roots[found.size - 1];
  if (own !== root) {
    return bad(
      id,
      file,
      `FORK: it counts ${size} entries with root ${root}; the first ${size} here have root ${own ?? ''}`,
    );
  }
  return signed(id, file, ground, found.size, `the first ${size} entries have its root ${root}`);
}

/** `ledger.anchor`: a checkpoint or an entry that was kept outside the case. */
export function judgeOutside(file: SignedFile, ground: Ground): Judged {
  const id = 'ledger.anchor';
  const parsed = parseEntry(file.bytes);
  if (!parsed.ok) return judgeCheckpoint(file, ground, id);
  const { entry } = parsed;
  const { shape } = ground;
  if (shape.caseId !== undefined && entry.case !== shape.caseId) {
    return bad(id, file, `it is an entry of another case: ${entry.case}`);
  }
  const hash = sha256Hex(file.bytes);
  const own = shape.hashes[entry.seq - 1];
  const seq = String(entry.seq);
  if (own === undefined) {
    const count = String(shape.hashes.length);
    return bad(
      id,
      file,
      `CUT OFF: it is entry ${seq} with hash ${hash}; here are ${count} entries`,
    );
  }
  if (own !== hash) {
    return bad(id, file, `FORK: it is entry ${seq} with hash ${hash}; entry ${seq} here is ${own}`);
  }
  return signed(id, file, ground, entry.seq, `entry ${seq} is in the ledger`);
}

function signed(id: string, file: SignedFile, ground: Ground, seq: number, good: string): Judged {
  if (file.signature === undefined) return bad(id, file, 'it has no signature beside it');
  const verdict = verifyForm(file.bytes, file.signature);
  if (!verdict.ok) return bad(id, file, verdict.reason);
  const { root, signers } = ground;
  const answer = (status: Check['status'], detail: string): Check => ({
    id,
    subject: file.name,
    status,
    detail,
  });
  if (root === undefined) {
    const check = answer('not_checked', `${good}; there is no usable root certificate`);
    return { check, anchored: undefined };
  }
  const signer = judgeIn(signers, { ...verdict, root, claimedUs: verdict.signingTimeUs, seq });
  if (signer.status === 'fail') return bad(id, file, signer.detail);
  const check = answer(signer.status, `${good}; ${signer.detail}`);
  return { check, anchored: signer.status === 'pass' ? { by: file.name, size: seq } : undefined };
}

function bad(id: string, file: SignedFile, detail: string): Judged {
  return { check: { id, subject: file.name, status: 'fail', detail }, anchored: undefined };
}
