-- ---
-- id: warehouse-users
-- title: Users of the warehouse
-- question: 'Who made or changed users of Redshift?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   time: 'When.'
--   cluster: 'Cluster.'
--   user_action: 'create, alter, drop, rename.'
--   username: 'User.'
--   oldusername: 'Its name before.'
--   usesuper: '1 for a superuser.'
--   id: 'Row: exhibit show redshift_user:ID.'
-- sources: [redshift_user]
-- scans: { redshift_user: window }
-- attack: [T1136, T1098]
-- tactic: [persistence]
-- references:
--   - 'Amazon Redshift Management Guide, "Database audit logging"'
-- example: 'exhibit query run warehouse-users'
-- explanation: >-
--   The log does not say who did it: the pid ties it to the connection log.
-- ---
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', time_us / 1000000, 'unixepoch') AS time, cluster, user_action, username, oldusername, usesuper, id
  FROM redshift_user
 WHERE time_us >= :from
   AND time_us < :to
 ORDER BY time_us, id
