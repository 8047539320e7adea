/** What `config` reads of a case: its questions in SQL, asked of the database or asked and recorded, and items of resources. */
import { COMMON_CELLS, type CommonCells } from '../core/columns.ts';
import { isObject, type JsonValue, outlineJson, parseExact } from '../core/json.ts';
import type { Effects } from '../core/effects.ts';
import { ExhibitError } from '../core/errors.ts';
import { formatUs } from '../core/time.ts';
import { openDatabase } from '../db/open.ts';
import { cellOf } from '../query/canonical.ts';
import { parseRow } from '../query/compare.ts';
import type { Case } from './case.ts';
import { runAndRecord } from './query.ts';

/** Cells of a row by column: text and integers only. */
export type Row = Readonly<Record<string, string | number | null>>;

/** Puts a question to the database; `params` name all that the SQL uses. */
export type Ask = (
  sql: string,
  params: Readonly<Record<string, string | number>>,
) => Promise<readonly Row[]>;

/** Asks, and the runs that were recorded by asking. */
export interface Questions {
  readonly ask: Ask;
  /** `Q-0001` of each question, in order; empty where nothing is recorded. */
  readonly runs: readonly string[];
}

/**
 * Asks questions of one state of the database, from the first to the last.
 * @param record keep each question with its rows as a run of the case, signed and in the ledger, as `query sql` does.
 * @throws ExhibitError `E_NOT_IMPORTED`, `E_FORMAT`; recording also what `runAndRecord` throws.
 */
export async function withQuestions<T>(
  target: Case,
  fx: Effects,
  record: boolean,
  use: (questions: Questions) => Promise<T>,
): Promise<T> {
  if (record) return use(recorded(target, fx));
  const db = openDatabase(target.paths.database, { readonly: true });
  try {
    const ask: Ask = (sql, params) =>
      Promise.resolve(db.prepare<[typeof params], Row>(sql).all(params));
    return await use({ ask, runs: [] });
  } finally {
    db.close();
  }
}

function recorded(target: Case, fx: Effects): Questions {
  const runs: string[] = [];
  const ask: Ask = async (sql, params) => {
    const words = Object.entries(params).map(([name, value]) =>
      typeof value === 'number' ? `${name}:integer=${String(value)}` : `${name}:text=${value}`,
    );
    const run = await runAndRecord(target, fx, { sql }, { params: words });
    runs.push(run.record.run_id);
    return run.rows.map((line) => {
      const cells = parseRow(line).map(cellOf);
      return Object.fromEntries(run.columns.map((name, at) => [name, plain(cells[at] ?? null)]));
    });
  };
  return { ask, runs };
}

function plain(cell: ReturnType<typeof cellOf>): string | number | null {
  if (typeof cell === 'bigint') return Number(cell);
  return typeof cell === 'string' || typeof cell === 'number' ? cell : null;
}

/** Where an answer comes from. */
export interface Evidence {
  /** For `show`. */
  readonly row: string;
  readonly evidence_id: string;
  /** S3 key, or the path that was collected. */
  readonly file: string;
  readonly record_no: number;
  /** Place in the decompressed file. */
  readonly offset: number;
  readonly length: number;
  /** How many more times the same record stands in the evidence. */
  readonly copies: number;
}

/** SQL of the columns that {@link evidenceOf} reads, of a table called `alias`, and the joins they need. */
export function evidenceSql(table: string, alias: string): { columns: string; joins: string } {
  return {
    columns: `'${table}' AS source, ${alias}.id AS id, e.evidence_id AS evidence_id, coalesce(f.key, f.original_path) AS file, ${alias}.id & 268435455 AS record_no, ${alias}."offset" AS "offset", ${alias}."length" AS "length", (SELECT count(*) FROM duplicate AS d WHERE d.kept_id = ${alias}.id AND d.source = '${table}') AS copies`,
    joins: `JOIN source_file AS f ON f.file_id = ${alias}.id >> 28 JOIN evidence AS e ON e.evidence_no = f.evidence_no`,
  };
}

/** The provenance in a row of a question that used {@link evidenceSql}. */
export function evidenceOf(row: Row): Evidence {
  const number = (name: string): number => Number(row[name] ?? 0);
  return {
    row: `${String(row['source'])}:${String(row['id'])}`,
    evidence_id: String(row['evidence_id']),
    file: String(row['file']),
    record_no: number('record_no'),
    offset: number('offset'),
    length: number('length'),
    copies: number('copies'),
  };
}

/** SQL of the common cells of a table called `alias`, for {@link commonOf}. */
export function commonSql(alias: string): string {
  return COMMON_CELLS.map((name) => `${alias}."${name}" AS "${name}"`).join(', ');
}

/** The common cells in a row of a question that used {@link commonSql}. */
export function commonOf(row: Row): CommonCells {
  return Object.fromEntries(
    COMMON_CELLS.map((name) => [name, row[name] === null ? null : String(row[name])]),
  ) as CommonCells;
}

/** A resource that Config items are about. */
export interface Resource {
  readonly account_id: string;
  readonly region: string;
  readonly resource_type: string;
  readonly resource_id: string;
  readonly resource_name: string | null;
  readonly arn: string | null;
  /** Items of it in the case, and the times of the first and the last. */
  readonly items: number;
  readonly first_captured_at: string;
  readonly last_captured_at: string;
}

/** Which resource is meant. */
export interface ResourceChoice {
  /** ARN, resource id or resource name, exactly. */
  readonly name: string;
  /** `AWS::EC2::Instance`, where a name alone means several. */
  readonly type?: string;
  readonly account?: string;
  readonly region?: string;
}

// An item that tells of a deletion may lack the name and the ARN: what a word finds is the resource, then all items of it.
const FIND = `WITH k AS (
  SELECT coalesce(account_id, '') AS account_id, coalesce(region, '') AS region, resource_type, resource_id,
    max(CASE WHEN arn = :name THEN 3 WHEN resource_id = :name THEN 2 ELSE 1 END) AS fit
  FROM config_item WHERE arn = :name OR resource_id = :name OR resource_name = :name
  GROUP BY coalesce(account_id, ''), coalesce(region, ''), resource_type, resource_id)
SELECT k.account_id AS account_id, k.region AS region, k.resource_type AS resource_type, k.resource_id AS resource_id, k.fit AS fit,
  max(i.resource_name) AS resource_name, max(i.arn) AS arn, count(*) AS items, min(i.time_us) AS first_us, max(i.time_us) AS last_us
FROM k JOIN config_item AS i ON i.resource_id = k.resource_id AND i.resource_type = k.resource_type
  AND coalesce(i.account_id, '') = k.account_id AND coalesce(i.region, '') = k.region
GROUP BY k.account_id, k.region, k.resource_type, k.resource_id, k.fit
ORDER BY k.account_id, k.region, k.resource_type, k.resource_id, k.fit`;

/**
 * The one resource that is meant: an ARN goes before an id, an id before a name.
 * @throws ExhibitError `E_NOT_FOUND` when no item is about it, `E_USAGE` when several are meant.
 */
export async function findResource(ask: Ask, choice: ResourceChoice): Promise<Resource> {
  const { name, type, account, region } = choice;
  const rows = (await ask(FIND, { name })).filter(
    (row) =>
      (type === undefined || row['resource_type'] === type) &&
      (account === undefined || row['account_id'] === account) &&
      (region === undefined || row['region'] === region),
  );
  const best = Math.max(0, ...rows.map((row) => Number(row['fit'])));
  const fitting = rows.filter((row) => row['fit'] === best);
  const [row] = fitting;
  if (row === undefined) {
    throw new ExhibitError('E_NOT_FOUND', `no Config item is about "${name}"`, {
      hint: 'name an ARN, a resource id or a resource name as Config writes it; `exhibit search` finds words anywhere',
    });
  }
  if (fitting.length > 1) {
    const named = fitting.map(
      (one) =>
        `${String(one['resource_type'])} ${String(one['resource_id'])} (${String(one['account_id'])}, ${String(one['region'])})`,
    );
    throw new ExhibitError('E_USAGE', `"${name}" may be: ${named.join('; ')}`, {
      hint: 'name its ARN, or narrow it with --type, --account and --region',
    });
  }
  return {
    account_id: String(row['account_id']),
    region: String(row['region']),
    resource_type: String(row['resource_type']),
    resource_id: String(row['resource_id']),
    resource_name: text(row['resource_name']),
    arn: text(row['arn']),
    items: Number(row['items']),
    first_captured_at: formatUs(Number(row['first_us'])),
    last_captured_at: formatUs(Number(row['last_us'])),
  };
}

/** A relation that an item names. */
export interface Relation {
  readonly name: string;
  readonly resource_type: string;
  readonly resource_id: string | null;
  readonly resource_name: string | null;
}

/** One item: the state of a resource as Config recorded it. */
export interface Item {
  readonly time_us: number;
  readonly status: string;
  readonly state_id: string | null;
  readonly resource_name: string | null;
  readonly arn: string | null;
  readonly availability_zone: string | null;
  readonly recording_frequency: string | null;
  /** Null where the item has none. */
  readonly tags: Readonly<Record<string, JsonValue>> | null;
  readonly relations: readonly Relation[] | null;
  readonly configuration: JsonValue;
  readonly supplementary_configuration: JsonValue;
  readonly evidence: Evidence;
}

const PLACE = evidenceSql('config_item', 'i');

/** Order of the items of one resource: capture time, then state id as the number it is, then place in the evidence. */
export function itemOrder(alias: string): string {
  const state = `coalesce(${alias}.configuration_state_id, '')`;
  return `${alias}.time_us, length(${state}), ${state}, ${alias}.configuration IS NOT NULL, ${alias}.id`;
}

const ITEMS = `SELECT i.time_us AS time_us, i.configuration_item_status AS status, i.configuration_state_id AS state_id,
  i.resource_name AS resource_name, i.arn AS arn, i.availability_zone AS availability_zone, i.recording_frequency AS recording_frequency,
  i.tags AS tags, i.relationships AS relationships, i.configuration AS configuration,
  i.supplementary_configuration AS supplementary_configuration, ${PLACE.columns}
FROM config_item AS i ${PLACE.joins}
WHERE i.resource_id = :id AND i.resource_type = :type AND coalesce(i.account_id, '') = :account AND coalesce(i.region, '') = :region
ORDER BY ${itemOrder('i')}`;

/** All items of a resource in the order of their capture. */
export async function itemsOf(ask: Ask, resource: Resource): Promise<readonly Item[]> {
  const { account_id: account, region, resource_type: type, resource_id: id } = resource;
  const rows = await ask(ITEMS, { account, region, type, id });
  return rows.map((row) => ({
    time_us: Number(row['time_us']),
    status: text(row['status']) ?? '',
    state_id: text(row['state_id']),
    resource_name: text(row['resource_name']),
    arn: text(row['arn']),
    availability_zone: text(row['availability_zone']),
    recording_frequency: text(row['recording_frequency']),
    tags: tagsOf(json(row['tags'])),
    relations: relationsOf(json(row['relationships'])),
    configuration: json(row['configuration']),
    supplementary_configuration: json(row['supplementary_configuration']),
    evidence: evidenceOf(row),
  }));
}

/** Tags by key. */
function tagsOf(value: JsonValue): Item['tags'] {
  if (!isObject(value)) return null;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, one ?? null]));
}

function relationsOf(value: JsonValue): Item['relations'] {
  if (!Array.isArray(value)) return null;
  return (value as readonly JsonValue[]).filter(isObject).map((one) => ({
    name: text(one['name']) ?? '',
    resource_type: text(one['resourceType']) ?? '',
    resource_id: text(one['resourceId']),
    resource_name: text(one['resourceName']),
  }));
}

/** JSON of a column; what is none, or nested beyond reason, is its text. */
function json(cell: string | number | null | undefined): JsonValue {
  if (typeof cell !== 'string') return cell ?? null;
  if (outlineJson(cell).depth > 512) return cell;
  return parseExact(cell) ?? cell;
}

function text(value: JsonValue | undefined): string | null {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'bigint' ? String(value) : null;
}
