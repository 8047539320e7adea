/**
 * run.json, the signed record of one run (docs/queries.md, "The record of a run"). Everything that decides the answer is
 * in `core`, whose hash names the run; the clock is outside it.
 */
import { canonicalJson, canonicalLine, type CanonicalValue } from '../core/canonical.ts';
import { parseCanonicalLine } from '../core/canonical-read.ts';
import { sha256Hex } from '../core/digest.ts';
import type { LintWarning } from './lint.ts';

export const RUN_TYPE = 'query-run/1';

/** Files of a run's folder, in the order in which the ledger names them. */
export const RUN_FILES = [
  'query.sql',
  'params.json',
  'result.jsonl',
  'result.csv',
  'run.json',
  'run.json.p7s',
] as const;

/** What was asked of what, where, and what came out. */
export interface RunCore {
  readonly input: {
    readonly evidence_set_sha256: string;
    readonly content_sha256: string;
    /** `recorded`: the hash the import left; `recomputed`: every row was hashed again before the run. */
    readonly content_check: 'recorded' | 'recomputed';
    /** Hash over names and hashes of the migrations. */
    readonly schema_sha256: string;
    /** Version of each source's columns and mapping. */
    readonly sources: Readonly<Record<string, number>>;
    /** SHA-256 of files besides the evidence that the answer was made with (rules, ranges), by name; absent: none. */
    readonly files?: Readonly<Record<string, string>>;
  };
  readonly query: {
    /** Id in the pack; null for SQL that was typed, and for the answer of a verb. */
    readonly name: string | null;
    /** Verb that gave the answer, such as `search`; absent: query.sql is one statement, and SQLite answered it. */
    readonly verb?: string;
    readonly sql_sha256: string;
    readonly params_sha256: string;
    readonly warnings: readonly LintWarning[];
  };
  readonly environment: {
    readonly tool: { readonly name: string; readonly version: string; readonly hash: string };
    readonly node: string;
    readonly sqlite_version: string;
    readonly sqlite_source_id: string;
    readonly compile_options_sha256: string;
    readonly pragmas: Readonly<Record<string, string>>;
    readonly lockfile_sha256: string | null;
    readonly os: string;
    readonly arch: string;
    /** Always UTC: local time is refused in queries. */
    readonly time_zone: 'UTC';
  };
  readonly result: {
    readonly columns: readonly string[];
    readonly row_count: number;
    readonly ordered_sha256: string;
    readonly multiset_sha256: string;
    readonly order: 'determined' | 'not_determined';
    readonly csv_sha256: string;
    readonly exit_status: number;
    /** What a verb says of its answer besides the rows: of a pack, the hashes of each query's own result. */
    readonly details?: CanonicalValue;
  };
}

/** The whole record. */
export interface RunRecord {
  readonly type: typeof RUN_TYPE;
  readonly case: string;
  /** `Q-0001`. */
  readonly run_id: string;
  readonly core: RunCore;
  /** SHA-256 of the canonical JSON of `core`. */
  readonly core_sha256: string;
  /** Claimed times, RFC 3339 UTC. */
  readonly started_at: string;
  readonly finished_at: string;
  readonly signer_cert_sha256: string;
}

/** `Q-0001` for 1. */
export function runId(number: number): string {
  return `Q-${String(number).padStart(4, '0')}`;
}

/** The number of a run id, or undefined if it is none. */
export function runNumber(id: string): number | undefined {
  const match = /^Q-(\d{4,9})$/.exec(id);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

/** Names a core. */
export function coreHash(core: RunCore): string {
  return sha256Hex(canonicalJson(core as unknown as CanonicalValue));
}

/** The bytes of run.json. */
export function runBytes(record: RunRecord): Uint8Array {
  return canonicalLine(record as unknown as CanonicalValue);
}

/** Reads run.json; undefined when it is not canonical or not a run. Its signature is what vouches for its content. */
export function parseRun(bytes: Uint8Array): RunRecord | undefined {
  const value = parseCanonicalLine(bytes);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const fields = value as Readonly<Record<string, unknown>>;
  const whole =
    fields['type'] === RUN_TYPE &&
    isCore(fields['core']) &&
    hasHashes(fields, 'core_sha256', 'signer_cert_sha256');
  if (!whole) return undefined;
  const record = value as unknown as RunRecord;
  return coreHash(record.core) === record.core_sha256 ? record : undefined;
}

// Enough that the hashes of its files can be asked for; the signature vouches for the rest.
function isCore(value: unknown): boolean {
  const { query, result } = (value ?? {}) as Partial<Record<string, unknown>>;
  return (
    hasHashes(query, 'sql_sha256', 'params_sha256') &&
    hasHashes(result, 'ordered_sha256', 'csv_sha256')
  );
}

function hasHashes(value: unknown, ...names: readonly string[]): boolean {
  const fields = (value ?? {}) as Partial<Record<string, unknown>>;
  return names.every((name) => {
    const hash = fields[name];
    return typeof hash === 'string' && /^[0-9a-f]{64}$/.test(hash);
  });
}

/** Names of what differs between two environments or inputs, with both values. */
export function differences(
  recorded: object,
  now: object,
  prefix = '',
): readonly { readonly field: string; readonly recorded: unknown; readonly now: unknown }[] {
  const [left, right] = [recorded as Record<string, unknown>, now as Record<string, unknown>];
  const names = [...new Set([...Object.keys(left), ...Object.keys(right)])].sort();
  return names.flatMap((name) => {
    const [a, b] = [left[name], right[name]];
    const field = `${prefix}${name}`;
    if (typeof a === 'object' && typeof b === 'object' && a !== null && b !== null) {
      return differences(a, b, `${field}.`);
    }
    return a === b ? [] : [{ field, recorded: a ?? null, now: b ?? null }];
  });
}
