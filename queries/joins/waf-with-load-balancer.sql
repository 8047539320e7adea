-- ---
-- id: waf-with-load-balancer
-- title: Requests in WAF and in the load balancer
-- question: 'What did the firewall decide on each request, and what did the site answer?'
-- params:
--   ip: { type: text, default: '', about: 'Only this client; empty: all.' }
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   time: 'Time by the firewall.'
--   client_ip: 'Who asked.'
--   waf_action: 'What the firewall decided.'
--   terminating_rule_id: 'Rule that decided.'
--   rule: 'Rule of a group that matched.'
--   url: 'What was asked for, by the load balancer.'
--   elb_status_code: 'What the client got.'
--   target_status_code: 'What the machine behind it said.'
--   target_ip: 'That machine.'
--   sent_bytes: 'Bytes of the answer.'
--   user_agent: 'User agent.'
--   request_id: 'The same in both logs.'
--   waf_id: 'Row: exhibit show waf:ID.'
--   alb_access_id: 'Row: exhibit show alb_access:ID.'
-- sources: [waf, alb_access]
-- scans: { waf: window }
-- attack: [T1190, T1595.002]
-- tactic: [initial-access, reconnaissance]
-- references:
--   - 'AWS WAF Developer Guide, "Log fields for web ACL traffic"'
--   - 'Elastic Load Balancing User Guide for Application Load Balancers, "Access log entries"'
-- example: 'exhibit query run waf-with-load-balancer --param ip=203.0.113.66'
-- explanation: >-
--   WAF's requestId is the trace id that the load balancer writes with Root= in front. A request that WAF
--   allowed and the site answered with 200 is what to look at; with status all requests of one answer are
--   shown.
-- ---
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', w.time_us / 1000000, 'unixepoch') AS time,
       w.client_ip,
       w.action AS waf_action,
       w.terminating_rule_id,
       json_extract(w.rule_group_list, '$[0].terminatingRule.ruleId') AS rule,
       a.url,
       a.elb_status_code,
       a.target_status_code,
       a.target_ip,
       a.sent_bytes,
       a.user_agent,
       w.request_id,
       w.id AS waf_id,
       a.id AS alb_access_id
  FROM waf AS w
  JOIN alb_access AS a ON a.trace_id = 'Root=' || w.request_id
 WHERE w.time_us >= :from
   AND w.time_us < :to
   AND (:ip = '' OR w.client_ip = :ip)
 ORDER BY w.time_us, w.id, a.id
