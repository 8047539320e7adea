-- ---
-- id: users-at-risk
-- title: Users and their credentials
-- question: 'Which users have a password without MFA, old keys, or keys never used?'
-- params: {}
-- columns:
--   user_name: 'User.'
--   user_creation: 'When it was made.'
--   password_enabled: 'true, false or not_supported.'
--   password_last_used: 'Last sign-in.'
--   mfa_active: 'true or false.'
--   access_key_1_active: 'true or false.'
--   access_key_1_last_rotated: 'When the first key was made.'
--   access_key_1_last_used: 'Its last use.'
--   access_key_1_last_used_service: 'Where that was.'
--   access_key_2_active: 'true or false.'
--   at_risk: '1 for a password without MFA, 0 otherwise.'
--   id: 'Row: exhibit show iam_credential_report:ID.'
-- sources: [iam_credential_report]
-- scans: { iam_credential_report: whole }
-- attack: [T1078.004, T1136.003]
-- tactic: [persistence, initial-access]
-- references:
--   - 'IAM User Guide, "Generate credential reports for your AWS account"'
-- example: 'exhibit query run users-at-risk'
-- explanation: >-
--   The newest first: a user that nobody remembers making stands at the top. The report holds no key ids,
--   and is up to four hours old when it is given out.
-- ---
SELECT user_name,
       strftime('%Y-%m-%dT%H:%M:%SZ', time_us / 1000000, 'unixepoch') AS user_creation,
       password_enabled,
       strftime('%Y-%m-%dT%H:%M:%SZ', password_last_used_us / 1000000, 'unixepoch') AS password_last_used,
       mfa_active,
       access_key_1_active,
       strftime('%Y-%m-%dT%H:%M:%SZ', access_key_1_last_rotated_us / 1000000, 'unixepoch') AS access_key_1_last_rotated,
       strftime('%Y-%m-%dT%H:%M:%SZ', access_key_1_last_used_date_us / 1000000, 'unixepoch') AS access_key_1_last_used,
       access_key_1_last_used_service,
       access_key_2_active,
       CASE WHEN password_enabled = 'true' AND mfa_active = 'false' THEN 1 ELSE 0 END AS at_risk,
       id
  FROM iam_credential_report
 ORDER BY time_us DESC, id
