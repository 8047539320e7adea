-- ---
-- id: rejected-flows-by-port
-- title: Rejected flows by port
-- question: 'Which ports were knocked at and refused, by how many sources?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   dstport: 'Destination port.'
--   protocol: 'IANA protocol number: 6 is TCP, 17 UDP, 1 ICMP.'
--   flows: 'Flow records refused.'
--   sources: 'Different source addresses.'
--   destinations: 'Different destination addresses.'
--   packets: 'Packets.'
--   first_time: 'First.'
--   last_time: 'Last.'
-- sources: [vpc_flow]
-- scans: { vpc_flow: window }
-- attack: [T1046]
-- tactic: [discovery]
-- references:
--   - 'Amazon VPC User Guide, "Flow log records"'
--   - 'MITRE ATT&CK T1046, "Network Service Discovery"'
-- example: 'exhibit query run rejected-flows-by-port'
-- explanation: >-
--   The internet knocks all day: sources outside are weather. A private source address that is refused
--   at many ports or destinations is somebody inside looking around.
-- ---
SELECT dstport,
       protocol,
       count(*) AS flows,
       count(DISTINCT srcaddr) AS sources,
       count(DISTINCT dstaddr) AS destinations,
       coalesce(sum(packets), 0) AS packets,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(time_us) / 1000000, 'unixepoch') AS first_time,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(time_us) / 1000000, 'unixepoch') AS last_time
  FROM vpc_flow
 WHERE action = 'REJECT'
   AND time_us >= :from
   AND time_us < :to
 GROUP BY dstport, protocol
 ORDER BY flows DESC, dstport, protocol
