/** Time-stamps of ledger entries and checkpoints: judged one by one, and what they prove about the whole ledger. */
import type { Buffer } from 'node:buffer';
import { dirname, join, posix } from 'node:path';
import type { CasePaths } from '../bundle/layout.ts';
import type { Check } from '../core/check.ts';
import { sha256Hex } from '../core/digest.ts';
import { judgeStamps, provenBy, type StampAnswer } from '../stamps/judge.ts';
import type { TimeBounds } from '../stamps/ledger-times.ts';
import { namesIn } from '../stamps/names.ts';
import type { StampTrust } from '../stamps/trust.ts';
import { isSafeName } from './case-files.ts';
import { readRegular } from './files.ts';
import type { EntryView } from './read.ts';

/** A signed file of the ledger whose signature is good: an entry, or a checkpoint over entries 1 to `upTo`. */
export interface SignedUpTo {
  /** Relative to the case: `custody/00000003.json`. */
  readonly file: string;
  readonly upTo: number;
}

/** The answers, and the bounds for every entry's time. */
export interface LedgerStamps {
  readonly checks: readonly Check[];
  readonly bounds: TimeBounds;
}

/**
 * `ledger.timestamp`: one for each time-stamp in the ledger's folder. `ledger.timestamped`: the files that an entry of that
 * event names, the signature that was stamped among them, are there as it names them.
 * @param signed signed files of the ledger that hold.
 * @param entries all that could be read.
 */
export function ledgerStamps(
  paths: CasePaths,
  signed: readonly SignedUpTo[],
  entries: readonly EntryView[],
  trust: StampTrust,
): LedgerStamps {
  const names = namesIn(paths.custody);
  const checks: Check[] = [];
  const before: TimeBounds['before'][number][] = [];
  for (const { file, upTo } of signed) {
    const signature = `${posix.basename(file)}.p7s`;
    // Only a few of many entries have any.
    if (!names.some((name) => name.startsWith(`${signature}.tsr`))) continue;
    const bytes = readRegular(join(paths.custody, signature));
    if (bytes === undefined) continue;
    for (const answer of judgeStamps(paths.custody, names, signature, bytes, trust).stamps) {
      checks.push(
        check('ledger.timestamp', `custody/${answer.file}`, answer.status, answer.detail),
      );
      if (answer.stamp?.trusted === true) before.push({ upTo, proven: provenBy(answer.stamp) });
    }
  }
  const after: TimeBounds['after'][number][] = [];
  for (const { seq, file, entry } of entries) {
    if (entry.event !== 'timestamped') continue;
    const named = (entry.attachments ?? []).map((one) => ({
      ...one,
      bytes: read(paths, one.name),
    }));
    // What was stamped never changes either: nothing else tells of a checkpoint that is gone.
    const wrong = [...named, ...stampedFile(paths, entry.details)].filter(
      ({ bytes, sha256 }) => bytes === undefined || sha256Hex(bytes) !== sha256,
    );
    for (const { name } of wrong) {
      checks.push(check('ledger.timestamped', file, 'fail', `${name} is missing or has changed`));
    }
    if (wrong.length > 0) continue;
    checks.push(
      check('ledger.timestamped', file, 'pass', named.map(({ name }) => name).join(', ')),
    );
    for (const { name } of named) {
      const stamp = stampAt(paths, name, trust)?.stamp;
      if (stamp?.trusted !== true) continue;
      after.push({ from: seq, us: stamp.genTimeUs - stamp.accuracyUs, by: stamp.name });
    }
  }
  return { checks, bounds: { before, after } };
}

/** The signature that an entry says was stamped. */
function stampedFile(
  paths: CasePaths,
  details: EntryView['entry']['details'],
): { name: string; sha256: string; bytes: Buffer | undefined }[] {
  const [name, sha256] = [details?.['stamped'], details?.['stamped_sha256']];
  if (typeof name !== 'string' || typeof sha256 !== 'string') return [];
  return [{ name, sha256, bytes: read(paths, name) }];
}

/** The time-stamp in a file of the case; undefined when the name is not that of one. */
function stampAt(paths: CasePaths, name: string, trust: StampTrust): StampAnswer | undefined {
  const signed = /^(.+\.p7s)\.tsr(?:\.\d{1,3})?$/.exec(name)?.[1];
  const bytes = signed === undefined ? undefined : read(paths, signed);
  if (signed === undefined || bytes === undefined) return undefined;
  const folder = dirname(join(paths.dir, name));
  const names = [posix.basename(name)];
  return judgeStamps(folder, names, posix.basename(signed), bytes, trust).stamps[0];
}

function read(paths: CasePaths, name: string): Buffer | undefined {
  return isSafeName(name) ? readRegular(join(paths.dir, name)) : undefined;
}

function check(id: string, subject: string, status: Check['status'], detail: string): Check {
  return { id, subject, status, detail };
}
