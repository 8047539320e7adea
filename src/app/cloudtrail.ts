/** `cloudtrail validate`: AWS's own witness, from the sealed bytes alone. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalLine } from '../core/canonical.ts';
import { sha256Hex } from '../core/digest.ts';
import type { Effects } from '../core/effects.ts';
import { ExhibitError } from '../core/errors.ts';
import { formatUs } from '../core/time.ts';
import { replaceTrailVerdicts } from '../db/trail-verdicts.ts';
import { replaceFile } from '../disk/durable.ts';
import { readPublicKeys, type TrailKeys } from '../witness/public-keys.ts';
import { validateTrails } from '../witness/validate.ts';
import type { DigestCounts, LogCounts, NotBefore, TrailReport } from '../witness/verdict.ts';
import { openSigner, type Case } from './case.ts';
import { readTrails, type FoundTrails, type ReadAmount } from './cloudtrail-read.ts';
import { periodText, validationRows } from './cloudtrail-rows.ts';
import { appendEntry } from './ledger.ts';
import { withLock } from './lock.ts';
import { readKeyFiles } from './public-keys.ts';

/** Options of {@link validateCloudTrail}. Times are microseconds UTC. */
export interface ValidateOptions {
  readonly from?: number;
  readonly to?: number;
  /** ListPublicKeys answers given by the verifier instead of those in the evidence. */
  readonly publicKeys?: readonly string[];
  /** Put the result into the database and on record in the ledger. */
  readonly record: boolean;
  /** Called for each file that is read, and at the end of each volume. */
  readonly onRead?: (at: ReadAmount) => void;
}

/** Where the public keys came from; keys among the evidence are the evidence's own claim and prove nothing. */
type KeyOrigin = 'given' | 'acquisition' | 'evidence' | 'none';

/** The report, where the keys came from, and what became of it. */
export interface ValidateResult extends TrailReport {
  readonly keys: { readonly origin: KeyOrigin; readonly fingerprints: readonly string[] };
  readonly evidence: readonly string[];
  /** `absent`, `outdated`: there is no database that could take the result; `not_asked`: nothing is recorded. */
  readonly database: 'written' | 'absent' | 'outdated' | 'not_asked';
}

/** The newest recorded result, relative to the case folder. */
export const VALIDATION_FILE = join('report', 'cloudtrail-validation.json');

/**
 * Validates the digest chains in all sealed evidence.
 * @throws ExhibitError `E_USAGE` (the window ends before it begins), `E_NOT_SEALED` (no sealed evidence), `E_TAMPERED`
 *   (a seal or volume is not the signed one), `E_FORMAT` (a given file holds no public keys), `E_READ`, `E_LOCKED`.
 */
export async function validateCloudTrail(
  target: Case,
  fx: Effects,
  options: ValidateOptions,
): Promise<ValidateResult> {
  const { from, to } = options;
  if (from !== undefined && to !== undefined && from > to) {
    throw new ExhibitError('E_USAGE', 'the window ends before it begins', {
      hint: 'give --from the earlier time and --to the later one',
    });
  }
  const given = (await readKeyFiles(options.publicKeys ?? [], fx))?.keys;
  const found = await readTrails(target, fx.signal, options.onRead ?? (() => undefined));
  const { keys, origin } = chooseKeys(given, found);
  const report = validateTrails({
    ...{ digests: found.digests, logs: found.logs, keys, uncollected: found.uncollected },
    ...{ window: { from, to }, keysFromEvidence: origin === 'evidence', sealedAt: found.sealedAt },
  });
  const fingerprints = [...keys.byFingerprint.keys()].sort();
  const result = { ...report, keys: { origin, fingerprints }, evidence: found.evidence };
  const database = options.record ? await record(target, fx, result, options) : 'not_asked';
  return { ...result, database };
}

// The verifier's keys count alone; then those that the collection fetched; those that lie among the logs come last, and
// what they verify stays unproven.
function chooseKeys(
  given: TrailKeys | undefined,
  { acquiredKeys, foundKeys }: FoundTrails,
): { readonly keys: TrailKeys; readonly origin: KeyOrigin } {
  if (given !== undefined) return { keys: given, origin: 'given' };
  const acquired = readPublicKeys(acquiredKeys);
  if (acquired.byFingerprint.size > 0) return { keys: acquired, origin: 'acquisition' };
  const keys = readPublicKeys([...acquiredKeys, ...foundKeys]);
  return { keys, origin: keys.byFingerprint.size > 0 ? 'evidence' : 'none' };
}

// The file first, then the database, the ledger last: only what the ledger vouches for is shown by a report.
async function record(
  target: Case,
  fx: Effects,
  result: Omit<ValidateResult, 'database'>,
  { from, to }: ValidateOptions,
): Promise<'written' | 'absent' | 'outdated'> {
  const signer = await openSigner(target, fx);
  const { ok, proven, digests, logs, keys, evidence, findings, periods, notBefore } = result;
  const bytes = canonicalLine({
    type: 'cloudtrail-validation/1',
    case: target.info.case,
    evidence,
    asked: {
      from: from === undefined ? null : formatUs(from),
      to: to === undefined ? null : formatUs(to),
    },
    ...{ ok, proven },
    digests: { ...digests },
    logs: { ...logs },
    keys: { origin: keys.origin, fingerprints: keys.fingerprints },
    not_before: notBefore.map((one) => ({ ...notBeforeText(one) })),
    periods: periods.map((period) => ({ ...periodText(period) })),
    findings: findings.map((finding) => ({ ...finding })),
  });
  const sha256 = sha256Hex(bytes);
  return withLock(target, fx, async () => {
    await mkdir(target.paths.report, { recursive: true });
    replaceFile(join(target.paths.dir, VALIDATION_FILE), bytes, target.paths.report);
    const rows = validationRows(result, {
      ...{ resultSha256: sha256, evidence, from, to, keys: keys.origin },
    });
    const database = replaceTrailVerdicts(target.paths.database, rows);
    await appendEntry(target, signer, fx, {
      event: 'verified',
      reason: 'CloudTrail log file integrity validation',
      evidence: evidence.map((id) => ({ id })),
      // A verdict that rests on something unproven is none: what was found says the check.
      result: { ok: proven, checks: [ledgerCheck(result)] },
      attachments: [{ name: VALIDATION_FILE, sha256 }],
      details: {
        ...{ digests: { ...digests }, logs: { ...logs }, public_keys: keys.origin },
        not_before: notBefore.map((one) => ({ ...notBeforeText(one) })),
      },
    });
    return database;
  });
}

// As `verify` has it: nothing is passed that was not proven.
function ledgerCheck({ ok, proven, digests, logs, keys }: Omit<ValidateResult, 'database'>): {
  readonly id: string;
  readonly status: 'pass' | 'fail' | 'not_checked';
  readonly detail: string;
} {
  const count = (of: LogCounts | DigestCounts, what: string): string =>
    `${String(of.total)} ${what}: ${String(of.valid)} valid, ${String(of.invalid)} invalid, ${String(of.missing)} missing, ${String(of.unproven)} unproven`;
  return {
    id: 'cloudtrail.chain',
    status: proven ? 'pass' : ok ? 'not_checked' : 'fail',
    detail: `${count(digests, 'digests')}; ${count(logs, 'logs')}, ${String(logs.uncovered)} named by no digest; public keys: ${keys.origin}`,
  };
}

/** A lower bound as `--json` and the result file have it. */
export function notBeforeText({ evidence, at, digest }: NotBefore): {
  readonly evidence: string;
  readonly time: string;
  readonly digest: string;
} {
  return { evidence, time: formatUs(at), digest };
}
