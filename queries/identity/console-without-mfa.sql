-- ---
-- id: console-without-mfa
-- title: Console sign-ins without MFA, and failed ones
-- question: 'Who signed in to the console without a second factor, or tried and failed?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   time: 'When.'
--   account_id: 'Account.'
--   actor: 'User or role that signed in.'
--   user_type: 'Kind of identity.'
--   result: 'Success or Failure.'
--   mfa_used: '1 with a second factor, 0 without, empty where the record does not say.'
--   source_ip_address: 'From where.'
--   region: 'Sign-in endpoint.'
--   error_message: 'Why it failed.'
--   user_agent: 'Browser.'
--   id: 'Row: exhibit show cloudtrail:ID.'
-- sources: [cloudtrail]
-- scans: {}
-- attack: [T1078.004, T1110]
-- tactic: [initial-access, credential-access]
-- references:
--   - 'IAM User Guide / CloudTrail User Guide, "AWS Management Console sign-in events"'
-- example: 'exhibit query run console-without-mfa --param from=2026-09-17T00:00:00Z'
-- explanation: >-
--   Federated users sign in at their identity provider: there mfa_used is 0 although a second factor may
--   have been asked for. Several failures and then a success from one address is a guessed or stolen
--   password. The region is the one of the sign-in page.
-- ---
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', time_us / 1000000, 'unixepoch') AS time,
       account_id,
       actor,
       user_identity_type AS user_type,
       console_result AS result,
       mfa_used,
       source_ip_address,
       region,
       error_message,
       user_agent,
       id
  FROM cloudtrail
 WHERE event_name = 'ConsoleLogin'
   AND time_us >= :from
   AND time_us < :to
   AND (mfa_used IS NOT 1 OR outcome = 'failure')
 ORDER BY time_us, id
