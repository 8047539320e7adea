-- ---
-- id: users-and-passwords
-- title: New users and passwords
-- question: 'Who made users, or gave them passwords?'
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
--   user_name: 'User that it is about.'
--   outcome: 'success or failure.'
--   error_code: 'Error of a failed attempt.'
--   source_ip_address: 'From where.'
--   id: 'Row: exhibit show cloudtrail:ID.'
-- sources: [cloudtrail]
-- scans: {}
-- attack: [T1136.003, T1098.001]
-- tactic: [persistence]
-- references:
--   - 'IAM API Reference, "CreateUser", "CreateLoginProfile"'
-- example: 'exhibit query run users-and-passwords'
-- explanation: >-
--   A password for a user that only ever had keys, or a new user at night, is a way back in.
--   DeleteLoginProfile may be an intruder who tidies up.
-- ---
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', time_us / 1000000, 'unixepoch') AS time,
       account_id,
       region,
       actor,
       user_identity_access_key_id AS access_key_id,
       event_name,
       target,
       CASE WHEN json_valid(raw) THEN json_extract(raw, '$.requestParameters.userName') END AS user_name,
       outcome,
       error_code,
       source_ip_address,
       id
  FROM cloudtrail
 WHERE event_name IN (
         'CreateUser', 'CreateLoginProfile', 'UpdateLoginProfile', 'ChangePassword', 'DeleteLoginProfile'
       )
   AND time_us >= :from
   AND time_us < :to
 ORDER BY time_us, id
