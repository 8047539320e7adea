-- ---
-- id: api-requests-in-full
-- title: API requests with what the API did
-- question: 'What did the API do for each request, step by step?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   request_time: 'When it came.'
--   source_ip: 'From where.'
--   http_method: 'Method.'
--   request_path: 'Path.'
--   http_status: 'Answer.'
--   step: 'Step of the execution.'
--   message: 'What it says.'
--   request_id: 'Request.'
--   access_id: 'Row: exhibit show api_gateway_access:ID.'
--   execution_id: 'Row: exhibit show api_gateway_execution:ID.'
-- sources: [api_gateway_access, api_gateway_execution]
-- scans: { api_gateway_access: window }
-- attack: [T1190, T1552]
-- tactic: [initial-access, credential-access]
-- references:
--   - 'Amazon API Gateway Developer Guide, "Set up CloudWatch logging for REST APIs"'
-- example: 'exhibit query run api-requests-in-full'
-- explanation: >-
--   Execution logs are written for few APIs and hold bodies, secrets among them: what was answered to a
--   stranger is here, if anywhere.
-- ---
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', a.time_us / 1000000, 'unixepoch') AS request_time,
       a.source_ip,
       a.http_method,
       a.request_path,
       a.http_status,
       e.step,
       e.message,
       a.request_id,
       a.id AS access_id,
       e.id AS execution_id
  FROM api_gateway_execution AS e
  JOIN api_gateway_access AS a ON a.request_id = e.request_id
 WHERE a.time_us >= :from
   AND a.time_us < :to
 ORDER BY a.time_us, a.id, e.time_us, e.id
