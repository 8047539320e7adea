/**
 * report.json, type `report/1` (docs/report.md): everything the report says. The HTML is rendered from it and from
 * nothing else. Times are RFC 3339 UTC unless a name ends in `_us`.
 */
import type { Check } from '../core/check.ts';
import type { CanonicalCell } from '../query/canonical.ts';

/** The whole report. */
export interface Report {
  readonly type: 'report/1';
  /** Time of the newest ledger entry: the report says what was known then, and making it again says the same. */
  readonly as_of: string;
  readonly case: CaseFacts;
  readonly tool: ToolFacts;
  readonly evidence: readonly EvidenceFacts[];
  readonly custody: CustodyFacts;
  readonly verification: { readonly ok: boolean; readonly checks: readonly Check[] };
  /** Newest recorded validation of CloudTrail's own digest files; null when none is on record. */
  readonly witness: WitnessFacts | null;
  /** Null when nothing was imported. */
  readonly data: DataFacts | null;
  readonly runs: readonly RunFacts[];
  /** Text of VERIFY.txt; null when the case has none. */
  readonly verify_txt: string | null;
}

/** From case.json. */
export interface CaseFacts {
  readonly id: string;
  readonly created_at: string;
  readonly examiner: {
    readonly name: string;
    readonly organization?: string;
    readonly role: string;
  };
  /** SHA-256 of certificates (DER). */
  readonly examiner_cert_sha256: string;
  readonly root_cert_sha256: string;
}

/** The exhibit that made the report. */
export interface ToolFacts {
  readonly name: string;
  readonly version: string;
  readonly hash: string;
  readonly node: string;
  readonly sqlite: string;
}

/** One evidence item. */
export interface EvidenceFacts {
  readonly id: string;
  /** Null when it is not sealed or its seal cannot be read: `problem` then says why. */
  readonly seal: SealFacts | null;
  readonly problem?: string;
  /** From the bundle's acquisition/collection.json; null when it could not be read. */
  readonly collection: CollectionFacts | null;
  /** Counts of the ledger's entry `acquired`; null without one. */
  readonly files: number | null;
  readonly bytes: number | null;
  /** From acquisition/errors.jsonl: what was found and not collected. */
  readonly not_collected: {
    readonly total: number;
    readonly by_reason: readonly {
      readonly state: string;
      readonly reason: string;
      readonly count: number;
    }[];
    readonly first: readonly {
      readonly path: string;
      readonly state: string;
      readonly reason: string;
      readonly detail: string;
    }[];
  };
}

/** From the seal file. */
export interface SealFacts {
  readonly sha256: string;
  readonly payload_set_sha256: string;
  readonly signer_cert_sha256: string;
  readonly acquired_from: string;
  readonly acquired_to: string;
  readonly anchor_not_before: string;
  readonly tool: string;
  /** When the signature claims to have been made, and by when a trusted time-stamp proves it existed; null: no good one. */
  readonly signed: { readonly claimed: string; readonly not_after: ProvenAt | null } | null;
  readonly volumes: readonly {
    readonly file: string;
    /** Null when the file is missing. */
    readonly size: number | null;
    readonly sha256: string;
    readonly tagmanifest_sha256: string;
  }[];
}

/** What was asked for when the evidence was collected. */
export interface CollectionFacts {
  readonly method: string;
  readonly roots: readonly string[];
  readonly s3?: string;
  readonly as?: string;
  readonly examiner: string;
  readonly started_at: string;
  readonly acquiring_os: string;
}

/** The ledger. */
export interface CustodyFacts {
  /** SHA-256 of the newest entry's file; null without one. */
  readonly head: string | null;
  readonly entries: readonly CustodyRow[];
}

/** A time that a time-stamp authority vouches for, and its name. */
export interface ProvenAt {
  readonly at: string;
  readonly by: string;
}

/** One ledger entry. */
export interface CustodyRow {
  readonly seq: number;
  /** The writer's clock: a claim. */
  readonly at: string;
  /** What time-stamps prove that somebody believes: the entry did not exist before one time, and existed at the other. */
  readonly not_before: ProvenAt | null;
  readonly not_after: ProvenAt | null;
  readonly event: string;
  readonly actor: { readonly name: string; readonly org?: string; readonly role: string };
  readonly evidence: readonly string[];
  /** What the entry says beyond its event, in short lines. */
  readonly notes: readonly string[];
  readonly sha256: string;
  readonly signature: 'valid' | 'invalid' | 'not_checked';
  /** Why it is not valid. */
  readonly problem?: string;
}

/** From report/cloudtrail-validation.json, if it is the file that the ledger recorded. */
export interface WitnessFacts {
  readonly file_sha256: string;
  readonly ledger_seq: number;
  readonly ok: boolean;
  readonly digests: Readonly<Record<string, number>>;
  readonly logs: Readonly<Record<string, number>>;
  /** Window that was asked for; null on an open side. */
  readonly asked: { readonly from: string | null; readonly to: string | null };
  /** Where the public keys came from: `given` by the verifier, fetched at `acquisition`, found in the `evidence`, `none`. */
  readonly keys_origin: string;
  /** Time by account, region and trail, the first of them: `validated`, `unproven`, `invalid`, `missing`, `not_validated`. */
  readonly periods: readonly {
    readonly account: string;
    readonly region: string;
    readonly trail: string | null;
    readonly from: string;
    readonly to: string;
    readonly status: string;
    readonly detail: string;
  }[];
  readonly periods_total: number;
  /** Findings that say more than the counts do, the first of them. */
  readonly findings: readonly {
    readonly kind: string;
    readonly subject: string;
    readonly status: string;
    readonly detail: string;
  }[];
  readonly findings_total: number;
}

/** What the database holds. */
export interface DataFacts {
  readonly content_sha256: string;
  /** What the newest ledger entry `imported` recorded; null without one. */
  readonly recorded_content_sha256: string | null;
  readonly evidence_set_sha256: string;
  readonly schema_sha256: string;
  readonly totals: RecordCounts;
  readonly sources: readonly SourceFacts[];
  readonly files: readonly {
    readonly evidence: string;
    readonly status: string;
    readonly files: number;
  }[];
  /** Tables and counts that do not agree; empty when all do. */
  readonly unreconciled: readonly string[];
  readonly first_event: string | null;
  readonly last_event: string | null;
  /** Stretches of time with records, in order; empty when no record has a time. */
  readonly coverage: readonly Grid[];
  readonly gaps: readonly GapFacts[];
  readonly gaps_total: number;
  readonly rejects: readonly {
    readonly source: string;
    readonly reason: string;
    readonly about: string;
    readonly count: number;
  }[];
  readonly anomalies: readonly {
    readonly kind: string;
    readonly about: string;
    readonly count: number;
  }[];
  readonly unrecognised: readonly {
    readonly evidence: string;
    readonly path: string;
    readonly size: number;
    readonly status: string;
    readonly reason: string;
  }[];
  readonly unrecognised_total: number;
  readonly imports: readonly {
    readonly started_at: string;
    readonly finished_at: string;
    readonly tool: string;
    readonly workers: number;
    readonly evidence: string;
  }[];
}

/** `records` is the sum of the other three. */
export interface RecordCounts {
  readonly files: number;
  readonly records: number;
  readonly imported: number;
  readonly duplicates: number;
  readonly rejected: number;
}

/** Counts of one source. */
export interface SourceFacts extends RecordCounts {
  readonly source: string;
  readonly title: string;
  readonly version: number;
}

/** Records by series and time. */
export interface Grid {
  readonly start_us: number;
  /** Width of a bin, a multiple of an hour. */
  readonly bin_us: number;
  readonly bins: number;
  readonly series: readonly {
    readonly source: string;
    readonly account_id: string;
    readonly region: string;
    readonly records: number;
    /** `[bin, records]` of the bins that have any, in order. */
    readonly counts: readonly (readonly [number, number])[];
  }[];
}

/** Hours without a record between hours with records. */
export interface GapFacts {
  readonly source: string;
  readonly account_id: string;
  readonly region: string;
  readonly from: string;
  readonly to: string;
  readonly hours: number;
}

/** One recorded query run. */
export interface RunFacts {
  readonly id: string;
  /** Why the run cannot be shown; its other fields are then absent. */
  readonly problem?: string;
  readonly run?: {
    readonly name: string | null;
    /** From the head of the SQL of a named query. */
    readonly question: string | null;
    readonly sql: string;
    /** Times as RFC 3339, all else as it was bound. */
    readonly params: readonly { readonly name: string; readonly value: string | null }[];
    readonly started_at: string;
    readonly columns: readonly string[];
    readonly row_count: number;
    readonly order: string;
    readonly ordered_sha256: string;
    readonly multiset_sha256: string;
    readonly sql_sha256: string;
    readonly core_sha256: string;
    readonly content_sha256: string;
    readonly sqlite_version: string;
    readonly warnings: readonly string[];
    /** First rows. */
    readonly rows: readonly (readonly CanonicalCell[])[];
  };
}
