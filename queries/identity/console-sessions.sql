-- ---
-- id: console-sessions
-- title: What was done in console sessions
-- question: 'What did each person do in the console, from where and with MFA?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   actor: 'Who.'
--   access_key_id: 'Key of the session.'
--   mfa_authenticated: 'Whether it was opened with MFA.'
--   session_creation: 'When it was opened.'
--   source_ip_address: 'From where.'
--   calls: 'Calls.'
--   failures: 'Of those, failed.'
--   writes: 'Of those, changing ones.'
--   services: 'Different services.'
--   first_time: 'First.'
--   last_time: 'Last.'
-- sources: [cloudtrail]
-- scans: { cloudtrail: window }
-- attack: [T1078.004, T1538]
-- tactic: [initial-access, discovery]
-- references:
--   - 'CloudTrail User Guide, "CloudTrail record contents"'
-- example: 'exhibit query run console-sessions'
-- explanation: >-
--   The console calls the API with a session of its own; what a person clicks is many calls. A session
--   without MFA in which every look is refused is a stranger's.
-- ---
SELECT actor,
       user_identity_access_key_id AS access_key_id,
       mfa_authenticated,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(session_creation_time_us) / 1000000, 'unixepoch') AS session_creation,
       source_ip_address,
       count(*) AS calls,
       count(CASE WHEN outcome = 'failure' THEN 1 END) AS failures,
       count(CASE WHEN read_only = 0 THEN 1 END) AS writes,
       count(DISTINCT event_source) AS services,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(time_us) / 1000000, 'unixepoch') AS first_time,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(time_us) / 1000000, 'unixepoch') AS last_time
  FROM cloudtrail
 WHERE CASE WHEN json_valid(raw) THEN json_extract(raw, '$.sessionCredentialFromConsole') END = 'true'
   AND time_us >= :from
   AND time_us < :to
 GROUP BY actor, user_identity_access_key_id, mfa_authenticated, source_ip_address
 ORDER BY min(time_us), actor, user_identity_access_key_id, source_ip_address
