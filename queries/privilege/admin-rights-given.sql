-- ---
-- id: admin-rights-given
-- title: Administrator rights given
-- question: 'Who gave administrator rights to whom?'
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
--   principal: 'User, role or group that got it.'
--   policy: 'Policy.'
--   outcome: 'success or failure.'
--   error_code: 'Error of a failed attempt.'
--   source_ip_address: 'From where.'
--   id: 'Row: exhibit show cloudtrail:ID.'
-- sources: [cloudtrail]
-- scans: {}
-- attack: [T1098.003]
-- tactic: [privilege-escalation, persistence]
-- references:
--   - 'IAM API Reference, "AttachUserPolicy"'
-- example: 'exhibit query run admin-rights-given'
-- explanation: >-
--   Attached policies are named by their ARN; an inline policy stands in the record as text. Rights given to
--   oneself, or by a role that deploys to a user that sleeps, are how a small key becomes a big one.
-- ---
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', time_us / 1000000, 'unixepoch') AS time,
       account_id,
       region,
       actor,
       user_identity_access_key_id AS access_key_id,
       event_name,
       target,
       coalesce(CASE WHEN json_valid(raw) THEN json_extract(raw, '$.requestParameters.userName') END, CASE WHEN json_valid(raw) THEN json_extract(raw, '$.requestParameters.roleName') END,
                CASE WHEN json_valid(raw) THEN json_extract(raw, '$.requestParameters.groupName') END) AS principal,
       coalesce(CASE WHEN json_valid(raw) THEN json_extract(raw, '$.requestParameters.policyArn') END, CASE WHEN json_valid(raw) THEN json_extract(raw, '$.requestParameters.policyName') END) AS policy,
       outcome,
       error_code,
       source_ip_address,
       id
  FROM cloudtrail
 WHERE event_name IN (
         'AttachUserPolicy', 'AttachRolePolicy', 'AttachGroupPolicy', 'PutUserPolicy', 'PutRolePolicy',
         'PutGroupPolicy', 'AddUserToGroup', 'CreatePolicyVersion', 'SetDefaultPolicyVersion'
       )
   AND time_us >= :from
   AND time_us < :to
 ORDER BY time_us, id
