-- ---
-- id: doors-tried
-- title: Doors tried from outside
-- question: 'Which outside addresses tried how many doors, and did one open?'
-- params:
--   min_rejected: { type: integer, default: 3, about: 'Only addresses with at least so many refusals.' }
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   srcaddr: 'Address.'
--   targets: 'Different targets.'
--   ports: 'Different ports.'
--   rejected: 'Refused flows.'
--   accepted: 'Flows let through.'
--   first_time: 'First.'
--   last_time: 'Last.'
--   first_accepted: 'First that was let through.'
-- sources: [vpc_flow]
-- scans: { vpc_flow: window }
-- attack: [T1046, T1595.001]
-- tactic: [discovery, reconnaissance]
-- references:
--   - 'Amazon VPC User Guide, "Flow log records"'
-- example: 'exhibit query run doors-tried'
-- explanation: >-
--   A scanner has many refusals; what matters is whether something was let through afterwards. Answers to
--   connections from inside are flows as well: only ports below 32768 are counted as doors.
-- ---
SELECT srcaddr,
       count(DISTINCT dstaddr) AS targets,
       count(DISTINCT dstport) AS ports,
       count(CASE WHEN action = 'REJECT' THEN 1 END) AS rejected,
       count(CASE WHEN action = 'ACCEPT' THEN 1 END) AS accepted,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(time_us) / 1000000, 'unixepoch') AS first_time,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(time_us) / 1000000, 'unixepoch') AS last_time,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(CASE WHEN action = 'ACCEPT' THEN time_us END) / 1000000, 'unixepoch') AS first_accepted
  FROM vpc_flow
 WHERE dstport < 32768
   AND time_us >= :from
   AND time_us < :to
 GROUP BY srcaddr
HAVING count(CASE WHEN action = 'REJECT' THEN 1 END) >= :min_rejected
 ORDER BY count(CASE WHEN action = 'REJECT' THEN 1 END) DESC, srcaddr
