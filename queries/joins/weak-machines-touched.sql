-- ---
-- id: weak-machines-touched
-- title: Weak machines and what reached them
-- question: 'Which machines with known weaknesses were reached from outside?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   instance_id: 'Machine.'
--   title: 'Weakness.'
--   severity_label: 'How severe, by Inspector.'
--   private_ip_address: 'Its address, by the inventory.'
--   remote: 'Address that reached it.'
--   flows: 'Flow records.'
--   accepted: 'Of those, let through.'
--   rejected: 'Of those, refused.'
--   first_flow: 'First.'
--   last_flow: 'Last.'
-- sources: [inspector_finding, ec2_network_interface, vpc_flow]
-- scans: { inspector_finding: whole, ec2_network_interface: whole }
-- attack: [T1190, T1210]
-- tactic: [initial-access, lateral-movement]
-- references:
--   - 'Amazon Inspector User Guide, "Finding types"'
--   - 'Amazon VPC User Guide, "Flow log records"'
-- example: 'exhibit query run weak-machines-touched'
-- explanation: >-
--   A weakness matters where somebody can reach it. Peers inside private ranges (10/8, 172.16/12 up to
--   172.31, 192.168/16) are left out. Accepted says that the packets passed, not that anything was
--   exploited.
-- ---
WITH weak AS (
  SELECT i.resource_id AS instance_id, i.title, i.severity_label, n.private_ip_address
    FROM inspector_finding AS i
    JOIN ec2_network_interface AS n ON n.instance_id = i.resource_id
   GROUP BY i.resource_id, i.title, i.severity_label, n.private_ip_address
)
SELECT weak.instance_id,
       weak.title,
       weak.severity_label,
       weak.private_ip_address,
       f.srcaddr AS remote,
       count(*) AS flows,
       count(CASE WHEN f.action = 'ACCEPT' THEN 1 END) AS accepted,
       count(CASE WHEN f.action = 'REJECT' THEN 1 END) AS rejected,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(f.time_us) / 1000000, 'unixepoch') AS first_flow,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(f.time_us) / 1000000, 'unixepoch') AS last_flow
  FROM weak
  JOIN vpc_flow AS f ON f.dstaddr = weak.private_ip_address
 WHERE f.time_us >= :from
   AND f.time_us < :to
   AND f.srcaddr NOT GLOB '10.*'
   AND f.srcaddr NOT GLOB '192.168.*'
   AND f.srcaddr NOT GLOB '172.1[6-9].*'
   AND f.srcaddr NOT GLOB '172.2[0-9].*'
   AND f.srcaddr NOT GLOB '172.3[01].*'
 GROUP BY weak.instance_id, weak.title, weak.severity_label, weak.private_ip_address, f.srcaddr
 ORDER BY flows DESC, weak.instance_id, weak.title, f.srcaddr
