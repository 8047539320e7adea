/** Names inside a case folder (docs/bundle-format.md). Pure: joins only, nothing is opened. */
import { join } from 'node:path';

/** Paths of one case. */
export interface CasePaths {
  readonly dir: string;
  readonly caseJson: string;
  readonly verifyTxt: string;
  readonly trustTxt: string;
  readonly rootPem: string;
  readonly chainPem: string;
  readonly signers: string;
  readonly keys: string;
  readonly evidence: string;
  readonly staging: string;
  readonly custody: string;
  readonly queries: string;
  readonly report: string;
  readonly database: string;
  readonly lock: string;
}

/** Paths of the case in `dir`. */
export function casePaths(dir: string): CasePaths {
  return {
    dir,
    caseJson: join(dir, 'case.json'),
    verifyTxt: join(dir, 'VERIFY.txt'),
    trustTxt: join(dir, 'TRUST.txt'),
    rootPem: join(dir, 'pki', 'root.pem'),
    chainPem: join(dir, 'pki', 'chain.pem'),
    signers: join(dir, 'pki', 'signers'),
    keys: join(dir, 'keys'),
    evidence: join(dir, 'evidence'),
    staging: join(dir, 'staging'),
    custody: join(dir, 'custody'),
    queries: join(dir, 'queries'),
    report: join(dir, 'report'),
    database: join(dir, 'case.db'),
    lock: join(dir, '.lock'),
  };
}

/** `EV-0001` for 1. */
export function evidenceId(evidenceNo: number): string {
  return `EV-${String(evidenceNo).padStart(4, '0')}`;
}

/** The number of an evidence id, or undefined if it is none. */
export function evidenceNo(id: string): number | undefined {
  const match = /^EV-(\d{4})$/.exec(id);
  return match?.[1] === undefined || match[1] === '0000' ? undefined : Number(match[1]);
}

/** Paths of one evidence item. */
export interface EvidencePaths {
  readonly folder: string;
  readonly seal: string;
  readonly signature: string;
  /** The collection before it is sealed. */
  readonly staging: string;
}

/** Paths of an evidence item of a case. */
export function evidencePaths(paths: CasePaths, id: string): EvidencePaths {
  const folder = join(paths.evidence, id);
  return {
    folder,
    seal: join(folder, `${id}.seal`),
    signature: join(folder, `${id}.seal.p7s`),
    staging: join(paths.staging, id),
  };
}
