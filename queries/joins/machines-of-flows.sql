-- ---
-- id: machines-of-flows
-- title: Machines behind the interfaces of flows
-- question: 'Which machine is each interface of the flow logs, and how much did it move?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   interface_id: 'Interface in the flow logs.'
--   instance_id: 'Machine it was attached to.'
--   private_ip_address: 'Its private address.'
--   public_ip: 'Its public address.'
--   vpc_id: 'Its VPC.'
--   security_groups: 'Its security groups.'
--   known_by: 'inventory or config.'
--   flows: 'Flow records.'
--   rejected: 'Of those, refused.'
--   bytes_in: 'Bytes that arrived.'
--   bytes_out: 'Bytes that left.'
--   first_flow: 'First flow.'
--   last_flow: 'Last flow.'
-- sources: [vpc_flow, ec2_network_interface, config_item]
-- scans: { vpc_flow: window, ec2_network_interface: whole, config_item: whole }
-- attack: [T1580, T1048]
-- tactic: [discovery, exfiltration]
-- references:
--   - 'Amazon VPC User Guide, "Flow log records"'
--   - 'Amazon EC2 API Reference, "DescribeNetworkInterfaces"'
-- example: 'exhibit query run machines-of-flows'
-- explanation: >-
--   Flow logs of the default format name an interface and nothing else. An inventory (describe-network-
--   interfaces) or AWS Config ties it to a machine; without either, known_by is empty. Attachments change:
--   compare the times.
-- ---
WITH known AS (
  SELECT interface_id, instance_id, private_ip_address, public_ip, vpc_id, security_groups, 'inventory' AS known_by
    FROM ec2_network_interface
  UNION ALL
  SELECT resource_id,
         max((SELECT r.resource_id FROM config_item_relation AS r
               WHERE r.parent_id = c.id AND r.resource_type = 'AWS::EC2::Instance')),
         max(json_extract(configuration, '$.privateIpAddress')),
         max(json_extract(configuration, '$.association.publicIp')),
         max(json_extract(configuration, '$.vpcId')),
         NULL,
         'config'
    FROM config_item AS c
   WHERE resource_type = 'AWS::EC2::NetworkInterface'
     AND resource_id NOT IN (SELECT interface_id FROM ec2_network_interface WHERE interface_id IS NOT NULL)
   GROUP BY resource_id
),
traffic AS (
  SELECT interface_id,
         dstaddr,
         srcaddr,
         count(*) AS flows,
         count(CASE WHEN action = 'REJECT' THEN 1 END) AS rejected,
         coalesce(sum(bytes), 0) AS bytes,
         min(time_us) AS first_us,
         max(time_us) AS last_us
    FROM vpc_flow
   WHERE time_us >= :from
     AND time_us < :to
   GROUP BY interface_id, dstaddr, srcaddr
)
SELECT traffic.interface_id,
       known.instance_id,
       known.private_ip_address,
       known.public_ip,
       known.vpc_id,
       known.security_groups,
       known.known_by,
       sum(traffic.flows) AS flows,
       sum(traffic.rejected) AS rejected,
       coalesce(sum(CASE WHEN traffic.dstaddr = known.private_ip_address THEN traffic.bytes END), 0) AS bytes_in,
       coalesce(sum(CASE WHEN traffic.srcaddr = known.private_ip_address THEN traffic.bytes END), 0) AS bytes_out,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(traffic.first_us) / 1000000, 'unixepoch') AS first_flow,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(traffic.last_us) / 1000000, 'unixepoch') AS last_flow
  FROM traffic
  LEFT JOIN known ON known.interface_id = traffic.interface_id
 GROUP BY traffic.interface_id, known.instance_id, known.private_ip_address, known.public_ip, known.vpc_id,
          known.security_groups, known.known_by
 ORDER BY bytes_out DESC, traffic.interface_id, known.known_by, known.instance_id, known.private_ip_address, known.public_ip
