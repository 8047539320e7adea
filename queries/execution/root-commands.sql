-- ---
-- id: root-commands
-- title: Commands run as root
-- question: 'Which commands were run as root on the machines, by the word of sudo and of the kernel?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   time: 'When.'
--   log: 'syslog, journald or auditd.'
--   machine: 'Machine, by its own name.'
--   user_name: 'Who.'
--   command: 'What, as sudo wrote it.'
--   row: 'Row: exhibit show NAME:ID.'
-- sources: [syslog, journald, auditd]
-- scans: { syslog: window, auditd: window }
-- attack: [T1548.003, T1059.004]
-- tactic: [execution, privilege-escalation]
-- references:
--   - 'sudoers(5), "LOG FORMAT"'
-- example: 'exhibit query run root-commands'
-- explanation: >-
--   Sudo writes the command before it runs it; a shell that it opens writes nothing more. The kernel's audit
--   log names every program that its rules watch, whoever ran it. The machine's name is what it calls
--   itself.
-- ---
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', time_us / 1000000, 'unixepoch') AS time, log, machine, user_name, command, row_name AS row
  FROM (
         SELECT time_us, 'syslog' AS log, hostname AS machine, user_name, command, 'syslog:' || id AS row_name, id
           FROM syslog
          WHERE auth_event = 'sudo' AND time_us >= :from AND time_us < :to
          UNION ALL
         SELECT time_us, 'journald', hostname, trim(substr(message, 1, instr(message, ' : ') - 1)),
                substr(message, instr(message, 'COMMAND=') + 8), 'journald:' || id, id
           FROM journald
          WHERE syslog_identifier = 'sudo' AND instr(message, 'COMMAND=') > 0 AND time_us >= :from AND time_us < :to
          UNION ALL
         SELECT time_us, 'auditd', hostname, coalesce(account, 'uid ' || login_uid), command_line, 'auditd:' || id, id
           FROM auditd
          WHERE record_type = 'EXECVE' AND time_us >= :from AND time_us < :to
       )
 ORDER BY time_us, log, id
