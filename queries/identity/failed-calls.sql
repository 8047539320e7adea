-- ---
-- id: failed-calls
-- title: Failed calls by principal
-- question: 'Whose calls failed, with which error, how often and since when?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   actor: 'Who called: ARN, service or user name.'
--   event_source: 'Service that was called.'
--   event_name: 'API action.'
--   error_code: 'Error; "console sign-in" failures have only a message.'
--   calls: 'Failed calls.'
--   addresses: 'Different source addresses.'
--   first_time: 'First failure.'
--   last_time: 'Last failure.'
-- sources: [cloudtrail]
-- scans: { cloudtrail: window }
-- attack: [T1078.004, T1580]
-- tactic: [discovery, privilege-escalation]
-- references:
--   - 'CloudTrail User Guide, "CloudTrail record contents"'
-- example: 'exhibit query run failed-calls --param from=2026-09-17T00:00:00Z'
-- explanation: >-
--   A person or program that tries what it may not do leaves denied calls: a stolen key is mostly first
--   noticed here. Scanners and misconfigured jobs fail too, but always in the same few actions. Read
--   together with first-seen-calls. Failures of data events are there only if the trail records data
--   events.
-- ---
SELECT actor,
       event_source,
       event_name,
       coalesce(error_code, error_message, 'failure') AS error_code,
       count(*) AS calls,
       count(DISTINCT source_ip_address) AS addresses,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(time_us) / 1000000, 'unixepoch') AS first_time,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(time_us) / 1000000, 'unixepoch') AS last_time
  FROM cloudtrail
 WHERE time_us >= :from
   AND time_us < :to
   AND outcome = 'failure'
 GROUP BY actor, event_source, event_name, coalesce(error_code, error_message, 'failure')
 ORDER BY calls DESC, actor, event_source, event_name, error_code
