/** `report`: report.json, and report.html made from it alone; both on record in the ledger. */
import { readFileSync, renameSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';
import { canonicalLine, type CanonicalValue } from '../core/canonical.ts';
import { sha256Hex } from '../core/digest.ts';
import type { Effects } from '../core/effects.ts';
import { ExhibitError } from '../core/errors.ts';
import { readLedger, type EntryView } from '../custody/read.ts';
import { verifyLedger } from '../custody/verify.ts';
import { partOf, syncFolder, writeSynced } from '../disk/durable.ts';
import { isThere } from '../disk/there.ts';
import { renderReport } from '../report/html.ts';
import type { Report, WitnessFacts } from '../report/model.ts';
import { stampTrust } from '../stamps/trust.ts';
import { openSigner, type Case } from './case.ts';
import { VALIDATION_FILE } from './cloudtrail.ts';
import { checkedContent } from './imported-content.ts';
import { appendEntry } from './ledger.ts';
import { withLock } from './lock.ts';
import { custodyRows } from './report-custody.ts';
import { dataFacts, runFacts } from './report-data.ts';
import { evidenceFacts } from './report-evidence.ts';
import { requireSigner } from './signed-file.ts';
import { toolIdentity } from './tool.ts';
import { readTrust, verify } from './verify.ts';

/** Options of {@link makeReport}. */
export interface ReportOptions {
  /** Folder for both files; default `CASE/report`. */
  readonly out?: string | undefined;
  /** Replace an earlier report. */
  readonly force?: boolean;
  /** Root certificate that the reader trusts, and a ledger head known from elsewhere, as of `verify`. */
  readonly trust?: string | undefined;
  readonly head?: string | undefined;
  /** Path of the roots of time-stamp authorities that the reader trusts: without them no time is called proven. */
  readonly tsaTrust?: string | undefined;
  /** Called as each step begins. */
  readonly onStep?: (step: 'verify' | 'read' | 'write') => void;
}

/** Where the report is. */
export interface ReportResult {
  /** The HTML. */
  readonly file: string;
  readonly sha256: string;
  readonly json_file: string;
  readonly json_sha256: string;
  readonly bytes: number;
}

/**
 * Verifies the case, gathers what is known, and writes the report.
 * @throws ExhibitError `E_EXISTS` when there is a report and `force` is not given, `E_CONTENT_CHANGED`, `E_LOCKED`, `E_WRITE`,
 * and those of {@link verify}, {@link openSigner}. What is wrong with evidence, ledger or runs is in the report, not thrown.
 */
export async function makeReport(
  target: Case,
  fx: Effects,
  options: ReportOptions,
): Promise<ReportResult> {
  return await withLock(target, fx, async () => {
    const folder = options.out ?? target.paths.report;
    const [html, json] = [join(folder, 'report.html'), join(folder, 'report.json')];
    // The HTML gets its name last. A report.json alone that the ledger knows is what a stopped run left.
    const there = isThere(html)
      ? html
      : isThere(json) && !isRecorded(target, json)
        ? json
        : undefined;
    if (there !== undefined && options.force !== true) {
      throw new ExhibitError('E_EXISTS', 'there is a report already', {
        where: { file: there },
        hint: 'give --force to replace it, or --out for another folder',
      });
    }
    const signer = await openSigner(target, fx);
    await requireSigner(target, signer);
    const report = await gather(target, fx, options);
    options.onStep?.('write');
    const jsonBytes = canonicalLine(report as unknown as CanonicalValue);
    const htmlBytes = Buffer.from(renderReport(jsonBytes));
    await mkdir(folder, { recursive: true });
    const files = [
      [json, jsonBytes],
      [html, htmlBytes],
    ] as const;
    for (const [file, bytes] of files) writeSynced(partOf(file), bytes);
    const result = {
      file: html,
      sha256: sha256Hex(htmlBytes),
      json_file: json,
      json_sha256: sha256Hex(jsonBytes),
      bytes: htmlBytes.length,
    };
    await appendEntry(target, signer, fx, {
      event: 'export',
      reason: 'report',
      evidence: report.evidence.map(({ id, seal }) => ({
        id,
        ...(seal === null ? {} : { seal: seal.sha256, payload_set: seal.payload_set_sha256 }),
      })),
      attachments: [
        { name: attachmentName(target, html), sha256: result.sha256 },
        { name: attachmentName(target, json), sha256: result.json_sha256 },
      ],
    });
    // Only now: a run that is stopped before can simply be repeated, and no report is there that the ledger does not know.
    for (const [file] of files) renameSync(partOf(file), file);
    syncFolder(folder);
    return result;
  });
}

function isRecorded(target: Case, file: string): boolean {
  const hash = sha256Hex(readFileSync(file));
  return readLedger(target.paths.dir).some(({ entry }) =>
    (entry.attachments ?? []).some(({ sha256 }) => sha256 === hash),
  );
}

// A file outside of the case is named alone: where somebody else keeps it is not the ledger's business.
function attachmentName(target: Case, file: string): string {
  const path = relative(target.paths.dir, file).split(sep).join('/');
  return path.startsWith('../') ? basename(file) : path;
}

async function gather(target: Case, fx: Effects, options: ReportOptions): Promise<Report> {
  options.onStep?.('verify');
  const { trust, head, tsaTrust } = options;
  const verification = await verify(
    { caseDir: target.paths.dir, target: undefined, trust, tsaTrust, head, deep: false },
    fx,
  );
  options.onStep?.('read');
  // What a report says of the records holds for those that were imported, or for nothing.
  if (isThere(target.paths.database)) checkedContent(target);
  const roots = tsaTrust === undefined ? undefined : await readTrust(resolve(fx.cwd, tsaTrust));
  const ledger = verifyLedger(target.paths.dir, { tsaTrust: roots });
  const { case: id, created_at, examiner, root } = target.info;
  return {
    type: 'report/1',
    as_of: ledger.entries.at(-1)?.entry.at ?? created_at,
    case: {
      id,
      created_at,
      examiner: {
        name: examiner.name,
        ...(examiner.organization === undefined ? {} : { organization: examiner.organization }),
        role: examiner.role,
      },
      examiner_cert_sha256: examiner.certificate,
      root_cert_sha256: root,
    },
    tool: { ...toolIdentity() },
    evidence: await evidenceFacts(target, ledger.entries, stampTrust(roots, target.paths.dir)),
    custody: {
      head: ledger.head ?? null,
      entries: custodyRows(ledger.entries, verification.checks, ledger.bounds),
    },
    verification,
    witness: witnessFacts(target, ledger.entries),
    data: dataFacts(target, ledger.entries),
    runs: await runFacts(target),
    verify_txt: isThere(target.paths.verifyTxt)
      ? await readFile(target.paths.verifyTxt, 'utf8')
      : null,
  };
}

/** Findings that say nothing beyond the counts, the periods and where the keys came from. */
const COUNTED_ONLY = new Set([
  'valid',
  'uncovered',
  'validated',
  'not_validated',
  'keys_from_evidence',
  'key_from_evidence',
]);
/** Findings and periods of the digest validation that a report names one by one; all are counted. */
const NAMED_FINDINGS = 50;

// The validation's own file, if it is the one that the newest ledger entry about it vouches for.
function witnessFacts(target: Case, entries: readonly EntryView[]): WitnessFacts | null {
  const name = VALIDATION_FILE.split(sep).join('/');
  const recorded = entries.flatMap(({ seq, entry }) =>
    (entry.attachments ?? [])
      .filter((file) => file.name.split(sep).join('/') === name)
      .map(({ sha256 }) => ({ seq, sha256 })),
  );
  const newest = recorded.at(-1);
  const file = join(target.paths.dir, VALIDATION_FILE);
  if (newest === undefined || !isThere(file)) return null;
  const bytes = readFileSync(file);
  if (sha256Hex(bytes) !== newest.sha256) return null;
  const { ok, digests, logs, asked, keys, periods, findings } = JSON.parse(
    bytes.toString('utf8'),
  ) as Pick<WitnessFacts, 'ok' | 'digests' | 'logs' | 'asked' | 'periods' | 'findings'> & {
    readonly keys: { readonly origin: string };
  };
  const notable = findings.filter(({ status }) => !COUNTED_ONLY.has(status));
  return {
    file_sha256: newest.sha256,
    ledger_seq: newest.seq,
    ok,
    digests,
    logs,
    asked,
    keys_origin: keys.origin,
    periods: periods
      .slice(0, NAMED_FINDINGS)
      .map(({ account, region, trail, from, to, status, detail }) => {
        return { account, region, trail, from, to, status, detail };
      }),
    periods_total: periods.length,
    findings: notable.slice(0, NAMED_FINDINGS),
    findings_total: notable.length,
  };
}
