-- ---
-- id: names-of-address
-- title: Names of an address
-- question: 'Which names led to this address, for which machine and when?'
-- params:
--   ip: { type: text, default: '203.0.113.99', about: 'The address.' }
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   query_name: 'Name.'
--   srcaddr: 'Machine that asked.'
--   instance_id: 'Its instance id.'
--   queries: 'How often.'
--   first_time: 'First.'
--   last_time: 'Last.'
-- sources: [route53_resolver]
-- scans: {}
-- attack: [T1071.004, T1583.001]
-- tactic: [command-and-control]
-- references:
--   - 'Amazon Route 53 Developer Guide, "Values that appear in VPC Resolver query logs"'
-- example: 'exhibit query run names-of-address --param ip=203.0.113.99'
-- explanation: >-
--   The other way round: from an address in a flow or a finding to the names that machines used for it.
--   Aliases on the way (CNAME) are answers of the same question: see the row.
-- ---
SELECT q.query_name,
       q.srcaddr,
       q.instance_id,
       count(*) AS queries,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(q.time_us) / 1000000, 'unixepoch') AS first_time,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(q.time_us) / 1000000, 'unixepoch') AS last_time
  FROM route53_resolver_answer AS a
  JOIN route53_resolver AS q ON q.id = a.parent_id
 WHERE a.rdata = :ip
   AND q.time_us >= :from
   AND q.time_us < :to
 GROUP BY q.query_name, q.srcaddr, q.instance_id
 ORDER BY min(q.time_us), q.query_name, q.srcaddr, q.instance_id
