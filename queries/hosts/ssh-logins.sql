-- ---
-- id: ssh-logins
-- title: Logins over SSH
-- question: 'Who logged in over SSH, or tried to, from where?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   machine: 'Machine.'
--   auth_event: 'accepted, failed, invalid user, ...'
--   user_name: 'User.'
--   source_ip: 'From where.'
--   events: 'How often.'
--   first_time: 'First.'
--   last_time: 'Last.'
-- sources: [syslog]
-- scans: { syslog: window }
-- attack: [T1021.004, T1110.001]
-- tactic: [lateral-movement, credential-access]
-- references:
--   - 'sshd(8)'
--   - 'RFC 3164, "The BSD syslog protocol"'
-- example: 'exhibit query run ssh-logins'
-- explanation: >-
--   RFC 3164 names no year and no zone: status says what was assumed. Keys of those who were accepted are in
--   the row.
-- ---
SELECT hostname AS machine,
       auth_event,
       user_name,
       source_ip,
       count(*) AS events,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(time_us) / 1000000, 'unixepoch') AS first_time,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(time_us) / 1000000, 'unixepoch') AS last_time
  FROM syslog
 WHERE auth_event IS NOT NULL
   AND auth_event <> 'sudo'
   AND time_us >= :from
   AND time_us < :to
 GROUP BY hostname, auth_event, user_name, source_ip
 ORDER BY min(time_us), hostname, auth_event, user_name, source_ip
