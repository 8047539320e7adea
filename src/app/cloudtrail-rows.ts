/** A validation as rows for the database: the names are those of the digests' own fields in snake_case. */
import { formatUs } from '../core/time.ts';
import type { FileRow, VerdictRows } from '../db/trail-verdicts.ts';
import { STATUSES, type Period, type TrailReport } from '../witness/verdict.ts';

/** What the row of the validation says beside the counts. Times are microseconds UTC. */
export interface ValidationFacts {
  readonly resultSha256: string;
  readonly evidence: readonly string[];
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly keys: string;
}

/** Rows of a validation. */
export function validationRows(report: TrailReport, facts: ValidationFacts): VerdictRows {
  const { digests, logs } = report;
  return {
    cloudtrail_validation: [
      {
        result_sha256: facts.resultSha256,
        evidence: facts.evidence.join(','),
        from_us: facts.from ?? null,
        to_us: facts.to ?? null,
        public_keys: facts.keys,
        ok: report.ok ? 1 : 0,
        digests_total: digests.total,
        digests_valid: digests.valid,
        digests_invalid: digests.invalid,
        digests_missing: digests.missing,
        digests_unproven: digests.unproven,
        logs_total: logs.total,
        logs_valid: logs.valid,
        logs_invalid: logs.invalid,
        logs_missing: logs.missing,
        logs_unproven: logs.unproven,
        logs_uncovered: logs.uncovered,
      },
    ],
    cloudtrail_digest_verdict: report.digestVerdicts.map((one): FileRow => {
      const { status, detail, file } = one;
      return {
        file,
        row: {
          ...{ verdict: STATUSES[status].class, status, detail },
          digest_s3_bucket: one.bucket,
          digest_s3_object: one.key,
          aws_account_id: one.account ?? null,
          digest_region: one.region ?? null,
          trail_name: one.trail ?? null,
          home_region: one.homeRegion ?? null,
          backfill: one.backfill ? 1 : 0,
          digest_start_time_us: one.start ?? null,
          digest_end_time_us: one.end ?? null,
          digest_public_key_fingerprint: one.fingerprint ?? null,
          proof: one.proof ?? null,
        },
      };
    }),
    cloudtrail_log_verdict: report.logVerdicts.map((one): FileRow => {
      const { status, detail, file } = one;
      return {
        file,
        row: {
          ...{ verdict: STATUSES[status].class, status, detail },
          s3_bucket: one.bucket,
          s3_object: one.key,
          hash_value: one.named ?? null,
          sha256_inflated: one.found ?? null,
          digest_s3_object: one.digest ?? null,
        },
      };
    }),
    cloudtrail_validation_period: report.periods.map((period) => ({
      aws_account_id: period.account,
      region: period.region,
      trail_name: period.trail ?? null,
      home_region: period.homeRegion ?? null,
      from_us: period.from,
      to_us: period.to,
      status: period.status,
      detail: period.detail,
    })),
    cloudtrail_validation_finding: report.findings.map((finding) => ({ ...finding })),
  };
}

/** A period as the result file and the report have it. */
export interface PeriodText {
  readonly account: string;
  readonly region: string;
  readonly trail: string | null;
  readonly home_region: string | null;
  readonly from: string;
  readonly to: string;
  readonly status: string;
  readonly detail: string;
}

/** See {@link PeriodText}. */
export function periodText(period: Period): PeriodText {
  const { account, region, trail, homeRegion, from, to, status, detail } = period;
  return {
    ...{ account, region, trail: trail ?? null, home_region: homeRegion ?? null },
    ...{ from: formatUs(from), to: formatUs(to), status, detail },
  };
}
