/**
 * What else lies in a case: reports and other files that ledger entries vouch for, certificates, and whatever nobody vouches
 * for. The last is named, not failed: it is no part of the case, but whoever gets the folder should know that.
 */
import type { X509Certificate } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { evidenceNo } from '../bundle/layout.ts';
import type { Check, CheckStatus } from '../core/check.ts';
import { ExhibitError } from '../core/errors.ts';
import { fingerprint, issuanceProblem, readCertificate } from '../crypto/trust.ts';
import { isSafeName } from '../custody/case-files.ts';
import type { Entry, EntryEvent } from '../custody/entry.ts';
import { readRegular } from '../custody/files.ts';
import { isThere } from '../disk/there.ts';
import { namesIn } from '../stamps/names.ts';
import { hashRegular } from './hash-file.ts';
import { instructionsOf } from './instructions.ts';
import { MAX_LOCK_BYTES } from './lock.ts';
import { few, type CaseGround } from './verify-runs.ts';

/** The newest entry that may name a file, and does. */
interface Vouched {
  readonly seq: number;
  readonly event: EntryEvent;
  readonly signer: string;
  readonly sha256: string;
  /** Hashes that earlier entries named. */
  readonly earlier: ReadonlyMap<string, number>;
}

/**
 * `trust.signers`, `report.files`, `ledger.attachments`, `case.database` and `case.files`, each where there is something to
 * say.
 */
export async function restChecks(ground: CaseGround): Promise<Check[]> {
  const vouched = vouchedFiles(ground);
  return [
    ...few(await signerFiles(ground, vouched)),
    ...few(await reportFiles(ground, vouched)),
    ...few(await attachedFiles(ground, vouched)),
    ...(namesIn(ground.paths.dir).includes('case.db') ? [DATABASE] : []),
    ...oldInstructions(ground),
    ...few(await strangers(ground, vouched)),
  ];
}

/** VERIFY.txt is written once, when a case is opened: commands that were mended since are not in it. */
function oldInstructions({ paths, entries }: CaseGround): Check[] {
  const subject = 'VERIFY.txt';
  const first = entries[0]?.entry;
  const here = readRegular(paths.verifyTxt);
  // Whether it is still the file that opened the case, ledger.case_files says.
  const now = instructionsOf(paths.dir);
  if (first === undefined || here === undefined || now === undefined) return [];
  if (here.toString('utf8') === now) return [];
  const { name, version, hash } = first.tool;
  const by = `the ${name} ${version} that opened the case (tool hash ${hash.slice(0, 16)})`;
  const detail = `its commands are those of ${by}; this one's may ask more: exhibit verify --instructions prints them`;
  return [check('case.instructions', subject, 'not_checked', detail)];
}

function vouchedFiles({ entries }: CaseGround): ReadonlyMap<string, Vouched> {
  const all = new Map<string, Vouched>();
  for (const { seq, entry } of entries) {
    for (const { name, sha256 } of entry.attachments ?? []) {
      if (!mayName(entry, name)) continue;
      const before = all.get(name);
      const earlier = new Map(before?.earlier);
      if (before !== undefined) earlier.set(before.sha256, before.seq);
      all.set(name, { seq, event: entry.event, signer: entry.actor.name, sha256, earlier });
    }
  }
  return all;
}

/** A note of somebody who may sign does not make another certificate or report the good one. */
function mayName({ event }: Entry, name: string): boolean {
  if (name.startsWith('pki/signers/')) return event === 'opened' || event === 'key-added';
  const writtenBy = REPORTS.get(name);
  return writtenBy === undefined || event === writtenBy;
}

/** Files that exhibit itself writes into report/, and the event that tells of it. */
const REPORTS: ReadonlyMap<string, EntryEvent> = new Map([
  ['report/report.html', 'export'],
  ['report/report.json', 'export'],
  ['report/cloudtrail-validation.json', 'verified'],
]);

/** Certificates: each one that an entry names is there, unchanged, and no other, but what the root itself issued. */
async function signerFiles(
  { paths, anchor, signal }: CaseGround,
  vouched: ReadonlyMap<string, Vouched>,
): Promise<Check[]> {
  const id = 'trust.signers';
  const folder = 'pki/signers';
  const here = namesIn(paths.signers);
  const named = [...vouched.keys()].filter((name) => name.startsWith(`${folder}/`));
  const missing = named.filter((name) => !here.includes(name.slice(folder.length + 1)));
  const found = missing.map((name) => check(id, name, 'fail', 'missing'));
  for (const name of here) {
    const subject = `${folder}/${name}`;
    const known = vouched.get(subject);
    const path = join(paths.signers, name);
    const hash = await hashRegular(path, signal);
    if (hash !== undefined && !isNamedAfter(path, name)) {
      found.push(check(id, subject, 'fail', 'not the certificate that its name says'));
      continue;
    }
    if (known?.sha256 === hash && hash !== undefined) continue;
    if (known !== undefined) {
      const detail = `not the certificate that entry ${String(known.seq)} names`;
      found.push(check(id, subject, 'fail', detail));
      continue;
    }
    const issued = anchor !== undefined && isIssued(path, anchor);
    found.push(
      issued
        ? check(id, subject, 'not_checked', ISSUED)
        : check(id, subject, 'fail', 'no ledger entry vouches for this file'),
    );
  }
  if (found.length > 0) return found;
  const good = `${String(here.length)} ${here.length === 1 ? 'certificate' : 'certificates'}, each as a ledger entry names it`;
  return [check(id, folder, 'pass', good)];
}

const ISSUED =
  'issued by the root, but no ledger entry names it; a `custody key add` that was stopped leaves such a one and its key: both may be removed';

/** The name of a certificate's file is its SHA-256. */
function isNamedAfter(path: string, name: string): boolean {
  const certificate = certificateAt(path);
  return certificate !== undefined && name === `${fingerprint(certificate)}.pem`;
}

function isIssued(path: string, root: NonNullable<CaseGround['anchor']>): boolean {
  const certificate = certificateAt(path);
  return certificate !== undefined && issuanceProblem(certificate, root) === undefined;
}

function certificateAt(path: string): X509Certificate | undefined {
  const bytes = readRegular(path);
  if (bytes === undefined) return undefined;
  try {
    return readCertificate(bytes, path);
  } catch (error) {
    if (error instanceof ExhibitError) return undefined;
    throw error;
  }
}

async function reportFiles(
  { paths, signal }: CaseGround,
  vouched: ReadonlyMap<string, Vouched>,
): Promise<Check[]> {
  const id = 'report.files';
  const here = namesIn(paths.report);
  const found: Check[] = [];
  let good = 0;
  for (const name of here) {
    const subject = `report/${name}`;
    const answer = compare(
      vouched.get(subject),
      await hashRegular(join(paths.report, name), signal),
    );
    const known = vouched.get(subject);
    if (answer.status === 'pass') good += 1;
    else found.push(check(id, subject, answer.status, answer.detail));
    if (answer.status !== 'pass' || known === undefined || REPORTS.has(subject)) continue;
    const by = `entry ${String(known.seq)} (${known.event}, signed by ${known.signer}) names it, and it is no report of exhibit`;
    found.push(check(id, subject, 'pass', by));
  }
  for (const [name, { seq }] of vouched) {
    if (!name.startsWith('report/') || here.includes(name.slice('report/'.length))) continue;
    const detail = `entry ${String(seq)} names it, and it is not here: a package for somebody else leaves reports at home`;
    found.push(check(id, name, 'not_checked', detail));
  }
  if (good > 0 && found.every(({ status }) => status !== 'fail')) {
    const files = `${String(good)} ${good === 1 ? 'file' : 'files'}`;
    found.push(
      check(id, 'report', 'pass', `${files}, as the newest ledger entry about each names it`),
    );
  }
  return found;
}

/** Files that other entries vouch for: what was attached to notes, transfers and so on, and lies in the case. */
async function attachedFiles(
  { paths, signal }: CaseGround,
  vouched: ReadonlyMap<string, Vouched>,
): Promise<Check[]> {
  const id = 'ledger.attachments';
  const found: Check[] = [];
  let good = 0;
  for (const [name, known] of vouched) {
    // The others have checks of their own, or are names of files that never lay in the case.
    if (!name.includes('/') || OWN_CHECKS.test(name) || !isSafeName(name)) continue;
    if (!isThere(join(paths.dir, name))) {
      const detail = `entry ${String(known.seq)} attached it, and it is not here`;
      found.push(check(id, name, 'not_checked', detail));
      continue;
    }
    const answer = compare(known, await hashRegular(join(paths.dir, name), signal));
    if (answer.status === 'pass') good += 1;
    else found.push(check(id, name, answer.status, answer.detail));
  }
  if (good > 0 && found.every(({ status }) => status !== 'fail')) {
    const files = `${String(good)} ${good === 1 ? 'file' : 'files'}`;
    found.push(check(id, 'custody', 'pass', `${files}, as the entries that attach them name them`));
  }
  return found;
}

const OWN_CHECKS = /^(?:evidence|queries|report|pki|custody)\//;

function compare(
  known: Vouched | undefined,
  hash: string | undefined,
): { readonly status: CheckStatus; readonly detail: string } {
  if (known === undefined) {
    return { status: 'not_checked', detail: 'no ledger entry vouches for this file' };
  }
  const entry = `entry ${String(known.seq)}`;
  if (hash === known.sha256) return { status: 'pass', detail: '' };
  if (hash === undefined) {
    return { status: 'fail', detail: `${entry} names it, and no regular file is here` };
  }
  const older = known.earlier.get(hash);
  const what = older === undefined ? '' : `, but the older one that entry ${String(older)} names`;
  return { status: 'fail', detail: `not the file that ${entry} names${what}` };
}

/** Everything else: named, so that nobody takes it for a part of the case. */
async function strangers(
  { paths, signal }: CaseGround,
  vouched: ReadonlyMap<string, Vouched>,
): Promise<Check[]> {
  const found: Check[] = [];
  const say = (subject: string, detail: string): void => {
    found.push(check('case.files', subject, 'not_checked', detail));
  };
  for (const name of namesIn(paths.dir)) {
    if (PARTS.has(name) || isLock(join(paths.dir, name), name)) continue;
    const known = vouched.get(name);
    if (known !== undefined && known.sha256 === (await hashRegular(join(paths.dir, name), signal)))
      continue;
    if (/^transfer-\d+$/.test(name)) say(name, 'a package for somebody else: `receive` judges it');
    else if (name === 'receipt') say(name, 'copies of ledger entries, for the sender');
    else say(name, NOBODY);
  }
  for (const [folder, belongs] of FOLDERS) {
    for (const name of namesIn(join(paths.dir, folder))) {
      if (!belongs.test(name)) say(`${folder}/${name}`, NOBODY);
    }
  }
  for (const name of namesIn(join(paths.dir, 'pki/tsa'))) {
    if (!vouched.has(`pki/tsa/${name}`)) say(`pki/tsa/${name}`, NOBODY);
  }
  for (const name of namesIn(paths.staging)) {
    const words = evidenceNo(name) === undefined ? NOBODY : 'collected and not sealed yet';
    say(`staging/${name}`, words);
  }
  return found;
}

/** A lock and what is written while one changes hands; anything else of such a name is a stranger. */
function isLock(path: string, name: string): boolean {
  const tag = String.raw`\d+\.[0-9a-f]{8}\.[0-9a-f]{8}`;
  const known = new RegExp(`^\\.lock(?:\\.after-${tag}|\\.${tag}\\.draft)?$`);
  if (!known.test(name)) return false;
  const facts = lstatSync(path, { throwIfNoEntry: false });
  return facts?.isFile() === true && facts.size <= MAX_LOCK_BYTES;
}

const NOBODY = 'nothing vouches for it: it is no part of the case';

/** Names of the case folder that are spoken of elsewhere. */
const PARTS: ReadonlySet<string> = new Set([
  ...['case.json', 'TRUST.txt', 'VERIFY.txt', 'pki', 'keys', 'evidence', 'staging', 'custody'],
  ...['queries', 'report', 'case.db', 'search.db'],
]);

/** What else belongs in the folders of keys and certificates. */
const FOLDERS: readonly (readonly [string, RegExp])[] = [
  ['pki', /^(?:root\.pem|chain\.pem|crl\.pem|signers|tsa)$/],
  ['keys', /^[0-9a-f]{64}\.key\.pem$/],
];

const DATABASE: Check = {
  id: 'case.database',
  subject: 'case.db',
  status: 'not_checked',
  detail:
    'it is derived from the evidence and not read here; `query run --check-content` hashes its content',
};

function check(id: string, subject: string, status: CheckStatus, detail: string): Check {
  return { id, subject, status, detail };
}
