-- ---
-- id: flows-of-address
-- title: Flows of an address
-- question: 'With whom did this address speak?'
-- params:
--   ip: { type: text, about: 'The address.' }
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   time: 'Start of the flow record.'
--   srcaddr: 'Sender.'
--   srcport: 'Its port.'
--   dstaddr: 'Receiver.'
--   dstport: 'Its port.'
--   protocol: 'IANA protocol number.'
--   packets: 'Packets.'
--   bytes: 'Bytes.'
--   action: 'ACCEPT or REJECT.'
--   interface_id: 'Network interface that saw it.'
--   id: 'Row: exhibit show vpc_flow:ID.'
-- sources: [vpc_flow]
-- scans: {}
-- attack: [T1071, T1048]
-- tactic: [command-and-control, exfiltration]
-- references:
--   - 'Amazon VPC User Guide, "Flow log records"'
-- example: 'exhibit query run flows-of-address --param ip=203.0.113.99'
-- explanation: >-
--   Both directions, in order of time. Flow records begin up to a minute off, and each covers up to ten
--   minutes.
-- ---
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', time_us / 1000000, 'unixepoch') AS time,
       srcaddr,
       srcport,
       dstaddr,
       dstport,
       protocol,
       packets,
       bytes,
       action,
       interface_id,
       id
  FROM vpc_flow
 WHERE (srcaddr = :ip OR dstaddr = :ip)
   AND time_us >= :from
   AND time_us < :to
 ORDER BY time_us, id
