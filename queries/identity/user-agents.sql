-- ---
-- id: user-agents
-- title: Programs per principal
-- question: 'Which programs did each principal call with?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   principal: 'Role or user behind the call.'
--   user_agent: 'What the program calls itself.'
--   calls: 'Calls.'
--   failures: 'Of those, failed.'
--   addresses: 'Different source addresses.'
--   actions: 'Different actions.'
--   first_time: 'First call.'
--   last_time: 'Last call.'
-- sources: [cloudtrail]
-- scans: { cloudtrail: window }
-- attack: [T1078.004, T1059.009]
-- tactic: [execution, initial-access]
-- references:
--   - 'CloudTrail User Guide, "CloudTrail record contents"'
-- example: 'exhibit query run user-agents'
-- explanation: >-
--   A build server that suddenly speaks with another tool or operating system is worth a question. The
--   text is chosen by the caller: it can be forged, and proves nothing by itself.
-- ---
SELECT coalesce(session_issuer_arn, actor) AS principal,
       user_agent,
       count(*) AS calls,
       count(CASE WHEN outcome = 'failure' THEN 1 END) AS failures,
       count(DISTINCT source_ip_address) AS addresses,
       count(DISTINCT event_name) AS actions,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(time_us) / 1000000, 'unixepoch') AS first_time,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(time_us) / 1000000, 'unixepoch') AS last_time
  FROM cloudtrail
 WHERE time_us >= :from
   AND time_us < :to
   AND user_agent IS NOT NULL
 GROUP BY coalesce(session_issuer_arn, actor), user_agent
 ORDER BY principal, calls DESC, user_agent
