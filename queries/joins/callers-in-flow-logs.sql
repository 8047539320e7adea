-- ---
-- id: callers-in-flow-logs
-- title: Callers that also appear in flow logs
-- question: 'Which addresses called the API and also spoke with our machines?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   ip: 'The address.'
--   calls: 'API calls from it.'
--   failures: 'Of those, failed.'
--   principals: 'Different roles and users.'
--   first_call: 'First API call.'
--   last_call: 'Last API call.'
--   flows: 'Flow records with it.'
--   rejected: 'Of those, refused.'
--   bytes_to_ip: 'Bytes sent to it.'
--   bytes_from_ip: 'Bytes received from it.'
--   first_flow: 'First flow.'
--   last_flow: 'Last flow.'
-- sources: [cloudtrail, vpc_flow]
-- scans: { cloudtrail: window, vpc_flow: window }
-- attack: [T1078.004, T1048]
-- tactic: [initial-access, exfiltration]
-- references:
--   - 'Amazon VPC User Guide, "Flow log records"'
--   - 'CloudTrail User Guide, "CloudTrail record contents"'
-- example: 'exhibit query run callers-in-flow-logs'
-- explanation: >-
--   One address in the control plane and in the network is a strong link between two stories. Instances
--   that call the API from inside appear with their public address in CloudTrail and their private one
--   in flow logs, and so are not joined here.
-- ---
WITH callers AS (
  SELECT src_ip AS ip,
         count(*) AS calls,
         count(CASE WHEN outcome = 'failure' THEN 1 END) AS failures,
         count(DISTINCT coalesce(session_issuer_arn, actor)) AS principals,
         min(time_us) AS first_us,
         max(time_us) AS last_us
    FROM cloudtrail
   WHERE src_ip IS NOT NULL
     AND time_us >= :from
     AND time_us < :to
   GROUP BY src_ip
),
seen AS (
  SELECT ip,
         count(*) AS flows,
         count(CASE WHEN action = 'REJECT' THEN 1 END) AS rejected,
         coalesce(sum(CASE WHEN sent_to = 1 THEN bytes END), 0) AS bytes_to_ip,
         coalesce(sum(CASE WHEN sent_to = 0 THEN bytes END), 0) AS bytes_from_ip,
         min(time_us) AS first_us,
         max(time_us) AS last_us
    FROM (
           SELECT dstaddr AS ip, 1 AS sent_to, action, bytes, time_us FROM vpc_flow
            WHERE time_us >= :from AND time_us < :to
            UNION ALL
           SELECT srcaddr, 0, action, bytes, time_us FROM vpc_flow
            WHERE time_us >= :from AND time_us < :to
         )
   GROUP BY ip
)
SELECT callers.ip,
       callers.calls,
       callers.failures,
       callers.principals,
       strftime('%Y-%m-%dT%H:%M:%SZ', callers.first_us / 1000000, 'unixepoch') AS first_call,
       strftime('%Y-%m-%dT%H:%M:%SZ', callers.last_us / 1000000, 'unixepoch') AS last_call,
       seen.flows,
       seen.rejected,
       seen.bytes_to_ip,
       seen.bytes_from_ip,
       strftime('%Y-%m-%dT%H:%M:%SZ', seen.first_us / 1000000, 'unixepoch') AS first_flow,
       strftime('%Y-%m-%dT%H:%M:%SZ', seen.last_us / 1000000, 'unixepoch') AS last_flow
  FROM callers
  JOIN seen ON seen.ip = callers.ip
 ORDER BY seen.bytes_to_ip DESC, callers.ip
