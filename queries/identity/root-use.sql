-- ---
-- id: root-use
-- title: Use of the root user
-- question: 'What did the root user of an account do?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   time: 'When.'
--   account_id: 'Account.'
--   event_source: 'Service.'
--   event_name: 'API action.'
--   target: 'What was acted on.'
--   outcome: 'success or failure.'
--   source_ip_address: 'From where.'
--   mfa_authenticated: '1 if the session had a second factor.'
--   access_key_id: 'Key, if one was used: root should have none.'
--   user_agent: 'Program.'
--   id: 'Row: exhibit show cloudtrail:ID.'
-- sources: [cloudtrail]
-- scans: { cloudtrail: window }
-- attack: [T1078.004]
-- tactic: [initial-access, privilege-escalation]
-- references:
--   - 'IAM User Guide, "Root user best practices for your AWS account"'
--   - 'CloudTrail User Guide, "CloudTrail userIdentity element"'
-- example: 'exhibit query run root-use'
-- explanation: >-
--   The root user can do everything and should do almost nothing: each row wants a reason. Calls that
--   AWS services make for the root user (invokedBy) are left out.
-- ---
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', time_us / 1000000, 'unixepoch') AS time,
       account_id,
       event_source,
       event_name,
       target,
       outcome,
       source_ip_address,
       mfa_authenticated,
       user_identity_access_key_id AS access_key_id,
       user_agent,
       id
  FROM cloudtrail
 WHERE user_identity_type = 'Root'
   AND user_identity_invoked_by IS NULL
   AND time_us >= :from
   AND time_us < :to
 ORDER BY time_us, id
