-- ---
-- id: calls-from-address
-- title: Calls from an address
-- question: 'What was called from this address, and by whom?'
-- params:
--   ip: { type: text, about: 'The address, as the record spells it.' }
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   time: 'When.'
--   actor: 'Who.'
--   event_source: 'Service.'
--   event_name: 'API action.'
--   target: 'What was acted on.'
--   outcome: 'success or failure.'
--   error_code: 'Error.'
--   region: 'Where.'
--   access_key_id: 'With which key.'
--   user_agent: 'Program.'
--   id: 'Row: exhibit show cloudtrail:ID.'
-- sources: [cloudtrail]
-- scans: {}
-- attack: [T1078.004]
-- tactic: [initial-access, discovery]
-- references:
--   - 'CloudTrail User Guide, "CloudTrail record contents"'
-- example: 'exhibit query run calls-from-address --param ip=203.0.113.66'
-- explanation: >-
--   The whole trace of one address, in order. Many people can stand behind one address (a company, a
--   VPN), and one person behind many.
-- ---
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', time_us / 1000000, 'unixepoch') AS time,
       actor,
       event_source,
       event_name,
       target,
       outcome,
       error_code,
       region,
       user_identity_access_key_id AS access_key_id,
       user_agent,
       id
  FROM cloudtrail
 WHERE source_ip_address = :ip
   AND time_us >= :from
   AND time_us < :to
 ORDER BY time_us, id
