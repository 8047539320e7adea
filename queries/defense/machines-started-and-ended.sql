-- ---
-- id: machines-started-and-ended
-- title: Machines started, stopped and ended
-- question: 'Who started or ended machines, where and of which kind?'
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
--   instance_id: 'First machine of the request or answer.'
--   instance_type: 'Its kind.'
--   outcome: 'success or failure.'
--   error_code: 'Error of a failed attempt.'
--   source_ip_address: 'From where.'
--   id: 'Row: exhibit show cloudtrail:ID.'
-- sources: [cloudtrail]
-- scans: {}
-- attack: [T1578.002, T1578.003, T1496.001]
-- tactic: [defense-evasion, impact]
-- references:
--   - 'Amazon EC2 API Reference, "RunInstances"'
-- example: 'exhibit query run machines-started-and-ended'
-- explanation: >-
--   A region that was never used, a size that nobody uses, a refusal by quota: mining and copying begin like
--   this. Ending a machine destroys what only its memory and disk knew.
-- ---
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', time_us / 1000000, 'unixepoch') AS time,
       account_id,
       region,
       actor,
       user_identity_access_key_id AS access_key_id,
       event_name,
       target,
       coalesce(CASE WHEN json_valid(raw) THEN json_extract(raw, '$.responseElements.instancesSet.items[0].instanceId') END,
                CASE WHEN json_valid(raw) THEN json_extract(raw, '$.requestParameters.instancesSet.items[0].instanceId') END) AS instance_id,
       CASE WHEN json_valid(raw) THEN json_extract(raw, '$.requestParameters.instanceType') END AS instance_type,
       outcome,
       error_code,
       source_ip_address,
       id
  FROM cloudtrail
 WHERE event_name IN (
         'RunInstances', 'StartInstances', 'StopInstances', 'TerminateInstances', 'RebootInstances',
         'CreateFleet', 'RequestSpotInstances', 'CreateAutoScalingGroup', 'ModifyInstanceAttribute',
         'ImportKeyPair', 'CreateKeyPair', 'DeleteKeyPair'
       )
   AND time_us >= :from
   AND time_us < :to
 ORDER BY time_us, id
