-- ---
-- id: sessions-by-source-identity
-- title: Sessions by the identity behind them
-- question: 'Which sessions carry which source identity, and where were they used?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   source_identity: 'Who the sessions were opened for: it outlives every further role.'
--   session_issuer_arn: 'Role.'
--   session: 'Name of the session.'
--   keys: 'Different session keys.'
--   addresses: 'Different addresses.'
--   calls: 'Calls.'
--   bytes_out: 'Bytes downloaded from S3.'
--   first_time: 'First.'
--   last_time: 'Last.'
-- sources: [cloudtrail]
-- scans: { cloudtrail: window }
-- attack: [T1550.001, T1078.004]
-- tactic: [lateral-movement, defense-evasion]
-- references:
--   - 'IAM User Guide, "Monitor and control actions taken with assumed roles"'
--   - 'CloudTrail User Guide, "CloudTrail record contents"'
-- example: 'exhibit query run sessions-by-source-identity'
-- explanation: >-
--   A session name is whatever its opener wrote, a source identity is fixed by the first role and goes
--   along. Where the name looks like the CI system and the source identity does not, somebody copied the
--   name.
-- ---
SELECT source_identity,
       session_issuer_arn,
       substr(user_identity_principal_id, instr(user_identity_principal_id, ':') + 1) AS session,
       count(DISTINCT user_identity_access_key_id) AS keys,
       count(DISTINCT source_ip_address) AS addresses,
       count(*) AS calls,
       coalesce(sum(bytes_transferred_out), 0) AS bytes_out,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(time_us) / 1000000, 'unixepoch') AS first_time,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(time_us) / 1000000, 'unixepoch') AS last_time
  FROM cloudtrail
 WHERE source_identity IS NOT NULL
   AND time_us >= :from
   AND time_us < :to
 GROUP BY source_identity, session_issuer_arn, substr(user_identity_principal_id, instr(user_identity_principal_id, ':') + 1)
 ORDER BY min(time_us), source_identity, session_issuer_arn, session
