-- ---
-- id: trust-changes
-- title: Changes of who may assume a role
-- question: 'Which roles can be assumed by whom since when?'
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
-- attack: [T1484.002, T1098]
-- tactic: [persistence, privilege-escalation]
-- references:
--   - 'IAM API Reference, "UpdateAssumeRolePolicy"'
-- example: 'exhibit query run trust-changes'
-- explanation: >-
--   A role that a foreign account or identity provider may assume is a door that no key rotation closes. The
--   policy itself is in the record.
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
         'CreateRole', 'UpdateAssumeRolePolicy', 'CreateSAMLProvider', 'UpdateSAMLProvider',
         'CreateOpenIDConnectProvider', 'AddClientIDToOpenIDConnectProvider',
         'UpdateOpenIDConnectProviderThumbprint'
       )
   AND time_us >= :from
   AND time_us < :to
 ORDER BY time_us, id
