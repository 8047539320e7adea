-- ---
-- id: reconnaissance-bursts
-- title: Reconnaissance bursts
-- question: 'Who asked for many different kinds of things within one hour?'
-- params:
--   min_actions: { type: integer, default: 10, about: 'Least number of different List, Describe and Get actions in an hour.' }
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   hour: 'Start of the hour.'
--   principal: 'Role or user behind the calls.'
--   source_ip_address: 'From where.'
--   actions: 'Different actions that list, describe or get.'
--   services: 'Different services.'
--   calls: 'Calls.'
--   failures: 'Of those, failed.'
--   regions: 'Different regions.'
-- sources: [cloudtrail]
-- scans: { cloudtrail: window }
-- attack: [T1580, T1526, T1087.004, T1069.003]
-- tactic: [discovery]
-- references:
--   - 'MITRE ATT&CK T1580, "Cloud Infrastructure Discovery"'
-- example: 'exhibit query run reconnaissance-bursts --param min_actions=15'
-- explanation: >-
--   Somebody who does not know the account asks it about everything. The console does so too when a
--   person opens its pages, and so do inventory tools: compare the address and the program (user-
--   agents).
-- ---
SELECT strftime('%Y-%m-%dT%H:00:00Z', time_us / 3600000000 * 3600, 'unixepoch') AS hour,
       coalesce(session_issuer_arn, actor) AS principal,
       source_ip_address,
       count(DISTINCT event_source || ' ' || event_name) AS actions,
       count(DISTINCT event_source) AS services,
       count(*) AS calls,
       count(CASE WHEN outcome = 'failure' THEN 1 END) AS failures,
       count(DISTINCT region) AS regions
  FROM cloudtrail
 WHERE time_us >= :from
   AND time_us < :to
   AND (event_name GLOB 'List*' OR event_name GLOB 'Describe*' OR event_name GLOB 'Get*')
 GROUP BY time_us / 3600000000, coalesce(session_issuer_arn, actor), source_ip_address
HAVING count(DISTINCT event_source || ' ' || event_name) >= :min_actions
 ORDER BY time_us / 3600000000, principal, source_ip_address
