-- ---
-- id: shell-lines
-- title: What was typed in shells
-- question: 'What was typed and shown in Session Manager sessions?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   time: 'When.'
--   session_id: 'Session.'
--   target_id: 'Machine.'
--   run_as_user: 'User of the operating system.'
--   user_arn: 'Who opened the session.'
--   session_data: 'What the terminal showed.'
--   id: 'Row: exhibit show ssm_session:ID.'
-- sources: [ssm_session]
-- scans: { ssm_session: window }
-- attack: [T1059.004]
-- tactic: [execution]
-- references:
--   - 'AWS Systems Manager User Guide, "Logging session activity"'
-- example: 'exhibit query run shell-lines'
-- explanation: >-
--   Passwords that are typed without an echo are not there; what a program on the machine did without output
--   is not either.
-- ---
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', time_us / 1000000, 'unixepoch') AS time, session_id, target_id, run_as_user, user_arn, session_data, id
  FROM ssm_session
 WHERE time_us >= :from
   AND time_us < :to
 ORDER BY time_us, id
