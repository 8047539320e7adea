/**
 * `query run-pack`: the queries of a pack, asked one after another of one state of the database, and recorded as one run:
 * one result set, one signature, one ledger entry. The rows of all queries stand below one another, each with the query's
 * name and its number there; row 0 of each query names its columns. params.json holds the exact text and the parameters
 * of each query, so that the run can be asked again without the pack.
 */
import { sha256Hex } from '../core/digest.ts';
import type { Effects } from '../core/effects.ts';
import { ExhibitError } from '../core/errors.ts';
import { canonicalRow, cellOf, type CanonicalCell, type Cell } from '../query/canonical.ts';
import { findQuery, loadCatalog, type NamedQuery } from '../query/catalog.ts';
import { parseRow } from '../query/compare.ts';
import { jsonCell } from '../query/display.ts';
import { DEFAULT_MAX_ROWS, type Answer } from '../query/execute.ts';
import { findPack } from '../query/packs.ts';
import {
  bindParams,
  canonicalParams,
  paramsJson,
  parseParamWords,
  type BoundParams,
  type BoundValue,
} from '../query/params.ts';
import { textIn, type Question } from '../query/question.ts';
import type { RunRecord } from '../query/run-record.ts';
import { DEFAULT_TIMEOUT_S, runQuery } from '../query/run.ts';
import { recordAnswer, type Answerer, type VerbAnswer } from './answer.ts';
import type { Case } from './case.ts';
import { importedContent } from './imported-content.ts';

export { loadPacks } from '../query/packs.ts';

/** Options of a pack's run. */
export interface PackOptions {
  /** `name=value` words; each query gets those that it takes. */
  readonly params?: readonly string[];
  /** Of each query. */
  readonly timeoutS?: number;
  /** Told as each query begins. */
  readonly told?: (name: string, at: number, of: number) => void;
}

/** What one query of the pack gave. */
export interface PackPart {
  readonly name: string;
  readonly title: string;
  readonly params: BoundParams;
  readonly columns: readonly string[];
  /** Rows as canonical lines. */
  readonly rows: readonly string[];
  readonly ordered_sha256: string;
  readonly order: Answer['order'];
}

/** A pack's run that was recorded. */
export interface PackRun {
  readonly record: RunRecord;
  readonly parts: readonly PackPart[];
  /** Queries that were not asked, because a parameter without default was not given. */
  readonly skipped: readonly Skipped[];
  /** The result set as it was recorded: column names, and rows as canonical lines. */
  readonly columns: readonly string[];
  readonly rows: readonly string[];
}

/** A query that was not asked. */
interface Skipped {
  readonly name: string;
  /** Names of its parameters that are missing. */
  readonly missing: readonly string[];
}

/** A query with all that decides its answer. */
interface Ask {
  readonly name: string;
  readonly sql: string;
  readonly params: BoundParams;
}

const VERB = 'query run-pack';

/**
 * Asks the queries of a pack and records them as one run.
 * @throws ExhibitError `E_NOT_FOUND`, `E_QUERY_PARAM` (a parameter that no query of the pack takes, or of the wrong type),
 * `E_USAGE` (nothing can be asked), and those of `recordAnswer`.
 */
export async function runPack(
  target: Case,
  fx: Effects,
  name: string,
  options: PackOptions = {},
): Promise<PackRun> {
  const pack = findPack(name);
  const catalog = loadCatalog();
  const queries = pack.queries.map((id) => findQuery(catalog, id));
  const { asks, skipped } = bind(queries, parseParamWords(options.params ?? []));
  let parts: Awaited<ReturnType<typeof askAll>> = [];
  const record = await recordAnswer(target, fx, {
    verb: VERB,
    question: {
      pack: pack.id,
      queries: asks.map(({ name: id, sql, params }) => ({
        name: id,
        sql,
        params: Object.fromEntries(canonicalParams(params)),
      })),
      skipped: skipped.map(({ name: id, missing }) => ({ name: id, missing })),
    },
    answer: async () => {
      parts = await askAll(target, fx, asks, options);
      return answerOf(asks, parts);
    },
  });
  const titles = new Map(queries.map((query) => [query.id, query.title]));
  const { columns, rows } = resultSet(parts);
  return {
    record,
    columns,
    rows: Array.from(rows, canonicalRow),
    parts: parts.map((part) => ({ ...part, title: titles.get(part.name) ?? part.name })),
    skipped,
  };
}

/** The document of `query run-pack --json`; at most `limit` rows of each query, 0 for all. */
export function packDocument(run: PackRun, limit: number): Readonly<Record<string, unknown>> {
  const { run_id, core } = run.record;
  const { row_count, ordered_sha256, multiset_sha256, order } = core.result;
  return {
    ...{ run_id, row_count, ordered_sha256, multiset_sha256, order },
    queries: run.parts.map((part) => ({
      name: part.name,
      row_count: part.rows.length,
      ordered_sha256: part.ordered_sha256,
      order: part.order,
      columns: part.columns,
      rows: (limit > 0 ? part.rows.slice(0, limit) : part.rows).map((line) =>
        parseRow(line).map(jsonCell),
      ),
    })),
    skipped: run.skipped,
  };
}

/** Asks a recorded pack again. */
export const askPack: Answerer = async (target, fx, question) => {
  const asks = asksIn(question);
  return answerOf(asks, await askAll(target, fx, asks, {}));
};

function bind(
  queries: readonly NamedQuery[],
  given: ReadonlyMap<string, string>,
): { readonly asks: readonly Ask[]; readonly skipped: readonly Skipped[] } {
  const known = new Set(queries.flatMap(({ params }) => params.map((spec) => spec.name)));
  const strange = [...given.keys()].find((name) => !known.has(name));
  if (strange !== undefined) {
    throw new ExhibitError('E_QUERY_PARAM', `no query of the pack has a parameter "${strange}"`, {
      hint: `they take ${[...known].sort().join(', ')}`,
    });
  }
  const asks: Ask[] = [];
  const skipped: Skipped[] = [];
  for (const { id, sql, params: specs } of queries) {
    const missing = specs
      .filter((spec) => spec.default === undefined && !given.has(spec.name))
      .map((spec) => spec.name);
    if (missing.length > 0) {
      skipped.push({ name: id, missing });
      continue;
    }
    const own = new Map([...given].filter(([name]) => specs.some((spec) => spec.name === name)));
    asks.push({ name: id, sql, params: bindParams(specs, own) });
  }
  if (asks.length > 0) return { asks, skipped };
  throw new ExhibitError('E_USAGE', 'every query of the pack lacks a parameter', {
    hint: `give --param ${skipped[0]?.missing[0] ?? ''}=...`,
  });
}

type Part = Omit<PackPart, 'title'> & Pick<Answer, 'multiset_sha256' | 'warnings'>;

/** Queries that are asked at one time: a query keeps one core busy, and memory is for two. */
const AT_ONCE = 2;

/** Answers in the order of the questions. The error is that of the first question that has one, whichever was faster. */
async function askAll(
  target: Case,
  fx: Effects,
  asks: readonly Ask[],
  options: PackOptions,
): Promise<readonly Part[]> {
  const content = importedContent(target);
  const parts: Part[] = [];
  const failures: { readonly at: number; readonly error: unknown }[] = [];
  const waiting = asks.entries();
  const work = async (): Promise<void> => {
    for (const [at, ask] of waiting) {
      if (failures.length > 0) return;
      options.told?.(ask.name, at + 1, asks.length);
      try {
        parts[at] = await askOne(target, fx, content, ask, options);
      } catch (error) {
        failures.push({ at, error });
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const [first] = failures.sort((a, b) => a.at - b.at);
  if (first !== undefined) throw first.error;
  return parts;
}

async function askOne(
  target: Case,
  fx: Effects,
  content: string,
  { name, sql, params }: Ask,
  { timeoutS = DEFAULT_TIMEOUT_S }: PackOptions,
): Promise<Part> {
  const { answer } = await runQuery(
    {
      database: target.paths.database,
      sql,
      params,
      content,
      checkContent: false,
      maxRows: DEFAULT_MAX_ROWS,
    },
    { timeoutS, signal: fx.signal },
  );
  const { columns, rows, ordered_sha256, multiset_sha256, order, warnings } = answer;
  return { name, params, columns, rows, ordered_sha256, multiset_sha256, order, warnings };
}

/** Query, row, then cells; rows of queries with fewer columns are filled with NULL. */
function resultSet(parts: Awaited<ReturnType<typeof askAll>>): {
  readonly columns: readonly string[];
  readonly rows: Generator<readonly Cell[]>;
} {
  const width = Math.max(...parts.map(({ columns }) => columns.length));
  const row = (name: string, at: number, cells: readonly Cell[]): readonly Cell[] => [
    ...[name, BigInt(at), ...cells],
    ...Array<null>(width - cells.length).fill(null),
  ];
  const rows = function* (): Generator<readonly Cell[]> {
    for (const part of parts) {
      yield row(part.name, 0, part.columns);
      for (const [at, line] of part.rows.entries())
        yield row(part.name, at + 1, parseRow(line).map(cellOf));
    }
  };
  const names = Array.from({ length: width }, (_, at) => `c${String(at + 1)}`);
  return { columns: ['query', 'row', ...names], rows: rows() };
}

function answerOf(asks: readonly Ask[], parts: Awaited<ReturnType<typeof askAll>>): VerbAnswer {
  return {
    ...resultSet(parts),
    sql: asks.map(({ name, sql }) => `-- ${name}\n${sql}`).join('\n'),
    details: parts.map(({ name, params, columns, rows: lines, ...part }, at) => ({
      name,
      sql_sha256: sha256Hex(asks[at]?.sql ?? ''),
      params_sha256: sha256Hex(paramsJson(params)),
      columns,
      row_count: lines.length,
      ordered_sha256: part.ordered_sha256,
      multiset_sha256: part.multiset_sha256,
      order: part.order,
      warnings: part.warnings.map(({ code, detail }) => ({ code, detail })),
    })),
    order: parts.every(({ order }) => order === 'determined') ? 'determined' : 'not_determined',
    warnings: parts.flatMap(({ name, warnings }) =>
      warnings.map(({ code, detail }) => ({ code, detail: `${name}: ${detail}` })),
    ),
  };
}

/** @throws ExhibitError `E_FORMAT` */
function asksIn(question: Question): readonly Ask[] {
  const { queries } = question;
  if (!Array.isArray(queries)) throw unusable();
  return (queries as readonly Question[]).map((one) => {
    const [name, sql] = [textIn(one, 'name'), textIn(one, 'sql')];
    const { params } = one;
    if (name === undefined || sql === undefined || typeof params !== 'object' || params === null)
      throw unusable();
    return {
      name,
      sql,
      params: Object.fromEntries(
        Object.entries(params as Readonly<Record<string, CanonicalCell>>).map(
          ([key, cell]): [string, BoundValue] => [key, boundOf(cell)],
        ),
      ),
    };
  });
}

function boundOf(cell: CanonicalCell): BoundValue {
  const value = cellOf(cell);
  if (value === null || typeof value === 'string' || typeof value === 'bigint') return value;
  throw unusable();
}

function unusable(): ExhibitError {
  return new ExhibitError('E_FORMAT', 'the recorded question is not that of a pack');
}
