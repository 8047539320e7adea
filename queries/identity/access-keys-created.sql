-- ---
-- id: access-keys-created
-- title: Access keys created
-- question: 'Who made long-term access keys, for whom, and were they used?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   time: 'When the key was asked for.'
--   actor: 'Who made it.'
--   for_user: 'User it belongs to.'
--   outcome: 'success or failure.'
--   access_key_id: 'The new key.'
--   source_ip_address: 'From where it was made.'
--   calls_with_key: 'Calls made with it in this evidence.'
--   first_use: 'First of them.'
--   last_use: 'Last of them.'
--   id: 'Row: exhibit show cloudtrail:ID.'
-- sources: [cloudtrail]
-- scans: {}
-- attack: [T1098.001]
-- tactic: [persistence, privilege-escalation]
-- references:
--   - 'MITRE ATT&CK T1098.001, "Additional Cloud Credentials"'
--   - 'IAM API Reference, "CreateAccessKey"'
-- example: 'exhibit query run access-keys-created'
-- explanation: >-
--   A second key survives when the stolen one is switched off. for_user is empty where users make keys
--   for themselves without naming themselves. A key that was never used in this evidence may have been
--   used where no trail was kept.
-- ---
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', made.time_us / 1000000, 'unixepoch') AS time,
       made.actor,
       made.target AS for_user,
       made.outcome,
       made.response_access_key_id AS access_key_id,
       made.source_ip_address,
       count(used.id) AS calls_with_key,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(used.time_us) / 1000000, 'unixepoch') AS first_use,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(used.time_us) / 1000000, 'unixepoch') AS last_use,
       made.id
  FROM cloudtrail AS made
  LEFT JOIN cloudtrail AS used
    ON used.user_identity_access_key_id = made.response_access_key_id
 WHERE made.event_name = 'CreateAccessKey'
   AND made.time_us >= :from
   AND made.time_us < :to
 GROUP BY made.id, made.time_us, made.actor, made.target, made.outcome, made.response_access_key_id,
          made.source_ip_address
 ORDER BY made.time_us, made.id
