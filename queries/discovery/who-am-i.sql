-- ---
-- id: who-am-i
-- title: Callers who ask who they are
-- question: 'Who asked which identity a key has?'
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
-- attack: [T1033, T1087.004, T1069.003]
-- tactic: [discovery]
-- references:
--   - 'STS API Reference, "GetCallerIdentity"'
-- example: 'exhibit query run who-am-i'
-- explanation: >-
--   The first call with a stolen key is nearly always this one: it needs no permission. Terraform asks too;
--   address and agent tell the two apart.
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
         'GetCallerIdentity', 'GetSessionToken', 'GetAccessKeyInfo', 'GetUser', 'GetAccountSummary',
         'GetAccountAuthorizationDetails', 'SimulatePrincipalPolicy'
       )
   AND time_us >= :from
   AND time_us < :to
 ORDER BY time_us, id
