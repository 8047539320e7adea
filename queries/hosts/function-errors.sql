-- ---
-- id: function-errors
-- title: What functions complained of
-- question: 'Which functions failed or logged errors?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   time: 'When.'
--   time_from: 'Where the time comes from.'
--   function_name: 'Function, where the log names it.'
--   level: 'Level.'
--   message: 'What it wrote.'
--   invocation_status: 'How the run ended, where it did not end well.'
--   request_id: 'Run.'
--   id: 'Row: exhibit show lambda:ID.'
-- sources: [lambda]
-- scans: { lambda: window }
-- attack: [T1648]
-- tactic: [execution, impact]
-- references:
--   - 'AWS Lambda Developer Guide, "Working with Lambda function logs"'
-- example: 'exhibit query run function-errors'
-- explanation: >-
--   Functions that live on the data of others notice first when it is gone, changed, or read by somebody.
-- ---
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', time_us / 1000000, 'unixepoch') AS time,
       time_from,
       function_name,
       level,
       message,
       invocation_status,
       request_id,
       id
  FROM lambda
 WHERE (level IN ('ERROR', 'CRITICAL', 'FATAL') OR error_type IS NOT NULL OR invocation_status IN ('failure', 'error', 'timeout'))
   AND time_us >= :from
   AND time_us < :to
 ORDER BY time_us, id
