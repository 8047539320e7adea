-- ---
-- id: security-lake-classes
-- title: What Security Lake holds
-- question: 'Which classes of events came from Security Lake, from which logs and about whom?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   class_uid: 'Class, by its number in OCSF.'
--   class_name: 'Its name.'
--   product_name: 'Original log.'
--   account_id: 'Account.'
--   region: 'Region.'
--   events: 'Events.'
--   addresses: 'Different source addresses.'
--   first_time: 'First.'
--   last_time: 'Last.'
-- sources: [security_lake]
-- scans: { security_lake: window }
-- attack: [T1048, T1071.004]
-- tactic: [exfiltration, command-and-control]
-- references:
--   - 'Amazon Security Lake User Guide, "Open Cybersecurity Schema Framework (OCSF)"'
-- example: 'exhibit query run security-lake-classes'
-- explanation: >-
--   The same events as in the original logs, in one schema: where an original is missing, this is what
--   remains of it.
-- ---
SELECT class_uid,
       class_name,
       product_name,
       account_id,
       region,
       count(*) AS events,
       count(DISTINCT src_endpoint_ip) AS addresses,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(time_us) / 1000000, 'unixepoch') AS first_time,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(time_us) / 1000000, 'unixepoch') AS last_time
  FROM security_lake
 WHERE time_us >= :from
   AND time_us < :to
 GROUP BY class_uid, class_name, product_name, account_id, region
 ORDER BY class_uid, product_name, account_id, region
