-- ---
-- id: cluster-identities
-- title: AWS identities at the cluster
-- question: 'Which AWS identities did the cluster let in, as which user, and whom did it turn away?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   user_arn: 'AWS identity.'
--   username: 'User of the cluster.'
--   user_groups: 'Groups of the cluster.'
--   message: 'access granted or access denied.'
--   error_message: 'Why it was denied.'
--   times: 'How often.'
--   first_time: 'First.'
--   last_time: 'Last.'
-- sources: [eks_control_plane]
-- scans: { eks_control_plane: window }
-- attack: [T1078.004, T1613]
-- tactic: [initial-access, discovery]
-- references:
--   - 'Amazon EKS User Guide, "Send control plane logs to CloudWatch Logs"'
-- example: 'exhibit query run cluster-identities'
-- explanation: >-
--   The authenticator translates roles into users: a role that is let in as an administrator of the cluster
--   is one. What they did then is in the audit log.
-- ---
SELECT user_arn,
       username,
       user_groups,
       message,
       error_message,
       count(*) AS times,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(time_us) / 1000000, 'unixepoch') AS first_time,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(time_us) / 1000000, 'unixepoch') AS last_time
  FROM eks_control_plane
 WHERE component = 'authenticator'
   AND user_arn IS NOT NULL
   AND time_us >= :from
   AND time_us < :to
 GROUP BY user_arn, username, user_groups, message, error_message
 ORDER BY min(time_us), user_arn, username, message, error_message
