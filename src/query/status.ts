/** What the database says of itself: files, reasons, coverage and its gaps. */
import type { Database } from '../db/open.ts';
import { tableCounts } from '../db/table-counts.ts';

/** Files by evidence and status, with their counts. */
export interface EvidenceStatus {
  readonly evidence_id: string;
  readonly payload_set_sha256: string;
  readonly files: number;
  readonly bytes: number;
  readonly files_by_status: Readonly<Record<string, number>>;
}

/** Records of one account, region and source, hour by hour. */
export interface CoverageStatus {
  readonly source: string;
  readonly account_id: string;
  readonly region: string;
  /** Of the first and the last hour with records, microseconds UTC. */
  readonly first_hour_us: number;
  readonly last_hour_us: number;
  readonly records: number;
  readonly hours_with_records: number;
  /** Hours between first and last. */
  readonly hours: number;
  /** Runs of hours without a record, in order; `to` is the first hour with records again. */
  readonly gaps: readonly { readonly from_us: number; readonly to_us: number }[];
}

/** A count of something with a name. */
export interface NamedCount {
  readonly source?: string;
  readonly name: string;
  readonly count: number;
}

const HOUR_US = 3_600_000_000;

/** Evidence in the database. */
export function evidenceStatus(db: Database): readonly EvidenceStatus[] {
  const items = db
    .prepare<
      [],
      {
        evidence_no: number;
        evidence_id: string;
        payload_set_sha256: string;
        files: number;
        bytes: number;
      }
    >(
      'SELECT evidence_no, evidence_id, payload_set_sha256, files, bytes FROM evidence ORDER BY evidence_no',
    )
    .all();
  const statuses = db.prepare<[number], { status: string; files: number }>(
    'SELECT status, count(*) AS files FROM source_file WHERE evidence_no = ? GROUP BY status ORDER BY status',
  );
  return items.map(({ evidence_no: number, ...item }) => ({
    ...item,
    files_by_status: Object.fromEntries(statuses.all(number).map((row) => [row.status, row.files])),
  }));
}

/** Files without a source, with the reason. */
export function unrecognisedFiles(db: Database): readonly {
  readonly evidence_id: string;
  readonly path: string;
  readonly size: number;
  readonly status: string;
  readonly reason: string;
}[] {
  return db
    .prepare<
      [],
      { evidence_id: string; path: string; size: number; status: string; reason: string }
    >(
      `SELECT evidence_id, original_path AS path, size, status, reason
         FROM source_file JOIN evidence USING (evidence_no)
        WHERE status IN ('unrecognised', 'unreadable') ORDER BY file_id`,
    )
    .all();
}

/** A flow log of which the evidence says in which order the fields of its rows stand. */
export interface FlowFormat {
  readonly flow_log_id: string;
  readonly resource_id: string | null;
  /** Log group, bucket or stream. */
  readonly goes_to: string | null;
  readonly log_format: string;
}

/** Formats of flow logs that `describe-flow-logs` names in the evidence, without those that are the default. */
export function flowFormats(db: Database, usual: string): readonly FlowFormat[] {
  return db
    .prepare<[string], FlowFormat>(
      `SELECT DISTINCT flow_log_id, resource_id, coalesce(log_group, log_destination) AS goes_to, log_format
         FROM ec2_flow_log
        WHERE flow_log_id IS NOT NULL AND log_format IS NOT NULL AND log_format <> ?
        ORDER BY flow_log_id, log_format, resource_id, goes_to`,
    )
    .all(usual);
}

/** The format of flow logs that the import was told; empty for none. */
export function declaredFormat(db: Database): string {
  return (
    db.prepare<[], string>("SELECT value FROM case_meta WHERE key = 'vpc_format'").pluck().get() ??
    ''
  );
}

/** Times that lack year or zone, file by file, and what was assumed of them. */
export function assumedTimes(db: Database): readonly {
  readonly source: string;
  readonly evidence_id: string;
  readonly path: string;
  readonly detail: string;
}[] {
  return db
    .prepare<[], { source: string; evidence_id: string; path: string; detail: string }>(
      `SELECT DISTINCT file.source AS source, evidence_id, file.original_path AS path, anomaly.detail AS detail
         FROM anomaly JOIN source_file AS file USING (file_id) JOIN evidence USING (evidence_no)
        WHERE anomaly.kind = 'assumed_time' AND file.source IS NOT NULL
        ORDER BY file.file_id, anomaly.record_no, anomaly.detail`,
    )
    .all();
}

/** Those of some tables that hold a row. */
export function filledTables(db: Database, tables: readonly string[]): readonly string[] {
  return tables.filter((table) => count(db, `SELECT EXISTS (SELECT 1 FROM main."${table}")`) === 1);
}

/** Rejected records by source and reason. */
export function rejectsByReason(db: Database): readonly NamedCount[] {
  return named(
    db,
    'SELECT source, reason AS name, count(*) AS count FROM main.reject GROUP BY source, reason ORDER BY source, reason',
  );
}

/** Anomalies by kind. */
export function anomaliesByKind(db: Database): readonly NamedCount[] {
  return named(
    db,
    'SELECT kind AS name, count(*) AS count FROM anomaly GROUP BY kind ORDER BY kind',
  );
}

/** Files whose counts do not add up with the tables: empty, or the database is wrong. */
export function unreconciled(db: Database, tables: readonly string[]): readonly string[] {
  const counts: Record<string, string> = { duplicates: 'main.duplicate', rejected: 'main.reject' };
  const problems = tableCounts(db, tables).flatMap(({ table, rows, told }) =>
    rows === told ? [] : [`${table}: ${String(rows)} rows, ${String(told)} counted`],
  );
  for (const [column, table] of Object.entries(counts)) {
    const rows = count(db, `SELECT count(*) FROM ${table}`);
    const claimed = count(db, `SELECT sum(${column}) FROM source_file`);
    if (rows !== claimed)
      problems.push(`${column}: ${String(rows)} rows, ${String(claimed)} counted`);
  }
  return problems;
}

/** Coverage by source, account and region, with the hours that are missing in between. */
export function coverageStatus(db: Database): readonly CoverageStatus[] {
  const hours = db
    .prepare<
      [],
      { source: string; account_id: string; region: string; hour_us: number; records: number }
    >(
      'SELECT source, account_id, region, hour_us, records FROM coverage ORDER BY source, account_id, region, hour_us',
    )
    .all();
  const groups = Map.groupBy(hours, (hour) =>
    JSON.stringify([hour.source, hour.account_id, hour.region]),
  );
  return [...groups.values()].flatMap((group) => {
    const [first, last] = [group[0], group.at(-1)];
    if (first === undefined || last === undefined) return [];
    const gaps = group.flatMap((hour, at) => {
      const next = group[at + 1]?.hour_us ?? hour.hour_us;
      return next > hour.hour_us + HOUR_US
        ? [{ from_us: hour.hour_us + HOUR_US, to_us: next }]
        : [];
    });
    return [
      {
        source: first.source,
        account_id: first.account_id,
        region: first.region,
        first_hour_us: first.hour_us,
        last_hour_us: last.hour_us,
        records: group.reduce((sum, hour) => sum + hour.records, 0),
        hours_with_records: group.length,
        hours: (last.hour_us - first.hour_us) / HOUR_US + 1,
        gaps,
      },
    ];
  });
}

/** Names of collected files, for the gaps in their delivery times. */
export function fileNames(
  db: Database,
): readonly { readonly source: string; readonly name: string }[] {
  return db
    .prepare<[], { source: string; name: string }>(
      'SELECT source, coalesce(key, original_path) AS name FROM source_file WHERE source IS NOT NULL ORDER BY file_id',
    )
    .all();
}

/** First and last time of all events. */
export function timeRange(db: Database): {
  readonly first_us: number | null;
  readonly last_us: number | null;
} {
  const range = db
    .prepare<[], { first_us: number | null; last_us: number | null }>(
      'SELECT min(time_us) AS first_us, max(time_us) AS last_us FROM timeline',
    )
    .get();
  return range ?? { first_us: null, last_us: null };
}

function named(db: Database, sql: string): readonly NamedCount[] {
  return db.prepare<[], NamedCount>(sql).all();
}

function count(db: Database, sql: string): number {
  return db.prepare<[], number>(sql).pluck().get() ?? 0;
}
