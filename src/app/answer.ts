/**
 * The answer of a verb, recorded: what `query run` does for SQL, for every verb that prints an answer. A recorded answer is
 * a run like any other (docs/queries.md, "The record of a run"): six files in CASE/queries/Q-nnnn, one ledger entry, and
 * `query replay` asks the verb again.
 *
 * A verb takes part with two things: `--record` calls {@link recordAnswer}, and its line in src/app/answers.ts says how
 * the same question is asked again from nothing but its recorded form.
 */
import { canonicalLine, type CanonicalValue } from '../core/canonical.ts';
import type { Effects } from '../core/effects.ts';
import { formatUs } from '../core/time.ts';
import { openDatabase } from '../db/open.ts';
import { canonicalResult, canonicalRow, type Cell } from '../query/canonical.ts';
import { caseMeta, engineFacts } from '../query/environment.ts';
import { DEFAULT_MAX_ROWS, KeptRows } from '../query/execute.ts';
import type { LintWarning } from '../query/lint.ts';
import type { Question } from '../query/question.ts';
import type { RunCore, RunRecord } from '../query/run-record.ts';
import type { Outcome } from '../query/run.ts';
import { openSigner, type Case } from './case.ts';
import { contentChanged, importedContent } from './imported-content.ts';
import { recordRun, type FinishedRun } from './query-record.ts';

/** What a verb answers. */
export interface VerbAnswer {
  readonly columns: readonly string[];
  /** Rows in a total order that follows from the evidence alone; read once. Integers as bigint, `number` is a REAL. */
  readonly rows: Iterable<readonly Cell[]> | AsyncIterable<readonly Cell[]>;
  /** SHA-256 (hex) of files outside the evidence that were read and are not in the question, by the name given. */
  readonly files?: Readonly<Record<string, string>>;
  /** Anything else that is part of the answer: counts, what was skipped and why. Signed with it. */
  readonly details?: CanonicalValue;
  /** SQL that answered, for people: the text of query.sql. Absent: a comment that names the verb. */
  readonly sql?: string;
  /** What may make the answer differ elsewhere. */
  readonly warnings?: readonly LintWarning[];
  /** `not_determined` if a part of the answer has no determined order; default `determined`. */
  readonly order?: RunCore['result']['order'];
}

/** Asks a recorded question again. It must not look at anything but the case, the question and files that it names. */
export type Answerer = (target: Case, fx: Effects, question: Question) => Promise<VerbAnswer>;

/** A question put to a verb. */
export interface Asked {
  /** As on the command line: `search`, `query run-pack`. */
  readonly verb: string;
  readonly question: Question;
  /** Gives the answer; called once, after the database was found to be the one that the ledger speaks of. */
  readonly answer: () => VerbAnswer | Promise<VerbAnswer>;
}

/**
 * Answers and records the answer as the next run of the case: CASE/queries/Q-nnnn, signed, and an entry in the ledger.
 * @throws ExhibitError `E_NOT_IMPORTED`, `E_CONTENT_CHANGED`, `E_QUERY_REFUSED` (more than 1,000,000 rows or 128 Mi
 * characters), `E_NO_PASSPHRASE`, `E_BAD_PASSPHRASE`, `E_SIGNER`, `E_LOCKED`, and what `answer` throws.
 */
export async function recordAnswer(target: Case, fx: Effects, asked: Asked): Promise<RunRecord> {
  const signer = await openSigner(target, fx);
  const startedAt = formatUs(fx.now() * 1000);
  const { run, outcome } = await finishAnswer(target, asked, DEFAULT_MAX_ROWS);
  return recordRun(target, signer, fx, { ...run, outcome, startedAt });
}

/**
 * Collects an answer in the form in which runs are recorded and compared.
 * @throws ExhibitError as {@link recordAnswer}, but for signing.
 */
export async function finishAnswer(
  target: Case,
  { verb, question, answer }: Asked,
  maxRows: number,
): Promise<{
  readonly run: Omit<FinishedRun, 'outcome' | 'startedAt'>;
  readonly outcome: Outcome;
}> {
  const facts = databaseFacts(target);
  const { columns, rows, files, details, sql, warnings, order } = await answer();
  const kept = new KeptRows(maxRows);
  for await (const row of rows) kept.add(canonicalRow(row));
  // An import may have put another database in its place meanwhile.
  if (databaseFacts(target).meta['content_sha256'] !== facts.meta['content_sha256']) {
    throw contentChanged(target, 'the database was replaced while the question was asked');
  }
  return {
    run: {
      name: null,
      verb,
      sql: sql ?? noSql(verb),
      params: canonicalLine(question).toString('utf8'),
      ...(files === undefined ? {} : { files }),
      ...(details === undefined ? {} : { details }),
    },
    outcome: {
      answer: {
        ...canonicalResult(columns, kept.rows),
        columns,
        warnings: warnings ?? [],
        order: order ?? 'determined',
      },
      ...facts,
      content_check: 'recorded',
    },
  };
}

/** Rows of objects by column; numbers must be integers. */
export function* rowsOf<T extends object>(
  columns: readonly (keyof T & string)[],
  objects: Iterable<T>,
): Generator<readonly Cell[]> {
  for (const object of objects) yield columns.map((name) => cellFor(object[name]));
}

function cellFor(value: unknown): Cell {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string' || typeof value === 'bigint') return value;
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  return JSON.stringify(value);
}

function databaseFacts(target: Case): Pick<Outcome, 'meta' | 'engine'> {
  const expected = importedContent(target);
  const db = openDatabase(target.paths.database, { readonly: true });
  try {
    const meta = caseMeta(db);
    if (meta['content_sha256'] !== expected) {
      throw contentChanged(
        target,
        'the database is not the one that the ledger recorded at the last import',
      );
    }
    return { meta, engine: engineFacts(db) };
  } finally {
    db.close();
  }
}

function noSql(verb: string): string {
  return `-- exhibit ${verb}\n-- The answer of this verb, not of a statement: params.json holds the question.\n`;
}
