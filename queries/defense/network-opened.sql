-- ---
-- id: network-opened
-- title: Ports opened and closed
-- question: 'Which security groups and network lists were changed, and what do they let in?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   time: 'When.'
--   account_id: 'Account.'
--   region: 'Region.'
--   actor: 'Who.'
--   access_key_id: 'With which key.'
--   event_name: 'API action.'
--   target: 'On what.'
--   group_id: 'Security group.'
--   port: 'First port of the first rule.'
--   cidr: 'First range of the first rule.'
--   outcome: 'success or failure.'
--   error_code: 'Error of a failed attempt.'
--   source_ip_address: 'From where.'
--   id: 'Row: exhibit show cloudtrail:ID.'
-- sources: [cloudtrail]
-- scans: {}
-- attack: [T1562.007]
-- tactic: [defense-evasion]
-- references:
--   - 'Amazon EC2 API Reference, "AuthorizeSecurityGroupIngress"'
-- example: 'exhibit query run network-opened'
-- explanation: >-
--   One address alone on port 22 is as telling as the whole world: it is the address of whoever wants in.
-- ---
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', time_us / 1000000, 'unixepoch') AS time,
       account_id,
       region,
       actor,
       user_identity_access_key_id AS access_key_id,
       event_name,
       target,
       coalesce(CASE WHEN json_valid(raw) THEN json_extract(raw, '$.requestParameters.groupId') END, CASE WHEN json_valid(raw) THEN json_extract(raw, '$.responseElements.groupId') END) AS group_id,
       CASE WHEN json_valid(raw) THEN json_extract(raw, '$.requestParameters.ipPermissions.items[0].fromPort') END AS port,
       CASE WHEN json_valid(raw) THEN json_extract(raw, '$.requestParameters.ipPermissions.items[0].ipRanges.items[0].cidrIp') END AS cidr,
       outcome,
       error_code,
       source_ip_address,
       id
  FROM cloudtrail
 WHERE event_name IN (
         'AuthorizeSecurityGroupIngress', 'AuthorizeSecurityGroupEgress', 'RevokeSecurityGroupIngress',
         'RevokeSecurityGroupEgress', 'CreateSecurityGroup', 'DeleteSecurityGroup',
         'ModifySecurityGroupRules', 'CreateNetworkAclEntry', 'ReplaceNetworkAclEntry',
         'DeleteNetworkAclEntry'
       )
   AND time_us >= :from
   AND time_us < :to
 ORDER BY time_us, id
