-- ---
-- id: kubernetes-with-keys
-- title: Kubernetes calls and the AWS keys behind them
-- question: 'Which AWS session made each call to the cluster, and who opened that session?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   time: 'When.'
--   verb: 'What was asked.'
--   target: 'Of what.'
--   response_code: 'Answer.'
--   source_ip: 'From where.'
--   access_key_id: 'Key of the AWS session, as the authenticator noted it.'
--   user_arn: 'Its session.'
--   opened_by: 'Who asked STS for that key.'
--   opened_at: 'When.'
--   calls_in_cloudtrail: 'Calls with the same key in CloudTrail.'
--   eks_audit_id: 'Row: exhibit show eks_audit:ID.'
-- sources: [eks_audit, cloudtrail]
-- scans: { eks_audit: window }
-- attack: [T1552.007, T1613]
-- tactic: [credential-access, discovery]
-- references:
--   - 'Amazon EKS User Guide, "Send control plane logs to CloudWatch Logs"'
--   - 'CloudTrail User Guide, "CloudTrail record contents"'
-- example: 'exhibit query run kubernetes-with-keys'
-- explanation: >-
--   The cluster's audit log knows the AWS key of a caller, CloudTrail where that key comes from. Calls of
--   service accounts inside the cluster have no key and are left out.
-- ---
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', e.time_us / 1000000, 'unixepoch') AS time,
       e.verb,
       e.target,
       e.response_code,
       e.source_ip,
       e.access_key_id,
       e.user_arn,
       (SELECT min(born.actor) FROM cloudtrail AS born WHERE born.response_access_key_id = e.access_key_id) AS opened_by,
       (SELECT strftime('%Y-%m-%dT%H:%M:%SZ', min(born.time_us) / 1000000, 'unixepoch') FROM cloudtrail AS born
         WHERE born.response_access_key_id = e.access_key_id) AS opened_at,
       (SELECT count(*) FROM cloudtrail AS c WHERE c.user_identity_access_key_id = e.access_key_id) AS calls_in_cloudtrail,
       e.id AS eks_audit_id
  FROM eks_audit AS e
 WHERE e.access_key_id IS NOT NULL
   AND e.time_us >= :from
   AND e.time_us < :to
 ORDER BY e.time_us, e.id
