-- ---
-- id: kubernetes-secrets
-- title: Secrets and shells in the cluster
-- question: 'Who read secrets, opened shells or changed rights in the cluster?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   time: 'When.'
--   user_username: 'Who, by the cluster.'
--   user_arn: 'AWS identity, where it is one.'
--   source_ip: 'From where.'
--   verb: 'What.'
--   target: 'Of what.'
--   response_code: 'Answer.'
--   authorization_decision: 'allow or forbid.'
--   user_agent: 'Agent.'
--   id: 'Row: exhibit show eks_audit:ID.'
-- sources: [eks_audit]
-- scans: { eks_audit: window }
-- attack: [T1552.007, T1609, T1098.006]
-- tactic: [credential-access, execution, privilege-escalation]
-- references:
--   - 'Kubernetes documentation, "Auditing"'
-- example: 'exhibit query run kubernetes-secrets'
-- explanation: >-
--   Refusals tell what was wanted. At level Metadata the secrets' content is not in the log; the access is.
-- ---
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', time_us / 1000000, 'unixepoch') AS time,
       user_username,
       user_arn,
       source_ip,
       verb,
       target,
       response_code,
       authorization_decision,
       user_agent,
       id
  FROM eks_audit
 WHERE (object_resource = 'secrets'
        OR object_subresource IN ('exec', 'attach', 'portforward', 'ephemeralcontainers')
        OR object_resource IN ('clusterroles', 'clusterrolebindings', 'roles', 'rolebindings', 'serviceaccounts'))
   AND time_us >= :from
   AND time_us < :to
 ORDER BY time_us, id
