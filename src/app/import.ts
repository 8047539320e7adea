/** Sealed evidence into case.db: check the seals, build, put in place, put on record. */
import { readdir, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type EvidencePaths, evidenceNo, evidencePaths } from '../bundle/layout.ts';
import { readSeal, type Seal } from '../bundle/seal.ts';
import { readSmallFile } from '../bundle/small-file.ts';
import type { Effects } from '../core/effects.ts';
import { ExhibitError, isSystemError } from '../core/errors.ts';
import { formatUs } from '../core/time.ts';
import { sqliteFailure } from '../db/failure.ts';
import { type Database, openDatabase } from '../db/open.ts';
import { endThread } from '../db/threads.ts';
import { type ImportTotals, importTotals } from '../db/totals.ts';
import { isThere } from '../disk/there.ts';
import { inputIdentity, type SealedEvidence } from '../ingest/identity.ts';
import { startThreads } from '../ingest/pool.ts';
import { buildDatabase, type Phase } from '../ingest/run.ts';
import { parseVpcFormat } from '../sources/vpc_flow.ts';
import { type Case, openSigner } from './case.ts';
import { makeFullText } from './full-text.ts';
import { checkedContent, recordedContent, recordedImport } from './imported-content.ts';
import { appendEntry } from './ledger.ts';
import { withLock } from './lock.ts';
import { seals, signedFileProblem } from './signed-file.ts';
import { toolVersions } from './tool.ts';

/** More than this only cost memory: the writer is then the slowest. */
const MAX_DEFAULT_WORKERS = 8;

/** Ours are below 8 KiB. */
const MAX_SIGNATURE_BYTES = 64 * 1024;

/** Options of {@link importEvidence}. */
export interface ImportOptions {
  /** Evidence ids; default: all that is sealed. What the database holds already stays in it. */
  readonly evidence?: readonly string[];
  /** Worker threads; default: as many as there are cores, at most 8. */
  readonly workers?: number;
  /**
   * Format of VPC flow logs that have no header, as AWS writes it (`${version} ${srcaddr} ...`) or names between spaces;
   * `default` takes an earlier one back. It stays with the database until another is given.
   */
  readonly vpcFormat?: string;
  /** Make the full-text index too, unless it is there. */
  readonly fullText?: boolean;
  /** Called when a phase begins, and while reading with the share of the bytes read so far. */
  readonly progress?: (phase: Phase | 'full_text', share?: number) => void;
}

/** What the database holds now. */
export interface ImportResult extends ImportTotals {
  /** `already_imported`: the database was made from the same evidence by the same rules, and nothing was done. */
  readonly status: 'imported' | 'already_imported';
  /** Evidence ids in the database. */
  readonly evidence: readonly string[];
  /** What became of the full-text index, where it was asked for. */
  readonly full_text?: 'built' | 'already_there';
}

/**
 * Imports sealed evidence. The result is the same in whatever order and company evidence is imported.
 * @throws ExhibitError `E_NOT_SEALED`, `E_TAMPERED` (a seal or volume is not what was signed; nothing is imported),
 *   `E_CONTENT_CHANGED` (the database that is there was changed since its import), `E_HOSTILE_ARCHIVE`, `E_READ`, `E_WRITE`, `E_UNFINISHED` (stopped; nothing changed), `E_LOCKED`.
 */
export async function importEvidence(
  opened: Case,
  fx: Effects,
  options: ImportOptions = {},
): Promise<ImportResult> {
  return withLock(opened, fx, async () => {
    const before = readDatabase(opened);
    const workers = options.workers ?? Math.min(MAX_DEFAULT_WORKERS, availableParallelism());
    // Where there is no database yet, the threads load their code while the seals are checked.
    let threads = before === undefined ? startThreads(workers) : undefined;
    try {
      return await importInto(
        opened,
        fx,
        options,
        before,
        () => (threads ??= startThreads(workers)),
      );
    } finally {
      await Promise.all((threads ?? []).map(endThread));
    }
  });
}

async function importInto(
  opened: Case,
  fx: Effects,
  options: ImportOptions,
  before: DatabaseFacts | undefined,
  threads: () => ReturnType<typeof startThreads>,
): Promise<ImportResult> {
  const sealed = await sealedEvidence(opened);
  // What was asked for before is what the ledger says: a database is anybody's until its content is computed.
  const recorded = recordedImport(opened);
  const wanted = new Set([...(recorded?.evidence ?? []), ...(options.evidence ?? sealed)]);
  const evidence: SealedEvidence[] = [];
  for (const id of [...wanted].sort()) evidence.push(await checkedEvidence(opened, id));
  if (evidence.length === 0) {
    throw new ExhibitError('E_NOT_SEALED', 'the case has no sealed evidence', {
      hint: 'collect first: exhibit collect dir PATH',
    });
  }
  const flowFields = flowFieldsOf(options.vpcFormat, recorded?.vpcFormat);
  const identity = inputIdentity(evidence, flowFields);
  // A database that the ledger does not tell of, as a stopped run leaves it, is not taken at its word.
  const same =
    before?.totals.content_sha256 === recorded?.content &&
    Object.entries(identity).every(([key, value]) => before?.meta[key] === value);
  if (same) checkedContent(opened);
  const started = formatUs(fx.now() * 1000);
  if (!same) {
    await buildDatabase({
      database: opened.paths.database,
      evidence,
      flowFields,
      threads: threads(),
      signal: fx.signal,
      progress: options.progress ?? (() => undefined),
      run: { started, finished: () => formatUs(fx.now() * 1000), tool: toolName() },
    }).catch((error: unknown) => {
      throw fx.signal.aborted ? stopped(error) : advised(error);
    });
  }
  const after = readDatabase(opened);
  if (after === undefined) {
    throw new ExhibitError('E_READ', 'the database that was just written cannot be read', {
      where: { file: opened.paths.database },
      hint: 'see to the disk and run `exhibit import` again; the evidence is as it was',
    });
  }
  await putOnRecord(opened, fx, evidence, after.totals, flowFields);
  if (options.fullText === true) options.progress?.('full_text');
  const fullText = options.fullText === true ? await makeFullText(opened, fx) : undefined;
  return {
    ...after.totals,
    status: same ? 'already_imported' : 'imported',
    evidence: after.evidence,
    ...(fullText === undefined ? {} : { full_text: fullText }),
  };
}

/** What the reader of volumes says of a bad one, with what to do about it here. */
function advised(error: unknown): unknown {
  const bad = error instanceof ExhibitError && /^E_(?:TAMPERED|HOSTILE_ARCHIVE)$/.test(error.code);
  if (!bad || error.hint !== undefined) return error;
  const { code, message, where, cause } = error;
  return new ExhibitError(code, message, {
    ...(where === undefined ? {} : { where }),
    hint: 'run `exhibit verify`, which names all that differs, and bring the volume from another copy; nothing was imported',
    cause,
  });
}

/** The declared format of VPC flow logs: given now, or at the last import. */
function flowFieldsOf(
  given: string | undefined,
  kept: string | undefined,
): readonly string[] | undefined {
  if (given === 'default') return undefined;
  if (given !== undefined) return parseVpcFormat(given);
  return kept === undefined || kept === '' ? undefined : kept.split(' ');
}

interface DatabaseFacts {
  readonly meta: Readonly<Record<string, string>>;
  readonly evidence: readonly string[];
  readonly totals: ImportTotals;
}

/** What case.db holds; undefined if there is none that this version can read: it is derived, and is built anew. */
function readDatabase({ paths }: Case): DatabaseFacts | undefined {
  if (!isThere(paths.database)) return undefined;
  try {
    const db = openDatabase(paths.database, { readonly: true });
    try {
      return factsOf(db);
    } finally {
      db.close();
    }
  } catch (error) {
    const failure = error instanceof ExhibitError ? error : sqliteFailure(error, paths.database);
    if (failure?.code === 'E_FORMAT') return undefined;
    throw failure ?? error;
  }
}

function factsOf(db: Database): DatabaseFacts {
  const meta = db
    .prepare<[], { key: string; value: string }>('SELECT key, value FROM main.case_meta')
    .all();
  return {
    meta: Object.fromEntries(meta.map(({ key, value }) => [key, value])),
    evidence: db
      .prepare<[], string>('SELECT evidence_id FROM main.evidence ORDER BY evidence_no')
      .pluck()
      .all(),
    totals: importTotals(db),
  };
}

/** Ids of the evidence that has a seal. */
async function sealedEvidence({ paths }: Case): Promise<string[]> {
  const names = await readdir(paths.evidence).catch((error: unknown) => {
    if (isSystemError(error) && error.code === 'ENOENT') return [];
    throw error;
  });
  return names
    .filter((name) => evidenceNo(name) !== undefined && isThere(evidencePaths(paths, name).seal))
    .sort();
}

/** An evidence item whose seal is signed by this case. The volumes are checked while they are read. */
async function checkedEvidence(opened: Case, id: string): Promise<SealedEvidence> {
  const number = evidenceNo(id);
  if (number === undefined) {
    throw new ExhibitError('E_USAGE', `"${id}" is not an evidence id`, {
      hint: 'evidence ids look like EV-0001',
    });
  }
  const paths = evidencePaths(opened.paths, id);
  const seal = await readSeal(paths.seal);
  await checkSignature(opened, id, paths, seal);
  const volumes = [];
  for (const { file, sha256 } of seal.volumes) {
    const path = join(paths.folder, file);
    const facts = await stat(path).catch((cause: unknown) => {
      throw new ExhibitError('E_READ', 'a sealed volume cannot be read', {
        where: { file: path },
        cause,
      });
    });
    volumes.push({ path, sha256, bytes: facts.size });
  }
  return { evidenceNo: number, evidenceId: id, payloadSetSha256: seal.payloadSetSha256, volumes };
}

async function checkSignature(
  opened: Case,
  id: string,
  paths: EvidencePaths,
  seal: Seal,
): Promise<void> {
  const where = { file: paths.seal };
  const hint = 'run `exhibit verify` to see what differs; nothing was imported';
  if (seal.caseId !== opened.info.case || seal.evidenceId !== id) {
    throw new ExhibitError('E_TAMPERED', 'the seal belongs to another case or evidence item', {
      where,
      hint,
    });
  }
  const signature = await readSmallFile(paths.signature, MAX_SIGNATURE_BYTES);
  if (signature === undefined) {
    throw new ExhibitError('E_TAMPERED', 'the signature of the seal is missing', {
      where: { file: paths.signature },
      hint,
    });
  }
  const signed = { bytes: seal.bytes, signature, fingerprint: seal.signerCertSha256 };
  const unsigned = await signedFileProblem(opened, signed, seals(id, seal.sha256));
  if (unsigned !== undefined) {
    throw new ExhibitError('E_TAMPERED', `the seal is not signed as it must be: ${unsigned}`, {
      where,
      hint,
    });
  }
}

/** Writes the import into the ledger, unless its newest import came to the same. */
async function putOnRecord(
  opened: Case,
  fx: Effects,
  evidence: readonly SealedEvidence[],
  totals: ImportTotals,
  flowFields: readonly string[] | undefined,
): Promise<void> {
  if (recordedContent(opened) === totals.content_sha256) return;
  await appendEntry(opened, await openSigner(opened, fx), fx, {
    event: 'imported',
    evidence: evidence.map((item) => ({
      id: item.evidenceId,
      payload_set: item.payloadSetSha256,
    })),
    details: JSON.parse(
      JSON.stringify({
        ...totals,
        ...(flowFields === undefined ? {} : { vpc_format: flowFields.join(' ') }),
      }),
    ) as Record<string, never>,
  });
}

function toolName(): string {
  const { name, version } = toolVersions();
  return `${name} ${version}`;
}

function stopped(cause: unknown): ExhibitError {
  return new ExhibitError('E_UNFINISHED', 'the import was stopped; nothing was changed', {
    cause,
    hint: 'run `exhibit import` again',
  });
}
