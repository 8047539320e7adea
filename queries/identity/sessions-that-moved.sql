-- ---
-- id: sessions-that-moved
-- title: Sessions used from elsewhere
-- question: 'Which session keys were used from an address they were not asked for from?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   access_key_id: 'Session key.'
--   role_arn: 'Role.'
--   asked_by: 'Who asked for it.'
--   asked_from: 'From where it was asked for.'
--   asked_at: 'When.'
--   used_from: 'Where it was used.'
--   calls: 'Calls from there.'
--   first_use: 'First of them.'
--   last_use: 'Last.'
-- sources: [cloudtrail]
-- scans: { cloudtrail: window }
-- attack: [T1550.001, T1528]
-- tactic: [lateral-movement, credential-access]
-- references:
--   - 'CloudTrail User Guide, "CloudTrail record contents"'
--   - 'STS API Reference, "AssumeRole"'
-- example: 'exhibit query run sessions-that-moved'
-- explanation: >-
--   A key that is asked for at one address and used at another was carried over: by a pipeline with two
--   machines, or by a thief. Keys that AWS services ask for (the instance's own) and calls that services
--   make are left out.
-- ---
WITH born AS (
  SELECT response_access_key_id AS access_key_id,
         min(role_arn) AS role_arn,
         min(actor) AS actor,
         min(source_ip_address) AS source_ip_address,
         min(time_us) AS time_us
    FROM cloudtrail
   WHERE response_access_key_id IS NOT NULL
     AND src_ip IS NOT NULL
     AND time_us >= :from
     AND time_us < :to
   GROUP BY response_access_key_id
)
SELECT born.access_key_id,
       born.role_arn,
       born.actor AS asked_by,
       born.source_ip_address AS asked_from,
       strftime('%Y-%m-%dT%H:%M:%SZ', born.time_us / 1000000, 'unixepoch') AS asked_at,
       used.source_ip_address AS used_from,
       count(*) AS calls,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(used.time_us) / 1000000, 'unixepoch') AS first_use,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(used.time_us) / 1000000, 'unixepoch') AS last_use
  FROM born
  JOIN cloudtrail AS used ON used.user_identity_access_key_id = born.access_key_id
 WHERE used.src_ip IS NOT NULL
   AND used.source_ip_address <> born.source_ip_address
 GROUP BY born.access_key_id, born.role_arn, born.actor, born.source_ip_address, born.time_us, used.source_ip_address
 ORDER BY born.time_us, born.access_key_id, used.source_ip_address
