-- ---
-- id: commands-sent
-- title: Commands and shells on machines
-- question: 'Who ran commands on machines through Systems Manager or the serial console?'
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
--   machine: 'Machine of the request.'
--   outcome: 'success or failure.'
--   error_code: 'Error of a failed attempt.'
--   source_ip_address: 'From where.'
--   id: 'Row: exhibit show cloudtrail:ID.'
-- sources: [cloudtrail]
-- scans: {}
-- attack: [T1651, T1021.007, T1059]
-- tactic: [execution, lateral-movement]
-- references:
--   - 'AWS Systems Manager API Reference, "StartSession"'
-- example: 'exhibit query run commands-sent'
-- explanation: >-
--   The call says which machine; what was typed is in ssm_session where sessions are logged (query shells-
--   with-callers), and in the machine's own log.
-- ---
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', time_us / 1000000, 'unixepoch') AS time,
       account_id,
       region,
       actor,
       user_identity_access_key_id AS access_key_id,
       event_name,
       target,
       coalesce(CASE WHEN json_valid(raw) THEN json_extract(raw, '$.requestParameters.target') END, CASE WHEN json_valid(raw) THEN json_extract(raw, '$.requestParameters.instanceIds[0]') END,
                CASE WHEN json_valid(raw) THEN json_extract(raw, '$.requestParameters.instanceId') END) AS machine,
       outcome,
       error_code,
       source_ip_address,
       id
  FROM cloudtrail
 WHERE event_name IN (
         'SendCommand', 'StartSession', 'ResumeSession', 'TerminateSession', 'StartAutomationExecution',
         'CreateAssociation', 'SendSSHPublicKey', 'SendSerialConsoleSSHPublicKey', 'ExecuteCommand'
       )
   AND time_us >= :from
   AND time_us < :to
 ORDER BY time_us, id
