-- ---
-- id: deletions
-- title: Deletions and shutdowns
-- question: 'Who deleted, terminated or stopped what?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   principal: 'Role or user behind the call.'
--   event_source: 'Service.'
--   event_name: 'API action.'
--   calls: 'Calls.'
--   failures: 'Of those, failed.'
--   targets: 'Different things acted on.'
--   first_target: 'First of them, by name.'
--   first_time: 'First call.'
--   last_time: 'Last call.'
-- sources: [cloudtrail]
-- scans: { cloudtrail: window }
-- attack: [T1485, T1489, T1490]
-- tactic: [impact, defense-evasion]
-- references:
--   - 'MITRE ATT&CK T1485, "Data Destruction"'
-- example: 'exhibit query run deletions'
-- explanation: >-
--   Deletion is ordinary work too: look for many targets, for backups, keys and logs, and for the end of
--   an intrusion. The single rows: exhibit timeline --action NAME. Deletions of S3 objects are data
--   events, and there only if the trail records them.
-- ---
SELECT coalesce(session_issuer_arn, actor) AS principal,
       event_source,
       event_name,
       count(*) AS calls,
       count(CASE WHEN outcome = 'failure' THEN 1 END) AS failures,
       count(DISTINCT target) AS targets,
       min(target) AS first_target,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(time_us) / 1000000, 'unixepoch') AS first_time,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(time_us) / 1000000, 'unixepoch') AS last_time
  FROM cloudtrail
 WHERE (
         event_name GLOB 'Delete*'
         OR event_name GLOB 'Terminate*'
         OR event_name GLOB 'Stop*'
         OR event_name IN (
              'DisableKey', 'PutBucketLifecycle', 'PutBucketLifecycleConfiguration', 'ScheduleKeyDeletion'
            )
       )
   AND time_us >= :from
   AND time_us < :to
 GROUP BY coalesce(session_issuer_arn, actor), event_source, event_name
 ORDER BY min(time_us), principal, event_source, event_name
