-- ---
-- id: guardduty-with-flows
-- title: GuardDuty findings and the flows behind them
-- question: 'How much did the machine of each finding exchange with the address it names?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   finding_id: 'id of the finding.'
--   type: 'What GuardDuty saw.'
--   instance_id: 'Machine of the finding.'
--   network_interface_id: 'Its interface.'
--   local_ip: 'Its private address.'
--   remote_ip: 'Address of the finding.'
--   first_seen: 'Start of the activity, by the finding.'
--   flows: 'Flow records between the two.'
--   rejected: 'Of those, refused.'
--   bytes_to_remote: 'Bytes to the remote address.'
--   bytes_from_remote: 'Bytes from it.'
--   first_flow: 'First of them.'
--   last_flow: 'Last of them.'
-- sources: [guardduty, vpc_flow]
-- scans: { guardduty: window }
-- attack: [T1041, T1048, T1046]
-- tactic: [exfiltration, discovery]
-- references:
--   - 'Amazon GuardDuty User Guide, "GuardDuty finding format"'
--   - 'Amazon VPC User Guide, "Flow log records"'
-- example: 'exhibit query run guardduty-with-flows'
-- explanation: >-
--   GuardDuty reads the same flows but keeps only a summary. Zero flows say that flow logs of that interface
--   were not collected, or that the traffic did not reach it. All flows of the evidence are counted, not
--   only those of the finding's time.
-- ---
WITH latest AS (
  SELECT g.finding_id, g.type, g.instance_id, g.network_interface_id, g.private_ip_address, g.remote_ip, g.event_first_seen_us
    FROM guardduty AS g
   WHERE g.sample = 0
     AND g.private_ip_address IS NOT NULL
     AND g.remote_ip IS NOT NULL
     AND g.time_us >= :from
     AND g.time_us < :to
     AND NOT EXISTS (SELECT 1 FROM guardduty AS newer WHERE newer.finding_id = g.finding_id AND newer.time_us > g.time_us)
),
touched AS (
  SELECT latest.finding_id, 1 AS sent, f.bytes, f.action, f.time_us
    FROM latest JOIN vpc_flow AS f ON f.dstaddr = latest.remote_ip AND f.srcaddr = latest.private_ip_address
  UNION ALL
  SELECT latest.finding_id, 0, f.bytes, f.action, f.time_us
    FROM latest JOIN vpc_flow AS f ON f.srcaddr = latest.remote_ip AND f.dstaddr = latest.private_ip_address
)
SELECT latest.finding_id,
       latest.type,
       latest.instance_id,
       latest.network_interface_id,
       latest.private_ip_address AS local_ip,
       latest.remote_ip,
       strftime('%Y-%m-%dT%H:%M:%SZ', latest.event_first_seen_us / 1000000, 'unixepoch') AS first_seen,
       count(touched.time_us) AS flows,
       count(CASE WHEN touched.action = 'REJECT' THEN 1 END) AS rejected,
       coalesce(sum(CASE WHEN touched.sent = 1 THEN touched.bytes END), 0) AS bytes_to_remote,
       coalesce(sum(CASE WHEN touched.sent = 0 THEN touched.bytes END), 0) AS bytes_from_remote,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(touched.time_us) / 1000000, 'unixepoch') AS first_flow,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(touched.time_us) / 1000000, 'unixepoch') AS last_flow
  FROM latest
  LEFT JOIN touched ON touched.finding_id = latest.finding_id
 GROUP BY latest.finding_id, latest.type, latest.instance_id, latest.network_interface_id, latest.private_ip_address,
          latest.remote_ip, latest.event_first_seen_us
 ORDER BY latest.event_first_seen_us, latest.finding_id
