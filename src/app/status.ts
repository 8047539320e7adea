/** `status`: what the case holds, what became of every file and record, and where there are gaps. */
import { existsSync, readdirSync } from 'node:fs';
import { evidenceNo, evidencePaths } from '../bundle/layout.ts';
import { formatUs } from '../core/time.ts';
import { openDatabase, sourceTables, type Database } from '../db/open.ts';
import { importTotals, type ImportTotals } from '../db/totals.ts';
import { deliveryGaps } from '../query/delivery.ts';
import {
  anomaliesByKind,
  assumedTimes,
  coverageStatus,
  declaredFormat,
  evidenceStatus,
  fileNames,
  filledTables,
  flowFormats,
  rejectsByReason,
  timeRange,
  unrecognisedFiles,
  unreconciled,
  type EvidenceStatus,
  type FlowFormat,
  type NamedCount,
} from '../query/status.ts';
import { SOURCES } from '../sources/_registry.ts';
import { DEFAULT_VPC_FORMAT } from '../sources/vpc_flow.ts';
import type { Case } from './case.ts';

/** A stretch of time, RFC 3339. */
export interface Span {
  readonly from: string;
  readonly to: string;
}

/** Coverage of one source, account and region. */
export interface Coverage extends Span {
  readonly source: string;
  readonly account_id: string;
  readonly region: string;
  readonly records: number;
  readonly hours: number;
  readonly hours_with_records: number;
  readonly gaps: readonly Span[];
}

/** The whole status; `database` is undefined before the first import. */
export interface Status {
  readonly case: string;
  /** Folders of the case: what is collected, sealed, imported. */
  readonly evidence_folders: readonly {
    readonly id: string;
    readonly sealed: boolean;
    readonly imported: boolean;
  }[];
  readonly database: DatabaseStatus | undefined;
}

/** What the database holds. */
export interface DatabaseStatus {
  readonly totals: ImportTotals;
  /** Counts that do not add up; empty in a sound database. */
  readonly unreconciled: readonly string[];
  readonly range: { readonly first: string | null; readonly last: string | null };
  readonly evidence: readonly EvidenceStatus[];
  readonly unrecognised: ReturnType<typeof unrecognisedFiles>;
  readonly rejects: readonly NamedCount[];
  readonly anomalies: readonly NamedCount[];
  /** What the times of each source are: whose clock, which zone, how fine, what is assumed. Sources with rows alone. */
  readonly clocks: readonly { readonly source: string; readonly clock: string }[];
  /** Files whose times lack year or zone, and what was assumed of them. */
  readonly assumed_times: ReturnType<typeof assumedTimes>;
  /** Flow logs without a header are read by one declared format: which one that is, and which ones the evidence names. */
  readonly flow_formats: {
    readonly declared: string | null;
    readonly named: readonly FlowFormat[];
  };
  readonly coverage: readonly Coverage[];
  readonly delivery_gaps: readonly (Span & {
    readonly account_id: string;
    readonly region: string;
  })[];
}

/** Reads the status of a case. @throws ExhibitError `E_FORMAT` for a damaged database. */
export function caseStatus(target: Case): Status {
  const { paths, info } = target;
  const database = existsSync(paths.database) ? databaseStatus(paths.database) : undefined;
  const imported = new Set(database?.evidence.map((item) => item.evidence_id));
  const ids = new Set([...evidenceIn(paths.evidence), ...evidenceIn(paths.staging)]);
  return {
    case: info.case,
    evidence_folders: [...ids].sort().map((id) => ({
      id,
      sealed: existsSync(evidencePaths(paths, id).seal),
      imported: imported.has(id),
    })),
    database,
  };
}

function databaseStatus(path: string): DatabaseStatus {
  const db = openDatabase(path, { readonly: true });
  try {
    return readStatus(db);
  } finally {
    db.close();
  }
}

function readStatus(db: Database): DatabaseStatus {
  const range = timeRange(db);
  const tables = sourceTables(db);
  const names = fileNames(db).filter((file) => file.source === 'cloudtrail');
  return {
    totals: importTotals(db),
    unreconciled: unreconciled(db, tables),
    range: { first: timeOf(range.first_us), last: timeOf(range.last_us) },
    evidence: evidenceStatus(db),
    unrecognised: unrecognisedFiles(db),
    rejects: rejectsByReason(db),
    anomalies: anomaliesByKind(db),
    clocks: clocksOf(db, tables),
    assumed_times: assumedTimes(db),
    flow_formats: flowFormatsOf(db, tables),
    coverage: coverageStatus(db).map(
      ({ first_hour_us: first, last_hour_us: last, gaps, ...rest }) => ({
        ...rest,
        from: formatUs(first),
        to: formatUs(last),
        gaps: gaps.map(span),
      }),
    ),
    delivery_gaps: deliveryGaps(names.map((file) => file.name)).map(
      ({ account_id, region, ...gap }) => ({ account_id, region, ...span(gap) }),
    ),
  };
}

function flowFormatsOf(db: Database, tables: readonly string[]): DatabaseStatus['flow_formats'] {
  const declared = declaredFormat(db);
  return {
    declared: declared === '' ? null : declared,
    named: tables.includes('ec2_flow_log') ? flowFormats(db, DEFAULT_VPC_FORMAT) : [],
  };
}

function clocksOf(db: Database, tables: readonly string[]): DatabaseStatus['clocks'] {
  const filled = new Set(filledTables(db, tables));
  return SOURCES.filter(({ id }) => filled.has(id)).map(({ id, clock }) => ({ source: id, clock }));
}

function span(gap: { readonly from_us: number; readonly to_us: number }): Span {
  return { from: formatUs(gap.from_us), to: formatUs(gap.to_us) };
}

function timeOf(us: number | null): string | null {
  return us === null ? null : formatUs(us);
}

function evidenceIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter((name) => evidenceNo(name) !== undefined);
}
