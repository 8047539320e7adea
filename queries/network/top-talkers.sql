-- ---
-- id: top-talkers
-- title: Top talkers by bytes
-- question: 'Which pairs of addresses exchanged the most data?'
-- params:
--   min_bytes: { type: integer, default: 0, about: 'Only pairs with at least so many bytes.' }
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   srcaddr: 'Sender.'
--   dstaddr: 'Receiver.'
--   bytes: 'Bytes sent, headers included.'
--   packets: 'Packets.'
--   flows: 'Flow records.'
--   ports: 'Different destination ports.'
--   interfaces: 'Different network interfaces that saw it.'
--   first_time: 'First.'
--   last_time: 'Last.'
-- sources: [vpc_flow]
-- scans: { vpc_flow: window }
-- attack: [T1048, T1041]
-- tactic: [exfiltration, command-and-control]
-- references:
--   - 'Amazon VPC User Guide, "Flow log records"'
-- example: 'exhibit query run top-talkers --param min_bytes=100000000'
-- explanation: >-
--   A big sender inside and a receiver outside is what exfiltration looks like. Where two interfaces saw
--   the same traffic (interfaces above 1) it is counted twice: flow logs of overlapping scope must not
--   be added up.
-- ---
SELECT srcaddr,
       dstaddr,
       coalesce(sum(bytes), 0) AS bytes,
       coalesce(sum(packets), 0) AS packets,
       count(*) AS flows,
       count(DISTINCT dstport) AS ports,
       count(DISTINCT interface_id) AS interfaces,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(time_us) / 1000000, 'unixepoch') AS first_time,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(time_us) / 1000000, 'unixepoch') AS last_time
  FROM vpc_flow
 WHERE action = 'ACCEPT'
   AND time_us >= :from
   AND time_us < :to
 GROUP BY srcaddr, dstaddr
HAVING coalesce(sum(bytes), 0) >= :min_bytes
 ORDER BY coalesce(sum(bytes), 0) DESC, srcaddr, dstaddr
