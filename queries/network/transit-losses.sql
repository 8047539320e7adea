-- ---
-- id: transit-losses
-- title: Traffic lost in transit
-- question: 'Which traffic between networks did the transit gateway drop?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   time: 'Start of the window.'
--   srcaddr: 'From where.'
--   dstaddr: 'To where.'
--   dstport: 'Port.'
--   packets: 'Packets.'
--   no_route: 'Lost without a route.'
--   blackhole: 'Lost in a black hole.'
--   tgw_src_vpc_account_id: 'Account it came from.'
--   tgw_dst_vpc_account_id: 'Account it went to.'
--   id: 'Row: exhibit show tgw_flow:ID.'
-- sources: [tgw_flow]
-- scans: { tgw_flow: window }
-- attack: [T1046, T1021]
-- tactic: [lateral-movement, discovery]
-- references:
--   - 'Amazon VPC Transit Gateways guide, "Transit Gateway Flow Logs records"'
-- example: 'exhibit query run transit-losses'
-- explanation: >-
--   Traffic that a network plan does not foresee is lost here: somebody on a machine tries where it leads.
-- ---
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', time_us / 1000000, 'unixepoch') AS time,
       srcaddr,
       dstaddr,
       dstport,
       packets,
       packets_lost_no_route AS no_route,
       packets_lost_blackhole AS blackhole,
       tgw_src_vpc_account_id,
       tgw_dst_vpc_account_id,
       id
  FROM tgw_flow
 WHERE packets_lost_no_route + packets_lost_blackhole > 0
   AND time_us >= :from
   AND time_us < :to
 ORDER BY time_us, id
