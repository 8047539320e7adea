-- The case database, all but the source tables, which are derived from src/sources and rebuilt from sealed evidence.
-- Times are INTEGER microseconds UTC. Nothing here depends on a clock, a machine or the order of arrival,
-- except table import_run, which exists to record them and is left out of content_sha256.

-- Single facts: importer, schema and source versions, evidence_set_sha256, content_sha256.
CREATE TABLE case_meta (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One row per sealed evidence item that was imported.
CREATE TABLE evidence (
  evidence_no        INTEGER PRIMARY KEY,          -- 1 for EV-0001
  evidence_id        TEXT NOT NULL UNIQUE,         -- EV-0001
  payload_set_sha256 TEXT NOT NULL,                -- SHA-256 of manifest-sha256.txt, volumes in order
  files              INTEGER NOT NULL,
  bytes              INTEGER NOT NULL
) STRICT;

-- One row per payload file of the evidence, recognised or not.
CREATE TABLE source_file (
  file_id         INTEGER PRIMARY KEY,             -- manifest order over all evidence, from 1
  evidence_no     INTEGER NOT NULL REFERENCES evidence,
  path            TEXT NOT NULL,                   -- in the bag: data/...
  original_path   TEXT NOT NULL,                   -- as collected, relative to the collected folder
  bucket          TEXT,
  key             TEXT,                            -- S3 key
  version_id      TEXT,
  sha256          TEXT NOT NULL,                   -- of the stored bytes, as in manifest-sha256.txt
  size            INTEGER NOT NULL,
  sha256_inflated TEXT,                            -- of the decompressed bytes
  size_inflated   INTEGER,
  compression     TEXT,                            -- none, gzip, gzip+gzip; others are not read: zstd, xz, ...
  source          TEXT,                            -- table the records went to; NULL: no source recognised the file
  framing         TEXT,                            -- shape within the source: records, jsonl, lookup-events, header, ...
  reason          TEXT NOT NULL,                   -- why this source, or why none
  status          TEXT NOT NULL CHECK (status IN ('imported', 'partial', 'empty', 'unrecognised', 'unreadable', 'metadata')),
  records         INTEGER NOT NULL DEFAULT 0,
  imported        INTEGER NOT NULL DEFAULT 0,
  duplicates      INTEGER NOT NULL DEFAULT 0,
  rejected        INTEGER NOT NULL DEFAULT 0,
  rows_sha256     TEXT,                            -- over the groups of the file's rows; docs/content-hash.md
  UNIQUE (evidence_no, path),
  CHECK (records = imported + duplicates + rejected),
  CHECK (records >= 0 AND imported >= 0 AND duplicates >= 0 AND rejected >= 0)
) STRICT;

-- Hash of each run of 32 records of a file that holds rows: which rows differ shows without the evidence.
CREATE TABLE row_group (
  id     INTEGER PRIMARY KEY,                      -- row id of its first place: record_no a multiple of 32
  sha256 BLOB NOT NULL                             -- docs/content-hash.md
) STRICT;

-- Copies of a record that was kept once: nothing is dropped.
CREATE TABLE duplicate (
  id       INTEGER PRIMARY KEY,                    -- row id that the copy would have had
  source   TEXT NOT NULL,
  kept_id  INTEGER NOT NULL,                       -- row in table <source>
  "offset" INTEGER NOT NULL,                       -- in the decompressed file
  "length" INTEGER NOT NULL,
  form     INTEGER NOT NULL,
  how      TEXT NOT NULL CHECK (how IN ('same_bytes', 'same_content')),
  file_id  INTEGER GENERATED ALWAYS AS (id >> 28) VIRTUAL,
  record_no INTEGER GENERATED ALWAYS AS (id & 268435455) VIRTUAL
) STRICT;
CREATE INDEX duplicate_kept ON duplicate (kept_id);

-- Records that could not become a row, with their place; the bytes are in content_block and in the sealed file.
CREATE TABLE reject (
  id       INTEGER PRIMARY KEY,
  source   TEXT NOT NULL,
  "offset" INTEGER NOT NULL,
  "length" INTEGER NOT NULL,
  reason   TEXT NOT NULL,                          -- docs/sources.md, "Reasons for a reject"
  detail   TEXT NOT NULL,
  file_id  INTEGER GENERATED ALWAYS AS (id >> 28) VIRTUAL,
  record_no INTEGER GENERATED ALWAYS AS (id & 268435455) VIRTUAL
) STRICT;

-- Oddities of files (record_no 0) and records that were kept all the same.
CREATE TABLE anomaly (
  file_id   INTEGER NOT NULL,
  record_no INTEGER NOT NULL,
  kind      TEXT NOT NULL,
  detail    TEXT NOT NULL,
  PRIMARY KEY (file_id, record_no, kind, detail)
) STRICT, WITHOUT ROWID;

-- The decompressed bytes of every recognised file, in order, compressed block by block.
CREATE TABLE content_block (
  block_id INTEGER PRIMARY KEY,                    -- file_id * 2^24 + block number from 0
  bytes    BLOB NOT NULL                           -- 131,072 bytes of the file (the last one less), zstd
) STRICT;

-- Records per hour: what was there. Gaps are read from it.
CREATE TABLE coverage (
  source     TEXT NOT NULL,
  account_id TEXT NOT NULL,                        -- '' where the record names none
  region     TEXT NOT NULL,
  hour_us    INTEGER NOT NULL,                     -- start of the hour
  records    INTEGER NOT NULL,
  PRIMARY KEY (source, account_id, region, hour_us)
) STRICT, WITHOUT ROWID;

-- What each import did and when: the one table that records a clock.
CREATE TABLE import_run (
  run_no      INTEGER PRIMARY KEY,
  started_at  TEXT NOT NULL,
  finished_at TEXT NOT NULL,
  tool        TEXT NOT NULL,
  workers     INTEGER NOT NULL,
  evidence    TEXT NOT NULL                        -- evidence ids, comma-separated
) STRICT;
