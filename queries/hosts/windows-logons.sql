-- ---
-- id: windows-logons
-- title: Logons to Windows machines
-- question: 'Who logged on to Windows machines, or failed to, from where?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   computer: 'Machine.'
--   windows_event_id: '4624 a logon, 4625 a failure, 4648 with other credentials, 4776 by NTLM.'
--   target_user_name: 'User.'
--   logon_type: '2 at the machine, 3 over the network, 10 by RDP.'
--   source_ip: 'From where.'
--   events: 'How often.'
--   first_time: 'First.'
--   last_time: 'Last.'
-- sources: [windows_event]
-- scans: {}
-- attack: [T1021.001, T1110.001]
-- tactic: [lateral-movement, credential-access]
-- references:
--   - 'Windows security documentation, "4625(F): An account failed to log on"'
-- example: 'exhibit query run windows-logons'
-- explanation: >-
--   A burst of type 3 failures from a machine that never logged on before is somebody who moves on.
-- ---
SELECT computer,
       windows_event_id,
       target_user_name,
       logon_type,
       source_ip,
       count(*) AS events,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(time_us) / 1000000, 'unixepoch') AS first_time,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(time_us) / 1000000, 'unixepoch') AS last_time
  FROM windows_event
 WHERE windows_event_id IN (4624, 4625, 4648, 4776)
   AND time_us >= :from
   AND time_us < :to
 GROUP BY computer, windows_event_id, target_user_name, logon_type, source_ip
 ORDER BY min(time_us), computer, windows_event_id, target_user_name, logon_type, source_ip
