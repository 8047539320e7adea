-- ---
-- id: databases-with-machines
-- title: Database sessions and the machines they came from
-- question: 'Which machine connected to each database, as whom, and what did it read?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   database: 'Database log.'
--   client: 'Address of the client.'
--   instance_id: 'Machine with that address, by the inventory.'
--   username: 'User of the database.'
--   events: 'Records.'
--   failures: 'Of those, refused.'
--   first_time: 'First.'
--   last_time: 'Last.'
-- sources: [rds_pgaudit, rds_mysql_audit, redshift_connection, ec2_network_interface]
-- scans: { rds_pgaudit: window, rds_mysql_audit: window, redshift_connection: window }
-- attack: [T1213, T1078]
-- tactic: [collection, lateral-movement]
-- references:
--   - 'Amazon RDS User Guide, "PostgreSQL database log files"'
--   - 'Amazon Aurora User Guide, "Using advanced auditing"'
--   - 'Amazon Redshift Management Guide, "Database audit logging"'
-- example: 'exhibit query run databases-with-machines'
-- explanation: >-
--   Databases know addresses, an inventory knows whose they were. Private addresses are used again and
--   again: the inventory must be of the time. One user from a machine that never used it before is worth a
--   look.
-- ---
WITH seen AS (
  SELECT 'postgresql ' || coalesce(db_instance, '') AS database, client_host AS client, username, outcome, time_us
    FROM rds_pgaudit WHERE time_us >= :from AND time_us < :to
  UNION ALL
  SELECT 'mysql ' || coalesce(server_host, ''), client_host, username, outcome, time_us
    FROM rds_mysql_audit WHERE time_us >= :from AND time_us < :to
  UNION ALL
  SELECT 'redshift ' || coalesce(cluster, ''), remotehost, username, outcome, time_us
    FROM redshift_connection WHERE time_us >= :from AND time_us < :to
)
SELECT seen.database,
       seen.client,
       (SELECT min(n.instance_id) FROM ec2_network_interface AS n WHERE n.private_ip_address = seen.client) AS instance_id,
       seen.username,
       count(*) AS events,
       count(CASE WHEN seen.outcome = 'failure' THEN 1 END) AS failures,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(seen.time_us) / 1000000, 'unixepoch') AS first_time,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(seen.time_us) / 1000000, 'unixepoch') AS last_time
  FROM seen
 GROUP BY seen.database, seen.client, seen.username
 ORDER BY seen.database, seen.client, seen.username
