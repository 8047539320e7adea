-- ---
-- id: admin-ports-open
-- title: Administration ports that answered
-- question: 'Who reached SSH, RDP, WinRM or a database port, from where?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   srcaddr: 'From where.'
--   dstaddr: 'To which machine.'
--   dstport: 'Port.'
--   interface_id: 'Interface.'
--   flows: 'Flow records.'
--   bytes: 'Bytes to the machine.'
--   first_time: 'First.'
--   last_time: 'Last.'
-- sources: [vpc_flow]
-- scans: { vpc_flow: window }
-- attack: [T1021.004, T1133]
-- tactic: [lateral-movement, initial-access]
-- references:
--   - 'Amazon VPC User Guide, "Flow log records"'
-- example: 'exhibit query run admin-ports-open'
-- explanation: >-
--   Ports 22, 3389, 5985, 5986, 1433, 3306, 5432 and 5439, let through. Addresses from outside on them are
--   the first to explain.
-- ---
SELECT srcaddr,
       dstaddr,
       dstport,
       interface_id,
       count(*) AS flows,
       coalesce(sum(bytes), 0) AS bytes,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(time_us) / 1000000, 'unixepoch') AS first_time,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(time_us) / 1000000, 'unixepoch') AS last_time
  FROM vpc_flow
 WHERE dstport IN (22, 3389, 5985, 5986, 1433, 3306, 5432, 5439)
   AND action = 'ACCEPT'
   AND time_us >= :from
   AND time_us < :to
 GROUP BY srcaddr, dstaddr, dstport, interface_id
 ORDER BY min(time_us), srcaddr, dstaddr, dstport, interface_id
