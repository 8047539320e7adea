-- ---
-- id: firewall-with-flows
-- title: Network Firewall and flow logs
-- question: 'Do the firewall and the flow logs tell the same of each connection?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   time: 'Time by the firewall.'
--   src_ip: 'From where.'
--   dest_ip: 'To where.'
--   dest_port: 'To which port.'
--   signature: 'Rule that alerted.'
--   alert_action: 'What the firewall did.'
--   flow_action: 'What security groups did, by the flow log.'
--   interface_id: 'Interface that saw it.'
--   bytes: 'Bytes of the flow.'
--   network_firewall_id: 'Row: exhibit show network_firewall:ID.'
--   vpc_flow_id: 'Row: exhibit show vpc_flow:ID.'
-- sources: [network_firewall, vpc_flow]
-- scans: { network_firewall: window }
-- attack: [T1046, T1110]
-- tactic: [discovery, credential-access]
-- references:
--   - 'AWS Network Firewall Developer Guide, "Contents of a Network Firewall log"'
--   - 'Amazon VPC User Guide, "Flow log records"'
-- example: 'exhibit query run firewall-with-flows'
-- explanation: >-
--   The same five numbers (addresses, ports, protocol) within a minute are the same connection. The firewall
--   allowing what a security group refuses is normal: both must let it pass.
-- ---
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', n.time_us / 1000000, 'unixepoch') AS time,
       n.src_ip,
       n.dest_ip,
       n.dest_port,
       n.signature,
       n.alert_action,
       f.action AS flow_action,
       f.interface_id,
       f.bytes,
       n.id AS network_firewall_id,
       f.id AS vpc_flow_id
  FROM network_firewall AS n
  JOIN vpc_flow AS f
    ON f.srcaddr = n.src_ip
   AND f.dstaddr = n.dest_ip
   AND f.srcport = n.src_port
   AND f.dstport = n.dest_port
   AND f.time_us >= n.time_us - 60000000
   AND f.time_us <= n.time_us + 60000000
 WHERE n.event_type = 'alert'
   AND n.time_us >= :from
   AND n.time_us < :to
 ORDER BY n.time_us, n.id, f.id
