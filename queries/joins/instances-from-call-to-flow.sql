-- ---
-- id: instances-from-call-to-flow
-- title: From the call that started a machine to its traffic
-- question: 'Who started each machine, and what did it send and receive afterwards?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   time: 'When it was started.'
--   region: 'Where.'
--   actor: 'Who started it.'
--   access_key_id: 'With which key.'
--   source_ip_address: 'From where.'
--   instance_id: 'Machine.'
--   interface_id: 'Interface that the answer named.'
--   private_ip_address: 'Its private address.'
--   flows: 'Flow records of that interface.'
--   bytes_out: 'Bytes it sent.'
--   bytes_in: 'Bytes it received.'
--   largest_receiver: 'Address that got most.'
--   ended: 'When TerminateInstances named it.'
--   ended_by: 'Who called it.'
--   id: 'Row: exhibit show cloudtrail:ID.'
-- sources: [cloudtrail, vpc_flow]
-- scans: {}
-- attack: [T1578.002, T1048]
-- tactic: [defense-evasion, exfiltration]
-- references:
--   - 'CloudTrail User Guide, "CloudTrail record contents"'
--   - 'Amazon VPC User Guide, "Flow log records"'
-- example: 'exhibit query run instances-from-call-to-flow'
-- explanation: >-
--   The answer to RunInstances names machine, interface and private address: everything needed to follow it
--   into the flow logs. Only the first machine of a call is followed. A machine whose flow logs were deleted
--   in the meantime has fewer flows than it had traffic.
-- ---
WITH started AS MATERIALIZED (
  SELECT id,
         time_us,
         region,
         actor,
         user_identity_access_key_id,
         source_ip_address,
         CASE WHEN json_valid(raw) THEN json_extract(raw, '$.responseElements.instancesSet.items[0].instanceId') END AS instance_id,
         CASE WHEN json_valid(raw) THEN json_extract(raw, '$.responseElements.instancesSet.items[0].networkInterfaceSet.items[0].networkInterfaceId') END AS interface_id,
         CASE WHEN json_valid(raw) THEN json_extract(raw, '$.responseElements.instancesSet.items[0].privateIpAddress') END AS private_ip_address
    FROM cloudtrail
   WHERE event_name = 'RunInstances'
     AND outcome = 'success'
     AND time_us >= :from
     AND time_us < :to
),
ended AS (
  SELECT json_extract(item.value, '$.instanceId') AS instance_id, min(c.time_us) AS time_us, min(c.actor) AS actor
    FROM cloudtrail AS c, json_each(CASE WHEN json_valid(c.raw) THEN c.raw ELSE '{}' END, '$.requestParameters.instancesSet.items') AS item
   WHERE c.event_name = 'TerminateInstances'
     AND c.outcome = 'success'
   GROUP BY json_extract(item.value, '$.instanceId')
),
sent AS (
  SELECT started.id, f.dstaddr AS peer, 1 AS out, f.bytes
    FROM started JOIN vpc_flow AS f ON f.srcaddr = started.private_ip_address AND f.interface_id = started.interface_id
  UNION ALL
  SELECT started.id, f.srcaddr, 0, f.bytes
    FROM started JOIN vpc_flow AS f ON f.dstaddr = started.private_ip_address AND f.interface_id = started.interface_id
),
by_peer AS MATERIALIZED (
  SELECT id, peer, out, count(*) AS flows, coalesce(sum(bytes), 0) AS bytes, sum(bytes) AS known_bytes
    FROM sent
   GROUP BY id, peer, out
),
of_machine AS (
  SELECT id,
         sum(flows) AS flows,
         sum(CASE WHEN out = 1 THEN bytes ELSE 0 END) AS bytes_out,
         sum(CASE WHEN out = 0 THEN bytes ELSE 0 END) AS bytes_in
    FROM by_peer
   GROUP BY id
),
receivers AS (
  SELECT id, peer, row_number() OVER (PARTITION BY id ORDER BY known_bytes DESC, peer) AS place
    FROM by_peer
   WHERE out = 1
)
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', started.time_us / 1000000, 'unixepoch') AS time,
       started.region,
       started.actor,
       started.user_identity_access_key_id AS access_key_id,
       started.source_ip_address,
       started.instance_id,
       started.interface_id,
       started.private_ip_address,
       coalesce(of_machine.flows, 0) AS flows,
       coalesce(of_machine.bytes_out, 0) AS bytes_out,
       coalesce(of_machine.bytes_in, 0) AS bytes_in,
       receivers.peer AS largest_receiver,
       strftime('%Y-%m-%dT%H:%M:%SZ', ended.time_us / 1000000, 'unixepoch') AS ended,
       ended.actor AS ended_by,
       started.id
  FROM started
  LEFT JOIN of_machine ON of_machine.id = started.id
  LEFT JOIN receivers ON receivers.id = started.id AND receivers.place = 1
  LEFT JOIN ended ON ended.instance_id = started.instance_id
 ORDER BY started.time_us, started.id
