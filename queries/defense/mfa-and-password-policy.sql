-- ---
-- id: mfa-and-password-policy
-- title: Weaker sign-in
-- question: 'Who switched off MFA, or made the rules for passwords weaker?'
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
-- attack: [T1556.006, T1556.009]
-- tactic: [defense-evasion, persistence]
-- references:
--   - 'IAM API Reference, "DeactivateMFADevice"'
-- example: 'exhibit query run mfa-and-password-policy'
-- explanation: >-
--   A device that is added is as telling as one that is removed: an intruder's own device keeps them in.
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
         'DeactivateMFADevice', 'DeleteVirtualMFADevice', 'DeleteAccountPasswordPolicy',
         'UpdateAccountPasswordPolicy', 'EnableMFADevice', 'CreateVirtualMFADevice'
       )
   AND time_us >= :from
   AND time_us < :to
 ORDER BY time_us, id
