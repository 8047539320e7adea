-- ---
-- id: firewall-alerts
-- title: Alerts of the network firewall
-- question: 'Which rules of the network firewall alerted, for whom and how often?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   signature: 'Rule.'
--   signature_id: 'Its number.'
--   alert_action: 'allowed or blocked.'
--   src_ip: 'From where.'
--   dest_ip: 'To where.'
--   dest_port: 'Port.'
--   alerts: 'Alerts.'
--   tls_sni: 'Name in the TLS handshake, the first by its letters.'
--   first_time: 'First.'
--   last_time: 'Last.'
-- sources: [network_firewall]
-- scans: { network_firewall: window }
-- attack: [T1046, T1071]
-- tactic: [discovery, command-and-control]
-- references:
--   - 'AWS Network Firewall Developer Guide, "Contents of a Network Firewall log"'
-- example: 'exhibit query run firewall-alerts'
-- explanation: >-
--   An alert that was allowed is a warning only. Flow records of the firewall are not counted.
-- ---
SELECT signature,
       signature_id,
       alert_action,
       src_ip,
       dest_ip,
       dest_port,
       count(*) AS alerts,
       min(tls_sni) AS tls_sni,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(time_us) / 1000000, 'unixepoch') AS first_time,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(time_us) / 1000000, 'unixepoch') AS last_time
  FROM network_firewall
 WHERE event_type = 'alert'
   AND time_us >= :from
   AND time_us < :to
 GROUP BY signature, signature_id, alert_action, src_ip, dest_ip, dest_port
 ORDER BY count(*) DESC, signature, signature_id, alert_action, src_ip, dest_ip, dest_port
