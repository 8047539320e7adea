-- ---
-- id: code-changes
-- title: Changes of code that runs by itself
-- question: 'Which functions, rules and documents were changed?'
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
-- attack: [T1648, T1053.007, T1525]
-- tactic: [persistence, execution]
-- references:
--   - 'AWS Lambda API Reference, "UpdateFunctionCode"'
-- example: 'exhibit query run code-changes'
-- explanation: >-
--   Deployments do this all day: look for another address, agent or hour than those of the pipeline.
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
         'CreateFunction20150331', 'UpdateFunctionCode20150331v2', 'UpdateFunctionConfiguration20150331v2',
         'AddPermission20150331v2', 'CreateEventSourceMapping20150331', 'PublishLayerVersion20181031',
         'PutRule', 'PutTargets', 'CreateSchedule', 'CreateDocument', 'UpdateDocument',
         'RegisterTaskDefinition', 'UpdateService', 'CreateStack', 'UpdateStack', 'ExecuteChangeSet'
       )
   AND time_us >= :from
   AND time_us < :to
 ORDER BY time_us, id
