-- ---
-- id: role-assumptions
-- title: Role assumptions
-- question: 'Who became which role, with which new key, and what was done with it?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   time: 'When.'
--   actor: 'Who asked.'
--   event_name: 'AssumeRole and its kin, GetSessionToken, GetFederationToken.'
--   role_arn: 'Role that was asked for.'
--   outcome: 'success or failure.'
--   by_access_key_id: 'Key that asked.'
--   issued_access_key_id: 'Key that was given: the session.'
--   source_ip_address: 'From where.'
--   session_calls: 'Calls made with the issued key in this evidence.'
--   session_last_time: 'Last of them.'
--   id: 'Row: exhibit show cloudtrail:ID.'
-- sources: [cloudtrail]
-- scans: {}
-- attack: [T1550.001, T1078.004]
-- tactic: [lateral-movement, privilege-escalation]
-- references:
--   - 'STS API Reference, "AssumeRole"'
--   - 'CloudTrail User Guide, "CloudTrail userIdentity element"'
-- example: 'exhibit query run role-assumptions --param from=2026-09-17T00:00:00Z'
-- explanation: >-
--   Follow a chain by looking for an issued_access_key_id among the by_access_key_id of later rows.
--   Services that assume a role (EC2, Lambda) appear with the service as actor. An assumption from
--   another account leaves a copy in each of the two accounts.
-- ---
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', asked.time_us / 1000000, 'unixepoch') AS time,
       asked.actor,
       asked.event_name,
       asked.role_arn,
       asked.outcome,
       asked.user_identity_access_key_id AS by_access_key_id,
       asked.response_access_key_id AS issued_access_key_id,
       asked.source_ip_address,
       count(used.id) AS session_calls,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(used.time_us) / 1000000, 'unixepoch') AS session_last_time,
       asked.id
  FROM cloudtrail AS asked
  LEFT JOIN cloudtrail AS used
    ON used.user_identity_access_key_id = asked.response_access_key_id
 WHERE asked.event_name IN (
         'AssumeRole', 'AssumeRoleWithSAML', 'AssumeRoleWithWebIdentity', 'AssumeRoot', 'GetFederationToken',
         'GetSessionToken'
       )
   AND asked.time_us >= :from
   AND asked.time_us < :to
 GROUP BY asked.id, asked.time_us, asked.actor, asked.event_name, asked.role_arn, asked.outcome,
          asked.user_identity_access_key_id, asked.response_access_key_id, asked.source_ip_address
 ORDER BY asked.time_us, asked.id
