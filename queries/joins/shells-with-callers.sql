-- ---
-- id: shells-with-callers
-- title: Sessions on machines and who opened them
-- question: 'Who opened each Session Manager session, on which machine, and what was typed?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   session_id: 'The session.'
--   target_id: 'Machine.'
--   private_ip_address: 'Its address, by the inventory.'
--   opened: 'When StartSession was called.'
--   actor: 'Who called it.'
--   access_key_id: 'With which key.'
--   source_ip_address: 'From where.'
--   first_line: 'First record of the session.'
--   last_line: 'Last one.'
--   records: 'Records of the session.'
--   typed: 'What the terminal showed, in order.'
-- sources: [ssm_session, cloudtrail, ec2_instance]
-- scans: { ssm_session: window }
-- attack: [T1059.004, T1021.007]
-- tactic: [execution, lateral-movement]
-- references:
--   - 'AWS Systems Manager User Guide, "Logging session activity"'
--   - 'CloudTrail User Guide, "CloudTrail record contents"'
-- example: 'exhibit query run shells-with-callers'
-- explanation: >-
--   StartSession in CloudTrail names the session that the transcript belongs to. A transcript without a call
--   was opened while no trail recorded, or from another account. The terminal's control characters are kept.
-- ---
WITH shells AS (
  SELECT session_id,
         target_id,
         min(time_us) AS first_us,
         max(time_us) AS last_us,
         count(*) AS records,
         group_concat(session_data, char(10) ORDER BY time_us, id) AS typed
    FROM ssm_session
   WHERE time_us >= :from
     AND time_us < :to
   GROUP BY session_id, target_id
),
opened AS (
  SELECT CASE WHEN json_valid(raw) THEN json_extract(raw, '$.responseElements.sessionId') END AS session_id,
         min(time_us) AS time_us,
         min(actor) AS actor,
         min(user_identity_access_key_id) AS access_key_id,
         min(source_ip_address) AS source_ip_address
    FROM cloudtrail
   WHERE event_name = 'StartSession'
   GROUP BY CASE WHEN json_valid(raw) THEN json_extract(raw, '$.responseElements.sessionId') END
)
SELECT shells.session_id,
       shells.target_id,
       (SELECT min(i.private_ip_address) FROM ec2_instance AS i WHERE i.instance_id = shells.target_id) AS private_ip_address,
       strftime('%Y-%m-%dT%H:%M:%SZ', opened.time_us / 1000000, 'unixepoch') AS opened,
       opened.actor,
       opened.access_key_id,
       opened.source_ip_address,
       strftime('%Y-%m-%dT%H:%M:%SZ', shells.first_us / 1000000, 'unixepoch') AS first_line,
       strftime('%Y-%m-%dT%H:%M:%SZ', shells.last_us / 1000000, 'unixepoch') AS last_line,
       shells.records,
       shells.typed
  FROM shells
  LEFT JOIN opened ON opened.session_id = shells.session_id
 ORDER BY shells.first_us, shells.session_id, shells.target_id
