-- ---
-- id: database-dumps
-- title: Statements that read whole tables
-- question: 'Which statements copied, unloaded or dumped tables?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   time: 'When.'
--   database: 'Database log.'
--   username: 'User of the database.'
--   client: 'Address of the client; NULL where the log has none.'
--   object_name: 'Table, where the log names it.'
--   statement: 'Statement.'
--   row: 'Row: exhibit show NAME:ID.'
-- sources: [rds_pgaudit, rds_mysql_audit, redshift_user_activity]
-- scans: { rds_pgaudit: window, rds_mysql_audit: window, redshift_user_activity: window }
-- attack: [T1213.006, T1005]
-- tactic: [collection]
-- references:
--   - 'pgAudit, "Format"'
--   - 'PostgreSQL documentation, "COPY"'
--   - 'Amazon Redshift Database Developer Guide, "UNLOAD"'
-- example: 'exhibit query run database-dumps'
-- explanation: >-
--   COPY ... TO is what pg_dump does to each table, UNLOAD writes to a bucket. MySQL's dump is a SELECT
--   without WHERE. Statements inside functions are seen by pgAudit alone.
-- ---
WITH statements AS (
  SELECT time_us, 'postgresql ' || coalesce(db_instance, '') AS database, username, client_host AS client, object_name, statement,
         'rds_pgaudit:' || id AS row_name
    FROM rds_pgaudit
   WHERE statement IS NOT NULL AND time_us >= :from AND time_us < :to
  UNION ALL
  SELECT time_us, 'mysql ' || coalesce(server_host, ''), username, client_host, NULL, object, 'rds_mysql_audit:' || id
    FROM rds_mysql_audit
   WHERE operation = 'QUERY' AND time_us >= :from AND time_us < :to
  UNION ALL
  SELECT time_us, 'redshift ' || coalesce(cluster, ''), username, NULL, NULL, statement, 'redshift_user_activity:' || id
    FROM redshift_user_activity
   WHERE time_us >= :from AND time_us < :to
)
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', time_us / 1000000, 'unixepoch') AS time, database, username, client, object_name, statement, row_name AS row
  FROM statements
 WHERE (upper(statement) GLOB '*COPY *TO *' AND upper(statement) NOT GLOB '*COPY *FROM *')
    OR upper(statement) GLOB '*UNLOAD*'
    OR upper(statement) GLOB '*INTO OUTFILE*'
    OR (database GLOB 'mysql*' AND upper(statement) GLOB '*SELECT *FROM *' AND upper(statement) NOT GLOB '*WHERE*')
 ORDER BY time_us, row_name
