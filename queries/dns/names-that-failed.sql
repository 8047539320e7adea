-- ---
-- id: names-that-failed
-- title: Names that do not exist, or were blocked
-- question: 'Which names were asked for in vain, by which machine?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   query_name: 'Name.'
--   srcaddr: 'Machine.'
--   instance_id: 'Its instance id.'
--   rcode: 'Answer code.'
--   firewall_rule_action: 'What DNS Firewall did.'
--   queries: 'How often.'
--   first_time: 'First.'
--   last_time: 'Last.'
-- sources: [route53_resolver]
-- scans: { route53_resolver: window }
-- attack: [T1568.002, T1071.004]
-- tactic: [command-and-control]
-- references:
--   - 'Amazon Route 53 Developer Guide, "Values that appear in VPC Resolver query logs"'
-- example: 'exhibit query run names-that-failed'
-- explanation: >-
--   Many names of one machine that do not exist look like a generator of names. A block of DNS Firewall
--   names the list that knew it.
-- ---
SELECT query_name,
       srcaddr,
       instance_id,
       rcode,
       firewall_rule_action,
       count(*) AS queries,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(time_us) / 1000000, 'unixepoch') AS first_time,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(time_us) / 1000000, 'unixepoch') AS last_time
  FROM route53_resolver
 WHERE (rcode <> 'NOERROR' OR firewall_rule_action = 'BLOCK')
   AND time_us >= :from
   AND time_us < :to
 GROUP BY query_name, srcaddr, instance_id, rcode, firewall_rule_action
 ORDER BY count(*) DESC, query_name, srcaddr, instance_id, rcode, firewall_rule_action
