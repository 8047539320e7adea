-- ---
-- id: bytes-out-by-machine
-- title: Bytes to the outside by machine
-- question: 'Which interface sent how much to which public address?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   interface_id: 'Interface.'
--   instance_id: 'Machine, where the format has it.'
--   srcaddr: 'Its address.'
--   dstaddr: 'Receiver.'
--   dstport: 'Port of the receiver.'
--   service: 'AWS service of the receiver, where the format has it.'
--   bytes: 'Bytes sent.'
--   flows: 'Flow records.'
--   first_time: 'First.'
--   last_time: 'Last.'
-- sources: [vpc_flow]
-- scans: { vpc_flow: window }
-- attack: [T1048, T1041, T1567.002]
-- tactic: [exfiltration, command-and-control]
-- references:
--   - 'Amazon VPC User Guide, "Flow log records"'
-- example: 'exhibit query run bytes-out-by-machine'
-- explanation: >-
--   Only flows from private to other addresses (10/8, 172.16/12, 192.168/16). Much to one address that no
--   AWS service owns is the thing to look at; names-of-flows says what it was called.
-- ---
SELECT interface_id,
       instance_id,
       srcaddr,
       dstaddr,
       dstport,
       pkt_dst_aws_service AS service,
       coalesce(sum(bytes), 0) AS bytes,
       count(*) AS flows,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(time_us) / 1000000, 'unixepoch') AS first_time,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(time_us) / 1000000, 'unixepoch') AS last_time
  FROM vpc_flow
 WHERE action = 'ACCEPT'
   AND (srcaddr GLOB '10.*' OR srcaddr GLOB '192.168.*' OR srcaddr GLOB '172.1[6-9].*' OR srcaddr GLOB '172.2[0-9].*'
        OR srcaddr GLOB '172.3[01].*')
   AND NOT (dstaddr GLOB '10.*' OR dstaddr GLOB '192.168.*' OR dstaddr GLOB '172.1[6-9].*' OR dstaddr GLOB '172.2[0-9].*'
            OR dstaddr GLOB '172.3[01].*')
   AND dstport < 32768
   AND time_us >= :from
   AND time_us < :to
 GROUP BY interface_id, instance_id, srcaddr, dstaddr, dstport, pkt_dst_aws_service
 ORDER BY coalesce(sum(bytes), 0) DESC, interface_id, instance_id, srcaddr, dstaddr, dstport, service
