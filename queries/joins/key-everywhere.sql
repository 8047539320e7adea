-- ---
-- id: key-everywhere
-- title: Every key in every log that knows keys
-- question: 'Which logs know each access key?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   access_key_id: 'Key.'
--   cloudtrail: 'Calls in CloudTrail.'
--   guardduty: 'Findings.'
--   eks_audit: 'Calls to clusters.'
--   s3_presigned: 'S3 requests with a link that it signed.'
--   first_time: 'First use in any of them.'
--   last_time: 'Last use.'
-- sources: [cloudtrail, guardduty, eks_audit, s3_access]
-- scans: { cloudtrail: window, guardduty: window, eks_audit: window, s3_access: window }
-- attack: [T1078.004, T1550.001]
-- tactic: [credential-access, lateral-movement]
-- references:
--   - 'CloudTrail User Guide, "CloudTrail record contents"'
--   - 'Amazon GuardDuty User Guide, "GuardDuty finding format"'
-- example: 'exhibit query run key-everywhere'
-- explanation: >-
--   A key in GuardDuty or a cluster that CloudTrail does not know was used where no trail recorded. Links
--   that a key signed work until they end, whoever holds them.
-- ---
WITH used AS (
  SELECT user_identity_access_key_id AS access_key_id, 'cloudtrail' AS source, time_us FROM cloudtrail
   WHERE user_identity_access_key_id IS NOT NULL AND time_us >= :from AND time_us < :to
  UNION ALL
  SELECT access_key_id, 'guardduty', time_us FROM guardduty
   WHERE access_key_id IS NOT NULL AND sample = 0 AND time_us >= :from AND time_us < :to
  UNION ALL
  SELECT access_key_id, 'eks_audit', time_us FROM eks_audit
   WHERE access_key_id IS NOT NULL AND time_us >= :from AND time_us < :to
  UNION ALL
  SELECT presigned_access_key_id, 's3_presigned', time_us FROM s3_access
   WHERE presigned_access_key_id IS NOT NULL AND time_us >= :from AND time_us < :to
)
SELECT access_key_id,
       count(CASE WHEN source = 'cloudtrail' THEN 1 END) AS cloudtrail,
       count(CASE WHEN source = 'guardduty' THEN 1 END) AS guardduty,
       count(CASE WHEN source = 'eks_audit' THEN 1 END) AS eks_audit,
       count(CASE WHEN source = 's3_presigned' THEN 1 END) AS s3_presigned,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(time_us) / 1000000, 'unixepoch') AS first_time,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(time_us) / 1000000, 'unixepoch') AS last_time
  FROM used
 GROUP BY access_key_id
 ORDER BY count(DISTINCT source) DESC, min(time_us), access_key_id
