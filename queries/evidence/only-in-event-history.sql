-- ---
-- id: only-in-event-history
-- title: Calls that no trail delivered
-- question: 'Which calls are known from event history or live events alone?'
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
--   outcome: 'success or failure.'
--   source_ip_address: 'From where.'
--   framing: 'Form of the file that has it.'
--   original_path: 'That file.'
--   id: 'Row: exhibit show cloudtrail:ID.'
-- sources: [cloudtrail]
-- scans: { source_file: whole }
-- attack: [T1562.008]
-- tactic: [defense-evasion]
-- references:
--   - 'CloudTrail User Guide, "CloudTrail record contents"'
--   - 'AWS CLI Command Reference, "cloudtrail lookup-events"'
-- example: 'exhibit query run only-in-event-history'
-- explanation: >-
--   Records that came through lookup-events and that no log file holds: what happened while a trail was off,
--   or before its next delivery. Event history has management events only, for 90 days.
-- ---
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', c.time_us / 1000000, 'unixepoch') AS time,
       c.account_id,
       c.region,
       c.actor,
       c.user_identity_access_key_id AS access_key_id,
       c.event_name,
       c.target,
       c.outcome,
       c.source_ip_address,
       f.framing,
       f.original_path,
       c.id
  FROM source_file AS f
 CROSS JOIN cloudtrail AS c
 WHERE c.id >= f.file_id * 268435456
   AND c.id < (f.file_id + 1) * 268435456
   AND f.source = 'cloudtrail'
   AND f.framing = 'lookup-events'
   AND c.src_ip IS NOT NULL
   AND c.time_us >= :from
   AND c.time_us < :to
 ORDER BY c.time_us, c.id
