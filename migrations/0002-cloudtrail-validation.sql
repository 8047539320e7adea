-- What `exhibit cloudtrail validate` found last: CloudTrail's own word on its digest and log files. An import leaves these
-- tables empty, a validation replaces them whole. They depend on the window and the public keys that were given, so they
-- are no part of content_sha256; cloudtrail_validation.result_sha256 names the result that the custody ledger recorded.

-- The validation: one row, or none.
CREATE TABLE cloudtrail_validation (
  validation_no     INTEGER PRIMARY KEY CHECK (validation_no = 1),
  result_sha256     TEXT NOT NULL,                 -- of report/cloudtrail-validation.json
  evidence          TEXT NOT NULL,                 -- evidence ids, comma-separated
  from_us           INTEGER,                       -- window that was asked for; NULL: open
  to_us             INTEGER,
  public_keys       TEXT NOT NULL CHECK (public_keys IN ('given', 'acquisition', 'evidence', 'none')),
  ok                INTEGER NOT NULL CHECK (ok IN (0, 1)),
  digests_total     INTEGER NOT NULL,
  digests_valid     INTEGER NOT NULL,
  digests_invalid   INTEGER NOT NULL,
  digests_missing   INTEGER NOT NULL,
  digests_unproven  INTEGER NOT NULL,
  logs_total        INTEGER NOT NULL,
  logs_valid        INTEGER NOT NULL,
  logs_invalid      INTEGER NOT NULL,
  logs_missing      INTEGER NOT NULL,
  logs_unproven     INTEGER NOT NULL,
  logs_uncovered    INTEGER NOT NULL,
  CHECK (digests_total = digests_valid + digests_invalid + digests_missing + digests_unproven),
  CHECK (logs_total = logs_valid + logs_invalid + logs_missing + logs_unproven + logs_uncovered)
) STRICT;

-- One verdict for each digest file, and for each digest that must be there and is not.
CREATE TABLE cloudtrail_digest_verdict (
  verdict_no                    INTEGER PRIMARY KEY,
  verdict                       TEXT NOT NULL CHECK (verdict IN ('valid', 'invalid', 'missing', 'unproven')),
  status                        TEXT NOT NULL,     -- docs/cloudtrail-validation.md, "Every status"
  detail                        TEXT NOT NULL,
  digest_s3_bucket              TEXT NOT NULL,
  digest_s3_object              TEXT NOT NULL,
  aws_account_id                TEXT,
  digest_region                 TEXT,
  trail_name                    TEXT,
  home_region                   TEXT,
  backfill                      INTEGER NOT NULL CHECK (backfill IN (0, 1)),
  digest_start_time_us          INTEGER,
  digest_end_time_us            INTEGER,
  digest_public_key_fingerprint TEXT,
  proof                         TEXT CHECK (proof IN ('object_metadata', 'next_digest_signature', 'next_digest_hash')),
  file_id                       INTEGER REFERENCES source_file -- NULL: missing, or its evidence is not imported
) STRICT;
CREATE INDEX cloudtrail_digest_verdict_file ON cloudtrail_digest_verdict (file_id);

-- One verdict for each log file, named by a digest or not.
CREATE TABLE cloudtrail_log_verdict (
  verdict_no       INTEGER PRIMARY KEY,
  verdict          TEXT NOT NULL CHECK (verdict IN ('valid', 'invalid', 'missing', 'unproven', 'uncovered')),
  status           TEXT NOT NULL,                  -- docs/cloudtrail-validation.md, "Every status"
  detail           TEXT NOT NULL,
  s3_bucket        TEXT NOT NULL,
  s3_object        TEXT NOT NULL,
  hash_value       TEXT,                           -- as the digest names it; NULL: no digest names the file
  sha256_inflated  TEXT,                           -- as it is; NULL: missing
  digest_s3_object TEXT,                           -- the digest that names it
  file_id          INTEGER REFERENCES source_file  -- NULL: missing, or its evidence is not imported
) STRICT;
CREATE INDEX cloudtrail_log_verdict_file ON cloudtrail_log_verdict (file_id);

-- Which time each trail's digests stand for, and which time none does.
CREATE TABLE cloudtrail_validation_period (
  period_no      INTEGER PRIMARY KEY,
  aws_account_id TEXT NOT NULL,
  region         TEXT NOT NULL,
  trail_name     TEXT,                             -- NULL: logs were delivered, and no digest says by which trail
  home_region    TEXT,
  from_us        INTEGER NOT NULL,
  to_us          INTEGER NOT NULL,
  status         TEXT NOT NULL CHECK (status IN ('validated', 'unproven', 'invalid', 'missing', 'not_validated')),
  detail         TEXT NOT NULL
) STRICT;

-- Everything that was said, as `cloudtrail validate --json` prints it: verdicts, and remarks on chains, periods and keys.
CREATE TABLE cloudtrail_validation_finding (
  finding_no INTEGER PRIMARY KEY,
  kind       TEXT NOT NULL CHECK (kind IN ('digest', 'log', 'chain', 'period', 'key')),
  subject    TEXT NOT NULL,
  status     TEXT NOT NULL,
  detail     TEXT NOT NULL
) STRICT;
