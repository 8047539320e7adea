-- ---
-- id: disabled-keys-tried
-- title: Keys used after they were disabled
-- question: 'Which keys were tried after they had been disabled or deleted?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   access_key_id: 'Key.'
--   event_name: 'What was done to it.'
--   disabled: 'When.'
--   disabled_by: 'By whom.'
--   tries: 'Calls with it afterwards.'
--   failures: 'Of those, failed.'
--   addresses: 'Different addresses.'
--   first_try: 'First.'
--   last_try: 'Last.'
-- sources: [cloudtrail]
-- scans: {}
-- attack: [T1078.004, T1531]
-- tactic: [initial-access, persistence]
-- references:
--   - 'IAM API Reference, "UpdateAccessKey"'
--   - 'CloudTrail User Guide, "CloudTrail record contents"'
-- example: 'exhibit query run disabled-keys-tried'
-- explanation: >-
--   Somebody who comes back with a dead key has not noticed yet. Successes afterwards are calls that
--   CloudTrail dated earlier, or a key that was switched on again.
-- ---
WITH dead AS (
  SELECT CASE WHEN json_valid(raw) THEN json_extract(raw, '$.requestParameters.accessKeyId') END AS access_key_id, event_name, time_us, actor, id
    FROM cloudtrail
   WHERE event_name IN ('UpdateAccessKey', 'DeleteAccessKey')
     AND outcome = 'success'
     AND coalesce(CASE WHEN json_valid(raw) THEN json_extract(raw, '$.requestParameters.status') END, 'Inactive') = 'Inactive'
     AND time_us >= :from
     AND time_us < :to
)
SELECT dead.access_key_id,
       dead.event_name,
       strftime('%Y-%m-%dT%H:%M:%SZ', dead.time_us / 1000000, 'unixepoch') AS disabled,
       dead.actor AS disabled_by,
       count(used.id) AS tries,
       count(CASE WHEN used.outcome = 'failure' THEN 1 END) AS failures,
       count(DISTINCT used.source_ip_address) AS addresses,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(used.time_us) / 1000000, 'unixepoch') AS first_try,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(used.time_us) / 1000000, 'unixepoch') AS last_try
  FROM dead
  LEFT JOIN cloudtrail AS used ON used.user_identity_access_key_id = dead.access_key_id AND used.time_us > dead.time_us
 GROUP BY dead.access_key_id, dead.event_name, dead.time_us, dead.actor, dead.id
 ORDER BY dead.time_us, dead.id
