/** Writes CASE/queries/Q-nnnn: the query, its parameters, its result and the signed record, and enters it in the ledger. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { sha256Hex } from '../core/digest.ts';
import type { Effects } from '../core/effects.ts';
import { ExhibitError } from '../core/errors.ts';
import { formatUs } from '../core/time.ts';
import type { Signer } from '../crypto/signer.ts';
import type { EntryDraft } from '../custody/entry.ts';
import { readLedger } from '../custody/read.ts';
import { syncFolder, writeSynced } from '../disk/durable.ts';
import { isThere } from '../disk/there.ts';
import { canonicalChunks } from '../query/canonical.ts';
import { parseRow } from '../query/compare.ts';
import {
  coreHash,
  runBytes,
  runId,
  runNumber,
  RUN_FILES,
  RUN_TYPE,
  type RunCore,
  type RunRecord,
} from '../query/run-record.ts';
import type { Outcome } from '../query/run.ts';
import { csvText } from '../report/csv.ts';
import type { Case } from './case.ts';
import { appendEntry } from './ledger.ts';
import { withLock } from './lock.ts';
import { readRecorded } from './query-recorded.ts';
import { requireSigner } from './signed-file.ts';
import { toolIdentity } from './tool.ts';

/** What was run and what came out. */
export interface FinishedRun {
  readonly name: string | null;
  /** Verb that answered; absent for SQL. */
  readonly verb?: string;
  readonly sql: string;
  /** Text of params.json. */
  readonly params: string;
  readonly outcome: Outcome;
  /** See `RunCore`. */
  readonly files?: RunCore['input']['files'];
  readonly details?: RunCore['result']['details'];
  readonly startedAt: string;
}

/**
 * Records a run under the next free id. The folder appears whole or not at all.
 * @throws ExhibitError `E_LOCKED`.
 */
export async function recordRun(
  target: Case,
  signer: Signer,
  fx: Effects,
  run: FinishedRun,
): Promise<RunRecord> {
  return withLock(target, fx, async () => {
    await requireSigner(target, signer);
    const { queries } = target.paths;
    mkdirSync(queries, { recursive: true });
    await enterStopped(target, signer, fx);
    const id = runId(newestRun(queries) + 1);
    const csv = csvOf(run.outcome);
    const core = runCore(run, csv);
    const record: RunRecord = {
      type: RUN_TYPE,
      case: target.info.case,
      run_id: id,
      core,
      core_sha256: coreHash(core),
      started_at: run.startedAt,
      finished_at: formatUs(fx.now() * 1000),
      signer_cert_sha256: signer.fingerprint,
    };
    const bytes = runBytes(record);
    const signature = signer.sign(bytes);
    const part = join(queries, `.${id}.part`);
    rmSync(part, { recursive: true, force: true });
    mkdirSync(part);
    const contents: Readonly<Record<(typeof RUN_FILES)[number], Uint8Array>> = {
      'query.sql': Buffer.from(run.sql, 'utf8'),
      'params.json': Buffer.from(run.params, 'utf8'),
      'result.jsonl': Buffer.from([...canonicalChunks(run.outcome.answer)].join(''), 'utf8'),
      'result.csv': Buffer.from(csv, 'utf8'),
      'run.json': bytes,
      'run.json.p7s': signature,
    };
    const files = RUN_FILES.map((name) => [name, contents[name]] as const);
    for (const [name, content] of files) writeSynced(join(part, name), content);
    syncFolder(part);
    renameSync(part, join(queries, id));
    syncFolder(queries);
    await appendEntry(target, signer, fx, entryOf(record, files));
    return record;
  });
}

function entryOf(
  { run_id: id, core, core_sha256 }: RunRecord,
  files: readonly (readonly [string, Uint8Array])[],
): EntryDraft {
  const { row_count, ordered_sha256, multiset_sha256 } = core.result;
  return {
    event: 'query',
    details: {
      run_id: id,
      name: core.query.name,
      ...(core.query.verb === undefined ? {} : { verb: core.query.verb }),
      core_sha256,
      row_count,
      ordered_sha256,
      multiset_sha256,
    },
    attachments: files.map(([name, content]) => ({
      name: `queries/${id}/${name}`,
      sha256: sha256Hex(content),
    })),
  };
}

/**
 * Enters the newest run if the ledger does not know it: its process was stopped after the folder had its name. Only a run
 * whose files are those that the examiner signed; whatever else lies there is for the report to name.
 */
async function enterStopped(target: Case, signer: Signer, fx: Effects): Promise<void> {
  const { queries, dir } = target.paths;
  const id = runId(newestRun(queries));
  const folder = join(queries, id);
  const known = readLedger(dir).some(
    ({ entry }) => entry.event === 'query' && entry.details?.['run_id'] === id,
  );
  if (known || !isThere(folder)) return;
  try {
    const { record } = await readRecorded(target, folder, id);
    if (record.signer_cert_sha256 !== signer.fingerprint) return;
    const files = RUN_FILES.map((name) => [name, readFileSync(join(folder, name))] as const);
    const csv = files.find(([name]) => name === 'result.csv')?.[1] ?? '';
    if (sha256Hex(csv) !== record.core.result.csv_sha256) return;
    await appendEntry(target, signer, fx, {
      ...entryOf(record, files),
      reason: 'entered by the next run: the process that made it was stopped before it could',
    });
  } catch (error) {
    if (!(error instanceof ExhibitError) || !/^E_(?:NOT_FOUND|TAMPERED)$/.test(error.code))
      throw error;
  }
}

/** The part of the record that decides the answer. */
export function runCore(run: Omit<FinishedRun, 'startedAt'>, csv: string): RunCore {
  const { answer, meta, engine } = run.outcome;
  const { name, version, hash, node } = toolIdentity();
  return {
    input: {
      evidence_set_sha256: meta['evidence_set_sha256'] ?? '',
      content_sha256: meta['content_sha256'] ?? '',
      content_check: run.outcome.content_check,
      schema_sha256: meta['schema_sha256'] ?? '',
      sources: JSON.parse(meta['sources'] ?? '{}') as Record<string, number>,
      ...(run.files === undefined ? {} : { files: run.files }),
    },
    query: {
      name: run.name,
      ...(run.verb === undefined ? {} : { verb: run.verb }),
      sql_sha256: sha256Hex(run.sql),
      params_sha256: sha256Hex(run.params),
      warnings: answer.warnings,
    },
    environment: {
      tool: { name, version, hash },
      node,
      ...engine,
      lockfile_sha256: lockfileHash(),
      os: process.platform,
      arch: process.arch,
      time_zone: 'UTC',
    },
    result: {
      columns: answer.columns,
      row_count: answer.rows.length,
      ordered_sha256: answer.ordered_sha256,
      multiset_sha256: answer.multiset_sha256,
      order: answer.order,
      csv_sha256: sha256Hex(csv),
      exit_status: 0,
      ...(run.details === undefined ? {} : { details: run.details }),
    },
  };
}

/** result.csv of a run. */
export function csvOf(outcome: Outcome): string {
  return csvText(outcome.answer.columns, outcome.answer.rows.map(parseRow));
}

/** Number of the newest run; 0 if there is none. */
function newestRun(queries: string): number {
  const used = readdirSync(queries).map((name) => runNumber(name) ?? 0);
  return used.reduce((most, number) => Math.max(most, number), 0);
}

// An installed package has no lockfile beside it: then there is nothing to hash.
function lockfileHash(): string | null {
  const file = join(import.meta.dirname, '..', '..', 'package-lock.json');
  return existsSync(file) ? sha256Hex(readFileSync(file)) : null;
}
