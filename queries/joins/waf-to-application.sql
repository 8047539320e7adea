-- ---
-- id: waf-to-application
-- title: One request from the firewall to the application log
-- question: 'Which requests are in WAF, in the load balancer and in the log of the application?'
-- params:
--   seconds: { type: integer, default: 5, about: 'Seconds by which the logs may differ.' }
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   time: 'Time by the firewall.'
--   client_ip: 'Who asked.'
--   waf_action: 'What the firewall decided.'
--   uri: 'What was asked for.'
--   elb_status_code: 'What the client got.'
--   log_group: 'Log group of the application.'
--   log_stream: 'Log stream: often the machine.'
--   log_time: 'Time in the application log.'
--   message: 'What the application wrote.'
--   waf_id: 'Row: exhibit show waf:ID.'
--   alb_access_id: 'Row: exhibit show alb_access:ID.'
--   cloudwatch_logs_id: 'Row: exhibit show cloudwatch_logs:ID.'
-- sources: [waf, alb_access, cloudwatch_logs]
-- scans: { waf: window, cloudwatch_logs: window }
-- attack: [T1190]
-- tactic: [initial-access]
-- references:
--   - 'AWS WAF Developer Guide, "Log fields for web ACL traffic"'
--   - 'Elastic Load Balancing User Guide for Application Load Balancers, "Access log entries"'
--   - 'Amazon CloudWatch Logs API Reference, "FilterLogEvents"'
-- example: 'exhibit query run waf-to-application'
-- explanation: >-
--   Applications seldom write the trace id. A message is taken to be about a request if it holds the
--   client's address and the path and stands within the given seconds of it: a strong hint, not an identity.
-- ---
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', w.time_us / 1000000, 'unixepoch') AS time,
       w.client_ip,
       w.action AS waf_action,
       w.uri,
       a.elb_status_code,
       l.log_group,
       l.log_stream,
       strftime('%Y-%m-%dT%H:%M:%SZ', l.time_us / 1000000, 'unixepoch') AS log_time,
       l.message,
       w.id AS waf_id,
       a.id AS alb_access_id,
       l.id AS cloudwatch_logs_id
  FROM waf AS w
  JOIN alb_access AS a ON a.trace_id = 'Root=' || w.request_id
  JOIN cloudwatch_logs AS l
    ON l.time_us >= w.time_us - :seconds * 1000000
   AND l.time_us <= w.time_us + :seconds * 1000000
   AND instr(l.message, w.client_ip) > 0
   AND instr(l.message, w.uri) > 0
 WHERE w.time_us >= :from
   AND w.time_us < :to
 ORDER BY w.time_us, w.id, a.id, l.id
