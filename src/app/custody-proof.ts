/** Proofs out of a case: one entry or one record without its neighbours, or that the ledger only grew. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Effects } from '../core/effects.ts';
import { ExhibitError } from '../core/errors.ts';
import { consistencyProof, inclusionProof, leafHash, treeRoot } from '../core/merkle.ts';
import type { Appended } from '../custody/append.ts';
import { entryLeaves } from '../custody/checkpoint.ts';
import { entryFile } from '../custody/entry.ts';
import { checkpointFile, listLedger, readLedgerFile, readRegular } from '../custody/files.ts';
import { renderProof, type Proof } from '../custody/proof.ts';
import { readLedger, type EntryView } from '../custody/read.ts';
import { CASE_LIST, PROOF_LIST } from '../custody/revocation-list.ts';
import { entryBytes } from '../custody/shape.ts';
import { openDatabase, sourceTables, type Database } from '../db/open.ts';
import { openSigner, type Case } from './case.ts';
import { checkedContent } from './imported-content.ts';
import { appendEntry } from './ledger.ts';
import { withLock } from './lock.ts';

/** What is to be proved. */
export interface ProveRequest {
  /** An entry, ... */
  readonly entry?: number | undefined;
  /** ... a row such as `cloudtrail:268435457`, ... */
  readonly record?: string | undefined;
  /** ... or that the newest checkpoint goes on from the one of this size. */
  readonly from?: number | undefined;
  /** Size of the checkpoint to prove against; default: the newest. */
  readonly size?: number | undefined;
  /** Folder to make. */
  readonly out: string;
}

/** What was written. */
export interface ProveResult {
  readonly kind: 'inclusion' | 'consistency' | 'record';
  readonly out: string;
  readonly files: readonly string[];
}

/**
 * Writes a proof and the files it speaks of into a new folder.
 * @throws ExhibitError `E_USAGE`, `E_NOT_FOUND` (no such entry, record or checkpoint), `E_EXISTS`, `E_NOT_IMPORTED`.
 */
export function prove(opened: Case, fx: Effects, request: ProveRequest): ProveResult {
  const asked = [request.entry, request.record, request.from].filter((one) => one !== undefined);
  if (asked.length !== 1) {
    throw new ExhibitError(
      'E_USAGE',
      'say what to prove: --entry, --record or --from, and one of them only',
    );
  }
  const list = readRegular(join(opened.paths.dir, CASE_LIST));
  const files = {
    ...filesOf(opened, request),
    // Whoever checks the proof has no case to find it in.
    ...(list === undefined ? {} : { [PROOF_LIST]: list }),
  };
  const out = resolve(fx.cwd, request.out);
  makeNew(out);
  for (const [name, bytes] of Object.entries(files)) {
    writeFileSync(join(out, name), bytes, { flag: 'wx' });
  }
  const kind =
    request.from === undefined
      ? request.entry === undefined
        ? 'record'
        : 'inclusion'
      : 'consistency';
  return { kind, out: request.out, files: Object.keys(files).sort() };
}

function filesOf(
  opened: Case,
  { entry, record, from, size }: ProveRequest,
): Record<string, Uint8Array> {
  if (from !== undefined) return consistencyFiles(opened, from, size);
  if (entry !== undefined) return entryFiles(opened, entry, size);
  return recordFiles(opened, record ?? '', size);
}

function consistencyFiles(
  opened: Case,
  from: number,
  size: number | undefined,
): Record<string, Uint8Array> {
  const second = pickCheckpoint(opened, size, from);
  const first = pickCheckpoint(opened, from, from);
  const leaves = entryLeaves(entryBytes(opened.paths.dir).slice(0, second));
  const proof: Proof = {
    kind: 'consistency',
    caseId: opened.info.case,
    first,
    size: second,
    hashes: consistencyProof(leaves, first),
  };
  return {
    ...copyOf(opened, checkpointFile(first), 'old-checkpoint.txt'),
    ...copyOf(opened, checkpointFile(second), 'checkpoint.txt'),
    'proof.txt': renderProof(proof),
  };
}

function entryFiles(
  opened: Case,
  entry: number,
  asked: number | undefined,
): Record<string, Uint8Array> {
  const size = pickCheckpoint(opened, asked, entry);
  const bytes = entryBytes(opened.paths.dir).slice(0, size);
  const proof: Proof = {
    kind: 'inclusion',
    caseId: opened.info.case,
    number: entry,
    size,
    hashes: inclusionProof(entryLeaves(bytes), entry - 1),
  };
  return {
    ...copyOf(opened, entryFile(entry), 'entry.json'),
    ...copyOf(opened, checkpointFile(size), 'checkpoint.txt'),
    'proof.txt': renderProof(proof),
  };
}

/** The size of the checkpoint to prove against. */
function pickCheckpoint({ paths }: Case, asked: number | undefined, atLeast: number): number {
  const { checkpoints, last } = listLedger(paths.custody);
  if (!(Number.isSafeInteger(atLeast) && atLeast >= 1 && atLeast <= last)) {
    throw new ExhibitError('E_NOT_FOUND', `the ledger has no entry ${String(atLeast)}`);
  }
  const size = asked ?? checkpoints.at(-1);
  if (size !== undefined && size >= atLeast && checkpoints.includes(size)) return size;
  throw new ExhibitError(
    'E_NOT_FOUND',
    `no checkpoint ${asked === undefined ? `counts entry ${String(atLeast)}` : `of ${String(asked)} entries is there`}`,
    {
      hint: 'make one first: exhibit custody checkpoint',
    },
  );
}

function copyOf({ paths }: Case, name: string, as: string): Record<string, Uint8Array> {
  return {
    [as]: readLedgerFile(join(paths.custody, name)),
    [`${as}.p7s`]: readLedgerFile(join(paths.custody, `${name}.p7s`)),
  };
}

function makeNew(folder: string): void {
  try {
    mkdirSync(folder);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
    throw new ExhibitError('E_EXISTS', 'the folder is there already', {
      where: { file: folder },
      hint: 'a proof is written into a new folder; give another name',
      cause,
    });
  }
}

/** A record as a leaf: a line with evidence id, path and number in the file, then its exact bytes. */
interface Leaf {
  readonly id: number;
  readonly data: Buffer;
}

/** Every imported record, by table and id. */
function* leavesOf(db: Database): Generator<Leaf & { readonly table: string }> {
  for (const table of sourceTables(db).toSorted()) {
    const rows = db
      .prepare<
        [],
        { id: number; evidence_id: string; path: string; record_no: number; raw: Buffer }
      >(
        `SELECT t.id, e.evidence_id, f.path, t.record_no, CAST(t.raw AS BLOB) AS raw
           FROM "${table}" t JOIN main.source_file f USING (file_id) JOIN main.evidence e USING (evidence_no)
          ORDER BY t.id`,
      )
      .iterate();
    for (const { id, evidence_id: evidence, path, record_no: number, raw } of rows) {
      const place = Buffer.from(`${evidence} ${path} ${String(number)}\n`, 'utf8');
      yield { table, id, data: Buffer.concat([place, raw]) };
    }
  }
}

interface RecordTree {
  readonly leaves: Buffer;
  /** The leaf that was asked for, and its number from 0. */
  readonly found: { readonly index: number; readonly data: Buffer } | undefined;
}

/** Hashes all records. @param wanted `table:id`. */
function recordTree(opened: Case, wanted?: string): RecordTree {
  const db = openDatabase(opened.paths.database, { readonly: true });
  try {
    const hashes: Buffer[] = [];
    let found: RecordTree['found'];
    for (const { table, id, data } of leavesOf(db)) {
      if (wanted === `${table}:${String(id)}`) found = { index: hashes.length, data };
      hashes.push(leafHash(data));
    }
    return { leaves: Buffer.concat(hashes), found };
  } finally {
    db.close();
  }
}

/**
 * Signs the root of the tree over all imported records as an entry, so that single records can be proved afterwards.
 * @throws ExhibitError `E_NOT_IMPORTED`, `E_CONTENT_CHANGED`; those of signing.
 */
export async function signRecords(opened: Case, fx: Effects): Promise<Appended> {
  return withLock(opened, fx, async () => {
    const contentSha256 = checkedContent(opened);
    const { leaves } = recordTree(opened);
    return appendEntry(opened, await openSigner(opened, fx), fx, {
      event: 'note',
      reason: 'root of the tree over all imported records, for the disclosure of single ones',
      details: {
        content_sha256: contentSha256,
        records: leaves.length / 32,
        records_root: treeRoot(leaves).toString('hex'),
      },
    });
  });
}

function recordFiles(
  opened: Case,
  name: string,
  size: number | undefined,
): Record<string, Uint8Array> {
  const { leaves, found } = recordTree(opened, name);
  if (found === undefined) {
    throw new ExhibitError('E_NOT_FOUND', `the case has no imported record ${name}`, {
      hint: 'write it as the time line prints it, for example cloudtrail:268435457',
    });
  }
  const root = treeRoot(leaves).toString('hex');
  const { checkpoints } = listLedger(opened.paths.custody);
  const newest = size ?? checkpoints.at(-1) ?? 0;
  const entry: EntryView | undefined = readLedger(opened.paths.dir).findLast(
    ({ seq, entry: { details } }) => seq <= newest && details?.['records_root'] === root,
  );
  if (entry === undefined) {
    throw new ExhibitError(
      'E_NOT_FOUND',
      'no checkpoint counts an entry with the root of these records',
      {
        hint: 'make both: exhibit custody checkpoint --records',
      },
    );
  }
  const proof: Proof = {
    kind: 'record',
    caseId: opened.info.case,
    number: found.index + 1,
    size: leaves.length / 32,
    hashes: inclusionProof(leaves, found.index),
  };
  return {
    ...entryFiles(opened, entry.seq, size),
    'record.txt': found.data,
    'record-proof.txt': renderProof(proof),
  };
}
