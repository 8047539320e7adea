-- ---
-- id: rare-names
-- title: Names that one machine alone asked for
-- question: 'Which names were asked for by a single machine?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   query_name: 'Name.'
--   srcaddr: 'Machine.'
--   instance_id: 'Its instance id.'
--   queries: 'How often.'
--   answered: 'Of those, with an answer.'
--   first_answer: 'First answer by its letters.'
--   first_time: 'First.'
--   last_time: 'Last.'
-- sources: [route53_resolver]
-- scans: { route53_resolver: window }
-- attack: [T1071.004, T1568]
-- tactic: [command-and-control, exfiltration]
-- references:
--   - 'Amazon Route 53 Developer Guide, "Values that appear in VPC Resolver query logs"'
-- example: 'exhibit query run rare-names'
-- explanation: >-
--   What a fleet asks for is asked for by many. A name of one machine is its task, or its secret. Sort out
--   what belongs to AWS and to the company by eye.
-- ---
SELECT q.query_name,
       min(q.srcaddr) AS srcaddr,
       min(q.instance_id) AS instance_id,
       count(DISTINCT q.id) AS queries,
       count(DISTINCT a.parent_id) AS answered,
       min(a.rdata) AS first_answer,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(q.time_us) / 1000000, 'unixepoch') AS first_time,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(q.time_us) / 1000000, 'unixepoch') AS last_time
  FROM route53_resolver AS q
  LEFT JOIN route53_resolver_answer AS a ON a.parent_id = q.id
 WHERE q.time_us >= :from
   AND q.time_us < :to
 GROUP BY q.query_name
HAVING count(DISTINCT q.srcaddr) = 1
 ORDER BY min(q.time_us), q.query_name
