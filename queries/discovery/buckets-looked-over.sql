-- ---
-- id: buckets-looked-over
-- title: Buckets listed and looked over
-- question: 'Who listed buckets, or read how they are set up?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   time: 'When.'
--   account_id: 'Account.'
--   region: 'Region.'
--   actor: 'Who.'
--   access_key_id: 'With which key.'
--   event_name: 'API action.'
--   target: 'On what.'
--   outcome: 'success or failure.'
--   error_code: 'Error of a failed attempt.'
--   source_ip_address: 'From where.'
--   id: 'Row: exhibit show cloudtrail:ID.'
-- sources: [cloudtrail]
-- scans: {}
-- attack: [T1619]
-- tactic: [discovery]
-- references:
--   - 'MITRE ATT&CK T1619, "Cloud Storage Object Discovery"'
-- example: 'exhibit query run buckets-looked-over'
-- explanation: >-
--   ListObjects is there only where data events are recorded, except for refusals. A row of refusals over
--   several buckets is somebody feeling for what opens.
-- ---
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', time_us / 1000000, 'unixepoch') AS time,
       account_id,
       region,
       actor,
       user_identity_access_key_id AS access_key_id,
       event_name,
       target,
       outcome,
       error_code,
       source_ip_address,
       id
  FROM cloudtrail
 WHERE event_name IN (
         'ListBuckets', 'ListObjects', 'ListObjectVersions', 'GetBucketPolicy', 'GetBucketPolicyStatus',
         'GetBucketAcl', 'GetBucketVersioning', 'GetBucketLogging', 'GetBucketEncryption',
         'GetBucketPublicAccessBlock', 'GetBucketLocation', 'HeadBucket'
       )
   AND time_us >= :from
   AND time_us < :to
 ORDER BY time_us, id
