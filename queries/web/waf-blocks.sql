-- ---
-- id: waf-blocks
-- title: What the web firewall stopped
-- question: 'Which rules of the web ACL stopped whom?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   terminating_rule_id: 'Rule or rule group.'
--   rule: 'Rule of the group.'
--   client_ip: 'Client.'
--   action: 'BLOCK, CAPTCHA or CHALLENGE.'
--   requests: 'Requests.'
--   uris: 'Different paths.'
--   first_uri: 'First path by its letters.'
--   first_time: 'First.'
--   last_time: 'Last.'
-- sources: [waf]
-- scans: { waf: window }
-- attack: [T1190, T1595.002]
-- tactic: [initial-access, reconnaissance]
-- references:
--   - 'AWS WAF Developer Guide, "Log fields for web ACL traffic"'
-- example: 'exhibit query run waf-blocks'
-- explanation: >-
--   What was stopped did no harm; it tells what was tried. Look at the same client's requests that passed:
--   waf-with-load-balancer.
-- ---
SELECT terminating_rule_id,
       json_extract(rule_group_list, '$[0].terminatingRule.ruleId') AS rule,
       client_ip,
       action,
       count(*) AS requests,
       count(DISTINCT uri) AS uris,
       min(uri) AS first_uri,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(time_us) / 1000000, 'unixepoch') AS first_time,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(time_us) / 1000000, 'unixepoch') AS last_time
  FROM waf
 WHERE action IN ('BLOCK', 'CAPTCHA', 'CHALLENGE')
   AND time_us >= :from
   AND time_us < :to
 GROUP BY terminating_rule_id, json_extract(rule_group_list, '$[0].terminatingRule.ruleId'), client_ip, action
 ORDER BY requests DESC, terminating_rule_id, rule, client_ip, action
