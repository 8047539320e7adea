-- ---
-- id: vpn-connections
-- title: Connections to the VPN
-- question: 'Who came in through the VPN, from where, and who was turned away?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   user_name: 'Who.'
--   device_ip: 'From where.'
--   status: 'successful or failed.'
--   reason: 'Why it failed.'
--   attempts: 'Attempts.'
--   device_type: 'System of the client, the first by its letters.'
--   first_time: 'First.'
--   last_time: 'Last.'
-- sources: [client_vpn]
-- scans: { client_vpn: window }
-- attack: [T1133]
-- tactic: [initial-access, persistence]
-- references:
--   - 'AWS Client VPN Administrator Guide, "Connection logging"'
-- example: 'exhibit query run vpn-connections'
-- explanation: >-
--   A user from a new address, or one who should not exist. The address inside (client_ip) ties a connection
--   to flow logs.
-- ---
SELECT coalesce(username, common_name) AS user_name,
       device_ip,
       connection_attempt_status AS status,
       connection_attempt_failure_reason AS reason,
       count(*) AS attempts,
       min(device_type) AS device_type,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(time_us) / 1000000, 'unixepoch') AS first_time,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(time_us) / 1000000, 'unixepoch') AS last_time
  FROM client_vpn
 WHERE connection_log_type = 'connection-attempt'
   AND time_us >= :from
   AND time_us < :to
 GROUP BY coalesce(username, common_name), device_ip, connection_attempt_status, connection_attempt_failure_reason
 ORDER BY min(time_us), user_name, device_ip, status, reason
