-- ---
-- id: secrets-read
-- title: Secrets, parameters and keys read
-- question: 'Who read secrets, stored parameters or passwords, or decrypted with KMS?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   principal: 'Role or user behind the call.'
--   event_name: 'API action.'
--   target: 'Secret, parameter or key, where the record names one.'
--   calls: 'Calls.'
--   failures: 'Of those, failed.'
--   addresses: 'Different source addresses.'
--   first_time: 'First call.'
--   last_time: 'Last call.'
-- sources: [cloudtrail]
-- scans: {}
-- attack: [T1555.006, T1552.005]
-- tactic: [credential-access]
-- references:
--   - 'MITRE ATT&CK T1555.006, "Cloud Secrets Management Stores"'
-- example: 'exhibit query run secrets-read'
-- explanation: >-
--   Whatever was read here must be counted as known to the reader and be changed. Calls that AWS
--   services make for a principal (invokedBy) are left out, or every encrypted disk would be here.
-- ---
SELECT coalesce(session_issuer_arn, actor) AS principal,
       event_name,
       target,
       count(*) AS calls,
       count(CASE WHEN outcome = 'failure' THEN 1 END) AS failures,
       count(DISTINCT source_ip_address) AS addresses,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(time_us) / 1000000, 'unixepoch') AS first_time,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(time_us) / 1000000, 'unixepoch') AS last_time
  FROM cloudtrail
 WHERE event_name IN (
         'BatchGetSecretValue', 'Decrypt', 'GetAuthorizationToken', 'GetParameter', 'GetParameterHistory',
         'GetParameters', 'GetParametersByPath', 'GetPasswordData', 'GetSecretValue', 'ListSecrets'
       )
   AND user_identity_invoked_by IS NULL
   AND time_us >= :from
   AND time_us < :to
 GROUP BY coalesce(session_issuer_arn, actor), event_name, target
 ORDER BY min(time_us), principal, event_name, target
