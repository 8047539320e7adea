-- ---
-- id: address-everywhere
-- title: One address in every log
-- question: 'Where does this address appear as a client, since when and how often?'
-- params:
--   ip: { type: text, about: 'The address, as the logs spell it.' }
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   source: 'Log.'
--   records: 'Records with the address as the client.'
--   failures: 'Of those, refused or failed.'
--   targets: 'Different targets.'
--   first_time: 'First.'
--   last_time: 'Last.'
--   first_target: 'What the first of them was about.'
-- sources: [alb_access, alb_connection, api_gateway_access, clb_access, client_vpn, cloudfront, cloudtrail, eks_audit, guardduty, network_firewall, nlb_access, rds_mysql_audit, rds_pgaudit, redshift_connection, s3_access, syslog, vpc_flow, waf, windows_event]
-- scans: {}
-- attack: [T1078, T1595]
-- tactic: [reconnaissance, initial-access]
-- references:
--   - 'exhibit, docs/sources.md'
-- example: 'exhibit query run address-everywhere --param ip=203.0.113.66'
-- explanation: >-
--   The whole way of an address through the logs, in the order in which it appeared: from the first look at
--   the web site to the last call. Every log has an index on its client's address, so this is quick on any
--   case.
-- ---
WITH seen AS (
  SELECT 'alb_access' AS source, time_us, outcome, target FROM alb_access WHERE client_ip = :ip AND time_us >= :from AND time_us < :to
  UNION ALL
  SELECT 'alb_connection' AS source, time_us, outcome, target FROM alb_connection WHERE client_ip = :ip AND time_us >= :from AND time_us < :to
  UNION ALL
  SELECT 'api_gateway_access' AS source, time_us, outcome, target FROM api_gateway_access WHERE source_ip = :ip AND time_us >= :from AND time_us < :to
  UNION ALL
  SELECT 'clb_access' AS source, time_us, outcome, target FROM clb_access WHERE client_ip = :ip AND time_us >= :from AND time_us < :to
  UNION ALL
  SELECT 'client_vpn' AS source, time_us, outcome, target FROM client_vpn WHERE device_ip = :ip AND time_us >= :from AND time_us < :to
  UNION ALL
  SELECT 'cloudfront' AS source, time_us, outcome, target FROM cloudfront WHERE c_ip = :ip AND time_us >= :from AND time_us < :to
  UNION ALL
  SELECT 'cloudtrail' AS source, time_us, outcome, target FROM cloudtrail WHERE source_ip_address = :ip AND time_us >= :from AND time_us < :to
  UNION ALL
  SELECT 'eks_audit' AS source, time_us, outcome, target FROM eks_audit WHERE source_ip = :ip AND time_us >= :from AND time_us < :to
  UNION ALL
  SELECT 'guardduty' AS source, time_us, outcome, target FROM guardduty WHERE remote_ip = :ip AND time_us >= :from AND time_us < :to
  UNION ALL
  SELECT 'network_firewall' AS source, time_us, outcome, target FROM network_firewall WHERE src_ip = :ip AND time_us >= :from AND time_us < :to
  UNION ALL
  SELECT 'nlb_access' AS source, time_us, outcome, target FROM nlb_access WHERE client_ip = :ip AND time_us >= :from AND time_us < :to
  UNION ALL
  SELECT 'rds_mysql_audit' AS source, time_us, outcome, target FROM rds_mysql_audit WHERE client_host = :ip AND time_us >= :from AND time_us < :to
  UNION ALL
  SELECT 'rds_pgaudit' AS source, time_us, outcome, target FROM rds_pgaudit WHERE client_host = :ip AND time_us >= :from AND time_us < :to
  UNION ALL
  SELECT 'redshift_connection' AS source, time_us, outcome, target FROM redshift_connection WHERE remotehost = :ip AND time_us >= :from AND time_us < :to
  UNION ALL
  SELECT 's3_access' AS source, time_us, outcome, target FROM s3_access WHERE remote_ip = :ip AND time_us >= :from AND time_us < :to
  UNION ALL
  SELECT 'syslog' AS source, time_us, outcome, target FROM syslog WHERE source_ip = :ip AND time_us >= :from AND time_us < :to
  UNION ALL
  SELECT 'vpc_flow' AS source, time_us, outcome, target FROM vpc_flow WHERE srcaddr = :ip AND time_us >= :from AND time_us < :to
  UNION ALL
  SELECT 'waf' AS source, time_us, outcome, target FROM waf WHERE client_ip = :ip AND time_us >= :from AND time_us < :to
  UNION ALL
  SELECT 'windows_event' AS source, time_us, outcome, target FROM windows_event WHERE source_ip = :ip AND time_us >= :from AND time_us < :to
)
SELECT source,
       count(*) AS records,
       count(CASE WHEN outcome = 'failure' THEN 1 END) AS failures,
       count(DISTINCT target) AS targets,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(time_us) / 1000000, 'unixepoch') AS first_time,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(time_us) / 1000000, 'unixepoch') AS last_time,
       (SELECT min(one.target) FROM seen AS one
         WHERE one.source = seen.source
           AND one.time_us = (SELECT min(early.time_us) FROM seen AS early WHERE early.source = seen.source)) AS first_target
  FROM seen
 GROUP BY source
 ORDER BY min(time_us), source
