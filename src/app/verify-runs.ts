/**
 * The recorded runs of a case, CASE/queries/Q-nnnn: is each the run that its signed record and the ledger speak of? Whether
 * the query gives the same answer again is for `query replay` to say.
 */
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import type { X509Certificate } from 'node:crypto';
import type { CasePaths } from '../bundle/layout.ts';
import type { Check, CheckStatus } from '../core/check.ts';
import { verifyForm } from '../crypto/cms-verify.ts';
import { readRegular } from '../custody/files.ts';
import type { EntryView } from '../custody/read.ts';
import { judgeIn, type Signers } from '../custody/signers.ts';
import { parseRun, RUN_FILES, runNumber, type RunRecord } from '../query/run-record.ts';
import { namesIn } from '../stamps/names.ts';
import { hashRegular } from './hash-file.ts';

/** What is known of the case, for judging what lies beside its ledger. */
export interface CaseGround {
  readonly paths: CasePaths;
  readonly caseId: string | undefined;
  readonly entries: readonly EntryView[];
  readonly signers: Signers;
  /** The verifier's anchor; undefined without a usable root. */
  readonly anchor: X509Certificate | undefined;
  readonly signal: AbortSignal;
}

/**
 * `query.files`, `query.signature`, `query.signer` and `ledger.query`: one line for all runs that are good, and one for each
 * that is not; nothing where there never was a run.
 */
export async function runChecks(ground: CaseGround): Promise<Check[]> {
  const { paths, entries } = ground;
  const here = namesIn(paths.queries);
  const recorded = recordedRuns(entries);
  const ids = here.filter((name) => runNumber(name) !== undefined);
  if (here.length === 0 && recorded.size === 0) return [];
  const found: Check[] = [];
  for (const id of ids) found.push(...(await oneRun(ground, id, recorded.get(id) ?? [])));
  for (const [id, known] of recorded) {
    if (here.includes(id)) continue;
    const detail = `entry ${String(known[0]?.seq)} names it, and it is not here: a package for somebody else leaves runs at home`;
    found.push(check('ledger.query', `queries/${id}`, 'not_checked', detail));
  }
  for (const name of here) {
    if (ids.includes(name)) continue;
    const detail = /^\.Q-\d{4,9}\.part$/.test(name)
      ? 'a stopped run left it: nothing vouches for it, and the next run removes it'
      : 'it is no run, and nothing vouches for it';
    found.push(check('query.files', `queries/${name}`, 'not_checked', detail));
  }
  const good = `${String(ids.length)} ${ids.length === 1 ? 'run' : 'runs'}`;
  return IDS.flatMap(([id, words]) => {
    const open = found.filter((one) => one.id === id && one.status !== 'pass');
    const passed = found.some((one) => one.id === id && one.status === 'pass');
    const pass =
      passed && open.length === 0 ? [check(id, 'queries', 'pass', `${good}, ${words}`)] : [];
    return [...few(open), ...pass];
  });
}

/** Answers to one question: the bad ones first, and no more than a person reads. */
export function few(checks: readonly Check[]): readonly Check[] {
  if (checks.length <= MAX_NAMED) return checks;
  const failed = checks.filter(({ status }) => status === 'fail');
  const all = [...failed, ...checks.filter(({ status }) => status !== 'fail')];
  const [next] = all.slice(MAX_NAMED);
  if (next === undefined) return checks;
  const detail = `and ${String(all.length - MAX_NAMED - 1)} more like it: ${next.detail}`;
  return [...all.slice(0, MAX_NAMED), { ...next, detail }];
}

/** A hostile case could have a million. */
const MAX_NAMED = 50;

const IDS = [
  ['query.files', 'each with exactly its files, as its record names them'],
  ['query.signature', 'each record signed by the certificate that it names'],
  ['query.signer', 'each signer issued by the root or vouched for, valid then and not revoked'],
  ['ledger.query', 'each with the hashes that its ledger entry names'],
] as const;

/** An entry that names a run: its number, and the hashes of the files. */
interface Recorded {
  readonly seq: number;
  readonly files: ReadonlyMap<string, string>;
}

function recordedRuns(entries: readonly EntryView[]): ReadonlyMap<string, readonly Recorded[]> {
  const runs = new Map<string, Recorded[]>();
  for (const { seq, entry } of entries) {
    const id = entry.event === 'query' ? entry.details?.['run_id'] : undefined;
    if (typeof id !== 'string' || runNumber(id) === undefined) continue;
    const files = new Map((entry.attachments ?? []).map(({ name, sha256 }) => [name, sha256]));
    runs.set(id, [...(runs.get(id) ?? []), { seq, files }]);
  }
  return runs;
}

async function oneRun(
  ground: CaseGround,
  id: string,
  recorded: readonly Recorded[],
): Promise<Check[]> {
  const { paths, caseId, signal } = ground;
  const subject = `queries/${id}`;
  const folder = join(paths.queries, id);
  const isFolder = lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() === true;
  const names = namesIn(folder);
  const hashes = new Map<string, string | undefined>();
  for (const name of RUN_FILES) {
    hashes.set(
      name,
      names.includes(name) ? await hashRegular(join(folder, name), signal) : undefined,
    );
  }
  const bytes = readRegular(join(folder, 'run.json'));
  const record = bytes === undefined ? undefined : parseRun(bytes);
  const own = record?.run_id === id && (caseId === undefined || record.case === caseId);
  const problems = isFolder
    ? [
        ...names
          .filter((name) => !RUN_FILES.some((one) => one === name))
          .map((name) => `${JSON.stringify(name)} is no file of a run`),
        ...RUN_FILES.filter((name) => !names.includes(name)).map((name) => `${name} is missing`),
        ...(names.includes('run.json') && !own ? ['run.json is not the record of this run'] : []),
        ...(record === undefined || !own ? [] : differing(record, hashes)),
      ]
    : ['it is no folder'];
  return [
    problems.length === 0
      ? check('query.files', subject, 'pass', '')
      : check('query.files', subject, 'fail', problems.slice(0, 10).join('; ')),
    ...signatureChecks(ground, subject, own ? bytes : undefined, record, recorded[0]?.seq),
    onRecord(subject, recorded, hashes),
  ];
}

/** Files that are not those of the record. */
function differing(
  { core: { query, result } }: RunRecord,
  hashes: ReadonlyMap<string, string | undefined>,
): string[] {
  const expected = {
    'query.sql': query.sql_sha256,
    'params.json': query.params_sha256,
    'result.jsonl': result.ordered_sha256,
    'result.csv': result.csv_sha256,
  };
  return Object.entries(expected)
    .filter(([name, hash]) => hashes.has(name) && hashes.get(name) !== hash)
    .map(([name]) => `${name} is not the file that run.json names`);
}

function signatureChecks(
  { paths, signers, anchor }: CaseGround,
  subject: string,
  bytes: Uint8Array | undefined,
  record: RunRecord | undefined,
  seq: number | undefined,
): Check[] {
  const file = `${subject}/run.json.p7s`;
  const signature = readRegular(join(paths.dir, file));
  const open = (why: string): Check[] => [check('query.signer', file, 'not_checked', why)];
  if (bytes === undefined || record === undefined) {
    const detail = 'there is no record that it could be the signature of';
    return [check('query.signature', file, 'not_checked', detail), ...open(detail)];
  }
  const verdict =
    signature === undefined
      ? ({ ok: false, reason: 'the signature is missing' } as const)
      : verifyForm(bytes, signature);
  if (!verdict.ok) {
    return [
      check('query.signature', file, 'fail', verdict.reason),
      ...open('there is no good signature'),
    ];
  }
  const { fingerprint, certificate, signingTimeUs: claimedUs } = verdict;
  const named = fingerprint === record.signer_cert_sha256;
  const signed = named
    ? check('query.signature', file, 'pass', '')
    : check('query.signature', file, 'fail', 'made with another certificate than the record names');
  if (anchor === undefined) return [signed, ...open('there is no usable root certificate')];
  const answer = judgeIn(signers, { fingerprint, certificate, root: anchor, claimedUs, seq });
  return [signed, check('query.signer', file, answer.status, answer.detail)];
}

function onRecord(
  subject: string,
  recorded: readonly Recorded[],
  hashes: ReadonlyMap<string, string | undefined>,
): Check {
  const id = 'ledger.query';
  const [first] = recorded;
  if (first === undefined) {
    const detail = 'no ledger entry names this run: only its own signature vouches for it';
    return check(id, subject, 'not_checked', detail);
  }
  if (recorded.length > 1) {
    const detail = `${String(recorded.length)} ledger entries name this run`;
    return check(id, subject, 'fail', detail);
  }
  const wrong = [...hashes]
    .filter(([name, hash]) => first.files.get(`${subject}/${name}`) !== hash)
    .map(([name]) => name);
  const entry = `entry ${String(first.seq)}`;
  return wrong.length === 0
    ? check(id, subject, 'pass', '')
    : check(id, subject, 'fail', `${entry} names other files: ${wrong.join(', ')}`);
}

function check(id: string, subject: string, status: CheckStatus, detail: string): Check {
  return { id, subject, status, detail };
}
