-- ---
-- id: guessed-logins
-- title: Failed logins everywhere
-- question: 'Where did logins fail, by whom and from where, and did one succeed afterwards?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   log: 'Log.'
--   user_name: 'User that was tried.'
--   ip: 'From where.'
--   failures: 'Failed logins.'
--   first_failure: 'First.'
--   last_failure: 'Last.'
--   success_after: 'First success of the same user from the same address after the first failure.'
-- sources: [cloudtrail, syslog, windows_event, client_vpn, rds_mysql_audit, rds_pgaudit, redshift_connection]
-- scans: { syslog: window, client_vpn: window, rds_mysql_audit: window, rds_pgaudit: window, redshift_connection: window }
-- attack: [T1110]
-- tactic: [credential-access]
-- references:
--   - 'MITRE ATT&CK T1110, "Brute Force"'
--   - 'exhibit, docs/sources.md'
-- example: 'exhibit query run guessed-logins'
-- explanation: >-
--   Seven logs, one question. Failures followed by a success from the same address are a guess that came
--   right, or a person who mistyped: count them.
-- ---
WITH logins AS (
  SELECT 'console' AS log, coalesce(user_identity_user_name, actor) AS user_name, source_ip_address AS ip, outcome, time_us
    FROM cloudtrail WHERE event_name = 'ConsoleLogin' AND time_us >= :from AND time_us < :to
  UNION ALL
  SELECT 'ssh', user_name, source_ip, outcome, time_us
    FROM syslog WHERE auth_event IN ('accepted', 'failed', 'invalid user') AND time_us >= :from AND time_us < :to
  UNION ALL
  SELECT 'windows', target_user_name, source_ip, outcome, time_us
    FROM windows_event WHERE windows_event_id IN (4624, 4625) AND time_us >= :from AND time_us < :to
  UNION ALL
  SELECT 'vpn', coalesce(username, common_name), device_ip, outcome, time_us
    FROM client_vpn WHERE connection_log_type = 'connection-attempt' AND time_us >= :from AND time_us < :to
  UNION ALL
  SELECT 'mysql', username, client_host, outcome, time_us
    FROM rds_mysql_audit WHERE operation IN ('CONNECT', 'FAILED_CONNECT') AND time_us >= :from AND time_us < :to
  UNION ALL
  SELECT 'postgresql', username, client_host, outcome, time_us
    FROM rds_pgaudit
   WHERE event IN ('connection authorized', 'authentication failed') AND time_us >= :from AND time_us < :to
  UNION ALL
  SELECT 'redshift', username, remotehost, outcome, time_us
    FROM redshift_connection WHERE event IN ('authenticated', 'authentication failure') AND time_us >= :from AND time_us < :to
),
failed AS (
  SELECT log, user_name, ip, count(*) AS failures, min(time_us) AS first_us, max(time_us) AS last_us
    FROM logins
   WHERE outcome = 'failure'
   GROUP BY log, user_name, ip
)
SELECT failed.log,
       failed.user_name,
       failed.ip,
       failed.failures,
       strftime('%Y-%m-%dT%H:%M:%SZ', failed.first_us / 1000000, 'unixepoch') AS first_failure,
       strftime('%Y-%m-%dT%H:%M:%SZ', failed.last_us / 1000000, 'unixepoch') AS last_failure,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(good.time_us) / 1000000, 'unixepoch') AS success_after
  FROM failed
  LEFT JOIN logins AS good
    ON good.log = failed.log
   AND good.user_name = failed.user_name
   AND good.ip = failed.ip
   AND good.outcome = 'success'
   AND good.time_us > failed.first_us
 GROUP BY failed.log, failed.user_name, failed.ip, failed.failures, failed.first_us, failed.last_us
 ORDER BY failed.first_us, failed.log, failed.user_name, failed.ip
