/** What a case has come to: everything that must be the same whatever went wrong on the way. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { verify } from '#src/app/verify.ts';
import { casePaths, evidenceNo } from '#src/bundle/layout.ts';
import { readSeal } from '#src/bundle/seal.ts';
import { readPin } from '#src/custody/pin.ts';
import { readLedger, type EntryView } from '#src/custody/read.ts';
import { readContentHash } from '#src/db/content-hash.ts';
import { openDatabase } from '#src/db/open.ts';
import { importTotals } from '#src/db/totals.ts';
import { fakeEffects } from '../helpers/effects.ts';

/** Comparable by value. */
export interface Outcome {
  /** Checks that fail; must be none. */
  readonly failed: readonly string[];
  /** Ids and payload sets of the sealed evidence. */
  readonly evidence: readonly string[];
  /** Events of the ledger with what they are about. */
  readonly ledger: readonly string[];
  /** Counts and content hash of the database. */
  readonly database: unknown;
  /** Results of the recorded queries. */
  readonly runs: readonly string[];
  /** Every name in the case folder, and beside it. */
  readonly names: readonly string[];
  /** Cases whose ledger this machine remembers as it is. */
  readonly pinned: readonly string[];
  /** What the ledger vouches for and the case does not hold as it says. */
  readonly unvouched: readonly string[];
}

/** @param folder the case's, in the world. */
export async function outcomeOf(world: string, folder = 'case'): Promise<Outcome> {
  const dir = join(world, folder);
  const paths = casePaths(dir);
  const fx = fakeEffects({ now: () => Date.now() });
  const request = { caseDir: dir, target: undefined, trust: undefined, head: undefined };
  const { checks } = await verify({ ...request, deep: true }, fx);
  const entries = readLedger(dir);
  const evidence: string[] = [];
  for (const id of readdirSync(paths.evidence).filter((name) => evidenceNo(name) !== undefined)) {
    const seal = join(paths.evidence, id, `${id}.seal`);
    if (existsSync(seal)) evidence.push(`${id} ${(await readSeal(seal)).payloadSetSha256}`);
  }
  return {
    failed: checks
      .filter(({ status }) => status === 'fail')
      .map(({ id, subject, detail }) => `${id} ${subject}: ${detail}`),
    evidence: evidence.sort(),
    ledger: entries.map(({ entry }) =>
      [
        entry.event,
        ...(entry.evidence ?? []).map(({ id, payload_set: set }) => `${id} ${set ?? ''}`),
      ].join(' '),
    ),
    database: existsSync(paths.database) ? databaseFacts(paths.database) : undefined,
    runs: existsSync(paths.queries)
      ? readdirSync(paths.queries)
          .sort()
          .map((id) => `${id} ${sha256(join(paths.queries, id, 'result.jsonl'))}`)
      : [],
    names: readdirSync(world, { recursive: true, encoding: 'utf8' })
      .filter((name) => !name.startsWith('logs'))
      .map((name) =>
        name
          .replace(/[0-9a-f]{64}/, '<sha256>')
          .replace(/transfer-\d+/, 'transfer-n')
          .replace(/\d{8}(?=\.json)/, (no) => (name.includes('receipt') ? 'n' : no)),
      )
      .sort(),
    pinned: pinsIn(world, entries),
    // The newest entry about a file is the one that counts: some files are replaced.
    unvouched: [
      ...new Map(
        entries
          .flatMap(({ entry }) => entry.attachments ?? [])
          .filter(({ name }) => name.includes('/'))
          .map(({ name, sha256: hash }) => [name, hash] as const),
      ),
    ]
      .filter(([name, hash]) => sha256(join(dir, name)) !== hash)
      .map(([name]) => name),
  };
}

function pinsIn(world: string, entries: readonly EntryView[]): string[] {
  const folder = join(world, 'pins');
  if (!existsSync(folder)) return [];
  return readdirSync(folder).map((name) => {
    const pin = readPin(folder, name.replace(/\.json$/, ''));
    return `${name} ${entries[(pin?.size ?? 0) - 1]?.hash === pin?.head ? 'as it is' : 'a fork'}`;
  });
}

function databaseFacts(path: string): unknown {
  const db = openDatabase(path, { readonly: true });
  try {
    const totals = importTotals(db);
    const { records, imported, duplicates, rejected } = totals;
    if (records !== imported + duplicates + rejected) throw new Error('the counts do not add up');
    return { ...totals, content: readContentHash(db) };
  } finally {
    db.close();
  }
}

function sha256(path: string): string {
  return existsSync(path)
    ? createHash('sha256').update(readFileSync(path)).digest('hex')
    : 'missing';
}
