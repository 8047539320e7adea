-- ---
-- id: parameters-read
-- title: Parameters and documents with secrets read
-- question: 'Who read parameters that may hold secrets?'
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
--   path: 'Path or name.'
--   with_decryption: 'Whether secure strings were decrypted.'
--   outcome: 'success or failure.'
--   error_code: 'Error of a failed attempt.'
--   source_ip_address: 'From where.'
--   id: 'Row: exhibit show cloudtrail:ID.'
-- sources: [cloudtrail]
-- scans: {}
-- attack: [T1552.007, T1555.006]
-- tactic: [credential-access]
-- references:
--   - 'AWS Systems Manager API Reference, "GetParametersByPath"'
-- example: 'exhibit query run parameters-read'
-- explanation: >-
--   Secrets Manager is asked about by secrets-read. One call by path reads a whole tree: withDecryption says
--   that secure strings were opened.
-- ---
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', time_us / 1000000, 'unixepoch') AS time,
       account_id,
       region,
       actor,
       user_identity_access_key_id AS access_key_id,
       event_name,
       target,
       coalesce(CASE WHEN json_valid(raw) THEN json_extract(raw, '$.requestParameters.path') END, CASE WHEN json_valid(raw) THEN json_extract(raw, '$.requestParameters.name') END) AS path,
       CASE WHEN json_valid(raw) THEN json_extract(raw, '$.requestParameters.withDecryption') END AS with_decryption,
       outcome,
       error_code,
       source_ip_address,
       id
  FROM cloudtrail
 WHERE event_name IN (
         'GetParameter', 'GetParameters', 'GetParametersByPath', 'GetParameterHistory', 'GetDocument'
       )
   AND time_us >= :from
   AND time_us < :to
 ORDER BY time_us, id
