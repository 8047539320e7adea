-- ---
-- id: machine-secrets
-- title: Passwords and console output of machines
-- question: 'Who asked for Windows passwords, user data or console output of machines?'
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
-- attack: [T1552.005, T1555.006]
-- tactic: [credential-access]
-- references:
--   - 'Amazon EC2 API Reference, "GetPasswordData"'
-- example: 'exhibit query run machine-secrets'
-- explanation: >-
--   User data (DescribeInstanceAttribute) often holds passwords that nobody meant to keep there.
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
         'GetPasswordData', 'GetConsoleOutput', 'GetConsoleScreenshot', 'DescribeInstanceAttribute',
         'GetLaunchTemplateData'
       )
   AND time_us >= :from
   AND time_us < :to
 ORDER BY time_us, id
