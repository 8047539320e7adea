-- ---
-- id: names-of-flows
-- title: Names behind the addresses of flows
-- question: 'Which name had each address, when a machine sent to it?'
-- params:
--   minutes: { type: integer, default: 10, about: 'Minutes for which an answer is taken to hold.' }
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   srcaddr: 'Machine that asked and sent.'
--   query_name: 'Name that it asked for.'
--   rdata: 'Address that was the answer.'
--   queries: 'How often it was asked for.'
--   first_query: 'First question.'
--   flows: 'Flows to that address within the minutes after an answer.'
--   bytes: 'Bytes sent in them.'
--   first_flow: 'First flow.'
--   last_flow: 'Last flow.'
-- sources: [route53_resolver, vpc_flow]
-- scans: { route53_resolver: window }
-- attack: [T1071.004, T1567]
-- tactic: [command-and-control, exfiltration]
-- references:
--   - 'Amazon Route 53 Developer Guide, "Values that appear in VPC Resolver query logs"'
--   - 'Amazon VPC User Guide, "Flow log records"'
-- example: 'exhibit query run names-of-flows'
-- explanation: >-
--   An address means what it meant when it was asked for: answers change, and one address serves many names.
--   A flow is joined to each answer that the same machine got in the minutes before; machines that ask
--   another resolver leave no question here.
-- ---
WITH answers AS (
  SELECT q.srcaddr, q.query_name, a.rdata, q.time_us
    FROM route53_resolver AS q
    JOIN route53_resolver_answer AS a ON a.parent_id = q.id
   WHERE q.time_us >= :from
     AND q.time_us < :to
     AND a.type IN ('A', 'AAAA')
     AND q.srcaddr IS NOT NULL
),
asked AS (
  SELECT srcaddr, query_name, rdata, count(*) AS queries, min(time_us) AS first_us
    FROM answers
   GROUP BY srcaddr, query_name, rdata
),
sent AS (
  SELECT DISTINCT answers.srcaddr, answers.query_name, answers.rdata, f.id, f.bytes, f.time_us
    FROM answers
    JOIN vpc_flow AS f
      ON f.dstaddr = answers.rdata
     AND f.srcaddr = answers.srcaddr
     AND f.time_us >= answers.time_us - 60000000
     AND f.time_us < answers.time_us + :minutes * 60000000
)
SELECT asked.srcaddr,
       asked.query_name,
       asked.rdata,
       asked.queries,
       strftime('%Y-%m-%dT%H:%M:%SZ', asked.first_us / 1000000, 'unixepoch') AS first_query,
       count(sent.id) AS flows,
       coalesce(sum(sent.bytes), 0) AS bytes,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(sent.time_us) / 1000000, 'unixepoch') AS first_flow,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(sent.time_us) / 1000000, 'unixepoch') AS last_flow
  FROM asked
  JOIN sent ON sent.srcaddr = asked.srcaddr AND sent.query_name = asked.query_name AND sent.rdata = asked.rdata
 GROUP BY asked.srcaddr, asked.query_name, asked.rdata, asked.queries, asked.first_us
 ORDER BY coalesce(sum(sent.bytes), 0) DESC, asked.srcaddr, asked.query_name, asked.rdata
